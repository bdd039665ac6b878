"""Pages from several statements, and what it takes to iterate."""

from __future__ import annotations

import tracemalloc
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest
from sql.plans import caught

from assignment_actions import Action, ActionFilter, ActionHistory
from assignment_actions.adapters.sql import SqlActionRepository, verbs
from assignment_actions.domain import history as module
from assignment_actions.domain.filters import Cursor
from assignment_actions.testing import an_action

ALL = ActionFilter()
T0 = datetime(2026, 1, 1, tzinfo=UTC)
FEW = 1_000


def some(count: int) -> list[Action]:
    """Return actions of as many assignments, one a minute."""
    return [
        an_action(created_at=T0 + timedelta(minutes=number), details={"x": "y" * 200})
        for number in range(count)
    ]


def drained(actions: Iterable[object]) -> None:
    """Take all, keep none."""
    deque(actions, maxlen=0)


def peak_of(work: Callable[[], object]) -> int:
    """Return how many bytes are held at most while something is done."""
    work()  # what is kept from a first time on does not count
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class TestPages:
    def test_chunks_of_ids_are_one_order_on_the_way_back(
        self, sql_repository: SqlActionRepository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Before a place, several statements still give the nearest, newest first."""
        monkeypatch.setattr(verbs, "IDS_PER_STATEMENT", 2)
        actions = some(9)
        sql_repository.add(*actions)
        wanted = ActionFilter(assignment_ids=[one.assignment_id for one in actions])

        with caught(sql_repository) as seen:
            found = sql_repository.find(wanted, 3, None, Cursor.of(actions[2]))

        assert 5 == len(seen)
        assert actions[5:2:-1] == list(found)


class TestIterate:
    def test_memory_does_not_grow_with_what_is_iterated(
        self, shared_repository: SqlActionRepository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Four times as many actions need no more memory; to keep them would."""
        monkeypatch.setattr(module, "ITERATE_BATCH", 100)
        shared_repository.add(*some(4 * FEW))
        history = ActionHistory(shared_repository)
        few = ActionFilter(created_before=T0 + timedelta(minutes=FEW))

        peak = peak_of(lambda: drained(history.iterate(few)))

        assert peak_of(lambda: drained(history.iterate(ALL))) < 1.5 * peak
        assert peak_of(lambda: list(history.iterate(few))) > 1.5 * peak

    def test_nothing_is_held_between_actions(
        self, sql_repository: SqlActionRepository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who iterates slowly holds no transaction: others write, in the loop too."""
        monkeypatch.setattr(module, "ITERATE_BATCH", 2)
        actions = some(6)
        sql_repository.add(*actions)

        seen = []
        for action in ActionHistory(sql_repository).iterate(ALL):
            seen.append(action)
            sql_repository.add(an_action(created_at=T0 + timedelta(days=1)))

        assert actions[::-1] == seen
        assert 12 == sql_repository.count(ALL)
