"""Fixtures: here the SQL stores are one more, PostgreSQL with partitions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from stores import (
    PARTITIONED,
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


@pytest.fixture(params=SHARED_ASYNC_STORES)
def async_store_url(request: pytest.FixtureRequest, url_of: StoreUrl) -> str:
    """Return the URL of each SQL store by each async driver in turn."""
    return async_url_of(request.param, url_of)
