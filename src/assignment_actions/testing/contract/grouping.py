"""R73: what fails, by kind, since when and for how many."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from assignment_actions.domain.action import Action
from assignment_actions.domain.groups import FailureGroup, group_failures
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.testing.contract.mixture import a_mixture
from assignment_actions.testing.contract.reading import emptied
from assignment_actions.testing.factories import (
    a_failure,
    a_moment,
    an_action,
    an_assignment_id,
)

MOMENTS: dict[str, datetime | None] = {
    "all": None,
    "long ago": a_moment(-9e6),
    "at a completion": a_moment(1),
    "just after it": a_moment(1, microseconds=1),
    "later": a_moment(90_000),
}

TYPES: dict[str, Any] = {
    "any type": None,
    "one type": ["reminded"],
    "several types": {"notified", "reminded", "never"},
    "a part of a name": ["remind"],
    "another letter case": ["Reminded"],
    "no type": [],
}


class GroupingClauses:
    """What `failure_groups` promises."""

    def test_r4_returned_groups_are_the_callers(
        self, repository: ActionRepository
    ) -> None:
        """R4: to empty the groups that were returned changes nothing stored."""
        repository.add(failing("slow"))
        emptied(repository.failure_groups())

        assert ["slow"] == [one.fingerprint for one in groups(repository)]

    @pytest.mark.parametrize("types", TYPES)
    @pytest.mark.parametrize("moment", MOMENTS)
    def test_r73_group_failures_is_the_meaning(
        self, repository: ActionRepository, moment: str, types: str
    ) -> None:
        """R73: groups are what `group_failures` makes of the failures of the types."""
        repository.add(*(mixture := a_mixture()))
        wanted, since = TYPES[types], MOMENTS[moment]
        expected = group_failures(
            (
                one.without_stacktrace()
                for one in mixture
                if wanted is None or one.action_type in wanted
            ),
            since,
        )

        assert by_fingerprint(expected) == groups(repository, wanted, since)

    def test_r73_nothing_failed(self, repository: ActionRepository) -> None:
        """R73: where nothing has failed there is no group."""
        assert [] == groups(repository)
        repository.add(an_action(), an_action(status="succeeded"))
        assert [] == groups(repository)

    def test_r73_how_often_and_for_how_many(self, repository: ActionRepository) -> None:
        """R73: every failure of a kind counts, each assignment once."""
        here, there = an_assignment_id(), an_assignment_id()
        repository.add(
            *(failing("slow", assignment_id=one) for one in (here, here, here, there)),
            failing("other", assignment_id=here),
        )

        assert {("other", 1, 1), ("slow", 4, 2)} == {
            (one.fingerprint, one.count, one.assignments) for one in groups(repository)
        }

    def test_r73_since_when_is_about_all_that_is_stored(
        self, repository: ActionRepository
    ) -> None:
        """R73: all begins at `since`, but the first failure is the first of all."""
        before = failing("slow", at=1)
        repository.add(before, failing("slow", at=8), last := failing("slow", at=9))

        (group,) = groups(repository, since=a_moment(5))

        assert (2, 2) == (group.count, group.assignments)
        assert (a_moment(1), a_moment(9)) == (group.first_seen, group.last_seen)
        assert (last.id, False) == (group.example.id, group.is_new)

    def test_r73_new_is_what_never_failed_before(
        self, repository: ActionRepository
    ) -> None:
        """R73: a kind is new if none of it was stored before the moment asked about."""
        repository.add(
            *(failing("old", at=at) for at in (1, 9)),
            *(failing("new", at=at) for at in (7, 9)),
        )

        found = groups(repository, since=a_moment(5))

        assert {"old": False, "new": True} == {
            one.fingerprint: one.is_new for one in found
        }
        assert [False, False] == [one.is_new for one in groups(repository)]

    def test_r73_what_failed_only_before_is_left_out(
        self, repository: ActionRepository
    ) -> None:
        """R73: a kind that has not failed since is no group."""
        repository.add(failing("old", at=1), failing("slow", at=9))

        assert ["slow"] == [
            one.fingerprint for one in groups(repository, since=a_moment(5))
        ]

    @pytest.mark.parametrize(("step", "count"), [(-1, 2), (0, 2), (1, 1)])
    def test_r73_a_moment_is_within(
        self, repository: ActionRepository, step: int, count: int
    ) -> None:
        """R73: a failure completed at the very moment counts, and is new by it."""
        repository.add(failing("slow", at=1), failing("slow", at=9))

        (group,) = groups(repository, since=a_moment(1, microseconds=step))

        assert (count, count == 2) == (group.count, group.is_new)

    def test_r73_completion_decides_not_creation(
        self, repository: ActionRepository
    ) -> None:
        """R73: what began before the moment and failed after it counts."""
        began = failing("slow", at=9, created_at=a_moment(-99))
        ended = failing("slow", at=1, created_at=a_moment(99))
        repository.add(began, ended)

        (group,) = groups(repository, since=a_moment(5))

        assert (1, began.id) == (group.count, group.example.id)
        assert (a_moment(1), a_moment(9)) == (group.first_seen, group.last_seen)

    def test_r73_only_what_failed_counts(self, repository: ActionRepository) -> None:
        """R73: an unknown action with the same failure is neither counted nor seen."""
        failed = failing("slow", at=5)
        unknown = an_action(
            status="unknown", failure=failed.failure, unknown_at=a_moment(1)
        )
        repository.add(unknown, failed)

        (group,) = groups(repository, since=a_moment(2))

        assert (1, True) == (group.count, group.is_new)
        repository.delete(failed)
        assert [] == groups(repository)

    def test_r73_a_completion_is_a_failure_from_then_on(
        self, repository: ActionRepository
    ) -> None:
        """R73: what fails after it was started, or after it was unknown, counts."""
        started, unknown = an_action(), an_action(status="unknown")
        repository.add(started, unknown)
        for number, one in enumerate((started, unknown)):
            repository.complete(one.fail(a_failure(), at=a_moment(number)))

        (group,) = groups(repository)

        assert (2, unknown.id) == (group.count, group.example.id)

    def test_r73_types_narrow_the_first_one_too(
        self, repository: ActionRepository
    ) -> None:
        """R73: with types, first seen and new are about the failures of these types."""
        repository.add(
            failing("slow", at=1, action_type="notified"),
            failing("slow", at=9, action_type="reminded"),
        )

        (group,) = groups(repository, ["reminded"], a_moment(5))

        assert (1, a_moment(9), True) == (group.count, group.first_seen, group.is_new)

    def test_r73_fingerprints_differ_by_code_point(
        self, repository: ActionRepository
    ) -> None:
        """R73: letter case, blanks and accents tell two kinds apart."""
        kinds = ["f", "F", "f ", " f", "\N{FULLWIDTH LATIN SMALL LETTER F}"]
        repository.add(*map(failing, kinds))

        assert sorted(kinds) == [one.fingerprint for one in groups(repository)]


def failing(fingerprint: str, *, at: float = 1, **changes: Any) -> Action:
    """Return an action that failed in this way, some seconds after `MOMENT`."""
    failure = {
        name: changes.pop(name)
        for name in ("reason", "exception_type")
        if name in changes
    }
    return an_action(
        changes.pop("assignment_id", None),
        status="failed",
        completed_at=a_moment(at),
        failure=a_failure(fingerprint=fingerprint, **failure),
        **changes,
    )


def by_fingerprint(found: Any) -> list[FailureGroup]:
    """Return groups in the one order that any of them have."""
    return sorted(found, key=lambda one: one.fingerprint)


def groups(
    repository: ActionRepository,
    types: Any = None,
    since: datetime | None = None,
) -> list[FailureGroup]:
    """Return what a repository answers, by fingerprint."""
    return by_fingerprint(repository.failure_groups(types, since))
