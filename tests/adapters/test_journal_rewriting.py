from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import pytest
from adapters.journals import broken, files_no_larger_than, forked, run_all, stored_by
from domain.samples import OTHER, action, failed, succeeded

from assignment_actions import (
    Action,
    ActionRecorder,
    Failure,
    InMemoryActionRepository,
    RetentionPolicy,
    StorageError,
)
from assignment_actions.adapters.journal import FileJournal
from assignment_actions.adapters.journal.lines import kept_line

NAME = "Jo Doe"
RAW = NAME.encode()


Change = Callable[[Action], Action | None]


def scrubbed(one: Action) -> Action:
    return one.scrubbed()


def unchanged(one: Action) -> Action:
    return one


def dropped(_: Action) -> None:
    return None


def only(number: int, change: Change) -> Change:
    """Return a change of one action, and of no other."""
    return lambda one: change(one) if one.id.int == number else one


def named(number: int, **changes: object) -> Action:
    """Return an outcome with a person's name in every text."""
    failure = Failure(reason="email_error", message=NAME, stacktrace=f"Oh, {NAME}")
    given = {"actor": NAME, "key": NAME, "details": {NAME: [NAME]}}
    return failed(number, failure=failure, **given | changes)


def numbers(actions: Iterable[Action]) -> list[int]:
    """Return the numbers of samples, in their order."""
    return [one.id.int for one in actions]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a journal is."""
    return tmp_path / "outcomes.jsonl"


@pytest.fixture
def journal(path: Path) -> FileJournal:
    """Return a journal in a new file."""
    return FileJournal(path)


@pytest.fixture
def full(journal: FileJournal) -> FileJournal:
    """Return a journal that holds three outcomes with a name in them."""
    for number in (1, 2, 3):
        journal.keep(named(number))
    return journal


class TestWhatIsKept:
    def test_is_changed_in_its_place(self, full: FileJournal) -> None:
        """Each is what `change` made of it, in the order in which they were kept."""
        assert 1 == full.rewrite(only(2, scrubbed))

        expected = [named(1), named(2).scrubbed(), named(3)]
        assert expected == list(FileJournal(full.path))
        assert expected == stored_by(full)

    def test_is_known_to_this_journal_at_once(self, full: FileJournal) -> None:
        """What was changed or dropped is what the same journal says next."""
        assert 3 == full.rewrite(scrubbed)
        assert [named(it).scrubbed() for it in (1, 2, 3)] == list(full)
        assert 1 == full.rewrite(only(2, dropped))
        assert 2 == len(full)
        assert [1, 3] == numbers(full)

    def test_is_dropped_for_good(self, full: FileJournal) -> None:
        """What was dropped does not come back, not from another journal either."""
        assert 2 == full.rewrite(lambda one: None if one.id.int < 3 else one)
        assert [named(3)] == list(FileJournal(full.path))
        assert [named(3)] == stored_by(FileJournal(full.path))
        assert [] == stored_by(full)

    def test_counts_what_changed(self, full: FileJournal) -> None:
        """What is returned as it was did not change; again nothing does."""
        assert [0, 3, 0] == [
            full.rewrite(change) for change in (unchanged, scrubbed, scrubbed)
        ]

    def test_may_be_nothing(self, journal: FileJournal) -> None:
        """An empty journal has nothing to change."""
        assert 0 == journal.rewrite(dropped)
        assert b"" == journal.path.read_bytes()

    def test_of_other_kinds_of_assignments(self, journal: FileJournal) -> None:
        """One id of several assignments is several outcomes, each changed alone."""
        ids = [7, "7", OTHER]
        for one in ids:
            journal.keep(named(1, assignment_id=one))

        journal.rewrite(lambda it: it.scrubbed() if it.assignment_id == "7" else it)

        assert [NAME, None, NAME] == [it.actor for it in FileJournal(journal.path)]
        assert ids == [it.assignment_id for it in journal]

    def test_is_added_where_its_start_was_not_stored(self, path: Path) -> None:
        """What was new stays new: it is handed to `add`."""
        FileJournal(path).keep(named(1), is_new=True)
        journal = FileJournal(path)
        journal.rewrite(scrubbed)

        with pytest.raises(StorageError):
            journal.store_each(lambda _: True, broken)
        assert 1 == journal.store_each(broken, lambda _: True)

    def test_is_due_when_it_was(self, journal: FileJournal) -> None:
        """What waits for the host's transaction waits as well when it is changed."""
        is_decided = False
        journal.keep(named(1), lambda: is_decided)
        journal.keep(named(2))
        journal.rewrite(scrubbed)

        assert [2] == numbers(stored_by(journal))
        is_decided = True
        assert [named(1).scrubbed()] == stored_by(journal)

    def test_newest_state_only(self, journal: FileJournal) -> None:
        """Of an action kept twice, the newer state is changed; the older is gone."""
        journal.keep(action(1, actor=NAME), is_new=True)
        journal.keep(named(1, actor="Ann"), is_new=True)
        seen: list[Action] = []

        def change(one: Action) -> Action:
            seen.append(one)
            return one.scrubbed()

        assert 1 == journal.rewrite(change)
        assert [named(1, actor="Ann")] == seen
        assert RAW not in journal.path.read_bytes()

    def test_in_memory_is_changed_too(self, full: FileJournal) -> None:
        """What waits in memory, since the disk was full, is changed with the rest."""
        with files_no_larger_than(full.path.stat().st_size):
            full.keep(named(4))

        assert 4 == full.rewrite(scrubbed)
        assert not full.holds(NAME)
        assert {None} == {one.actor for one in stored_by(full)}


