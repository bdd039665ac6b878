"""R1, R3, R4, R60 to R62: pages of the actions that a filter matches."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import attrs
import pytest

from assignment_actions.domain.action import Action
from assignment_actions.domain.filters import ActionFilter, Cursor
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.testing.contract.filtering import EMPTY, FILTERS
from assignment_actions.testing.contract.mixture import (
    a_mixture,
    an_id,
    newest_first,
    shuffled,
)
from assignment_actions.testing.contract.reading import emptied
from assignment_actions.testing.factories import a_moment, an_action, an_assignment_id

ALL = ActionFilter()


def pages(repository: ActionRepository, limit: int, *, most: int) -> list[list[Action]]:
    """Return all pages, no more than `most`: a cursor may stand still."""
    found = [[*repository.find(ALL, limit)]]
    while found[-1] and len(found) < most:
        found.append([*repository.find(ALL, limit, Cursor.of(found[-1][-1]))])
    return [page for page in found if page]


class FindingClauses:
    """What `find` promises."""

    def test_r1_the_newest_come_first(self, repository: ActionRepository) -> None:
        """R1: across assignments by created_at descending, not by insert or id."""
        actions = [
            an_action(created_at=a_moment(microseconds=-step), id=an_id(number))
            for number, step in [(3, 0), (9, 1), (1, 2), (5, 3_000_000)]
        ]
        for action in shuffled(actions):
            repository.add(action)

        assert actions == list(repository.find(ALL, 9))

    def test_r1_ties_end_at_the_assignment(self, repository: ActionRepository) -> None:
        """R1: at one moment the greater id comes first, then the greater assignment."""
        mixture = a_mixture()
        repository.add(*mixture)

        assert newest_first(mixture) == list(repository.find(ALL, len(mixture)))

    def test_r3_find_leaves_stacktraces_out(self, repository: ActionRepository) -> None:
        """R3: a page has every failure but its stacktrace."""
        action = an_action(status="failed")
        repository.add(action)

        assert [action.without_stacktrace()] == list(repository.find(ALL, 1))

    def test_r4_a_returned_page_is_the_callers(
        self, repository: ActionRepository
    ) -> None:
        """R4: to empty the page that was returned changes nothing stored."""
        action = an_action()
        repository.add(action)

        emptied(repository.find(ALL, 9))

        assert [action] == list(repository.find(ALL, 9))

    @pytest.mark.parametrize("name", FILTERS)
    def test_r60_matches_is_the_meaning(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R60: what is found is what `ActionFilter.matches` says, field by field."""
        mixture = a_mixture()
        repository.add(*mixture)
        wanted = FILTERS[name]
        expected = newest_first([one for one in mixture if wanted.matches(one)])

        assert 0 < len(expected) < len(mixture)
        assert expected == list(repository.find(wanted, 99))

    @pytest.mark.parametrize("name", EMPTY)
    def test_r60_an_empty_collection_is_none(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R60: an empty collection, or only values nobody has, match nothing."""
        repository.add(*a_mixture())

        assert [] == list(repository.find(EMPTY[name], 99))

    def test_r60_a_completed_action_is_found_by_its_outcome(
        self, repository: ActionRepository
    ) -> None:
        """R60: after a completion the new status and reason match, the old do not."""
        started = an_action()
        repository.add(started)
        failed = an_action(started.assignment_id, id=started.id, status="failed")
        repository.complete(failed)

        found = repository.find(ActionFilter(reasons=["email_error"]), 9)

        assert [started.id] == [action.id for action in found]
        assert [] == list(repository.find(ActionFilter(statuses=["in_progress"]), 9))

    def test_r60_thousands_of_assignments(self, repository: ActionRepository) -> None:
        """R60: a filter may name 5 000 assignments; order and limit hold across all."""
        asked = [an_assignment_id() for _ in range(5_000)]
        actions = [
            an_action(asked[at], created_at=a_moment(-number))
            for number, at in enumerate((4_999, 0, 2_500, 1_000))
        ]
        repository.add(*actions[::-1], an_action(created_at=a_moment(-1)))
        wanted = ActionFilter(assignment_ids=asked)

        assert actions == list(repository.find(wanted, 9))
        assert actions[:2] == list(repository.find(wanted, 2))
        assert actions[2:3] == list(repository.find(wanted, 1, Cursor.of(actions[1])))

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 99])
    def test_r61_pages_lose_and_repeat_nothing(
        self, repository: ActionRepository, limit: int
    ) -> None:
        """R61: page after page gives everything once, through all ties."""
        mixture = a_mixture()
        repository.add(*mixture)

        found = pages(repository, limit, most=2 * len(mixture))

        assert newest_first(mixture) == [action for page in found for action in page]
        assert all(len(page) == limit for page in found[:-1])

    def test_r61_one_id_of_several_assignments_is_no_end(
        self, repository: ActionRepository
    ) -> None:
        """R61: where time and id are equal, the assignment decides what comes next."""
        actions = [an_action(UUID(int=n << 120), id=an_id(9)) for n in (255, 128, 127)]
        repository.add(*actions)

        assert [[one] for one in actions] == pages(repository, 1, most=9)

    @pytest.mark.parametrize(
        "change",
        [
            {"created_at": a_moment(microseconds=1)},
            {"created_at": a_moment(microseconds=-1)},
            {"id": an_id(8)},
            {"id": an_id(129)},
            {"assignment_id": UUID(int=0)},
            {"assignment_id": UUID(int=2**128 - 1)},
        ],
        ids=repr,
    )
    def test_r61_a_cursor_need_not_be_a_stored_action(
        self, repository: ActionRepository, change: dict[str, Any]
    ) -> None:
        """R61: from any place, all that comes strictly later in the order."""
        mixture = a_mixture()
        repository.add(*mixture)
        place = attrs.evolve(Cursor.of(mixture[0]), **change)
        expected = [one for one in newest_first(mixture) if Cursor.of(one) < place]

        assert 0 < len(expected) < len(mixture)
        assert expected == list(repository.find(ALL, 99, place))

    def test_r61_a_cursor_goes_with_a_filter(
        self, repository: ActionRepository
    ) -> None:
        """R61: later in the order, and matched by the filter."""
        mixture = a_mixture()
        repository.add(*mixture)
        wanted = FILTERS["statuses"]
        expected = newest_first([one for one in mixture if wanted.matches(one)])

        found = repository.find(wanted, 2, Cursor.of(expected[0]))

        assert expected[1:3] == list(found)

    @pytest.mark.parametrize("wanted", [ALL, ActionFilter(statuses=["failed"])])
    def test_r62_limit_0_returns_none(
        self, repository: ActionRepository, wanted: ActionFilter
    ) -> None:
        """R62: at most no action is no action."""
        repository.add(an_action(status="failed"))

        assert [] == list(repository.find(wanted, 0))

    @pytest.mark.parametrize("limit", [1, 2, 5])
    def test_r62_at_most_limit(self, repository: ActionRepository, limit: int) -> None:
        """R62: no more than `limit`, and they are the newest."""
        mixture = a_mixture()
        repository.add(*mixture)

        assert newest_first(mixture)[:limit] == list(repository.find(ALL, limit))

    def test_r62_a_limit_may_be_larger_than_any_store(
        self, repository: ActionRepository
    ) -> None:
        """R62: a limit of a million returns what there is."""
        repository.add(action := an_action())

        assert [action] == list(repository.find(ALL, 1_000_000))
