"""What the floors do alike: one open connection, SQL by hand, nothing checked."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any
from uuid import UUID

import attrs

from assignment_actions import Action
from assignment_actions.openedx import AssignmentSummary
from benchmarks.floor import stored
from benchmarks.floor_sql import FloorSql
from benchmarks.floor_summaries import Forms, summary_of
from benchmarks.population import Row, version7
from benchmarks.workloads import Facts, Ids

LOAD_BATCH = 500_000
"""Large, since each transaction writes most pages of an index on random keys."""

_source = random.Random()  # noqa: S311  # ids need not be secret

Run = Callable[..., Any]
"""Execute a text with parameters; return what has fetchone, fetchall, rowcount."""


@attrs.frozen(kw_only=True)
class Dialect(Forms):
    """Say how one database keeps ids and times, and how its rows become actions."""

    put_id: Callable[[UUID], Any]
    get_id: Callable[[Any], UUID]
    now: Callable[[], Any]
    later: Any
    """What is added to a time to be an hour later."""
    load_success: Callable[[UUID, Sequence[Any]], Action]


def new_id() -> int:
    """Return the number of a UUID version 7 of the present."""
    return version7(time.time_ns() // 1000, _source)


class Floor:
    """
    Do every work with the fewest steps that a careful hand would take.

    A database's own module says how it runs a text, fills the table, and asks about
    many ids at once.
    """

    name = "floor"
    indexes = ""
    """Asks for the names and the definitions of a table's indexes."""
    is_one_by_one: bool = False
    renew: Callable[[], object] | None = None
    """Goes on with a new connection to a server."""

    def __init__(self, run: Run, sql: FloorSql, dialect: Dialect, older: str) -> None:
        self._run = run
        self.sql = sql
        self.dialect = dialect
        self._put_id = dialect.put_id
        self._begin, self._succeed, self._record = sql.begin, sql.succeed, sql.record
        self._latest, self._timeline = sql.latest, sql.timeline
        self._failures = sql.failures
        self._newest, self._older = sql.newest(), sql.newest(f"WHERE {older}")

    # -- left to the database ----------------------------------------------------------

    def record_many(self, rows: Iterable[tuple[Any, ...]], /) -> object:
        """Insert raw tuples in the driver's fastest way."""
        raise NotImplementedError

    def new_id(self) -> Any:
        """Return the next id in its stored form."""
        raise NotImplementedError

    def latest_rows(self, keys: Sequence[Any], /) -> Iterable[Sequence[Any]]:
        """Return the rows of `SUCCESS` and the assignment, by one statement."""
        raise NotImplementedError

    def timeline_rows(self, keys: Sequence[Any], /) -> Iterable[Sequence[Any]]:
        """Return the rows of `LISTED` and the assignment, by one statement."""
        raise NotImplementedError

    def page_question(self, keys: Sequence[Any], /) -> tuple[str, Sequence[Any]]:
        """Return the text of `timeline_rows` and its values, for other drivers too."""
        raise NotImplementedError

    def clear(self) -> None:
        """Empty the table."""
        raise NotImplementedError

    def size(self) -> int:
        """Return how many bytes the table takes on the disk, indexes included."""
        raise NotImplementedError

    def settle(self) -> None:
        """Let the database tidy up after loading, so that the clock sees none of it."""

    # -- writing -----------------------------------------------------------------------

    def start_and_succeed(self, assignment_id: UUID, /) -> None:
        """Insert, then update if still open; both commit by themselves."""
        dialect = self.dialect
        key, new, now = self._put_id(assignment_id), self.new_id(), dialect.now()
        self._run(self._begin, (key, new, now, now + dialect.later))
        done = self._run(self._succeed, (dialect.now(), key, new)).rowcount
        assert done == 1

    def record_success(self, assignment_id: UUID, /) -> None:
        """Insert one row, which commits by itself."""
        now = self.dialect.now()
        key = self._put_id(assignment_id)
        self._run(self._record, (key, self.new_id(), now, now))

    # -- reading -----------------------------------------------------------------------

    def latest_successful(self, assignment_id: UUID, /) -> Action | None:
        """Read one row by its index."""
        row = self._run(self._latest, (self._put_id(assignment_id),)).fetchone()
        return None if row is None else self.dialect.load_success(assignment_id, row)

    def timeline(self, assignment_id: UUID, /) -> list[Action]:
        """Read one assignment in order."""
        load = self.dialect.load
        rows = self._run(self._timeline, (self._put_id(assignment_id),)).fetchall()
        return [load(assignment_id, row) for row in rows]

    def failures(self, assignment_id: UUID, /) -> list[Action]:
        """Read one assignment's failures in order."""
        load = self.dialect.load
        rows = self._run(self._failures, (self._put_id(assignment_id),)).fetchall()
        return [load(assignment_id, row) for row in rows]

    def latest_of_page(self, ids: Ids, /) -> dict[UUID, Action]:
        """Look every id up inside one statement."""
        put_id, load = self._put_id, self.dialect.load_success
        own = {put_id(one): one for one in ids}
        rows = self.latest_rows(list(own))
        return {(key := own[row[10]]): load(key, row) for row in rows}

    def timelines_of_page(self, ids: Ids, /) -> dict[UUID, list[Action]]:
        """Read many assignments in order by one statement."""
        put_id, load = self._put_id, self.dialect.load
        own = {put_id(one): one for one in ids}
        found: dict[UUID, list[Action]] = {one: [] for one in ids}
        for row in self.timeline_rows(list(own)):
            key = own[row[16]]
            found[key].append(load(key, row))
        return found

    def summaries(self, facts: Facts, /) -> Mapping[UUID, AssignmentSummary]:
        """Read the same rows, and walk over them without making entities."""
        put_id = self._put_id
        own = {put_id(one): one for one in facts}
        rows: dict[Any, list[Any]] = {key: [] for key in own}
        for row in self.timeline_rows(list(own)):
            rows[row[16]].append(row)
        now = datetime.now(UTC)
        return {
            one: summary_of(one, rows[key], facts[one], now, self.dialect)
            for key, one in own.items()
        }

    def page(self, limit: int, place: Any, /) -> list[Action]:
        """Read the newest rows, or those before a place."""
        text = self._newest if place is None else self._older
        rows = self._run(text, (*(place or ()), limit)).fetchall()
        get_id, load = self.dialect.get_id, self.dialect.load
        return [load(get_id(row[16]), row) for row in rows]

    # -- not for the clock -------------------------------------------------------------

    def load(self, rows: Iterable[Row], /, *, is_large: bool = False) -> None:
        """Fill the table; a large one while its indexes are away."""
        forms = iter(self.forms(rows))
        with self.without_indexes() if is_large else nullcontext():
            for first in forms:
                self.record_many(chain((first,), islice(forms, LOAD_BATCH - 1)))
        self.settle()

    @contextmanager
    def without_indexes(self) -> Iterator[None]:
        """Drop what can be made again afterwards, and make it again."""
        indexes = self._run(self.indexes, (self.sql.table,)).fetchall()
        for name, _ in indexes:
            self._run(f"DROP INDEX {name}")
        yield
        for _, definition in indexes:
            self._run(definition)

    def prepared(self, _: Sequence[Action], rows: Sequence[Row], /) -> Any:
        """Return raw tuples."""
        return list(self.forms(rows))

    def forms(self, rows: Iterable[Row], /) -> Iterator[tuple[Any, ...]]:
        """Yield raw tuples."""
        put_id, put_time = self._put_id, self.dialect.put_time
        return (stored(row, put_id, put_time) for row in rows)

    def place(self, row: Row, /) -> Any:
        """Return the key of the page's index."""
        return self.dialect.put_time(row.created_at), self._put_id(row.id)

    def count(self) -> int:
        """Count the rows."""
        text = f"SELECT COUNT(*) FROM {self.sql.table}"  # noqa: S608  # our own table
        return int(self._run(text, ()).fetchone()[0])

    def identify(self, found: Action, /) -> UUID:
        """Return the id."""
        return found.id
