"""The rows of the Open edX profile's table, one assignment at a time."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given

from assignment_actions import Action, ActionStatus, ActionType, Timeline
from assignment_actions.openedx import (
    AssignmentFacts,
    AssignmentState,
    AssignmentSummary,
    LearnerState,
    summarise,
)
from assignment_actions.testing import MOMENT, a_moment, actions, an_action

ASSIGNMENT = UUID("11111111-1111-4111-8111-111111111111")
NOW = a_moment(1000)


def act(action_type: str, status: str, at: float = 0, **changes: Any) -> Action:
    """Return an action of the assignment, created so many seconds after MOMENT."""
    given = {"action_type": action_type, "status": status, "created_at": a_moment(at)}
    return an_action(ASSIGNMENT, **(given | changes))


def notified(status: str, at: float = 0, **changes: Any) -> Action:
    return act(ActionType.NOTIFIED, status, at, **changes)


def reminded(status: str, at: float = 0, **changes: Any) -> Action:
    return act(ActionType.REMINDED, status, at, **changes)


def summary_of(
    *actions: Action, state: str = "allocated", allocated_at: datetime | None = None
) -> AssignmentSummary:
    facts = AssignmentFacts(state=state, allocated_at=allocated_at)
    return summarise(Timeline(actions), facts, now=NOW)


class TestLearnerState:
    def test_never_notified(self) -> None:
        """Allocated and nothing tried yet: notifying."""
        assert "notifying" == summary_of().learner_state

    def test_in_progress(self) -> None:
        """Allocated and a notification under way: notifying."""
        assert "notifying" == summary_of(notified("in_progress")).learner_state

    def test_notified(self) -> None:
        """Allocated and notified: waiting."""
        assert "waiting" == summary_of(notified("succeeded")).learner_state

    def test_failed(self) -> None:
        """Allocated and the notification failed: failed."""
        assert "failed" == summary_of(notified("failed")).learner_state

    def test_unknown(self) -> None:
        """Allocated and nobody knows whether it was sent: unknown; regression: T12."""
        assert "unknown" == summary_of(notified("unknown")).learner_state

    def test_overdue(self) -> None:
        """A notification in progress too long is unknown as of now; regression: T12."""
        action = notified("in_progress", overdue_at=NOW)
        assert "unknown" == summary_of(action).learner_state
        later = attrs.evolve(action, overdue_at=NOW + timedelta(microseconds=1))
        assert "notifying" == summary_of(later).learner_state

    @pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
    def test_one_success_wins(self, order: tuple[int, int, int]) -> None:
        """One success wins over failures and tries, whichever came first."""
        kinds = ["succeeded", "failed", "in_progress"]
        tries = [notified(kinds[kind], at) for at, kind in enumerate(order)]
        assert "waiting" == summary_of(*tries).learner_state

    def test_retry_after_failure(self) -> None:
        """A retry under way after a failure: notifying again."""
        tries = notified("failed", 0), notified("in_progress", 1)
        assert "notifying" == summary_of(*tries).learner_state

    def test_only_notifications_count(self) -> None:
        """Another action's success or failure says nothing about the notification."""
        others = (
            act(ActionType.LEARNER_LINKED, "failed"),
            act(ActionType.REMINDED, "succeeded"),
        )
        assert "notifying" == summary_of(*others).learner_state

    @pytest.mark.parametrize(
        "status", ["succeeded", "failed", "in_progress", "unknown"]
    )
    @pytest.mark.parametrize(
        ("state", "expected"),
        [
            ("expired", LearnerState.EXPIRED),
            ("errored", LearnerState.FAILED),
            ("accepted", None),
            ("cancelled", None),
            ("reversed", None),
            ("archived", None),
            ("", None),
        ],
    )
    def test_other_states(
        self, state: str, expected: LearnerState | None, status: str
    ) -> None:
        """Other states do not depend on actions; the rest has none; regression: T22."""
        assert expected == summary_of(notified(status), state=state).learner_state

    def test_hosts_own_enum(self) -> None:
        """A host's own enum of states is as good as plain text."""

        class HostState(StrEnum):
            ALLOCATED = "allocated"
            EXPIRED = "expired"

        assert "notifying" == summary_of(state=HostState.ALLOCATED).learner_state
        assert "expired" == summary_of(state=HostState.EXPIRED).learner_state
        assert summary_of(state=HostState.EXPIRED).learner_acknowledged is False


