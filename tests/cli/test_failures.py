from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest

from assignment_actions import ActionRecorder, Failure
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.cli.sparkline import parts, sparkline

from .conftest import Run

DAY = timedelta(days=1)
LONG = "host.billing.errors.SeatLimitExceededInThisOrganisationError"


@attrs.frozen
class Failing:
    """A database file with five kinds of failure, most of them this week."""

    url: str
    path: Path

    def count(self, kind: str, ages: list[int], *, type: str = "notified") -> None:
        """Record a kind of failure so many days ago each."""
        repository = SqlActionRepository.from_url(self.url)
        recorder = ActionRecorder(repository)
        now = datetime.now(UTC)
        for number, age in enumerate(ages):
            failure = Failure(
                reason="timeout", exception_type=kind, message="timed out " * 40
            )
            at = now - age * DAY
            recorder.record_failure(UUID(int=number % 4), type, failure, at=at)
        repository.close()


@pytest.fixture
def failing(tmp_path: Path) -> Failing:
    """Return failures of 7, 3, 2, 1 and 1; the last but one more than a week ago."""
    path = tmp_path / "failing.sqlite3"
    url = f"sqlite:///{path}"
    repository = SqlActionRepository.from_url(url)
    repository.create_schema()
    repository.close()
    found = Failing(url, path)
    found.count("often", [0, 0, 0, 1, 2, 40, 40])
    found.count("new", [1, 1, 2])
    found.count("reminding", [0, 0], type="reminded")
    found.count("past", [30])
    found.count(LONG, [1])
    return found


def groups_of(document: Any) -> dict[str, Any]:
    """Return the groups by exception type."""
    return {one["exception_type"]: one for one in document["groups"]}


class TestForPrograms:
    def test_counts_per_day(self, run: Run, failing: Failing) -> None:
        """Each group has its counts of the period by UTC day, nothing elsewhere."""
        document = run("failures", "--json", "--db", failing.url).document

        groups = groups_of(document)
        per_day = groups["often"]["per_day"]
        first, second, third = map(date.fromisoformat, per_day)
        assert [1, 1, 3] == list(per_day.values())
        assert (first, second) == (third - 2 * DAY, third - DAY)
        assert {} == groups["past"]["per_day"]
        assert (7, 1) == (groups["often"]["count"], groups["past"]["count"])

    def test_new_is_what_began_in_the_period(self, run: Run, failing: Failing) -> None:
        """Without --since the period is the last seven days; else what is asked."""
        week = run("failures", "--json", "--db", failing.url).document
        words = ["--since", "60d", "--json", "--db", failing.url]
        all_new = run("failures", *words).document

        is_new = {name: one["is_new"] for name, one in groups_of(week).items()}
        assert (False, True, True) == (is_new["often"], is_new["new"], is_new[LONG])
        assert {True} == {one["is_new"] for one in all_new["groups"]}
        assert (None, 5) == (week["since"], len(week["groups"]))

    def test_since_narrows_both(self, run: Run, failing: Failing) -> None:
        """The counts and the days are of what failed since."""
        words = ["--since", "20d", "--json", "--db", failing.url]
        groups = groups_of(run("failures", *words).document)

        assert {"often", "new", "reminding", LONG} == set(groups)
        for one in groups.values():
            assert one["count"] == sum(one["per_day"].values())

    def test_types_narrow_both(self, run: Run, failing: Failing) -> None:
        """Only failures of these types count."""
        failing.count("often", [0], type="reminded")
        words = ["--type", "reminded", "--json", "--db", failing.url]
        groups = groups_of(run("failures", *words).document)

        assert {"often": 1, "reminding": 2} == {
            name: one["count"] for name, one in groups.items()
        }
        assert [1] == list(groups["often"]["per_day"].values())

    def test_limit_bounds_the_days(self, run: Run, failing: Failing) -> None:
        """All groups are there; the counts per day of those beyond are not asked."""
        words = ["--limit", "2", "--json", "--db", failing.url]
        groups = run("failures", *words).document["groups"]

        assert [True, True, False, False, False] == [
            one["per_day"] is not None for one in groups
        ]


