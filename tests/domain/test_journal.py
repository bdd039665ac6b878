"""What a recorder does with starts that cannot be stored, and with its journal."""

import logging
from typing import Any

import pytest
from domain.outages import FlakyRepository, HostTransaction, TransactionalMemory
from domain.recorders import everything, inside, recorder, store_of
from domain.samples import ManualClock, succeeded

from assignment_actions import (
    Action,
    ActionRecorder,
    DuplicateActionError,
    OutcomeUnknownError,
    StorageError,
)
from assignment_actions.domain.errors import ActionNotFoundError
from assignment_actions.domain.kept import KeptOutcomes

pytestmark = pytest.mark.usefixtures("colour")


def journaling(repository: FlakyRepository, **given: Any) -> ActionRecorder:
    """Return a recorder that keeps the starts it cannot store."""
    return recorder(repository, on_start_failure="journal", **given)


def down(for_calls: int = 1) -> FlakyRepository:
    """Return a repository that is out of reach for so many calls."""
    repository = FlakyRepository()
    repository.outages = for_calls
    return repository


class BrokenJournal(KeptOutcomes):
    """A journal that breaks whenever something is to be kept."""

    def keep(self, *_: object, **__: object) -> None:
        raise OSError("no space left")


class TestArguments:
    def test_a_wrong_choice(self) -> None:
        """A choice that there is not is refused, naming field and choices."""
        with pytest.raises(ValueError, match="on_start_failure must be one of raise,"):
            recorder(on_start_failure="ignore")

    def test_an_empty_journal_is_taken(self) -> None:
        """The journal given is the one used, though it is empty, and so false."""
        journal, repository = KeptOutcomes(limit=1), FlakyRepository()
        made = recorder(repository, journal=journal)

        with made.recording(1, "notified") as recording:
            repository.outages = 1

        assert [recording.action.id] == [one.id for one in journal]


class TestStartIsKept:
    def test_the_block_runs(self, caplog: pytest.LogCaptureFixture) -> None:
        """The block runs, logged as an error; a flush adds what it came to."""
        made = journaling(down())

        with made.recording(1, "notified", details={"a": 1}) as recording:
            recording.add_details(b=2)

        assert [logging.ERROR] == [record.levelno for record in caplog.records]
        assert "could not store the start of action" in caplog.text
        assert [] == everything(made)
        assert (1, 0) == (made.flush(), made.flush())
        assert [recording.action] == everything(made)
        assert ("succeeded", {"a": 1, "b": 2}) == (
            recording.action.status,
            recording.action.details,
        )

    def test_an_exception_goes_on(self) -> None:
        """The block's exception is the one that arrives, without any note of ours."""
        made, error = journaling(down()), LookupError("mine")

        with pytest.raises(LookupError) as caught, made.recording(1, "notified"):
            raise error

        assert error is caught.value
        assert not hasattr(error, "__notes__")
        assert made.flush() == 1
        assert everything(made)[0].status == "failed"

    def test_an_interrupt(self) -> None:
        """An interrupted block is kept as unknown, and the interrupt goes on."""
        made = journaling(down())

        with pytest.raises(KeyboardInterrupt), made.recording(1, "notified"):
            raise KeyboardInterrupt

        made.flush()
        assert everything(made)[0].status == "unknown"

    def test_completed_inside(self) -> None:
        """An outcome said inside the block is kept; leaving it changes nothing."""
        made = journaling(down())

        with made.recording(1, "notified") as recording:
            assert recording.succeed(details={"n": 1}).status == "succeeded"

        made.flush()
        assert [{"n": 1}] == [one.details for one in everything(made)]

    def test_flushed_inside(self) -> None:
        """A start that is stored while its block runs gets its outcome all the same."""
        made = journaling(down())

        with made.recording(1, "notified"):
            assert made.flush() == 1
            assert everything(made)[0].status == "in_progress"

        assert made.flush() == 1
        assert everything(made)[0].status == "succeeded"

    def test_stored_after_all(self) -> None:
        """A start that did arrive, though an error came back, is not stored twice."""

        class Mute(FlakyRepository):
            def add(self, /, *actions: Action) -> None:
                super().add(*actions)
                raise StorageError("add", "no answer")

        made = journaling(Mute())
        with made.recording(1, "notified"):
            assert made.flush() == 1  # in progress, stored already

        assert made.flush() == 1
        assert ["succeeded"] == [one.status for one in everything(made)]

    def test_next_call_stores_it(self) -> None:
        """The next start that succeeds brings the kept action along."""
        made = journaling(down())
        with made.recording(1, "notified"):
            pass

        with made.recording(1, "reminded"):
            assert ["in_progress", "succeeded"] == sorted(
                one.status for one in everything(made)
            )

    def test_step_by_step_raises(self) -> None:
        """Who starts step by step is told, and decides."""
        with pytest.raises(StorageError):
            journaling(down()).start(1, "notified")

    def test_raise_is_the_default(self) -> None:
        """Unless it was chosen, the block does not run."""
        with pytest.raises(StorageError), recorder(down()).recording(1, "notified"):
            raise AssertionError("the block ran")

    def test_a_broken_journal(self) -> None:
        """A start that can be kept nowhere is a StorageError before the block."""
        made = journaling(down(), journal=BrokenJournal())

        with pytest.raises(StorageError), made.recording(1, "notified"):
            raise AssertionError("the block ran")


