"""The report: the goals first, then every figure, what it ran on, and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from benchmarks.at_once import CONNECTIONS, CROWD_ROUNDS, ONE_AFTER_ANOTHER
from benchmarks.awaited_tables import of_async
from benchmarks.awaiting import FEWER
from benchmarks.contest import Result
from benchmarks.goals import DATABASES
from benchmarks.machine import absences
from benchmarks.measuring import Spread
from benchmarks.plan import Plan
from benchmarks.tables import NONE, of_capture, of_database, of_memory, table
from benchmarks.verdicts import Verdict, verdicts
from benchmarks.wording import megabytes, spaced, told


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
        *(of_database(run.results, name) for name in DATABASES),
        of_async(run.results),
        of_memory(run.results),
        of_capture(run.results),
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
    head = ("work", "where", "goal", "measured (quartiles)", "", "why not")
    return f"## Goals\n\n{table(head, rows)}\n{told}.\n"


def _goal_row(verdict: Verdict) -> Sequence[str]:
    goal, measured = verdict.goal, verdict.measured
    assert measured is not None
    name = f"{goal.work}: {verdict.title}" if goal.work[0] == "W" else verdict.title
    sign = "≥" if goal.is_least else "≤"
    limit, figure = f"{goal.limit:g}", told(measured)
    if goal.kind == "bytes":
        figure = f"{measured.median:.0f}"
    elif goal.kind == "peak":
        limit, figure = megabytes(goal.limit), megabytes(measured.median)
    where = goal.database
    return name, where, f"{sign} {limit}", figure, verdict.word, verdict.reason


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
    told = ["## How to read it\n", _of_rounds(plan)]
    if "contest" in plan.parts:
        told.append(_of_contest(plan))
    if "streamed" in plan.parts:
        told.append(_of_streams(plan))
    if "growth" in plan.parts:
        told.append(_OF_GROWTH)
    if "async" in plan.parts:
        told.append(_of_async_turns(plan))
    return "\n".join(told)


def _of_rounds(plan: Plan) -> str:
    pace = plan.pace
    return f"""\
A figure is a ratio to the floor in the same round: the median over {pace.rounds}
rounds (twice as many of W1 and W2, {min(pace.rounds, 7)} of W3), the quartiles in
brackets. The floor is the same work in hand-written DB-API code on the same tables and
indexes: one open connection, nothing checked, entities out.

In each round everybody does the same work in a shuffled order, {1000 * pace.seconds:g}
ms each (and at least 20 calls of W1 and W2), the garbage collector off, after one call
that does not count. A turn's figure is the median of its calls, so a
checkpoint that one call in fifty pays for does not count, for anybody. Every answer is
compared with the floor's first.

Stores hold ten actions per assignment, 10 % of them failures with 2 to 4 KB of
stacktrace, really raised. SQLite: WAL, synchronous=FULL; the servers as they are
configured.
"""


def _of_contest(plan: Plan) -> str:
    return f"""\
Everybody's store holds {spaced(plan.size)} actions. W3 records {spaced(plan.many)}
actions at a time into empty tables (all but the floor and our own engine
{spaced(plan.many_others)}, whose cost per row does not depend on it); everybody's
entities exist before.

Joined: start and success share one transaction of the host's. "+": the Django model
with that package. {NONE}: there is no such thing. django-auditlog sees no bulk,
eventsourcing has no pages and nothing for MariaDB, and celery-results finds an
assignment only by searching the text of the arguments.

Statements are what the driver was given in one call, counted by Python's profiler.
The existing implementation's shape is what it asks of the table of actions, on a table
and indexes that are not its own.
"""


def _of_streams(plan: Plan) -> str:
    return f"""\
From a generator: {spaced(plan.streamed)} actions, each run in a fresh process, which
makes them one by one (not for the clock); the floor gets raw tuples. Its ratio is to
them: COPY BINARY on PostgreSQL, executemany elsewhere. Memory is the peak of that
process above its own before the first action.
"""


def _of_async_turns(plan: Plan) -> str:
    return f"""\
Async, one at a time: all calls of a turn are awaited one after another on a loop that
runs already, so that only waiting is compared. The async floor is the floor's SQL
through the async driver, one open connection, one await per statement. W1 has
{plan.pace.rounds} rounds here; W3 records {spaced(plan.many // FEWER)}, and its floor
copies on PostgreSQL. In memory there is no floor to wait for.

Many at once: {CROWD_ROUNDS} rounds of blocks over {CONNECTIONS} connections, empty or
with a wait inside, by one thread, by {CONNECTIONS} threads, and each in a task.
What all of them took is divided by their number; a ratio below 1 says that the event
loop gets more done. The async floor takes a connection from a queue for each
statement. One thread records {ONE_AFTER_ANOTHER}: its figure does not depend on it.
"""


_OF_GROWTH = """\
The floor's loader fills a store of 100 000 and more with its secondary indexes away
(not on MariaDB) and makes them again, which counts; making the rows does not. The
deepest page is reached by a cursor made from a row, not by walking.
"""


def lines_of(results: Sequence[Result], work: str) -> Iterator[tuple[str, str, float]]:
    """Yield the points of a plot: database and side, size, microseconds."""
    for one in results:
        if one.kind == "growth" and one.work == work:
            for name, times in one.times.items():
                side, _, size = name.partition("@")
                yield f"{one.section} {side}", size, Spread.of(times).median * 1e6
