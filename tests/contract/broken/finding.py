"""Adapters whose pages are wrong."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import attrs
from contract.broken.right import Broken

from assignment_actions import (
    Action,
    ActionFilter,
)
from assignment_actions.domain.filters import Cursor


class FindsInInsertOrder(Broken):
    """Forgets ORDER BY in find."""

    caught_by = ("test_r1_the_newest_come_first", "test_r1_ties_end_at_the_assignment")

    def find(
        self,
        action_filter: ActionFilter,
        limit: int,
        after: Cursor | None = None,
        before: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        found = super().find(action_filter, 10**6, after, before)
        places = list(self._actions)
        inserted = sorted(
            found, key=lambda it: places.index((it.assignment_id, it.id)), reverse=True
        )
        return inserted[:limit]


class CursorIncludesItself(Broken):
    """Goes on at the cursor, not after it."""

    caught_by = (
        "test_r61_pages_lose_and_repeat_nothing",
        "test_r60_thousands_of_assignments",
    )

    def find(
        self,
        action_filter: ActionFilter,
        limit: int,
        after: Cursor | None = None,
        before: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        found = super().find(action_filter, 10**6, None, before)
        rest = [it for it in found if after is None or Cursor.of(it) <= after]
        return rest[:limit]


class CursorForgetsTheAssignment(Broken):
    """Compares time and id only: what shares both is lost between pages."""

    caught_by = (
        "test_r61_one_id_of_several_assignments_is_no_end",
        "test_r61_pages_lose_and_repeat_nothing",
    )

    def find(
        self,
        action_filter: ActionFilter,
        limit: int,
        after: Cursor | None = None,
        before: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        if after is not None:
            after = attrs.evolve(after, assignment_id=UUID(int=0))
        return super().find(action_filter, limit, after, before)


class CursorIsAnOffset(Broken):
    """Skips what the last page showed, however far that has moved."""

    caught_by = ("test_r61_a_cursor_need_not_be_a_stored_action",)

    def find(
        self,
        action_filter: ActionFilter,
        limit: int,
        after: Cursor | None = None,
        before: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        if before is not None:
            return super().find(action_filter, limit, None, before)
        found = super().find(action_filter, 10**6)
        places = [Cursor.of(it) for it in found]
        start = places.index(after) + 1 if after in places else 0
        return found[start : start + limit]


class TakesEmptyForAll(Broken):
    """Leaves a condition out where its collection is empty."""

    caught_by = ("test_r60_an_empty_collection_is_none",)

    def _newest_first(
        self, action_filter: ActionFilter, after: Cursor | None = None
    ) -> Any:
        fields = attrs.asdict(action_filter, recurse=False)
        given = {name: value for name, value in fields.items() if value}
        return super()._newest_first(ActionFilter(**given), after)


class TakesZeroForAll(Broken):
    """Leaves LIMIT out where it is 0."""

    caught_by = ("test_r62_limit_0_returns_none", "test_r98_limit_0_returns_none")

    def find(
        self,
        action_filter: ActionFilter,
        limit: int,
        after: Cursor | None = None,
        before: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        return super().find(action_filter, limit or 10**6, after, before)

    def search(
        self,
        action_filter: ActionFilter,
        texts: Collection[str] | None,
        limit: int,
        after: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        return super().search(action_filter, texts, limit or 10**6, after)
