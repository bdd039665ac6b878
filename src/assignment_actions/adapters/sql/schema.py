"""The tables: one for actions, one that says which version they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    insert,
    inspect,
    literal_column,
    select,
)
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.schema import CreateSchema
from sqlalchemy.types import TypeDecorator, TypeEngine

from assignment_actions.adapters.sql.mysql import collation_of
from assignment_actions.adapters.sql.partitions import (
    BY,
    create_missing,
    create_with,
    partition_faults,
)
from assignment_actions.domain.values import NAME_LIMIT, TEXT_LIMIT

SCHEMA_VERSION = 2

_PREFIX = re.compile(r"[a-z0-9_]{0,20}\Z")
_MYSQL = ("mysql", "mariadb")


class ExactText(TypeDecorator[str]):
    """Text that is compared and ordered by code point, to the last blank."""

    impl: type[Text] = Text
    cache_ok: bool | None = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__()
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the database's own type; MySQL's TEXT and charset are too small."""
        length = self.length
        if dialect.name in _MYSQL:
            collated: dict[str, Any] = {
                "charset": "utf8mb4",
                "collation": collation_of(dialect),
            }
            if length is None:
                return dialect.type_descriptor(mysql.LONGTEXT(**collated))
            return dialect.type_descriptor(mysql.VARCHAR(length, **collated))
        collation = "C" if dialect.name == "postgresql" else None
        one = Text(collation=collation) if length is None else String(length, collation)
        return dialect.type_descriptor(one)


def _bytes() -> TypeEngine[Any]:
    return LargeBinary(16).with_variant(mysql.BINARY(16), *_MYSQL)


def _uuid() -> TypeEngine[Any]:
    return _bytes().with_variant(postgresql.UUID(as_uuid=True), "postgresql")


def _time() -> TypeEngine[Any]:
    return (
        BigInteger()
        .with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
        .with_variant(mysql.DATETIME(fsp=6), *_MYSQL)
    )


def _assignment_id(kind: type) -> TypeEngine[Any]:
    if kind is UUID:
        return _uuid()
    return BigInteger() if kind is int else ExactText(TEXT_LIMIT)


@attrs.frozen
class Tables:
    """The tables of one repository, and the kind of assignment id they keep."""

    metadata: MetaData
    actions: Table
    version: Table
    kind: type
    partitions: int | None

    @classmethod
    def of(
        cls, prefix: str, schema: str | None, kind: type, partitions: int | None
    ) -> Tables:
        """
        Return the tables; nothing is created.

        Raises:
            TypeError, ValueError: naming the argument and its limit.
        """
        if kind not in (UUID, int, str):
            raise TypeError(
                f"assignment_id_type must be UUID, int or str, got {kind!r}"
            )
        if not _PREFIX.match(prefix):
            raise ValueError(
                f"table_prefix must have at most 20 of a-z, 0-9 and _, got {prefix!r}"
            )
        metadata = MetaData(schema=schema)
        name = f"{prefix}assignment_actions"
        version = Table(
            f"{name}_schema",
            metadata,
            Column("version", Integer, primary_key=True, autoincrement=False),
            Column("assignment_id_type", ExactText(8), nullable=False),
        )
        actions = _actions(name, metadata, kind, partitions)
        return cls(metadata, actions, version, kind, partitions)

    def create(self, connection: Connection) -> None:
        """Create what is missing; what is there stays, and so does another version."""
        if _encoding_fault(connection) is not None:
            return
        schema = connection.schema_for_object(self.actions)
        known = inspect(connection).get_schema_names()
        if schema is not None and schema not in known:
            connection.execute(CreateSchema(schema))
        self.version.create(connection, checkfirst=True)
        if self._stored_version(connection) not in (None, self._own_version):
            return
        self.actions.create(connection, checkfirst=True)
        create_missing(connection, self.actions, self.partitions)
        for index in self._indexes_for(connection):
            index.create(connection, checkfirst=True)
        if self._stored_version(connection) is None:
            version, kind = self._own_version
            row = {"version": version, "assignment_id_type": kind}
            connection.execute(insert(self.version), row)

    def fault(self, connection: Connection) -> str | None:
        """Return what of the tables this library cannot work with, and what to do."""
        return next(self._faults(connection), None)

    def _faults(self, connection: Connection) -> Iterator[str]:
        encoding = _encoding_fault(connection)
        if encoding is not None:
            yield encoding
        inspector = inspect(connection)
        schema = connection.schema_for_object(self.actions)
        for table in (self.actions, self.version):
            if not inspector.has_table(table.name, schema=schema):
                yield f"the table {table.fullname} is missing: call create_schema()"
        yield from self._version_faults(connection)
        name = self.actions.name
        columns = {one["name"] for one in inspector.get_columns(name, schema=schema)}
        for column in self.actions.c:
            if column.name not in columns:
                yield f"the column {column.name} of {self.actions.fullname} is missing"
        indexes = {
            (one["name"], bool(one["unique"]))
            for one in inspector.get_indexes(name, schema=schema)
        }
        for index in self._indexes_for(connection):
            if (index.name, index.unique) not in indexes:
                yield f"the index {index.name} is missing: call create_schema()"
        yield from partition_faults(connection, self.actions, self.partitions)

    def _version_faults(self, connection: Connection) -> Iterator[str]:
        name, found = self.version.fullname, self._stored_version(connection)
        if found is None:
            yield f"the table {name} is empty: call create_schema()"
        elif found != self._own_version:
            yield (
                f"{name} says {_said(found)}, but this library"
                f" needs {_said(self._own_version)}"
            )

    @property
    def _own_version(self) -> tuple[int, str]:
        return SCHEMA_VERSION, self.kind.__name__

    def _stored_version(self, connection: Connection) -> tuple[int, str] | None:
        row = connection.execute(select(self.version)).first()
        return None if row is None else (row.version, row.assignment_id_type)

    def _indexes_for(self, connection: Connection) -> Iterator[Index]:
        for index in self.actions.indexes:
            if index.info.get("dialect") in (None, connection.dialect.name):
                yield index


