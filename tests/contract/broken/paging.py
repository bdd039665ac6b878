"""Adapters whose pages back are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import attrs
from contract.broken.right import Broken

from assignment_actions import (
    Action,
    ActionFilter,
)
from assignment_actions.domain.filters import Cursor


class OnlyGoesOn(Broken):
    """Has never heard of a place to go back from, and begins anew."""

    caught_by = (
        "test_r100_pages_back_lose_and_repeat_nothing",
        "test_r100_nothing_is_before_the_newest",
        "test_r101_the_nearest_come_newest_first",
    )

    def find(
        self,
        action_filter: ActionFilter,
        limit: int,
        after: Cursor | None = None,
        before: Cursor | None = None,  # noqa: ARG002
        /,
    ) -> Sequence[Action]:
        return super().find(action_filter, limit, after)


class GoesBackToTheBeginning(Broken):
    """Keeps the order and the limit: the newest of all, not those nearest."""

    caught_by = (
        "test_r101_the_nearest_come_newest_first",
        "test_r101_thousands_of_assignments",
        "test_r100_pages_back_lose_and_repeat_nothing",
    )

    def find(
        self,
        action_filter: ActionFilter,
        limit: int,
        after: Cursor | None = None,
        before: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        if before is None:
            return super().find(action_filter, limit, after)
        return super().find(action_filter, 10**6, None, before)[:limit]


class GoesBackUpsideDown(Broken):
    """Turns the order round to go back, and leaves it so."""

    caught_by = (
        "test_r101_the_nearest_come_newest_first",
        "test_r100_pages_back_lose_and_repeat_nothing",
    )

    def find(
        self,
        action_filter: ActionFilter,
        limit: int,
        after: Cursor | None = None,
        before: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        found = super().find(action_filter, limit, after, before)
        return found if before is None else found[::-1]


class GoesBackFromItself(Broken):
    """Ends the page at the place, not before it."""

    caught_by = (
        "test_r100_nothing_is_before_the_newest",
        "test_r100_a_place_goes_with_a_filter",
        "test_r101_the_nearest_come_newest_first",
    )

    def find(
        self,
        action_filter: ActionFilter,
        limit: int,
        after: Cursor | None = None,
        before: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        found = super().find(action_filter, 10**6, after)
        if before is None:
            return found[:limit]
        rest = [it for it in found if Cursor.of(it) >= before]
        return rest[max(0, len(rest) - limit) :]


class GoesBackByTimeAndId(Broken):
    """Compares time and id only: what shares both is lost between pages."""

    caught_by = (
        "test_r100_one_id_of_several_assignments_is_no_end",
        "test_r100_pages_back_lose_and_repeat_nothing",
    )

    def find(
        self,
        action_filter: ActionFilter,
        limit: int,
        after: Cursor | None = None,
        before: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        if before is not None:
            before = attrs.evolve(before, assignment_id=UUID(int=2**128 - 1))
        return super().find(action_filter, limit, after, before)


class GoesBackThroughEverything(Broken):
    """Does not look at the filter on the way back."""

    caught_by = (
        "test_r100_a_place_goes_with_a_filter",
        "test_r100_an_empty_collection_is_none",
    )

    def find(
        self,
        action_filter: ActionFilter,
        limit: int,
        after: Cursor | None = None,
        before: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        wanted = action_filter if before is None else ActionFilter()
        return super().find(wanted, limit, after, before)
