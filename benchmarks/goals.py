"""The goals, as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal

import attrs

from benchmarks import capture
from benchmarks import workloads as works

Kind = Literal[
    "floor",
    "peer",
    "growth",
    "hot",
    "pages",
    "peak",
    "memory",
    "bytes",
    "capture",
]

OURS = "ours"
DJANGO, HISTORY, AUDITLOG = "Django", "+ simple-history", "+ auditlog"
ONE_BY_ONE = "Django, one query per assignment"
STREAMED, PEAK = "W3 streamed", "W3 peak"
FIRST_PAGE, DEEPEST_PAGE = "page 1", "deepest page"
MEGABYTE = 1_000_000

PYTHON, CAPTURED = "traceback.format_exception", "Failure.from_exception"

DATABASES = ("sqlite", "postgresql", "mariadb")


@attrs.frozen
class Goal:
    """
    Be one goal: at most `limit`, or at least where it is about a peer.

    `floor`: our own engine's time to the floor's. `peer`: the peer's time to ours.
    `growth`: the largest population's time to the smallest's. `hot`: a hot assignment's
    to an ordinary one's. `pages`: the deepest page's to the first one's. `peak`: bytes
    above the start. `capture`: ours to `traceback.format_exception`.
    """

    kind: Kind
    work: str
    database: str
    limit: float
    against: str = "floor"

    @property
    def is_least(self) -> bool:
        """Tell whether more is better."""
        return self.kind == "peer"

    def is_met_by(self, measured: float) -> bool:
        """Tell whether it is met."""
        if self.is_least:
            return measured >= self.limit
        return measured <= self.limit


_TO_FLOOR: Mapping[tuple[float, float, float], tuple[works.Work, ...]] = (
    MappingProxyType(
        {
            (1.20, 1.15, 1.15): (works.W1, works.W2),
            (1.6, 1.2, 1.5): (works.W3,),
            (1.8, 1.3, 1.3): (works.LATEST, works.FAILURES, works.TIMELINE),
            (2.0, 1.3, 1.4): (works.LATEST_100, works.LATEST_1000),
            (2.2, 1.5, 1.5): (works.TIMELINES, works.SUMMARIES),
        }
    )
)
_GROWTH = (2.0, 1.5, 2.0)
_HOT = (2.0, 2.0, 2.0)
_TO_PEERS = (
    (works.W1, DJANGO, 1.7),
    (works.W1, HISTORY, 3.5),
    (works.W1, AUDITLOG, 5.0),
    (works.LATEST_100, ONE_BY_ONE, 40.0),
)


_PAGES = 1.15
"""As cheap as page 1: below that, differences are noise."""

_PEAK = 100 * MEGABYTE

REASONS: Mapping[tuple[Kind, str, str], str] = MappingProxyType(
    {
        ("floor", "W3", "sqlite"): (
            "redaction is on: without it 1.41; the rest is making rows of entities"
        ),
        ("floor", "W3", "postgresql"): (
            "redaction is on, and COPY is bound by the client: without it 1.14"
        ),
        ("pages", "W7 deep", "postgresql"): (
            "a cursor adds conditions to plan; with ten million it is 1.13"
        ),
        ("peer", "W5 100", "mariadb"): (
            "its JSON_TABLE look-ups cost more than the others'; the floor's too"
        ),
        ("memory", "record", "in memory"): (
            "about the goal: three indexes are kept in order beside the dict"
        ),
    }
)
"""Why a goal is not met, by kind, work and database; shown only where it is not."""


def _goals() -> Iterator[Goal]:
    for limits, some in _TO_FLOOR.items():
        for work in some:
            for database, limit in zip(DATABASES, limits, strict=True):
                yield Goal("floor", work.id, database, limit)
            if work is works.W1:
                yield Goal("floor", works.W1_CPU.id, "sqlite", 1.5)
    for work in (works.LATEST, works.LATEST_100):
        for database, limit in zip(DATABASES, _GROWTH, strict=True):
            yield Goal("growth", work.id, database, limit)
    for database, limit in zip(DATABASES, _HOT, strict=True):
        yield Goal("hot", works.LATEST.id, database, limit)
    for database in DATABASES:
        yield Goal("pages", works.DEEP.id, database, _PAGES)
    for database in DATABASES:
        yield Goal("peak", PEAK, database, _PEAK)
    for work, peer, limit in _TO_PEERS:
        for database in DATABASES:
            yield Goal("peer", work.id, database, limit, peer)
    yield Goal("memory", "record", "in memory", 1.3, "dict insert and construction")
    yield Goal("bytes", "bytes per action", "in memory", 400)
    for depth, limit in capture.GOALS.items():
        for frames in ("distinct", "recursive"):
            yield Goal("capture", f"{depth} {frames}", "in memory", limit, PYTHON)


GOALS = tuple(_goals())
"""All of them, in the order in which they are reported."""
