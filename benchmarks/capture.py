"""
What capturing a failure costs, as a ratio to Python's own traceback of it.

`python benchmarks/capture.py` prints for each depth the median, over interleaved
rounds, of `Failure.from_exception` to `"".join(traceback.format_exception(exc))`.
"""

from __future__ import annotations

import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, MappingProxyType
from typing import NamedTuple

import attrs

from assignment_actions import Failure
from assignment_actions.domain.redaction import redact_defaults

DEPTHS = (10, 50, 1_000)
GOALS: Mapping[int, float] = MappingProxyType({10: 0.2, 50: 0.1, 1_000: 0.02})
TITLES = ("depth", "frames", "Python", "ratio", "goal", "redacted")
ROUNDS = 11
ROUND_SECONDS = 0.02

STEP = '''
def step_{number}(learner, attempt):
    """Do one part of the work."""
    deadline = attempt * {number}
    return step_{after}(learner, deadline + {number})
'''
LAST = '''
def step_{number}(learner, attempt):
    """Fail."""
    return learner["address"].format(attempt)
'''
RECURSION = '''
def step_0(learner, attempt):
    """Call itself, and fail in the end."""
    if attempt == {depth}:
        return learner["address"].format(attempt)
    return step_0(learner, attempt + 1)
'''


class Round(NamedTuple):
    """Be the seconds of one round: Python's own, ours, ours with redaction."""

    python: float
    plain: float
    redacted: float


def distinct(depth: int) -> str:
    """Return a module of that many functions, each calling the next."""
    steps = (STEP.format(number=n, after=n + 1) for n in range(depth - 1))
    return "".join(steps) + LAST.format(number=depth - 1)


def recursive(depth: int) -> str:
    """Return a module of one function that calls itself."""
    return RECURSION.format(depth=depth - 1)


def raised(source: str, file: Path) -> Exception:
    """Return what the first function of a module raises, with its frames."""
    file.write_text(source)
    names: dict[str, FunctionType] = {}
    exec(compile(source, str(file), "exec"), names)  # noqa: S102  # our own source
    try:
        names["step_0"]({"name": "Jo"}, 0)
    except KeyError as error:
        return error
    raise AssertionError("nothing was raised")


def seconds(work: Callable[[], object]) -> float:
    """Return what one call costs, called for a while."""
    calls, start = 0, time.perf_counter()
    while (passed := time.perf_counter() - start) < ROUND_SECONDS:
        work()
        calls += 1
    return passed / calls


def median(values: Iterable[float]) -> float:
    """Return the middle one of an odd number of values."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def measured(error: Exception, rounds: int = ROUNDS) -> list[Round]:
    """Return the seconds of some rounds."""
    return [
        Round(
            seconds(lambda: "".join(traceback.format_exception(error))),
            seconds(lambda: Failure.from_exception(error)),
            seconds(lambda: Failure.from_exception(error, redact=redact_defaults)),
        )
        for _ in range(rounds)
    ]


def every_case(rounds: int = ROUNDS) -> Iterator[tuple[int, str, list[Round]]]:
    """Yield depth, kind of frames, and rounds of each case."""
    with deep_stacks(), tempfile.TemporaryDirectory() as folder:
        for depth in DEPTHS:
            for make in (distinct, recursive):
                file = Path(folder, f"{make.__name__}_{depth}.py")
                yield depth, make.__name__, measured(raised(make(depth), file), rounds)


@contextmanager
def deep_stacks() -> Iterator[None]:
    """Let Python recurse as deep as is asked for."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def main() -> None:
    """Print the table."""
    print(f"Python {platform.python_version()}, attrs {attrs.__version__}")
    print(f"{TITLES[0]:>6} {TITLES[1]:<10}" + "".join(f"{t:>10}" for t in TITLES[2:]))
    for depth, frames, rounds in every_case():
        python = median(one.python for one in rounds)
        plain = median(one.plain / one.python for one in rounds)
        redacted = median(one.redacted / one.python for one in rounds)
        print(
            f"{depth:>6} {frames:<10}{python * 1e6:>7.0f} µs"
            f"{plain:>10.3f}{GOALS[depth]:>10}{redacted:>10.3f}"
        )


if __name__ == "__main__":
    main()