class TestFile:
    @pytest.mark.parametrize("change", [scrubbed, dropped])
    def test_nothing_of_it_is_left(self, full: FileJournal, change: Change) -> None:
        """No byte of what was removed stays in the file, nor in one beside it."""
        assert RAW in full.path.read_bytes()
        full.rewrite(change)

        assert [full.path] == list(full.path.parent.iterdir())
        assert RAW not in full.path.read_bytes()

    def test_what_was_settled_goes_as_well(self, journal: FileJournal) -> None:
        """Lines that were stored before, or replaced, leave with the next rewriting."""
        for number in range(1, 6):
            journal.keep(named(number, actor=f"number {number}"))
        journal.keep(named(2, actor="a newer state"))
        journal.store_each(lambda _: True, broken, 1)
        before = journal.path.read_bytes()
        journal.rewrite(unchanged)
        after = journal.path.read_bytes()

        assert (True, True) == (b"number 1" in before, b"number 2" in before)
        assert (False, False) == (b"number 1" in after, b"number 2" in after)
        assert [3, 4, 5, 2] == numbers(stored_by(journal))

    def test_what_cannot_be_read_stays(self, path: Path) -> None:
        """Lines that are none of ours, and a torn one, stay as they are."""
        torn = kept_line(named(3), is_new=False)[:-9]
        path.write_bytes(b"hello\n" + kept_line(named(2), is_new=False) + torn)
        journal = FileJournal(path)

        assert 1 == journal.rewrite(scrubbed)
        lines = path.read_bytes().splitlines()
        assert (b"hello", torn) == (lines[0], lines[2])
        assert [named(2).scrubbed()] == list(FileJournal(path))
        assert (1, 3) == FileJournal(path).unreadable

    def test_mode(self, full: FileJournal) -> None:
        """Only its owner may read it afterwards."""
        full.rewrite(scrubbed)

        assert 0o600 == stat.S_IMODE(full.path.stat().st_mode)

    def test_goes_on(self, full: FileJournal) -> None:
        """After it, outcomes are kept and stored as before."""
        full.rewrite(scrubbed)
        full.keep(named(4))

        assert [1, 2, 3, 4] == numbers(FileJournal(full.path))
        assert [1, 2, 3, 4] == numbers(stored_by(full))
        assert b"" == full.path.read_bytes()

    def test_was_deleted_meanwhile(self, full: FileJournal) -> None:
        """Where somebody deleted the file there is nothing to change."""
        full.path.unlink()

        assert 0 == full.rewrite(scrubbed)
        assert [] == list(full)

    def test_was_closed(self, full: FileJournal) -> None:
        """A closed journal opens again when it is needed."""
        full.close()

        assert (3, False) == (full.rewrite(scrubbed), full.holds(NAME))


