"""The parts of a run: each database, how cost grows on it, and the memory adapter."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import count, islice
from typing import Any
from uuid import UUID, uuid4

from assignment_actions import Action, ActionRecorder, InMemoryActionRepository
from assignment_actions.adapters.sql import SqlActionRepository
from benchmarks import workloads as works
from benchmarks.at_once import WORK
from benchmarks.awaiting import AWAITED, awaiting, awaiting_in_memory
from benchmarks.bulk import streamed
from benchmarks.capture import every_case
from benchmarks.contest import WRITES, Result, a_contest, a_host, a_store, fill
from benchmarks.goals import CAPTURED, OURS, PYTHON
from benchmarks.growth import GROWING, growth
from benchmarks.measuring import Entrant, race
from benchmarks.ours import MICROSECOND, Joined, Ours
from benchmarks.peers import missing, peers_on
from benchmarks.plan import Plan
from benchmarks.population import Population, Row

COUNTED = 20_000
ANSWERED: Sequence[works.Work | str] = (*AWAITED, works.W3, WORK)
"""What the async part answers to."""


def on_database(section: str, plan: Plan) -> Iterator[Result]:
    """
    Yield everything about one database.

    Raises:
        AbsentError: its server cannot be reached.
    """
    if "contest" in plan.parts and any(map(plan.wants, works.ALL)):
        with ExitStack() as stack:
            yield from a_contest(section, plan, stack).run()
        if section == "sqlite" and plan.wants(works.W1_CPU):
            yield _without_waiting(plan)
    if "growth" in plan.parts and any(map(plan.wants, (*GROWING, works.DEEP))):
        yield from growth(section, plan)
    if "streamed" in plan.parts and plan.wants(works.W3):
        yield from streamed(section, plan)
    if "async" in plan.parts and any(map(plan.wants, ANSWERED)):
        yield from awaiting(section, plan)


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


# -- in memory -------------------------------------------------------------------------


def in_memory(plan: Plan) -> Iterator[Result]:
    """Yield what the memory adapter costs beyond making an entity and keeping it."""
    rows = list(Population(10_000, seed=3).rows())
    plain: dict[tuple[object, UUID], Action] = {}
    repository = InMemoryActionRepository()
    recorder = ActionRecorder(InMemoryActionRepository())

    stream = _in_order_of_time(rows)

    def insert(row: Row) -> None:
        action = row.action()
        plain[action.assignment_id, action.id] = action

    def add(row: Row) -> None:
        repository.add(row.action())

    def record(row: Row) -> None:
        recorder.record_success(row.assignment_id, works.TYPE)

    def arguments(count: int) -> list[tuple[Row]]:
        return [(row,) for row in islice(stream, count)]

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
    if "async" in plan.parts:
        yield from awaiting_in_memory(plan)


def _in_order_of_time(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield these again and again, each time later and as others."""
    latest = rows[-1].created_at
    for number in count(1):
        row = rows[number % len(rows)]
        at = latest + number * MICROSECOND
        yield row._replace(id=uuid4(), created_at=at)


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


def capturing(plan: Plan) -> Iterator[Result]:
    """Yield what capturing a failure costs, beside Python's own traceback of it."""
    for depth, frames, rounds in every_case(plan.pace.rounds):
        times = {
            PYTHON: [one.python for one in rounds],
            CAPTURED: [one.plain for one in rounds],
            f"{CAPTURED}, redacted": [one.redacted for one in rounds],
        }
        title = f"failure at depth {depth}, {frames} frames"
        yield Result("capture", "capture", f"{depth} {frames}", title, times)
