"""Each difference made on purpose, shown on a real history: recorded answer, ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import attrs
import pytest

from assignment_actions import InMemoryActionRepository, Timeline
from assignment_actions.openedx import AssignmentFacts, AssignmentSummary, summarise
from sample.asking import (
    ASKED_AT,
    acceptable,
    facts_of,
    load_shuffled,
    our_answers,
    recorded,
    sample_history,
)
from sample.differences import DIFFERENCES, RAISES

Both = Callable[[int, str], tuple[Any, Any]]

OURS = our_answers(load_shuffled(InMemoryActionRepository(), seed=7))


def both(number: int, path: str) -> tuple[Any, Any]:
    """Return the recorded answer and ours."""
    return recorded(sample_history(number), path), OURS[number][path]


def summary(number: int, *, is_cycle: bool) -> AssignmentSummary:
    """Return our summary of a history, of the present cycle or of all time."""
    sample = sample_history(number)
    facts = facts_of(sample) if is_cycle else AssignmentFacts(state=sample.state)
    return summarise(Timeline(sample.actions), facts, now=ASKED_AT)


class TestInProgressIsNoSuccess:
    def test_only_try(self) -> None:
        """A notification that only began was the last successful; regression: T4."""
        action = "f49749cf-7c44-416b-9882-0418d4c359db"
        assert (action, None) == both(43, "last_successful.notified")

    def test_beside_a_failure(self) -> None:
        """One that began, beside one that failed, was as well; regression: T4."""
        action = "b7236336-a008-4ec8-b85c-3b62a11a6171"
        assert (action, None) == both(67, "last_successful.notified")

    @pytest.mark.parametrize("number", [75, 203, 315, 323, 331, 411, 419])
    def test_one_answer_on_every_database(self, number: int) -> None:
        """Where PostgreSQL answered otherwise, ours is one answer; regression: T4."""
        sample = sample_history(number)
        for path in sample.null_order_dependent:
            if not path.startswith("last_successful."):
                continue
            ours = OURS[number][path]
            elsewhere = sample.expected_elsewhere["postgresql"][path]
            assert elsewhere not in [ours, recorded(sample, path)]
            is_ours = (number, path) in DIFFERENCES
            assert is_ours is (ours not in acceptable(sample, path))


class TestSameInstantCounts:
    def test_assignment(self) -> None:
        """An acknowledgement at the very instant did not count; regression: T18."""
        assert (False, True) == both(211, "learner_acknowledged")

    def test_agrees_with_acknowledging(self) -> None:
        """Acknowledging said it was done all along, and we agree; regression: T18."""
        done = [False, True]
        assert (done, done) == both(211, "should_acknowledge_cancelled")

    def test_a_microsecond_before(self) -> None:
        """A microsecond before the end is still not acknowledged, in both."""
        (number,) = [n for n in OURS if "ack_1us_before" in sample_history(n).tags]
        assert (False, False) == both(number, "learner_acknowledged")


class TestNothingRaises:
    def test_end_in_progress(self) -> None:
        """An end in progress and an acknowledgement raised; regression: T19."""
        assert (RAISES, True) == both(187, "learner_acknowledged")
        assert (RAISES, [False, True]) == both(187, "should_acknowledge_expired")

    def test_acknowledgement_in_progress(self) -> None:
        """An acknowledgement in progress raised; it is none yet; regression: T19."""
        assert (RAISES, False) == both(219, "learner_acknowledged")
        assert (RAISES, [True, False]) == both(219, "should_acknowledge_cancelled")

    def test_errored_end(self) -> None:
        """Asked about an end that failed, the action itself raised; regression: T19."""
        path = "action_learner_acknowledged.afa6f991-323c-4a87-acfa-a94143abd0e6"
        assert (RAISES, True) == both(347, path)


class TestAnyAcknowledgementWithoutAnEnd:
    def test_no_end(self) -> None:
        """An acknowledgement without any end never counted; regression: T16."""
        assert (False, True) == both(179, "learner_acknowledged")
        asked_again, done = [True, False], [False, True]
        assert (asked_again, done) == both(179, "should_acknowledge_expired")

    def test_failed_end(self) -> None:
        """Nor did one beside an end whose mail failed; regression: T16."""
        assert (False, True) == both(347, "learner_acknowledged")


class TestFailedReminder:
    def test_after_a_success(self) -> None:
        """A failed reminder moved the time of the last one; regression: T3."""
        path = "annotations.recent_action_time"
        failed, succeeded = "2024-03-01T01:22:00.000000Z", "2024-03-01T01:00:00.000000Z"
        assert (failed, succeeded) == both(155, path)

    def test_only_one(self) -> None:
        """A learner whom no reminder reached was said to be; regression: T3."""
        assert ("reminded", "assigned") == both(371, "annotations.recent_action")


class TestTieSaysReminded:
    def test_reminder_at_the_allocation(self) -> None:
        """At one instant neither was the recent action; regression: T20."""
        assert (None, "reminded") == both(395, "annotations.recent_action")
        at = "2024-03-02T23:52:00.553661Z"
        assert (None, at) == both(395, "annotations.recent_action_time")

    def test_a_microsecond_later(self) -> None:
        """Allocated a microsecond after the reminder, nobody is reminded."""
        sample = sample_history(395)
        assert sample.allocated_at is not None
        facts = attrs.evolve(
            facts_of(sample),
            allocated_at=sample.allocated_at + timedelta(microseconds=1),
        )
        later = summarise(Timeline(sample.actions), facts, now=ASKED_AT)
        assert "assigned" == later.recent_action


class TestInProgressSaysNotifying:
    def test_after_failures(self) -> None:
        """A notification under way after failed ones was no progress."""
        assert ("failed", "notifying") == both(411, "annotations.learner_state")


class TestEarlierCycles:
    def test_learner_state(self) -> None:
        """What was sent before the allocation kept "waiting"; regression: T21."""
        assert "waiting" == recorded(sample_history(147), "annotations.learner_state")
        assert "waiting" == summary(147, is_cycle=False).learner_state
        assert "notifying" == summary(147, is_cycle=True).learner_state

    def test_learner_acknowledged(self) -> None:
        """An acknowledgement of an earlier end still counted; regression: T21."""
        assert recorded(sample_history(291), "learner_acknowledged") is True
        assert summary(291, is_cycle=False).learner_acknowledged is True
        assert summary(291, is_cycle=True).learner_acknowledged is False

    def test_error_reason(self) -> None:
        """A failure of an earlier cycle was still reported; regression: T21."""
        earlier = "cancelled_acknowledged"
        assert earlier == recorded(sample_history(379), "error_reason")["action_type"]
        before = summary(379, is_cycle=False).last_failure
        assert before is not None
        assert earlier == before.action_type
        assert summary(379, is_cycle=True).last_failure is None


class TestOrderIsTotal:
    @pytest.mark.parametrize(
        ("number", "path"),
        [
            (419, "last_successful.acknowledged_expired"),
            (435, "last_successful.notified"),
            (331, "last_successful.redeemed"),
        ],
    )
    def test_latest_of_equal_completions(self, number: int, path: str) -> None:
        """Of successes completed at one instant any was returned; ours is the last."""
        candidates = acceptable(sample_history(number), path)
        tied = [
            action
            for action in sample_history(number).actions
            if str(action.id) in candidates
        ]
        assert 1 == len({action.completed_at for action in tied})
        assert len(candidates) == len(tied) > 1
        last = max(tied, key=lambda action: (action.created_at, action.id))
        assert str(last.id) == OURS[number][path]

    def test_last_of_equal_failures(self) -> None:
        """Of failures created at one instant any was reported; ours is the last."""
        sample = sample_history(323)
        last = summary(323, is_cycle=False).last_failure
        assert last is not None
        tied = [
            action
            for action in sample.actions
            if action.created_at == last.created_at and action.failure is not None
        ]
        assert 2 == len(tied) == len(acceptable(sample, "error_reason"))
        assert max(tied, key=lambda action: action.id).id == last.id


class TestReasons:
    def test_empty_reason(self) -> None:
        """An empty error reason says as much as "unclassified", and failed as well."""
        assert "" == sample_history(283).expected["error_reason"]["error_reason"]
        reason = {"action_type": "expired", "error_reason": "unclassified"}
        assert (reason, reason) == both(283, "error_reason")


class TestDifferences:
    def test_each_differs(self) -> None:
        """No difference is listed whose two answers are equal, or twice."""
        assert 40 == len(DIFFERENCES)
        equal = [
            place for place, (theirs, ours) in DIFFERENCES.items() if theirs == ours
        ]
        assert [] == equal
