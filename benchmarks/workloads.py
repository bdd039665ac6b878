"""The works W1 to W7, and what whoever competes in them can do."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol
from uuid import UUID, uuid4

import attrs

from assignment_actions import Action
from assignment_actions.openedx import AssignmentFacts
from benchmarks.population import PAGE, Population, Row

TYPE = "notified"
"""The action type of everything that is written for the clock."""

Ids = Sequence[UUID]
Facts = Mapping[UUID, AssignmentFacts]


class Competitor(Protocol):
    """
    Do the works in one way; what it cannot do, or nobody would do so, is None.

    What a question returns may be of any kind: `identify` names the action of one.
    A mapping by assignment may leave out those without an answer.
    """

    name: str

    @property
    def is_one_by_one(self) -> bool:
        """Tell whether a page is asked about by one query after another."""

    @property
    def start_and_succeed(self) -> Callable[[UUID], object] | None:
        """Store that something begins, then that it succeeded, each durably."""

    @property
    def record_success(self) -> Callable[[UUID], object] | None:
        """Store one action that has succeeded."""

    @property
    def record_many(self) -> Callable[[Any], object] | None:
        """Store what `prepared` returned."""

    @property
    def latest_successful(self) -> Callable[[UUID], Any] | None:
        """Return the latest success of one assignment."""

    @property
    def timeline(self) -> Callable[[UUID], Any] | None:
        """Return the actions of one assignment in order."""

    @property
    def failures(self) -> Callable[[UUID], Any] | None:
        """Return the failures of one assignment in order."""

    @property
    def latest_of_page(self) -> Callable[[Ids], Any] | None:
        """Return the latest success of each of many assignments."""

    @property
    def timelines_of_page(self) -> Callable[[Ids], Any] | None:
        """Return the actions of each of many assignments in order."""

    @property
    def summaries(self) -> Callable[[Facts], Any] | None:
        """Return what an Open edX assignment page shows of many assignments."""

    @property
    def page(self) -> Callable[[int, Any], Any] | None:
        """Return the newest actions before a place that `place` made, or all."""

    def place(self, row: Row, /) -> Any:
        """Return the place right after an action; not for the clock."""

    def prepared(self, actions: Sequence[Action], rows: Sequence[Row], /) -> Any:
        """Return what is to be recorded in its own form; not for the clock."""

    def clear(self) -> None:
        """Remove everything; not for the clock."""

    def count(self) -> int:
        """Return how many actions are stored; not for the clock."""

    def identify(self, found: Any, /) -> UUID:
        """Return the id of an action in its own form."""


class Without:
    """Have none of the works, for competitors that do only some of them."""

    is_one_by_one: bool = False
    start_and_succeed: Any = None
    record_success: Any = None
    record_many: Any = None
    latest_successful: Any = None
    timeline: Any = None
    failures: Any = None
    latest_of_page: Any = None
    timelines_of_page: Any = None
    summaries: Any = None
    page: Any = None


Asks = Literal["new", "many", "one", "some", "facts", "newest", "deep"]
"""What a work is given: see `cases`."""


@attrs.frozen
class Work:
    """Be one row of the table: which method is called, with what."""

    id: str
    title: str
    method: str
    asks: Asks
    ids: int = 1

    @property
    def is_page(self) -> bool:
        """Tell whether it asks about a page of assignments at once."""
        return self.ids == PAGE

    @property
    def is_writing(self) -> bool:
        """Tell whether every call needs something new to write."""
        return self.asks == "new"

    def of(self, competitor: Competitor) -> Callable[..., Any] | None:
        """Return the competitor's method, None where it has none."""
        found: Callable[..., Any] | None = getattr(competitor, self.method)
        return found


W1 = Work("W1", "start + succeed", "start_and_succeed", "new")
W1_CPU = Work("W1 CPU", "the same, synchronous off", "start_and_succeed", "new")
W2 = Work("W2", "record one success", "record_success", "new")
W3 = Work("W3", "record many, per row", "record_many", "many")
LATEST = Work("W4 latest", "latest successful of one", "latest_successful", "one")
FAILURES = Work("W4 failures", "failures of one", "failures", "one")
TIMELINE = Work("W4 timeline", "timeline of one", "timeline", "one")
LATEST_100 = Work("W5 100", "latest successful of 100", "latest_of_page", "some", 100)
LATEST_1000 = Work(
    "W5 1000", "latest successful of 1 000", "latest_of_page", "some", 1_000
)
TIMELINES = Work("W6 timelines", "timelines of 100", "timelines_of_page", "some", 100)
SUMMARIES = Work("W6 summaries", "Open edX page of 100", "summaries", "facts", 100)
NEWEST = Work("W7 newest", "newest 100 of all", "page", "newest")
DEEP = Work("W7 deep", "100 at the far end of all", "page", "deep")

READING = (
    *(LATEST, FAILURES, TIMELINE, LATEST_100, LATEST_1000),
    *(TIMELINES, SUMMARIES, NEWEST, DEEP),
)
WRITING = (W1, W2)
ALL = (W1, W1_CPU, W2, W3, *READING)


@attrs.frozen
class Cases:
    """
    Make the arguments of the calls for one population.

    `pool` are the assignments asked about, some thousands at most: the same in every
    round and for everybody, so that what is measured is warm. `before` is the last
    action before the deepest page.
    """

    population: Population
    pool: Ids
    before: Row

    def of(self, work: Work, competitor: Competitor, count: int) -> list[Any]:
        """Return `count` argument lists; the same for the same competitor's kind."""
        if work.asks == "newest":
            return [(PAGE, None)] * count
        if work.asks == "deep":
            return [(PAGE, competitor.place(self.before))] * count
        return [self._arguments(work, number) for number in range(count)]

    def _arguments(self, work: Work, number: int) -> tuple[Any, ...]:
        if work.is_writing:
            return (uuid4(),)
        source = random.Random(number)  # noqa: S311  # reproducible
        if work.asks == "one":
            return (source.choice(self.pool),)
        ids = source.sample(self.pool, min(work.ids, len(self.pool)))
        return (self.population.facts(ids),) if work.asks == "facts" else (ids,)
