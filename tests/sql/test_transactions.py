"""Own transactions, joined ones, and what becomes of an action in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from sqlalchemy.pool import StaticPool

from assignment_actions import (
    ActionRecorder,
    ActionStatus,
    DuplicateActionError,
    StorageError,
)
from assignment_actions.adapters.sql import SqlActionRepository


class HostError(Exception):
    """What the host's own code raises."""


def order(connection: Connection | Session) -> None:
    """Do the host's own work in its transaction."""
    connection.execute(text("INSERT INTO orders (id) VALUES ('one')"))


def orders(host: Engine) -> int:
    """Count what the host has committed."""
    with host.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM orders")).scalar_one())


class TestOwnTransactions:
    def test_a_failure_survives_the_hosts_rollback(
        self, recorder: ActionRecorder, host: Engine
    ) -> None:
        """The host's rows are gone after its rollback, the failure is not."""
        assignment_id = uuid4()

        with (
            pytest.raises(HostError),
            recorder.recording(assignment_id, "notified"),
            host.begin() as connection,
        ):
            order(connection)
            raise HostError("no")

        [action] = recorder.history.timeline(assignment_id)
        assert (0, ActionStatus.FAILED) == (orders(host), action.status)

    def test_a_host_whose_transaction_is_outermost(
        self, recorder: ActionRecorder, host: Engine
    ) -> None:
        """What is recorded inside the host's transaction stays after its rollback."""
        assignment_id = uuid4()

        with host.connect() as connection:
            connection.execute(text("SELECT count(*) FROM orders")).all()
            with recorder.recording(assignment_id, "notified"):
                pass
            connection.rollback()

        [action] = recorder.history.timeline(assignment_id)
        assert ActionStatus.SUCCEEDED is action.status

    def test_a_hosts_engine_commits_each_call(
        self, host: Engine, recorder: ActionRecorder
    ) -> None:
        """A repository on the host's engine stores as one on an engine of its own."""
        on_hosts = ActionRecorder(SqlActionRepository(host, table_prefix="uuid_"))
        assignment_id = uuid4()

        action = on_hosts.succeed(on_hosts.start(assignment_id, "notified"))

        assert [action] == list(recorder.history.timeline(assignment_id))

    def test_a_batch_on_an_autocommit_engine_is_all_or_nothing(
        self, host: Engine, recorder: ActionRecorder
    ) -> None:
        """A host's engine in AUTOCOMMIT stores no half of a refused batch."""
        autocommit = host.execution_options(isolation_level="AUTOCOMMIT")
        on_hosts = ActionRecorder(SqlActionRepository(autocommit, table_prefix="uuid_"))
        stored = on_hosts.record_success(uuid4(), "notified")
        fresh = [
            on_hosts._rules.started(stored.assignment_id, "notified") for _ in "ab"
        ]

        with pytest.raises(DuplicateActionError) as caught:
            on_hosts.record_many([*fresh, stored])

        assert stored.id == caught.value.refused.id
        assert [stored] == list(recorder.history.timeline(stored.assignment_id))

    def test_a_batch_on_own_engine_is_all_or_nothing(
        self, recorder: ActionRecorder
    ) -> None:
        """Our own engine, in autocommit, stores no half of a refused batch either."""
        stored = recorder.record_success(uuid4(), "notified")
        fresh = [
            recorder._rules.started(stored.assignment_id, "notified") for _ in "ab"
        ]

        with pytest.raises(DuplicateActionError):
            recorder.record_many([*fresh, stored])

        assert [stored] == list(recorder.history.timeline(stored.assignment_id))

    def test_a_connection_shared_with_the_host_is_refused(self) -> None:
        """An engine on StaticPool is refused, naming what to use instead."""
        engine = create_engine("sqlite://", poolclass=StaticPool)

        with pytest.raises(ValueError, match="joined_to"):
            SqlActionRepository(engine)


JOINS: dict[str, Callable[[Engine], Any]] = {
    "connection": lambda engine: engine.connect(),
    "session": Session,
    "scoped_session": lambda engine: scoped_session(sessionmaker(engine)),
}


