"""A profile: what an Open edX assignment page shows, derived from a timeline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

import attrs

from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.history import ActionHistory
from assignment_actions.domain.timeline import Timeline, Verdict
from assignment_actions.domain.values import AssignmentId, as_utc
from assignment_actions.domain.vocabulary import ActionType

__all__ = [
    "AssignmentFacts",
    "AssignmentState",
    "AssignmentSummary",
    "LearnerState",
    "RecentAction",
    "is_acknowledged",
    "summaries",
    "summarise",
    "summarise_each",
]


class AssignmentState(StrEnum):
    """Name the six states of the host's assignment."""

    ALLOCATED = "allocated"
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"
    ERRORED = "errored"
    EXPIRED = "expired"
    REVERSED = "reversed"


class LearnerState(StrEnum):
    """Name where the learner stands, as an administrator's page shows it."""

    NOTIFYING = "notifying"
    WAITING = "waiting"
    EXPIRED = "expired"
    FAILED = "failed"
    UNKNOWN = "unknown"


class RecentAction(StrEnum):
    """Name what was last done towards the learner."""

    ASSIGNED = "assigned"
    REMINDED = "reminded"


Id = TypeVar("Id", bound=UUID | int | str)

_Done = Mapping[str, datetime]
"""The types of the successes, each with its latest completion."""

_SUCCEEDED, _FAILED = ActionStatus.SUCCEEDED, ActionStatus.FAILED

_LEARNER_STATES: Mapping[str, LearnerState] = {
    AssignmentState.EXPIRED: LearnerState.EXPIRED,
    AssignmentState.ERRORED: LearnerState.FAILED,
}
_ENDS: Mapping[str, tuple[ActionType, ActionType]] = {
    AssignmentState.EXPIRED: (ActionType.EXPIRED, ActionType.EXPIRED_ACKNOWLEDGED),
    AssignmentState.CANCELLED: (
        ActionType.CANCELLED,
        ActionType.CANCELLED_ACKNOWLEDGED,
    ),
}


def _state(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"state must be a str, got {value!r}")
    return value


def _moment(value: object) -> datetime | None:
    return None if value is None else as_utc("allocated_at", value)


@attrs.frozen(kw_only=True)
class AssignmentFacts:
    """
    Be what the host's own row says about an assignment.

    `state` is one of `AssignmentState`, or any other text: a state nobody knows here
    has no learner state. `allocated_at` begins the present cycle: what was created
    before it proves nothing. Without it every action counts.

    Raises:
        TypeError, ValueError: state is no str, or allocated_at no aware datetime.
    """

    state: str = attrs.field(converter=_state)
    allocated_at: datetime | None = attrs.field(default=None, converter=_moment)


@attrs.frozen(kw_only=True)
class AssignmentSummary:
    """
    Be what an assignment page shows.

    `learner_state` and `learner_acknowledged` are None where the state has none.
    `recent_action_at` is None only where nothing is known about the allocation either.
    `last_failure` is the failed action last in timeline order, whatever came after it;
    `unresolved_failures` are those without a later success of the same type, in
    timeline order.
    """

    learner_state: LearnerState | None
    recent_action: RecentAction
    recent_action_at: datetime | None
    learner_acknowledged: bool | None
    last_failure: Action | None
    unresolved_failures: tuple[Action, ...]


def summarise(
    timeline: Timeline, facts: AssignmentFacts, *, now: datetime
) -> AssignmentSummary:
    """
    Return what a page shows of one assignment; no history makes this raise.

    Args:
        timeline: all actions of the assignment.
        facts: its state and when it was last allocated.
        now: the present; an action in progress is overdue, or not, as of this moment.

    >>> now = datetime.fromisoformat("2026-11-22T09:00:00Z")
    >>> summary = summarise(Timeline(), AssignmentFacts(state="allocated"), now=now)
    >>> str(summary.learner_state)
    'notifying'
    """
    now = as_utc("now", now)
    since = facts.allocated_at
    cycle = timeline if since is None else timeline.since(since)
    done, last_failure, unresolved = _walk(cycle)
    reminded_at = done.get(ActionType.REMINDED)
    if reminded_at is not None and since is not None and reminded_at < since:
        # created in this cycle by one machine's clock, completed before it by another's
        reminded_at = None
    return AssignmentSummary(
        learner_state=_learner_state(cycle, done, facts.state, now),
        recent_action=(
            RecentAction.ASSIGNED if reminded_at is None else RecentAction.REMINDED
        ),
        recent_action_at=since if reminded_at is None else reminded_at,
        learner_acknowledged=_is_acknowledged(done, facts.state),
        last_failure=last_failure,
        unresolved_failures=unresolved,
    )


