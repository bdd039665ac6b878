"""What PostgreSQL touches of a partitioned table; imported by tests, so it has none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import sql
from sql.plans import Caught

from assignment_actions.adapters.sql import SqlActionRepository

ANALYZE = "(ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)"
_SCAN = re.compile(r"Scan.* on \w*assignment_actions_p(\d+)[ _].*?(?:loops=(\d+)\)|$)")
_PARAMETER = re.compile(r"%(?:\((\w+)\))?s")


def explained(
    repository: SqlActionRepository, seen: Caught, word: str, options: str = ""
) -> list[str]:
    """Return how the last statement with the word is run; what it did is undone."""
    statement, parameters = _last(seen, word)
    with _undone(repository) as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        return _lines(cursor, f"EXPLAIN {options} {statement}", parameters)


def explained_when_prepared(
    repository: SqlActionRepository, seen: Caught, word: str
) -> list[str]:
    """Return how it is run by a plan that was made without knowing its parameters."""
    statement, parameters = _last(seen, word)
    values: list[Any] = []

    def numbered(found: re.Match[str]) -> str:
        values.append(parameters[found[1] or len(values)])
        return f"${len(values)}"

    prepared = _PARAMETER.sub(numbered, statement)
    given = sql.SQL(", ").join(map(sql.Literal, values))
    with _undone(repository) as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(f"PREPARE question AS {prepared}")
        lines = _lines(
            cursor, sql.SQL("EXPLAIN EXECUTE question ({})").format(given), None
        )
        cursor.execute("DEALLOCATE question")
    return lines


def scans(lines: list[str]) -> dict[int, int]:
    """Return how often each partition is scanned; once where nothing was counted."""
    found = (_SCAN.search(line) for line in lines if "never executed" not in line)
    counts: dict[int, int] = {}
    for one in filter(None, found):
        counts[int(one[1])] = counts.get(int(one[1]), 0) + int(one[2] or 1)
    return counts


def partition_of(repository: SqlActionRepository, action_id: Any) -> int:
    """Return the number of the partition that an action lies in."""
    [name] = (one for one in repository.metadata.tables if not one.endswith("_schema"))
    with _undone(repository) as cursor:
        cursor.execute(
            f"SELECT tableoid::regclass::text FROM {name} WHERE id = %s",
            [action_id],
        )
        [(partition,)] = cursor.fetchall()
    return int(partition.rpartition("_p")[2])


def _last(seen: Caught, word: str) -> tuple[str, Any]:
    return [one for one in seen if one[0].startswith(word)][-1]


@contextmanager
def _undone(repository: SqlActionRepository) -> Iterator[Any]:
    with repository.engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("BEGIN")
        try:
            yield cursor
        finally:
            cursor.execute("ROLLBACK")


def _lines(cursor: Any, statement: Any, parameters: Any) -> list[str]:
    cursor.execute(statement, parameters)
    return [line for (line,) in cursor.fetchall()]
