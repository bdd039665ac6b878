"""One database: everybody's store filled, every work run, answers checked first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import attrs
from sqlalchemy import URL, Engine, create_engine, event

from assignment_actions import Action, ActionRecorder, InMemoryActionRepository
from assignment_actions.adapters.sql import SqlActionRepository
from benchmarks import workloads as works
from benchmarks.checking import check_answers, check_many, check_writing
from benchmarks.extras import (
    UNREDACTED,
    FloorOneByOne,
    FloorThenOurs,
    OursByFind,
    OursOneByOne,
    OursUnredacted,
)
from benchmarks.floor_base import Floor
from benchmarks.floor_mariadb import MariadbFloor
from benchmarks.floor_postgresql import PostgresqlFloor
from benchmarks.floor_sql import STORED
from benchmarks.floor_sqlite import SqliteFloor
from benchmarks.goals import OURS
from benchmarks.measuring import Entrant, Times, race
from benchmarks.ours import InMemory, Joined, Ours
from benchmarks.peers import missing, peers_on, shapes_of
from benchmarks.plan import Plan
from benchmarks.population import PAGE, Population, Row
from benchmarks.statements import statements_of
from benchmarks.stores import a_database
from benchmarks.workloads import Cases, Competitor, Work

TABLE = "assignment_actions"
LARGE, POOL = 100_000, 2_000
IN_BULK = ("floor", OURS, UNREDACTED)
"""Who records all rows of W3; the others' cost per row does not depend on how many."""

WRITES = 20
"""A turn of writes has so many at least: the first ones find the disk disturbed."""
FLOORS: dict[str, type[Any]] = {
    "sqlite": SqliteFloor,
    "postgresql": PostgresqlFloor,
    "mariadb": MariadbFloor,
}


@attrs.frozen
class Result:
    """
    Be the times of one work: `kind` says in which table they stand.

    `statements` says how many each competitor sent for one call, where that matters.
    """

    section: str
    kind: str
    work: str
    title: str
    times: Times
    statements: Mapping[str, int] = {}


@attrs.frozen
class Store:
    """Be one database with our schema, for the floor and for this library."""

    url: URL
    repository: SqlActionRepository
    floor: Floor


@attrs.frozen
class Contest:
    """Be those who compete on one database, and what they are asked about."""

    section: str
    plan: Plan
    cases: Cases
    floor: Floor
    ours: Sequence[Competitor]
    peers: Sequence[Competitor]
    extras: Sequence[Competitor]

    def run(self) -> Iterator[Result]:
        """Yield the result of each work: reading, writing, and in bulk at last."""
        for work in works.READING:
            if self.plan.wants(work) and work.ids <= len(self.cases.pool):
                yield self._race(work, [*self.ours, *self.peers, *self.extras])
        for work in works.WRITING:
            if self.plan.wants(work):
                yield self._race(work, [*self.ours, *self.peers])
        if self.plan.wants(works.W3):
            yield self._race_in_bulk()

    def _race(self, work: Work, competitors: Iterable[Competitor]) -> Result:
        able = [one for one in competitors if work.of(one) is not None]
        if work.ids > PAGE:
            able = [one for one in able if not one.is_one_by_one]
        if work.is_writing:
            for one in able:
                check_writing(work, one)
        else:
            check_answers(work, self.floor, able, self.cases)
        everybody = (self.floor, *able)
        statements = self._statements(work, everybody) if work.is_page else {}
        entrants = [self._entrant(work, one) for one in everybody]
        times = race(entrants, self.plan.pace_of(work))
        return attrs.evolve(self._result(work, times), statements=statements)

    def _statements(self, work: Work, some: Iterable[Competitor]) -> dict[str, int]:
        counts = {}
        for one in some:
            call, (arguments,) = work.of(one), self.cases.of(work, one, 1)
            assert call is not None
            counts[one.name] = statements_of(call, *arguments)
        return counts

    def _entrant(self, work: Work, competitor: Competitor) -> Entrant:
        call = work.of(competitor)
        assert call is not None
        arguments = partial(self.cases.of, work, competitor)
        least = 0 if competitor.is_one_by_one else self.plan.pace.least
        if work.is_writing:
            least = WRITES
        renew = renewal_of(self.section, competitor)
        return Entrant(competitor.name, call, arguments, least=least, renew=renew)

    def _race_in_bulk(self) -> Result:
        rows = _rows(self.plan.many)
        actions = [row.action() for row in rows]
        able = (*self.ours, *self.peers, *self.extras)
        entrants = []
        for one in (self.floor, *able):
            if one.record_many is None:
                continue
            count = self.plan.many if one.name in IN_BULK else self.plan.many_others
            one.clear()
            entrants.append(_in_bulk(one, actions[:count], rows[:count]))
        return self._result(works.W3, race(entrants, self.plan.pace_of(works.W3)))

    def _result(self, work: Work, times: Times) -> Result:
        return Result(self.section, "main", work.id, work.title, times)


