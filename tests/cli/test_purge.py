from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from uuid import UUID, uuid4

import attrs
import pytest

from assignment_actions import Action, ActionRecorder, ActionStatus, Failure
from assignment_actions.adapters.sql import SqlActionRepository

from .conftest import Run, on_a_terminal, rows_of

FIELDS = (
    "database kind is_dry_run started_at ended_at assignments actions in_progress held"
    " kept actor is_complete remains rules hold"
)
COUNT = 2500
FREE, HELD = UUID(int=1), UUID(int=2)
OLD, YOUNG = timedelta(days=100), timedelta(days=10)


@attrs.frozen
class Aged:
    """A database file with the same actions 100 and 10 days ago, of two assignments."""

    url: str
    path: Path

    def left(self, assignment: UUID = FREE) -> set[str]:
        """Return the type, status and age of what is left of an assignment."""
        query = (
            "SELECT action_type, status, created_at FROM assignment_actions"
            " WHERE assignment_id = ?"
        )
        with closing(sqlite3.connect(self.path)) as connection:
            rows = connection.execute(query, [assignment.bytes]).fetchall()
        between = (datetime.now(UTC) - (OLD + YOUNG) / 2).timestamp() * 1_000_000
        return {
            f"{kind} {status} {'old' if at < between else 'young'}"
            for kind, status, at in rows
        }


def action(
    assignment_id: UUID, action_type: str, status: ActionStatus, age: timedelta
) -> Action:
    """Return an action of some age."""
    at = datetime.now(UTC) - age
    return Action(
        id=uuid4(),
        assignment_id=assignment_id,
        action_type=action_type,
        status=status,
        created_at=at,
        completed_at=at if status.is_final else None,
        unknown_at=at if status is ActionStatus.UNKNOWN else None,
        failure=Failure.of(reason="timeout") if status is ActionStatus.FAILED else None,
    )


def one_of_each() -> Iterator[Action]:
    """Yield one in every status, and of two more types, each old and young."""
    for assignment_id in (FREE, HELD):
        for age in (OLD, YOUNG):
            for status in ActionStatus:
                yield action(assignment_id, "reminded", status, age)
            for kind in ("redeemed", "failed"):  # a host's type named like a status
                yield action(assignment_id, kind, ActionStatus.SUCCEEDED, age)


@pytest.fixture
def aged(tmp_path: Path) -> Aged:
    """Return two assignments with actions in every status, old and young."""
    path = tmp_path / "aged.sqlite3"
    url = f"sqlite:///{path}"
    repository = SqlActionRepository.from_url(url)
    repository.create_schema()
    ActionRecorder(repository, vocabulary=["failed"]).record_many(one_of_each())
    repository.close()
    return Aged(url, path)


def each_of(words: str) -> list[str]:
    """Return what is old of a type and, where not said otherwise, a success."""
    kind, _, status = words.partition(" ")
    if status == "!in_progress":
        return [f"{kind} {one} old" for one in ("succeeded", "failed", "unknown")]
    return [f"{kind} {status or 'succeeded'} old"]


def keeping(*rules: str) -> list[str]:
    """Return the options for some rules."""
    return [word for rule in rules for word in ("--keep", rule)]


