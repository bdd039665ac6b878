from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assignment_actions import ActionRecorder
from assignment_actions.adapters.sql import SqlActionRepository

from .conftest import Recorded, Run

TIME = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


class TestTimeline:
    def test_shows_all_actions_in_order(self, run: Run, recorded: Recorded) -> None:
        """A person sees every action of the assignment, the oldest first."""
        answer = run("timeline", recorded.assignment, "--db", recorded.url)
        words = ["notified", "reminded", "cancelled", "redeemed"]
        places = [answer.out.index(word) for word in words]
        assert (0, sorted(places), "") == (answer.status, places, answer.err)

    def test_says_why_an_action_failed(self, run: Run, recorded: Recorded) -> None:
        """The reason, the exception and its message stand below a failed action."""
        answer = run("timeline", recorded.assignment, "--db", recorded.url)
        assert "unclassified ConnectionError: 550" in answer.out

    def test_narrows_to_types(self, run: Run, recorded: Recorded) -> None:
        """`--type` may be repeated and leaves out all other types."""
        types = ["--type", "notified", "--type", "redeemed"]
        answer = run(
            "timeline", recorded.assignment, *types, "--json", "--db", recorded.url
        )
        found = [one["action_type"] for one in answer.document["actions"]]
        assert ["notified", "redeemed"] == found

    def test_of_a_stranger_is_empty(self, run: Run, recorded: Recorded) -> None:
        """An assignment that nothing is recorded about is no error."""
        answer = run("--db", recorded.url, "timeline", recorded.stranger)
        expected = f"Nothing is recorded about assignment {recorded.stranger}.\n"
        assert (0, expected) == (answer.status, answer.out)

    def test_keeps_ids_whole_on_a_narrow_terminal(
        self, run: Run, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An action's id is never broken over two lines, however narrow it is."""
        monkeypatch.setenv("COLUMNS", "60")
        answer = run("timeline", recorded.assignment, "--db", recorded.url)
        assert str(recorded.failed) in answer.out


class TestOutcome:
    @pytest.mark.parametrize(
        ("action_type", "status", "verdict"),
        [
            ("notified", 0, "yes"),
            ("reminded", 1, "no"),
            ("redeemed", 2, "in_progress"),
            ("cancelled", 3, "unknown"),
            ("expired", 1, "no"),
        ],
    )
    def test_answers_by_its_exit_status(
        self, run: Run, recorded: Recorded, action_type: str, status: int, verdict: str
    ) -> None:
        """0 is yes, 1 no, 2 in progress, 3 unknown; the verdict says the same."""
        answer = run(
            "outcome", recorded.assignment, action_type, "--db", recorded.url, "--json"
        )
        assert (status, verdict) == (answer.status, answer.document["verdict"])

    def test_is_a_plain_sentence(self, run: Run, recorded: Recorded) -> None:
        """A person reads one sentence that begins with the answer."""
        answer = run("outcome", recorded.assignment, "notified", "--db", recorded.url)
        assert answer.out.startswith("✓ Yes, notified succeeded at ")
        assert answer.out.endswith(" UTC (1 attempt).\n")

    def test_since_leaves_out_what_was_before(
        self, run: Run, recorded: Recorded
    ) -> None:
        """What was done before `--since` proves nothing."""
        since = ["--since", "2999-01-01"]
        answer = run(
            "outcome", recorded.assignment, "notified", *since, "--db", recorded.url
        )
        assert (1, "✗ No, it was never attempted.\n") == (answer.status, answer.out)

    def test_key_narrows_to_its_tries(self, run: Run, recorded: Recorded) -> None:
        """Under another key it was never attempted."""
        key = ["--key", "second"]
        answer = run(
            "outcome", recorded.assignment, "notified", *key, "--db", recorded.url
        )
        assert answer.status == 1

    def test_warns_about_a_type_nobody_recorded(
        self, run: Run, recorded: Recorded
    ) -> None:
        """A misspelt type still answers no, and a note says what types there are."""
        answer = run("outcome", recorded.assignment, "notifed", "--db", recorded.url)
        assert answer.status == 1
        assert "note: nothing of type 'notifed' is recorded" in answer.err
        assert "notified" in answer.err

    def test_works_with_a_host_vocabulary(self, run: Run, tmp_path: Path) -> None:
        """A host's own type, recorded with int ids and a prefix, is answered."""
        url = f"sqlite:///{tmp_path / 'own.sqlite3'}"
        repository = SqlActionRepository.from_url(
            url, table_prefix="x_", assignment_id_type=int
        )
        repository.create_schema()
        recorder = ActionRecorder(repository, vocabulary=["certified"])
        recorder.record_success(41, "certified")
        recorder.close()
        options = ["--assignment-ids", "int", "--table-prefix", "x_", f"--db={url}"]
        answer = run(*options, "outcome", "41", "certified", "--json")
        assert (0, 41, "") == (
            answer.status,
            answer.document["assignment_id"],
            answer.err,
        )


class TestShow:
    def test_has_the_stacktrace(self, run: Run, recorded: Recorded) -> None:
        """A person sees where in the host's code it failed."""
        answer = run("show", recorded.failed, "--db", recorded.url)
        assert "Traceback (most recent call last):" in answer.out
        assert "in recorded" in answer.out

    def test_has_every_documented_field(self, run: Run, recorded: Recorded) -> None:
        """A program finds the documented fields of an action and its failure."""
        answer = run("show", recorded.failed, "--db", recorded.url, "--json")
        fields = (
            "id assignment_id action_type status is_overdue created_at completed_at"
            " duration_seconds key attempt actor details overdue_at unknown_at failure"
        )
        failure = "reason exception_type message stacktrace fingerprint truncated"
        assert fields.split() == list(answer.document)
        assert failure.split() == list(answer.document["failure"])

    def test_times_are_utc_with_microseconds(
        self, run: Run, recorded: Recorded
    ) -> None:
        """Times are ISO 8601 with six decimals and Z, and the very ones stored."""
        answer = run("show", recorded.failed, "--db", recorded.url, "--json")
        repository = SqlActionRepository.from_url(recorded.url)
        stored = repository.get(recorded.failed)
        repository.close()
        assert stored is not None
        text = answer.document["created_at"]
        assert (27, "Z") == (len(text), text[-1])
        assert stored.created_at == datetime.fromisoformat(text)

    def test_without_failure_shows_the_evidence(
        self, run: Run, recorded: Recorded
    ) -> None:
        """Key, actor and details of a success are shown."""
        url = recorded.url
        actions = run("timeline", recorded.assignment, "--db", url, "--json").document
        answer = run("show", actions["actions"][0]["id"], "--db", url)
        assert "admin:7" in answer.out
        assert '{"mail": "é"}' in answer.out

    def test_of_an_unknown_action(self, run: Run, recorded: Recorded) -> None:
        """An id that is not stored is status 66, said in one line."""
        answer = run("show", recorded.stranger, "--db", recorded.url)
        said = f"assignment-actions: no action with id {recorded.stranger} is stored\n"
        assert (66, "", said) == (answer.status, answer.out, answer.err)


class TestFailures:
    def test_are_grouped_by_kind(self, run: Run, recorded: Recorded) -> None:
        """Each kind comes with its count, its assignments and its newest action."""
        answer = run("failures", "--db", recorded.url, "--json")
        [group] = answer.document["groups"]
        assert (1, 1, "ConnectionError", str(recorded.failed)) == (
            group["count"],
            group["assignments"],
            group["exception_type"],
            group["example"]["id"],
        )

    def test_since_leaves_out_older_ones(self, run: Run, recorded: Recorded) -> None:
        """`--since` asks for completions at that time or later."""
        answer = run("failures", "--since", "2999-01-01", "--db", recorded.url)
        assert (0, "No failures are recorded.\n") == (answer.status, answer.out)

    def test_are_shown_to_a_person(self, run: Run, recorded: Recorded) -> None:
        """A person sees the count, the kind and an id to look up."""
        answer = run("failures", "--since", "1h", "--db", recorded.url)
        assert "1 kind of failure since" in answer.out
        assert "unclassified ConnectionError" in answer.out
        assert f"assignment-actions show {recorded.failed}" in answer.out


class TestOverdue:
    def test_shows_what_hangs(self, run: Run, recorded: Recorded) -> None:
        """Only what is in progress for too long is listed, as overdue."""
        answer = run("overdue", "--db", recorded.url, "--json")
        [action] = answer.document["actions"]
        assert (str(recorded.overdue), True, "in_progress") == (
            action["id"],
            action["is_overdue"],
            action["status"],
        )

    def test_names_the_assignment(self, run: Run, recorded: Recorded) -> None:
        """A person sees which assignment it is about."""
        answer = run("overdue", "--db", recorded.url)
        assert f"assignment {recorded.assignment}" in answer.out
        assert "? cancelled" in answer.out


class TestSchema:
    def test_create_then_check(self, run: Run, tmp_path: Path) -> None:
        """A created schema is current, and creating it again changes nothing."""
        url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
        states = [
            run("schema", verb, "--db", url, "--json").document["schema"]
            for verb in ("create", "create", "check")
        ]
        assert ["created", "created", "current"] == states

    def test_default_is_a_file_in_the_working_folder(
        self, run: Run, tmp_path: Path
    ) -> None:
        """Without a URL it is one SQLite file where the command is run."""
        assert run("schema", "create").status == 0
        assert (tmp_path / "assignment_actions.sqlite3").exists()

    def test_environment_names_the_database(
        self, run: Run, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """ASSIGNMENT_ACTIONS_DB is used where `--db` is not given."""
        monkeypatch.setenv("ASSIGNMENT_ACTIONS_DB", recorded.url)
        assert run("schema", "check", "--json").document["database"] == recorded.url


class TestAsAProcess:
    def test_is_the_same_as_a_module(self, recorded: Recorded) -> None:
        """`python -m assignment_actions.cli` exits with the answer."""
        words = ["outcome", str(recorded.assignment), "cancelled", "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "assignment_actions.cli", *words],
            env={**os.environ, "ASSIGNMENT_ACTIONS_DB": recorded.url},
            capture_output=True,
            check=False,
        )
        assert (3, b"") == (done.returncode, done.stderr)
        assert json.loads(done.stdout)["verdict"] == "unknown"

    def test_a_closed_pipe_is_no_answer(self, recorded: Recorded) -> None:
        """Where the reader has gone the status is 141, never 1, and nothing is said."""
        read, write = os.pipe()
        os.close(read)
        words = ["timeline", str(recorded.assignment), "--db", recorded.url]
        done = subprocess.run(
            [sys.executable, "-m", "assignment_actions.cli", *words],
            stdout=write,
            stderr=subprocess.PIPE,
            check=False,
        )
        os.close(write)
        assert (141, b"") == (done.returncode, done.stderr)

    def test_now_is_the_present(self, run: Run, recorded: Recorded) -> None:
        """`overdue` says as of when it answers."""
        before = datetime.now(UTC)
        at = run("overdue", "--db", recorded.url, "--json").document["at"]
        assert before <= datetime.fromisoformat(at) <= datetime.now(UTC)
