from __future__ import annotations

import os
import pty
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

import attrs
import pytest

from assignment_actions import Action, ActionFilter, ActionHistory, ActionRecorder
from assignment_actions.adapters.journal import FileJournal
from assignment_actions.adapters.journal.lines import kept_line
from assignment_actions.adapters.sql import SqlActionRepository

from .conftest import Recorded, Run


def finished(assignment_id: UUID | int, *, key: str | None = None) -> Action:
    """Return an action that succeeded."""
    memory = SqlActionRepository.from_url(
        "sqlite://", assignment_id_type=type(assignment_id)
    )
    memory.create_schema()
    recorder = ActionRecorder(memory)
    done = recorder.record_success(assignment_id, "expired", key=key)
    recorder.close()
    return done


def everything(url: str) -> list[Action]:
    """Return all that a database holds."""
    repository = SqlActionRepository.from_url(url)
    try:
        return list(ActionHistory(repository).iterate(ActionFilter()))
    finally:
        repository.close()


@pytest.fixture
def open_action(recorded: Recorded) -> Action:
    """Return an action that is in progress in the database."""
    return next(it for it in everything(recorded.url) if it.action_type == "redeemed")


@pytest.fixture
def file(tmp_path: Path, open_action: Action) -> Path:
    """Return a journal: a start that was not stored, an outcome of one that was."""
    path = tmp_path / "outcomes.jsonl"
    journal = FileJournal(path)
    journal.keep(finished(uuid4()), is_new=True)
    journal.keep(open_action.succeed(at=open_action.created_at))
    journal.close()
    return path


class TestReplay:
    def test_stores_what_was_kept(
        self, run: Run, recorded: Recorded, file: Path
    ) -> None:
        """Both kinds are stored, the file is empty, the status 0."""
        before = len(everything(recorded.url))
        answer = run("replay", file, "--db", recorded.url)

        said = f"2 stored, 0 were stored already, 0 are left in\n{file}.\n"
        assert (0, "") == (answer.status, answer.err)
        assert said.split() == answer.out.split()
        assert before + 1 == len(everything(recorded.url))
        assert b"" == file.read_bytes()

    def test_again_is_harmless(self, run: Run, recorded: Recorded, file: Path) -> None:
        """The same file once more stores nothing twice, and says so."""
        same = file.read_bytes()
        run("replay", file, "--db", recorded.url)
        before = everything(recorded.url)
        file.write_bytes(same)

        answer = run("replay", file, "--db", recorded.url, "--json")

        assert {
            "journal": str(file),
            "stored": 0,
            "already_stored": 2,
            "refused": 0,
            "left": 0,
            "unreadable_lines": [],
        } == answer.document
        assert (0, before) == (answer.status, everything(recorded.url))

    def test_settled_otherwise(
        self, run: Run, recorded: Recorded, file: Path, open_action: Action
    ) -> None:
        """What the database knows better is refused, named, and leaves the file."""
        repository = SqlActionRepository.from_url(recorded.url)
        ActionRecorder(repository).fail(open_action, LookupError("no"))
        repository.close()

        answer = run("replay", file, "--db", recorded.url)

        assert 0 == answer.status
        assert "1 refused: the database knows better" in answer.out
        assert b"" == file.read_bytes()

    def test_unreadable_lines(self, run: Run, recorded: Recorded, file: Path) -> None:
        """A line that cannot be read is named, stays, and makes the status 75."""
        with file.open("ab") as stream:
            stream.write(b"half of")

        answer = run("replay", file, "--db", recorded.url)

        assert 75 == answer.status
        assert "Lines that cannot be read stay there: 3." in answer.out
        assert b"half of\n" == file.read_bytes()

    def test_a_database_that_goes_away(self, run: Run, file: Path) -> None:
        """Where nobody answers all is left in the file, and the status is 69."""
        url = "postgresql://jo:hunter2@127.0.0.1:1/app"
        before = file.read_bytes()

        answer = run("replay", file, "--db", url)

        assert (69, before) == (answer.status, file.read_bytes())
        assert "hunter2" not in answer.out + answer.err

    def test_a_database_that_refuses(
        self, run: Run, recorded: Recorded, file: Path
    ) -> None:
        """Where the first write fails it says what is left, and why."""
        with closing(sqlite3.connect(recorded.path)) as connection:
            connection.execute(
                "CREATE TRIGGER no BEFORE INSERT ON assignment_actions"
                " BEGIN SELECT RAISE(ABORT, 'no more'); END"
            )

        answer = run("replay", file, "--db", recorded.url)

        assert 69 == answer.status
        assert "2 are left" in " ".join(answer.out.split())
        assert answer.err.startswith("assignment-actions: add failed")

    def test_no_such_file(self, run: Run, recorded: Recorded) -> None:
        """A file that is not there is an error, and is not made."""
        answer = run("replay", "nowhere.jsonl", "--db", recorded.url)

        assert (66, False) == (answer.status, Path("nowhere.jsonl").exists())
        assert "there is no journal at nowhere.jsonl" in answer.err

    def test_no_file(self, run: Run, recorded: Recorded, tmp_path: Path) -> None:
        """A folder is no journal."""
        assert 66 == run("replay", tmp_path, "--db", recorded.url).status

    def test_another_kind_of_ids(
        self, run: Run, recorded: Recorded, file: Path
    ) -> None:
        """Outcomes about another kind of ids stay, and the option is named."""
        file.write_bytes(kept_line(finished(7), is_new=True))

        answer = run("replay", file, "--db", recorded.url)

        assert 64 == answer.status
        assert "--assignment-ids" in answer.err
        assert file.read_bytes()

    def test_progress_is_for_terminals(self, recorded: Recorded, file: Path) -> None:
        """A long file has a bar, on a terminal alone, and only on stderr."""
        file.write_bytes(many := lines(finished(recorded.stranger), 250))
        command = [sys.executable, "-m", "assignment_actions.cli", "replay", str(file)]
        command += ["--db", recorded.url]

        quiet = subprocess.run(command, capture_output=True, check=True)
        file.write_bytes(many)
        main, terminal = pty.openpty()
        loud = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=terminal,
            env=os.environ | {"TERM": "xterm"},
            check=True,
        )
        os.close(terminal)

        assert b"" == quiet.stderr
        assert b"250 stored, 0 were stored already" in quiet.stdout
        assert b"0 stored, 250 were stored already" in loud.stdout
        assert b"Replaying" in os.read(main, 65536)
        os.close(main)


def lines(like: Action, count: int) -> bytes:
    """Return a journal of so many actions like one."""
    return b"".join(
        kept_line(attrs.evolve(like, id=UUID(int=number)), is_new=True)
        for number in range(count)
    )