class TestRules:
    @pytest.mark.parametrize(
        ("rules", "gone"),
        [
            (["50d"], ["reminded !in_progress", "redeemed", "failed"]),
            (["failed=50d"], ["reminded failed"]),
            (["failed,unknown=7w"], ["reminded failed", "reminded unknown"]),
            (["in_progress=1200h"], ["reminded in_progress"]),
            (["reminded=50d"], ["reminded !in_progress"]),
            (["succeeded:reminded=50d"], ["reminded succeeded"]),
            (["succeeded:reminded, failed=50d"], ["reminded succeeded", "failed"]),
            ([":failed=50d"], ["failed"]),
            (["redeemed=forever", "succeeded=50d"], ["reminded succeeded", "failed"]),
            (["failed=forever", "unknown=50d"], ["reminded unknown"]),
            (["failed=forever"], []),
            (["200d"], []),
        ],
    )
    def test_are_read_as_meant(
        self, run: Run, aged: Aged, rules: list[str], gone: list[str]
    ) -> None:
        """Statuses, types, both, in their order: the first rule that fits decides."""
        before = aged.left()
        answer = run("purge", *keeping(*rules), "--yes", "--db", aged.url)

        assert 0 == answer.status
        assert set(chain.from_iterable(map(each_of, gone))) == before - aged.left()

    @pytest.mark.parametrize(
        ("rules", "said"),
        [
            ([], "say what to keep, and for how long: a rule is an AGE"),
            (["failed=6m"], "months and years differ in length, so say days"),
            (["1y"], "months and years differ in length, so say days"),
            (["90"], "hours, days or weeks (36h, 90d, 12w) or forever, got '90'"),
            (["failed="], "or forever, got ''"),
            (["=90d"], "types must have 1 to 64 characters"),
            (["failed:=90d"], "types must have 1 to 64 characters"),
            (["fail:reminded=90d"], "statuses must be one of in_progress, succeeded"),
            (["Reminded=90d"], "types must be lower snake case"),
            (["failed,reminded=90d"], "write failed:reminded for both at once"),
            (["90d", "failed=30d"], "rule 2 (failed: 30 days) never applies: rule 1"),
            (["failed=30d", "failed:notified=1d"], "never applies"),
        ],
    )
    def test_are_refused(
        self, run: Run, aged: Aged, rules: list[str], said: str
    ) -> None:
        """A rule that is none, or that cannot apply, says why; nothing is changed."""
        before = rows_of(aged.path)
        answer = run("purge", *keeping(*rules), "--yes", "--db", aged.url)

        assert (64, "", 1) == (answer.status, answer.out, answer.err.count("\n"))
        assert said in answer.err
        assert before == rows_of(aged.path)

    def test_may_be_far_in_the_past(self, run: Run, aged: Aged) -> None:
        """An age from before the calendar began expires nothing."""
        words = [*keeping("999999w"), "--yes", "--json", "--db", aged.url]

        assert 0 == run("purge", *words).document["actions"]

    def test_with_a_type_nobody_recorded(self, run: Run, aged: Aged) -> None:
        """A misspelt type is noted: its actions fall under another rule."""
        words = [*keeping("redemed=forever", "50d"), "--dry-run", "--db", aged.url]
        answer = run("purge", *words)

        assert 0 == answer.status
        assert "note: nothing of type 'redemed' is recorded" in answer.err


class TestHold:
    def test_keeps_all(self, run: Run, aged: Aged) -> None:
        """Nothing of an assignment on hold goes; how many stay for it is said."""
        before = aged.left(HELD)
        words = [*keeping("50d"), "--hold", HELD, "--yes", "--db", aged.url]
        answer = run("purge", *words)

        assert before == aged.left(HELD)
        assert before != aged.left()
        assert "5 actions kept: on hold." in answer.out

    def test_from_a_file(self, run: Run, aged: Aged, tmp_path: Path) -> None:
        """A file holds more of them; a bad line stops all."""
        good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
        good.write_text(f"{HELD}\n{FREE}\n")
        bad.write_text(f"{HELD}\nnobody\n")
        words = [*keeping("50d"), "--yes", "--json", "--db", aged.url]
        before = rows_of(aged.path)
        refused = run("purge", *words, "--hold-from-file", bad)
        done = run("purge", *words, "--hold-from-file", good)

        assert 64 == refused.status
        assert "--hold-from-file" in refused.err
        assert "line 2" in refused.err
        assert (2, 0, 10) == (
            done.document["hold"],
            done.document["actions"],
            done.document["held"],
        )
        assert before == rows_of(aged.path)


