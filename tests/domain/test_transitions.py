from datetime import datetime
from typing import Any

import pytest
from domain.samples import (
    BOUNCE,
    T0,
    action,
    at,
    failed,
    succeeded,
    unknown,
)

from assignment_actions import (
    ActionAlreadyCompletedError,
)

MAKERS = {
    "in_progress": action,
    "succeeded": succeeded,
    "failed": failed,
    "unknown": unknown,
}


class TestTransitions:
    @pytest.mark.parametrize("status", ["in_progress", "unknown"])
    def test_succeed(self, status: str) -> None:
        """An open action succeeds; details are laid over its own."""
        made = MAKERS[status](details={"a": 1, "b": 1})

        done = made.succeed(at=at(9), details={"b": 2})

        assert ("succeeded", at(9), None) == (
            done.status,
            done.completed_at,
            done.failure,
        )
        assert done.details == {"a": 1, "b": 2}
        assert made.unknown_at == done.unknown_at

    @pytest.mark.parametrize("status", ["in_progress", "unknown"])
    def test_fail(self, status: str) -> None:
        """An open action fails, with what went wrong."""
        done = MAKERS[status]().fail(BOUNCE, at=at(9), details={"a": 1})

        assert ("failed", at(9), BOUNCE) == (
            done.status,
            done.completed_at,
            done.failure,
        )
        assert done.details == {"a": 1}

    def test_mark_unknown(self) -> None:
        """An action in progress becomes unknown, without a completion."""
        lost = action().mark_unknown(at=at(9), failure=BOUNCE, details={"a": 1})

        assert ("unknown", at(9), None, BOUNCE) == (
            lost.status,
            lost.unknown_at,
            lost.completed_at,
            lost.failure,
        )
        assert lost.details == {"a": 1}

    def test_unknown_stays(self) -> None:
        """What is unknown already stays as it is."""
        lost = unknown()

        assert lost is lost.mark_unknown(at=at(9))

    @pytest.mark.parametrize("status", ["succeeded", "failed"])
    @pytest.mark.parametrize(
        "transition",
        [
            lambda one: one.succeed(at=T0),
            lambda one: one.fail(BOUNCE, at=T0),
            lambda one: one.mark_unknown(at=T0),
        ],
        ids=["succeed", "fail", "mark_unknown"],
    )
    def test_final(self, status: str, transition: Any) -> None:
        """No transition leads out of succeeded and failed."""
        done = MAKERS[status]()

        with pytest.raises(ActionAlreadyCompletedError) as caught:
            transition(done)

        assert (done.id, status) == (caught.value.action_id, caught.value.status)

    def test_naive_completion(self) -> None:
        """A transition refuses a naive time too."""
        with pytest.raises(ValueError, match="at must be an aware"):
            action().succeed(at=datetime(2026, 1, 1))  # noqa: DTZ001

    def test_fail_without_failure(self) -> None:
        """Nothing fails without saying why."""
        with pytest.raises(TypeError, match="failure must be a Failure"):
            action().fail(None, at=T0)  # type: ignore[arg-type]


class TestEndedAtOnce:
    def test_what_is_no_failure_is_refused(self) -> None:
        """A failure must be one, as in the other transitions."""
        with pytest.raises(TypeError, match="failure must be a Failure, got 'boom'"):
            action().ended_at_once("boom")  # type: ignore[arg-type]

    def test_success_and_failure(self) -> None:
        """It ends when it began, and was never overdue."""
        started = action(overdue_at=at(60))

        done, missed = started.ended_at_once(), started.ended_at_once(BOUNCE)

        assert ("succeeded", "failed") == (done.status, missed.status)
        assert {started.created_at} == {done.completed_at, missed.completed_at}
        assert (None, None, BOUNCE) == (
            *(done.overdue_at, missed.overdue_at),
            missed.failure,
        )


class TestReplacedBy:
    @pytest.mark.parametrize("stored", MAKERS)
    @pytest.mark.parametrize("completion", MAKERS)
    def test_compare_and_set(self, stored: str, completion: str) -> None:
        """Only an open action is replaced, and unknown only by a final one."""
        allowed = {
            ("in_progress", "succeeded"),
            ("in_progress", "failed"),
            ("in_progress", "unknown"),
            ("unknown", "succeeded"),
            ("unknown", "failed"),
        }

        result = MAKERS[stored]().replaced_by(MAKERS[completion]())

        assert ((stored, completion) in allowed) is (result is not None)

    def test_what_is_kept(self) -> None:
        """The outcome and details are new; all else is as it was stored."""
        stored = unknown(key="k", actor="a", details={"old": 1}, overdue_at=at(5))
        given = succeeded(key="other", actor="b", details={"new": 1}, attempt=7)

        result = stored.replaced_by(given)

        assert result == succeeded(
            key="k",
            actor="a",
            details={"new": 1},
            overdue_at=at(5),
            unknown_at=stored.unknown_at,
        )
