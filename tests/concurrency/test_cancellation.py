"""A recording may be cancelled at any point: its action is never left in progress."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from functools import partial
from random import Random
from typing import Any

import anyio
import pytest
from concurrency.cancelling import (
    ANYIO_KINDS,
    ASYNCIO_KINDS,
    BounceError,
    Plan,
    Told,
    recorded_block,
)
from concurrency.conftest import Tally
from concurrency.waiting import WaitingRepository
from sqlalchemy import create_engine, make_url, text
from stores import SHARED_ASYNC_STORES, async_url_of

from assignment_actions import (
    Action,
    AsyncActionRecorder,
    AsyncInMemoryActionRepository,
)
from assignment_actions.adapters.sql import AsyncSqlActionRepository

CANCELLATIONS = int(os.environ.get("ASSIGNMENT_ACTIONS_CANCELLATIONS", "40"))
"""So many per store, and kind of cancellation."""

SEED = 20261122
AT_ONCE = 8
POOL_SIZE = 5
KINDS = ASYNCIO_KINDS | ANYIO_KINDS

StoreUrl = Callable[[str], str]


def expected(told: Told) -> set[tuple[str, str | None]]:
    """Return what may have become of it: status and reason; none if not stored."""
    if not told.is_entered:
        return {("not stored", None), ("failed", "interrupted")}
    if told.is_completed:
        if told.plan.ending == "fails":
            return {("failed", "unclassified")}
        return {("succeeded", None)}
    if told.left_by is None:
        return {("succeeded", None)}
    if isinstance(told.left_by, BounceError):
        return {("failed", "unclassified")}
    return {("unknown", "interrupted")}


def became(timeline: list[Action]) -> tuple[str, str | None]:
    """Return what is stored of one try: status and reason."""
    if not timeline:
        return "not stored", None
    (action,) = timeline
    failure = action.failure
    return str(action.status), None if failure is None else str(failure.reason)


async def tried(
    recorder: AsyncActionRecorder, kind: str, plan: Plan, store: str, tally: Tally
) -> None:
    """Cancel one recording, and look at what became of it."""
    told = Told(plan)
    await KINDS[kind](partial(recorded_block, recorder, told), told)
    timeline = list(await recorder.history.timeline(plan.assignment_id))
    was = became(timeline)
    if was not in expected(told):
        pytest.fail(f"{was} is none of {expected(told)}: {told}")
    assert told.place in {"before", "after"}
    tally.count(store, kind, told.hit or "after", was[0])
    if not told.is_entered and plan.key is not None:
        again = await recorder.record_success(
            plan.assignment_id, "notified", key=plan.key
        )
        assert len(timeline) + 1 == again.attempt


async def tried_many(
    recorder: AsyncActionRecorder, kind: str, store: str, tally: Tally, within: float
) -> None:
    """Cancel many recordings, some at a time; nothing is kept or left behind."""
    random = Random(f"{SEED} {kind} {store}")
    plans = [Plan.at_random(random, within) for _ in range(CANCELLATIONS)]
    while plans:
        some, plans = plans[:AT_ONCE], plans[AT_ONCE:]
        async with anyio.create_task_group() as group:
            for plan in some:
                group.start_soon(tried, recorder, kind, plan, store, tally)
    kept: Any = recorder._journal
    assert [] == list(kept)


def run_watched(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run it in asyncio; neither a task nor a generator is left, nothing is logged."""
    complaints = list[dict[str, Any]]()

    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        before = asyncio.all_tasks()
        await work()
        await asyncio.sleep(0)
        assert before == asyncio.all_tasks()
        assert 0 == len(loop._asyncgens)

    asyncio.run(main())
    assert [] == complaints


MEMORY = {"memory": AsyncInMemoryActionRepository, "waiting": WaitingRepository}


class TestInMemory:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("store", MEMORY)
    def test_no_point_leaves_it_in_progress_on_asyncio(
        self, store: str, kind: str, tally: Tally
    ) -> None:
        """Wherever it is cancelled, its outcome is stored and the caller is told."""
        recorder = AsyncActionRecorder(MEMORY[store]())
        run_watched(lambda: tried_many(recorder, kind, store, tally, within=0.02))

    @pytest.mark.parametrize("kind", ANYIO_KINDS)
    @pytest.mark.parametrize("store", MEMORY)
    def test_no_point_leaves_it_in_progress_on_trio(
        self, store: str, kind: str, tally: Tally
    ) -> None:
        """On trio the same holds."""
        recorder = AsyncActionRecorder(MEMORY[store]())
        work = partial(tried_many, recorder, kind, f"{store} (trio)", tally, 0.02)
        anyio.run(work, backend="trio")


class TestInSql:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("store", SHARED_ASYNC_STORES)
    def test_no_point_leaves_it_in_progress_or_leaks_a_connection(
        self, store: str, kind: str, tally: Tally, url_of: StoreUrl
    ) -> None:
        """Wherever it is cancelled, its connection comes back too."""
        url = async_url_of(store, url_of)
        before = sessions(url)

        async def work() -> None:
            repository = AsyncSqlActionRepository.from_url(
                url, table_prefix="cancelled_", pool_size=POOL_SIZE
            )
            await repository.create_schema()
            async with aclosing_store(AsyncActionRecorder(repository)) as recorder:
                within = await length_of_one(recorder) * AT_ONCE
                await tried_many(recorder, kind, store, tally, within)
                pool: Any = repository.engine.pool
                assert idle_in(repository) == pool.checkedout()
                most = (
                    before + 2 * POOL_SIZE - 1
                )  # idle in the pool, and kept out of it
                assert sessions(url, at_most=most) <= most

        run_watched(work)
        assert sessions(url, at_most=before) <= before


class aclosing_store(aclosing[Any]):  # noqa: N801  # as the standard library's
    """Close a recorder at the end of a block."""

    async def __aexit__(self, *_: object) -> None:
        await self.thing.close()  # type: ignore[attr-defined]


def idle_in(repository: AsyncSqlActionRepository) -> int:
    """Return how many connections are kept out of the pool between calls."""
    transactions: Any = repository._awaited._transactions
    return 0 if transactions._kept is None else len(transactions._kept._idle)


async def length_of_one(recorder: AsyncActionRecorder) -> float:
    """Return how long one recording takes here, in seconds."""
    plan = Plan.at_random(Random(SEED), 1)
    async with recorder.recording(plan.assignment_id, "notified"):
        pass  # it connects
    begin = anyio.current_time()
    for _ in range(5):
        async with recorder.recording(plan.assignment_id, "notified"):
            await anyio.sleep(0.001)
    return (anyio.current_time() - begin) / 5


def sessions(url: str, at_most: int | None = None) -> int:
    """Return how many sessions a server has for a database; it may take a moment."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return 0
    is_postgresql = parsed.get_backend_name() == "postgresql"
    driver = "postgresql+psycopg" if is_postgresql else "mysql+pymysql"
    question = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        if is_postgresql
        else "SELECT count(*) FROM information_schema.processlist WHERE db = database()"
    )
    engine = create_engine(parsed.set(drivername=driver))
    try:
        for _ in range(100):
            with engine.connect() as connection:
                count: int = connection.execute(text(question)).scalar_one() - 1
            if at_most is None or count <= at_most:
                break
            anyio.run(anyio.sleep, 0.05)
        return count
    finally:
        engine.dispose()
