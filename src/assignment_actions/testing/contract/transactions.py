"""The recorder's promises where the host's transaction decides."""

from __future__ import annotations

from typing import Any

import pytest

from assignment_actions.domain.errors import DuplicateActionError
from assignment_actions.domain.kept import KeptOutcomes
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.domain.recorder import ActionRecorder
from assignment_actions.testing.factories import (
    FixedClock,
    an_action,
    an_assignment_id,
)


class JoinedRules:
    """What a joined recorder keeps to, whether or not there is something to join."""

    def test_a_joined_recorder_keeps_the_rules(
        self, recorder: ActionRecorder, transaction: Any
    ) -> None:
        """Inside the transaction a key is taken as it is outside."""
        joined = recorder.joined_to(transaction)
        args = an_assignment_id(), "notified"
        done = joined.record_success(*args, key="k")

        with pytest.raises(DuplicateActionError):
            joined.start(*args, key="k")
        assert done == joined.history.get(done.id)

    @pytest.mark.parametrize("verb", ["scrub", "erase"])
    def test_a_joined_recorder_leaves_the_journal_alone(
        self,
        make_recorder: type[ActionRecorder],
        repository: ActionRepository,
        clock: FixedClock,
        transaction: Any,
        verb: str,
    ) -> None:
        """What the host may roll back must not be lost from the journal."""
        journal = KeptOutcomes()
        recorder = make_recorder(repository, clock=clock, journal=journal)
        action = an_action(key="k", actor="ann")
        repository.add(action)
        journal.keep(waiting := action.succeed(at=clock.now))
        joined = recorder.joined_to(transaction)

        report = getattr(joined, verb)([action.assignment_id])

        assert (1, 0) == (report.actions, report.kept)
        assert [waiting] == list(journal)
        assert joined.verify_erased([action.assignment_id]).is_clean
        assert not recorder.verify_erased([action.assignment_id]).is_clean


class TransactionRules(JoinedRules):
    """What a completion inside the host's transaction comes to."""

    def test_what_the_host_commits_is_a_success(
        self, recorder: ActionRecorder, transaction: Any
    ) -> None:
        """The host commits inside the block: the success is true."""
        with recorder.recording(an_assignment_id(), "notified") as recording:
            recording.succeed(joined_to=transaction)
            transaction.commit()

        assert "succeeded" == recorder.history.get(recording.action.id).status

    def test_a_rollback_with_an_exception_is_a_failure(
        self, recorder: ActionRecorder, transaction: Any
    ) -> None:
        """The host rolls back and raises: the success never was, the reason is kept."""
        with (  # noqa: PT012  # what is recorded is the block
            pytest.raises(OSError, match="disk"),
            recorder.recording(an_assignment_id(), "notified") as recording,
        ):
            recording.succeed(joined_to=transaction)
            transaction.rollback()
            raise OSError("disk")

        stored = recorder.history.get(recording.action.id)

        assert stored.failure is not None
        assert ("failed", "disk") == (stored.status, stored.failure.message)

    def test_a_silent_rollback_is_unknown(
        self, recorder: ActionRecorder, transaction: Any
    ) -> None:
        """The host rolls back and says nothing: nobody knows whether it took effect."""
        with recorder.recording(an_assignment_id(), "notified") as recording:
            recording.succeed(joined_to=transaction)
            transaction.rollback()

        assert "unknown" == recorder.history.get(recording.action.id).status

    def test_an_open_transaction_is_the_hosts_to_decide(
        self, recorder: ActionRecorder, transaction: Any
    ) -> None:
        """The block ends first: nothing more is written until the host commits."""
        with recorder.recording(an_assignment_id(), "notified") as recording:
            recording.succeed(joined_to=transaction)

        assert "in_progress" == recorder.history.get(recording.action.id).status
        transaction.commit()
        assert "succeeded" == recorder.history.get(recording.action.id).status

    def test_a_failure_of_its_own_survives_the_hosts_rollback(
        self,
        recorder: ActionRecorder,
        repository: ActionRepository,
        transaction: Any,
    ) -> None:
        """What was recorded outside the transaction stays when that is rolled back."""
        with (  # noqa: PT012  # what is recorded is the block
            pytest.raises(OSError, match="disk"),
            recorder.recording(an_assignment_id(), "notified") as recording,
        ):
            recorder.joined_to(transaction).record_success(
                an_assignment_id(), "redeemed"
            )
            transaction.rollback()
            raise OSError("disk")

        found = repository.timelines([recording.action.assignment_id])

        assert ["failed"] == [
            action.status for timeline in found.values() for action in timeline
        ]

    @pytest.mark.parametrize("end", ["commit", "rollback"])
    def test_the_host_decides_about_what_was_erased(
        self, recorder: ActionRecorder, transaction: Any, end: str
    ) -> None:
        """All batches of a joined run are one transaction: the host's."""
        assignment_id = an_assignment_id()
        recorder.record_many(an_action(assignment_id) for _ in range(5))

        report = recorder.joined_to(transaction).erase([assignment_id], batch_size=2)
        getattr(transaction, end)()

        assert 5 == report.actions
        assert (0 if end == "commit" else 5) == len(
            recorder.history.timeline(assignment_id)
        )


class JoinsNothingRules(JoinedRules):
    """What host code that joins comes to on a store without transactions."""

    def test_a_joined_success_without_transactions_is_true_at_once(
        self, recorder: ActionRecorder, transaction: Any
    ) -> None:
        """Where a store joins nothing, host code runs unchanged and succeeds."""
        with recorder.recording(an_assignment_id(), "notified") as recording:
            recording.succeed(joined_to=transaction)

        assert "succeeded" == recorder.history.get(recording.action.id).status
