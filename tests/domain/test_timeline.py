import copy
import pickle
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from domain.samples import BOUNCE, OTHER, T0, action, at, failed, succeeded, unknown
from hypothesis import given
from hypothesis import strategies as st

from assignment_actions import Action, ActionStatus, Failure, Outcome, Timeline, Verdict

NOW = at(100)
SECONDS = st.integers(0, 3)


@st.composite
def any_action(draw: Any, number: int) -> Action:
    """Draw an action of any status, from few moments, types and keys."""
    created = at(draw(SECONDS))
    given: dict[str, Any] = {
        "created_at": created,
        "action_type": draw(st.sampled_from(["notified", "reminded"])),
        "key": draw(st.sampled_from([None, "k"])),
        "overdue_at": draw(st.sampled_from([None, at(50), at(100), at(101)])),
    }
    status = draw(st.sampled_from(ActionStatus))
    if status.is_final:
        given["completed_at"] = at(draw(SECONDS))
    if status is ActionStatus.UNKNOWN:
        given["unknown_at"] = draw(st.sampled_from([None, at(60)]))
    if status is ActionStatus.FAILED:
        given["failure"] = BOUNCE
    return action(number, status=status, **given)


ACTIONS = st.permutations(range(1, 7)).flatmap(
    lambda numbers: st.tuples(*(any_action(number) for number in numbers))
)


class TestOrder:
    @given(ACTIONS)
    def test_is_total(self, actions: tuple[Action, ...]) -> None:
        """Whatever order they come in, actions stand by `(created_at, id)`."""
        timeline = Timeline(iter(actions))

        assert Timeline(reversed(actions)) == timeline
        for one, next_one in pairwise(timeline):
            assert (one.created_at, one.id) < (next_one.created_at, next_one.id)

    def test_two_assignments(self) -> None:
        """A timeline is about one assignment."""
        with pytest.raises(
            ValueError, match="holds the actions of one assignment, got"
        ):
            Timeline([action(1), action(2, assignment_id=OTHER)])


class TestSequence:
    def test_len_iteration_and_index(self) -> None:
        """A timeline is a sequence of actions."""
        first, second = action(1), action(2)
        timeline = Timeline([second, first])

        assert len(timeline) == 2
        assert [first, second] == list(timeline)
        assert second == timeline[-1]
        assert first in timeline

    def test_slice_is_a_timeline(self) -> None:
        """A slice is a timeline again."""
        timeline = Timeline([action(1), action(2), action(3)])

        assert Timeline([action(2), action(3)]) == timeline[1:]

    def test_equality_and_hash(self) -> None:
        """Equal actions make equal timelines; a list is no timeline."""
        assert Timeline([action()]) == Timeline([action()])
        assert hash(Timeline([action()])) == hash(Timeline([action()]))
        assert Timeline() != []

    def test_repr(self) -> None:
        """Its text shows the steps in order."""
        assert repr(Timeline([succeeded()])) == "Timeline([notified succeeded])"

    @pytest.mark.parametrize(
        "again",
        [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))],
        ids=["copy", "deepcopy", "pickle"],
    )
    def test_copies_are_equal(self, again: Any) -> None:
        """Timelines and outcomes survive copy and pickle."""
        timeline = Timeline([failed(details={"a": [1]})])
        outcome = timeline.outcome("notified", now=NOW)

        assert timeline == again(timeline)
        assert outcome == again(outcome)


class TestForward:
    def test_a_step_back_is_refused(self) -> None:
        """A timeline runs forward; `reversed` gives the other order."""
        timeline = Timeline([succeeded(1), succeeded(2)])

        with pytest.raises(ValueError, match=r"use reversed\(\)"):
            timeline[::-1]
        assert list(timeline)[::-1] == list(reversed(timeline))

    def test_a_list_is_no_type(self) -> None:
        """Types are given one by one, and a list of them is refused."""
        with pytest.raises(TypeError, match="action_types must be str"):
            Timeline().of_type(["notified"])  # type: ignore[arg-type]


class TestNarrowing:
    @given(ACTIONS)
    def test_is_a_filter_that_keeps_the_order(
        self, actions: tuple[Action, ...]
    ) -> None:
        """Each question returns the matching actions, in order."""
        timeline = Timeline(actions)
        questions: list[tuple[Timeline, Any]] = [
            (timeline.of_type("reminded"), lambda one: one.action_type == "reminded"),
            (timeline.of_type(), lambda _: False),
            (timeline.successes(), lambda one: one.status == "succeeded"),
            (timeline.failures(), lambda one: one.status == "failed"),
            (timeline.in_progress(), lambda one: one.status == "in_progress"),
            (timeline.unknown(), lambda one: one.status == "unknown"),
            (timeline.since(at(2)), lambda one: one.created_at >= at(2)),
            (timeline.with_key("k"), lambda one: one.key == "k"),
        ]

        for narrowed, condition in questions:
            assert [one for one in timeline if condition(one)] == list(narrowed)

    def test_since_refuses_naive(self) -> None:
        """A naive moment is refused."""
        with pytest.raises(ValueError, match="moment must be an aware datetime"):
            Timeline().since(datetime(2026, 1, 1))  # noqa: DTZ001


