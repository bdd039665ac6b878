from datetime import timedelta

import pytest
from domain.outages import FlakyRepository, HostTransaction, TransactionalMemory
from domain.recorders import everything, recorder, store_of
from domain.samples import (
    at,
)

from assignment_actions import (
    StorageError,
)

pytestmark = pytest.mark.usefixtures("colour")


class TestJoined:
    def test_is_part_of_the_hosts_transaction(self) -> None:
        """What is recorded is true only if the host commits."""
        made = recorder(repository=TransactionalMemory())
        undone, done = HostTransaction(), HostTransaction()

        made.joined_to(undone).record_success(1, "notified")
        undone.rollback()
        kept = made.joined_to(done).record_success(1, "reminded")
        assert everything(made) == []
        done.commit()

        assert [kept] == everything(made)

    def test_keeps_nothing(self) -> None:
        """A storage error is raised; nothing is kept for a later flush (T5)."""
        repository = TransactionalMemory()
        made = recorder(repository=repository)
        joined = made.joined_to(HostTransaction())
        started = joined.start(1, "notified")
        store_of(joined).outages = 1

        with pytest.raises(StorageError):
            joined.succeed(started)

        assert (0, 0) == (joined.flush(), made.flush())

    def test_same_rules(self) -> None:
        """A joined recorder has the clock, vocabulary and reasons of its origin."""
        made = recorder(vocabulary=["packed"], overdue_after=timedelta(seconds=9))

        started = made.joined_to(object()).start(1, "packed")

        assert (at(9), [started]) == (started.overdue_at, everything(made))

    def test_close_closes_nothing(self) -> None:
        """The repository belongs to the recorder that was not joined."""
        closed: list[str] = []

        class Closing(FlakyRepository):
            def close(self) -> None:
                closed.append("closed")

        made = recorder(repository=Closing())
        made.joined_to(object()).close()
        assert closed == []

        made.close()
        assert closed == ["closed"]
