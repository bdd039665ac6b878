"""The SQL repositories under the whole contract, the same for every database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine
from stores import Repositories

from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.testing import (
    IntIdContract,
    OutageContract,
    RecordingContract,
    RepositoryContract,
    StrIdContract,
    TransactionContract,
    repository_machine,
)


class TestRepository(RepositoryContract):
    @pytest.fixture
    def repository(self, sql_repository: SqlActionRepository) -> SqlActionRepository:
        return sql_repository


class TestRecording(RecordingContract):
    @pytest.fixture
    def repository(self, sql_repository: SqlActionRepository) -> SqlActionRepository:
        return sql_repository


class TestTransactions(TransactionContract):
    @pytest.fixture
    def repository(self, shared_repository: SqlActionRepository) -> SqlActionRepository:
        return shared_repository

    @pytest.fixture
    def transaction(self, repository: SqlActionRepository) -> Iterator[Connection]:
        """Yield a connection as a host has it, on an engine of the host's."""
        engine = create_engine(repository.engine.url)
        with engine.connect() as connection:
            yield connection
        engine.dispose()


class TestOutages(OutageContract):
    @pytest.fixture(
        params=[
            "sqlite:////no such folder/actions.sqlite3",
            "postgresql://nobody@127.0.0.1:9/nothing",
            "mariadb://nobody@127.0.0.1:9/nothing",
        ],
        ids=["file", "first server", "second server"],
    )
    def unreachable(
        self, request: pytest.FixtureRequest
    ) -> Iterator[SqlActionRepository]:
        repository = SqlActionRepository.from_url(request.param)
        yield repository
        repository.close()


class TestIntIds(IntIdContract):
    @pytest.fixture
    def repository(
        self, store_url: str, repositories: Repositories
    ) -> SqlActionRepository:
        return repositories.empty(store_url, int)


class TestStrIds(StrIdContract):
    @pytest.fixture
    def repository(
        self, store_url: str, repositories: Repositories
    ) -> SqlActionRepository:
        return repositories.empty(store_url, str)


class TestMachine:
    def test_every_history_has_the_same_answers(
        self, store_url: str, repositories: Repositories
    ) -> None:
        """Whatever is done in whatever order, the store answers as the meaning does."""
        machine = repository_machine(lambda: repositories.empty(store_url))

        machine.TestCase().runTest()
