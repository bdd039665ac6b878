"""
`record_many` from a generator: its rate, and the memory it takes above the start.

Each run is a fresh process, since a process never forgets its peak.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

from sqlalchemy import make_url

from assignment_actions import ActionRecorder
from assignment_actions.adapters.sql import SqlActionRepository
from benchmarks.checking import WrongAnswerError
from benchmarks.contest import FLOORS, TABLE, Result, Store, a_store
from benchmarks.extras import UNREDACTED
from benchmarks.goals import OURS, PEAK, STREAMED
from benchmarks.machine import peak_memory
from benchmarks.measuring import Stream
from benchmarks.plan import Plan
from benchmarks.population import Population
from benchmarks.wording import spaced

FLOOR, TENTH = "floor", "ours, a tenth of them"
WHO = (FLOOR, OURS, UNREDACTED)
WARM = 100
"""So many are recorded first: imports and connections are no part of the peak."""


def streamed(section: str, plan: Plan) -> Iterator[Result]:
    """
    Yield the seconds per row, and the bytes above the start.

    Raises:
        AbsentError: its server cannot be reached.
    """
    order, source = list(WHO), random.Random(0)  # noqa: S311  # an order
    times: dict[str, list[float]] = {one: [] for one in order}
    peaks: dict[str, list[float]] = {one: [] for one in (*order, TENTH)}
    with ExitStack() as stack:
        store = a_store(section, plan, stack)
        for _ in range(plan.streams):
            source.shuffle(order)
            for who in order:
                seconds, peak = _run(section, store, who, plan.streamed)
                times[who].append(seconds / plan.streamed)
                peaks[who].append(peak)
        _, peak = _run(section, store, OURS, plan.streamed // 10)
        peaks[TENTH].append(peak)
    title = f"{spaced(plan.streamed)} from a generator, per row"
    yield Result(section, "streamed", STREAMED, title, times)
    title = f"memory above the start, {spaced(plan.streamed)} from a generator"
    yield Result(section, "peak", PEAK, title, peaks)


def _run(section: str, store: Store, who: str, rows: int) -> tuple[float, float]:
    """Return seconds, without those that making the rows took, and bytes."""
    store.floor.clear()
    asked = json.dumps([section, _url(store), who, rows])
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bulk"],
        input=asked,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = store.floor.count()
    if found != rows + WARM:
        raise WrongAnswerError(f"{who}: {found} rows, not {rows + WARM}")
    store.floor.clear()
    seconds, peak = json.loads(done.stdout)
    return seconds, peak


def _url(store: Store) -> str:
    return store.url.render_as_string(hide_password=False)


def main() -> None:
    """Record what standard input asks for; print seconds and bytes."""
    section, url, who, rows = json.load(sys.stdin)
    with ExitStack() as stack:
        record = _recorder(section, url, who, stack)
        record(_population(WARM, seed=3))
        many = _population(rows, seed=2)
        start_bytes, start = peak_memory(), time.perf_counter()
        making = record(many)
        seconds = time.perf_counter() - start - making
        print(json.dumps([seconds, peak_memory() - start_bytes]))


def _population(size: int, seed: int) -> Population:
    population = Population(size, seed=seed)
    assert population.ids
    return population


def _recorder(
    section: str, url: str, who: str, stack: ExitStack
) -> Callable[[Population], float]:
    """Return what records a population, and says what making the rows took."""
    if who == FLOOR:
        floor = FLOORS[section](make_url(url), TABLE)
        stack.callback(floor.close)
        return lambda some: _through(floor.record_many, floor.forms(some.rows()))
    repository = SqlActionRepository.from_url(url)
    stack.callback(repository.close)
    recorder = ActionRecorder(repository)
    if who == UNREDACTED:
        recorder = ActionRecorder(repository, redact=None)
    return lambda some: _through(
        recorder.record_many, (row.action() for row in some.rows())
    )


def _through(record: Callable[[Any], object], items: Iterable[Any]) -> float:
    stream = Stream(items)
    record(stream)
    return stream.seconds


if __name__ == "__main__":
    main()