class TestRecentAction:
    def test_not_reminded(self) -> None:
        """Without a reminder the allocation is the recent action."""
        summary = summary_of(notified("succeeded", 5), allocated_at=MOMENT)
        assert ("assigned", MOMENT) == (summary.recent_action, summary.recent_action_at)

    def test_reminded(self) -> None:
        """A reminder that succeeded is, at its completion."""
        summary = summary_of(reminded("succeeded", 5), allocated_at=MOMENT)
        assert "reminded" == summary.recent_action
        assert a_moment(6) == summary.recent_action_at

    def test_latest_reminder(self) -> None:
        """Of several reminders the one completed last counts."""
        slow = reminded("succeeded", 1, completed_at=a_moment(60))
        summary = summary_of(slow, reminded("succeeded", 2), allocated_at=MOMENT)
        assert a_moment(60) == summary.recent_action_at

    def test_at_the_same_instant(self) -> None:
        """A reminder completed at the allocation is recent; regression: T20."""
        summary = summary_of(
            reminded("succeeded", 0, completed_at=MOMENT), allocated_at=MOMENT
        )
        assert ("reminded", MOMENT) == (summary.recent_action, summary.recent_action_at)

    def test_completed_before(self) -> None:
        """One whose completion another clock puts before the allocation is not."""
        action = reminded("succeeded", 0, completed_at=a_moment(microseconds=-1))
        summary = summary_of(action, allocated_at=MOMENT)
        assert ("assigned", MOMENT) == (summary.recent_action, summary.recent_action_at)

    @pytest.mark.parametrize("status", ["failed", "in_progress", "unknown"])
    def test_without_success(self, status: str) -> None:
        """A reminder that did not succeed reminded nobody; regression: T3."""
        summary = summary_of(reminded(status, 5), allocated_at=MOMENT)
        assert ("assigned", MOMENT) == (summary.recent_action, summary.recent_action_at)

    def test_without_allocation(self) -> None:
        """Without an allocation any reminder counts; without one nothing is dated."""
        assert a_moment(1) == summary_of(reminded("succeeded")).recent_action_at
        assert "reminded" == summary_of(reminded("succeeded")).recent_action
        summary = summary_of()
        assert ("assigned", None) == (summary.recent_action, summary.recent_action_at)


class TestFailures:
    def test_none(self) -> None:
        """Where nothing failed there is no failure to show."""
        summary = summary_of(notified("succeeded"), reminded("unknown"))
        assert summary.last_failure is None
        assert () == summary.unresolved_failures

    def test_last_failure(self) -> None:
        """The last failure is the last in timeline order, whatever its completion."""
        first = notified("failed", 1, completed_at=a_moment(90))
        last = reminded("failed", 2)
        assert last == summary_of(last, first).last_failure

    def test_last_of_equal_moments(self) -> None:
        """Of failures created at one moment the greater id is the last."""
        low, high = (notified("failed", id=UUID(int=number)) for number in (1, 2))
        assert (
            high
            == summary_of(high, low).last_failure
            == summary_of(low, high).last_failure
        )

    def test_last_failure_stays(self) -> None:
        """A later success resolves a failure, which stays the last; regression: T21."""
        failed = notified("failed", 1)
        summary = summary_of(failed, notified("succeeded", 2))
        assert failed == summary.last_failure
        assert () == summary.unresolved_failures

    def test_another_type_resolves_nothing(self) -> None:
        """A success of another type resolves nothing."""
        failed = notified("failed", 1)
        summary = summary_of(failed, reminded("succeeded", 2))
        assert (failed,) == summary.unresolved_failures

    def test_earlier_success_resolves_nothing(self) -> None:
        """Later means timeline order: an earlier action that ended later is not."""
        early = notified("succeeded", 0, completed_at=a_moment(90))
        failed = notified("failed", 1)
        assert (failed,) == summary_of(early, failed).unresolved_failures

    @pytest.mark.parametrize("status", ["in_progress", "unknown"])
    def test_open_try_resolves_nothing(self, status: str) -> None:
        """A retry under way, or lost, has not resolved anything yet."""
        failed = notified("failed", 1)
        assert (failed,) == summary_of(failed, notified(status, 2)).unresolved_failures

    def test_several_in_order(self) -> None:
        """All unresolved failures come in timeline order, of all types."""
        old, healed = notified("failed", 0), act(ActionType.REDEEMED, "failed", 1)
        success = act(ActionType.REDEEMED, "succeeded", 2)
        again, late = notified("failed", 3), act(ActionType.REDEEMED, "failed", 4)
        summary = summary_of(late, again, success, healed, old)
        assert (old, again, late) == summary.unresolved_failures
        assert late == summary.last_failure

    def test_state_does_not_matter(self) -> None:
        """A failure shows in every state, one that nobody knows included."""
        failed = notified("failed")
        for state in (*AssignmentState, "archived"):
            assert failed == summary_of(failed, state=state).last_failure


