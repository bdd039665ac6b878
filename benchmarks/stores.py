"""Databases of our own: made for a run, dropped after it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from uuid import uuid4

from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.exc import OperationalError

DATABASES = ("sqlite", "postgresql", "mariadb")

_SERVERS: Mapping[str, tuple[str, str, str, str, str]] = MappingProxyType(
    {
        "postgresql": (
            "ASSIGNMENT_ACTIONS_TEST_POSTGRESQL",
            "postgresql+psycopg://postgres@127.0.0.1:5432/postgres",
            "CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0",
            "DROP DATABASE {name} WITH (FORCE)",
            "SHOW server_version",
        ),
        "mariadb": (
            "ASSIGNMENT_ACTIONS_TEST_MARIADB",
            "mariadb+pymysql://root@127.0.0.1:3306",
            "CREATE DATABASE {name} CHARACTER SET utf8mb4",
            "DROP DATABASE {name}",
            "SELECT VERSION()",
        ),
    }
)


class AbsentError(Exception):
    """A server cannot be reached; `str()` says which, and why."""


@contextmanager
def a_database(name: str, folder: Path) -> Iterator[URL]:
    """
    Yield the URL of an empty database that is dropped afterwards.

    Raises:
        AbsentError: its server cannot be reached.
    """
    if name == "sqlite":
        yield from _a_file(folder / f"{uuid4().hex}.sqlite3")
    else:
        yield from _on_server(name)


def version_of(name: str) -> str:
    """
    Return the version of a database.

    Raises:
        AbsentError: its server cannot be reached.
    """
    if name == "sqlite":
        return sqlite3.sqlite_version
    return _run(name, _SERVERS[name][4])


def _a_file(path: Path) -> Iterator[URL]:
    try:
        yield URL.create("sqlite", database=str(path))
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)


def _on_server(name: str) -> Iterator[URL]:
    database = f"assignment_actions_bench_{uuid4().hex[:12]}"
    create, drop = _SERVERS[name][2:4]
    _run(name, create.format(name=database))
    try:
        yield _url(name).set(database=database)
    finally:
        _run(name, drop.format(name=database))


def _url(name: str) -> URL:
    variable, default = _SERVERS[name][:2]
    return make_url(os.environ.get(variable, default))


def _run(name: str, statement: str) -> str:
    engine = create_engine(_url(name), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            result = connection.exec_driver_sql(statement)
            return str(result.scalar_one()) if result.returns_rows else ""
    except OperationalError as error:
        raise AbsentError(f"{name} cannot be reached: {error.orig}") from error
    finally:
        engine.dispose()
