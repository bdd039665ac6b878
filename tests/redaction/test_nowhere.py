"""Secrets planted in all that a host hands over stand nowhere afterwards."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from domain.outages import FlakyRepository
from hypothesis import Phase, given, settings
from redaction.planting import (
    Planted,
    planted_details,
    planted_strings,
    planted_texts,
    planted_urls,
)
from sqlalchemy import select

from assignment_actions import (
    Action,
    ActionFilter,
    ActionRecorder,
    ActionRepository,
    Failure,
    InMemoryActionRepository,
)
from assignment_actions.adapters.journal import FileJournal
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.cli.run import run

TEXTS = planted_texts() | planted_strings() | planted_urls()
NO_SHRINKING = [Phase.explicit, Phase.generate]  # the stores would make it take hours
Text = Planted[str]
Details = Planted[dict[str, object]]


class HostError(Exception):
    """Something of the host's own."""


def fail(text: str, note: str) -> None:
    """Raise a group whose members, causes and notes carry texts."""
    try:
        raise_(LookupError(text))
    except LookupError as cause:
        member = ConnectionError(f"while asking {note}")
        member.add_note(text)
        error = ExceptionGroup(text, [member, ExceptionGroup("in", [HostError(note)])])
        error.add_note(note)
        raise error from cause


def raise_(error: Exception) -> None:
    """Raise it."""
    raise error


def record(recorder: ActionRecorder, text: Text, note: Text, details: Details) -> None:
    """Hand the planted texts over in every way there is."""
    one = uuid4()
    with pytest.raises(ExceptionGroup), recorder.recording(one, "notified") as block:
        block.add_details(details.carrier)
        fail(text.carrier, note.carrier)
    started = recorder.start(one, "reminded", details={"said": [text.carrier]})
    recorder.fail(started, HostError(note.carrier), details=details.carrier)
    given = Failure(reason="timeout", message=text.carrier, stacktrace=note.carrier)
    recorder.record_failure(one, "redeemed", given, details=details.carrier)
    recorder.record_success(one, "redeemed", details={text.carrier: note.carrier})
    recorder.record_many([_made(given, details.carrier)])


def _made(failure: Failure, details: dict[str, object]) -> Action:
    made = ActionRecorder(InMemoryActionRepository(), redact=None)
    return made.record_failure(uuid4(), "notified", failure, details=details)


def stored_in(repository: ActionRepository) -> str:
    """Return every text of a store: of its table where it has one."""
    if isinstance(repository, SqlActionRepository):
        table = repository.metadata.tables["uuid_assignment_actions"]
        with repository.engine.connect() as connection:
            return "\n".join(
                str(tuple(row)) for row in connection.execute(select(table))
            )
    actions = repository.search(ActionFilter(), None, 1000)
    return "\n".join(
        f"{one.actor} {json.dumps(one.details)} {one.failure!r}" for one in actions
    )


def require_gone(found: str, *planted: Planted[Any]) -> None:
    """Fail where a secret, or six characters of one, stand in what was found."""
    around = "\n".join(str(one.carrier) for one in planted)
    for one in planted:
        around = around.replace(one.secret, "\0")
    assert found
    for one in planted:
        parts = (one.secret[at : at + 6] for at in range(len(one.secret) - 5))
        left = [part for part in parts if part in found and part not in around]
        assert not left, f"{left} of {one} is in {found}"


@pytest.fixture
def clean(any_repository: ActionRepository) -> Callable[[], ActionRepository]:
    """Return what empties a store between examples."""

    def emptied() -> ActionRepository:
        if isinstance(any_repository, SqlActionRepository):
            table = any_repository.metadata.tables["uuid_assignment_actions"]
            with any_repository.engine.begin() as connection:
                connection.execute(table.delete())
            return any_repository
        return InMemoryActionRepository()

    return emptied


class TestNowhere:
    @settings(max_examples=25, phases=NO_SHRINKING)
    @given(TEXTS, TEXTS, planted_details())
    def test_in_no_store(
        self,
        clean: Callable[[], ActionRepository],
        text: Text,
        note: Text,
        details: Details,
    ) -> None:
        """No column of a store holds what was planted."""
        repository = clean()
        record(ActionRecorder(repository), text, note, details)

        require_gone(stored_in(repository), text, note, details)

    @settings(max_examples=60, phases=NO_SHRINKING)
    @given(text=TEXTS, note=TEXTS, details=planted_details())
    def test_in_no_journal_and_no_log(
        self,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
        text: Text,
        note: Text,
        details: Details,
    ) -> None:
        """What waits in a file, and what is logged about it, holds nothing of it."""
        path = tmp_path / "journal"
        store = FlakyRepository()
        recorder = ActionRecorder(store, journal=FileJournal(path))
        caplog.clear()
        with caplog.at_level(logging.DEBUG):
            with (
                pytest.raises(ExceptionGroup),
                recorder.recording(7, "notified") as one,
            ):
                one.add_details(details.carrier)
                store.outages = 1
                fail(text.carrier, note.carrier)
            kept = path.read_text()
            raising(recorder, text, note)
        path.unlink()

        require_gone(kept + caplog.text, text, note, details)

    @settings(max_examples=12, phases=NO_SHRINKING)
    @given(text=TEXTS, note=TEXTS, details=planted_details())
    def test_in_no_answer_of_the_command_line(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        text: Text,
        note: Text,
        details: Details,
    ) -> None:
        """No command prints it, neither for people nor for programs."""
        url = f"sqlite:///{tmp_path / 'a.sqlite3'}"
        monkeypatch.setenv("ASSIGNMENT_ACTIONS_DB", url)
        repository = SqlActionRepository.from_url(url)
        repository.create_schema()
        record(ActionRecorder(repository), text, note, details)
        actions = repository.find(ActionFilter(), 100)
        for words in (
            ["failures"],
            *(["timeline", str(one.assignment_id)] for one in actions[:2]),
            *(["show", str(one.id)] for one in actions),
        ):
            assert run(words) == run([*words, "--json"]) == 0
        repository.close()
        (tmp_path / "a.sqlite3").unlink()

        require_gone(capsys.readouterr().out, text, note, details)


def raising(recorder: ActionRecorder, text: Text, note: Text) -> None:
    """Let a probe raise, which is logged."""

    def probe(_: Action) -> bool:
        fail(text.carrier, note.carrier)
        raise AssertionError

    action = recorder.start(7, "reminded")
    recorder.mark_unknown(action)
    assert recorder.reconcile(probe).errors == 1
