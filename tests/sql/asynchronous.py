"""Async repositories for one event loop, and what the server sees of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import QueuePool

from assignment_actions.adapters.sql import AsyncSqlActionRepository

SYNCHRONOUS = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "mariadb": "mariadb+pymysql",
}
"""Which driver asks a server about its connections, by the database's name."""

_CONNECTIONS = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mariadb": "SELECT count(*) FROM information_schema.processlist"
    " WHERE db = database() AND id <> connection_id()",
}


@asynccontextmanager
async def a_repository(
    url: str, **options: Any
) -> AsyncIterator[AsyncSqlActionRepository]:
    """Yield a repository with tables of its own, which go with it."""
    prefix = f"t{uuid4().hex[:10]}_"
    repository = AsyncSqlActionRepository.from_url(url, table_prefix=prefix, **options)
    await repository.create_schema()
    try:
        yield repository
    finally:
        async with repository.engine.connect() as connection:
            await connection.run_sync(repository.metadata.drop_all)
        await repository.close()


def out(repository: AsyncSqlActionRepository) -> int:
    """Return how many connections are out of the pool, those in use and those kept."""
    pool = repository.engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


def waiting_in(repository: AsyncSqlActionRepository) -> int:
    """Return how many connections the pool has to give away."""
    pool = repository.engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedin()


def open_on_server(url: str) -> int | None:
    """Return how many connections a database has, None where it is a file."""
    target = make_url(url)
    name = target.get_backend_name()
    if name not in _CONNECTIONS:
        return None
    engine = create_engine(target.set(drivername=SYNCHRONOUS[name]))
    try:
        with engine.connect() as connection:
            found: int = connection.exec_driver_sql(_CONNECTIONS[name]).scalar_one()
    finally:
        engine.dispose()
    return found


async def until(is_so: Callable[[], bool]) -> None:
    """Return once it is so, or fail."""
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)
