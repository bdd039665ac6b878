"""
What each path costs that only needs the processor: Python instructions per call.

`python -m benchmarks.instructions` counts the bytecode instructions that one call
executes, and prints the change against `instructions.json`. No clock is involved, and
the same code gives the same figure on every machine, busy or not; it differs from one
minor version of Python to the next, so each has figures of its own. What C code does
(SQLite, regular expressions) counts as the instruction that called it.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.wording import spaced

COMMITTED = Path(__file__).with_name("instructions.json")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
PACKAGES = ("attrs", "SQLAlchemy")
WARM, COUNTED = 3, 3

Figures = Mapping[str, int]


def instructions_of(call: Callable[[], object]) -> int:
    """
    Return how many instructions one call executes, caches filled.

    The least of some calls: now and then one has to fill something again.
    """
    for _ in range(WARM):
        call()
    return min(_counted(call) for _ in range(COUNTED))


def _counted(call: Callable[[], object]) -> int:
    count = 0

    def enter(frame: FrameType, _: str, __: Any) -> Callable[..., Any] | None:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return step

    def step(_: FrameType, event: str, __: Any) -> Callable[..., Any]:
        nonlocal count
        count += event == "opcode"
        return step

    before = sys.gettrace()
    gc.collect()
    gc.disable()
    sys.settrace(enter)
    try:
        call()
    finally:
        sys.settrace(before)
        gc.enable()
    return count


def compared(committed: Figures, now: Figures) -> str:
    """Return the table: each path, the committed figure, the present one."""
    width = max(map(len, (*committed, *now)))
    lines = [f"{'instructions per call':<{width}}{'committed':>12}{'now':>12}  change"]
    for name in dict.fromkeys((*now, *committed)):
        old, new = committed.get(name), now.get(name)
        told = "new" if old is None else "gone"
        if old is not None and new is not None:
            told = f"{(new - old) / old:+.1%}"
        lines.append(f"{name:<{width}}{_shown(old):>12}{_shown(new):>12}  {told}")
    return "\n".join(lines)


def _shown(figure: int | None) -> str:
    return "" if figure is None else spaced(figure)


def main() -> int:
    """Count, and print the change; with `--update`, write the figures down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions")
    parser.add_argument("--update", action="store_true", help="commit these figures")
    options = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets
        os.environ["PYTHONHASHSEED"] = "0"
        again = ["-m", "benchmarks.instructions", *sys.argv[1:]]
        os.execv(sys.executable, [sys.executable, *again])  # noqa: S606  # ourselves
    from benchmarks.paths import every_path  # noqa: PLC0415  # needs the seed

    now = {name: instructions_of(call) for name, call in every_path()}
    found = json.loads(COMMITTED.read_text()) if COMMITTED.exists() else {}
    known = found.get(PYTHON, {"with": {}, "instructions": {}})
    print(compared(known["instructions"], now))
    used = {name: version(name) for name in PACKAGES}
    if not known["instructions"]:
        print(f"No figures are committed for Python {PYTHON}.")
    elif known["with"] != used:
        print(f"Committed with {known['with']}, now {used}.")
    if options.update:
        found[PYTHON] = {"with": used, "instructions": now}
        ordered = dict(sorted(found.items()))
        print("These are the committed figures now.")
        COMMITTED.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
