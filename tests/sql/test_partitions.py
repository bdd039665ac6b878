"""PostgreSQL with 16 partitions: what is created, and what each question touches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest
from sql.partitions import (
    ANALYZE,
    explained,
    explained_when_prepared,
    partition_of,
    scans,
)
from sql.plans import analyse, caught
from sql.races import PROCESSES, THREADS, race
from sqlalchemy import Engine, create_engine, create_mock_engine, inspect, text
from stores import PARTITIONED, PARTITIONS, Repositories

from assignment_actions import (
    Action,
    ActionFilter,
    ActionRecorder,
    DuplicateActionError,
    StorageError,
)
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.testing import an_action

T0 = datetime(2026, 1, 1, tzinfo=UTC)
ASSIGNMENTS = 100
KINDS: dict[type, Callable[[int], Any]] = {
    UUID: lambda number: UUID(int=number),
    int: lambda number: number,
    str: lambda number: f"person {number}",
}
Make = Callable[..., SqlActionRepository]


@pytest.fixture
def make(url_of: Callable[[str], str]) -> Iterator[Make]:
    """Yield what makes repositories of the same tables, which do not exist yet."""
    prefix, made = f"t{uuid4().hex[:8]}_", list[SqlActionRepository]()

    def repository(partitions: int | None, **more: Any) -> SqlActionRepository:
        options = {"table_prefix": prefix, "partitions": partitions} | more
        made.append(SqlActionRepository.from_url(url_of(PARTITIONED), **options))
        return made[-1]

    yield repository
    for one in made:
        one.metadata.drop_all(one.engine)
        one.close()


def _partitions(repository: SqlActionRepository, schema: str | None = None) -> int:
    names = inspect(repository.engine).get_table_names(schema)
    [parent] = (
        one.name
        for one in repository.metadata.tables.values()
        if not one.name.endswith("_schema")
    )
    return sum(one.startswith(f"{parent}_p") for one in names)


def _run(repository: SqlActionRepository, statement: str) -> None:
    prefix = next(iter(repository.metadata.tables)).partition("assignment")[0]
    with repository.engine.begin() as connection:
        connection.execute(text(statement.format(f"{prefix}assignment_actions")))


class TestArgument:
    @pytest.mark.parametrize("number", [1, 0, -16, 1025])
    def test_it_has_bounds(self, number: int) -> None:
        """One partition is none, and more than 1024 are refused with the limits."""
        with pytest.raises(
            ValueError, match=f"partitions must be from 2 to 1024, got {number}"
        ):
            SqlActionRepository.from_url("postgresql://h/x", partitions=number)

    @pytest.mark.parametrize("number", [True, 16.0, "16"])
    def test_it_is_a_whole_number(self, number: Any) -> None:
        """A bool, a float and a text are no number of partitions."""
        with pytest.raises(TypeError, match="partitions must be an int or None, got"):
            SqlActionRepository.from_url("postgresql://h/x", partitions=number)

    @pytest.mark.parametrize("dialect", ["sqlite", "mysql", "mariadb"])
    def test_it_is_for_postgresql(self, dialect: str) -> None:
        """Other databases refuse it by name, before anything is created."""
        with pytest.raises(
            ValueError, match=f"for PostgreSQL only, got 16 on {dialect}"
        ):
            SqlActionRepository.from_url(f"{dialect}://", partitions=16)


class TestSchema:
    @pytest.mark.parametrize("number", [2, 3, 16])
    def test_the_partitions_are_created(self, make: Make, number: int) -> None:
        """`create_schema` makes as many as asked; again is harmless."""
        repository = make(number)

        repository.create_schema()
        repository.create_schema()

        repository.check_schema()
        assert number == _partitions(repository)

    def test_metadata_creates_and_drops_them_too(self, make: Make) -> None:
        """A host's own `create_all` and `drop_all` take the partitions along."""
        repository = make(16)

        repository.metadata.create_all(repository.engine)
        created = _partitions(repository)
        repository.metadata.drop_all(repository.engine)

        assert (16, 0) == (created, _partitions(repository))

    def test_a_script_holds_them(self, make: Make) -> None:
        """What SQLAlchemy writes for a migration by hand creates the partitions."""
        statements: list[str] = []
        engine: Any = create_mock_engine(
            "postgresql+psycopg://",
            lambda one, *_, **__: statements.append(
                str(one.compile(dialect=engine.dialect))
            ),
        )

        make(2).metadata.create_all(engine, checkfirst=False)

        script = "".join(statements)
        assert "PARTITION BY HASH (assignment_id)" in script
        assert "FOR VALUES WITH (modulus 2, remainder 1)" in script

    def test_missing_partitions_are_created_later(self, make: Make) -> None:
        """A table that was migrated without them is named, and completed."""
        repository = make(4)
        repository.create_schema()
        _run(repository, "DROP TABLE {0}_p1, {0}_p3")

        with pytest.raises(
            StorageError, match=r"has 2 of 4 partitions: call create_schema\(\)"
        ):
            repository.check_schema()
        repository.create_schema()

        repository.check_schema()
        assert 4 == _partitions(repository)

    def test_a_missing_index_is_created_on_all_partitions(self, make: Make) -> None:
        """The parent's index is seen to be missing, and serves every partition."""
        repository = make(4)
        repository.create_schema()
        _run(repository, "DROP INDEX {0}_timeline")

        with pytest.raises(StorageError, match=r"_timeline is missing: call"):
            repository.check_schema()
        repository.create_schema()

        repository.check_schema()
        inspector = inspect(repository.engine)
        parent = min(repository.metadata.tables, key=len)
        assert {
            len(inspector.get_indexes(f"{parent}_p{number}")) for number in range(4)
        } == {len(inspector.get_indexes(parent))}

    def test_another_number_is_refused(self, make: Make) -> None:
        """The check says how many there are, and what to do; nothing is changed."""
        make(4).create_schema()
        other = make(8)

        for refused in (other.check_schema, other.create_schema):
            with pytest.raises(
                StorageError,
                match="not as partitions=8 asks: it has 4 partitions by HASH",
            ):
                refused()
        assert 4 == _partitions(other)

    def test_a_plain_table_is_refused(self, make: Make) -> None:
        """Asking for partitions of a table that has none says so."""
        make(None).create_schema()

        with pytest.raises(
            StorageError, match="not as partitions=16 asks: it has no partitions"
        ):
            make(16).create_schema()

    def test_partitions_of_other_sizes_are_refused(self, make: Make) -> None:
        """As many as asked are not enough: one that holds less is no quarter."""
        repository = make(4)
        repository.create_schema()
        _run(repository, "DROP TABLE {0}_p0")
        _run(
            repository,
            "CREATE TABLE {0}_p0 PARTITION OF {0}"
            " FOR VALUES WITH (MODULUS 8, REMAINDER 0)",
        )

        with pytest.raises(
            StorageError, match="not as partitions=4 asks: it has 4 partitions by HASH"
        ):
            repository.create_schema()

    def test_whoever_does_not_ask_takes_them_as_they_are(self, make: Make) -> None:
        """Without `partitions` a partitioned table is created by nobody, but used."""
        make(16).create_schema()
        repository = make(None)

        repository.create_schema()
        repository.check_schema()
        recorder = ActionRecorder(repository)
        action = recorder.record_success(uuid4(), "notified")

        assert action == recorder.history.get(action.id)
        assert 16 == _partitions(repository)

    def test_many_may_create_at_once(self, make: Make) -> None:
        """Four hosts that create the same partitions all succeed."""
        hosts = [make(16) for _ in range(4)]

        with ThreadPoolExecutor(4) as pool:
            done = [pool.submit(one.create_schema) for one in hosts]
            for one in done:
                one.result()

        assert 16 == _partitions(hosts[0])

    def test_they_stand_beside_their_table(self, make: Make) -> None:
        """Schema and longest prefix are theirs too, where they must be quoted too."""
        name = f"odd Name {uuid4().hex[:8]}"
        repository = make(16, schema=name, table_prefix="9" * 20)

        repository.create_schema()
        action = ActionRecorder(repository).record_success(uuid4(), "notified")

        assert action == repository.get(action.id)
        assert (16, 0) == (_partitions(repository, name), _partitions(repository))
        _run(repository, f'DROP SCHEMA "{name}" CASCADE')

    def test_a_translated_schema_is_theirs(self, url_of: Callable[[str], str]) -> None:
        """An engine that translates schemas finds and creates them there."""
        name = f"tenant_{uuid4().hex[:8]}"
        engine = create_engine(url_of(PARTITIONED))
        tenant: Engine = engine.execution_options(schema_translate_map={None: name})
        repository = SqlActionRepository(tenant, partitions=4)

        repository.create_schema()
        repository.create_schema()

        assert (4, 0) == (_partitions(repository, name), _partitions(repository))
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
        engine.dispose()

    def test_actions_are_copied_from_a_plain_table(self, make: Make) -> None:
        """One INSERT SELECT moves a history into partitions, as docs/scale.md says."""
        plain, parts = make(None), make(16, table_prefix=f"p{uuid4().hex[:8]}_")
        plain.create_schema()
        parts.create_schema()
        plain.add(*(an_action() for _ in range(50)))

        old, new = (min(one.metadata.tables, key=len) for one in (plain, parts))
        _run(parts, f"INSERT INTO {new} SELECT * FROM {old}")

        everything = ActionFilter()
        assert list(plain.find(everything, 99)) == list(parts.find(everything, 99))


