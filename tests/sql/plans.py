"""What a database makes of a statement; imported by tests, so it holds none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from assignment_actions.adapters.sql import SqlActionRepository

Caught = list[tuple[str, Any]]


@contextmanager
def caught(repository: SqlActionRepository) -> Iterator[Caught]:
    """Yield the statements that reach the engine, with their parameters."""
    seen: Caught = []

    def note(*arguments: Any) -> None:
        seen.append((str(arguments[2]), arguments[3]))

    event.listen(repository.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(repository.engine, "before_cursor_execute", note)


def sqlite_plan(repository: SqlActionRepository, seen: Caught) -> str:
    """Return how SQLite would run the last of the statements."""
    statement, parameters = seen[-1]
    with repository.engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return "\n".join(str(row[3]) for row in cursor.fetchall())
