"""
What waiting costs: the async recorder beside the synchronous one, on the same store.

One at a time, so that nothing is gained: what the event loop, the driver and our own
tasks add to a call. `at_once` shows what they are for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any
from uuid import UUID

import attrs

from assignment_actions import (
    Action,
    ActionRecorder,
    AsyncActionRecorder,
    AsyncInMemoryActionRepository,
    InMemoryActionRepository,
    Timeline,
)
from assignment_actions.adapters.sql import AsyncSqlActionRepository
from benchmarks import workloads as works
from benchmarks.at_once import Runs, at_once
from benchmarks.checking import check_answers, check_many, check_writing
from benchmarks.contest import WRITES, Result, Store, a_store, fill, renewal_of
from benchmarks.floor_async import ASYNC_FLOORS
from benchmarks.floor_base import Floor
from benchmarks.goals import OURS
from benchmarks.measuring import Arguments, Entrant, Times, race
from benchmarks.ours import Ours
from benchmarks.plan import Plan
from benchmarks.population import Population
from benchmarks.workloads import TYPE, Cases, Ids, Work

BLOCK = Work("W1 block", "recording block", "recording_block", "new")
AWAITED = (works.W1, BLOCK, works.LATEST, works.TIMELINE, works.TIMELINES)
IN_MEMORY = (works.W1, BLOCK, works.LATEST, works.TIMELINE)
ROUNDS_IN_BULK, FEWER = 5, 4
"""W3 has fewer rounds here, and so many times fewer actions."""


class OursInBlocks(Ours):
    """Do the works, and one more: a block around nothing."""

    def recording_block(self, assignment_id: UUID, /) -> None:
        """Record a block."""
        with self._recorder.recording(assignment_id, TYPE):
            pass


class FloorInBlocks:
    """Be the floor; a block is a start and a success there."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self.recording_block = floor.start_and_succeed

    def __getattr__(self, name: str) -> Any:
        """Return what the floor has."""
        return getattr(self._floor, name)


class OursAwaited:
    """Do the works as the README says they are done on an event loop."""

    def __init__(
        self,
        recorder: AsyncActionRecorder,
        renew: Callable[[], Coroutine[Any, Any, object]] | None = None,
    ) -> None:
        self.renew = renew
        self._recorder = recorder
        self._history = recorder.history

    async def start_and_succeed(self, assignment_id: UUID, /) -> Action:
        """Take the two steps by hand."""
        action = await self._recorder.start(assignment_id, TYPE)
        return await self._recorder.succeed(action)

    async def recording_block(self, assignment_id: UUID, /) -> None:
        """Record a block."""
        async with self._recorder.recording(assignment_id, TYPE):
            pass

    async def record_many(self, actions: Sequence[Action], /) -> int:
        """Record actions, their texts redacted, in batches."""
        return await self._recorder.record_many(actions)

    async def latest_successful(self, assignment_id: UUID, /) -> Action | None:
        """Ask the decision record's first question."""
        return await self._history.latest_successful(assignment_id)

    async def timeline(self, assignment_id: UUID, /) -> Timeline:
        """Ask the third."""
        return await self._history.timeline(assignment_id)

    async def timelines_of_page(self, ids: Ids, /) -> Mapping[Any, Timeline]:
        """Ask about many."""
        return await self._history.timelines(ids)

    def prepared(self, actions: Sequence[Action], _: Any, /) -> Any:
        """Return the entities themselves."""
        return actions


class Blocking:
    """Be an awaited competitor for those who cannot wait: checks, not clocks."""

    is_one_by_one: bool = False

    def __init__(self, name: str, awaited: Any, floor: Floor, run: Runs) -> None:
        self.name = name
        self.awaited = awaited
        self._floor = floor
        self._run = run

    def __getattr__(self, name: str) -> Any:
        """Return a method that runs to its end; what is not awaited is the floor's."""
        method = getattr(self.awaited, name, None)
        if not asyncio.iscoroutinefunction(method):
            return method or getattr(self._floor, name)
        return lambda *arguments: self._run(method(*arguments))


