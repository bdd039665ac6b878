from datetime import datetime
from uuid import UUID

import pytest
from domain.outages import FlakyRepository
from domain.recorders import everything, recorder
from domain.samples import (
    ASSIGNMENT,
    BOUNCE,
    T0,
    ManualClock,
    action,
    at,
    succeeded,
)

from assignment_actions import (
    Action,
    ActionAlreadyCompletedError,
    ActionNotFoundError,
    ActionRecorder,
    AsyncActionRecorder,
    AsyncInMemoryActionRepository,
    DuplicateActionError,
    InMemoryActionRepository,
    StorageError,
)

pytestmark = pytest.mark.usefixtures("colour")


class TestStart:
    def test_is_stored_before_the_effect(self) -> None:
        """A started action is in progress, overdue in an hour, and stored."""
        made = recorder()

        started = made.start(ASSIGNMENT, "notified", actor="admin:7", details={"a": 1})

        assert ("in_progress", T0, at(3600)) == (
            started.status,
            started.created_at,
            started.overdue_at,
        )
        assert [started] == everything(made)

    def test_storage_down(self) -> None:
        """Nothing was stored: do not go on."""
        repository = FlakyRepository()
        repository.outages = 1

        with pytest.raises(StorageError, match="connection refused"):
            recorder(repository=repository).start(ASSIGNMENT, "notified")

    def test_ids_increase(self) -> None:
        """Ids made here are version 7 and increase while the clock stands."""
        made = recorder()
        ids = [made.start(1, "notified").id for _ in range(50)]

        assert sorted(ids) == ids
        assert {one.version for one in ids} == {7}


class TestCompletions:
    def test_succeed(self) -> None:
        """A success is stored with its evidence laid over the action's."""
        made = recorder()
        started = made.start(1, "notified", details={"a": 1})

        done = made.succeed(started, details={"b": 2})

        assert ("succeeded", {"a": 1, "b": 2}) == (done.status, done.details)
        assert [done] == everything(made)

    def test_fail(self) -> None:
        """A failure keeps the exception with its stacktrace, for `get`."""
        made = recorder(reasons={OSError: "disk_error"})

        done = made.fail(made.start(1, "notified"), OSError("full"), details={"a": 1})

        assert done.failure is not None
        assert ("disk_error", "OSError", "full") == (
            done.failure.reason,
            done.failure.exception_type,
            done.failure.message,
        )
        assert done == made.history.get(done.id)

    def test_mark_unknown(self) -> None:
        """Unknown is stored with what interrupted it, and stays as it is."""
        made = recorder()

        lost = made.mark_unknown(made.start(1, "notified"), BOUNCE, details={"a": 1})

        assert ("unknown", T0, BOUNCE) == (lost.status, lost.unknown_at, lost.failure)
        assert lost == made.mark_unknown(lost)
        assert [lost] == everything(made)

    def test_mark_unknown_twice_from_a_stale_copy(self) -> None:
        """Marking a stale copy returns what is stored already."""
        clock = ManualClock()
        made = recorder(clock=clock)
        started = made.start(1, "notified")
        lost = made.mark_unknown(started)
        clock.advance(seconds=5)

        assert lost == made.mark_unknown(started)

    def test_late_report(self) -> None:
        """Unknown can still succeed; `unknown_at` tells that it came late."""
        made = recorder()
        done = made.succeed(made.mark_unknown(made.start(1, "notified")))

        assert done.is_late
        assert [done] == everything(made)

    def test_who_loses_the_race(self) -> None:
        """The second of two completions is told whose outcome stands."""
        made = recorder()
        started = made.start(1, "notified")
        made.succeed(started)

        with pytest.raises(ActionAlreadyCompletedError) as caught:
            made.fail(started, BOUNCE)

        assert caught.value.status == "succeeded"

    def test_never_stored(self) -> None:
        """What was never stored cannot be completed."""
        with pytest.raises(ActionNotFoundError):
            recorder().succeed(action())

    def test_storage_down(self) -> None:
        """The caller is told, and nothing is kept behind the caller's back."""
        repository = FlakyRepository()
        made = recorder(repository=repository)
        started = made.start(1, "notified")
        repository.outages = 1

        with pytest.raises(StorageError):
            made.succeed(started)

        assert made.flush() == 0
        assert made.succeed(started).status == "succeeded"


