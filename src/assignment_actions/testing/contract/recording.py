"""The recorder's promises on a store: how what is recorded begins and ends."""

from __future__ import annotations

from typing import Any

import pytest

from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.errors import (
    ActionAlreadyCompletedError,
    ActionNotFoundError,
)
from assignment_actions.domain.recorder import ActionRecorder
from assignment_actions.domain.timeline import Verdict
from assignment_actions.testing.factories import (
    FixedClock,
    a_failure,
    an_action,
    an_assignment_id,
)


class RecordingRules:
    """How recording ends, and what history answers then."""

    def test_an_action_is_stored_before_its_effect(
        self, recorder: ActionRecorder, clock: FixedClock
    ) -> None:
        """Inside the block the action is stored, in progress and with its limit."""
        with recorder.recording(an_assignment_id(), "notified") as recording:
            stored = recorder.history.get(recording.action.id)

            assert recording.action == stored
            assert (clock.now, "in_progress") == (stored.created_at, stored.status)
            assert not stored.is_overdue(clock.now)

    def test_returning_is_success(
        self, recorder: ActionRecorder, clock: FixedClock
    ) -> None:
        """A block that returns has succeeded; its evidence is stored with it."""
        with recorder.recording(
            an_assignment_id(), "notified", key="k", actor="ann", details={"a": 1}
        ) as recording:
            recording.add_details(message_id=7)
            clock.advance(microseconds=1)

        stored = recorder.history.get(recording.action.id)

        assert recording.action == stored
        assert ("succeeded", clock.now) == (stored.status, stored.completed_at)
        assert {"a": 1, "message_id": 7} == stored.details

    def test_an_exception_is_failure(self, recorder: ActionRecorder) -> None:
        """A block that raises has failed; why is stored, and the exception goes on."""
        error = TimeoutError("smtp")
        with (
            pytest.raises(TimeoutError) as caught,
            recorder.recording(an_assignment_id(), "notified") as recording,
        ):
            raise error

        failure = recorder.history.get(recording.action.id).failure

        assert error is caught.value
        assert failure is not None
        assert ("timeout", "TimeoutError", "smtp") == (
            failure.reason,
            failure.exception_type,
            failure.message,
        )

    @pytest.mark.parametrize(
        "interrupt", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()], ids=repr
    )
    def test_an_interrupt_is_unknown(
        self, recorder: ActionRecorder, interrupt: BaseException
    ) -> None:
        """Nobody knows the outcome of what was interrupted; the interrupt goes on."""
        with (
            pytest.raises(type(interrupt)) as caught,
            recorder.recording(an_assignment_id(), "notified") as recording,
        ):
            raise interrupt

        stored = recorder.history.get(recording.action.id)

        assert interrupt is caught.value
        assert (ActionStatus.UNKNOWN, None) == (stored.status, stored.completed_at)
        assert stored.failure is not None
        assert "interrupted" == stored.failure.reason

    def test_a_closed_generator_is_unknown(self, recorder: ActionRecorder) -> None:
        """A generator that is closed inside the block leaves the action unknown."""
        started: list[Action] = []

        def work() -> Any:
            with recorder.recording(an_assignment_id(), "notified") as recording:
                started.append(recording.action)
                yield

        generator = work()
        next(generator)
        generator.close()

        assert "unknown" == recorder.history.get(started[0].id).status

    def test_what_was_completed_inside_is_left_alone(
        self, recorder: ActionRecorder
    ) -> None:
        """An outcome stored inside the block stands, whatever the block does then."""
        with (  # noqa: PT012  # what is recorded is the block
            pytest.raises(OSError, match="later"),
            recorder.recording(an_assignment_id(), "notified") as recording,
        ):
            done = recording.succeed(details={"n": 1})
            raise OSError("later")

        assert done == recorder.history.get(done.id)

    @pytest.mark.parametrize("second", ["succeed", "fail", "mark_unknown"])
    def test_an_action_is_completed_once(
        self, recorder: ActionRecorder, second: str
    ) -> None:
        """Who completes after somebody else is told so; the first outcome stands."""
        started = recorder.start(an_assignment_id(), "notified")
        done = recorder.succeed(started)
        arguments = [a_failure()] if second == "fail" else []

        with pytest.raises(ActionAlreadyCompletedError):
            getattr(recorder, second)(started, *arguments)
        assert done == recorder.history.get(started.id)

    def test_what_was_never_stored_is_not_found(self, recorder: ActionRecorder) -> None:
        """To complete an action that was never stored is ActionNotFoundError."""
        with pytest.raises(ActionNotFoundError):
            recorder.succeed(an_action())

    def test_to_mark_unknown_twice_is_harmless(self, recorder: ActionRecorder) -> None:
        """An action that is unknown stays as it became so at first."""
        started = recorder.start(an_assignment_id(), "notified")
        first = recorder.mark_unknown(started)

        assert first == recorder.mark_unknown(started)

    def test_outcome_never_attempted(self, recorder: ActionRecorder) -> None:
        """Where nothing was recorded the answer is no, without an action."""
        outcome = recorder.history.outcome(an_assignment_id(), "notified")

        assert (Verdict.NO, None, 0) == (
            outcome.verdict,
            outcome.action,
            outcome.attempts,
        )

    def test_outcome_in_progress_then_unknown(
        self, recorder: ActionRecorder, clock: FixedClock
    ) -> None:
        """In progress is the answer until it is overdue, then nobody knows."""
        started = recorder.start(an_assignment_id(), "notified")

        def verdict() -> Verdict:
            return recorder.history.outcome(started.assignment_id, "notified").verdict

        assert Verdict.IN_PROGRESS == verdict()
        clock.advance(hours=1)
        assert Verdict.UNKNOWN == verdict()
        assert [started] == list(recorder.history.overdue())

    def test_outcome_failed_then_done(
        self, recorder: ActionRecorder, clock: FixedClock
    ) -> None:
        """A failure says no and why; a later success says yes, of two attempts."""
        assignment_id = an_assignment_id()
        recorder.record_failure(assignment_id, "notified", a_failure())
        first = recorder.history.outcome(assignment_id, "notified")
        clock.advance(seconds=1)
        done = recorder.record_success(assignment_id, "notified")
        second = recorder.history.outcome(assignment_id, "notified")

        assert first.failure is not None
        assert (Verdict.NO, "mailbox full") == (first.verdict, first.failure.message)
        assert (Verdict.YES, done, 2, clock.now) == (
            second.verdict,
            second.action,
            second.attempts,
            second.at,
        )
