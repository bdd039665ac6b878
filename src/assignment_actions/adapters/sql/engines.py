"""Engines of our own: tuned, small pools, in autocommit."""

from __future__ import annotations

import importlib.util
import os
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, InvalidRequestError
from sqlalchemy.pool import (
    AsyncAdaptedQueuePool,
    QueuePool,
    SingletonThreadPool,
    StaticPool,
)

_DRIVERS: Mapping[str, str] = MappingProxyType(
    {
        "sqlite": "pysqlite",
        "postgresql": "psycopg",
        "mysql": "pymysql",
        "mariadb": "pymysql",
    }
)
_ASYNC_DRIVERS: Mapping[str, str] = MappingProxyType(
    {
        "sqlite": "aiosqlite",
        "postgresql": "asyncpg",
        "mysql": "asyncmy",
        "mariadb": "asyncmy",
    }
)
_EXTRAS: Mapping[str, str] = MappingProxyType(
    {
        "psycopg": "postgresql",
        "pymysql": "mysql",
        "aiosqlite": "aiosqlite",
        "asyncpg": "asyncpg",
        "asyncmy": "asyncmy",
    }
)
"""What brings a driver, by the name of its module."""


def own_engine(
    url: str | URL, *, is_async: bool, lock_timeout: timedelta, pool_size: int
) -> Engine:
    """
    Return an engine that commits each statement by itself.

    Raises:
        ImportError: the driver is missing; the message names the extra.
        ValueError: the URL is none, the database none of the supported ones, or the
            driver of the other colour.
    """
    with _refusing_url():
        target = make_url(url)
    target = _with_driver(target, _ASYNC_DRIVERS if is_async else _DRIVERS)
    with _refusing_url():
        dialect = target.get_dialect(is_async)
    if dialect.is_async is not is_async:
        raise ValueError(_of_other_colour(target, is_async=is_async))
    with _refusing_url():
        engine = _engine(target, lock_timeout, pool_size, is_async=is_async)
    _renew_in_children(engine)
    return engine


@contextmanager
def _refusing_url() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        said = f"the URL's driver is not installed: {error}"
        raise ImportError(said, name=error.name) from error
    except (ArgumentError, InvalidRequestError, ValueError) as error:
        # Without the cause: it may show the URL, and so the password.
        raise ValueError(
            "url must be as SQLAlchemy takes it, dialect://user:password@host/database,"
            f" got one that is refused with {type(error).__name__}"
        ) from None


def _engine(
    target: URL, lock_timeout: timedelta, pool_size: int, *, is_async: bool
) -> Engine:
    create = _create_async if is_async else create_engine
    seconds = lock_timeout.total_seconds()
    options: dict[str, Any] = {
        "isolation_level": "AUTOCOMMIT",
        "skip_autocommit_rollback": True,
        "hide_parameters": True,
        "pool_size": pool_size,
    }
    if is_async:  # tasks wait in turn: what is opened beyond these is closed at once
        options["max_overflow"] = 0
    backend = target.get_backend_name()
    if backend == "sqlite":
        options["poolclass"] = AsyncAdaptedQueuePool if is_async else QueuePool
        return _sqlite(target, seconds, create, options)
    if not target.drivername.endswith("+asyncpg"):  # which takes numbered ones alone
        options["paramstyle"] = "format"
    engine = create(target, **options)
    if backend == "postgresql":
        milliseconds = max(1, int(seconds * 1000))
        _on_connect(engine, f"SET lock_timeout = {milliseconds}", "SET TIME ZONE 'UTC'")
        return engine
    _on_connect(
        engine,
        f"SET innodb_lock_wait_timeout = {max(1, round(seconds))}",
        f"SET lock_wait_timeout = {max(1, round(seconds))}",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET time_zone = '+00:00'",
        "SET sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES')",
    )
    return engine


def _create_async(url: URL, **options: Any) -> Engine:
    # It needs greenlet, which the synchronous repository does not.
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

    return create_async_engine(url, **options).sync_engine


