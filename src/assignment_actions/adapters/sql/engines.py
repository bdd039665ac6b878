"""Engines of our own: tuned, small pools, in autocommit."""

from __future__ import annotations

import importlib.util
from datetime import timedelta
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.pool import QueuePool, SingletonThreadPool, StaticPool

_DRIVERS = {
    "sqlite": ("sqlite", "", "sql"),
    "postgresql": ("postgresql+psycopg", "psycopg", "postgresql"),
    "mysql": ("mysql+pymysql", "pymysql", "mysql"),
    "mariadb": ("mariadb+pymysql", "pymysql", "mysql"),
}


def own_engine(url: str | URL, *, lock_timeout: timedelta, pool_size: int) -> Engine:
    """
    Return an engine that commits each statement by itself.

    Raises:
        ImportError: the driver is missing; the message names the extra.
        ValueError: the database is none of the supported ones.
    """
    target = _with_driver(make_url(url))
    seconds = lock_timeout.total_seconds()
    options: dict[str, Any] = {
        "isolation_level": "AUTOCOMMIT",
        "skip_autocommit_rollback": True,
        "hide_parameters": True,
        "pool_size": pool_size,
    }
    match target.get_backend_name():
        case "sqlite":
            engine = _sqlite(target, seconds, options)
        case "postgresql":
            engine = create_engine(target, **options)
            milliseconds = max(1, int(seconds * 1000))
            _on_connect(
                engine, f"SET lock_timeout = {milliseconds}", "SET TIME ZONE 'UTC'"
            )
        case _:
            engine = create_engine(target, **options)
            _on_connect(
                engine,
                f"SET innodb_lock_wait_timeout = {max(1, round(seconds))}",
                "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
                "SET time_zone = '+00:00'",
                "SET sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES')",
            )
    return engine


def require_own_connections(engine: Engine) -> None:
    """
    Refuse an engine whose connections the host's transactions share.

    Raises:
        ValueError: our commit would be the host's commit.
    """
    if isinstance(engine.pool, (StaticPool, SingletonThreadPool)):
        raise ValueError(  # noqa: TRY004  # the type is right, the engine is not
            f"engine must not share its connections with the host, got"
            f" {type(engine.pool).__name__}: a commit of ours would commit the host's"
            " transaction; use SqlActionRepository.from_url(…), and"
            " joined_to(connection) to record inside transactions of this engine"
        )


def _with_driver(url: URL) -> URL:
    backend = url.get_backend_name()
    known = _DRIVERS.get(backend)
    if known is None:
        raise ValueError(
            f"url must be of one of {', '.join(_DRIVERS)}, got {backend!r}"
        )
    default, module, extra = known
    if "+" in url.drivername or not module:
        return url
    if importlib.util.find_spec(module) is None:
        raise ImportError(
            f"a {backend} URL needs {module}: pip install 'assignment-actions[{extra}]'"
        )
    return url.set(drivername=default)


def _sqlite(url: URL, seconds: float, options: dict[str, Any]) -> Engine:
    connect_args: dict[str, Any] = {"timeout": seconds}
    if _is_in_memory(url):
        # One connection is the database: threads take turns with it.
        options |= {"pool_size": 1, "max_overflow": 0, "pool_timeout": seconds}
        connect_args["check_same_thread"] = False
    engine = create_engine(
        url, poolclass=QueuePool, connect_args=connect_args, **options
    )
    _on_connect(engine, "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL")
    return engine


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
