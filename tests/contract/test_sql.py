"""The SQL repositories under the whole contract, the same for every database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import StoreUrl
from sqlalchemy import Connection
from stores import SQL_STORES, Repositories

from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.testing import (
    IntIdContract,
    RecordingContract,
    RepositoryContract,
    StrIdContract,
)


class TestRepository(RepositoryContract):
    @pytest.fixture
    def repository(self, sql_repository: SqlActionRepository) -> SqlActionRepository:
        return sql_repository


class TestRecording(RecordingContract):
    @pytest.fixture
    def repository(self, sql_repository: SqlActionRepository) -> SqlActionRepository:
        return sql_repository


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
