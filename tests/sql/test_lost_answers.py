"""A write whose answer was lost on the way: done once, and known to be done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import attrs
import psycopg
import pytest
from sqlalchemy import Connection, event

from assignment_actions import ActionRecorder
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.testing import an_action


@contextmanager
def lost_after(repository: SqlActionRepository, word: str) -> Iterator[None]:
    """Lose the connection once the next such statement has been done."""
    armed = [True]

    def lose(connection: Connection, *arguments: object) -> None:
        if armed and word in str(arguments[1]):
            armed.clear()
            connection.connection.dbapi_connection.close()  # type: ignore[union-attr]
            raise psycopg.OperationalError("server closed the connection")

    event.listen(repository.engine, "after_cursor_execute", lose)
    try:
        yield
    finally:
        event.remove(repository.engine, "after_cursor_execute", lose)


class TestComplete:
    def test_it_is_stored_though_another_has_the_same_id(
        self, postgresql: SqlActionRepository
    ) -> None:
        """After a lost answer the action is looked up by assignment and id."""
        action = ActionRecorder(postgresql).start(uuid4(), "notified")
        earlier = attrs.evolve(
            action,
            assignment_id=uuid4(),
            created_at=action.created_at - timedelta(days=1),
        )
        postgresql.add(earlier)

        with lost_after(postgresql, "UPDATE"):
            is_stored = postgresql.complete(action.succeed(at=action.created_at))

        assert is_stored
        assert earlier == postgresql.get(action.id)


class TestErasure:
    @pytest.mark.parametrize(("word", "count"), [("UPDATE", 1), ("COMMIT", 0)])
    def test_a_scrub_is_done_though_it_may_count_fewer(
        self, postgresql: SqlActionRepository, word: str, count: int
    ) -> None:
        """Run again, it counts what it changes then: nothing, if all was committed."""
        action = an_action(status="failed", actor="Jo")
        postgresql.add(action)

        with lost_after(postgresql, word):
            counted = postgresql.scrub(action)

        assert (count, action.scrubbed()) == (counted, postgresql.get(action.id))