@pytest.fixture(params=sorted(JOINS))
def transaction(request: pytest.FixtureRequest, host: Engine) -> Iterator[Connection]:
    """Yield each thing a recorder can join, without a transaction begun."""
    joined = JOINS[request.param](host)
    yield joined
    joined.close()


class TestJoined:
    def test_it_is_stored_if_the_host_commits(
        self, recorder: ActionRecorder, transaction: Connection
    ) -> None:
        """What was recorded inside the transaction is there after its commit."""
        assignment_id = uuid4()
        joined = recorder.joined_to(transaction)
        action = joined.record_success(assignment_id, "notified")

        assert [action] == list(joined.history.timeline(assignment_id))
        transaction.commit()

        assert [action] == list(recorder.history.timeline(assignment_id))

    def test_it_is_gone_if_the_host_rolls_back(
        self, recorder: ActionRecorder, transaction: Connection
    ) -> None:
        """What was recorded inside the transaction is gone after its rollback."""
        assignment_id = uuid4()
        order(transaction)
        recorder.joined_to(transaction).record_success(assignment_id, "notified")

        transaction.rollback()

        assert 0 == len(recorder.history.timeline(assignment_id))

    def test_a_duplicate_leaves_the_transaction_usable(
        self, recorder: ActionRecorder, transaction: Connection, host: Engine
    ) -> None:
        """After a refused key the host's earlier and later rows are committed."""
        assignment_id = uuid4()
        stored = recorder.record_success(assignment_id, "notified", key="k")
        order(transaction)

        with pytest.raises(DuplicateActionError) as caught:
            recorder.joined_to(transaction).start(assignment_id, "notified", key="k")
        order(transaction)
        transaction.commit()

        assert (2, stored) == (orders(host), caught.value.action)

    def test_a_refused_batch_leaves_nothing_behind(
        self, recorder: ActionRecorder, transaction: Connection, host: Engine
    ) -> None:
        """Of a batch refused as the first statement nothing is stored, all else is."""
        stored = recorder.record_success(uuid4(), "notified")
        fresh = [
            recorder._rules.started(stored.assignment_id, "notified") for _ in "ab"
        ]

        with pytest.raises(DuplicateActionError):
            recorder.joined_to(transaction).record_many([*fresh, stored])
        order(transaction)
        transaction.commit()

        assert [stored] == list(recorder.history.timeline(stored.assignment_id))
        assert 1 == orders(host)

    def test_a_batch_as_first_statement_is_rolled_back_by_the_host(
        self, recorder: ActionRecorder, transaction: Connection
    ) -> None:
        """Our savepoint never becomes the commit of a transaction it began."""
        assignment_id = uuid4()
        fresh = [recorder._rules.started(assignment_id, "notified") for _ in "ab"]

        recorder.joined_to(transaction).record_many(fresh)
        transaction.rollback()

        assert 0 == len(recorder.history.timeline(assignment_id))


class TestAttemptsInsideASnapshot:
    def test_a_duplicate_outside_the_snapshot_is_still_refused(
        self, recorder: ActionRecorder, host: Engine
    ) -> None:
        """A try stored after the host's snapshot began is refused, seen or not."""
        assignment_id = uuid4()
        with host.connect() as connection:
            _begin_snapshot(connection)
            stored = recorder.record_success(assignment_id, "notified", key="k")

            with pytest.raises(DuplicateActionError) as caught:
                recorder.joined_to(connection).start(assignment_id, "notified", key="k")

        assert caught.value.action in (None, stored)


