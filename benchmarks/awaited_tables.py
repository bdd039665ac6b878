"""The tables of what waiting costs, and of what it is for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.at_once import ALONE, THREADS
from benchmarks.contest import Result
from benchmarks.goals import OURS
from benchmarks.measuring import Spread, ratio
from benchmarks.tables import NONE, table
from benchmarks.wording import duration, told

BY_HAND = "floor, "


def of_async(results: Sequence[Result]) -> str:
    """Return both tables, empty where nothing was measured."""
    parts = []
    awaited = [row for one in results for row in _awaited(one)]
    if awaited:
        head = (
            *("work", "where", "through", "floor", "ours to it"),
            *("async floor to the floor", "async ours to the async floor"),
            "async ours to ours",
        )
        parts.append(f"One at a time:\n\n{table(head, awaited)}")
    crowds = [row for one in results for row in _at_once(one)]
    if crowds:
        columns = (
            *("recordings", "where", "through", "takes, each"),
            *("to the async floor", f"to {ALONE}", f"to {THREADS}"),
        )
        parts.append(f"Many at once, 5 connections:\n\n{table(columns, crowds)}")
    return "\n".join(["## async\n", *parts]) if parts else ""


def drivers_of(result: Result) -> list[str]:
    """Return the async drivers that a result tells of."""
    own = f"{OURS}, "
    return [name.removeprefix(own) for name in result.times if name.startswith(own)]


def _awaited(result: Result) -> Iterator[Sequence[str]]:
    """Yield a row for each driver."""
    if result.kind != "awaited":
        return
    times, title = result.times, f"{result.work}: {result.title}"
    for driver in drivers_of(result):
        own, hand = f"{OURS}, {driver}", f"{BY_HAND}{driver}"
        to_ours = told(ratio(times, own, OURS))
        to_floor: Sequence[str] = [NONE] * 4
        if hand in times:
            to_floor = [
                duration(Spread.of(times["floor"]).median),
                told(ratio(times, OURS, "floor")),
                told(ratio(times, hand, "floor")),
                told(ratio(times, own, hand)),
            ]
        yield title, result.section, driver, *to_floor, to_ours


def _at_once(result: Result) -> Iterator[Sequence[str]]:
    if result.kind != "at once":
        return
    times = result.times
    for driver in drivers_of(result):
        own = f"{OURS}, {driver}"
        bases = (f"{BY_HAND}{driver}", ALONE, THREADS)
        took = duration(Spread.of(times[own]).median)
        ratios = [told(ratio(times, own, base)) for base in bases]
        yield result.title, result.section, driver, took, *ratios
