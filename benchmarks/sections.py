"""The parts of a run: each database, how cost grows on it, and the memory adapter."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from assignment_actions import Action, ActionRecorder, InMemoryActionRepository
from assignment_actions.adapters.sql import SqlActionRepository
from benchmarks import workloads as works
from benchmarks.contest import WRITES, Result, a_contest, a_host, a_store, fill
from benchmarks.goals import OURS
from benchmarks.measuring import Entrant, race
from benchmarks.ours import Joined, Ours
from benchmarks.peers import missing, peers_on
from benchmarks.plan import Plan
from benchmarks.population import Population, Row
from benchmarks.wording import spaced
from benchmarks.workloads import Cases, Work

COUNTED = 20_000
GROWING = (works.LATEST, works.LATEST_100)


def on_database(section: str, plan: Plan) -> Iterator[Result]:
    """
    Yield everything about one database.

    Raises:
        AbsentError: its server cannot be reached.
    """
    if any(map(plan.wants, works.ALL)):
        with ExitStack() as stack:
            yield from a_contest(section, plan, stack).run()
    if section == "sqlite" and plan.wants(works.W1_CPU):
        yield _without_waiting(plan)
    if any(map(plan.wants, GROWING)):
        yield from _growth(section, plan)


def _without_waiting(plan: Plan) -> Result:
    """Run W1 on SQLite with synchronous off: what is left is the processor's."""
    work = works.W1_CPU
    with ExitStack() as stack:
        store = a_store("sqlite", plan, stack, synchronous="OFF")
        cases = fill(store, Population(plan.size))
        host = a_host(store, stack, synchronous="OFF")
        clear = store.floor.clear
        own = ActionRecorder(store.repository)
        hosted = ActionRecorder(SqlActionRepository(host))
        able: list[Any] = [
            store.floor,
            Ours(OURS, own, clear),
            Ours("ours, host's engine", hosted, clear),
            Joined("ours, joined", own, clear, host),
        ]
        if plan.has_peers and not missing():
            able += peers_on("sqlite", plan.folder, stack, synchronous="OFF")
        entrants = [
            Entrant(
                one.name,
                one.start_and_succeed,
                partial(cases.of, work, one),
                least=WRITES,
            )
            for one in able
        ]
        times = race(entrants, plan.pace_of(work))
    return Result("sqlite", "main", work.id, work.title, times)


def _growth(section: str, plan: Plan) -> Iterator[Result]:
    """Ask stores of all sizes in the same rounds, and a hot assignment in the last."""
    with ExitStack() as stack:
        sides: list[tuple[str, Any, Cases]] = []
        sizes = plan.sizes_on(section)
        for size in sizes:
            store = a_store(section, plan, stack)
            is_largest = size == sizes[-1]
            cases = fill(store, Population(size, plan.hot if is_largest else 0))
            ours = Ours(OURS, ActionRecorder(store.repository), store.floor.clear)
            sides += [(f"{one.name}@{size}", one, cases) for one in (store.floor, ours)]
        for work in filter(plan.wants, GROWING):
            entrants = [_of_size(work, *side) for side in sides]
            times = race(entrants, plan.pace)
            yield Result(section, "growth", work.id, work.title, times)
        if plan.wants(works.LATEST):
            yield _hot(section, plan, sides[-2:])


def _of_size(work: Work, name: str, competitor: Any, cases: Cases) -> Entrant:
    call = work.of(competitor)
    assert call is not None
    return Entrant(name, call, partial(cases.of, work, competitor))


def _hot(section: str, plan: Plan, sides: Sequence[tuple[str, Any, Cases]]) -> Result:
    entrants = []
    for _, competitor, cases in sides:
        ordinary = partial(cases.of, works.LATEST, competitor)
        hot = partial(_again, cases.population.hot_id)
        call = competitor.latest_successful
        entrants.append(Entrant(competitor.name, call, ordinary))
        entrants.append(Entrant(f"{competitor.name}, hot", call, hot))
    title = f"latest successful of one with {spaced(plan.hot)} actions"
    return Result(section, "hot", works.LATEST.id, title, race(entrants, plan.pace))


def _again(assignment_id: UUID, count: int) -> list[tuple[UUID]]:
    return [(assignment_id,)] * count


# -- in memory -------------------------------------------------------------------------


def in_memory(plan: Plan) -> Iterator[Result]:
    """Yield what the memory adapter costs beyond making an entity and keeping it."""
    rows = list(Population(10_000, seed=3).rows())
    plain: dict[tuple[object, UUID], Action] = {}
    repository = InMemoryActionRepository()
    recorder = ActionRecorder(InMemoryActionRepository())

    def insert(row: Row, new: UUID) -> None:
        action = row._replace(id=new).action()
        plain[action.assignment_id, action.id] = action

    def add(row: Row, new: UUID) -> None:
        repository.add(row._replace(id=new).action())

    def record(row: Row, _: UUID) -> None:
        recorder.record_success(row.assignment_id, works.TYPE)

    def arguments(count: int) -> list[tuple[Row, UUID]]:
        return [(rows[at % len(rows)], uuid4()) for at in range(count)]

    entrants = [
        Entrant("dict insert and construction", insert, arguments),
        Entrant("repository.add of the same", add, arguments),
        Entrant("recorder.record_success", record, arguments),
    ]
    times = race(entrants, plan.pace)
    yield Result("memory", "memory", "record", "record one, in memory", times)
    size = _bytes_per_action()
    sized = {"in memory": [size]}
    yield Result("memory", "bytes", "bytes per action", "bytes per action", sized)


def _bytes_per_action() -> float:
    """Return what a recorded success takes, its id and its times included."""
    ids = [uuid4() for _ in range(COUNTED // 10)]
    recorder = ActionRecorder(InMemoryActionRepository())
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(COUNTED):
            recorder.record_success(ids[number % len(ids)], works.TYPE)
        return (tracemalloc.get_traced_memory()[0] - before) / COUNTED
    finally:
        tracemalloc.stop()