class TestBrokenJournal:
    def test_disturbs_nobody(self, caplog: pytest.LogCaptureFixture) -> None:
        """A journal that breaks at the block's end is logged; the result stands."""
        repository = FlakyRepository()
        made = recorder(repository, journal=BrokenJournal())

        with made.recording(1, "notified") as recording:
            repository.outages = 1

        assert f"lost: action {recording.action.id} is succeeded" in caplog.text
        assert "kept for flush" not in caplog.text

    def test_that_took_the_start(self) -> None:
        """Where it breaks after it took a start, the store itself is tried."""
        journal = KeptOutcomes()
        made = journaling(down(), journal=journal)

        with made.recording(1, "notified"):
            made.flush()
            inside(made)._journal = BrokenJournal()

        assert ["succeeded"] == [one.status for one in everything(made)]


class TestKeys:
    def test_a_duplicate_stops_the_block(self) -> None:
        """A store that can be reached decides: what was done is not done again."""
        made = journaling(FlakyRepository())
        made.record_success(1, "notified", key="k")

        with (
            pytest.raises(DuplicateActionError),
            made.recording(1, "notified", key="k"),
        ):
            raise AssertionError("the block ran")

    def test_an_unknown_outcome_stops_the_block(self) -> None:
        """So it does where nobody knows what the last try came to."""
        made = journaling(FlakyRepository())
        made.mark_unknown(made.start(1, "notified", key="k"))

        with pytest.raises(OutcomeUnknownError), made.recording(1, "notified", key="k"):
            raise AssertionError("the block ran")

    def test_done_by_somebody_else(self, caplog: pytest.LogCaptureFixture) -> None:
        """What somebody else did under the key meanwhile stands; ours is logged."""
        made = journaling(down())
        with made.recording(1, "notified", key="k") as recording:
            pass
        recorder(store_of(made)).record_success(1, "notified", key="k")
        caplog.clear()

        assert (0, 0) == (made.flush(), len(inside(made)._journal))
        assert f"kept action {recording.action.id} (succeeded) was" in caplog.text
        assert len(everything(made)) == 1

    def test_the_next_attempt(self) -> None:
        """After an earlier try that failed, it is stored as the next one."""
        repository = FlakyRepository()
        made = journaling(repository)
        made.record_failure(1, "notified", LookupError(), key="k")
        repository.outages = 1
        with made.recording(1, "notified", key="k"):
            pass

        assert made.flush() == 1
        assert {(1, "failed"), (2, "succeeded")} == {
            (one.attempt, one.status) for one in everything(made)
        }

    def test_what_cannot_be_seen(self, caplog: pytest.LogCaptureFixture) -> None:
        """What the store will not show is in the way: logged and dropped."""

        class Blind(FlakyRepository):
            def add(self, /, *actions: Action) -> None:
                self._reach()
                raise DuplicateActionError(None, actions[0])

        repository = Blind()
        repository.outages = 1
        made = journaling(repository)
        with made.recording(1, "notified", key="k"):
            pass

        assert (0, 0) == (made.flush(), len(inside(made)._journal))
        assert "a try that this transaction cannot see" in caplog.text


