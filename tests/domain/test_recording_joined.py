"""The pattern of both: a recording outside, the host's transaction inside it."""

import pytest
from domain.outages import HostTransaction, TransactionalMemory
from domain.recorders import everything, recorder, store_of
from domain.samples import BOUNCE

from assignment_actions import ActionRecorder, StorageError

pytestmark = pytest.mark.usefixtures("colour")


def made() -> ActionRecorder:
    """Return a recorder on a repository with transactions."""
    return recorder(TransactionalMemory())


class TestCompletedInTheHostsTransaction:
    def test_commit(self) -> None:
        """The host commits: succeeded, with the evidence."""
        outer, host = made(), HostTransaction()

        with outer.recording(1, "notified") as recording:
            recording.add_details(a=1)
            recording.succeed(joined_to=host, details={"b": 2})
            host.commit()

        (stored,) = everything(outer)
        assert ("succeeded", {"a": 1, "b": 2}) == (stored.status, stored.details)
        assert stored == recording.action

    def test_failure_commits(self) -> None:
        """A failure recorded inside and committed stays."""
        outer, host = made(), HostTransaction()

        with outer.recording(1, "notified") as recording:
            recording.fail(BOUNCE, joined_to=host)
            host.commit()

        assert BOUNCE == everything(outer)[0].failure

    def test_rollback_with_an_exception(self) -> None:
        """The host rolls back with an exception: failed, with the stacktrace (T13)."""
        outer, host = made(), HostTransaction()

        with pytest.raises(LookupError), outer.recording(1, "notified") as recording:
            recording.succeed(joined_to=host)
            host.rollback()
            raise LookupError("undo")

        failure = outer.history.get(recording.action.id).failure
        assert failure is not None
        assert failure.exception_type == "LookupError"
        assert "in test_rollback_with_an_exception" in (failure.stacktrace or "")

    def test_interrupt_after_rollback(self) -> None:
        """Interrupted: unknown, as ever."""
        outer, host = made(), HostTransaction()

        with pytest.raises(KeyboardInterrupt), outer.recording(1, "notified") as one:
            one.succeed(joined_to=host)
            host.rollback()
            raise KeyboardInterrupt

        assert everything(outer)[0].status == "unknown"

    def test_silent_rollback(self) -> None:
        """The host rolls back silently: unknown, never a success."""
        outer, host = made(), HostTransaction()

        with outer.recording(1, "notified") as recording:
            recording.succeed(joined_to=host)
            host.rollback()

        (stored,) = everything(outer)
        assert stored.status == "unknown"
        assert stored.failure is not None
        assert "without committing" in stored.failure.message

    def test_still_open(self) -> None:
        """Still open when the block is left: nothing is written; the host decides."""
        outer, host = made(), HostTransaction()

        with outer.recording(1, "notified") as recording:
            recording.succeed(joined_to=host)

        assert everything(outer)[0].status == "in_progress"
        assert outer.flush() == 0
        host.commit()
        assert everything(outer)[0].status == "succeeded"

    @pytest.mark.parametrize(
        ("is_committed", "status"), [(True, "succeeded"), (False, "failed")]
    )
    def test_exception_while_open(
        self,
        is_committed: bool,  # noqa: FBT001
        status: str,
    ) -> None:
        """An exception while it is open: kept until the host has decided."""
        outer, host = made(), HostTransaction()

        with pytest.raises(LookupError), outer.recording(1, "notified") as recording:
            recording.succeed(joined_to=host)
            raise LookupError("undo")

        assert outer.flush() == 0
        assert everything(outer)[0].status == "in_progress"
        (host.commit if is_committed else host.rollback)()
        assert outer.flush() == (0 if is_committed else 1)
        assert status == everything(outer)[0].status

    def test_storage_error_inside(self) -> None:
        """A completion that the host's transaction could not store is raised there."""
        outer, host = made(), HostTransaction()

        with pytest.raises(StorageError), outer.recording(1, "notified") as recording:
            store_of(outer.joined_to(host)).outages = 1
            recording.succeed(joined_to=host)

        assert everything(outer)[0].status == "failed"

    def test_memory_joins_nothing(self) -> None:
        """In memory the same host code runs unchanged."""
        outer = recorder()

        with outer.recording(1, "notified") as recording:
            recording.succeed(joined_to=object())

        assert recording.action.status == "succeeded"
        assert [recording.action] == everything(outer)


class TestRecordingOfAJoinedRecorder:
    def test_storage_error_is_raised(self) -> None:
        """Inside the host's transaction an outcome is stored or the host told."""
        outer, host = made(), HostTransaction()
        joined = outer.joined_to(host)

        with pytest.raises(StorageError), joined.recording(1, "notified"):
            store_of(joined).outages = 1

        assert (0, 0) == (joined.flush(), outer.flush())

    def test_exception_wins(self) -> None:
        """The block's own exception goes on, ours is its note; nothing is kept."""
        outer, host = made(), HostTransaction()
        joined = outer.joined_to(host)

        with pytest.raises(LookupError) as caught, joined.recording(1, "notified"):
            store_of(joined).outages = 1
            raise LookupError("mine")

        assert "kept" not in caught.value.__notes__[0]
        assert outer.flush() == 0
