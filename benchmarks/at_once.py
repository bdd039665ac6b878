"""
What an event loop is for: very many recordings at once over a pool of five.

Beside one thread and five. A block is empty, so that only recording is measured, or
waits as long as a fast mail gateway does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import attrs

from assignment_actions import ActionRecorder, AsyncActionRecorder
from assignment_actions.adapters.sql import AsyncSqlActionRepository
from benchmarks.checking import WrongAnswerError
from benchmarks.contest import Result, Store
from benchmarks.floor_async import ASYNC_FLOORS, AsyncFloor
from benchmarks.goals import OURS
from benchmarks.measuring import Entrant, race
from benchmarks.plan import Plan
from benchmarks.wording import spaced
from benchmarks.workloads import TYPE, Ids

CONNECTIONS = 5
ONE_AFTER_ANOTHER = 100
"""So many one thread records: its figure per recording does not depend on it."""
GATEWAY = 0.005
"""So many seconds a block waits for what it records: a fast mail gateway."""
CROWDS = ((100, 0.0), (100, GATEWAY), (1_000, 0.0))
"""How many record at once, and how long each block waits."""
CROWD_ROUNDS = 3
ALONE, THREADS = "1 thread", f"{CONNECTIONS} threads"
WORK = "W1 at once"

Runs = Callable[[Coroutine[Any, Any, Any]], Any]
"""Runs a coroutine to its end, on the one event loop of all."""

Record = Callable[[float, Ids], object]
"""Records a block for each, which waits for some seconds."""


def at_once(
    section: str, plan: Plan, store: Store, run: Runs, stack: ExitStack
) -> Iterator[Result]:
    """Yield the seconds per recording of many at once, as in `CROWDS`."""
    if not plan.wants(WORK):
        return
    driver = next(iter(ASYNC_FLOORS[section]))
    crowd = a_crowd(section, store, run, stack)
    for count, seconds in CROWDS:
        ways: dict[str, tuple[Record, int]] = {
            ALONE: (crowd.alone, ONE_AFTER_ANOTHER),
            THREADS: (crowd.in_threads, count),
            f"floor, {driver}": (crowd.by_hand, count),
            f"{OURS}, {driver}": (crowd.on_the_loop, count),
        }
        entrants = []
        for name, (record, rows) in ways.items():
            call = partial(record, seconds)
            _check(store, name, call)
            entrants.append(Entrant(name, call, partial(_new, rows), rows=rows))
        times = race(entrants, attrs.evolve(plan.pace, rounds=CROWD_ROUNDS))
        waits = f", each waits {1000 * seconds:g} ms" if seconds else ""
        title = f"{spaced(count)} at once{waits}, per recording"
        yield Result(section, "at once", f"{WORK} {count} {seconds}", title, times)


def a_crowd(section: str, store: Store, run: Runs, stack: ExitStack) -> Crowd:
    """Return everybody, the event loop's connections through its first driver."""
    name, floor_of = next(iter(ASYNC_FLOORS[section].values()))
    floors = [floor_of(store.floor, store.url) for _ in range(CONNECTIONS)]
    for one in floors:
        run(one.connect())
        stack.callback(lambda floor: run(floor.close()), one)
    repository = AsyncSqlActionRepository.from_url(
        store.url.set(drivername=name), pool_size=CONNECTIONS
    )
    stack.callback(lambda: run(repository.close()))
    return Crowd(
        recorder=ActionRecorder(store.repository),
        awaited=AsyncActionRecorder(repository),
        floors=floors,
        threads=stack.enter_context(ThreadPoolExecutor(CONNECTIONS)),
        run=run,
    )


@attrs.frozen(kw_only=True)
class Crowd:
    """Record a block for each of many assignments; it waits for some seconds."""

    recorder: ActionRecorder
    awaited: AsyncActionRecorder
    floors: Sequence[AsyncFloor]
    threads: ThreadPoolExecutor
    run: Runs

    def alone(self, seconds: float, ids: Ids, /) -> None:
        """Record one after another."""
        for one in ids:
            self._block(seconds, one)

    def in_threads(self, seconds: float, ids: Ids, /) -> None:
        """Record in as many threads as there are connections."""
        for _ in self.threads.map(partial(self._block, seconds), ids):
            pass

    def on_the_loop(self, seconds: float, ids: Ids, /) -> None:
        """Record all at once, each in a task."""
        self.run(_all(partial(self._awaited_block, seconds), ids))

    def by_hand(self, seconds: float, ids: Ids, /) -> None:
        """Do the same with connections that a queue hands out."""
        self.run(self._by_hand(seconds, ids))

    def _block(self, seconds: float, assignment_id: UUID) -> None:
        with self.recorder.recording(assignment_id, TYPE):
            if seconds:
                time.sleep(seconds)

    async def _awaited_block(self, seconds: float, assignment_id: UUID) -> None:
        async with self.awaited.recording(assignment_id, TYPE):
            if seconds:
                await asyncio.sleep(seconds)

    async def _by_hand(self, seconds: float, ids: Ids) -> None:
        free: asyncio.LifoQueue[AsyncFloor] = asyncio.LifoQueue()
        for floor in self.floors:
            free.put_nowait(floor)

        async def block(assignment_id: UUID) -> None:
            floor = await free.get()
            started = await floor.start(assignment_id)
            free.put_nowait(floor)
            if seconds:
                await asyncio.sleep(seconds)
            floor = await free.get()
            await floor.succeed(started)
            free.put_nowait(floor)

        await _all(block, ids)


async def _all(block: Callable[[UUID], Coroutine[Any, Any, None]], ids: Ids) -> None:
    async with asyncio.TaskGroup() as group:
        for one in ids:
            group.create_task(block(one))


def _new(count: int, _: int) -> list[tuple[Ids]]:
    return [([uuid4() for _ in range(count)],)]


def _check(store: Store, name: str, call: Callable[[Ids], object]) -> None:
    """
    Let somebody record once, which opens connections too, and count.

    Raises:
        WrongAnswerError: not all are there.
    """
    before, ((ids,),) = store.floor.count(), _new(ONE_AFTER_ANOTHER, 1)
    call(ids)
    found = store.floor.count() - before
    if found != len(ids):
        raise WrongAnswerError(f"{name}: {found} recorded, not {len(ids)}")
