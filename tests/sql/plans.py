"""What a database makes of a statement; imported by tests, so it holds none."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import attrs
from sqlalchemy import Connection, event

from assignment_actions.adapters.sql import SqlActionRepository

Caught = list[tuple[str, Any]]

_ALIASES = frozenset({"action", "one", "counted", "newest", "oldest"})
_SQLITE_READ = re.compile(
    r"(?:SEARCH|SCAN) (\S+)"
    r"(?: USING (?:COVERING )?(?:INDEX|INTEGER PRIMARY) (\S+))?(?: \((.*)\))?"
)
_ANALYSE = {
    "sqlite": "ANALYZE",
    "postgresql": "VACUUM ANALYZE",
    "mariadb": "ANALYZE TABLE",
}
_NUMBER = re.compile(r"_\d+\Z")
_LOOKING = ("SELECT", "UPDATE", "DELETE", "WITH")


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


def analyse(repository: SqlActionRepository, table: str) -> None:
    """Let the database count what a table holds, and see which rows are settled."""
    words = _ANALYSE[repository.engine.dialect.name]
    with repository.engine.connect() as connection:
        connection.exec_driver_sql(f"{words} {table}").close()


@attrs.frozen
class Read:
    """One way to rows of the table: by which index, bounded in which columns."""

    alias: str
    index: str | None
    bounds: frozenset[str]


@attrs.frozen
class Plan:
    """How a database runs some statements."""

    reads: frozenset[Read]
    is_sorted: bool
    text: str

    @classmethod
    def of(cls, repository: SqlActionRepository, seen: Caught) -> Plan:
        """Ask for the plan of all statements caught that look for rows."""
        tables = repository.metadata.tables.values()
        (table,) = (one for one in tables if "status" in one.c)
        explain = _EXPLAIN[repository.engine.dialect.name]
        reads, texts, is_sorted = set[Read](), list[str](), False
        with repository.engine.connect() as connection:
            for statement, parameters in seen:
                if not statement.startswith(_LOOKING):
                    continue
                # Of a batch each runs in the same way.
                one = parameters[0] if isinstance(parameters, list) else parameters
                text, found, sorts = explain(connection, statement, one)
                texts.append(text)
                is_sorted = is_sorted or sorts
                reads |= {
                    Read(
                        alias,
                        _short(index, f"{table.name}_"),
                        frozenset(bounds) & {*table.c.keys()},
                    )
                    for alias, index, bounds in found
                    if alias in _ALIASES | {table.name}
                }
        return cls(frozenset(reads), is_sorted, "\n".join(texts))


Found = list[tuple[str, str | None, Collection[str]]]
"""Tables or aliases, the index that finds their rows, the columns that bound it."""

Explained = tuple[str, Found, bool]
"""What the database says, what it reads, and whether it sorts rows into an order."""


def _short(index: str | None, prefix: str) -> str | None:
    """Return an index's name without the table's; every primary key is "pk"."""
    is_primary = index in ("PRIMARY", "KEY") or (index or "").startswith("sqlite_auto")
    return "pk" if is_primary else index and index.removeprefix(prefix)


def _sqlite(connection: Connection, statement: str, parameters: Any) -> Explained:
    rows = _rows(connection, f"EXPLAIN QUERY PLAN {statement}", parameters)
    lines = [str(row[3]) for row in rows]
    found: Found = [
        (match[1], match[2], _columns((match[3] or "").replace("rowid", "id")))
        for match in map(_SQLITE_READ.match, lines)
        if match is not None
    ]
    return "\n".join(lines), found, any("ORDER BY" in line for line in lines)


def _postgresql(connection: Connection, statement: str, parameters: Any) -> Explained:
    # As on an SSD: by default a tenth of so small a table is read faster as a whole.
    _rows(connection, "SET random_page_cost = 1.1")
    ((document,),) = _rows(connection, f"EXPLAIN (FORMAT JSON) {statement}", parameters)
    _rows(connection, "RESET random_page_cost")
    found: Found = []
    is_sorted = False
    for node in _objects(document, "Node Type"):
        is_sorted = is_sorted or "Sort" in node["Node Type"]
        if "Relation Name" in node and node["Node Type"] != "ModifyTable":
            alias = _NUMBER.sub("", node["Alias"])
            found += [
                (alias, one.get("Index Name"), _columns(one.get("Index Cond", "")))
                for one in list(_objects(node, "Index Name")) or [node]
            ]
    return json.dumps(document, indent=1), found, is_sorted


def _mariadb(connection: Connection, statement: str, parameters: Any) -> Explained:
    ((text,),) = _rows(connection, f"EXPLAIN FORMAT=JSON {statement}", parameters)
    document = json.loads(text)
    found: Found = [
        (
            table["table_name"],
            one.get("key"),
            () if table["access_type"] == "index" else one.get("used_key_parts", ()),
        )
        for table in _objects(document, "access_type")
        for one in list(_objects(table, "key")) or [table]
    ]
    return text, found, any(_objects(document, "filesort"))


_EXPLAIN = {"sqlite": _sqlite, "postgresql": _postgresql, "mariadb": _mariadb}


def _rows(connection: Connection, statement: str, parameters: Any = ()) -> list[Any]:
    cursor = connection.connection.cursor()
    cursor.execute(statement, parameters)
    rows = list(cursor.fetchall()) if cursor.description else []
    cursor.close()
    return rows


def _objects(document: Any, key: str) -> Iterator[dict[str, Any]]:
    """Yield the objects in a JSON document that have a key, however deep."""
    if isinstance(document, dict):
        if key in document:
            yield document
        document = list(document.values())
    if isinstance(document, list):
        for one in document:
            yield from _objects(one, key)


def _columns(condition: str) -> frozenset[str]:
    """Return the words of a condition, without those of other tables."""
    return frozenset(re.findall(r"(?<![\w.'])[a-z_]+(?![\w.'(])", condition))