def summaries(
    history: ActionHistory, facts: Mapping[Id, AssignmentFacts]
) -> Mapping[Id, AssignmentSummary]:
    """
    Return what a page shows of each assignment, as of the history's clock.

    One query, and per chunk of ids where they are more than the engine takes as
    parameters. Every id is present, in the order given.

    Raises:
        StorageError: the store could not be reached.
    """
    now = history.now()
    return summarise_each(history.timelines(facts), facts, now=now)


def summarise_each(
    timelines: Mapping[AssignmentId, Timeline],
    facts: Mapping[Id, AssignmentFacts],
    *,
    now: datetime,
) -> Mapping[Id, AssignmentSummary]:
    """
    Return what a page shows of each assignment, from timelines that are loaded.

    For whoever awaits them, or shows them beside their summaries:
    `summarise_each(await history.timelines(facts), facts, now=history.now())`.

    Args:
        timelines: of every assignment in `facts`; of others too, which are left out.
        facts: of each assignment, in the order wanted.
        now: as for `summarise`.

    Raises:
        KeyError: an assignment has no timeline.
    """
    return {
        assignment_id: summarise(timelines[assignment_id], known, now=now)
        for assignment_id, known in facts.items()
    }


def is_acknowledged(timeline: Timeline, state: str) -> bool | None:
    """
    Tell whether the learner acknowledged that the assignment expired or was cancelled.

    The latest acknowledgement that succeeded must be completed at or after the latest
    success of the end itself. Where no end succeeded, any acknowledgement counts: what
    the learner has seen does not depend on whether our mail about it was sent.

    Args:
        timeline: the actions that count; all of them are considered, so narrow to the
            present cycle with `timeline.since(allocated_at)` first. To ask about one
            end among several, pass a timeline of it and the acknowledgements.
        state: the assignment's; only "expired" and "cancelled" can be acknowledged.

    Returns:
        None in every other state.
    """
    done, _, _ = _walk(timeline)
    return _is_acknowledged(done, state)


def _walk(cycle: Timeline) -> tuple[_Done, Action | None, tuple[Action, ...]]:
    """
    Return what is done, the last failure, and the failures that nothing has resolved.

    One walk, backwards: of what is done already a success stands later in the order.
    """
    done: dict[str, datetime] = {}
    last_failure: Action | None = None
    unresolved: list[Action] = []
    for action in reversed(cycle):
        name, status = action.action_type, action.status
        if status is _SUCCEEDED:
            at = action.completed_at
            assert at is not None
            if name not in done or done[name] < at:
                done[name] = at
        elif status is _FAILED:
            last_failure = last_failure or action
            if name not in done:
                unresolved.append(action)
    return done, last_failure, tuple(reversed(unresolved))


def _learner_state(
    cycle: Timeline, done: _Done, state: str, now: datetime
) -> LearnerState | None:
    if state != AssignmentState.ALLOCATED:
        return _LEARNER_STATES.get(state)
    if ActionType.NOTIFIED in done:
        return LearnerState.WAITING
    outcome = cycle.outcome(ActionType.NOTIFIED, now=now)
    if outcome.verdict is Verdict.UNKNOWN:
        return LearnerState.UNKNOWN
    return LearnerState.NOTIFYING if outcome.failure is None else LearnerState.FAILED


def _is_acknowledged(done: _Done, state: str) -> bool | None:
    types = _ENDS.get(state)
    if types is None:
        return None
    end, acknowledgement = types
    if acknowledgement not in done:
        return False
    return end not in done or done[acknowledgement] >= done[end]
