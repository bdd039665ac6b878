"""Creating, checking and naming the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    inspect,
    select,
    update,
)

from assignment_actions import ActionFilter, ActionRecorder, StorageError
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.domain.values import scrubbed_key
from assignment_actions.testing import a_failure, an_action


@pytest.fixture
def repository(store_url: str) -> Iterator[SqlActionRepository]:
    """Yield a repository whose tables do not exist yet."""
    prefix = f"t{uuid4().hex[:8]}_"
    repository = SqlActionRepository.from_url(store_url, table_prefix=prefix)
    yield repository
    repository.metadata.drop_all(repository.engine)
    repository.close()


def _actions_table(repository: SqlActionRepository) -> str:
    names = repository.metadata.tables
    return next(name for name in names if name.endswith("assignment_actions"))


class TestCheckSchema:
    def test_missing_tables_are_named_with_what_to_do(
        self, repository: SqlActionRepository
    ) -> None:
        """A check before `create_schema` names the table and the remedy."""
        with pytest.raises(StorageError, match=r"_assignment_actions is missing: call"):
            repository.check_schema()

    def test_recording_without_tables_says_what_to_do(
        self, repository: SqlActionRepository
    ) -> None:
        """A start on a store without tables is a StorageError that names the remedy."""
        with pytest.raises(StorageError, match=r"call create_schema\(\)") as caught:
            ActionRecorder(repository).start(uuid4(), "notified")

        assert caught.value.__cause__ is not None

    def test_created_tables_pass_the_check(
        self, repository: SqlActionRepository
    ) -> None:
        """Creating is enough, and creating again is harmless."""
        repository.create_schema()
        recorder = ActionRecorder(repository)
        action = recorder.record_success(uuid4(), "notified")

        repository.create_schema()
        repository.check_schema()

        assert action == recorder.history.get(action.id)

    def test_another_version_is_refused(self, repository: SqlActionRepository) -> None:
        """Tables of another version are named as such, and never changed."""
        repository.create_schema()
        version = next(
            table
            for name, table in repository.metadata.tables.items()
            if name.endswith("_schema")
        )
        with repository.engine.begin() as connection:
            connection.execute(update(version).values(version=99))

        for refused in (repository.check_schema, repository.create_schema):
            with pytest.raises(
                StorageError, match=r"says version 99 .*needs version 2"
            ):
                refused()

    def test_another_kind_of_assignment_id_is_refused(
        self, repository: SqlActionRepository
    ) -> None:
        """Tables for UUIDs are no tables for ints."""
        repository.create_schema()
        prefix = _actions_table(repository).removesuffix("assignment_actions")
        other = SqlActionRepository(
            repository.engine, table_prefix=prefix, assignment_id_type=int
        )

        with pytest.raises(
            StorageError, match="needs version 2 with int assignment ids"
        ):
            other.check_schema()

    def test_a_missing_index_is_created_later(
        self, repository: SqlActionRepository
    ) -> None:
        """A creation that was interrupted between table and index is completed."""
        repository.create_schema()
        name = _actions_table(repository)
        index = next(
            one
            for one in repository.metadata.tables[name].indexes
            if str(one.name).endswith("_timeline")
        )
        with repository.engine.begin() as connection:
            index.drop(connection)

        repository.create_schema()

        indexes = inspect(repository.engine).get_indexes(name)
        assert index.name in {one["name"] for one in indexes}

    def test_a_missing_version_is_created_later(
        self, repository: SqlActionRepository
    ) -> None:
        """Tables that Alembic made lack only the version: creating writes it."""
        repository.metadata.create_all(repository.engine)

        with pytest.raises(StorageError, match=r"is empty: call create_schema\(\)"):
            repository.check_schema()
        repository.create_schema()

        repository.check_schema()

    def test_a_missing_unique_index_is_named(
        self, repository: SqlActionRepository
    ) -> None:
        """Without it keys would mean nothing: the check says so."""
        repository.create_schema()
        table = repository.metadata.tables[_actions_table(repository)]
        [index] = [one for one in table.indexes if one.unique]
        with repository.engine.begin() as connection:
            index.drop(connection)

        with pytest.raises(StorageError, match=f"index {index.name} is missing"):
            repository.check_schema()

    def test_a_missing_column_is_named(self, repository: SqlActionRepository) -> None:
        """A table of the right name and version without a column is refused."""
        repository.create_schema()
        name = _actions_table(repository)
        with repository.engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {name} DROP COLUMN actor")

        with pytest.raises(StorageError, match=f"column actor of {name} is missing"):
            repository.check_schema()

    def test_many_may_create_at_once(self, repository: SqlActionRepository) -> None:
        """Four threads that create the same tables all succeed."""
        with ThreadPoolExecutor(4) as pool:
            done = [pool.submit(repository.create_schema) for _ in range(4)]
            for one in done:
                one.result()

        repository.check_schema()


class TestKeys:
    def test_a_key_is_compared_by_its_digest(
        self, repository: SqlActionRepository
    ) -> None:
        """Beside its text stand 16 bytes, which stay when it is scrubbed."""
        repository.create_schema()
        keyed, plain = an_action(key="2026-11-22"), an_action()
        repository.add(keyed, plain)
        repository.scrub(keyed)

        table = repository.metadata.tables[_actions_table(repository)]
        columns = table.c.idempotency_key, table.c.key_digest
        with repository.engine.connect() as connection:
            stored = {tuple(row) for row in connection.execute(select(*columns))}
        mark, _, digest = scrubbed_key("2026-11-22").partition("-")
        assert stored == {
            (f"{mark}-{digest}", bytes.fromhex(digest)),
            (None, None),
        }
        assert 16 == len(bytes.fromhex(digest))

    def test_the_unique_index_holds_no_text_of_a_key(
        self, repository: SqlActionRepository
    ) -> None:
        """Erased keys leave no copy behind in it."""
        repository.create_schema()
        indexes = inspect(repository.engine).get_indexes(_actions_table(repository))

        columns = ["assignment_id", "action_type", "key_digest", "attempt"]
        [found] = [one for one in indexes if str(one["name"]).endswith("_try")]
        assert (columns, True) == (found["column_names"], bool(found["unique"]))
        assert not any("idempotency_key" in one["column_names"] for one in indexes)


@pytest.fixture
def tenant(shared_store_url: str, tmp_path: Path) -> Iterator[Engine]:
    """Yield an engine that puts what has no schema into one of its own."""
    name = f"tenant_{uuid4().hex[:8]}"
    engine = create_engine(shared_store_url)
    if engine.dialect.name == "sqlite":
        _attach(engine, tmp_path / "tenant.sqlite3", name)
    yield engine.execution_options(schema_translate_map={None: name})
    with engine.begin() as connection:
        _drop(connection, name)
    engine.dispose()


class TestNames:
    def test_a_schema_name_is_used_and_created(self, url_of: object) -> None:
        """On PostgreSQL the tables stand in the schema that was named."""
        assert callable(url_of)
        repository = SqlActionRepository.from_url(
            url_of("postgresql"), schema="records"
        )

        repository.create_schema()
        recorder = ActionRecorder(repository)
        action = recorder.record_success(uuid4(), "notified")

        assert "assignment_actions" in inspect(repository.engine).get_table_names(
            "records"
        )
        assert [action] == list(recorder.history.timeline(action.assignment_id))
        assert [action.assignment_id] == list(
            recorder.history.latest_successful_of([action.assignment_id, uuid4()])
        )
        repository.close()

    def test_a_translated_schema_is_used_throughout(self, tenant: Engine) -> None:
        """An engine that translates schemas writes and reads in the translated one."""
        repository = SqlActionRepository(tenant, table_prefix="translated_")

        repository.create_schema()
        actions = [
            ActionRecorder(repository).record_success(uuid4(), "notified")
            for _ in range(3)
        ]
        found = repository.latest_successes([one.assignment_id for one in actions])

        assert actions == list(found.values())
        name = tenant.get_execution_options()["schema_translate_map"][None]
        assert "translated_assignment_actions" in inspect(tenant).get_table_names(name)

    @pytest.mark.parametrize("count", [3, 60])
    def test_many_go_to_the_translated_schema(self, tenant: Engine, count: int) -> None:
        """Many at once are stored where one is, in own and in joined transactions."""
        repository = SqlActionRepository(tenant, table_prefix="translated_")
        repository.create_schema()

        repository.add(*(an_action() for _ in range(count)))
        with tenant.begin() as connection:
            joined = repository.joined_to(connection)
            joined.add(*(an_action() for _ in range(count)))

        assert 2 * count == repository.count(ActionFilter())

    def test_erasure_works_in_a_translated_schema(self, tenant: Engine) -> None:
        """Groups, scrub, search and delete find their tables there as well."""
        repository = SqlActionRepository(tenant, table_prefix="translated_")
        repository.create_schema()
        action = an_action(status="failed", actor="Jo", key="k", failure=a_failure())
        repository.add(action)

        [group] = repository.failure_groups()
        assert action.without_stacktrace() == group.example
        assert [action] == list(repository.search(ActionFilter(), ["Jo"], 9))
        assert 1 == repository.scrub(action)
        assert action.scrubbed() == repository.get(action.id)
        assert 1 == repository.delete(action)
        assert 0 == repository.count(ActionFilter())

    @pytest.mark.parametrize("prefix", ["x" * 21, "Drop table", "ü_", "a-b"])
    def test_a_prefix_has_limits(self, prefix: str) -> None:
        """A prefix that is too long or no plain name is refused with its limit."""
        with pytest.raises(ValueError, match="table_prefix must have at most 20"):
            SqlActionRepository.from_url("sqlite://", table_prefix=prefix)

    def test_another_kind_than_the_three_is_refused(self) -> None:
        """An assignment id is a UUID, an int or a str."""
        with pytest.raises(
            TypeError, match="assignment_id_type must be UUID, int or str"
        ):
            SqlActionRepository.from_url("sqlite://", assignment_id_type=float)  # type: ignore[arg-type]

    def test_two_prefixes_are_two_histories(self, tmp_path: Path) -> None:
        """Repositories with different prefixes share a database and no action."""
        engine = create_engine(f"sqlite:///{tmp_path / 'two.sqlite3'}")
        one, two = (
            SqlActionRepository(engine, table_prefix=name) for name in ("a_", "b_")
        )
        one.create_schema()
        two.create_schema()
        assignment_id = uuid4()

        ActionRecorder(one).record_success(assignment_id, "notified")

        assert 1 == len(ActionRecorder(one).history.timeline(assignment_id))
        assert 0 == len(ActionRecorder(two).history.timeline(assignment_id))
        engine.dispose()


def _attach(engine: Engine, path: Path, name: str) -> None:
    @event.listens_for(engine, "connect")
    def attach(connection: Any, _: object) -> None:
        connection.execute(f"ATTACH DATABASE '{path}' AS {name}")


def _drop(connection: Connection, schema: str) -> None:
    if connection.dialect.name != "sqlite":
        cascade = " CASCADE" if connection.dialect.name == "postgresql" else ""
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {schema}{cascade}")


@pytest.fixture
def server(url_of: Callable[[str], str]) -> Iterator[Engine]:
    """Yield PostgreSQL as its administrator sees it."""
    engine = create_engine(url_of("postgresql"), isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.fixture
def latin(server: Engine) -> Iterator[SqlActionRepository]:
    """Yield a repository on a database that cannot keep any text."""
    name = f"latin_{uuid4().hex[:8]}"
    with server.connect() as connection:
        connection.exec_driver_sql(
            f"CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C'"
            " LC_CTYPE 'C' TEMPLATE template0"
        )
    repository = SqlActionRepository.from_url(server.url.set(database=name))
    yield repository
    repository.close()
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def app(server: Engine) -> Iterator[SqlActionRepository]:
    """Yield a repository of somebody who may only read and add."""
    name = f"app_{uuid4().hex[:8]}"
    owners = SqlActionRepository.from_url(server.url, schema=name)
    owners.create_schema()
    owners.close()
    with server.connect() as connection:
        for statement in (
            f"CREATE ROLE {name} LOGIN",
            f"GRANT USAGE ON SCHEMA {name} TO {name}",
            f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {name} TO {name}",
        ):
            connection.exec_driver_sql(statement)
    repository = SqlActionRepository.from_url(
        server.url.set(username=name), schema=name
    )
    yield repository
    repository.close()
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
        connection.exec_driver_sql(f"DROP ROLE {name}")


class TestPostgresql:
    def test_another_encoding_is_refused(self, latin: SqlActionRepository) -> None:
        """A database that cannot keep any text is refused, and gets no tables."""
        with pytest.raises(StorageError, match="encoding is LATIN1, but must be UTF8"):
            latin.create_schema()

        assert [] == inspect(latin.engine).get_table_names()

    def test_who_may_not_create_may_call_it_again(
        self, app: SqlActionRepository
    ) -> None:
        """Where all is there, creating asks for no privilege and changes nothing."""
        app.create_schema()

        action = ActionRecorder(app).record_success(uuid4(), "notified")

        assert action == app.get(action.id)
