"""The report: the goals first, then every figure, what it ran on, and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from benchmarks.contest import Result
from benchmarks.goals import OURS
from benchmarks.machine import absences
from benchmarks.measuring import Spread, ratio
from benchmarks.plan import Plan
from benchmarks.verdicts import Verdict, verdicts
from benchmarks.wording import duration, spaced, told

NONE = "—"
SHAPES_TITLE = "Ways to ask that explain a figure"
OWN_COLUMNS = (
    *(OURS, "ours, host's engine", "ours, joined", "ours, in memory"),
    *("SQLAlchemy ORM", "Django", "+ simple-history", "+ auditlog"),
    *("eventsourcing", "celery-results"),
)


@attrs.frozen(kw_only=True)
class Run:
    """Be everything that a run found out."""

    date: str
    plan: Plan
    machine: Mapping[str, str]
    busy: tuple[str, str]
    """The load average before and after."""
    seconds: float
    results: Sequence[Result]


def markdown(run: Run, plots: Sequence[str] = ()) -> str:
    """Return the whole report."""
    parts = [
        f"# Benchmarks, {run.date}, {run.plan.mode}\n",
        _setting(run),
        goals_table(run.results),
        *(_section(run, name) for name in ("sqlite", "postgresql", "mariadb")),
        _memory(run),
        *(f"![Cost against size]({name})\n" for name in plots),
        _method(run.plan),
    ]
    return "\n".join(part for part in parts if part)


def goals_table(results: Sequence[Result]) -> str:
    """Return the goals, what was measured, and whether it is met."""
    found = verdicts(results)
    rows = [_goal_row(one) for one in found if one.measured is not None]
    missing = sum(one.measured is None for one in found)
    met = sum(one.word == "met" for one in found)
    told = f"{met} of {len(rows)} goals measured are met"
    if missing:
        told += f"; {missing} were not measured in this run"
    head = ("work", "where", "goal", "measured (quartiles)", "")
    return f"## Goals\n\n{_table(head, rows)}\n{told}.\n"


def _goal_row(verdict: Verdict) -> Sequence[str]:
    goal, measured = verdict.goal, verdict.measured
    assert measured is not None
    name = f"{goal.work}: {verdict.title}" if goal.work[0] == "W" else verdict.title
    if goal.kind == "bytes":
        return name, goal.database, "≤ 400", f"{measured.median:.0f}", verdict.word
    sign = "≥" if goal.is_least else "≤"
    limit = f"{sign} {goal.limit:g}"
    return name, goal.database, limit, told(measured), verdict.word


def _section(run: Run, section: str) -> str:
    results = [one for one in run.results if one.section == section]
    if not results:
        return ""
    parts = [f"## {section}\n", _main_table(results), _shapes(results)]
    parts += [_growth(one) for one in results if one.kind == "growth"]
    parts += [_hot(one) for one in results if one.kind == "hot"]
    return "\n".join(part for part in parts if part)


def _main_table(results: Sequence[Result]) -> str:
    main = [one for one in results if one.kind == "main"]
    names = [name for name in OWN_COLUMNS if any(name in one.times for one in main)]
    head = ("work", "floor", *names)
    rows = []
    for one in main:
        floor = duration(Spread.of(one.times["floor"]).median)
        cells = [_cell(one, name) for name in names]
        rows.append((f"{one.work}: {one.title}", floor, *cells))
    return _table(head, rows) if rows else ""


def _cell(result: Result, name: str) -> str:
    if name not in result.times:
        return NONE
    return told(ratio(result.times, name, "floor"))


def _shapes(results: Sequence[Result]) -> str:
    rows = []
    for one in results:
        others = [name for name in one.times if name not in (*OWN_COLUMNS, "floor")]
        for name in others if one.kind == "main" else ():
            to_ours = told(ratio(one.times, name, OURS))
            to_floor = told(ratio(one.times, name, "floor"))
            took = duration(Spread.of(one.times[name]).median)
            rows.append((f"{one.work}: {one.title}", name, took, to_floor, to_ours))
    if not rows:
        return ""
    head = ("work", "asked as", "takes", "to the floor", "to ours")
    return f"{SHAPES_TITLE}:\n\n{_table(head, rows)}"


def _growth(result: Result) -> str:
    sizes = sorted({int(name.partition("@")[2]) for name in result.times})
    rows = []
    for size in sizes:
        floor, own = f"floor@{size}", f"{OURS}@{size}"
        rows.append(
            (
                spaced(size),
                duration(Spread.of(result.times[floor]).median),
                duration(Spread.of(result.times[own]).median),
                told(ratio(result.times, own, floor)),
                told(ratio(result.times, own, f"{OURS}@{sizes[0]}")),
            )
        )
    head = ("actions", "floor", OURS, "ours to the floor", "ours to the smallest")
    return f"{result.work}, by size:\n\n{_table(head, rows)}"


def _hot(result: Result) -> str:
    rows = [
        (
            name,
            duration(Spread.of(result.times[name]).median),
            duration(Spread.of(result.times[f"{name}, hot"]).median),
            told(ratio(result.times, f"{name}, hot", name)),
        )
        for name in ("floor", OURS)
    ]
    head = ("", "an ordinary one", "the hot one", "ratio")
    return f"{result.work}: {result.title}:\n\n{_table(head, rows)}"


def _memory(run: Run) -> str:
    for one in run.results:
        if one.kind == "memory":
            base = next(iter(one.times))
            rows = [
                (
                    name,
                    duration(Spread.of(times).median),
                    told(ratio(one.times, name, base)),
                )
                for name, times in one.times.items()
            ]
            return f"## in memory\n\n{_table(('record one', 'takes', 'ratio'), rows)}"
    return ""


def _setting(run: Run) -> str:
    told = ", ".join(f"{name} {value}" for name, value in run.machine.items())
    before, after = run.busy
    lines = [
        f"{told}.",
        f"Load average of the last minute: {before} before, {after} at the end, after",
        f"{run.seconds:.0f} s. Other work on the machine shows in the quartiles.",
    ]
    if _is_too_busy(run):
        lines.append(
            "**Other work kept all processors busy: figures are unfair to calls that"
            " last longer than a time slice, and disks answer as they please.**"
        )
    absent = absences(run.machine)
    if absent:
        lines.append(f"Not there, so not measured: {', '.join(absent)}.")
    return "\n".join(lines) + "\n"


def _is_too_busy(run: Run) -> bool:
    """Tell whether more wanted to run than there are processors for."""
    try:
        return max(map(float, run.busy)) >= float(run.machine["processors"]) + 0.5
    except ValueError:
        return False


def _method(plan: Plan) -> str:
    pace = plan.pace
    return f"""\
