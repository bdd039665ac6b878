"""What databases, drivers and arguments get wrong, in our words."""

from __future__ import annotations

import logging
import traceback
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError

from assignment_actions import ActionRecorder, StorageError
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.adapters.sql.errors import DuplicateRowError, translated
from assignment_actions.adapters.sql.postgresql import Postgresql


class TestDriversOwnErrors:
    def test_half_a_character_is_a_storage_error(
        self, sqlite_file: SqlActionRepository
    ) -> None:
        """What a driver raises beside the DB API arrives as our error."""
        with pytest.raises(StorageError, match="UnicodeEncodeError") as caught:
            sqlite_file.latest_successes([uuid4()], "\ud800")

        assert isinstance(caught.value.__cause__, UnicodeEncodeError)

    @pytest.mark.parametrize("is_joined", [False, True])
    def test_text_that_a_connection_cannot_carry_is_a_storage_error(
        self, mariadb: SqlActionRepository, *, is_joined: bool
    ) -> None:
        """A connection in latin1 refuses other letters, and stays usable."""
        engine = create_engine(
            mariadb.engine.url.update_query_dict({"charset": "latin1"})
        )
        repository = SqlActionRepository(engine, table_prefix="uuid_")
        action = ActionRecorder(repository)._rules.started(
            uuid4(), "notified", actor="Łucja"
        )
        with engine.connect() as connection:
            place: Any = repository.joined_to(connection) if is_joined else repository

            with pytest.raises(StorageError, match="UnicodeEncodeError"):
                place.add(action)
            assert place.get(action.id) is None
        engine.dispose()

    def test_another_driver_names_its_codes_otherwise(self) -> None:
        """A duplicate is seen with psycopg2 as well, which says pgcode."""

        class UniqueViolationError(Exception):
            pgcode = "23505"

        error = DBAPIError("INSERT", {}, UniqueViolationError())

        assert isinstance(translated("add", Postgresql(), error), DuplicateRowError)


class TestLocks:
    def test_a_locked_table_is_not_waited_for_for_ever(
        self, mariadb: SqlActionRepository
    ) -> None:
        """`lock_timeout` bounds the wait for a table that the host has locked."""
        repository = SqlActionRepository.from_url(
            mariadb.engine.url,
            table_prefix="uuid_",
            lock_timeout=timedelta(seconds=1),
        )
        with mariadb.engine.connect() as connection:
            connection.exec_driver_sql("LOCK TABLES uuid_assignment_actions READ")
            with pytest.raises(StorageError, match="joined_to"):
                ActionRecorder(repository).start(uuid4(), "notified")
            connection.exec_driver_sql("UNLOCK TABLES")
        repository.close()


class TestPrivacy:
    def test_causes_show_no_values(
        self, host: Engine, caplog: pytest.LogCaptureFixture
    ) -> None:
        """On a host's engine too no actor, key or detail reaches an error or a log."""
        recorder = ActionRecorder(SqlActionRepository(host, table_prefix="none_"))
        secret = uuid4().hex

        with pytest.raises(StorageError) as caught:
            recorder.start(
                uuid4(), "notified", key=secret, actor=secret, details={"to": secret}
            )
        with caplog.at_level(logging.ERROR):
            logging.getLogger(__name__).error("no", exc_info=caught.value)

        shown = "".join(traceback.format_exception(caught.value)) + caplog.text
        assert "parameters hidden" in shown
        assert secret not in shown


class TestArguments:
    @pytest.mark.parametrize(
        "url",
        [
            "garbage",
            "postgresql://u:secret@host:port/db",
            "mysql+secret://u:secret@host/db",
            "oracle://u:secret@host/db",
        ],
    )
    def test_a_url_is_refused_by_name_without_its_password(self, url: str) -> None:
        """What is no URL, or of no known database or driver, is a ValueError."""
        with pytest.raises(ValueError, match="url must be") as caught:
            SqlActionRepository.from_url(url)

        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None

    def test_an_engine_is_no_url(self) -> None:
        """A URL where an engine belongs is named as such, without its password."""
        wrong: Any = "postgresql://u:secret@host/db"

        with pytest.raises(TypeError, match="engine must be a SQLAlchemy") as caught:
            SqlActionRepository(wrong)

        assert "secret" not in str(caught.value)