class TestCycle:
    """What happened before the last allocation proves nothing; regression: T21."""

    def test_notification(self) -> None:
        """An earlier cycle's notification leaves nobody waiting; regression: T21."""
        earlier = notified("succeeded", -10, completed_at=a_moment(5))
        assert "notifying" == summary_of(earlier, allocated_at=MOMENT).learner_state
        failed = notified("failed", 1)
        assert (
            "failed" == summary_of(earlier, failed, allocated_at=MOMENT).learner_state
        )

    def test_reminder(self) -> None:
        """A reminder begun before the allocation does not count, ended later or not."""
        earlier = reminded("succeeded", -10, completed_at=a_moment(5))
        summary = summary_of(earlier, allocated_at=MOMENT)
        assert ("assigned", MOMENT) == (summary.recent_action, summary.recent_action_at)

    def test_acknowledgement(self) -> None:
        """An earlier cycle's acknowledgement is none of this end; regression: T21."""
        earlier = act(ActionType.EXPIRED_ACKNOWLEDGED, "succeeded", -10)
        summary = summary_of(earlier, state="expired", allocated_at=MOMENT)
        assert summary.learner_acknowledged is False

    def test_failures(self) -> None:
        """An earlier cycle's failures are over; regression: T21."""
        summary = summary_of(notified("failed", -10), allocated_at=MOMENT)
        assert summary.last_failure is None
        assert () == summary.unresolved_failures

    def test_bound(self) -> None:
        """What is created at the allocation itself belongs to the new cycle."""
        assert (
            "waiting"
            == summary_of(notified("succeeded", 0), allocated_at=MOMENT).learner_state
        )
        before = notified("succeeded", created_at=a_moment(microseconds=-1))
        assert "notifying" == summary_of(before, allocated_at=MOMENT).learner_state


class TestTotal:
    @given(actions())
    def test_nothing_raises(self, action: Action) -> None:
        """Any action in any state has a summary, with or without a cycle; T19."""
        for state in (*AssignmentState, "archived"):
            for allocated_at in (None, action.created_at, MOMENT):
                summary = summary_of(action, state=state, allocated_at=allocated_at)
                assert (summary.learner_acknowledged is None) is (
                    state not in ("expired", "cancelled")
                )

    @pytest.mark.parametrize("state", ["expired", "cancelled"])
    @pytest.mark.parametrize("end", ActionStatus)
    @pytest.mark.parametrize("acknowledgement", ActionStatus)
    def test_every_end_and_acknowledgement(
        self, state: str, end: str, acknowledgement: str
    ) -> None:
        """Ends and acknowledgements of any status give yes or no; regression: T19."""
        timeline = act(state, end, 1), act(f"{state}_acknowledged", acknowledgement, 5)
        expected = acknowledgement == "succeeded"
        assert expected is summary_of(*timeline, state=state).learner_acknowledged

    def test_naive_now(self) -> None:
        """A naive present is refused in every state, never guessed; regression: T29."""
        for state in AssignmentState:
            with pytest.raises(ValueError, match="now must be an aware datetime"):
                summarise(
                    Timeline(),
                    AssignmentFacts(state=state),
                    now=NOW.replace(tzinfo=None),
                )
