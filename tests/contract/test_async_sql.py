"""The async SQL repositories under the whole contract, the same for every driver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from stores import Repositories

from assignment_actions import ActionRepository
from assignment_actions.adapters.sql import AsyncSqlActionRepository
from assignment_actions.testing import (
    AsyncContract,
    Blocking,
    EventLoopThread,
    IntIdContract,
    OutageContract,
    RecordingContract,
    RepositoryContract,
    StrIdContract,
    TransactionContract,
    repository_machine,
)


class InOneLoop(AsyncContract):
    """An engine belongs to one event loop; these are made once for many tests."""

    @pytest.fixture
    def event_loop_thread(self, session_loop: EventLoopThread) -> EventLoopThread:
        return session_loop

    @pytest.fixture
    def repository(
        self, async_store_url: str, async_repositories: Repositories
    ) -> ActionRepository:
        return async_repositories.empty(async_store_url)


class TestRepository(InOneLoop, RepositoryContract):
    pass


class TestRecording(InOneLoop, RecordingContract):
    pass


class TestTransactions(InOneLoop, TransactionContract):
    @pytest.fixture
    def repository(
        self, shared_async_store_url: str, async_repositories: Repositories
    ) -> ActionRepository:
        return async_repositories.empty(shared_async_store_url)

    @pytest.fixture(params=["connection", "session"])
    def transaction(
        self,
        request: pytest.FixtureRequest,
        shared_async_store_url: str,
        event_loop_thread: EventLoopThread,
    ) -> Iterator[Any]:
        """Yield what a host has, on an engine of the host's."""
        engine = create_async_engine(shared_async_store_url)
        made = (
            engine.connect() if request.param == "connection" else AsyncSession(engine)
        )
        with Blocking(made, event_loop_thread) as transaction:
            yield transaction
        event_loop_thread.run(engine.dispose())


class TestOutages(InOneLoop, OutageContract):
    @pytest.fixture(
        params=[
            "sqlite+aiosqlite:////no such folder/actions.sqlite3",
            "postgresql+asyncpg://nobody@127.0.0.1:9/nothing",
            "postgresql+psycopg://nobody@127.0.0.1:9/nothing",
            "mariadb+asyncmy://nobody@127.0.0.1:9/nothing",
        ],
        ids=["aiosqlite", "asyncpg", "psycopg_async", "asyncmy"],
    )
    def unreachable(
        self, request: pytest.FixtureRequest, event_loop_thread: EventLoopThread
    ) -> Iterator[Blocking]:
        repository = AsyncSqlActionRepository.from_url(request.param)
        yield Blocking(repository, event_loop_thread)
        event_loop_thread.run(repository.close())


class TestIntIds(InOneLoop, IntIdContract):
    @pytest.fixture
    def repository(
        self, async_store_url: str, async_repositories: Repositories
    ) -> ActionRepository:
        return async_repositories.empty(async_store_url, int)


class TestStrIds(InOneLoop, StrIdContract):
    @pytest.fixture
    def repository(
        self, async_store_url: str, async_repositories: Repositories
    ) -> ActionRepository:
        return async_repositories.empty(async_store_url, str)


class TestMachine:
    def test_every_history_has_the_same_answers(
        self, async_store_url: str, async_repositories: Repositories
    ) -> None:
        """Whatever is done in whatever order, the store answers as the meaning does."""
        machine = repository_machine(lambda: async_repositories.empty(async_store_url))

        machine.TestCase().runTest()
