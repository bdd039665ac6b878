"""Fixtures: here the SQL stores are one more, PostgreSQL with partitions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from stores import (
    ASYNC_STORES,
    PARTITIONED,
    PARTITIONED_ASYNC,
    SHARED_ASYNC_STORES,
    SHARED_STORES,
    SQL_STORES,
    async_url_of,
)

StoreUrl = Callable[[str], str]


@pytest.fixture(params=(*SQL_STORES, PARTITIONED))
def store_url(request: pytest.FixtureRequest, url_of: StoreUrl) -> str:
    """Return the URL of each SQL store in turn."""
    return url_of(request.param)


@pytest.fixture(params=(*SHARED_STORES, PARTITIONED))
def shared_store_url(request: pytest.FixtureRequest, url_of: StoreUrl) -> str:
    """Return the URL of each store that several processes can open, in turn."""
    return url_of(request.param)


@pytest.fixture(params=(*ASYNC_STORES, PARTITIONED_ASYNC))
def async_store_url(request: pytest.FixtureRequest, url_of: StoreUrl) -> str:
    """Return the URL of each SQL store by each async driver in turn."""
    return async_url_of(request.param, url_of)


@pytest.fixture(params=(*SHARED_ASYNC_STORES, PARTITIONED_ASYNC))
def shared_async_store_url(request: pytest.FixtureRequest, url_of: StoreUrl) -> str:
    """Return that of each store that several connections can open, in turn."""
    return async_url_of(request.param, url_of)
