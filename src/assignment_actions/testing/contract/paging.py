"""R100, R101: pages back, to what is newer than a place."""

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
)
from assignment_actions.testing.factories import a_moment, an_action, an_assignment_id

ALL = ActionFilter()
END = Cursor(a_moment(-9e8), UUID(int=0), UUID(int=0))
BEGINNING = Cursor(a_moment(9e8), UUID(int=0), UUID(int=0))


def pages_back(
    repository: ActionRepository, limit: int, *, most: int
) -> list[list[Action]]:
    """Return all pages from the oldest, no more than `most`."""
    found = [[*repository.find(ALL, limit, None, END)]]
    while found[-1] and len(found) < most:
        place = Cursor.of(found[-1][0])
        found.append([*repository.find(ALL, limit, None, place)])
    return [page for page in found if page]


class PagingClauses:
    """What `find` promises about what is before a place."""

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 99])
    def test_r100_pages_back_lose_and_repeat_nothing(
        self, repository: ActionRepository, limit: int
    ) -> None:
        """R100: page before page gives everything once, through all ties."""
        mixture = a_mixture()
        repository.add(*mixture)

        found = pages_back(repository, limit, most=2 * len(mixture))

        assert newest_first(mixture) == [one for page in found[::-1] for one in page]
        assert all(len(page) == limit for page in found[:-1])

    def test_r100_one_id_of_several_assignments_is_no_end(
        self, repository: ActionRepository
    ) -> None:
        """R100: where time and id are equal, the assignment decides what is before."""
        actions = [an_action(UUID(int=n << 120), id=an_id(9)) for n in (127, 128, 255)]
        repository.add(*actions)

        assert [[one] for one in actions] == pages_back(repository, 1, most=9)

    @pytest.mark.parametrize(
        "change",
        [
            {},
            {"created_at": a_moment(microseconds=1)},
            {"created_at": a_moment(microseconds=-1)},
            {"id": an_id(8)},
            {"id": an_id(129)},
            {"assignment_id": UUID(int=0)},
            {"assignment_id": UUID(int=2**128 - 1)},
        ],
        ids=repr,
    )
    def test_r100_a_place_need_not_be_a_stored_action(
        self, repository: ActionRepository, change: dict[str, Any]
    ) -> None:
        """R100: from any place, all that comes strictly earlier in the order."""
        mixture = a_mixture()
        repository.add(*mixture)
        place = attrs.evolve(Cursor.of(mixture[0]), **change)
        expected = [one for one in newest_first(mixture) if Cursor.of(one) > place]

        assert 0 < len(expected) < len(mixture)
        assert expected == list(repository.find(ALL, 99, None, place))

    def test_r100_nothing_is_before_the_newest(
        self, repository: ActionRepository
    ) -> None:
        """R100: before the newest action, and before any later moment, is nothing."""
        repository.add(*a_mixture())
        newest = Cursor.of(repository.find(ALL, 1)[0])

        assert [] == list(repository.find(ALL, 9, None, newest))
        assert [] == list(repository.find(ALL, 9, None, BEGINNING))

    @pytest.mark.parametrize("name", FILTERS)
    def test_r100_a_place_goes_with_a_filter(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R100: earlier in the order, and matched by the filter, field by field."""
        mixture = a_mixture()
        repository.add(*mixture)
        wanted = FILTERS[name]
        expected = newest_first([one for one in mixture if wanted.matches(one)])
        oldest = Cursor.of(expected[-1])

        assert expected == list(repository.find(wanted, 99, None, END))
        assert expected[:-1] == list(repository.find(wanted, 99, None, oldest))

    @pytest.mark.parametrize("name", EMPTY)
    def test_r100_an_empty_collection_is_none(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R100: what matches nothing matches nothing before a place."""
        repository.add(*a_mixture())

        assert [] == list(repository.find(EMPTY[name], 99, None, END))

    @pytest.mark.parametrize("limit", [0, 1, 2, 5])
    def test_r101_the_nearest_come_newest_first(
        self, repository: ActionRepository, limit: int
    ) -> None:
        """R101: at most `limit`, those right before the place, the newest first."""
        mixture = a_mixture()
        repository.add(*mixture)
        expected = newest_first(mixture)
        place = Cursor.of(expected[8])

        found = repository.find(ALL, limit, None, place)

        assert expected[8 - limit : 8] == list(found)

    def test_r101_thousands_of_assignments(self, repository: ActionRepository) -> None:
        """R101: a filter may name 5 000 assignments; nearness holds across all."""
        asked = [an_assignment_id() for _ in range(5_000)]
        actions = [
            an_action(asked[at], created_at=a_moment(-number))
            for number, at in enumerate((4_999, 0, 2_500, 1_000))
        ]
        repository.add(*actions[::-1], an_action(created_at=a_moment(-1)))
        wanted = ActionFilter(assignment_ids=asked)
        place = Cursor.of(actions[3])

        assert actions[:3] == list(repository.find(wanted, 9, None, place))
        assert actions[1:3] == list(repository.find(wanted, 2, None, place))
