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


def plan(repository: SqlActionRepository, seen: Caught, word: str = "SELECT") -> str:
    """Return how any of the databases would run the last statement with the word."""
    statement, parameters = [one for one in seen if word in one[0]][-1]
    if isinstance(parameters, list):  # of a batch, which runs each in the same way
        parameters = parameters[0]
    explain = "EXPLAIN QUERY PLAN" if _is_sqlite(repository) else "EXPLAIN"
    with repository.engine.connect() as connection:
        cursor = connection.connection.cursor()
        if repository.engine.dialect.name == "postgresql":
            # Few rows are read faster without any index; what is asked is which serves.
            cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"{explain} {statement}", parameters)
        lines = [" ".join(map(str, row)) for row in cursor.fetchall()]
        connection.invalidate()  # nobody else wants its settings
    return "\n".join(lines)


def analyse(repository: SqlActionRepository, table: str) -> None:
    """Let the database count what a table holds."""
    words = "ANALYZE TABLE" if repository.engine.name == "mariadb" else "ANALYZE"
    with repository.engine.connect() as connection:
        connection.exec_driver_sql(f"{words} {table}").close()


def _is_sqlite(repository: SqlActionRepository) -> bool:
    return repository.engine.dialect.name == "sqlite"
