"""The host tries its transaction again inside one recording."""

import pytest
from domain.outages import FlakyRepository, HostTransaction, TransactionalMemory
from domain.recorders import everything, recorder
from domain.samples import BOUNCE

from assignment_actions import ActionAlreadyCompletedError, ActionNotFoundError

pytestmark = pytest.mark.usefixtures("colour")


class TestAgain:
    def test_a_second_transaction_may_complete_it(self) -> None:
        """The first was rolled back, the second commits: succeeded."""
        outer, second = recorder(TransactionalMemory()), HostTransaction()

        with outer.recording(1, "notified") as recording:
            first = HostTransaction()
            recording.succeed(joined_to=first)
            first.rollback()
            recording.add_details(again=True)
            recording.succeed(joined_to=second)
            second.commit()

        (stored,) = everything(outer)
        assert ("succeeded", {"again": True}) == (stored.status, stored.details)

    def test_it_may_fail_in_the_end(self) -> None:
        """The first was rolled back; what the block then says stands."""
        outer, first = recorder(TransactionalMemory()), HostTransaction()

        with outer.recording(1, "notified") as recording:
            recording.succeed(joined_to=first)
            first.rollback()
            recording.fail(BOUNCE)

        assert BOUNCE == everything(outer)[0].failure

    def test_the_same_code_runs_where_nothing_is_joined(self) -> None:
        """In memory the first completion stands, and the second is no error."""
        outer = recorder()

        with outer.recording(1, "notified") as recording:
            recording.succeed(joined_to=object())
            recording.succeed(joined_to=object())

        assert "succeeded" == everything(outer)[0].status

    def test_no_other_outcome_after_a_commit(self) -> None:
        """What the host has committed is final."""
        outer, host = recorder(TransactionalMemory()), HostTransaction()

        with (
            pytest.raises(ActionAlreadyCompletedError),
            outer.recording(1, "notified") as recording,
        ):
            recording.succeed(joined_to=host)
            host.commit()
            recording.fail(BOUNCE, joined_to=HostTransaction())

        assert "succeeded" == everything(outer)[0].status

    def test_not_twice_in_an_open_transaction(self) -> None:
        """While the host may still commit, a second outcome is refused."""
        outer, host = recorder(TransactionalMemory()), HostTransaction()

        with outer.recording(1, "notified") as recording:
            recording.succeed(joined_to=host)
            with pytest.raises(ActionAlreadyCompletedError):
                recording.fail(BOUNCE)
            host.commit()

        assert "succeeded" == everything(outer)[0].status


class TestJoinedTwice:
    def test_nothing_is_kept_for_later(self) -> None:
        """A recorder that is joined itself keeps nothing past its transaction."""
        host = HostTransaction()
        outer = recorder(TransactionalMemory()).joined_to(host)

        with pytest.raises(LookupError), outer.recording(1, "notified") as recording:
            recording.succeed(joined_to=host)
            raise LookupError("no")

        assert 0 == len(outer._journal)


class TestSaidInsideTheBlock:
    def test_somebody_else_was_first(self) -> None:
        """An outcome said inside the block is refused where another one stands."""
        outer = recorder()

        with (
            pytest.raises(ActionAlreadyCompletedError),
            outer.recording(1, "notified") as recording,
        ):
            outer.fail(recording.action, BOUNCE)
            recording.succeed()

        assert "failed" == everything(outer)[0].status

    def test_the_action_is_gone(self) -> None:
        """An outcome of what is not stored any more is no success."""
        repository = FlakyRepository()
        outer = recorder(repository)

        with (
            pytest.raises(ActionNotFoundError),
            outer.recording(1, "notified") as recording,
        ):
            FlakyRepository.__init__(repository)
            recording.succeed()


class TestOutOfReach:
    def test_an_outcome_said_inside_the_block_is_kept(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The effect was done: an outage at `succeed` makes no failure of it."""
        repository = FlakyRepository()
        outer = recorder(repository)

        with outer.recording(1, "notified", key="k") as recording:
            repository.outages = 1
            completed = recording.succeed(details={"a": 1})

        assert "succeeded" == completed.status == recording.action.status
        assert "it is kept for flush()" in caplog.text
        assert 1 == outer.flush()
        assert [completed] == everything(outer)

    def test_a_retry_flushes_what_is_kept_first(self) -> None:
        """A failure that waits here is stored before its key is judged."""
        repository = FlakyRepository()
        outer = recorder(repository)
        with pytest.raises(LookupError), outer.recording(1, "notified", key="k"):
            repository.outages = 1
            raise LookupError("no")

        again = outer.start(1, "notified", key="k")

        assert 2 == again.attempt
        assert ["in_progress", "failed"] == [one.status for one in everything(outer)]

    def test_what_is_left_at_the_close_is_logged(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """An outcome that still waits for the host's transaction is logged."""
        outer, host = recorder(TransactionalMemory()), HostTransaction()
        with pytest.raises(LookupError), outer.recording(1, "notified") as recording:
            recording.succeed(joined_to=host)
            raise LookupError("no")

        outer.close()

        assert f"lost: action {recording.action.id} is failed" in caplog.text

    def test_one_that_cannot_be_stored_blocks_no_other(self) -> None:
        """A kept outcome that the store refuses for ever stays behind the others."""
        repository = FlakyRepository()
        outer = recorder(repository)
        for assignment_id in (1, 2):
            with outer.recording(assignment_id, "notified"):
                repository.outages = 1
        repository.outages, repository.error = 1, TypeError("for ever")

        with pytest.raises(TypeError):
            outer.flush()

        outer.start(3, "notified")
        assert ["in_progress", "succeeded", "succeeded"] == [
            one.status for one in everything(outer)
        ]