def renewal_of(section: str, competitor: Any) -> Callable[[], object] | None:
    """Return what gives a competitor a new connection, where there is a server."""
    return None if section == "sqlite" else getattr(competitor, "renew", None)


def _in_bulk(
    competitor: Competitor, actions: Sequence[Action], rows: Sequence[Row]
) -> Entrant:
    def arguments(_: int) -> list[tuple[Any, ...]]:
        return [(competitor.prepared(actions, rows),)]

    def after() -> None:
        check_many(competitor, len(actions))
        competitor.clear()

    assert competitor.record_many is not None
    call = competitor.record_many
    return Entrant(competitor.name, call, arguments, after, len(actions))


def _rows(count: int) -> list[Row]:
    return list(Population(count, seed=2).rows())


# -- filling -------------------------------------------------------------------------


def a_store(section: str, plan: Plan, stack: ExitStack, **options: str) -> Store:
    """Return a new database with our schema; the stack drops it."""
    url = stack.enter_context(a_database(section, plan.folder))
    repository = SqlActionRepository.from_url(url)
    if options:  # SQLite, synchronous off
        event.listen(repository.engine, "connect", _synchronous_off)
    stack.callback(repository.close)
    repository.create_schema()
    columns = repository.metadata.tables[TABLE].c
    assert set(STORED) <= {one.name for one in columns}, "the floor knows another table"
    floor = FLOORS[section](url, TABLE, **options)
    stack.callback(floor.close)
    return Store(url, repository, floor)


def _synchronous_off(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")


def fill(store: Store, population: Population) -> Cases:
    """Load the rows, and return what is asked about them."""
    return fill_from(store, population, population.rows())


def fill_from(store: Store, population: Population, rows: Iterable[Row]) -> Cases:
    """Load the rows of a population, and return what is asked about them."""
    before: list[Row] = []
    wanted = population.before_deepest

    def watched() -> Iterator[Row]:
        for number, row in enumerate(rows):
            if number == wanted:
                before.append(row)
            yield row

    store.floor.load(watched(), is_large=population.size >= LARGE)
    store.repository.check_schema()
    return Cases(population, population.ids[:POOL], before[0])


def a_host(store: Store, stack: ExitStack, synchronous: str = "FULL") -> Engine:
    """Return an engine as a host would make it."""
    host = create_engine(store.url)
    if synchronous == "OFF":
        event.listen(host, "connect", _synchronous_off)
    stack.callback(host.dispose)
    return host


def a_contest(section: str, plan: Plan, stack: ExitStack) -> Contest:
    """Return everybody with a full store."""
    population = Population(plan.size)
    store = a_store(section, plan, stack)
    cases = fill(store, population)
    clear = store.floor.clear
    host = a_host(store, stack)
    own = ActionRecorder(store.repository)
    hosted = ActionRecorder(SqlActionRepository(host))
    ours: list[Competitor] = [
        Ours(OURS, own, clear, store.repository.engine.dispose),
        Ours("ours, host's engine", hosted, clear, host.dispose),
        Joined("ours, joined", own, clear, host),
    ]
    extras: list[Competitor] = [
        FloorOneByOne(store.floor),
        FloorThenOurs(store.floor),
        OursOneByOne(own.history),
        OursByFind(own.history),
        OursUnredacted(store.repository, clear),
    ]
    actions = [row.action() for row in population.rows()]
    if section == "sqlite":
        memory = InMemory("ours, in memory", InMemoryActionRepository)
        memory.record_many(actions)
        ours.append(memory)
    peers: list[Any] = []
    if plan.has_peers and not missing():
        peers = peers_on(section, plan.folder, stack)
        for peer in peers:
            peer.load(actions)
        extras += shapes_of(peers)
    return Contest(section, plan, cases, store.floor, ours, peers, extras)
