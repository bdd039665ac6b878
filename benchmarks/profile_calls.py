"""
Where the time of our hottest calls goes.

`python -m benchmarks.profile_calls --database sqlite` prints for each call what it
takes beside the floor, and the functions that take it. The profiler makes every Python
function dearer by the same amount, so shares of many small ones are overstated.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import pstats
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs

from assignment_actions import ActionRecorder
from benchmarks.contest import Store, a_store, fill
from benchmarks.plan import Plan, plan_from
from benchmarks.population import PAGE, Population
from benchmarks.stores import DATABASES
from benchmarks.workloads import TYPE, Cases

SHOWN = 14
KEPT_PARTS = 3
Arguments = Sequence[tuple[Any, ...]]


@attrs.frozen
class Call:
    """Be one hot call, the floor's beside it (None: it has no such half)."""

    name: str
    ours: Callable[..., object]
    floor: Callable[..., object] | None
    arguments: Callable[[int], Arguments]


def main() -> None:
    """Fill a store, and profile each call."""
    options = _options()
    plan = plan_from(["--quick", "--folder", str(options.folder)])
    plan.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        store = _store(options.database, plan, stack)
        cases = fill(store, Population(options.size))
        for call in _calls(store, cases):
            if options.call in call.name:
                _report(call, options.calls)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--database", choices=DATABASES, default="sqlite")
    add("--call", default="", help="only calls whose name holds this")
    add("--calls", type=int, default=500, help="how often each is called")
    add("--size", type=int, default=10_000, help="actions in the store")
    add("--folder", type=Path, default=Path("build"), help="for SQLite's file")
    return parser.parse_args()


def _store(database: str, plan: Plan, stack: ExitStack) -> Store:
    """Return a store; on SQLite one that waits for no disk."""
    if database == "sqlite":
        return a_store(database, plan, stack, synchronous="OFF")
    return a_store(database, plan, stack)


def _calls(store: Store, cases: Cases) -> Iterator[Call]:
    recorder, floor = ActionRecorder(store.repository), store.floor
    history = recorder.history

    def new(count: int) -> Arguments:
        return [(uuid4(), TYPE) for _ in range(count)]

    def started(count: int) -> Arguments:
        return [(recorder.start(uuid4(), TYPE),) for _ in range(count)]

    def one(count: int) -> Arguments:
        pool = cases.pool
        return [(pool[at * 37 % len(pool)],) for at in range(count)]

    def page(count: int) -> Arguments:
        return [([*cases.pool[at : at + PAGE]],) for at in range(count)]

    yield Call("start", recorder.start, None, new)
    yield Call("succeed", recorder.succeed, None, started)
    yield Call(
        "latest_successful", history.latest_successful, floor.latest_successful, one
    )
    yield Call(
        f"latest_successful_of {PAGE}",
        history.latest_successful_of,
        floor.latest_of_page,
        page,
    )
    yield Call(f"timelines {PAGE}", history.timelines, floor.timelines_of_page, page)


def _report(call: Call, count: int) -> None:
    ours = _usual(call.ours, call.arguments(count))
    told = f"{call.name}: {ours:.1f} µs"
    if call.floor is not None:
        floor = _usual(call.floor, call.arguments(count))
        told += f", the floor {floor:.1f} µs, ratio {ours / floor:.2f}"
    print(f"\n{told}")
    arguments = call.arguments(count)
    profile = cProfile.Profile()
    with profile:
        for one in arguments:
            call.ours(*one)
    _table(profile, count)


def _usual(call: Callable[..., object], arguments: Arguments) -> float:
    """Return the median of some calls in microseconds, the collector off."""
    spent = []
    gc.disable()
    try:
        for one in arguments:
            start = time.perf_counter()
            call(*one)
            spent.append(time.perf_counter() - start)
    finally:
        gc.enable()
    return statistics.median(spent) * 1e6


def _table(profile: cProfile.Profile, count: int) -> None:
    found = pstats.Stats(profile).stats  # type: ignore[attr-defined]  # not in its stub
    total = sum(own for _, _, own, _, _ in found.values())
    rows = sorted(found.items(), key=lambda item: -item[1][2])
    print(f"  {'share':>6} {'with':>6} {'calls':>7}  profiled, by own time")
    for place, (_, calls, own, cumulative, _) in rows[:SHOWN]:
        shares = f"{own / total:>6.1%} {cumulative / total:>6.1%}"
        print(f"  {shares} {calls / count:>7.1f}  {_name(*place)}")


def _name(file: str, line: int, function: str) -> str:
    if file == "~":
        return function.strip("<>").partition(" at 0x")[0]
    path = "/".join(Path(file).parts[-KEPT_PARTS:])
    return f"{path}:{line} {function}"


if __name__ == "__main__":
    main()
