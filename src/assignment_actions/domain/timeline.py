"""Timeline: the actions of one assignment in order, and the questions about them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import overload

import attrs

from assignment_actions.domain.action import (
    Action,
    ActionStatus,
    success_order,
    timeline_order,
)
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.values import as_utc, is_same_key

_IN_PROGRESS, _UNKNOWN = ActionStatus.IN_PROGRESS, ActionStatus.UNKNOWN
_SUCCEEDED, _FAILED = ActionStatus.SUCCEEDED, ActionStatus.FAILED


class Verdict(StrEnum):
    """Answer "did it happen?" in one word."""

    YES = "yes"
    NO = "no"
    IN_PROGRESS = "in_progress"
    UNKNOWN = "unknown"


@attrs.frozen
class Outcome:
    """
    Answer "did it happen?", with the action that proves it.

    `at` is the completion for yes and no, the start for in_progress, and for unknown
    the moment since when nobody knows. `action` is None where it was never attempted.
    `attempts` counts all the actions considered. `str()` is one plain sentence.
    """

    verdict: Verdict
    action: Action | None = None
    attempts: int = 0
    at: datetime | None = None
    failure: Failure | None = None

    def __str__(self) -> str:
        if self.action is None or self.at is None:
            return "No, it was never attempted."
        name = self.action.action_type
        at = f"{self.at:%Y-%m-%d %H:%M:%S} UTC"
        count = "1 attempt" if self.attempts == 1 else f"{self.attempts} attempts"
        match self.verdict:
            case Verdict.YES:
                return f"Yes, {name} succeeded at {at} ({count})."
            case Verdict.NO:
                return f"No, {name} failed at {at} ({count}): {_line(self.failure)}."
            case Verdict.IN_PROGRESS:
                return f"Not yet, {name} is in progress since {at} ({count})."
            case _:
                return (
                    f"Nobody knows: the outcome of {name} is unknown since {at}"
                    f" ({count})."
                )


def _line(failure: Failure | None) -> str:
    text = " ".join(str(failure).split())
    return text if len(text) <= 200 else f"{text[:200]}…"


class Timeline(Sequence[Action]):
    """
    Be the actions of one assignment in total order `(created_at, id)`.

    Built from any iterable of one assignment's actions, in any order. Every question
    that narrows it returns a Timeline again.

    Raises:
        ValueError: the actions belong to more than one assignment.
    """

    __slots__ = ("_actions",)

    def __init__(self, actions: Iterable[Action] = ()) -> None:
        self._actions = tuple(sorted(actions, key=timeline_order))
        for action in self._actions:
            if action.assignment_id != self._actions[0].assignment_id:
                raise ValueError(
                    "a timeline holds the actions of one assignment, got"
                    f" {self._actions[0].assignment_id!r} and {action.assignment_id!r}"
                )

    @classmethod
    def in_order(cls, actions: Iterable[Action]) -> Timeline:
        """Return a timeline of one assignment's actions that are in order already."""
        timeline = object.__new__(cls)
        timeline._actions = tuple(actions)
        return timeline

    # -- a sequence --------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._actions)

    def __iter__(self) -> Iterator[Action]:
        return iter(self._actions)

    def __reversed__(self) -> Iterator[Action]:
        return reversed(self._actions)

    @overload
    def __getitem__(self, index: int) -> Action: ...
    @overload
    def __getitem__(self, index: slice) -> Timeline: ...
    def __getitem__(self, index: int | slice) -> Action | Timeline:
        """Return one action, or the timeline of a forward slice."""
        if isinstance(index, slice):
            if index.step is not None and index.step < 0:
                raise ValueError("a timeline runs forward: use reversed()")
            return Timeline.in_order(self._actions[index])
        return self._actions[index]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Timeline):
            return NotImplemented
        return self._actions == other._actions

    def __hash__(self) -> int:
        return hash(self._actions)

    def __repr__(self) -> str:
        steps = ", ".join(f"{one.action_type} {one.status}" for one in self._actions)
        return f"Timeline([{steps}])"

    # -- narrowing ---------------------------------------------------------------

    def of_type(self, *action_types: str) -> Timeline:
        """Return the actions of these types."""
        for action_type in action_types:
            if not isinstance(action_type, str):
                raise TypeError(f"action_types must be str, got {action_type!r}")
        return Timeline.in_order(
            [one for one in self._actions if one.action_type in action_types]
        )

    def successes(self) -> Timeline:
        """Return the actions that succeeded."""
        return self._with_status(_SUCCEEDED)

    def failures(self) -> Timeline:
        """Return the actions that failed."""
        return self._with_status(_FAILED)

    def in_progress(self) -> Timeline:
        """Return the actions in progress, overdue ones too."""
        return self._with_status(_IN_PROGRESS)

    def unknown(self) -> Timeline:
        """Return the actions whose outcome nobody knows, as stored."""
        return self._with_status(_UNKNOWN)

    def since(self, moment: datetime) -> Timeline:
        """Return the actions created at this moment or later."""
        start = as_utc("moment", moment)
        first = bisect_left(self._actions, start, key=attrgetter("created_at"))
        return Timeline.in_order(self._actions[first:])

    def with_key(self, key: str) -> Timeline:
        """Return the tries under one idempotency key, scrubbed ones among them."""
        return Timeline.in_order(
            [one for one in self._actions if is_same_key(one.key, key)]
        )

    # -- answers -----------------------------------------------------------------

    def latest(self) -> Action | None:
        """Return the last action in timeline order, None where there is none."""
        return self._actions[-1] if self._actions else None

    def latest_successful(self, type: str | None = None) -> Action | None:
        """
        Return the success with the greatest `(completed_at, created_at, id)`.

        Source: decision record "Assignment actions", first question.
        """
        successes = [
            action
            for action in self._actions
            if action.status is _SUCCEEDED
            and (type is None or action.action_type == type)
        ]
        return max(successes, key=success_order, default=None)

    def outcome(self, type: str, *, now: datetime) -> Outcome:
        """
        Answer whether this was done; the first rule that holds decides.

        A success → yes. In progress and not overdue → in_progress. Unknown or overdue
        → unknown. A failure → no, with the latest failure. Nothing → no, never
        attempted. Narrow with `since` or `with_key` first: an old success answers yes
        for ever.
        """
        now = as_utc("now", now)
        tries = self.of_type(type)
        count = len(tries)
        if (success := tries.latest_successful()) is not None:
            return Outcome(Verdict.YES, success, count, success.completed_at)
        running = [one for one in tries.in_progress() if not one.is_overdue(now)]
        if running:
            latest = running[-1]
            return Outcome(Verdict.IN_PROGRESS, latest, count, latest.created_at)
        if (lost := tries._with_status(_UNKNOWN, _IN_PROGRESS).latest()) is not None:
            since = lost.unknown_at or lost.overdue_at or lost.created_at
            return Outcome(Verdict.UNKNOWN, lost, count, since, lost.failure)
        if (failed := tries.failures().latest()) is not None:
            return Outcome(
                Verdict.NO, failed, count, failed.completed_at, failed.failure
            )
        return Outcome(Verdict.NO)

    def _with_status(self, *statuses: ActionStatus) -> Timeline:
        return Timeline.in_order(
            [one for one in self._actions if one.status in statuses]
        )
