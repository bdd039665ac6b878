import logging
from typing import Any

import pytest
from domain.outages import FlakyRepository
from domain.recorders import everything, recorder
from domain.samples import BOUNCE, ManualClock

from assignment_actions import (
    Action,
    StorageError,
)
from assignment_actions.domain.errors import ActionNotFoundError

pytestmark = pytest.mark.usefixtures("colour")


class TestStorageDown:
    def test_at_the_start(self) -> None:
        """StorageError before the block: nothing has been done yet (T10)."""
        repository = FlakyRepository()
        repository.outages = 1

        with pytest.raises(StorageError), recorder(repository).recording(1, "notified"):
            raise AssertionError("the block ran")

    def test_result_wins(self, caplog: pytest.LogCaptureFixture) -> None:
        """The block's result stands; the outcome is kept, logged, and flushed once."""
        repository = FlakyRepository()
        made = recorder(repository)

        with made.recording(1, "notified") as recording:
            repository.outages = 1

        assert [logging.ERROR] == [record.levelno for record in caplog.records]
        assert "connection refused; it is kept for flush()" in caplog.text
        assert everything(made)[0].status == "in_progress"
        assert (1, 0) == (made.flush(), made.flush())
        assert everything(made)[0].status == "succeeded"
        assert recording.action.id == everything(made)[0].id

    def test_exception_wins(self) -> None:
        """The same exception goes on, with ours attached as a note."""
        repository, error = FlakyRepository(), LookupError("mine")
        made = recorder(repository)

        with pytest.raises(LookupError) as caught, made.recording(1, "notified"):
            repository.outages = 1
            raise error

        assert error is caught.value
        assert len(error.__notes__) == 1
        assert "could not store the outcome of action" in error.__notes__[0]
        assert made.flush() == 1
        assert everything(made)[0].status == "failed"

    def test_an_exception_that_refuses_notes(self) -> None:
        """An exception that cannot carry a note goes on without it."""

        class StubbornError(Exception):
            def add_note(self, note: str, /) -> None:
                raise TypeError(note)

        repository = FlakyRepository()

        with (
            pytest.raises(StubbornError),
            recorder(repository).recording(1, "notified"),
        ):
            repository.outages = 1
            raise StubbornError

    def test_a_store_that_breaks_the_rules(self) -> None:
        """Even an error that no repository should raise does not reach the user."""
        repository = FlakyRepository()
        repository.error = ZeroDivisionError()
        made = recorder(repository)

        with made.recording(1, "notified"):
            repository.outages = 1

        assert made.flush() == 1

    def test_interrupted_while_storing(self) -> None:
        """An interrupt while the outcome is stored goes on; the outcome is kept."""
        repository = FlakyRepository()
        repository.error = KeyboardInterrupt()
        made = recorder(repository)

        with pytest.raises(KeyboardInterrupt), made.recording(1, "notified"):
            repository.outages = 1

        assert made.flush() == 1

    def test_next_call_stores_it(self) -> None:
        """The next successful call brings the kept outcome along."""
        repository = FlakyRepository()
        made = recorder(repository)
        with made.recording(1, "notified"):
            repository.outages = 1

        made.record_success(1, "reminded")

        assert {one.status for one in everything(made)} == {"succeeded"}

    def test_still_down_at_the_next_call(self) -> None:
        """A flush that fails on the side disturbs nobody, and keeps the outcome."""

        class Halting(FlakyRepository):
            def add(self, /, *actions: Action) -> None:
                super().add(*actions)
                self.outages = len(kept)

        kept: list[str] = []
        repository = Halting()
        made = recorder(repository)
        with made.recording(1, "notified"):
            repository.outages = 1
        kept.append("one")

        assert made.record_success(1, "reminded").status == "succeeded"
        assert made.flush() == 1

    def test_flush_raises(self) -> None:
        """An explicit flush says that the store is still out of reach."""
        repository = FlakyRepository()
        made = recorder(repository)
        with made.recording(1, "notified"):
            repository.outages = 2

        with pytest.raises(StorageError):
            made.flush()
        assert made.flush() == 1

    def test_bounded(self, caplog: pytest.LogCaptureFixture) -> None:
        """No more than 1 000 outcomes wait; the oldest are logged and lost."""
        repository = FlakyRepository()
        made = recorder(repository)
        started = [made.recording(1, "notified") for _ in range(1_001)]
        for one in started:
            one.__enter__()
        repository.outages = 1_001

        for one in started:
            one.__exit__(None, None, None)

        assert f"lost: action {started[0].action.id}" in caplog.text
        assert made.flush() == 1_000

    def test_superseded(self, caplog: pytest.LogCaptureFixture) -> None:
        """An outcome that somebody settled otherwise meanwhile is logged."""
        repository = FlakyRepository()
        made = recorder(repository)
        with made.recording(1, "notified") as recording:
            repository.outages = 1
        recorder(repository).fail(recording.action, BOUNCE)

        assert made.flush() == 0
        assert "was not stored: it is failed already" in caplog.text

    def test_stored_after_all(self, caplog: pytest.LogCaptureFixture) -> None:
        """An outcome that did arrive, though an error came back, counts as stored."""

        class Mute(FlakyRepository):
            def complete(self, action: Action, /) -> bool:
                is_stored = super().complete(action)
                if is_stored:
                    raise StorageError("complete", "no answer")
                return is_stored

        made = recorder(Mute())
        with made.recording(1, "notified"):
            pass
        caplog.clear()

        assert made.flush() == 1
        assert caplog.text == ""

    def test_a_store_that_is_behind(self) -> None:
        """An outcome is kept until a lagging node knows what it belongs to."""

        class Behind(FlakyRepository):
            is_behind = True

            def complete(self, action: Action, /) -> bool:
                return not self.is_behind and super().complete(action)

        repository = Behind()
        made = recorder(repository)
        with made.recording(1, "notified"):
            pass

        with pytest.raises(StorageError, match="the store is behind: it says in_prog"):
            made.flush()
        repository.is_behind = False
        assert (1, 0) == (made.flush(), made.flush())

    def test_nowhere(self, caplog: pytest.LogCaptureFixture) -> None:
        """An outcome of what is stored nowhere is logged, not kept for ever."""
        repository = FlakyRepository()
        made = recorder(repository)
        with made.recording(1, "notified") as recording:
            repository.outages = 1
        repository.delete(recording.action)

        assert (0, 0) == (made.flush(), made.flush())
        assert "it is nowhere already" in caplog.text

    def test_deleted_meanwhile(self, caplog: pytest.LogCaptureFixture) -> None:
        """An action that vanished inside the block is logged; the result stands."""
        repository = FlakyRepository()
        with recorder(repository).recording(1, "notified") as recording:
            repository.delete(recording.action)

        assert "no action with id" in caplog.text
        assert ActionNotFoundError.__name__ in caplog.text

    def test_close(self) -> None:
        """Closing flushes first, and closes even if the store is out of reach."""
        closed: list[str] = []

        class Closing(FlakyRepository):
            def close(self) -> None:
                closed.append("closed")

        repository = Closing()
        made = recorder(repository)
        with made.recording(1, "notified"):
            repository.outages = 2

        with pytest.raises(StorageError):
            made.close()
        assert closed == ["closed"]

    def test_clock_that_breaks(self, caplog: pytest.LogCaptureFixture) -> None:
        """Where no outcome could be made there is none to keep, and the log says so."""

        class Breaking(ManualClock):
            def __call__(self) -> Any:
                if is_broken:
                    raise OSError("no time")
                return super().__call__()

        is_broken = False
        made = recorder(clock=Breaking())
        with made.recording(1, "notified"):
            is_broken = True

        assert "could not store the outcome" in caplog.text
        assert "kept for flush" not in caplog.text
        is_broken = False
        assert made.flush() == 0