class TestJoined:
    def test_never_keeps_a_start(self) -> None:
        """Inside the host's transaction a start that fails is a StorageError."""
        made = journaling(FlakyRepository())
        joined = made.joined_to(object())
        store_of(made).outages = 1

        with pytest.raises(StorageError), joined.recording(1, "notified"):
            raise AssertionError("the block ran")

    def test_a_joined_completion_stores_the_start_first(self) -> None:
        """A completion in the host's transaction finds the start that was kept."""
        repository, transaction = TransactionalMemory(), HostTransaction()
        repository.outages = 1
        made = journaling(repository)

        with made.recording(1, "notified") as recording:
            recording.succeed(joined_to=transaction)
            transaction.commit()

        assert ["succeeded"] == [one.status for one in everything(made)]
        assert made.flush() == 1  # the start: stored already
        assert ["succeeded"] == [one.status for one in everything(made)]

    def test_a_joined_completion_out_of_reach(self) -> None:
        """Where the start still cannot be stored, the completion is a StorageError."""
        repository = TransactionalMemory()
        repository.outages = 2
        made = journaling(repository)

        with pytest.raises(StorageError), made.recording(1, "notified") as recording:
            recording.succeed(joined_to=HostTransaction())

        assert made.flush() == 1
        assert ["failed"] == [one.status for one in everything(made)]


class TestErased:
    def test_does_not_come_back(self, caplog: pytest.LogCaptureFixture) -> None:
        """The outcome of a stored action that was erased meanwhile is dropped."""
        repository = FlakyRepository()
        made = journaling(repository)
        with made.recording(1, "notified") as recording:
            repository.outages = 1
        repository.delete(recording.action)

        assert made.flush() == 0
        assert "it is nowhere already" in caplog.text

    def test_never_stored(self) -> None:
        """Completing what was never stored is an error, as ever."""
        with pytest.raises(ActionNotFoundError):
            recorder().succeed(recorder().start(1, "notified"))


class TestFlushOnTheSide:
    def test_is_bounded(self) -> None:
        """One call brings at most 100 outcomes along, so that nobody waits for all."""
        journal = KeptOutcomes()
        for number in range(1, 151):
            journal.keep(succeeded(number), is_new=True)
        made = recorder(journal=journal, clock=ManualClock())

        made.record_success(succeeded().assignment_id, "reminded")
        assert len(journal) == 50
        assert made.flush() == 50


class TestKeptInMemory:
    def test_newest_state_only(self) -> None:
        """Of one action only the newest state is kept."""
        journal = KeptOutcomes()
        for one in (
            succeeded(1, status="in_progress", completed_at=None),
            succeeded(1),
        ):
            journal.keep(one, is_new=True)

        assert [succeeded(1)] == list(journal)

    def test_a_newer_state_while_an_older_one_is_tried(self) -> None:
        """An older state that could not be stored does not replace a newer one."""
        journal = KeptOutcomes()
        journal.keep(succeeded(1, status="in_progress", completed_at=None), is_new=True)

        def store(_: Action) -> bool:
            journal.keep(succeeded(1), is_new=True)
            raise StorageError("add")

        with pytest.raises(StorageError):
            journal.store_each(store, store)
        assert [succeeded(1)] == list(journal)

    def test_close_logs_what_is_lost(self, caplog: pytest.LogCaptureFixture) -> None:
        """What is left at the end is logged as lost."""
        journal = KeptOutcomes()
        journal.keep(succeeded(1))

        journal.close()
        assert f"lost: action {succeeded(1).id} is succeeded" in caplog.text
