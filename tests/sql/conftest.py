"""Fixtures: one store by its name, and engines as hosts make them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine, text
from stores import Repositories

from assignment_actions import ActionRecorder
from assignment_actions.adapters.sql import SqlActionRepository

StoreUrl = Callable[[str], str]


@pytest.fixture
def host(shared_repository: SqlActionRepository) -> Iterator[Engine]:
    """Yield an engine as a host makes it, with a table of the host's own."""
    engine = create_engine(shared_repository.engine.url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS orders (id VARCHAR(36))"))
        connection.execute(text("DELETE FROM orders"))
    yield engine
    engine.dispose()


@pytest.fixture
def recorder(shared_repository: SqlActionRepository) -> ActionRecorder:
    """Return a recorder on an engine of its own."""
    return ActionRecorder(shared_repository)


@pytest.fixture
def sqlite_file(url_of: StoreUrl, repositories: Repositories) -> SqlActionRepository:
    """Return an empty repository on a file."""
    return repositories.empty(url_of("sqlite_file"))


@pytest.fixture
def postgresql(url_of: StoreUrl, repositories: Repositories) -> SqlActionRepository:
    """Return an empty repository on PostgreSQL."""
    return repositories.empty(url_of("postgresql"))


@pytest.fixture
def mariadb(url_of: StoreUrl, repositories: Repositories) -> SqlActionRepository:
    """Return an empty repository on MariaDB."""
    return repositories.empty(url_of("mariadb"))
