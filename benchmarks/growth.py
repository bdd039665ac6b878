"""How cost grows with what is stored: questions, a hot assignment, pages, loading."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID

import attrs

from assignment_actions import ActionRecorder
from benchmarks import workloads as works
from benchmarks.checking import check_answers
from benchmarks.contest import Result, Store, a_store, fill_from, renewal_of
from benchmarks.goals import DEEPEST_PAGE, FIRST_PAGE, OURS
from benchmarks.measuring import Entrant, Stream, race
from benchmarks.ours import Ours
from benchmarks.plan import Plan
from benchmarks.population import PAGE, Population
from benchmarks.wording import spaced
from benchmarks.workloads import Cases, Work

GROWING = (works.LATEST, works.FAILURES, works.TIMELINE, works.LATEST_100)
LOADED = "floor, into an empty store"
ADDING = 3
"""So many rounds record into the full store."""


@attrs.frozen
class Side:
    """Be one who answers about one population."""

    section: str
    competitor: Any
    cases: Cases

    def entrant(self, work: Work, name: str) -> Entrant:
        """Return the entrant of a work."""
        call = work.of(self.competitor)
        assert call is not None
        arguments = partial(self.cases.of, work, self.competitor)
        renew = renewal_of(self.section, self.competitor)
        return Entrant(name, call, arguments, renew=renew)


def growth(section: str, plan: Plan) -> Iterator[Result]:
    """Ask stores of all sizes in the same rounds; then go on in the largest."""
    with ExitStack() as stack:
        sides: list[tuple[int, Side]] = []
        sizes = plan.sizes_on(section)
        for size in sizes:
            hot = plan.hot if size == sizes[-1] else 0
            population = Population(size, hot)
            store, loading = a_store(section, plan, stack), Loading(population)
            cases = loading.into(store)
            recorder = ActionRecorder(store.repository)
            renew = store.repository.engine.dispose
            ours = Ours(OURS, recorder, store.floor.clear, renew)
            sides += [(size, Side(section, one, cases)) for one in (store.floor, ours)]
        yield from loading.results(section, store)
        for work in filter(plan.wants, GROWING):
            for (_, floor), (_, own) in zip(sides[::2], sides[1::2], strict=True):
                check_answers(work, floor.competitor, [own.competitor], own.cases)
            entrants = [
                side.entrant(work, f"{side.competitor.name}@{size}")
                for size, side in sides
            ]
            times = race(entrants, plan.pace)
            yield Result(section, "growth", work.id, work.title, times)
        largest = [side for _, side in sides[-2:]]
        if plan.wants(works.LATEST):
            yield _hot(section, plan, largest)
        if plan.wants(works.DEEP):
            yield _pages(section, plan, largest)
        if plan.wants(works.W3):
            yield _adding(section, plan, largest)


def _hot(section: str, plan: Plan, sides: Sequence[Side]) -> Result:
    entrants = []
    for side in sides:
        ordinary = side.entrant(works.LATEST, side.competitor.name)
        hot = partial(_again, side.cases.population.hot_id)
        name = f"{ordinary.name}, hot"
        entrants += [ordinary, attrs.evolve(ordinary, name=name, arguments=hot)]
    title = f"latest successful of one with {spaced(plan.hot)} actions"
    return Result(section, "hot", works.LATEST.id, title, race(entrants, plan.pace))


def _again(assignment_id: UUID, calls: int) -> list[tuple[UUID]]:
    return [(assignment_id,)] * calls


def _pages(section: str, plan: Plan, sides: Sequence[Side]) -> Result:
    """Read the first page, and one that is reached by its cursor, not by walking."""
    floor, own = sides
    check_answers(works.DEEP, floor.competitor, [own.competitor], own.cases)
    entrants = [
        side.entrant(work, f"{side.competitor.name}, {page}")
        for side in sides
        for work, page in ((works.NEWEST, FIRST_PAGE), (works.DEEP, DEEPEST_PAGE))
    ]
    page = spaced(own.cases.population.deepest_page)
    title = f"page {page} of {PAGE} against page 1"
    return Result(section, "pages", works.DEEP.id, title, race(entrants, plan.pace))


def _adding(section: str, plan: Plan, sides: Sequence[Side]) -> Result:
    """Record into the full store, whose indexes are in place."""
    rows = max(plan.many_others, PAGE)
    entrants = [
        Entrant(
            side.competitor.name,
            side.competitor.record_many,
            partial(_new, side.competitor, rows, count(start)),
            rows=rows,
        )
        for start, side in zip((1_000, 2_000), sides, strict=True)
    ]
    times = race(entrants, attrs.evolve(plan.pace, rounds=ADDING))
    size = spaced(sides[0].cases.population.size)
    title = f"{spaced(rows)} at a time into {size}, per row"
    return Result(section, "adding", works.W3.id, title, times)


def _new(competitor: Any, rows: int, seeds: Iterator[int], _: int) -> list[Any]:
    """Return what was never recorded before."""
    some = list(Population(rows, seed=next(seeds)).rows())
    return [(competitor.prepared([row.action() for row in some], some),)]


@attrs.define
class Loading:
    """Fill a store by the floor's loader, and know how long it took."""

    population: Population
    seconds: float = 0.0
    bytes: int = 0

    def into(self, store: Store) -> Cases:
        """Fill a store; return what is asked about it."""
        rows, start = Stream(self.population.rows()), time.perf_counter()
        cases = fill_from(store, self.population, rows)
        self.seconds = time.perf_counter() - start - rows.seconds
        self.bytes = store.floor.size()
        return cases

    def results(self, section: str, store: Store) -> Iterator[Result]:
        """Yield seconds per row without those of making the rows, and bytes."""
        rows = store.floor.count()
        title = f"{spaced(rows)} actions by the floor's loader, per row"
        times = {LOADED: [self.seconds / rows]}
        yield Result(section, "loading", "load", title, times)
        title = "bytes per action on disk, indexes included"
        sizes = {"on disk": [self.bytes / rows]}
        yield Result(section, "size", "size", title, sizes)