class TestForPeople:
    @pytest.mark.parametrize("width", [30, 60, 78, 80, 100, 140])
    def test_ids_are_whole(
        self, run: Run, failing: Failing, width: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However narrow it is, examples can be copied, and no line is too long."""
        monkeypatch.setenv("COLUMNS", str(width))
        document = run("failures", "--json", "--db", failing.url).document
        answer = run("failures", "--db", failing.url)

        ids = {one["example"]["id"] for one in document["groups"]}
        written = {word for word in answer.out.split() if word in ids}
        lines = [one for one in answer.out.splitlines() if "actions show" not in one]
        assert ids == written or width < 38
        assert max(map(len, lines)) <= width

    def test_says_what_since_when_and_for_whom(
        self, run: Run, failing: Failing
    ) -> None:
        """A row has count, assignments, reason, type, trend, and both moments."""
        answer = run("failures", "--type", "reminded", "--db", failing.url)
        [row, below, _] = answer.out.splitlines()[5:8]

        assert ["2", "2", "timeout", "reminding"] == row.split()[:4]
        assert 6 == row.count("·")
        assert "█" in row
        assert below.split()[0] == "new"
        assert "max 2" in below
        assert answer.out.startswith("1 kind of failure, 2 failures\nTrend: ")

    def test_says_how_many_more(self, run: Run, failing: Failing) -> None:
        """Beyond the limit kinds are counted, and how to see them is said."""
        answer = run("failures", "--limit", "2", "--db", failing.url)

        assert "3 more kinds: --limit 5 shows all." in answer.out
        assert "past" not in answer.out

    def test_ends_with_a_command(self, run: Run, failing: Failing) -> None:
        """The last line shows the most frequent kind's example, and works."""
        command = run("failures", "--db", failing.url).out.splitlines()[-1]
        words = command.split()[1:]

        assert "often" in run(*words, "--db", failing.url).out

    def test_a_misspelt_type_is_noted(self, run: Run, failing: Failing) -> None:
        """Of a type that nobody recorded nothing fails: those recorded are named."""
        answer = run("failures", "--type", "notifed", "--db", failing.url)

        assert (0, "No failures are recorded.\n") == (answer.status, answer.out)
        assert "recorded are: notified, reminded" in answer.err

    def test_without_unicode(self, failing: Failing) -> None:
        """Where blocks cannot be written, other marks show the trend."""
        done = subprocess.run(
            [sys.executable, "-m", "assignment_actions.cli", "failures"],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONIOENCODING": "ascii",
                "ASSIGNMENT_ACTIONS_DB": failing.url,
                "COLUMNS": "100",
            },
            capture_output=True,
            check=True,
        )

        assert b"==@" in done.stdout

    @pytest.mark.parametrize(
        "words", [["--limit", "0"], ["--type", ""], ["--type", "x" * 256]]
    )
    def test_usage(self, run: Run, failing: Failing, words: list[str]) -> None:
        """A limit is positive, a type has 1 to 255 characters."""
        answer = run("failures", *words, "--db", failing.url)

        assert (64, "", 1) == (answer.status, answer.out, answer.err.count("\n"))


class TestSparkline:
    def test_is_relative_to_the_greatest(self) -> None:
        """Nothing is a dot, the greatest a full block, one of many the lowest."""
        assert "·▁▅█" == sparkline([0, 1, 101, 200])

    def test_of_nothing(self) -> None:
        """Nothing at all has no greatest."""
        assert "·······" == sparkline([0] * 7)

    @pytest.mark.parametrize(
        ("day", "counts"),
        [
            ("2026-11-22", [0, 0, 5]),
            ("2026-11-20", [0, 5, 0]),
            ("2026-11-18", [5, 0, 0]),
            ("2026-11-01", [5, 0, 0]),
            ("2027-01-01", [0, 0, 5]),
        ],
    )
    def test_parts_end_today(self, day: str, counts: list[int]) -> None:
        """Whole parts end at the end; what is outside counts at the edges."""
        start, end = date(2026, 11, 18), date(2026, 11, 22)

        assert counts == parts({day: 5}, start, end, 3)
