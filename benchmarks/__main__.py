"""Run the benchmarks: `python -m benchmarks --quick`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from benchmarks.contest import Result
from benchmarks.files import write
from benchmarks.goals import OURS
from benchmarks.machine import described, load
from benchmarks.measuring import Spread, ratio
from benchmarks.peers import missing
from benchmarks.plan import Plan, plan_from
from benchmarks.report import Run, markdown
from benchmarks.sections import capturing, in_memory, on_database
from benchmarks.stores import AbsentError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for, write the report, and end with its tables."""
    plan = plan_from(arguments)
    plan.folder.mkdir(parents=True, exist_ok=True)
    if plan.has_peers and missing():
        print(f"peers left out, not installed: {', '.join(missing())}", flush=True)
    busy, start = load(), time.monotonic()
    results = list(_results(plan))
    run = Run(
        date=datetime.now(UTC).date().isoformat(),
        plan=plan,
        machine=described(),
        busy=(busy, load()),
        seconds=time.monotonic() - start,
        results=results,
    )
    written = write(run, plan.results) if plan.results else []
    print()
    print(markdown(run))
    for path in written:
        print(f"written: {path.parent.name}/{path.name}")
    return 0


def _results(plan: Plan) -> Iterator[Result]:
    start = time.monotonic()
    for section in plan.sections:
        try:
            for result in _section(section, plan):
                print(f"{time.monotonic() - start:5.0f} s  {_line(result)}", flush=True)
                yield result
        except AbsentError as error:
            print(f"left out: {error}", flush=True)


def _section(section: str, plan: Plan) -> Iterator[Result]:
    if section == "memory":
        return in_memory(plan)
    if section == "capture":
        return capturing(plan)
    return on_database(section, plan)


def _line(result: Result) -> str:
    told = f"{result.section:<11} {result.kind:<7} {result.work:<17}"
    if result.kind != "main":
        return told
    own = ratio(result.times, OURS, "floor")
    micros = Spread.of(result.times["floor"]).median * 1e6
    return f"{told} floor {micros:9.1f} µs   ours {own.median:5.2f}"


if __name__ == "__main__":
    sys.exit(main())
