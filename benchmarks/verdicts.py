"""What was measured beside what was the goal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from benchmarks.contest import Result
from benchmarks.goals import (
    CAPTURED,
    DEEPEST_PAGE,
    FIRST_PAGE,
    GOALS,
    OURS,
    REASONS,
    Goal,
)
from benchmarks.measuring import Spread, Times, ratio
from benchmarks.wording import spaced


@attrs.frozen
class Verdict:
    """Be one row: a goal, what was measured (None: it was not), what that says."""

    goal: Goal
    title: str
    measured: Spread | None

    @property
    def word(self) -> str:
        """Return met, NOT met, or not measured."""
        if self.measured is None:
            return "not measured"
        return "met" if self.goal.is_met_by(self.measured.median) else "NOT met"

    @property
    def reason(self) -> str:
        """Return why it is not met, empty where it is."""
        if self.word != "NOT met":
            return ""
        goal = self.goal
        known = REASONS.get((goal.kind, goal.work, goal.database))
        return known or "not explained yet"


def verdicts(results: Sequence[Result]) -> list[Verdict]:
    """Return a row for each goal."""
    return [_verdict(goal, results) for goal in GOALS]


def _verdict(goal: Goal, results: Iterable[Result]) -> Verdict:
    kind = {"floor": "main", "peer": "main"}.get(goal.kind, goal.kind)
    section = goal.database
    if goal.database == "in memory":
        section = "capture" if goal.kind == "capture" else "memory"
    for result in results:
        if (result.section, result.kind, result.work) == (section, kind, goal.work):
            return Verdict(goal, _title(goal, result), _measured(goal, result))
    return Verdict(goal, goal.work, None)


def _measured(goal: Goal, result: Result) -> Spread | None:
    times = result.times
    match goal.kind:
        case "floor":
            return ratio(times, OURS, "floor")
        case "peer":
            return ratio(times, goal.against, OURS) if goal.against in times else None
        case "growth":
            low, high = _ends(times)
            return ratio(times, f"{OURS}@{high}", f"{OURS}@{low}")
        case "hot":
            return ratio(times, f"{OURS}, hot", OURS)
        case "pages":
            return ratio(times, f"{OURS}, {DEEPEST_PAGE}", f"{OURS}, {FIRST_PAGE}")
        case "capture":
            return ratio(times, CAPTURED, goal.against)
        case "peak":
            return Spread.of(times[OURS])
        case "memory":
            return ratio(times, "repository.add of the same", goal.against)
        case _:
            return Spread.of(times["in memory"])


def _title(goal: Goal, result: Result) -> str:
    match goal.kind:
        case "growth":
            low, high = _ends(result.times)
            return f"{spaced(high)} actions against {spaced(low)}"
        case "peer":
            return f"{goal.against} against ours"
        case _:
            return result.title


def _ends(times: Times) -> tuple[int, int]:
    sizes = [int(name.partition("@")[2]) for name in times]
    return min(sizes), max(sizes)
