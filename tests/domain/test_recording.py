import asyncio
import threading
from typing import Any

import pytest
from domain.recorders import everything, recorder
from domain.samples import ASSIGNMENT, BOUNCE

from assignment_actions import (
    ActionAlreadyCompletedError,
    DuplicateActionError,
)

pytestmark = pytest.mark.usefixtures("colour")

INTERRUPTS = (KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError)


class TestLeaving:
    def test_return(self) -> None:
        """Leaving normally is a success, with the evidence added inside."""
        made = recorder()

        with made.recording(1, "notified", details={"a": 1}) as recording:
            assert [recording.action] == everything(made)
            recording.add_details({"b": 2}, c=3)
            recording.add_details(c=4)

        assert recording.action.status == "succeeded"
        assert recording.action.details == {"a": 1, "b": 2, "c": 4}
        assert [recording.action] == everything(made)

    def test_exception(self) -> None:
        """An exception is a failure, and the same exception goes on (T12)."""
        made, error = recorder(), LookupError("no address")

        with (
            pytest.raises(LookupError) as caught,
            made.recording(1, "notified") as recording,
        ):
            raise error

        assert error is caught.value
        failure = made.history.get(recording.action.id).failure
        assert failure is not None
        assert failure.message == "no address"
        assert "in test_exception" in (failure.stacktrace or "")

    @pytest.mark.parametrize("kind", INTERRUPTS)
    def test_interrupt(self, kind: type[BaseException]) -> None:
        """Interrupted: nobody knows whether the effect happened; it goes on."""
        made = recorder()

        with pytest.raises(kind), made.recording(1, "notified") as recording:
            recording.add_details(a=1)
            raise kind

        (stored,) = everything(made)
        assert ("unknown", {"a": 1}) == (stored.status, stored.details)
        assert stored.failure is not None
        assert stored.failure.reason == "interrupted"

    def test_completed_by_the_recording(self) -> None:
        """What was completed inside is left alone, whatever happens then."""
        made = recorder()

        with (
            pytest.raises(OSError, match="later"),
            made.recording(1, "notified") as one,
        ):
            one.add_details(a=1)
            one.fail(BOUNCE, details={"b": 2})
            raise OSError("later")

        (stored,) = everything(made)
        assert (BOUNCE, {"a": 1, "b": 2}) == (stored.failure, stored.details)

    def test_completed_by_the_recorder(self) -> None:
        """What somebody completed meanwhile stands, and the recording shows it."""
        made = recorder()

        with made.recording(1, "notified") as recording:
            done = made.fail(recording.action, BOUNCE)

        assert done == recording.action
        assert [done] == everything(made)

    def test_completed_twice(self) -> None:
        """A second completion inside the block is refused."""
        with recorder().recording(1, "notified") as recording:
            recording.succeed(details={"a": 1})
            with pytest.raises(ActionAlreadyCompletedError):
                recording.fail(BOUNCE)
            with pytest.raises(ActionAlreadyCompletedError):
                recording.add_details(b=2)

        assert recording.action.details == {"a": 1}


class TestUse:
    def test_before_it_is_entered(self) -> None:
        """There is no action before the block."""
        recording = recorder().recording(1, "notified")

        with pytest.raises(RuntimeError, match="no action before its block is entered"):
            _ = recording.action

    def test_entered_once(self) -> None:
        """One recording is one action."""
        recording = recorder().recording(1, "notified")
        with recording, pytest.raises(RuntimeError, match="can be entered once"):
            recording.__enter__()

    def test_duplicate(self) -> None:
        """Under a key that is done the block does not run."""
        made = recorder()
        made.record_success(1, "notified", key="k")

        with (
            pytest.raises(DuplicateActionError),
            made.recording(1, "notified", key="k"),
        ):
            raise AssertionError("the block ran")

    @pytest.mark.parametrize(
        "details", [{"a": object()}, {"a": "x" * 9_000}], ids=["not_json", "too_large"]
    )
    def test_details_are_checked_where_they_are_added(self, details: Any) -> None:
        """Evidence that cannot be stored is refused at once, not when leaving."""
        made = recorder()

        with (
            made.recording(1, "notified", details={"b": "x" * 9_000}) as recording,
            pytest.raises((TypeError, ValueError), match="details"),
        ):
            recording.add_details(details)

        assert everything(made)[0].status == "succeeded"

    def test_secrets(self) -> None:
        """What is added inside is redacted too."""
        made = recorder()

        with made.recording(1, "notified") as recording:
            recording.add_details(to="jo@example.com")

        assert everything(made)[0].details == {"to": "[email]"}


class TestThreads:
    def test_one_winner(self) -> None:
        """Of eight threads that complete one action, one wins."""
        made = recorder()
        started = made.start(ASSIGNMENT, "notified")
        start, losers = threading.Barrier(8), list[Exception]()

        def complete(number: int) -> None:
            start.wait()
            try:
                made.succeed(started, details={"by": number})
            except ActionAlreadyCompletedError as error:
                losers.append(error)

        threads = [threading.Thread(target=complete, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(losers) == 7
        assert everything(made)[0].status == "succeeded"
