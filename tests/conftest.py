"""Fixtures: every store, each real."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from stores import (
    ASYNC_STORES,
    SHARED_ASYNC_STORES,
    SHARED_STORES,
    SQL_STORES,
    Repositories,
    a_store,
    async_url_of,
)

from assignment_actions import ActionRepository, InMemoryActionRepository
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.testing import Blocking, EventLoopThread

settings.register_profile(
    "project",
    deadline=None,  # a shared machine pauses; no test asserts a time
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("project")

LONGEST = ("faults", "concurrency", "fuzz", "test_contract_bites", "asyncio_worker")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker is left alone with it."""
    items.sort(key=lambda item: not any(one in item.nodeid for one in LONGEST))


StoreUrl = Callable[[str], str]


@pytest.fixture(scope="session")
def url_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreUrl]:
    """Return the URL of a store by its name; made when first asked for."""
    folder: Path = tmp_path_factory.mktemp("stores")
    urls: dict[str, str] = {}
    with ExitStack() as stack:

        def url_of_store(name: str) -> str:
            if name not in urls:
                urls[name] = stack.enter_context(a_store(name, folder))
            return urls[name]

        yield url_of_store


@pytest.fixture(scope="session")
def repositories(url_of: StoreUrl) -> Iterator[Repositories]:  # noqa: ARG001  # stores outlive it
    """Return the maker of repositories; it closes them before their stores go."""
    made = Repositories()
    yield made
    made.close()


@pytest.fixture(params=SQL_STORES)
def store_url(request: pytest.FixtureRequest, url_of: StoreUrl) -> str:
    """Return the URL of each SQL store in turn."""
    return url_of(request.param)


@pytest.fixture(params=SHARED_STORES)
def shared_store_url(request: pytest.FixtureRequest, url_of: StoreUrl) -> str:
    """Return the URL of each store that several processes can open, in turn."""
    return url_of(request.param)


@pytest.fixture
def sql_repository(store_url: str, repositories: Repositories) -> SqlActionRepository:
    """Return an empty repository on each SQL store in turn."""
    return repositories.empty(store_url)


@pytest.fixture
def shared_repository(
    shared_store_url: str, repositories: Repositories
) -> SqlActionRepository:
    """Return an empty repository on each store that several processes can open."""
    return repositories.empty(shared_store_url)


@pytest.fixture(params=("memory", *SQL_STORES))
def any_repository(
    request: pytest.FixtureRequest, url_of: StoreUrl, repositories: Repositories
) -> ActionRepository:
    """Return an empty repository on each store there is, in turn."""
    if request.param == "memory":
        return InMemoryActionRepository()
    return repositories.empty(url_of(request.param))


@pytest.fixture(scope="session")
def session_loop() -> Iterator[EventLoopThread]:
    """Yield the event loop that what outlives a test lives in."""
    with EventLoopThread() as loop:
        yield loop


@pytest.fixture(scope="session")
def async_repositories(
    url_of: StoreUrl,  # noqa: ARG001  # stores outlive it
    session_loop: EventLoopThread,
) -> Iterator[Repositories]:
    """Return the maker of async repositories, awaited for whoever calls them."""
    from assignment_actions.adapters.sql import AsyncSqlActionRepository

    awaited: Any = Blocking(AsyncSqlActionRepository, session_loop)
    made = Repositories(awaited)
    yield made
    made.close()


@pytest.fixture(params=ASYNC_STORES)
def async_store_url(request: pytest.FixtureRequest, url_of: StoreUrl) -> str:
    """Return the URL of each SQL store by each async driver in turn."""
    return async_url_of(request.param, url_of)


@pytest.fixture(params=SHARED_ASYNC_STORES)
def shared_async_store_url(request: pytest.FixtureRequest, url_of: StoreUrl) -> str:
    """Return that of each store that several connections can open, in turn."""
    return async_url_of(request.param, url_of)
