"""Files of SQLite on an engine of our own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, text

from assignment_actions import ActionRecorder, StorageError
from assignment_actions.adapters.sql import SqlActionRepository


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Engine]:
    """Yield an engine as a host makes it, with a table of the host's own."""
    engine = create_engine(f"sqlite:///{tmp_path / 'file.sqlite3'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE orders (id VARCHAR(36))"))
    yield engine
    engine.dispose()


@pytest.fixture
def own(host: Engine) -> Iterator[SqlActionRepository]:
    """Yield a repository on the host's file."""
    repository = SqlActionRepository.from_url(host.url, lock_timeout=timedelta(0))
    yield repository
    repository.close()


ORDER = text("INSERT INTO orders (id) VALUES ('one')")


class TestWriteAheadLog:
    def test_reading_needs_no_lock(
        self, host: Engine, own: SqlActionRepository
    ) -> None:
        """A file that the host is writing to can be opened and read."""
        SqlActionRepository(host).create_schema()

        with host.begin() as connection:
            connection.execute(ORDER)
            own.check_schema()

            assert own.get(uuid4()) is None

    def test_creating_waits_for_the_host(self, host: Engine) -> None:
        """The log is switched on once the host's transaction has ended."""
        own = SqlActionRepository.from_url(host.url)
        with ThreadPoolExecutor(1) as pool:
            with host.begin() as connection:
                connection.execute(ORDER)
                done = pool.submit(own.create_schema)
                time.sleep(0.3)  # long enough to be refused the lock
            done.result()

        with own.engine.connect() as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        assert "wal" == mode
        own.close()

    def test_waiting_ends_with_the_lock_timeout(
        self, host: Engine, own: SqlActionRepository
    ) -> None:
        """Where the host does not end its transaction, the error says what to do."""
        with host.begin() as connection:
            connection.execute(ORDER)
            with pytest.raises(StorageError, match=r"create_schema failed.*joined_to"):
                own.create_schema()

    def test_a_file_may_be_read_only(self, host: Engine) -> None:
        """A file opened for reading alone answers, and refuses to be written."""
        repository = SqlActionRepository(host)
        repository.create_schema()
        action = ActionRecorder(repository).record_success(uuid4(), "notified")
        reading = SqlActionRepository.from_url(
            f"sqlite:///file:{host.url.database}?mode=ro&uri=true"
        )

        reading.create_schema()
        assert action == reading.get(action.id)
        with pytest.raises(StorageError, match="readonly"):
            ActionRecorder(reading).start(uuid4(), "notified")
        reading.close()


class TestLocks:
    def test_a_locked_file_says_what_to_do(
        self, host: Engine, own: SqlActionRepository
    ) -> None:
        """Where the host's own transaction holds the lock, the error says so."""
        own.create_schema()

        with host.begin() as connection:
            connection.execute(ORDER)
            with pytest.raises(StorageError, match="joined_to") as caught:
                ActionRecorder(own).start(uuid4(), "notified")

        assert "locked" in str(caught.value.__cause__)