class TestLatest:
    @given(ACTIONS)
    def test_latest(self, actions: tuple[Action, ...]) -> None:
        """The latest is the last in timeline order, successful or not."""
        expected = max(actions, key=lambda one: (one.created_at, one.id))

        assert expected == Timeline(actions).latest()

    @given(ACTIONS, st.sampled_from([None, "notified"]))
    def test_latest_successful(
        self, actions: tuple[Action, ...], kind: str | None
    ) -> None:
        """It is the success with the greatest completion (regression: T3, T4, T18)."""
        candidates = sorted(
            (one.completed_at, one.created_at, one.id, position)
            for position, one in enumerate(actions)
            if one.status == "succeeded" and kind in (None, one.action_type)
            if one.completed_at is not None
        )
        expected = actions[candidates[-1][-1]] if candidates else None

        assert expected == Timeline(actions).latest_successful(kind)

    def test_nothing(self) -> None:
        """Where nothing happened there is no latest."""
        assert Timeline().latest() is None
        assert Timeline().latest_successful() is None


def naive_outcome(actions: tuple[Action, ...]) -> tuple[Verdict, Action | None, Any]:
    """Say the contract's sentence about `notified` once more, rule by rule."""
    tries = sorted(
        (one for one in actions if one.action_type == "notified"),
        key=lambda one: (one.created_at, one.id),
    )
    won = [one for one in tries if one.status == "succeeded"]
    if won:
        best = max(won, key=lambda one: (one.completed_at, one.created_at, one.id))
        return Verdict.YES, best, best.completed_at
    open_ones = [one for one in tries if one.status == "in_progress"]
    fresh = [one for one in open_ones if not (one.overdue_at and one.overdue_at <= NOW)]
    if fresh:
        return Verdict.IN_PROGRESS, fresh[-1], fresh[-1].created_at
    lost = [one for one in tries if one.status in ("unknown", "in_progress")]
    if lost:
        one = lost[-1]
        return Verdict.UNKNOWN, one, one.unknown_at or one.overdue_at or one.created_at
    if tries:
        return Verdict.NO, tries[-1], tries[-1].completed_at
    return Verdict.NO, None, None


class TestOutcome:
    @given(ACTIONS)
    def test_first_rule_that_holds(self, actions: tuple[Action, ...]) -> None:
        """Success, in progress, unknown or overdue, failure, nothing: in this order."""
        outcome = Timeline(actions).outcome("notified", now=NOW)

        assert naive_outcome(actions) == (outcome.verdict, outcome.action, outcome.at)
        if outcome.action is not None:
            tries = [one for one in actions if one.action_type == "notified"]
            assert len(tries) == outcome.attempts
            assert outcome.action.failure == outcome.failure

    def test_never_attempted(self) -> None:
        """Where nothing was tried the answer is no, without an action."""
        assert Outcome(Verdict.NO) == Timeline().outcome("notified", now=NOW)

    def test_naive_now(self) -> None:
        """A naive present is refused."""
        with pytest.raises(ValueError, match="now must be an aware datetime"):
            Timeline().outcome("notified", now=datetime(2026, 1, 1))  # noqa: DTZ001

    def test_narrowed_to_a_cycle(self) -> None:
        """An old success proves nothing about what came since (regression: T21)."""
        timeline = Timeline([succeeded(1), failed(2, created_at=at(10))])

        assert Verdict.YES is timeline.outcome("notified", now=NOW).verdict
        assert Verdict.NO is timeline.since(at(5)).outcome("notified", now=NOW).verdict


class TestSentence:
    @pytest.mark.parametrize(
        ("actions", "sentence"),
        [
            ([], "No, it was never attempted."),
            (
                [failed(1), succeeded(2)],
                "Yes, notified succeeded at 2026-11-22 10:00:01 UTC (2 attempts).",
            ),
            (
                [failed()],
                (
                    "No, notified failed at 2026-11-22 10:00:01 UTC (1 attempt):"
                    " email_error (mailbox full)."
                ),
            ),
            (
                [action()],
                (
                    "Not yet, notified is in progress since 2026-11-22 10:00:00 UTC"
                    " (1 attempt)."
                ),
            ),
            (
                [unknown()],
                (
                    "Nobody knows: the outcome of notified is unknown since 2026-11-22"
                    " 10:00:01 UTC (1 attempt)."
                ),
            ),
        ],
        ids=["never", "yes", "no", "in_progress", "unknown"],
    )
    def test_is_plain(self, actions: list[Action], sentence: str) -> None:
        """str() of an outcome is one plain sentence."""
        assert sentence == str(Timeline(actions).outcome("notified", now=NOW))

    def test_long_failures_are_one_short_line(self) -> None:
        """A failure of many lines and words is cut to one line."""
        failure = Failure.of(reason="timeout", message="a\nb " * 500)
        outcome = Timeline([failed(failure=failure)]).outcome("notified", now=T0)

        said = str(outcome)

        assert len(said) < 300
        assert "\n" not in said
        assert said.endswith("….")
