"""What the benchmarks count and ask for, without a clock."""

from __future__ import annotations

import sqlite3

import pytest

from benchmarks.goals import GOALS, REASONS
from benchmarks.instructions import compared, instructions_of
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
