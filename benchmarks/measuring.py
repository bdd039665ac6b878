"""Interleaved rounds: everybody does the same work, in another order each round."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

Arguments = Sequence[tuple[Any, ...]]

LEAST_CALLS, MOST_CALLS = 3, 200
PREPARING = 16
"""After so many calls psycopg has prepared a statement, PostgreSQL its plan."""


@attrs.frozen
class Pace:
    """Say how many rounds there are, and how long one competitor's turn takes."""

    rounds: int
    seconds: float
    least: int = LEAST_CALLS
    """A turn of reading has so many calls at least, however long they take."""


def spent_on(call: Callable[..., object], arguments: Arguments) -> list[float]:
    """Return the seconds of each call."""
    clock, spent = time.perf_counter, []
    for one in arguments:
        start = clock()
        call(*one)
        spent.append(clock() - start)
    return spent


@attrs.frozen
class Entrant:
    """
    Be one competitor in one work.

    Args:
        name: in the table.
        call: what is measured.
        arguments: makes those of so many calls; not for the clock.
        after: called after each turn, not for the clock.
        rows: a figure is divided by it. A work on many rows has one call a turn.
        least: how many calls a turn has at least, however long they take.
        renew: takes a new connection to a server before each turn: on which processor
            the server's end of one happens to live makes up to a factor of two.
        spent: makes the calls and takes their times; for coroutines it awaits them.
    """

    name: str
    call: Callable[..., object]
    arguments: Callable[[int], Arguments]
    after: Callable[[], object] | None = None
    rows: int = 1
    least: int = LEAST_CALLS
    renew: Callable[[], object] | None = None
    spent: Callable[[Callable[..., Any], Arguments], list[float]] = spent_on


Times = Mapping[str, Sequence[float]]
"""The median seconds of a call in each round, by competitor."""


@attrs.frozen
class Spread:
    """Be a median between its quartiles."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of some rounds."""
        if len(values) < 2:
            return cls(values[0], values[0], values[0])
        return cls(*statistics.quantiles(values, n=4, method="inclusive"))


@attrs.define
class Stream:
    """Yield items, and add up what making them has taken."""

    items: Iterable[Any]
    seconds: float = 0.0

    def __iter__(self) -> Iterator[Any]:
        """Yield each item."""
        items, clock, end = iter(self.items), time.perf_counter, object()
        while True:
            start = clock()
            item = next(items, end)
            self.seconds += clock() - start
            if item is end:
                return
            yield item


def ratio(times: Times, name: str, base: str) -> Spread:
    """Return one competitor's figure to another's of the same round."""
    pairs = zip(times[name], times[base], strict=True)
    return Spread.of([own / other for own, other in pairs])


def race(entrants: Sequence[Entrant], pace: Pace) -> Times:
    """
    Let all do their work in shuffled turns, the garbage collector off in each.

    A turn begins with a call that is not counted, or with as many as a server needs to
    know a new connection's statements; its figure is the median of the
    others, so that what a neighbour on this machine disturbs does not count. The
    price: what only one call in many has to pay, as SQLite's checkpoint, does not count
    either, for anybody.
    """
    order, source = list(entrants), random.Random(0)  # noqa: S311  # an order
    calls = {one.name: _calls(one, pace) for one in order}
    times: dict[str, list[float]] = {one.name: [] for one in order}
    gc.collect()
    gc.freeze()
    for _ in range(pace.rounds):
        source.shuffle(order)
        for entrant in order:
            times[entrant.name].append(_turn(entrant, calls[entrant.name]))
        gc.collect()
    gc.unfreeze()
    return times


def _calls(entrant: Entrant, pace: Pace) -> int:
    """Return how many calls fill a turn; 0 for one so long that none is left out."""
    if entrant.rows > 1:
        return 0
    usual = statistics.median(entrant.spent(entrant.call, entrant.arguments(3)))
    return max(entrant.least, min(MOST_CALLS, int(pace.seconds / usual)))


def _turn(entrant: Entrant, calls: int) -> float:
    cold = 1
    if entrant.renew is not None and calls:
        entrant.renew()
        cold = PREPARING
    arguments = entrant.arguments(calls + cold)
    gc.disable()
    try:
        spent = entrant.spent(entrant.call, arguments)
    finally:
        gc.enable()
    if entrant.after is not None:
        entrant.after()
    return statistics.median(spent[cold:] or spent) / entrant.rows
