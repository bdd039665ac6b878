"""Far more recordings at once than there are connections: all of them are recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from time import perf_counter
from uuid import UUID, uuid4

import pytest
from concurrency.conftest import Tally
from concurrency.watchdog import Watchdog
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from stores import ASYNC_STORES, SHARED_ASYNC_STORES, async_url_of

from assignment_actions import ActionFilter, ActionRecorder, AsyncActionRecorder
from assignment_actions.adapters.sql import (
    AsyncSqlActionRepository,
    SqlActionRepository,
)

MANY = 1_000
POOL_SIZE = 5

StoreUrl = Callable[[str], str]


@cache
def in_sequence(url: str) -> float:
    """Return how long the same takes with the synchronous recorder, in seconds."""
    repository = SqlActionRepository.from_url(
        url, table_prefix=f"one_{uuid4().hex[:6]}_"
    )
    repository.create_schema()
    recorder = ActionRecorder(repository)
    begin = perf_counter()
    for one in ids():
        with recorder.recording(one, "notified"):
            pass
    total = perf_counter() - begin
    repository.close()
    return total


def ids() -> list[UUID]:
    """Return many assignments."""
    return [uuid4() for _ in range(MANY)]


async def all_at_once(repository: AsyncSqlActionRepository) -> tuple[float, float]:
    """Record many at once; return the total and the loop's longest gap, in seconds."""
    await repository.create_schema()
    recorder = AsyncActionRecorder(repository)

    async def one(assignment_id: UUID) -> None:
        async with recorder.recording(assignment_id, "notified"):
            await asyncio.sleep(0)

    begin = perf_counter()
    async with Watchdog() as watchdog, asyncio.TaskGroup() as tasks:
        for assignment_id in ids():
            tasks.create_task(one(assignment_id))
    total = perf_counter() - begin
    counts = await recorder.history.count_by(ActionFilter(), "status")
    assert {"succeeded": MANY} == dict(counts)
    await recorder.close()
    return total, watchdog.longest


@pytest.mark.parametrize("store", SHARED_ASYNC_STORES)
class TestManyAtOnce:
    def test_on_our_own_engine(
        self, store: str, url_of: StoreUrl, tally: Tally
    ) -> None:
        """All are recorded over five connections, and the loop keeps coming round."""
        url, prefix = async_url_of(store, url_of), f"many_{uuid4().hex[:6]}_"

        async def work() -> tuple[float, float]:
            return await all_at_once(
                AsyncSqlActionRepository.from_url(
                    url, table_prefix=prefix, pool_size=POOL_SIZE
                )
            )

        compare(store, "our engine", asyncio.run(work()), url_of, tally)

    def test_on_a_hosts_engine(
        self, store: str, url_of: StoreUrl, tally: Tally
    ) -> None:
        """The same over a host's pool of five, with none to spare."""
        url, prefix = async_url_of(store, url_of), f"many_{uuid4().hex[:6]}_"

        async def work() -> tuple[float, float]:
            engine = host_engine(url)
            try:
                return await all_at_once(
                    AsyncSqlActionRepository(engine, table_prefix=prefix)
                )
            finally:
                await engine.dispose()

        compare(store, "host's engine", asyncio.run(work()), url_of, tally)


def host_engine(url: str) -> AsyncEngine:
    """Return an engine as a host makes it; its tasks wait for each other."""
    waits = {"timeout": 60} if "sqlite" in url else {}
    return create_async_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=300,
        connect_args=waits,
    )


def compare(
    store: str,
    whose: str,
    measured: tuple[float, float],
    url_of: StoreUrl,
    tally: Tally,
) -> None:
    """Note the loop's longest gap as a share of the synchronous run."""
    total, gap = measured
    url = make_url(url_of(ASYNC_STORES[store][0])).render_as_string(hide_password=False)
    alone = in_sequence(url)
    tally.note(
        f"{store:15} {whose:14} {MANY} at once: {total / alone:.2f} of the synchronous"
        f" run's total; longest gap of the loop: {gap / alone:.4f} of it"
        f" ({gap * 1000:.1f} ms of {alone * 1000:.0f} ms)"
    )