@attrs.frozen
class Awaiting:
    """Be one database, both colours, and the event loop of the one."""

    section: str
    plan: Plan
    cases: Cases
    floor: Any
    blocking: Ours
    awaited: Sequence[Blocking]
    run: Runs

    def works(self) -> Iterator[Result]:
        """Yield each work, then bulk."""
        for work in AWAITED:
            if self.plan.wants(work):
                yield self._race(work)
        if self.plan.wants(works.W3):
            yield self._race_in_bulk()

    def _race(self, work: Work) -> Result:
        others: list[Any] = [self.blocking, *self.awaited]
        if work.is_writing:
            for one in others:
                check_writing(work, one)
        else:
            check_answers(work, self.floor, others, self.cases)
        entrants = [self._entrant(work, one) for one in (self.floor, *others)]
        return self._result(work, race(entrants, self.plan.pace))

    def _entrant(self, work: Work, competitor: Any) -> Entrant:
        least = WRITES if work.is_writing else self.plan.pace.least
        renew = None if work.is_page else renewal_of(self.section, competitor)
        entrant = Entrant(
            competitor.name,
            getattr(competitor, work.method),
            partial(self.cases.of, work, competitor),
            least=least,
            renew=renew,
        )
        return self._in_its_colour(entrant, competitor, work)

    def _in_its_colour(self, entrant: Entrant, one: Any, work: Work) -> Entrant:
        if not isinstance(one, Blocking):
            return entrant
        call = getattr(one.awaited, work.method)
        return attrs.evolve(entrant, call=call, spent=partial(awaited_on, self.run))

    def _race_in_bulk(self) -> Result:
        count = self.plan.many // FEWER
        rows = list(Population(count, seed=2).rows())
        actions = [row.action() for row in rows]
        entrants = [
            self._in_bulk(one, one.prepared(actions, rows), count)
            for one in (self.floor, self.blocking, *self.awaited)
        ]
        self.floor.clear()
        pace = self.plan.pace_of(works.W3)
        pace = attrs.evolve(pace, rounds=min(pace.rounds, ROUNDS_IN_BULK))
        return self._result(works.W3, race(entrants, pace))

    def _in_bulk(self, one: Any, prepared: Any, count: int) -> Entrant:
        def arguments(_: int) -> Arguments:
            return [(prepared,)]

        def after() -> None:
            check_many(self.blocking, count)
            self.floor.clear()

        entrant = Entrant(one.name, one.record_many, arguments, after, count)
        return self._in_its_colour(entrant, one, works.W3)

    def _result(self, work: Work, times: Times) -> Result:
        return Result(self.section, "awaited", work.id, work.title, times)


def awaited_on(
    run: Runs, call: Callable[..., Coroutine[Any, Any, object]], arguments: Arguments
) -> list[float]:
    """Return the seconds of each call, all awaited on a loop that runs already."""

    async def each() -> list[float]:
        clock, spent = time.perf_counter, []
        for one in arguments:
            start = clock()
            await call(*one)
            spent.append(clock() - start)
        return spent

    found: list[float] = run(each())
    return found


def awaiting(section: str, plan: Plan) -> Iterator[Result]:
    """
    Yield what waiting costs on one database, and what it is for.

    Raises:
        AbsentError: its server cannot be reached.
    """
    with ExitStack() as stack:
        store = a_store(section, plan, stack)
        cases = fill(store, Population(plan.size))
        run = stack.enter_context(asyncio.Runner()).run
        renew = store.repository.engine.dispose
        blocking = OursInBlocks(
            OURS, ActionRecorder(store.repository), store.floor.clear, renew
        )
        awaited = [
            one
            for driver in ASYNC_FLOORS[section]
            for one in _through(section, driver, store, run, stack)
        ]
        floor = FloorInBlocks(store.floor)
        yield from Awaiting(section, plan, cases, floor, blocking, awaited, run).works()
        yield from at_once(section, plan, store, run, stack)


def _through(
    section: str, driver: str, store: Store, run: Runs, stack: ExitStack
) -> Iterator[Blocking]:
    """Yield the floor through an async driver, and ourselves."""
    name, floor_of = ASYNC_FLOORS[section][driver]
    floor = floor_of(store.floor, store.url)
    run(floor.connect())
    stack.callback(lambda: run(floor.close()))
    yield Blocking(f"floor, {driver}", floor, store.floor, run)
    repository = AsyncSqlActionRepository.from_url(store.url.set(drivername=name))
    stack.callback(lambda: run(repository.close()))
    ours = OursAwaited(AsyncActionRecorder(repository), repository.engine.dispose)
    yield Blocking(f"{OURS}, {driver}", ours, store.floor, run)


def awaiting_in_memory(plan: Plan) -> Iterator[Result]:
    """Yield what waiting costs where nothing waits."""
    population = Population(plan.size)
    blocking_store = InMemoryActionRepository()
    awaited_store = AsyncInMemoryActionRepository()
    actions = [row.action() for row in population.rows()]
    blocking = OursInBlocks(OURS, ActionRecorder(blocking_store), lambda: None)
    awaited = OursAwaited(AsyncActionRecorder(awaited_store))
    with asyncio.Runner() as runner:
        blocking.record_many(actions)
        runner.run(awaited.record_many(actions))
        cases = Cases(population, population.ids, next(population.rows()))
        for work in IN_MEMORY:
            arguments: Any = partial(cases.of, work, blocking)
            entrants = [
                Entrant(OURS, getattr(blocking, work.method), arguments, least=WRITES),
                Entrant(
                    f"{OURS}, asyncio",
                    getattr(awaited, work.method),
                    arguments,
                    least=WRITES,
                    spent=partial(awaited_on, runner.run),
                ),
            ]
            times = race(entrants, plan.pace)
            yield Result("memory", "awaited", work.id, work.title, times)
