"""R70 to R72: how many, and by what."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import pytest

from assignment_actions.domain.action import Action
from assignment_actions.domain.filters import ActionFilter, Dimension, dimension_of
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.testing.contract.filtering import EMPTY, FILTERS
from assignment_actions.testing.contract.mixture import a_mixture
from assignment_actions.testing.contract.reading import emptied
from assignment_actions.testing.factories import a_moment, an_action, an_assignment_id

DIMENSIONS: tuple[Dimension, ...] = (
    "action_type",
    "status",
    "reason",
    "fingerprint",
    "day",
)
ALL = ActionFilter()


def by(actions: list[Action], dimension: Dimension) -> dict[str, int]:
    """Return what counting by a dimension means."""
    values = [dimension_of(action, dimension) for action in actions]
    return dict(Counter(value for value in values if value is not None))


class CountingClauses:
    """What `count` and `count_by` promise."""

    def test_r4_returned_counts_are_the_callers(
        self, repository: ActionRepository
    ) -> None:
        """R4: to empty the counts that were returned changes nothing stored."""
        repository.add(an_action())
        emptied(repository.count_by(ALL, "status"))

        assert {"in_progress": 1} == dict(repository.count_by(ALL, "status"))

    def test_r70_everything_is_counted(self, repository: ActionRepository) -> None:
        """R70: without a bound, every stored action counts."""
        assert 0 == repository.count(ALL)
        repository.add(*(mixture := a_mixture()))

        assert len(mixture) == repository.count(ALL)

    @pytest.mark.parametrize("name", [*FILTERS, *EMPTY])
    def test_r70_as_many_as_are_found(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R70: the count is the number of those that `find` finds."""
        repository.add(*a_mixture())
        wanted = (FILTERS | EMPTY)[name]

        assert len(repository.find(wanted, 99)) == repository.count(wanted)

    def test_r70_thousands_of_assignments(self, repository: ActionRepository) -> None:
        """R70: a filter may name 5 000 assignments."""
        asked = [an_assignment_id() for _ in range(5_000)]
        repository.add(
            *(an_action(asked[at], status="failed") for at in (0, 2_500, 4_999)),
            an_action(status="failed"),
        )
        wanted = ActionFilter(assignment_ids=asked, statuses=["failed"])

        assert 3 == repository.count(wanted)
        assert {"failed": 3} == dict(repository.count_by(wanted, "status"))

    @pytest.mark.parametrize("dimension", DIMENSIONS)
    def test_r71_dimension_of_is_the_meaning(
        self, repository: ActionRepository, dimension: Dimension
    ) -> None:
        """R71: actions are counted by `dimension_of`, letter case and blanks kept."""
        repository.add(*(mixture := a_mixture()))

        assert by(mixture, dimension) == dict(repository.count_by(ALL, dimension))

    @pytest.mark.parametrize("dimension", DIMENSIONS)
    @pytest.mark.parametrize("name", ["assignment_ids", "statuses", "created_from"])
    def test_r71_only_what_matches_is_counted(
        self, repository: ActionRepository, name: str, dimension: Dimension
    ) -> None:
        """R71: what the filter does not match does not count."""
        repository.add(*(mixture := a_mixture()))
        expected = by([it for it in mixture if FILTERS[name].matches(it)], dimension)

        assert expected == dict(repository.count_by(FILTERS[name], dimension))

    def test_r71_a_day_is_the_utc_day_of_creation(
        self, repository: ActionRepository
    ) -> None:
        """R71: the day ends at midnight UTC, to the microsecond, in any time zone."""
        midnight = datetime(2026, 3, 15, tzinfo=UTC)
        evening = datetime(2026, 3, 14, 19, 30, tzinfo=timezone(timedelta(hours=-5)))
        times = [midnight - timedelta(microseconds=1), midnight, evening]
        repository.add(
            *(
                an_action(created_at=at, status="succeeded", completed_at=a_moment())
                for at in times
            )
        )

        found = repository.count_by(ALL, "day")

        assert {"2026-03-14": 1, "2026-03-15": 2} == dict(found)

    @pytest.mark.parametrize("dimension", ["reason", "fingerprint"])
    def test_r72_what_has_no_failure_is_absent(
        self, repository: ActionRepository, dimension: Dimension
    ) -> None:
        """R72: actions without a failure count under no reason, not under None."""
        repository.add(an_action(), an_action(status="succeeded"))

        assert {} == dict(repository.count_by(ALL, dimension))

    @pytest.mark.parametrize("dimension", DIMENSIONS)
    def test_r72_nothing_counts_under_nothing(
        self, repository: ActionRepository, dimension: Dimension
    ) -> None:
        """R72: a filter that matches nothing has no values, not even with 0."""
        repository.add(*a_mixture())

        assert {} == dict(repository.count_by(EMPTY["no statuses"], dimension))