class TestBroken:
    @pytest.mark.parametrize("room", [0, 100])
    def test_disk(self, full: FileJournal, room: int) -> None:
        """Where the new file does not fit, StorageError, and nothing has changed."""
        with files_no_larger_than(full.path.stat().st_size):
            full.keep(named(4))
        before = full.path.read_bytes()

        with (
            files_no_larger_than(room),
            pytest.raises(StorageError, match="rewrite failed") as caught,
        ):
            full.rewrite(scrubbed)

        assert isinstance(caught.value.__cause__, OSError)
        assert before == full.path.read_bytes()
        assert [NAME] * 4 == [one.actor for one in full]
        assert 4 == full.rewrite(scrubbed)

    def test_disk_has_no_copy(self, full: FileJournal) -> None:
        """Nor is a part of the new file left, with the texts that are in it."""
        with files_no_larger_than(100), pytest.raises(StorageError):
            full.rewrite(unchanged)

        assert [full.path] == list(full.path.parent.iterdir())

    def test_folder(self, full: FileJournal) -> None:
        """Where the new file cannot be made, StorageError, and nothing has changed."""
        full.path.with_name("outcomes.jsonl.new").mkdir()

        with pytest.raises(StorageError, match="rewrite failed"):
            full.rewrite(scrubbed)
        assert [NAME] * 3 == [one.actor for one in full]
        assert [1, 2, 3] == numbers(stored_by(full))

    def test_change(self, full: FileJournal) -> None:
        """Where `change` raises, that goes on, and nothing has changed."""

        def change(one: Action) -> Action:
            if one.id.int == 2:
                raise LookupError("mine")
            return one.scrubbed()

        with pytest.raises(LookupError, match="mine"):
            full.rewrite(change)
        assert [NAME] * 3 == [one.actor for one in full]
        assert [full.path] == list(full.path.parent.iterdir())
        assert 3 == full.rewrite(scrubbed)

    def test_file_cannot_be_opened(self, full: FileJournal) -> None:
        """Where the file itself is gone wrong, StorageError says so."""
        full.close()
        full.path.rename(full.path.with_name("elsewhere"))
        full.path.mkdir()

        with pytest.raises(StorageError, match="rewrite failed"):
            full.rewrite(scrubbed)


class TestHolds:
    @pytest.mark.parametrize(
        "text",
        [
            NAME,
            'she said "no"\\ and\nleft',
            "Zo\u00eb \U0001f600",
            "\x00 \x1f\x7f",
            "\ud83d",
            "</script>",
        ],
        ids=["plain", "escapes", "unicode", "control", "surrogate", "slash"],
    )
    def test_any_text_in_any_field(self, path: Path, text: str) -> None:
        """A text is found in every field that can hold it, and only where it stands."""
        failure = Failure(reason="email_error", message=f"a {text} b")
        traced = Failure(reason="email_error", stacktrace=f"a {text} b")
        for one in (
            failed(1, failure=failure),
            failed(1, failure=traced),
            succeeded(1, details={"n": [f"a {text} b"]}),
            succeeded(1, details={f"a {text} b": 1}),
        ):
            path.unlink(missing_ok=True)
            journal = FileJournal(path)
            assert not journal.holds(text)
            journal.keep(one)
            assert journal.holds(text)
            journal.rewrite(scrubbed)
            assert not journal.holds(text)

    @pytest.mark.parametrize("field", ["key", "actor", "assignment_id"])
    def test_names(self, journal: FileJournal, field: str) -> None:
        """So it is in keys, actors and assignment ids; letter case counts."""
        journal.keep(succeeded(1, **{field: f"by {NAME}"}))

        assert (True, False) == (journal.holds(NAME), journal.holds(NAME.lower()))

    def test_what_was_settled(self, journal: FileJournal) -> None:
        """What was stored stands in the file until it is rewritten or shortened."""
        for number in range(1, 6):
            journal.keep(succeeded(number, actor=f"number {number}"))
        journal.store_each(lambda _: True, broken, 1)

        assert journal.holds("number 1")
        journal.rewrite(unchanged)
        assert (False, True) == (journal.holds("number 1"), journal.holds("number 2"))

    @pytest.mark.parametrize("line", ["Zo\u00eb".encode(), rb"Zo\u00eb"], ids=repr)
    def test_what_cannot_be_read(self, path: Path, line: bytes) -> None:
        """A text in a line that is none of ours is found, written either way."""
        path.write_bytes(b"half a line " + line + b" and no end")
        journal = FileJournal(path)

        assert (True, True) == (journal.holds("Zo\u00eb"), journal.holds("half a line"))
        assert not journal.holds("Zoe")

    def test_what_another_one_wrote(self, path: Path) -> None:
        """What was kept by another process since is looked at as well."""
        journal = FileJournal(path)
        FileJournal(path).keep(named(1))

        assert journal.holds(NAME)

    def test_what_waits_in_memory(self, full: FileJournal) -> None:
        """What did not fit on the disk is looked at as well."""
        with files_no_larger_than(full.path.stat().st_size):
            full.keep(succeeded(4, actor="number 4"))

        assert (True, False) == (full.holds("number 4"), full.holds("number 5"))

    def test_nothing(self, journal: FileJournal) -> None:
        """An empty journal holds no text."""
        assert not journal.holds(NAME)