## How to read it

A figure is a ratio to the floor in the same round: the median over {pace.rounds}
rounds (twice as many of W1 and W2, {min(pace.rounds, 7)} of W3), the quartiles in
brackets. The floor is the same work in hand-written DB-API code on the same tables and
indexes: one open connection, nothing checked, entities out.

In each round everybody does the same work in a shuffled order, {1000 * pace.seconds:g}
ms each (and at least 20 calls of W1 and W2), the garbage collector off, after one call
that does not count. A turn's figure is the median of its calls, so a
checkpoint that one call in fifty pays for does not count, for anybody. Every answer is
compared with the floor's first.

Stores hold {spaced(plan.size)} actions, ten per assignment, 10 % of them failures with
2 to 4 KB of stacktrace. W3 records {spaced(plan.many)} actions at a time into empty
tables (all but the floor and our own engine {spaced(plan.many_others)}, whose cost per
row does not depend on it); everybody's entities exist before. SQLite: WAL,
synchronous=FULL; the servers as they are configured.

Joined: start and success share one transaction of the host's. "+": the Django model
with that package. {NONE}: there is no such thing. django-auditlog sees no bulk,
eventsourcing has no pages and nothing for MariaDB, and celery-results finds an
assignment only by searching the text of the arguments.
"""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def lines_of(results: Sequence[Result], work: str) -> Iterator[tuple[str, str, float]]:
    """Yield the points of a plot: database and side, size, microseconds."""
    for one in results:
        if one.kind == "growth" and one.work == work:
            for name, times in one.times.items():
                side, _, size = name.partition("@")
                yield f"{one.section} {side}", size, Spread.of(times).median * 1e6
