"""What the benchmarks count and ask for, without a clock."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from assignment_actions import ActionStatus
from benchmarks.at_once import ALONE, THREADS, Crowd, a_crowd
from benchmarks.awaited_tables import of_async
from benchmarks.awaiting import awaited_on
from benchmarks.contest import Result, Store, a_store
from benchmarks.floor_async import AiosqliteFloor, numbered
from benchmarks.goals import GOALS, REASONS
from benchmarks.instructions import compared, instructions_of
from benchmarks.plan import plan_from
from benchmarks.population import PAGE, Population
from benchmarks.statements import statements_of


@pytest.mark.parametrize("hot", [0, 70, 1_000])
def test_deepest_page_begins_right_after_its_row(hot: int) -> None:
    """So many actions are newer than its first as its number says, give or take one."""
    population = Population(2_000, hot)
    rows = list(population.rows())
    before = rows[population.before_deepest]
    newest_first = sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)
    expected = (population.deepest_page - 1) * PAGE
    assert abs(newest_first.index(before) + 1 - expected) <= 1


def test_every_failure_of_the_population_has_a_real_stacktrace() -> None:
    """One action in ten failed, and its stacktrace has 2 to 4 KB."""
    rows = list(Population(1_000).rows())
    sizes = [len(row.stacktrace) for row in rows if row.stacktrace is not None]
    assert {True} == {2_000 <= size <= 4_096 for size in sizes}
    assert 100 == pytest.approx(len(sizes), abs=5)


def test_statements_are_counted_where_the_driver_is_given_them() -> None:
    """Each execute counts as one, of a cursor or of a connection."""
    connection = sqlite3.connect(":memory:")

    def work() -> None:
        connection.execute("CREATE TABLE kept (one)")
        connection.executemany("INSERT INTO kept VALUES (?)", [(1,), (2,)])
        connection.cursor().execute("SELECT one FROM kept").fetchall()

    try:
        assert 3 == statements_of(work)
    finally:
        connection.close()


def test_instructions_are_the_same_each_time() -> None:
    """The count depends on the code alone, and grows with what it does."""

    def work(times: int) -> int:
        return sum(number * 2 for number in range(times))

    once = instructions_of(lambda: work(10))
    assert once == instructions_of(lambda: work(10))
    assert once < instructions_of(lambda: work(11))


def test_change_of_instructions_is_told_in_per_cent() -> None:
    """Paths that came or went are told as such."""
    table = compared(
        {"same": 100, "dearer": 100, "lost": 1},
        {"same": 100, "dearer": 125, "found": 7},
    )
    changes = [line.split()[-1] for line in table.splitlines()[1:]]
    assert ["+0.0%", "+25.0%", "new", "gone"] == changes


def test_every_reason_belongs_to_a_goal() -> None:
    """A reason for a goal that does not exist would never be shown."""
    known = {(goal.kind, goal.work, goal.database) for goal in GOALS}
    assert set() == set(REASONS) - known


class TestAwaited:
    """The async side: the same work, on an event loop."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """Return SQLite with our schema and a few actions."""
        plan = plan_from(["--quick", "--folder", str(tmp_path)])
        with ExitStack() as stack:
            store = a_store("sqlite", plan, stack)
            store.floor.load(Population(200).rows())
            yield store

    def test_async_floor_answers_what_the_floor_answers(self, store: Store) -> None:
        """A ratio to a floor that did less would mean nothing."""
        ids, floor = Population(200).ids, AiosqliteFloor(store.floor, store.url)

        async def answers() -> list[object]:
            await floor.connect()
            try:
                return [
                    await floor.latest_successful(ids[0]),
                    await floor.timeline(ids[0]),
                    await floor.timelines_of_page(ids),
                ]
            finally:
                await floor.close()

        expected = [
            store.floor.latest_successful(ids[0]),
            store.floor.timeline(ids[0]),
            store.floor.timelines_of_page(ids),
        ]
        assert expected == asyncio.run(answers())

    @pytest.mark.parametrize("way", ["alone", "in_threads", "on_the_loop", "by_hand"])
    def test_everybody_of_a_crowd_records_every_block(
        self, way: str, store: Store
    ) -> None:
        """Whoever left blocks out would be the fastest."""
        ids = [uuid4() for _ in range(12)]
        with ExitStack() as stack:
            run = stack.enter_context(asyncio.Runner()).run
            crowd: Crowd = a_crowd("sqlite", store, run, stack)
            getattr(crowd, way)(0.001, ids)
        found = store.floor.timelines_of_page(ids)
        statuses = [[action.status for action in some] for some in found.values()]
        assert [[ActionStatus.SUCCEEDED]] * 12 == statuses

    def test_calls_are_awaited_one_after_another(self) -> None:
        """Each has a figure, and none begins before the one before has ended."""
        steps: list[str] = []

        async def call(name: str) -> None:
            steps.append(f"{name} begins")
            await asyncio.sleep(0)
            steps.append(f"{name} ends")

        with asyncio.Runner() as runner:
            spent = awaited_on(runner.run, call, [("a",), ("b",)])
        expected = ["a begins", "a ends", "b begins", "b ends"]
        assert (2, expected) == (len(spent), steps)

    def test_parameters_of_asyncpg_are_numbered(self) -> None:
        """The floors' texts have one mark for each."""
        text = "UPDATE kept SET one = %s WHERE two = %s"
        assert "UPDATE kept SET one = $1 WHERE two = $2" == numbered(text)

    def test_one_at_a_time_is_told_to_the_floors_and_to_ours(self) -> None:
        """Ours to the floor, the async floor to it, async to each."""
        times = {
            "floor": [1.0],
            "ours": [1.5],
            "floor, driver": [2.0],
            "ours, driver": [6.0],
        }
        row = self._last_row(Result("sqlite", "awaited", "W1", "steps", times))
        expected = ["1.50", "2.00", "3.00", "4.00"]
        assert expected == [cell.split()[0] for cell in row[4:]]

    def test_crowds_are_told_to_the_floor_and_to_threads(self) -> None:
        """Below 1 the event loop gets more done."""
        times = {
            ALONE: [8.0],
            THREADS: [4.0],
            "floor, driver": [1.0],
            "ours, driver": [2.0],
        }
        row = self._last_row(Result("sqlite", "at once", "W1 at once", "some", times))
        assert ["2.00", "0.25", "0.50"] == [cell.split()[0] for cell in row[4:]]

    def _last_row(self, result: Result) -> list[str]:
        line = of_async([result]).splitlines()[-1]
        return [cell.strip() for cell in line.strip("|").split("|")]