class TestPolicyFile:
    def test_is_the_same_as_options(self, run: Run, aged: Aged, tmp_path: Path) -> None:
        """Rules in their order and a hold, as TOML."""
        policy = tmp_path / "retention.toml"
        policy.write_text(
            f'hold = ["{HELD}"]\n'
            '[[rules]]\nkeep_for = "forever"\ntypes = ["redeemed"]\n'
            '[[rules]]\nkeep_for = "50d"\nstatuses = ["failed", "succeeded"]\n'
        )
        words = ["--policy", policy, "--json", "--db", aged.url]
        before = aged.left()
        document = run("purge", *words, "--yes").document

        gone = {"reminded failed old", "reminded succeeded old", "failed succeeded old"}
        assert gone == before - aged.left()
        assert (3, 3, 1) == (document["actions"], document["held"], document["hold"])
        assert [
            "redeemed: for ever",
            "failed or succeeded: 50 days",
        ] == document["rules"]

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("", "say what to keep"),
            ("rules = 7", "rules must be a list, got 7"),
            ("rules = [7]", "rule 1 must be a table, got 7"),
            ("rule = []", "rule is unknown; the file may have hold, rules"),
            ("[[rules]]", "rule 1: keep_for must be hours, days or weeks"),
            ("[[rules]]\nkeep_for = 90", "keep_for must be hours, days or weeks"),
            (
                '[[rules]]\nkeep_for = "90d"\n[[rules]]\nkeep_for = "6m"',
                "rule 2: keep_for must be",
            ),
            (
                '[[rules]]\nkeep_for = "90d"\nstatus = ["failed"]',
                "rule 1: status is unknown; a rule may have keep_for, statuses, types",
            ),
            (
                '[[rules]]\nkeep_for = "90d"\nstatuses = ["faild"]',
                "rule 1: statuses must be one of in_progress, succeeded",
            ),
            (
                '[[rules]]\nkeep_for = "90d"\nstatuses = "failed"',
                "rule 1: statuses must be a list, got 'failed'",
            ),
            (
                '[[rules]]\nkeep_for = "90d"\ntypes = []',
                "rule 1: types must not be empty",
            ),
            (
                f'[[rules]]\nkeep_for = "90d"\ntypes = ["{"x" * 65}"]',
                "rule 1: types must have 1 to 64 characters, got 65",
            ),
            (
                'hold = ["nobody"]\n[[rules]]\nkeep_for = "90d"',
                "hold: ASSIGNMENT must be a UUID, got 'nobody'",
            ),
            ("[[rules", "--policy"),
            ("x = " + "[" * 5000, "--policy"),
        ],
    )
    def test_with_a_mistake(
        self, run: Run, aged: Aged, tmp_path: Path, content: str, said: str
    ) -> None:
        """The rule, the field and the limit are named; nothing is changed."""
        policy = tmp_path / "retention.toml"
        policy.write_text(content)
        before = rows_of(aged.path)
        answer = run("purge", "--policy", policy, "--yes", "--db", aged.url)

        assert (64, "", 1) == (answer.status, answer.out, answer.err.count("\n"))
        assert said in answer.err
        assert before == rows_of(aged.path)

    def test_that_is_no_text(self, run: Run, aged: Aged, tmp_path: Path) -> None:
        """What is no UTF-8 is refused."""
        policy = tmp_path / "retention.toml"
        policy.write_bytes(b"\xff")

        assert 64 == run("purge", "--policy", policy, "--yes", "--db", aged.url).status

    def test_that_is_not_there(self, run: Run, aged: Aged) -> None:
        """A missing file is status 66."""
        words = ["--policy", "none.toml", "--yes", "--db", aged.url]

        assert 66 == run("purge", *words).status

    def test_excludes_options(self, run: Run, aged: Aged) -> None:
        """Rules in two places have no order."""
        words = ["--policy", "none.toml", *keeping("90d"), "--yes", "--db", aged.url]
        answer = run("purge", *words)

        assert 64 == answer.status
        assert "not both" in answer.err


