"""The profile's table, row by row by the timeline's questions, against one walk."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from hypothesis import example, given
from hypothesis import strategies as st

from assignment_actions import Action, ActionStatus, Timeline, Verdict
from assignment_actions.openedx import (
    AssignmentFacts,
    AssignmentSummary,
    LearnerState,
    RecentAction,
    is_acknowledged,
    summarise,
)
from assignment_actions.testing import a_moment, an_action

ASSIGNMENT = UUID("11111111-1111-4111-8111-111111111111")
NOW = a_moment(4)
SECONDS = st.integers(0, 5).map(a_moment)
TYPES = {
    "allocated": ("notified", "reminded", "retired_type"),
    "expired": ("expired", "expired_acknowledged", "notified"),
    "cancelled": ("cancelled", "cancelled_acknowledged", "reminded"),
    "errored": ("notified", "reminded", "expired_acknowledged"),
    "archived": ("notified", "cancelled_acknowledged", "reversed"),
}
EARLIER = {"created_at": a_moment(1), "completed_at": a_moment(2)}
BACKWARDS = {"created_at": a_moment(3), "completed_at": a_moment(2)}


def learner_state(cycle: Timeline, state: str) -> LearnerState | None:
    """
    Return what the table says of it.

    State allocated: by the outcome of `notified`: yes → waiting, no with a failure →
    failed, unknown → unknown, else notifying; expired → expired; errored → failed;
    other states None.
    """
    if state == "allocated":
        outcome = cycle.outcome("notified", now=NOW)
        if outcome.verdict is Verdict.YES:
            return LearnerState.WAITING
        if outcome.verdict is Verdict.NO and outcome.failure is not None:
            return LearnerState.FAILED
        if outcome.verdict is Verdict.UNKNOWN:
            return LearnerState.UNKNOWN
        return LearnerState.NOTIFYING
    return {"expired": LearnerState.EXPIRED, "errored": LearnerState.FAILED}.get(state)


def recent_action(
    cycle: Timeline, allocated_at: datetime | None
) -> tuple[RecentAction, datetime | None]:
    """
    Return what the table says of it.

    `reminded` and its completion if a reminder succeeded at or after allocated_at, else
    `assigned` and allocated_at.
    """
    reminder = cycle.latest_successful("reminded")
    if reminder is not None:
        at = completion(reminder)
        if allocated_at is None or at >= allocated_at:
            return RecentAction.REMINDED, at
    return RecentAction.ASSIGNED, allocated_at


def learner_acknowledged(cycle: Timeline, state: str) -> bool | None:
    """
    Return what the table says of it.

    State expired / cancelled: a successful expired_acknowledged /
    cancelled_acknowledged completed at or after the latest successful expired /
    cancelled (where there is none: any); other states None.
    """
    if state not in ("expired", "cancelled"):
        return None
    end = cycle.latest_successful(state)
    return any(
        end is None or completion(one) >= completion(end)
        for one in cycle.of_type(f"{state}_acknowledged").successes()
    )


def unresolved(cycle: Timeline) -> tuple[Action, ...]:
    """Return the failed without a success of the same type later in timeline order."""
    return tuple(
        action
        for place, action in enumerate(cycle)
        if action in cycle.failures()
        and not cycle[place:].of_type(action.action_type).successes()
    )


def completion(success: Action) -> datetime:
    assert success.completed_at is not None
    return success.completed_at


@st.composite
def stories(draw: st.DrawFn) -> tuple[str, Timeline]:
    """Draw a state, and a few actions of types and moments that matter to it."""
    state = draw(st.sampled_from(sorted(TYPES)))
    numbers = range(draw(st.integers(0, 6)))
    return state, Timeline([_drawn(draw, number, TYPES[state]) for number in numbers])


def _drawn(draw: st.DrawFn, number: int, types: tuple[str, ...]) -> Action:
    status = draw(st.sampled_from(ActionStatus))
    fields: dict[str, Any] = {
        "id": UUID(int=number),
        "action_type": draw(st.sampled_from(types)),
        "status": status,
        "created_at": draw(SECONDS),
        "overdue_at": draw(st.none() | SECONDS),
    }
    if status.is_final:
        fields["completed_at"] = draw(SECONDS)
    return an_action(ASSIGNMENT, **fields)


def story(state: str, *tries: tuple[str, str, dict[str, Any]]) -> tuple[str, Timeline]:
    """Return a state, and a timeline of types, statuses and times."""
    return state, Timeline(
        an_action(
            ASSIGNMENT, id=UUID(int=number), action_type=name, status=status, **times
        )
        for number, (name, status, times) in enumerate(tries)
    )


@given(stories(), st.none() | SECONDS)
@example(story("allocated", ("reminded", "succeeded", BACKWARDS)), a_moment(3))
@example(story("allocated", ("notified", "unknown", {})), None)
@example(
    story(
        "allocated", ("reminded", "succeeded", {}), ("reminded", "succeeded", EARLIER)
    ),
    None,
)
@example(story("expired", ("expired_acknowledged", "succeeded", {})), None)
@example(
    story(
        "expired",
        ("expired", "succeeded", {"completed_at": a_moment(5)}),
        ("expired", "succeeded", EARLIER),
        ("expired_acknowledged", "succeeded", {"completed_at": a_moment(4)}),
    ),
    None,
)
@example(
    story(
        "cancelled",
        ("cancelled", "succeeded", EARLIER),
        ("cancelled_acknowledged", "succeeded", EARLIER),
    ),
    None,
)
def test_each_row_of_the_table(
    told: tuple[str, Timeline], allocated_at: datetime | None
) -> None:
    """A summary is what the timeline's own questions answer, of the present cycle."""
    state, timeline = told
    cycle = timeline if allocated_at is None else timeline.since(allocated_at)
    recent, recent_at = recent_action(cycle, allocated_at)
    expected = AssignmentSummary(
        learner_state=learner_state(cycle, state),
        recent_action=recent,
        recent_action_at=recent_at,
        learner_acknowledged=learner_acknowledged(cycle, state),
        last_failure=cycle.failures().latest(),
        unresolved_failures=unresolved(cycle),
    )

    facts = AssignmentFacts(state=state, allocated_at=allocated_at)
    assert expected == summarise(timeline, facts, now=NOW)
    assert expected.learner_acknowledged is is_acknowledged(cycle, state)
