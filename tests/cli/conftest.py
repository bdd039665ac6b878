from __future__ import annotations

import json
import os
import pty
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest

from assignment_actions import ActionRecorder, ActionType
from assignment_actions.adapters.journal import FileJournal
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.cli import main

HOSTILE = "550 \x1b[2J\u202egone"


@attrs.frozen
class Answer:
    """What one command answered."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Answer]


def rows_of(path: Path) -> list[tuple[object, ...]]:
    """Return all that a database file holds, every column as it is."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM assignment_actions").fetchall()


def on_a_terminal(*argv: object, typed: str = "") -> Answer:
    """Run the command line on a real pseudo-terminal where somebody types."""
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    command = [sys.executable, "-m", "assignment_actions.cli", *map(str, argv)]
    with subprocess.Popen(
        command,
        env={**os.environ, "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    ) as process:
        os.close(theirs)
        said = b""
        try:
            while more := os.read(ours, 65536):
                said += more
        except OSError:  # Linux says so when the other side has closed it
            pass
        assert process.stdout is not None
        out = process.stdout.read()
    os.close(ours)
    return Answer(process.returncode, out, said.decode())


@attrs.frozen
class Recorded:
    """A database file with something of everything in it."""

    url: str
    path: Path
    assignment: UUID
    stranger: UUID
    failed: UUID
    overdue: UUID


@pytest.fixture(autouse=True)
def _quiet_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder, 100 columns wide, with no database in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("ASSIGNMENT_ACTIONS_DB", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return the console entry, called in this process."""

    def call(*argv: object) -> Answer:
        capsys.readouterr()
        status = main([str(one) for one in argv])
        out, err = capsys.readouterr()
        return Answer(status, out, err)

    return call


def _connect() -> None:
    raise ConnectionError(HOSTILE)


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Recorded]:
    """Return a real SQLite file: notified, reminded in vain, something that hangs."""
    path = tmp_path / "host.sqlite3"
    url = f"sqlite:///{path}"
    repository = SqlActionRepository.from_url(url)
    repository.create_schema()
    recorder = ActionRecorder(
        repository, overdue_after={ActionType.CANCELLED: timedelta(microseconds=1)}
    )
    assignment = UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7")
    recorder.record_success(
        assignment, "notified", key="first", actor="admin:7", details={"mail": "é"}
    )
    reminder = recorder.recording(assignment, "reminded", key="2026-11-22")
    with pytest.raises(ConnectionError), reminder:
        _connect()
    hanging = recorder.start(assignment, "cancelled")
    recorder.start(assignment, "redeemed")
    yield Recorded(url, path, assignment, UUID(int=1), reminder.action.id, hanging.id)
    recorder.close()


SECRETS = ("Jo Doe of Nowhere", "jo-77@example.com", "matriculation-4711", "call-0815")


@attrs.frozen
class Private:
    """A database file, and a journal, that hold secrets of one learner."""

    url: str
    path: Path
    learner: UUID
    other: UUID
    failed: UUID
    journal: Path

    def secrets_left(self) -> set[str]:
        """Return those that stand anywhere in the files of the database."""
        files = self.path.parent.glob(f"{self.path.name}*")
        data = b"".join(file.read_bytes() for file in files)
        return {one for one in SECRETS if one.encode() in data}


def _refuse() -> None:
    raise ConnectionError(f"550 {SECRETS[0]} <{SECRETS[1]}> unknown")


@pytest.fixture
def private(tmp_path: Path) -> Private:
    """
    Return five actions of a learner, one in progress, and two of another.

    The outcome of the one in progress waits in a journal. Nothing was redacted.
    """
    path, journal = tmp_path / "private.sqlite3", tmp_path / "outcomes.jsonl"
    url = f"sqlite:///{path}"
    repository = SqlActionRepository.from_url(url)
    repository.create_schema()
    recorder = ActionRecorder(repository, redact=None)
    learner, other = UUID(int=77), UUID(int=78)
    for one in (learner, other):
        recorder.record_success(one, "notified", key="welcome", actor="admin:7")
    recorder.record_success(learner, "reminded", key=SECRETS[3], actor=SECRETS[1])
    recorder.record_success(learner, "redeemed", details={"number": SECRETS[2]})
    failing = recorder.recording(learner, "expired")
    with pytest.raises(ConnectionError), failing:
        _refuse()
    recorder.record_success(other, "redeemed")
    hanging = recorder.start(learner, "cancelled", actor=SECRETS[1])
    kept = FileJournal(journal)
    kept.keep(hanging.succeed(at=hanging.created_at, details={"to": SECRETS[1]}))
    repository.close()
    return Private(url, path, learner, other, failing.action.id, journal)