def _said(found: tuple[int, str]) -> str:
    return f"version {found[0]} with {found[1]} assignment ids"


def _encoding_fault(connection: Connection) -> str | None:
    if connection.dialect.name != "postgresql":
        return None
    found = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if found == "UTF8":
        return None
    return f"the database's encoding is {found}, but must be UTF8: it keeps any text"


def _actions(
    name: str, metadata: MetaData, kind: type, partitions: int | None
) -> Table:
    table = Table(
        name,
        metadata,
        Column("assignment_id", _assignment_id(kind), nullable=False),
        Column("id", _uuid(), nullable=False),
        Column("action_type", ExactText(NAME_LIMIT), nullable=False),
        Column("status", ExactText(16), nullable=False),
        Column("created_at", _time(), nullable=False),
        Column("completed_at", _time()),
        Column("unknown_at", _time()),
        Column("overdue_at", _time()),
        Column("idempotency_key", ExactText(TEXT_LIMIT)),
        Column("key_digest", _bytes()),  # the same once the key is scrubbed
        Column("attempt", Integer, nullable=False),
        Column("actor", ExactText(TEXT_LIMIT)),
        Column("details", ExactText(), nullable=False),
        Column("reason", ExactText(NAME_LIMIT)),
        Column("exception_type", ExactText(TEXT_LIMIT)),
        Column("message", ExactText()),
        Column("fingerprint", ExactText(NAME_LIMIT)),
        Column("truncated", Boolean, nullable=False),
        Column("stacktrace", ExactText()),
        PrimaryKeyConstraint("assignment_id", "id", name=f"{name}_pk"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mariadb_engine="InnoDB",
        mariadb_charset="utf8mb4",
        postgresql_partition_by=None if partitions is None else BY,
    )
    create_with(table, partitions)
    _add_indexes(name, table)
    return table


def _add_indexes(name: str, table: Table) -> None:
    """Give every question an index; partial ones where the engine has them."""
    c = table.c
    newest = (c.completed_at, c.created_at, c.id)
    page = (c.created_at, c.id, c.assignment_id)
    Index(f"{name}_timeline", c.assignment_id, c.created_at, c.id)
    Index(f"{name}_page", *page)
    Index(f"{name}_id", c.id)
    Index(
        f"{name}_try",
        *(c.assignment_id, c.action_type, c.key_digest, c.attempt),
        unique=True,
        sqlite_where=c.key_digest.is_not(None),
        postgresql_where=c.key_digest.is_not(None),
    )
    _split(f"{name}_latest", "succeeded", (c.assignment_id,), newest)
    _split(
        f"{name}_latest_of_type", "succeeded", (c.assignment_id, c.action_type), newest
    )
    _split(f"{name}_failed", "failed", (), (c.completed_at,))
    Index(
        f"{name}_kind",
        *(c.fingerprint, c.status, *newest, c.assignment_id, c.action_type),
        sqlite_where=c.fingerprint.is_not(None),
        postgresql_where=c.fingerprint.is_not(None),
    )
    _split(f"{name}_overdue", "in_progress", (), (c.overdue_at,))
    _split(f"{name}_unknown", "unknown", (), page)
    _partial(f"{name}_failed_page", "failed", page)  # on MySQL the one before serves


def _split(
    name: str,
    status: str,
    first: tuple[Column[Any], ...],
    last: tuple[Column[Any], ...],
) -> None:
    """Index one status: partially, or with the status among the columns on MySQL."""
    _partial(name, status, (*first, *last))
    whole = (*first, last[0].table.c.status, *last)
    for dialect in _MYSQL:
        Index(name, *whole, info={"dialect": dialect}).ddl_if(dialect=dialect)


def _partial(name: str, status: str, columns: tuple[Column[Any], ...]) -> None:
    of_status = columns[0].table.c.status == literal_column(f"'{status}'")
    for dialect in ("sqlite", "postgresql"):
        Index(
            name,
            *columns,
            sqlite_where=of_status,
            postgresql_where=of_status,
            info={"dialect": dialect},
        ).ddl_if(dialect=dialect)