class TestProof:
    def test_a_line_that_cannot_be_read(self, path: Path) -> None:
        """Nobody can tell whom a torn line is about: nothing is proven then."""
        path.write_bytes(kept_line(named(1), is_new=False)[:-20])
        recorder = ActionRecorder(InMemoryActionRepository(), journal=FileJournal(path))
        recorder.erase([OTHER])

        assert not recorder.verify_erased([OTHER]).is_clean

    def test_what_was_settled_goes_with_a_purge(self, journal: FileJournal) -> None:
        """A purge leaves nothing of what was stored before in the file."""
        for number in range(1, 6):
            journal.keep(named(number, actor=f"number {number}"))
        journal.store_each(lambda _: True, broken, 1)
        ActionRecorder(InMemoryActionRepository(), journal=journal).purge(
            RetentionPolicy([])
        )

        assert b"number 1" not in journal.path.read_bytes()
        assert 4 == len(journal)


class TestMeanwhile:
    def test_another_journal_on_the_file(self, full: FileJournal) -> None:
        """What one has rewritten the other sees, keeps to, and stores."""
        other = FileJournal(full.path)
        other.rewrite(only(1, dropped))
        full.keep(named(4))
        other.rewrite(scrubbed)

        assert [2, 3, 4] == numbers(full) == numbers(other)
        assert not full.holds(NAME)
        assert [None] * 3 == [one.actor for one in stored_by(full)]
        assert [] == stored_by(other)

    def test_what_the_other_has_kept(self, full: FileJournal) -> None:
        """What another process kept since is changed with the rest."""
        FileJournal(full.path).keep(named(4))

        assert 4 == full.rewrite(scrubbed)
        assert [1, 2, 3, 4] == numbers(FileJournal(full.path))

    def test_a_forked_child(self, full: FileJournal) -> None:
        """What a child has rewritten, its parent hands over."""
        child = forked(partial(full.rewrite, only(2, scrubbed)))

        assert 0 == os.waitpid(child, 0)[1]
        assert [NAME, None, NAME] == [one.actor for one in stored_by(full)]

    def test_children_and_their_parent(self, full: FileJournal) -> None:
        """All rewrite and keep at the same time: nothing is lost, nothing is left."""

        def work(first: int) -> None:
            for number in range(first, first + 20):
                full.keep(named(number))
                full.rewrite(scrubbed)

        children = [forked(partial(work, first)) for first in (100, 200)]
        work(300)

        assert [0, 0] == [os.waitpid(it, 0)[1] for it in children]
        kept = [1, 2, 3, *(it + n for it in (100, 200, 300) for n in range(20))]
        found = FileJournal(full.path)
        assert kept == sorted(numbers(found))
        assert () == found.unreadable
        assert RAW not in full.path.read_bytes()

    def test_threads(self, journal: FileJournal) -> None:
        """Threads that keep while another rewrites lose nothing, in any order."""

        def keep(first: int) -> None:
            for number in range(first, first + 20):
                journal.keep(named(number))

        def rewrite() -> None:
            for _ in range(20):
                journal.rewrite(scrubbed)

        run_all([partial(keep, 1), partial(keep, 21), rewrite, partial(keep, 41)])
        journal.rewrite(scrubbed)

        assert list(range(1, 61)) == sorted(numbers(journal))
        assert not journal.holds(NAME)

    def test_threads_that_store(self, journal: FileJournal) -> None:
        """What is stored while it is rewritten is stored at least once, then gone."""
        handed: list[int] = []

        def store(one: Action) -> bool:
            handed.append(one.id.int)
            return True

        def work(first: int) -> None:
            for number in range(first, first + 20):
                journal.keep(named(number))
                journal.store_each(store, store)

        def rewrite() -> None:
            for _ in range(20):
                journal.rewrite(scrubbed)

        run_all([partial(work, 1), partial(work, 21), rewrite])
        journal.store_each(store, store)

        assert set(range(1, 41)) == set(handed)
        assert ([], 0) == (list(journal), len(journal))

    def test_what_is_being_stored(self, full: FileJournal) -> None:
        """What a store refuses while it is scrubbed is kept scrubbed, not whole."""

        def store(_: Action) -> bool:
            full.rewrite(scrubbed)
            raise StorageError("complete")

        with pytest.raises(StorageError):
            full.store_each(store, store)

        assert not full.holds(NAME)
        assert [None] * 3 == [one.actor for one in stored_by(full)]

    def test_what_is_dropped_while_it_is_stored(self, full: FileJournal) -> None:
        """Nor does what is dropped come back when the store refuses it."""

        def store(_: Action) -> bool:
            full.rewrite(dropped)
            raise StorageError("complete")

        with pytest.raises(StorageError):
            full.store_each(store, store)
        assert [] == list(full) == stored_by(full)
