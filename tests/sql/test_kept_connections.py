"""Connections that stay out of the pool between calls, on an engine of our own."""

from __future__ import annotations

import gc
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from sql.proxies import lossy
from sqlalchemy import event
from sqlalchemy.pool import QueuePool

from assignment_actions import ActionFilter, ActionRecorder, StorageError
from assignment_actions.adapters.sql import SqlActionRepository, kept_connections
from assignment_actions.testing import an_action

SERVERS = ("postgresql", "mariadb")


@pytest.fixture
def own(shared_repository: SqlActionRepository) -> Iterator[SqlActionRepository]:
    """Yield a repository with a pool of three, on each store in turn."""
    repository = SqlActionRepository.from_url(
        shared_repository.engine.url, table_prefix="uuid_", pool_size=3
    )
    yield repository
    repository.close()


@contextmanager
def counted(repository: SqlActionRepository, moment: str) -> Iterator[list[object]]:
    """Yield a list that grows with each event of the engine or its pool."""
    seen: list[object] = []

    def note(*arguments: object) -> None:
        seen.append(arguments)

    event.listen(repository.engine, moment, note)
    try:
        yield seen
    finally:
        event.remove(repository.engine, moment, note)


def out(repository: SqlActionRepository) -> int:
    """Return how many connections are out of the pool."""
    pool = repository.engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


class TestKeeping:
    def test_calls_in_a_row_take_one_connection_once(
        self, own: SqlActionRepository
    ) -> None:
        """Whatever is asked and written, the pool sees one connection leave."""
        recorder = ActionRecorder(own)
        with counted(own, "checkout") as seen:
            for _ in range(3):
                action = recorder.succeed(recorder.start(uuid4(), "notified"))
                ids = [action.assignment_id, uuid4()]
                recorder.history.latest_successful_of(ids)
                recorder.history.timelines(ids)
                recorder.history.get(action.id)

        assert (1, 1) == (len(seen), out(own))

    def test_threads_leave_the_pool_a_connection(
        self, own: SqlActionRepository
    ) -> None:
        """However many ask at once, at most pool_size - 1 are kept afterwards."""
        gate = threading.Barrier(8)

        def ask(_: int) -> None:
            gate.wait()
            for _ in range(10):
                assert own.get(uuid4()) is None

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, range(8)))

        assert 1 <= out(own) <= 2

    def test_an_idle_one_goes_back(
        self, own: SqlActionRepository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After some seconds the pool may recycle or ping it again."""
        monkeypatch.setattr(kept_connections, "IDLE_SECONDS", 0.0)
        with counted(own, "checkin") as returned:
            own.get(uuid4())
            own.get(uuid4())

        assert (1, 1) == (len(returned), out(own))

    def test_those_that_others_are_preferred_to_go_back(
        self, own: SqlActionRepository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After a burst the pool gets back what one caller alone does not need."""
        gate = threading.Barrier(2)

        def hold(_: object) -> None:
            gate.wait()

        transactions = own._transactions
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: transactions.ask("hold", hold), "ab"))
        assert 2 == out(own)

        monkeypatch.setattr(
            kept_connections, "monotonic", lambda: time.monotonic() + 60
        )
        own.get(uuid4())

        assert 1 == out(own)

    def test_one_in_use_is_closed_after_its_call(
        self, own: SqlActionRepository
    ) -> None:
        """A repository that is closed meanwhile keeps nothing that comes back later."""
        with (
            counted(own, "connect") as made,
            counted(own, "close") as closed,
            counted(own, "close_detached") as closed_alone,
        ):
            own._transactions.ask("close", lambda _: own.close())

        assert (1, 1) == (len(made), len(closed) + len(closed_alone))

    def test_a_disposed_pool_is_left(self, own: SqlActionRepository) -> None:
        """Connections of a pool that was disposed of are closed, not used."""
        own.get(uuid4())
        with counted(own, "connect") as made:
            own.engine.dispose()
            own.get(uuid4())

        assert (1, 1) == (len(made), out(own))

    def test_closing_gives_all_back(self, own: SqlActionRepository) -> None:
        """A closed repository holds no connection open."""
        with (
            counted(own, "connect") as made,
            counted(own, "close") as closed,
            counted(own, "close_detached") as closed_alone,
        ):
            own.get(uuid4())
            own.close()

        assert (1, 1) == (len(made), len(closed) + len(closed_alone))