def require_own_connections(engine: Engine, *, is_async: bool) -> None:
    """
    Refuse an engine whose connections the host's transactions share.

    Raises:
        TypeError: it is no SQLAlchemy engine, or one of the other colour.
        ValueError: our commit would be the host's commit.
    """
    mine, other = "SqlActionRepository", "AsyncSqlActionRepository"
    if is_async:
        mine, other = other, mine
    said = f"engine must be a SQLAlchemy {'AsyncEngine' if is_async else 'Engine'}"
    if not isinstance(engine, Engine):
        is_other = hasattr(engine, "sync_engine")
        raise TypeError(  # without its text: a URL may hold a password
            f"{said}, got {type(engine).__name__}; "
            + (f"{other} takes that" if is_other else "from_url(…) takes a URL")
        )
    if engine.dialect.is_async is not is_async:
        raise TypeError(
            f"{said}, got one of the driver {engine.dialect.driver}: {other} takes that"
        )
    if isinstance(engine.pool, (StaticPool, SingletonThreadPool)):
        raise ValueError(  # noqa: TRY004  # the type is right, the engine is not
            f"engine must not share its connections with the host, got"
            f" {type(engine.pool).__name__}: a commit of ours would commit the host's"
            f" transaction; use {mine}.from_url(…), and"
            " joined_to(connection) to record inside transactions of this engine"
        )


def _of_other_colour(url: URL, *, is_async: bool) -> str:
    kind = "an async" if is_async else "a synchronous"
    other = "SqlActionRepository" if is_async else "AsyncSqlActionRepository"
    return f"url must be of {kind} driver, got {url.drivername}: {other} takes that"


def _with_driver(url: URL, drivers: Mapping[str, str]) -> URL:
    backend = url.get_backend_name()
    if backend not in drivers:
        raise ValueError(f"url must be of one of {', '.join(drivers)}, got {backend!r}")
    _, plus, driver = url.drivername.partition("+")
    if not plus:
        driver = drivers[backend]
        url = url.set(drivername=f"{backend}+{driver}")
    extra = _EXTRAS.get(driver)
    if extra is not None and importlib.util.find_spec(driver) is None:
        raise ImportError(
            f"a {backend} URL needs {driver}: pip install 'assignment-actions[{extra}]'"
        )
    return url


def _sqlite(
    url: URL, seconds: float, create: Callable[..., Engine], options: dict[str, Any]
) -> Engine:
    connect_args: dict[str, Any] = {"timeout": seconds}
    if _is_in_memory(url):
        # One connection is the database: threads and tasks take turns with it.
        options |= {"pool_size": 1, "max_overflow": 0}
        if options["poolclass"] is QueuePool:  # as for a lock; tasks are far more
            options["pool_timeout"] = seconds
        connect_args["check_same_thread"] = False
    engine = create(url, connect_args=connect_args, **options)
    _on_connect(engine, "PRAGMA synchronous = FULL")
    event.listen(engine, "handle_error", _keep_when_interrupted)
    return engine


def _keep_when_interrupted(context: ExceptionContext) -> None:
    """
    Keep a connection that an interrupt went through: nothing is wrong with it.

    Dropped, its cursor would hold the file's lock, or the database in memory be gone.
    """
    if not isinstance(context.original_exception, Exception):
        context.is_disconnect = False


def _renew_in_children(engine: Engine) -> None:
    """Give each child of a fork connections of its own; the parent's stay unclosed."""
    reference, parents = weakref.ref(engine), list[object]()

    def renew() -> None:
        found = reference()
        if found is not None:
            parents.append(found.pool)  # SQLite forbids a child to close them
            found.dispose(close=False)

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=renew)


def _is_in_memory(url: URL) -> bool:
    name = url.database or ""
    return name in ("", ":memory:") or "mode=memory" in str(url) or ":memory:" in name


def _on_connect(engine: Engine, *statements: str) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()
