from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest

from assignment_actions import ActionRecorder, ActionType
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
