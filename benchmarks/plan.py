"""What a run does: which works, on which databases, how often, on how many rows."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import attrs

from benchmarks.measuring import Pace
from benchmarks.stores import DATABASES
from benchmarks.workloads import Work

SECTIONS = (*DATABASES, "memory", "capture")
PARTS = ("contest", "growth", "streamed", "async")
RESULTS = Path(__file__).parent / "results"
MARIADB_MOST = 1_000_000


@attrs.frozen(kw_only=True)
class Plan:
    """
    Say what a run does.

    Args:
        mode: quick, full or ten-million, for the report's name.
        pace: how long everything is measured.
        size: how many actions everybody's store holds.
        sizes: of the stores that show how cost grows.
        hot: how many actions the hot assignment has, in the largest of these.
        many: how many actions one call of W3 records.
        many_others: the same for all but the floor and our own engine.
        streamed: how many actions `record_many` is given by a generator.
        streams: how often.
        sections: databases, "memory" and "capture".
        parts: of what is done on a database.
        works: the beginnings of the works' names; none means all.
        has_peers: whether they compete.
        folder: where SQLite's files are kept meanwhile; on a real disk.
        results: where the report is written, None for nowhere.
    """

    mode: str
    pace: Pace
    size: int
    sizes: Sequence[int]
    hot: int = 10_000
    many: int
    many_others: int
    streamed: int
    streams: int
    sections: Sequence[str] = SECTIONS
    parts: Sequence[str] = PARTS
    works: Sequence[str] = ()
    has_peers: bool = True
    folder: Path = Path("build")
    results: Path | None = RESULTS

    def pace_of(self, work: Work) -> Pace:
        """Return the pace of one work: disks need many rounds, bulk is long enough."""
        pace = self.pace
        if work.is_writing:
            return attrs.evolve(pace, rounds=pace.rounds * 2)
        if work.asks == "many":
            return attrs.evolve(pace, rounds=min(pace.rounds, 7))
        return pace

    def sizes_on(self, section: str) -> Sequence[int]:
        """Return the sizes that one database can be filled to in an evening."""
        if section == "mariadb":  # its rows lie in the order of a random key
            return [size for size in self.sizes if size <= MARIADB_MOST]
        return self.sizes

    def wants(self, work: Work | str) -> bool:
        """Tell whether a work was asked for."""
        name = work if isinstance(work, str) else work.id
        return not self.works or any(
            name.lower().startswith(one.lower()) for one in self.works
        )


_QUICK = Plan(
    mode="quick",
    pace=Pace(rounds=7, seconds=0.02, least=1),
    size=10_000,
    sizes=(1_000, 10_000),
    many=10_000,
    many_others=1_000,
    streamed=20_000,
    streams=1,
)
_FULL = Plan(
    mode="full",
    pace=Pace(rounds=15, seconds=0.1),
    size=100_000,
    sizes=(1_000, 100_000, 1_000_000),
    many=100_000,
    many_others=10_000,
    streamed=1_000_000,
    streams=3,
)
_TEN_MILLION = attrs.evolve(
    _FULL,
    mode="ten-million",
    sizes=(1_000, 100_000, 1_000_000, 10_000_000),
    hot=100_000,
    sections=("sqlite", "postgresql"),
    parts=("growth",),
)


def plan_from(arguments: Sequence[str] | None = None) -> Plan:
    """Return the plan that a command line asks for."""
    options = _parser().parse_args(arguments)
    plan = _QUICK if options.quick else _FULL
    if options.ten_million:
        plan = _TEN_MILLION
    modes = ("quick", "ten_million", "folder", "results")
    is_partial = any(one for name, one in vars(options).items() if name not in modes)
    sizes = tuple(sorted(options.sizes or plan.sizes))
    rounds = options.rounds or plan.pace.rounds
    return attrs.evolve(
        plan,
        pace=Pace(rounds, options.seconds or plan.pace.seconds, plan.pace.least),
        size=options.size or plan.size,
        sizes=sizes,
        many=options.many or plan.many,
        many_others=min(options.many or plan.many_others, plan.many_others),
        streamed=options.streamed or plan.streamed,
        hot=options.hot or plan.hot,
        sections=tuple(options.only or plan.sections),
        parts=tuple(options.part or plan.parts),
        works=tuple(options.work or ()),
        has_peers=not options.no_peers,
        folder=options.folder,
        results=options.results or (None if is_partial else RESULTS),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--quick", action="store_true", help="10 000 actions, minutes")
    mode.add_argument(
        "--ten-million",
        action="store_true",
        help="only growth, to 10 million, on SQLite and PostgreSQL",
    )
    add("--only", nargs="+", choices=SECTIONS, help="only these")
    add("--work", nargs="+", metavar="W4", help="only works whose name begins so")
    add("--no-peers", action="store_true", help="only the floor and this library")
    add("--rounds", type=int, help="at least 7 for a figure worth keeping")
    add("--seconds", type=float, help="of one competitor's turn in a round")
    add("--size", type=int, help="actions in everybody's store")
    add("--sizes", type=int, nargs="+", help="of the stores that show growth")
    add("--hot", type=int, help="actions of the hot assignment")
    add("--part", nargs="+", choices=PARTS, help="only these parts")
    add("--many", type=int, help="actions that one call of W3 records")
    add("--streamed", type=int, help="actions that a generator gives to record_many")
    add("--folder", type=Path, default=Path("build"), help="for SQLite's files")
    add("--results", type=Path, help="where to write; a partial run writes nothing")
    return parser