class TestWatching:
    @pytest.mark.parametrize("moment", ["before_execute", "after_cursor_execute"])
    def test_listeners_see_every_statement(
        self, own: SqlActionRepository, moment: str
    ) -> None:
        """A host that traces SQLAlchemy misses nothing, from the next call on."""
        recorder = ActionRecorder(own)
        recorder.record_success(uuid4(), "notified")
        with counted(own, moment) as seen:
            recorder.succeed(recorder.start(uuid4(), "notified"))

        assert 2 == len(seen)

    def test_a_log_shows_every_statement(
        self, own: SqlActionRepository, caplog: pytest.LogCaptureFixture
    ) -> None:
        """SQLAlchemy's own logging works as everywhere."""
        with caplog.at_level(logging.INFO, "sqlalchemy.engine"):
            ActionRecorder(own).record_success(uuid4(), "notified")

        assert any("INSERT INTO" in one.message for one in caplog.records)


class TestErrors:
    def test_a_changed_column_is_asked_about_anew(
        self, url_of: Callable[[str], str]
    ) -> None:
        """What PostgreSQL prepared for the table as it was spoils no later call."""
        repository = SqlActionRepository.from_url(
            url_of("postgresql"), table_prefix="changed_"
        )
        repository.create_schema()
        action = an_action()
        repository.add(action)
        for _ in range(10):  # after five it is prepared
            repository.get(action.id)

        with repository.engine.connect() as connection:
            connection.exec_driver_sql(
                "ALTER TABLE changed_assignment_actions ALTER attempt TYPE bigint"
            )

        assert [action] * 3 == [repository.get(action.id) for _ in range(3)]
        repository.metadata.drop_all(repository.engine)
        repository.close()

    def test_a_refused_row_costs_no_connection(self, own: SqlActionRepository) -> None:
        """A duplicate says nothing about the connection."""
        action = an_action()
        own.add(action)
        with (
            counted(own, "checkout") as seen,
            pytest.raises(Exception, match="already"),
        ):
            own.add(action)
        own.get(action.id)

        assert 1 >= len(seen)
        assert 1 == out(own)

    def test_any_other_error_gives_it_back(self, own: SqlActionRepository) -> None:
        """The pool decides what becomes of a connection that had an error."""
        elsewhere = SqlActionRepository.from_url(
            own.engine.url, table_prefix="nowhere_"
        )
        for _ in range(3):
            with pytest.raises(StorageError, match="create_schema"):
                elsewhere.get(uuid4())

        assert 0 == out(elsewhere)
        elsewhere.close()

    # Python itself goes on where an interrupt meets a callback of the collector's.
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    def test_an_interrupt_leaves_nothing_half_said(
        self, own: SqlActionRepository
    ) -> None:
        """Ctrl-C at any moment of a call: the next answers are the right ones."""
        recorder = ActionRecorder(own)
        stored = [recorder.record_success(uuid4(), "notified") for _ in range(20)]
        before = signal.signal(signal.SIGALRM, _interrupt)
        gc.disable()  # nothing can go on from an interrupt in what it calls
        interrupts = 0
        try:
            for number in range(60):
                try:
                    signal.setitimer(signal.ITIMER_REAL, 0.0001 + number * 0.00002)
                    for action in stored:
                        own.latest_successes([action.assignment_id])
                    signal.setitimer(signal.ITIMER_REAL, 0)
                except KeyboardInterrupt:
                    interrupts += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            gc.enable()

        assert interrupts > 0
        for action in stored:
            assert action == recorder.history.latest_successful(action.assignment_id)
        assert out(own) <= 2


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


class TestLostAnswers:
    @pytest.fixture(params=SERVERS)
    def server(
        self, request: pytest.FixtureRequest, url_of: Any, repositories: Any
    ) -> SqlActionRepository:
        repository: SqlActionRepository = repositories.empty(url_of(request.param))
        return repository

    @pytest.mark.parametrize("verb", ["add", "complete"])
    def test_what_was_done_is_known_to_be_done(
        self, server: SqlActionRepository, verb: str
    ) -> None:
        """The statement is done, its answer lost: one row, and the call succeeds."""
        with lossy(server.engine.url) as (proxy, url):
            own = SqlActionRepository.from_url(url, table_prefix="uuid_")
            recorder = ActionRecorder(own)
            action = recorder.start(uuid4(), "notified")
            done = action.succeed(at=action.created_at)
            other = an_action()

            proxy.lose_next_answer()
            if verb == "add":
                own.add(other)
            else:
                assert own.complete(done)

            assert not proxy.is_armed
            assert (done if verb == "complete" else action) == own.get(action.id)
            assert (2 if verb == "add" else 1) == own.count(ActionFilter())
            own.close()

    def test_a_question_is_asked_again(self, server: SqlActionRepository) -> None:
        """Reading survives a lost connection unseen."""
        with lossy(server.engine.url) as (proxy, url):
            own = SqlActionRepository.from_url(url, table_prefix="uuid_")
            action = ActionRecorder(own).record_success(uuid4(), "notified")

            proxy.lose_next_answer()
            found = own.get(action.id)

            assert (action, False) == (found, proxy.is_armed)
            own.close()