class TestRun:
    def test_dry_run_changes_nothing(self, run: Run, aged: Aged) -> None:
        """It shows how the rules were understood, and how much would go."""
        before = rows_of(aged.path)
        answer = run("purge", *keeping("50d"), "--dry-run", "--db", aged.url)

        assert (0, "", before) == (answer.status, answer.err, rows_of(aged.path))
        assert [
            "Rule 1: everything not in progress: 50 days.",
            "10 actions would be purged; nothing was changed.",
        ] == answer.out.splitlines()[:2]

    def test_needs_consent(self, run: Run, aged: Aged) -> None:
        """Without a terminal and without --yes nothing is done."""
        before = rows_of(aged.path)
        answer = run("purge", *keeping("50d"), "--db", aged.url)

        assert (64, before) == (answer.status, rows_of(aged.path))
        assert "--yes" in answer.err

    def test_asks(self, aged: Aged) -> None:
        """On a terminal the rules and the count come before the question."""
        before = rows_of(aged.path)
        words = ["purge", *keeping("50d"), "--db", aged.url]
        answer = on_a_terminal(*words, typed="n\n")

        assert (130, "", before) == (answer.status, answer.out, rows_of(aged.path))
        places = [answer.err.index(one) for one in ("Rule 1:", "10 actions", "Go on?")]
        assert sorted(places) == places

    def test_for_programs(self, run: Run, aged: Aged) -> None:
        """The report has every documented field."""
        words = [*keeping("50d"), "--yes", "--json", "--actor", "", "--db", aged.url]
        document = run("purge", *words).document

        assert FIELDS.split() == list(document)
        assert ("purge", None, 10, True) == (
            document["kind"],
            document["assignments"],
            document["actions"],
            document["is_complete"],
        )

    def test_interrupted_and_resumed(self, run: Run, tmp_path: Path) -> None:
        """Ctrl-C in the middle says how far it came; again ends as in one run."""
        path, whole = tmp_path / "many.sqlite3", tmp_path / "whole.sqlite3"
        repository = SqlActionRepository.from_url(f"sqlite:///{path}")
        repository.create_schema()
        ActionRecorder(repository).record_many(
            action(UUID(int=number), "reminded", ActionStatus.SUCCEEDED, age)
            for number in range(COUNT)
            for age in (OLD, YOUNG)
        )
        repository.close()
        shutil.copy(path, whole)
        words = ["purge", *keeping("50d"), "--yes"]
        run(*words, "--db", f"sqlite:///{whole}")

        stopped = interrupted([*words, "--batch-size", "1"], path)
        between = len(rows_of(path))
        resumed = run(*words, "--json", "--db", f"sqlite:///{path}")

        assert 130 == stopped.returncode
        assert COUNT < between < 2 * COUNT
        [told] = re.findall("interrupted; ([0-9]+) actions purged", stopped.stderr)
        assert 2 * COUNT - between - int(told) in (
            0,
            1,
        )  # one was perhaps not yet counted
        assert "run it again to go on" in stopped.stderr
        assert resumed.document["actions"] == between - COUNT
        assert rows_of(whole) == rows_of(path)


def count_of(path: Path) -> int:
    """Return how many actions a file holds."""
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT COUNT(*) FROM assignment_actions"
        return int(connection.execute(query).fetchone()[0])


def interrupted(words: list[str], path: Path) -> subprocess.CompletedProcess[str]:
    """Run a command, and interrupt it once it has removed some actions."""
    command = [sys.executable, "-m", "assignment_actions.cli", *words]
    with subprocess.Popen(
        [*command, "--db", f"sqlite:///{path}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while process.poll() is None and count_of(path) > 2 * COUNT - 10:
            time.sleep(0.001)
        goes_on = True
        while process.poll() is None and goes_on:
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            left = count_of(path)
            time.sleep(0.2)  # Python may lose an interrupt in a callback
            goes_on = count_of(path) < left
        out, err = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, out, err)
