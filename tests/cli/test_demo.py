from __future__ import annotations

import os
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import make_url

from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.cli.demo_report import program
from assignment_actions.cli.sample import load_sample

from .conftest import Answer, Run

FILE = "assignment_actions_demo.sqlite3"


@attrs.frozen
class Played:
    """A demo that has run, in a folder of its own."""

    folder: Path
    answer: Answer

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / FILE}"


def _play(folder: Path, *options: str) -> Played:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"ASSIGNMENT_ACTIONS_DB", "NO_COLOR"}
    }
    done = subprocess.run(
        [sys.executable, "-m", "assignment_actions.cli", "demo", *options],
        cwd=folder,
        env={**environment, "COLUMNS": "100", "FORCE_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return Played(folder, Answer(done.returncode, done.stdout, done.stderr))


@pytest.fixture(scope="session")
def for_programs(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return _play(tmp_path_factory.mktemp("programs"), "--json")


@pytest.fixture(scope="session")
def for_people(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return _play(tmp_path_factory.mktemp("people"))


@pytest.fixture
def summary(for_programs: Played) -> Mapping[str, Any]:
    document: Mapping[str, Any] = for_programs.answer.document
    return document


class TestWhatItDoes:
    def test_succeeds_and_says_nothing_else(self, for_programs: Played) -> None:
        """With `--json` there is one document, exit status 0, and no other word."""
        assert (0, "") == (for_programs.answer.status, for_programs.answer.err)

    def test_loads_the_whole_sample(self, summary: Mapping[str, Any]) -> None:
        """All real histories are in the database."""
        histories = load_sample()
        actions = sum(len(one.actions) for one in histories)
        assert (56, actions) == (len(histories), summary["imported"])
        assert summary["assignments"] == 56

    def test_mail_server_and_record_agree(self, summary: Mapping[str, Any]) -> None:
        """Four mails were taken: three recorded as sent, one by the killed process."""
        assert (4, 1) == (summary["mails_accepted"], summary["mails_refused"])
        assert summary["most_mails_to_one_learner"] == 1
        expected = {"succeeded": 3, "failed": 2, "in_progress": 1}
        assert expected == summary["recorded"]

    @pytest.mark.parametrize(
        ("name", "verdict", "attempts"),
        [
            ("accepted", "yes", 1),
            ("refused", "no", 1),
            ("retried", "yes", 2),
            ("killed", "unknown", 1),
            ("never_attempted", "no", 0),
        ],
    )
    def test_record_answers(
        self, summary: Mapping[str, Any], name: str, verdict: str, attempts: int
    ) -> None:
        """Each learner's question has the answer of what really happened."""
        outcome = summary["outcomes"][name]
        assert (verdict, attempts) == (outcome["verdict"], outcome["attempts"])

    def test_refusal_is_the_servers_own(self, summary: Mapping[str, Any]) -> None:
        """The failure is smtplib's exception with the server's 550, redacted."""
        failure = summary["outcomes"]["refused"]["failure"]
        assert failure["exception_type"] == "smtplib.SMTPRecipientsRefused"
        assert failure["reason"] == "email_error"
        assert "550" in failure["message"]
        assert "@example.com" not in failure["message"]

    def test_retry_followed_a_refused_connection(
        self, run: Run, for_programs: Played, summary: Mapping[str, Any]
    ) -> None:
        """Under one key the first attempt met no server, the second succeeded."""
        retried = summary["outcomes"]["retried"]["action"]
        words = ["timeline", retried["assignment_id"], "--type", "notified", "--json"]
        actions = run(*words, "--db", for_programs.url).document["actions"]
        found = [(one["attempt"], one["status"], one["key"]) for one in actions]
        key = retried["key"]
        assert [(1, "failed", key), (2, "succeeded", key)] == found
        assert actions[0]["failure"]["exception_type"] == "ConnectionRefusedError"

    def test_second_click_was_refused(self, summary: Mapping[str, Any]) -> None:
        """The duplicate names the action that was done before."""
        action = summary["outcomes"]["accepted"]["action"]
        assert f"action {action['id']}" in summary["refused_duplicate"]

    def test_killed_process_shows_as_overdue(
        self, run: Run, for_programs: Played, summary: Mapping[str, Any]
    ) -> None:
        """A process was killed in the middle: overdue, unknown, and not retried."""
        assert summary["killed_status"] != 0
        [overdue] = summary["overdue"]
        killed = summary["outcomes"]["killed"]["action"]
        assert killed["id"] == overdue["id"]
        assert killed["id"] in summary["refused_unknown"]
        words = ["outcome", killed["assignment_id"], "reminded"]
        assert run(*words, "--db", for_programs.url).status == 3

    def test_learner_states_cover_the_page(self, summary: Mapping[str, Any]) -> None:
        """Every assignment is on the page, in one state or none."""
        states = summary["learner_states"]
        assert sum(states.values()) == 56
        assert {"waiting", "failed", "notifying", "expired", "none"} == set(states)


class TestWhatItShows:
    def test_is_plain_text_where_it_is_piped(self, for_people: Played) -> None:
        """No escape codes go into a pipe, even where FORCE_COLOR is set."""
        assert (0, "") == (for_people.answer.status, for_people.answer.err)
        assert "\x1b" not in for_people.answer.out

    @pytest.mark.parametrize(
        "said",
        [
            "✗ learner 115: SMTPRecipientsRefused",
            "✗ learner 155: ConnectionRefusedError",
            "✓ learner 155: notified (attempt 2)",
            "✓ Yes, notified succeeded at",
            "✗ No, notified failed at",
            "? Nobody knows: the outcome of reminded is unknown",
            "✗ No, it was never attempted.",
            "4 mails taken, 1 refused",
            "at most 1 for each learner. The record says 3 sent",
            "Traceback (most recent call last):",
        ],
    )
    def test_tells_the_story(self, for_people: Played, said: str) -> None:
        """What happened, and what the record answers, is said in plain words."""
        assert said in " ".join(for_people.answer.out.split())

    def test_shows_no_address(self, for_people: Played) -> None:
        """Learners' mail addresses are redacted wherever they were."""
        assert "@example.com" not in for_people.answer.out

    def test_commands_to_try_work(
        self, run: Run, for_people: Played, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Every command it ends with runs as it stands, whole on its line."""
        monkeypatch.chdir(for_people.folder)
        lines = for_people.answer.out.splitlines()
        commands = [one for one in lines if one.startswith(f"{program()} ")]
        statuses = [run(*shlex.split(one)[1:]).status for one in commands]
        assert [1, 0, 0, 0, 0] == statuses


class TestWhereItWrites:
    def test_refuses_a_file_of_somebody_else(self, run: Run, tmp_path: Path) -> None:
        """A file that is no demo's is left as it was, with status 73."""
        (tmp_path / FILE).write_bytes(b"precious" * 100)
        answer = run("demo")
        assert (73, "") == (answer.status, answer.out)
        assert "--force replaces it" in answer.err
        assert b"precious" * 100 == (tmp_path / FILE).read_bytes()

    def test_refuses_a_real_database(self, run: Run, tmp_path: Path) -> None:
        """A host's own record is never taken for a demo's."""
        url = f"sqlite:///{tmp_path / 'host.sqlite3'}"
        run("schema", "create", "--db", url)
        before = (tmp_path / "host.sqlite3").read_bytes()
        assert run("demo", "--db", url).status == 73
        assert before == (tmp_path / "host.sqlite3").read_bytes()

    def test_leaves_the_environments_database_alone(
        self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The demo writes where `--db` says, never where the environment does."""
        url = f"sqlite:///{tmp_path / 'host.sqlite3'}"
        run("schema", "create", "--db", url)
        monkeypatch.setenv("ASSIGNMENT_ACTIONS_DB", url)
        assert run("demo", "--json").status == 0
        repository = SqlActionRepository.from_url(url)
        with repository.engine.connect() as connection:
            query = "SELECT count(*) FROM assignment_actions"
            count = connection.exec_driver_sql(query).scalar_one()
        repository.close()
        assert count == 0
        assert (tmp_path / FILE).exists()

    def test_replaces_its_own_file(self, run: Run, for_people: Played) -> None:
        """A file of an earlier demo is made anew."""
        with sqlite3.connect(for_people.folder / FILE) as connection:
            before = connection.execute("PRAGMA application_id").fetchone()
        connection.close()
        copy = Path("again.sqlite3")
        copy.write_bytes((for_people.folder / FILE).read_bytes())
        answer = run("demo", "--json", "--db", f"sqlite:///{copy}")
        assert (0, 3) == (answer.status, answer.document["recorded"]["succeeded"])
        assert before == (int.from_bytes(b"aadm"),)

    def test_force_replaces_any_file(self, run: Run, tmp_path: Path) -> None:
        """`--force` is the word to give up what is there."""
        (tmp_path / FILE).write_bytes(b"worthless" * 100)
        assert run("demo", "--json", "--force").status == 0

    def test_refuses_other_kinds_of_ids(self, run: Run) -> None:
        """The sample's assignments have UUIDs."""
        assert run("demo", "--assignment-ids", "int").status == 64

    @pytest.mark.parametrize("server", ["postgresql", "mariadb"])
    def test_works_on_a_server(
        self, run: Run, url_of: Callable[[str], str], server: str
    ) -> None:
        """On a server it needs empty tables, hides the password, and tells the same."""
        url = make_url(url_of(server))
        if server == "postgresql" and url.password is None:  # trusted: any will do
            url = url.set(password="hunter2")
        words = ["--db", url.render_as_string(hide_password=False)]
        words += ["--table-prefix", "demo_"]
        first, again = run("demo", "--json", *words), run("demo", *words)
        assert (0, 3) == (first.status, first.document["recorded"]["succeeded"])
        assert first.document["outcomes"]["killed"]["verdict"] == "unknown"
        assert (73, "") == (again.status, again.out)
        assert (url.password or "hunter2") not in first.out + first.err + again.err

    def test_refuses_a_database_of_one_process(self, run: Run) -> None:
        """What lives in memory could not be shared with the process that is killed."""
        assert run("demo", "--db", "sqlite://").status == 64

    def test_says_where_it_cannot_write(self, run: Run) -> None:
        """A folder that does not exist is status 73, in one line."""
        answer = run("demo", "--db", "sqlite:///no/such/folder/demo.sqlite3")
        assert (73, 1) == (answer.status, answer.err.count("\n"))
