"""How the host's transaction ends without the host: lost, or never there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import uuid4

import pytest
from sql.waiting import wait_for_lock
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from assignment_actions import Action, ActionRecorder, StorageError
from assignment_actions.adapters.sql import SqlActionRepository


def started(recorder: ActionRecorder) -> Action:
    """Return an action that is not stored yet."""
    return recorder._rules.started(uuid4(), "notified")


class TestIsOpen:
    def test_a_read_opens_nothing(
        self, shared_repository: SqlActionRepository, host: Engine
    ) -> None:
        """Only what was written waits for the host: a read leaves `is_open` alone."""
        recorder = ActionRecorder(shared_repository)
        with host.connect() as one:
            joined = shared_repository.joined_to(one)
            joined.get(uuid4())
            after_read = joined.is_open
            joined.add(started(recorder))
            after_write = joined.is_open
            joined.get(uuid4())
            after_both = joined.is_open
            one.rollback()
            joined.get(uuid4())

            assert (False, True, True, False) == (
                *(after_read, after_write, after_both),
                joined.is_open,
            )

    def test_a_refused_connection_opens_nothing(
        self, shared_repository: SqlActionRepository, host: Engine
    ) -> None:
        """Where autocommit is found only on writing, nothing is open afterwards."""
        autocommit = host.execution_options(isolation_level="AUTOCOMMIT")
        with Session(autocommit) as one:
            joined = shared_repository.joined_to(one)

            with pytest.raises(ValueError, match="AUTOCOMMIT"):
                joined.add(started(ActionRecorder(shared_repository)))

            assert not joined.is_open


class TestDeadlock:
    def test_it_ends_the_whole_transaction(self, mariadb: SqlActionRepository) -> None:
        """A deadlock loses all of the host's work: nothing is added until it ends."""
        host = create_engine(mariadb.engine.url)
        recorder = ActionRecorder(mariadb)
        one, two = (recorder.start(uuid4(), "notified") for _ in "ab")
        with host.connect() as loser, host.connect() as winner:
            joined = mariadb.joined_to(loser)
            for number in range(30):  # who has changed less is the one to lose
                _touch(winner, two, number)
            joined.complete(one.succeed(at=one.created_at))
            with ThreadPoolExecutor(1) as pool:
                waiting = pool.submit(_touch, winner, one, 0)
                wait_for_lock(mariadb)
                with pytest.raises(StorageError) as caught:
                    joined.complete(two.succeed(at=two.created_at))
                is_open = joined.is_open
                waiting.result()
                winner.rollback()
            with pytest.raises(StorageError) as refused:
                mariadb.joined_to(loser).add(started(recorder))
            loser.rollback()
            joined.add(started(recorder))

            assert caught.value.transaction_lost
            assert refused.value.transaction_lost
            assert (False, True) == (is_open, joined.is_open)
        host.dispose()


def _touch(connection: Connection, action: Action, number: int) -> None:
    connection.execute(
        text("UPDATE uuid_assignment_actions SET actor = :actor WHERE id = :id"),
        {"actor": str(number), "id": action.id.bytes},
    )


class TestLostConnection:
    def test_a_swallowed_loss_is_unknown(self, postgresql: SqlActionRepository) -> None:
        """The host loses its connection and goes on: left normally, it is unknown."""
        recorder = ActionRecorder(postgresql)
        host = create_engine(postgresql.engine.url)
        with host.connect() as one:
            with recorder.recording(uuid4(), "redeemed") as recording:
                _kill(postgresql, one)
                with pytest.raises(StorageError) as caught:
                    recording.succeed(joined_to=one)

            assert caught.value.transaction_lost
            assert "unknown" == recorder.history.get(recording.action.id).status
        host.dispose()

    def test_a_loss_after_the_completion_is_unknown(
        self, postgresql: SqlActionRepository
    ) -> None:
        """The connection is lost after the joined completion: it is unknown as well."""
        recorder = ActionRecorder(postgresql)
        host = create_engine(postgresql.engine.url)
        with host.connect() as one:
            with recorder.recording(uuid4(), "redeemed") as recording:
                recording.succeed(joined_to=one)
                _kill(postgresql, one)
                with suppress(DBAPIError):
                    one.execute(text("SELECT 1"))

            assert "unknown" == recorder.history.get(recording.action.id).status
        host.dispose()

    def test_what_follows_is_a_storage_error(
        self, postgresql: SqlActionRepository
    ) -> None:
        """In a lost transaction each further call says that it is lost."""
        host = create_engine(postgresql.engine.url)
        with Session(host) as one:
            joined = postgresql.joined_to(one)
            joined.get(uuid4())
            _kill(postgresql, one.connection())

            for _ in range(2):
                with pytest.raises(StorageError) as caught:
                    joined.get(uuid4())
                assert caught.value.transaction_lost
            with pytest.raises(StorageError):
                postgresql.joined_to(one.connection())
            one.rollback()
            assert joined.get(uuid4()) is None
        host.dispose()


def _kill(repository: SqlActionRepository, victim: Connection) -> None:
    process = victim.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with repository.engine.connect() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(:process)"), {"process": process}
        )


class TestNothingToJoin:
    def test_a_closed_connection_is_a_storage_error(
        self, shared_repository: SqlActionRepository, host: Engine
    ) -> None:
        """What SQLAlchemy says of a closed connection arrives as our error."""
        with host.connect() as one:
            pass

        with pytest.raises(StorageError) as caught:
            shared_repository.joined_to(one).get(uuid4())

        assert caught.value.__cause__ is not None

    def test_an_unbound_session_is_refused(
        self, shared_repository: SqlActionRepository
    ) -> None:
        """A session that does not know which database to ask is named as such."""
        with (
            Session() as one,
            pytest.raises(ValueError, match="transaction must be a session with a"),
        ):
            shared_repository.joined_to(one)

    def test_an_error_before_anything_began_loses_nothing(
        self, sqlite_file: SqlActionRepository
    ) -> None:
        """SQLite begins with the first write: an error before it loses nothing."""
        host = create_engine(sqlite_file.engine.url)
        other = SqlActionRepository.from_url(host.url, table_prefix="none_")
        with host.connect() as one, pytest.raises(StorageError) as caught:
            other.joined_to(one).get(uuid4())

        assert not caught.value.transaction_lost
        other.close()
        host.dispose()
