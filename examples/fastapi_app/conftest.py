"""What the tests of the application stand on: the real thing, on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from assignment_actions import (
    AsyncActionHistory,
    AsyncActionRepository,
    AsyncInMemoryActionRepository,
)
from assignment_actions.adapters.sql import AsyncSqlActionRepository
from examples.fastapi_app.app import create_app
from examples.fastapi_app.assignments import Assignment, sample_assignments
from examples.mail_gateway import MailGateway, open_gateway


@pytest.fixture
def anyio_backend() -> str:
    """Return the event loop: uvicorn's."""
    return "asyncio"


@pytest.fixture
def gateway() -> Iterator[MailGateway]:
    """Return a mail provider that takes every message."""
    with open_gateway() as opened:
        yield opened


@pytest.fixture
def assignment() -> Assignment:
    """Return one of the host's rows."""
    return next(iter(sample_assignments().values()))


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[AsyncSqlActionRepository]:
    """Return a SQLite file; who is locked out of it is told so soon."""
    repository = AsyncSqlActionRepository.from_url(
        f"sqlite+aiosqlite:///{tmp_path / 'actions.sqlite3'}",
        lock_timeout=timedelta(milliseconds=100),
    )
    await repository.create_schema()
    yield repository
    await repository.close()


@pytest.fixture(params=["memory", "sqlite"])
def repository(
    request: pytest.FixtureRequest, sqlite: AsyncSqlActionRepository
) -> AsyncActionRepository:
    """Return each store in turn."""
    return AsyncInMemoryActionRepository() if request.param == "memory" else sqlite


@pytest.fixture
def history(repository: AsyncActionRepository) -> AsyncActionHistory:
    """Return the answers about what the application recorded."""
    return AsyncActionHistory(repository)


@pytest.fixture
async def client(
    repository: AsyncActionRepository, gateway: MailGateway
) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the application, which runs on this event loop."""
    async with opened(repository, gateway) as one:
        yield one


@asynccontextmanager
async def opened(
    repository: AsyncActionRepository, gateway: MailGateway
) -> AsyncIterator[httpx.AsyncClient]:
    """Open the application as a server does, and close it again."""
    app = create_app(repository, mail_url=gateway.url)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://app"
        ) as client,
    ):
        yield client
