"""Which index answers a question: none reads what an index could spare."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest
from sql.plans import Plan, Read, analyse, caught
from sql.questions import QUESTIONS, SCAN, Question, population
from stores import SHARED_STORES, a_store

from assignment_actions.adapters.sql import SqlActionRepository

TABLE = "uuid_assignment_actions"
AT_ONCE = 2000
STORES = (*SHARED_STORES, "sqlite_file without statistics")


@attrs.frozen
class Stored:
    """A populated repository, and the plans of the questions it was asked."""

    repository: SqlActionRepository
    _plans: dict[str, Plan] = attrs.field(factory=dict)

    @property
    def database(self) -> str:
        """Return the name of its kind."""
        return self.repository.engine.dialect.name

    def plan(self, name: str) -> Plan:
        """Ask a question once, and return how it was answered."""
        if name not in self._plans:
            with caught(self.repository) as seen:
                QUESTIONS[name].ask(self.repository)
            self._plans[name] = Plan.of(self.repository, seen)
        return self._plans[name]


@pytest.fixture(params=STORES, scope="module")
def stored(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stored]:
    """Return a repository with 12 000 actions in it, on each store in turn."""
    store, _, without = request.param.partition(" without ")
    with a_store(store, tmp_path_factory.mktemp("plans")) as url:
        repository = SqlActionRepository.from_url(url, table_prefix="uuid_")
        repository.create_schema()
        for start in range(0, len(population()), AT_ONCE):
            repository.add(*population()[start : start + AT_ONCE])
        if not without:
            analyse(repository, TABLE)
        yield Stored(repository)
        repository.close()


def faults(question: Question, plan: Plan, database: str) -> Iterator[str]:
    """Say what of a plan is not as the question wants it."""
    allowed = {**question.by, **question.also.get(database, {})}
    if not plan.reads:
        yield "nothing was looked up"
    for read in plan.reads:
        index = read.index or SCAN
        bounds = allowed.get(f"{read.alias} {index}", allowed.get(index))
        if bounds is None:
            yield f"found by {read}"
        elif not read.bounds >= {*bounds.split()}:
            yield f"bounded too little: {read}"
    if question.is_in_order and plan.is_sorted:
        yield "sorted"


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_answered_by_its_index(stored: Stored, name: str) -> None:
    """No table is scanned, and no page sorted, where an index serves."""
    plan = stored.plan(name)

    assert [] == [*faults(QUESTIONS[name], plan, stored.database)], plan.text


def test_every_index_serves_a_question(stored: Stored) -> None:
    """An index that no question needs would only make every insert dearer."""
    table = stored.repository.metadata.tables[TABLE]
    made = {
        str(one.name).removeprefix(f"{TABLE}_")
        for one in table.indexes
        if one.info.get("dialect") in (None, stored.database)
    }
    used = {read.index for name in QUESTIONS for read in stored.plan(name).reads}

    assert set() == made - used


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_is_read_without_a_bound_has_a_reason(name: str) -> None:
    """No scan, and no walk of a whole index, is let pass in silence."""
    question = QUESTIONS[name]
    allowed = [question.by, *question.also.values()]

    assert question.because or all(all(one.values()) for one in allowed)


class TestFaults:
    def test_an_unwanted_index_is_one(self) -> None:
        """A page that an index in its order serves is not looked for by another."""
        plan = Plan(frozenset({Read(TABLE, "failed", frozenset())}), False, "")

        assert 1 == len([*faults(QUESTIONS["find, page n"], plan, "sqlite")])

    def test_a_scan_a_walk_and_a_sort_are_some(self) -> None:
        """No row of the table is read but by the index, within its bounds, in order."""
        reads = (Read(TABLE, None, frozenset()), Read(TABLE, "page", frozenset()))
        plan = Plan(frozenset(reads), True, "")

        assert 3 == len([*faults(QUESTIONS["find, page n"], plan, "sqlite")])

    def test_no_read_at_all_is_one(self) -> None:
        """A question whose statement was not seen has not passed."""
        plan = Plan(frozenset(), False, "")

        assert 1 == len([*faults(QUESTIONS["get"], plan, "sqlite")])