class TestOneIdTwice:
    def test_each_has_its_own_outcome(self) -> None:
        """A host may give one id to two assignments: both are completed, once each."""
        outer = recorder(ids=lambda _: UUID(int=7))
        one, two = outer.start(1, "notified"), outer.start(2, "notified")
        outer.succeed(two)

        with pytest.raises(ActionAlreadyCompletedError):
            outer.fail(two, ValueError("no"))

        outer.fail(one, ValueError("no"))
        assert {"failed", "succeeded"} == {it.status for it in everything(outer)}


class TestAtOnce:
    def test_record_success(self) -> None:
        """What happened elsewhere is recorded at its own moment."""
        made = recorder()

        done = made.record_success(1, "notified", at=at(-9), key="k", details={"a": 1})

        assert (at(-9), at(-9), "succeeded", None) == (
            done.created_at,
            done.completed_at,
            done.status,
            done.overdue_at,
        )
        assert [done] == everything(made)

    def test_record_failure(self) -> None:
        """A bounce is recorded as a failure, now by default."""
        made = recorder()

        done = made.record_failure(1, "notified", BOUNCE, actor="smtp")

        assert (T0, BOUNCE) == (done.failed_at, done.failure)

    def test_refuses_naive(self) -> None:
        """A naive moment is refused."""
        with pytest.raises(ValueError, match="at must be an aware datetime"):
            recorder().record_success(1, "notified", at=datetime(2026, 1, 1))  # noqa: DTZ001

    def test_the_last_moment(self) -> None:
        """A moment so late that nothing could be overdue after it is recorded."""
        last = datetime.max.replace(tzinfo=T0.tzinfo)

        assert last == recorder().record_success(1, "notified", at=last).created_at


class TestRecordMany:
    def test_streams_in_batches(self) -> None:
        """Any iterable is stored, no more than a batch at a time."""
        held: list[int] = []

        class Counting(FlakyRepository):
            def add(self, /, *actions: Action) -> None:
                held.append(len(actions))
                super().add(*actions)

        made = recorder(repository=Counting())
        given = (action(number) for number in range(1, 6))

        assert made.record_many(given, batch_size=2) == 5
        assert [2, 2, 1] == held

    def test_a_batch_is_all_or_nothing(self) -> None:
        """Earlier batches stay; the batch with the duplicate leaves nothing."""
        made = recorder()

        with pytest.raises(DuplicateActionError) as caught:
            made.record_many([action(1), action(2), action(3), action(1)], batch_size=2)

        assert action(1) == caught.value.refused
        assert [action(2), action(1)] == everything(made)

    def test_unknown_type(self) -> None:
        """A type outside the vocabulary is refused when it is imported too."""
        with pytest.raises(ValueError, match="'shipped' is unknown"):
            recorder().record_many([action(action_type="shipped")])

    def test_progress(self) -> None:
        """After each batch it is told how many are stored by then."""
        told: list[int] = []
        given = (action(number) for number in range(1, 6))
        recorder().record_many(given, batch_size=2, on_progress=told.append)

        assert [2, 4, 5] == told

    def test_progress_that_is_none(self) -> None:
        """What cannot be called is refused before anything is stored."""
        made = recorder()

        with pytest.raises(TypeError, match="on_progress must be callable, got 7"):
            made.record_many([action(1)], on_progress=7)  # type: ignore[arg-type]  # the test

        assert [] == everything(made)

    @pytest.mark.parametrize("size", [0, -1])
    def test_batch_size(self, size: int) -> None:
        """A batch holds at least one."""
        with pytest.raises(ValueError, match=f"batch_size must be .* got {size}"):
            recorder().record_many([], batch_size=size)


class TestHistory:
    def test_shares_clock_and_vocabulary(self) -> None:
        """The history of a recorder answers with its clock and its words."""
        clock = ManualClock()
        made = recorder(clock=clock, vocabulary=["packed"])
        started = made.start(1, "packed")
        clock.advance(hours=2)

        assert (started,) == made.history.overdue()


def test_succeeded_sample_is_not_started() -> None:
    """A completed action cannot be completed again, whoever made it."""
    with pytest.raises(ActionAlreadyCompletedError):
        recorder().succeed(succeeded())


def test_a_repository_of_the_other_colour() -> None:
    """Each recorder says which one takes a repository that it cannot use."""
    with pytest.raises(TypeError, match="; AsyncActionRecorder takes"):
        ActionRecorder(AsyncInMemoryActionRepository())  # type: ignore[arg-type]  # so
    with pytest.raises(TypeError, match="must be async, got InMemory"):
        AsyncActionRecorder(InMemoryActionRepository())  # type: ignore[arg-type]  # so
