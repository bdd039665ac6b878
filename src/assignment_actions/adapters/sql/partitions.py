"""`partitions=N`: the actions in N tables by hash of assignment_id, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, MetaData, Table, event, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.compiler import DDLCompiler

from assignment_actions.adapters.sql.flavour import name_of

FEWEST, MOST = 2, 1024
BY = "HASH (assignment_id)"

_STORED = text(
    "SELECT pg_get_partkeydef(parent.oid), pg_get_expr(child.relpartbound, child.oid)"
    " FROM pg_class AS parent"
    " LEFT JOIN pg_inherits ON inhparent = parent.oid"
    " LEFT JOIN pg_class AS child ON child.oid = inhrelid"
    " WHERE parent.oid = to_regclass(:name)"
)


class _CreatePartition(ExecutableDDLElement):
    """CREATE TABLE … PARTITION OF, unless it is there."""

    def __init__(self, table: Table, name: str, bound: str) -> None:
        self.table = table
        self.part = Table(name, MetaData(schema=table.schema))
        self.bound = bound


@compiles(_CreatePartition, "postgresql")
def _create_partition(
    element: _CreatePartition, compiler: DDLCompiler, **_: Any
) -> str:
    format_table = compiler.preparer.format_table  # it knows translated schemas
    return (
        f"CREATE TABLE IF NOT EXISTS {format_table(element.part)}"
        f" PARTITION OF {format_table(element.table)} {element.bound}"
    )


def require_partitions(partitions: int | None, dialect: str) -> None:
    """
    Refuse what cannot be partitioned so.

    Raises:
        TypeError, ValueError: naming the value and what is possible.
    """
    if partitions is None:
        return
    if not isinstance(partitions, int) or isinstance(partitions, bool):
        raise TypeError(f"partitions must be an int or None, got {partitions!r}")
    if not FEWEST <= partitions <= MOST:
        raise ValueError(
            f"partitions must be from {FEWEST} to {MOST}, got {partitions}"
        )
    if dialect != "postgresql":
        raise ValueError(
            f"partitions is for PostgreSQL only, got {partitions} on {dialect}"
        )


def create_with(table: Table, partitions: int | None) -> None:
    """Let whoever creates the table, `create_all` too, create its partitions."""
    for part in _parts(table, partitions).values():
        event.listen(table, "after_create", part.execute_if(dialect="postgresql"))


def create_missing(
    connection: Connection, table: Table, partitions: int | None
) -> None:
    """Create what a table partitioned as asked lacks; leave any other alone."""
    if partitions is None:
        return
    by, found = _stored(connection, table)
    wanted = _parts(table, partitions)
    if by == BY and found < wanted.keys():
        for bound in wanted.keys() - found:
            connection.execute(wanted[bound])


def partition_faults(
    connection: Connection, table: Table, partitions: int | None
) -> Iterator[str]:
    """Yield how a table is partitioned otherwise than asked, and what to do."""
    if partitions is None:
        return
    by, found = _stored(connection, table)
    wanted = _parts(table, partitions).keys()
    if by == BY and found < wanted:
        yield (
            f"the table {table.fullname} has {len(found)} of {partitions} partitions:"
            " call create_schema()"
        )
    elif by != BY or found != wanted:
        how = "no partitions" if by is None else f"{len(found)} partitions by {by}"
        yield (
            f"the table {table.fullname} is not as partitions={partitions} asks:"
            f" it has {how}; leave partitions out, or copy the actions to tables with"
            " another table_prefix"
        )


def _parts(table: Table, partitions: int | None) -> dict[str, _CreatePartition]:
    """Return what creates each partition, by its bound as PostgreSQL writes it."""
    bounds = (
        f"FOR VALUES WITH (modulus {partitions}, remainder {number})"
        for number in range(partitions or 0)
    )
    return {
        bound: _CreatePartition(table, f"{table.name}_p{number}", bound)
        for number, bound in enumerate(bounds)
    }


def _stored(connection: Connection, table: Table) -> tuple[str | None, set[str]]:
    """Return what the stored table is partitioned by, and its partitions' bounds."""
    rows = connection.execute(_STORED, {"name": name_of(connection, table)}).all()
    return rows[0][0], {bound for _, bound in rows if bound is not None}
