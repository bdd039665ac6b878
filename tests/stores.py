"""The stores that the same tests run on: real ones, each with room of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import OperationalError

from assignment_actions.adapters.sql import SqlActionRepository

SQL_STORES = ("sqlite_file", "sqlite_memory", "postgresql", "mariadb")
SHARED_STORES = ("sqlite_file", "postgresql", "mariadb")
"""Those that several processes can open."""

PARTITIONED = "postgresql_partitioned"
PARTITIONS = 16
"""How many the tables that `Repositories` makes in that store have."""

ASYNC_STORES = {
    "aiosqlite_file": ("sqlite_file", "sqlite+aiosqlite"),
    "aiosqlite_memory": ("sqlite_memory", "sqlite+aiosqlite"),
    "asyncpg": ("postgresql", "postgresql+asyncpg"),
    "psycopg_async": ("postgresql", "postgresql+psycopg"),
    "asyncmy": ("mariadb", "mariadb+asyncmy"),
}
"""The same stores by the drivers that an event loop has: the store, and the driver."""

SHARED_ASYNC_STORES = tuple(name for name in ASYNC_STORES if "memory" not in name)

_SERVERS = {
    "postgresql": (
        os.environ.get(
            "ASSIGNMENT_ACTIONS_TEST_POSTGRESQL",
            "postgresql+psycopg://postgres@127.0.0.1:5432/postgres",
        ),
        "CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0",
        "DROP DATABASE {name} WITH (FORCE)",
    ),
    "mariadb": (
        os.environ.get(
            "ASSIGNMENT_ACTIONS_TEST_MARIADB", "mariadb+pymysql://root@127.0.0.1:3306"
        ),
        # Often a server's default: the schema must not rely on it.
        "CREATE DATABASE {name} CHARACTER SET latin1",
        "DROP DATABASE {name}",
    ),
}

_PARTITIONED = "_partitioned"  # so that a URL tells how tables are to be made


def async_url_of(name: str, url_of: Callable[[str], str]) -> str:
    """Return the URL of a store for one of its async drivers."""
    store, driver = ASYNC_STORES[name]
    url = make_url(url_of(store)).set(drivername=driver)
    return url.render_as_string(hide_password=False)


def require_server(name: str, error: Exception) -> None:
    """Skip what needs an absent server, aloud; under CI=true fail instead."""
    said = f"{name} cannot be reached, none of its tests ran: {error}"
    if os.environ.get("CI") == "true":
        pytest.fail(said, pytrace=False)
    pytest.skip(said)


@contextmanager
def a_store(name: str, folder: Path) -> Iterator[str]:
    """Yield the URL of an empty database that is dropped afterwards."""
    if name == "sqlite_memory":
        yield "sqlite://"
    elif name == "sqlite_file":
        yield f"sqlite:///{folder / f'{uuid4().hex}.sqlite3'}"
    else:
        yield from _a_database(name)


def _a_database(store: str) -> Iterator[str]:
    server = "postgresql" if store == PARTITIONED else store
    url, create, drop = _SERVERS[server]
    database = f"assignment_actions_test_{uuid4().hex[:12]}"
    if store == PARTITIONED:
        database += _PARTITIONED
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(create.format(name=database))
    except OperationalError as error:
        require_server(server, error)
    try:
        yield (
            make_url(url).set(database=database).render_as_string(hide_password=False)
        )
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(drop.format(name=database))
        engine.dispose()


class Repositories:
    """Repositories with tables, made once per store and kind, emptied for each test."""

    def __init__(
        self, repository_type: type[SqlActionRepository] = SqlActionRepository
    ) -> None:
        self._type = repository_type
        self._made: dict[tuple[str, type], SqlActionRepository] = {}

    def empty(
        self, url: str, kind: type[UUID | int | str] = UUID
    ) -> SqlActionRepository:
        """Return the repository of a store without any action in it."""
        repository = self._made.get((url, kind))
        if repository is None:
            repository = self._make(url, kind)
        if not make_url(url).database:  # closing it in a test before has emptied it
            repository.create_schema()
        actions = repository.metadata.tables[
            f"{kind.__name__.lower()}_assignment_actions"
        ]
        with repository.engine.begin() as connection:
            connection.execute(actions.delete())
        return repository

    def _make(self, url: str, kind: type[UUID | int | str]) -> SqlActionRepository:
        repository = self._type.from_url(
            url,
            assignment_id_type=kind,
            table_prefix=f"{kind.__name__.lower()}_",
            partitions=PARTITIONS if url.endswith(_PARTITIONED) else None,
        )
        repository.create_schema()
        self._made[url, kind] = repository
        return repository

    def close(self) -> None:
        """Close all of them."""
        for repository in self._made.values():
            repository.close()
