from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from adapters.journals import broken, files_no_larger_than, forked, run_all, stored_by
from domain.samples import ASSIGNMENT, T0, action, failed, succeeded, unknown
from hypothesis import given
from hypothesis import strategies as st

from assignment_actions import Action, Failure, StorageError
from assignment_actions.adapters.journal import FileJournal
from assignment_actions.adapters.journal.lines import KeptLine, kept_line, parsed
from assignment_actions.testing import strategies

STACK = 'Traceback:\n  File "a.py", line 1, in f\nE: \u00e9\U0001f600'
ACTIONS = {
    "in progress": action(1),
    "succeeded": succeeded(1),
    "failed": failed(
        1,
        failure=Failure(
            reason="email_error",
            exception_type="smtplib.SMTPError",
            message="no\u2028\u0085 \x7f",
            stacktrace=STACK,
            truncated=True,
        ),
    ),
    "unknown": unknown(1, failure=Failure.of(reason="interrupted")),
    "late": succeeded(1, unknown_at=T0),
    "int id": succeeded(1, assignment_id=-(2**63)),
    "text id": succeeded(1, assignment_id='{"uuid": "x"}\n'),
    "id that looks like another kind": succeeded(1, assignment_id=str(ASSIGNMENT)),
    "retired type": succeeded(1, action_type="type_nobody_knows"),
    "everything": succeeded(
        1,
        key="k \u20ac",
        attempt=2**31 - 1,
        actor="admin:7",
        overdue_at=datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        created_at=datetime(1, 1, 1, tzinfo=UTC),
        details={"a": [1, 2.5, -0.0, None, True, {"b": "\n"}], "n": 10**400},
    ),
    "lone surrogates": succeeded(1, details={"\ud83d": ["\udead", "\U0001f600"]}),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a journal is."""
    return tmp_path / "outcomes.jsonl"


@pytest.fixture
def journal(path: Path) -> FileJournal:
    """Return a journal in a new file."""
    return FileJournal(path)


class TestFidelity:
    @pytest.mark.parametrize("name", ACTIONS)
    def test_every_field_comes_back(self, path: Path, name: str) -> None:
        """What another journal reads from the file equals what was kept."""
        one = ACTIONS[name]
        FileJournal(path).keep(one, is_new=not one.status.replaces)

        (found,) = FileJournal(path)
        assert ACTIONS[name] == found
        assert type(ACTIONS[name].assignment_id) is type(found.assignment_id)
        assert path.read_bytes().isascii()
        assert path.read_bytes().count(b"\n") == 1

    @given(strategies.actions(), st.booleans())
    def test_of_any_action(self, one: Action, is_new: bool) -> None:  # noqa: FBT001
        """Any action there can be comes back as it was."""
        is_new |= not one.status.replaces  # a start is always new
        line = parsed(kept_line(one, is_new=is_new))

        assert isinstance(line, KeptLine)
        assert (one, is_new) == (line.action, line.is_new)


class TestKeep:
    def test_order_and_once(self, journal: FileJournal) -> None:
        """Outcomes are handed over in their order, and only once."""
        for number in (1, 2, 3):
            journal.keep(succeeded(number))

        assert [1, 2, 3] == [one.id.int for one in stored_by(journal)]
        assert ([], 0) == (stored_by(journal), len(journal))

    def test_newest_state_only(self, journal: FileJournal) -> None:
        """A newer state of an action replaces an older one."""
        journal.keep(action(1), is_new=True)
        journal.keep(succeeded(1), is_new=True)

        assert 1 == len(journal)
        assert [succeeded(1)] == list(journal) == stored_by(journal)

    def test_the_same_again(self, journal: FileJournal) -> None:
        """What is kept again after it was stored is handed over again."""
        for _ in range(2):
            journal.keep(succeeded(1))
            assert [succeeded(1)] == stored_by(journal)

    def test_new_ones_are_added(self, path: Path) -> None:
        """What was never stored is handed to `add`, after a restart as well."""
        FileJournal(path).keep(succeeded(1), is_new=True)
        FileJournal(path).keep(succeeded(2))
        handed: list[tuple[str, int]] = []

        def complete(one: Action) -> bool:
            handed.append(("complete", one.id.int))
            return True

        def add(one: Action) -> bool:
            handed.append(("add", one.id.int))
            return False

        assert 1 == FileJournal(path).store_each(complete, add)
        assert [("add", 1), ("complete", 2)] == handed


class TestStoreEach:
    def test_an_error_keeps_the_rest(self, journal: FileJournal) -> None:
        """Where storing fails, that outcome stays, behind all others."""
        journal.keep(succeeded(1))
        journal.keep(succeeded(2))

        with pytest.raises(StorageError):
            journal.store_each(broken, broken)
        assert [2, 1] == [one.id.int for one in stored_by(journal)]

    def test_a_limit(self, journal: FileJournal) -> None:
        """No more than asked for are tried."""
        for number in (1, 2, 3):
            journal.keep(succeeded(number))

        assert 2 == journal.store_each(lambda _: True, broken, 2)
        assert [succeeded(3)] == list(journal)

    def test_not_due(self, journal: FileJournal) -> None:
        """What is not due stays, in nobody's way; after the process it is due."""
        journal.keep(succeeded(1), lambda: False)
        journal.keep(succeeded(2))

        assert [2] == [one.id.int for one in stored_by(journal)]
        assert [1] == [one.id.int for one in stored_by(FileJournal(journal.path))]

    def test_a_newer_state_while_an_older_one_is_stored(
        self, journal: FileJournal
    ) -> None:
        """A mark for an older state does not hide the newer one."""
        journal.keep(action(1), is_new=True)

        def add(_: Action) -> bool:
            journal.keep(succeeded(1), is_new=True)
            return True

        assert 1 == journal.store_each(broken, add)
        assert [succeeded(1)] == list(FileJournal(journal.path))

    def test_threads(self, journal: FileJournal) -> None:
        """Threads that keep and store lose nothing, and store nothing twice."""
        handed: list[int] = []

        def store(one: Action) -> bool:
            handed.append(one.id.int)
            return True

        def work(first: int) -> None:
            for number in range(first, first + 20):
                journal.keep(succeeded(number))
                journal.store_each(store, store)

        run_all(partial(work, first) for first in range(1, 81, 20))
        journal.store_each(store, store)
        assert list(range(1, 81)) == sorted(handed)
        assert b"" == journal.path.read_bytes()


class TestFile:
    def test_mode(self, journal: FileJournal) -> None:
        """Only its owner may read it, after it was shortened as well."""
        journal.keep(succeeded(1))
        stored_by(journal)

        assert 0o600 == stat.S_IMODE(journal.path.stat().st_mode)
        assert [journal.path] == list(journal.path.parent.iterdir())

    def test_is_empty_when_nothing_is_left(self, journal: FileJournal) -> None:
        """It is emptied when all is stored, and shortened when half is."""
        for number in (1, 2, 3, 4):
            journal.keep(succeeded(number))
        journal.store_each(lambda _: True, broken, 3)

        assert 1 == journal.path.read_bytes().count(b"\n")
        assert [4] == [one.id.int for one in stored_by(journal)]
        assert b"" == journal.path.read_bytes()

    def test_a_link_is_refused(self, path: Path) -> None:
        """A symbolic link is not followed: somebody else may have put it there."""
        path.symlink_to(path.parent / "elsewhere")

        with pytest.raises(OSError, match="symbolic"):
            FileJournal(path)

    def test_no_regular_file(self, path: Path) -> None:
        """A pipe is no journal."""
        os.mkfifo(path)

        with pytest.raises(OSError, match="regular file"):
            FileJournal(path)

    def test_killed_while_shortening(self, journal: FileJournal) -> None:
        """What a process left that was killed while it wrote a shorter file is gone."""
        stale = journal.path.with_name("outcomes.jsonl.new")
        stale.write_bytes(b"half of")
        journal.keep(succeeded(1))

        assert [succeeded(1)] == stored_by(journal)
        assert not stale.exists()

    def test_deleted_meanwhile(self, journal: FileJournal) -> None:
        """Where somebody deletes the file, the next outcome makes a new one."""
        journal.keep(succeeded(1))
        journal.path.unlink()
        journal.keep(succeeded(2))

        assert [2] == [one.id.int for one in FileJournal(journal.path)]

    def test_closed(self, journal: FileJournal, caplog: Any) -> None:
        """Closing says what is left; the journal opens again when it is needed."""
        journal.keep(succeeded(1))
        journal.close()
        journal.close()

        assert f"1 outcomes wait in {journal.path}" in caplog.text
        assert [succeeded(1)] == list(journal) == stored_by(journal)

    def test_a_folder_that_forbids(self, path: Path, caplog: Any) -> None:
        """Where it cannot be shortened the outcomes are stored all the same, once."""
        journal = FileJournal(path)
        path.with_name("outcomes.jsonl.new").mkdir()
        journal.keep(succeeded(1))

        assert [succeeded(1)] == stored_by(journal)
        assert "cannot be shortened" in caplog.text
        assert [] == stored_by(FileJournal(path))


class TestTorn:
    @pytest.mark.parametrize("size", [1, 40, -2])
    def test_a_torn_last_line(
        self, path: Path, caplog: pytest.LogCaptureFixture, size: int
    ) -> None:
        """A half line swallows neither the one before nor the one after it."""
        half = kept_line(succeeded(2), is_new=False)[:size]
        path.write_bytes(kept_line(succeeded(1), is_new=False) + half)

        journal = FileJournal(path)
        journal.keep(succeeded(3))

        assert f"line 2 of {path} cannot be read, and stays there" in caplog.text
        assert [1, 3] == [one.id.int for one in FileJournal(path)]
        assert [1, 3] == [one.id.int for one in stored_by(journal)]
        assert half + b"\n" == path.read_bytes()
        assert (1,) == FileJournal(path).unreadable

    def test_all_but_the_end_of_the_line(self, path: Path) -> None:
        """A last line that lacks nothing but its end counts."""
        path.write_bytes(kept_line(succeeded(1), is_new=False)[:-1])

        journal = FileJournal(path)
        journal.keep(succeeded(2))

        assert [1, 2] == [one.id.int for one in FileJournal(path)]

    @pytest.mark.parametrize(
        "line",
        [
            b"hello",
            b"[]",
            b"7",
            b'{"kept": "1"}',
            b'{"kept": [1], "is_new": true, "action": {}}',
            b"[" * 100_000,
            b"\xff",
            kept_line(succeeded(1), is_new=False)[:-1].replace(
                b"notified", b"reminded"
            ),
            kept_line(succeeded(1), is_new=False)[:-1].replace(b"false", b"true", 1),
        ],
        ids=[
            "word",
            "list",
            "int",
            "part",
            "list as digest",
            "deep",
            "bytes",
            "changed",
            "turned",
        ],
    )
    def test_unreadable(self, path: Path, line: bytes) -> None:
        """What is none of ours, or was changed, is skipped, and stays."""
        path.write_bytes(line + b"\n" + kept_line(succeeded(2), is_new=False))

        journal = FileJournal(path)

        assert (1,) == journal.unreadable
        assert [2] == [one.id.int for one in stored_by(journal)]
        assert line + b"\n" == path.read_bytes()


class TestMarks:
    def test_of_an_odd_line(self, path: Path) -> None:
        """A mark for something that is no digest settles nothing."""
        path.write_bytes(b'{"stored": [1]}\n' + kept_line(succeeded(1), is_new=False))

        assert [succeeded(1)] == list(FileJournal(path))


class TestFullDisk:
    @pytest.mark.parametrize("room", [0, 100])
    def test_waits_in_memory(
        self, journal: FileJournal, caplog: pytest.LogCaptureFixture, room: int
    ) -> None:
        """Where nothing, or half of a line, fits, the outcome waits in memory."""
        journal.keep(succeeded(1))
        size = journal.path.stat().st_size

        with files_no_larger_than(size + room):
            journal.keep(succeeded(2))

        assert size == journal.path.stat().st_size
        assert "waits in memory, and is lost with this process" in caplog.text
        assert 2 == len(journal)
        assert {1, 2} == {one.id.int for one in journal}
        assert {1, 2} == {one.id.int for one in stored_by(journal)}
        assert 0 == len(journal)

    def test_a_mark_that_does_not_fit(self, journal: FileJournal) -> None:
        """An outcome whose mark cannot be written is tried again, not lost."""
        journal.keep(succeeded(1))

        with (
            files_no_larger_than(journal.path.stat().st_size),
            pytest.raises(StorageError, match="flush failed"),
        ):
            stored_by(journal)
        assert [succeeded(1)] == stored_by(journal)


class TestProcesses:
    def test_two_journals_on_one_file(self, path: Path) -> None:
        """What one keeps the other stores, and neither minds the shorter file."""
        one, other = FileJournal(path), FileJournal(path)
        one.keep(succeeded(1))
        assert [1] == [it.id.int for it in stored_by(other)]
        one.keep(succeeded(2))
        other.keep(succeeded(3))

        assert [2, 3] == [it.id.int for it in stored_by(one)]
        assert [] == stored_by(other)

    def test_forked_children(self, journal: FileJournal) -> None:
        """Children of a fork keep at the same time, and no line is broken."""
        journal.keep(succeeded(1))
        children = [forked(partial(keep, journal, it)) for it in (100, 200)]
        keep(journal, 300)

        assert [0, 0] == [os.waitpid(it, 0)[1] for it in children]
        numbers = [1, *(it + n for it in (100, 200, 300) for n in range(50))]
        assert numbers == sorted(one.id.int for one in FileJournal(journal.path))
        assert () == FileJournal(journal.path).unreadable


def keep(journal: FileJournal, first: int) -> None:
    """Keep fifty outcomes."""
    for number in range(first, first + 50):
        journal.keep(succeeded(number, id=UUID(int=number)))