@attrs.frozen
class Populated:
    """A repository with 16 partitions, and what is in it."""

    repository: SqlActionRepository
    actions: list[Action]

    @property
    def one(self) -> Action:
        """Return the action that is asked about; no test changes it."""
        return self.actions[0]


@pytest.fixture(scope="module", params=KINDS, ids=[kind.__name__ for kind in KINDS])
def populated(
    request: pytest.FixtureRequest, url_of: Callable[[str], str]
) -> Iterator[Populated]:
    """Yield 100 assignments of one kind, each with an open and three ended actions."""
    kind = request.param
    repository = SqlActionRepository.from_url(
        url_of(PARTITIONED),
        assignment_id_type=kind,
        table_prefix=f"asked_{kind.__name__.lower()}_",
        partitions=PARTITIONS,
    )
    repository.create_schema()
    actions = [
        an_action(
            KINDS[kind](number % ASSIGNMENTS),
            status=("in_progress", "failed", "succeeded", "succeeded")[number // 100],
            created_at=T0 + timedelta(minutes=number),
            key=f"{number}",
        )
        for number in range(4 * ASSIGNMENTS)
    ]
    repository.add(*actions)
    analyse(repository, min(repository.metadata.tables, key=len))
    yield Populated(repository, actions)
    repository.metadata.drop_all(repository.engine)
    repository.close()


def _add_again(repository: SqlActionRepository, one: Action) -> None:
    with pytest.raises(DuplicateActionError):
        repository.add(one)


Question = Callable[[SqlActionRepository, Action], object]
READS: dict[str, Question] = {
    "timeline": lambda r, one: r.timelines([one.assignment_id]),
    "timeline_of_types": lambda r, one: r.timelines([one.assignment_id], ["notified"]),
    "latest": lambda r, one: r.latest_successes([one.assignment_id]),
    "latest_of_type": lambda r, one: r.latest_successes(
        [one.assignment_id], "notified"
    ),
    "refused_start": _add_again,
    "find": lambda r, one: r.find(_about(one), 10),
    "find_by_key": lambda r, one: r.find(_about(one, key=one.key), 10),
    "find_failed": lambda r, one: r.find(_about(one, statuses=["failed"]), 10),
    "count": lambda r, one: r.count(_about(one)),
    "count_by_status": lambda r, one: r.count_by(_about(one), "status"),
    "count_by_day": lambda r, one: r.count_by(_about(one), "day"),
    "search": lambda r, one: r.search(_about(one), ["mailbox"], 10),
    "search_leftovers": lambda r, one: r.search(_about(one), None, 10),
}
WRITES: dict[str, tuple[str, Question]] = {
    "complete": ("UPDATE", lambda r, one: r.complete(one.succeed(at=T0))),
    "scrub": ("UPDATE", lambda r, one: r.scrub(one)),
    "delete": ("DELETE", lambda r, one: r.delete(one)),
}
NUMBERS = {verb: number for number, verb in enumerate(WRITES, start=1)}
"""Which action each of them changes."""


def _about(one: Action, **more: Any) -> ActionFilter:
    return ActionFilter(assignment_ids=[one.assignment_id], **more)


class TestOneAssignment:
    @pytest.mark.parametrize("question", READS)
    def test_a_question_touches_one_partition(
        self, populated: Populated, question: str
    ) -> None:
        """Planned with its id known, nothing but the assignment's own is scanned."""
        repository, one = populated.repository, populated.one
        with caught(repository) as seen:
            READS[question](repository, one)

        lines = explained(repository, seen, "SELECT")
        assert {partition_of(repository, one.id)} == scans(lines).keys()

    @pytest.mark.parametrize("verb", WRITES)
    def test_a_change_touches_one_partition(
        self, populated: Populated, verb: str
    ) -> None:
        """Whatever the plan names, only the assignment's own partition is scanned."""
        repository, one = populated.repository, populated.actions[NUMBERS[verb]]
        own = partition_of(repository, one.id)
        word, change = WRITES[verb]
        with caught(repository) as seen:
            change(repository, one)

        assert {own} == scans(explained(repository, seen, word, ANALYZE)).keys()

    def test_a_start_scans_nothing(self, populated: Populated) -> None:
        """A start with a key is one insert, into the partition of its assignment."""
        repository, one = populated.repository, populated.one
        new = an_action(one.assignment_id, key="new")
        with caught(repository) as seen:
            repository.add(new)

        assert {} == scans(explained(repository, seen, "INSERT"))
        assert partition_of(repository, one.id) == partition_of(repository, new.id)

    @pytest.mark.parametrize("question", ["timeline", "latest", "latest_of_type"])
    def test_a_prepared_question_touches_one_partition(
        self, populated: Populated, question: str
    ) -> None:
        """A plan for any id drops fifteen of sixteen when it learns which."""
        repository, one = populated.repository, populated.one
        with caught(repository) as seen:
            READS[question](repository, one)

        lines = explained_when_prepared(repository, seen, "SELECT")
        assert {partition_of(repository, one.id)} == scans(lines).keys()
        assert 1 == sum("Subplans Removed: 15" in line for line in lines)

    def test_a_prepared_completion_touches_one_partition(
        self, populated: Populated
    ) -> None:
        """So does the conditional write of an outcome."""
        repository, one = populated.repository, populated.actions[9]
        with caught(repository) as seen:
            repository.complete(one.succeed(at=T0))

        lines = explained_when_prepared(repository, seen, "UPDATE")
        assert {partition_of(repository, one.id)} == scans(lines).keys()
        assert 1 == sum("Subplans Removed: 15" in line for line in lines)


class TestManyAssignments:
    @pytest.mark.parametrize("action_type", [None, "notified"], ids=["any", "typed"])
    def test_the_latest_of_many_is_one_look_up_each(
        self, populated: Populated, action_type: str | None
    ) -> None:
        """A hundred ids are a hundred scans, spread over the partitions."""
        repository = populated.repository
        ids = [one.assignment_id for one in populated.actions[:ASSIGNMENTS]]
        with caught(repository) as seen:
            repository.latest_successes(ids, action_type)

        counts = scans(explained(repository, seen, "SELECT", ANALYZE))
        assert ASSIGNMENTS == sum(counts.values())
        assert len(counts) > PARTITIONS / 2

    def test_a_page_across_assignments_is_merged(self, populated: Populated) -> None:
        """The newest of all are merged from sixteen indexes; nothing is sorted."""
        repository = populated.repository
        with caught(repository) as seen:
            repository.find(ActionFilter(), 10)

        lines = explained(repository, seen, "SELECT")
        nodes = [line.strip().removeprefix("->  ") for line in lines]
        assert any(node.startswith("Merge Append") for node in nodes)
        assert not any(node.startswith(("Sort  (", "Seq Scan")) for node in nodes)
        assert dict.fromkeys(range(PARTITIONS), 1) == scans(lines)

    def test_an_action_by_its_id_is_looked_up_everywhere(
        self, populated: Populated
    ) -> None:
        """An id tells no partition: one index look-up in each of them."""
        repository = populated.repository
        with caught(repository) as seen:
            repository.get(populated.one.id)

        lines = explained(repository, seen, "SELECT")
        assert dict.fromkeys(range(PARTITIONS), 1) == scans(lines)
        assert not any("Seq Scan" in line for line in lines)


class TestRaces:
    def test_one_key_has_one_effect(
        self, url_of: Callable[[str], str], repositories: Repositories
    ) -> None:
        """Each partition's unique index holds among 16 rivals in two processes."""
        url = url_of(PARTITIONED)
        repositories.empty(url)
        ids = [uuid4() for _ in range(20)]

        answers = race(url, "uuid_", "notify", ids)

        rivals = PROCESSES * THREADS
        assert {"effect": 20, "refused": 20 * (rivals - 1)} == Counter(answers)