def _begin_snapshot(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ")
    connection.execute(text("SELECT count(*) FROM orders")).all()


class TestRecordingAroundATransaction:
    """The pattern that gets both: recording outermost, joined completion inside."""

    def test_a_commit_is_a_success(
        self, recorder: ActionRecorder, host: Engine
    ) -> None:
        """The host commits: the action succeeded, and so did the order."""
        with recorder.recording(uuid4(), "redeemed") as recording, host.begin() as one:
            order(one)
            recording.succeed(joined_to=one)

        assert "succeeded" == _status(recorder, recording.action.id)
        assert 1 == orders(host)

    def test_an_exception_is_a_failure(
        self, recorder: ActionRecorder, host: Engine
    ) -> None:
        """The host rolls back with an exception: the action failed, with the trace."""
        with (
            pytest.raises(HostError),
            recorder.recording(uuid4(), "redeemed") as recording,
            host.begin() as one,
        ):
            recording.succeed(joined_to=one)
            raise HostError("after the completion")

        stored = recorder.history.get(recording.action.id)
        assert stored.failure is not None
        assert "after the completion" in (stored.failure.stacktrace or "")

    def test_a_silent_rollback_is_unknown(
        self, recorder: ActionRecorder, host: Engine
    ) -> None:
        """The host rolls back without a word: nobody may call that a success."""
        with (
            recorder.recording(uuid4(), "redeemed") as recording,
            host.connect() as one,
        ):
            recording.succeed(joined_to=one)
            one.rollback()

        assert "unknown" == _status(recorder, recording.action.id)
        assert "unknown" == recording.action.status

    def test_a_forgotten_commit_is_unknown(
        self, recorder: ActionRecorder, host: Engine
    ) -> None:
        """The host's session is closed without a commit: unknown."""
        with recorder.recording(uuid4(), "redeemed") as recording, Session(host) as one:
            recording.succeed(joined_to=one)

        assert "unknown" == _status(recorder, recording.action.id)

    def test_a_transaction_still_open_is_left_alone(
        self, recorder: ActionRecorder, host: Engine
    ) -> None:
        """Left while the host's transaction is open: only its commit decides."""
        with host.connect() as one:
            with recorder.recording(uuid4(), "redeemed") as recording:
                recording.succeed(joined_to=one)
            one.commit()

        assert "succeeded" == _status(recorder, recording.action.id)

    def test_an_exception_past_an_open_transaction_waits_for_its_end(
        self, recorder: ActionRecorder, host: Engine
    ) -> None:
        """The failure waits while the host may still commit, and is stored if not."""
        with host.connect() as one:
            with (
                pytest.raises(HostError),
                recorder.recording(uuid4(), "redeemed") as recording,
            ):
                recording.succeed(joined_to=one)
                raise HostError("no")
            if _has_many_writers(host):  # the next call leaves it kept
                recorder.record_success(uuid4(), "notified")
            one.rollback()
        recorder.flush()

        assert "failed" == _status(recorder, recording.action.id)


def _has_many_writers(host: Engine) -> bool:
    return host.dialect.name != "sqlite"


def _status(recorder: ActionRecorder, action_id: UUID) -> str:
    return recorder.history.get(action_id).status


class TestRefusals:
    def test_an_autocommit_connection_is_refused(
        self, recorder: ActionRecorder, host: Engine
    ) -> None:
        """There is nothing to join where each statement commits by itself."""
        with (
            host.connect().execution_options(isolation_level="AUTOCOMMIT") as one,
            pytest.raises(ValueError, match="AUTOCOMMIT"),
        ):
            recorder.joined_to(one)

    def test_something_else_is_refused(self, recorder: ActionRecorder) -> None:
        """What is neither a connection nor a session is named as such."""
        with pytest.raises(
            TypeError, match="must be a SQLAlchemy Connection or Session"
        ):
            recorder.joined_to("BEGIN")

    def test_a_lost_update_under_a_snapshot_is_no_completion(
        self, recorder: ActionRecorder, host: Engine
    ) -> None:
        """Completed by somebody else after the snapshot: an error, but never a lie."""
        if not _has_many_writers(host):
            return  # one writer at a time: the snapshot cannot be overtaken
        action = recorder.start(uuid4(), "notified")
        with host.connect() as one:
            _begin_snapshot(one)
            recorder.fail(action, HostError("first"))

            with pytest.raises(StorageError):
                recorder.joined_to(one).succeed(action)

        assert "failed" == _status(recorder, action.id)
