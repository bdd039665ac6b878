from __future__ import annotations

import getpass
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import make_url

from assignment_actions import ActionRecorder
from assignment_actions.adapters.journal import FileJournal
from assignment_actions.adapters.sql import SqlActionRepository

from .conftest import SECRETS, Answer, Private, Run, on_a_terminal, rows_of

BOTH = pytest.mark.parametrize("verb", ["scrub", "erase"])
FIELDS = (
    "database kind is_dry_run started_at ended_at assignments actions in_progress held"
    " kept actor is_complete remains"
)


def told(answer: Answer) -> str:
    """Return what a person reads, on one line."""
    return " ".join(answer.out.split())


def holds_secrets(texts: Iterable[str]) -> bool:
    """Tell whether one of the secrets stands in one of the texts."""
    return any(secret in text for text in texts for secret in SECRETS)


class TestScrub:
    def test_facts_stay_and_texts_go(self, run: Run, private: Private) -> None:
        """Every action is still there with its type, status and reason; no text is."""
        words = ["timeline", private.learner, "--json", "--db", private.url]
        facts = ("id", "action_type", "status", "created_at", "completed_at", "attempt")
        before = run(*words).document["actions"]

        answer = run("scrub", private.learner, "--yes", "--db", private.url)
        after = run(*words).document["actions"]

        assert (0, "") == (answer.status, answer.err)
        assert [[one[fact] for fact in facts] for one in before] == [
            [one[fact] for fact in facts] for one in after
        ]
        assert holds_secrets([str(before)])
        assert not holds_secrets([str(after), answer.out])

    def test_leaves_others_alone(self, run: Run, private: Private) -> None:
        """Nothing of another assignment changes."""
        words = ["timeline", private.other, "--json", "--db", private.url]
        before = run(*words).out

        run("scrub", private.learner, "--yes", "--db", private.url)

        assert before == run(*words).out

    def test_says_what_it_did_and_what_remains(
        self, run: Run, private: Private
    ) -> None:
        """How many, by whom, that one is in progress, and what the file still holds."""
        words = ["--actor", "officer:3", "--yes", "--db", private.url]
        answer = run("scrub", private.learner, *words)

        said = told(answer)
        assert said.startswith("5 actions of 1 assignment scrubbed by officer:3.")
        assert "1 action not completed yet" in said
        assert f"sqlite3 {private.path} 'VACUUM;" in answer.out

    def test_what_remains_can_be_done(self, run: Run, private: Private) -> None:
        """After the command it names no secret stands in the file any more."""
        before = private.secrets_left()
        words = ["--yes", "--json", "--db", private.url]
        remains = run("scrub", private.learner, *words).document["remains"]
        [command] = [one for one in remains if "sqlite3" in one]
        _, file, statements = shlex.split(command[command.index("sqlite3 ") :])
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            for statement in statements.split(";"):
                connection.execute(statement).fetchall()

        assert (set(SECRETS), set()) == (before, private.secrets_left())

    def test_again_changes_nothing(self, run: Run, private: Private) -> None:
        """What was scrubbed before is not counted again, in a dry run neither."""
        words = ["scrub", private.learner, "--json", "--db", private.url]
        counts = [
            run(*words, *options).document["actions"]
            for options in (["--yes"], ["--yes"], ["--dry-run"])
        ]

        assert [5, 0, 0] == counts


class TestErase:
    def test_removes_all(self, run: Run, private: Private) -> None:
        """No action of the assignment is left, and those of others are."""
        answer = run("erase", private.learner, "--yes", "--db", private.url)

        left = run("timeline", private.learner, "--json", "--db", private.url)
        assert 0 == answer.status
        assert told(answer).startswith("5 actions of 1 assignment erased by ")
        assert [] == left.document["actions"]
        assert 2 == len(rows_of(private.path))

    def test_of_nothing_is_no_error(self, run: Run, private: Private) -> None:
        """Where nothing is stored there is nothing to do, and it is said."""
        answer = run("erase", uuid4(), "--yes", "--db", private.url)

        assert 0 == answer.status
        assert "0 actions of 1 assignment erased" in answer.out
        assert 7 == len(rows_of(private.path))


@BOTH
class TestDryRun:
    def test_changes_nothing(self, run: Run, private: Private, verb: str) -> None:
        """It tells what would change, needs no consent, and changes nothing."""
        before = rows_of(private.path), private.journal.read_bytes()
        words = [verb, private.learner, "--journal", private.journal, "--dry-run"]
        answer = run(*words, "--db", private.url)
        document = run(*words, "--json", "--db", private.url).document

        assert 0 == answer.status
        assert "5 actions of 1 assignment would be" in answer.out
        assert "nothing was changed" in answer.out
        assert (True, 5, 1) == (
            document["is_dry_run"],
            document["actions"],
            document["kept"],
        )
        assert before == (rows_of(private.path), private.journal.read_bytes())


@BOTH
class TestConsent:
    def test_is_needed(self, run: Run, private: Private, verb: str) -> None:
        """Without a terminal and without --yes it is a usage error, nothing is done."""
        before = rows_of(private.path)
        answer = run(verb, private.learner, "--db", private.url)

        assert (64, "", 1) == (answer.status, answer.out, answer.err.count("\n"))
        assert "--dry-run" in answer.err
        assert before == rows_of(private.path)

    @pytest.mark.parametrize("typed", ["n\n", "\n", "\x04", "nonsense\nno\n"])
    def test_is_withheld(self, private: Private, verb: str, typed: str) -> None:
        """On a terminal it tells how much it is about; anything but yes stops it."""
        before = rows_of(private.path)
        words = [verb, private.learner, "--db", private.url]
        answer = on_a_terminal(*words, typed=typed)

        assert (130, "") == (answer.status, answer.out)
        assert f"About to {verb} 5 actions of 1 assignment" in answer.err
        assert "nothing was changed" in answer.err
        assert before == rows_of(private.path)

    def test_is_given(self, private: Private, verb: str) -> None:
        """On a terminal a yes lets it go on; the answer is not mixed with questions."""
        words = [verb, private.learner, "--json", "--db", private.url]
        answer = on_a_terminal(*words, typed="y\n")

        assert (0, 5) == (answer.status, answer.document["actions"])
        assert "This cannot be undone." in answer.err

    def test_is_not_asked_for_nothing(self, private: Private, verb: str) -> None:
        """Where there is nothing to do nobody is asked."""
        answer = on_a_terminal(verb, uuid4(), "--db", private.url)

        assert 0 == answer.status
        assert "Go on?" not in answer.err
        assert "nothing was changed" in answer.out


class TestIds:
    @pytest.fixture
    def files(self, tmp_path: Path) -> Callable[[bytes], Path]:
        """Return what writes a file of ids."""

        def write(content: bytes) -> Path:
            path = tmp_path / "ids.txt"
            path.write_bytes(content)
            return path

        return write

    def test_from_a_file(
        self, run: Run, private: Private, files: Callable[[bytes], Path]
    ) -> None:
        """Lines of any system, blank ones and a byte order mark are understood."""
        content = f"\ufeff{private.learner}\r\n\n {private.other}\t\n".encode()
        words = ["--from-file", files(content), "--dry-run", "--json"]
        document = run("erase", *words, "--db", private.url).document

        assert (2, 7) == (document["assignments"], document["actions"])

    def test_from_standard_input(self, private: Private) -> None:
        """A dash reads the ids from a pipe, beside those given as arguments."""
        words = ["erase", str(private.other), "--from-file", "-", "--yes", "--json"]
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "assignment_actions.cli",
                *words,
                "--db",
                private.url,
            ],
            input=f"{private.learner}\n".encode(),
            capture_output=True,
            check=True,
        )

        assert b'"assignments": 2' in done.stdout
        assert [] == rows_of(private.path)

    def test_bad_lines(
        self, run: Run, private: Private, files: Callable[[bytes], Path]
    ) -> None:
        """Bad lines are named by number, never shown, and nothing is changed."""
        before = rows_of(private.path)
        content = f"{private.learner}\n{SECRETS[0]}\n\n{SECRETS[1]}\n".encode()
        words = ["--from-file", files(content), "--yes"]
        answer = run("erase", *words, "--db", private.url)

        assert (64, "", before) == (answer.status, answer.out, rows_of(private.path))
        assert "lines 2, 4 must be a UUID" in answer.err
        assert not holds_secrets([answer.err])

    def test_many_bad_lines(self, run: Run, files: Callable[[bytes], Path]) -> None:
        """Of many bad lines the first are named and the rest are counted."""
        answer = run("scrub", "--from-file", files(b"x\n" * 20), "--yes")

        assert "lines 1, 2, 3, 4, 5, 6, 7, 8 and 12 more" in answer.err

    def test_no_text(
        self, run: Run, private: Private, files: Callable[[bytes], Path]
    ) -> None:
        """A file that is no UTF-8 is refused with the line where it is not."""
        words = ["--from-file", files(b"\n\xff\n"), "--yes", "--db", private.url]
        answer = run("scrub", *words)

        assert 64 == answer.status
        assert "line 2 is no UTF-8" in answer.err

    @pytest.mark.parametrize("name", ["missing.txt", "."])
    def test_no_file(self, run: Run, private: Private, name: str) -> None:
        """A file that cannot be read is status 66."""
        answer = run("scrub", "--from-file", name, "--yes", "--db", private.url)

        assert (66, 1) == (answer.status, answer.err.count("\n"))

    def test_none(self, run: Run, private: Private) -> None:
        """Nobody's assignments are no usage; an empty file is nothing to do."""
        empty = private.path.with_name("empty.txt")
        empty.touch()
        words = ["--yes", "--db", private.url]

        assert 64 == run("scrub", *words).status
        assert 0 == run("scrub", "--from-file", empty, *words).status

    @pytest.mark.parametrize("given", ["1_0", "٣", "1" * 30, "1.0", "9" * 19])
    def test_ints_are_plain(self, run: Run, private: Private, given: str) -> None:
        """An int is written with at most 19 ASCII digits: no other number is meant."""
        words = ["--assignment-ids", "int", "--yes", "--db", private.url]

        assert 64 == run("erase", given, *words).status

    def test_strings_are_kept_to_the_blank(
        self, run: Run, files: Callable[[bytes], Path], tmp_path: Path
    ) -> None:
        """A blank around a string id in a file is refused: it would be another id."""
        url = f"sqlite:///{tmp_path / 'strings.sqlite3'}"
        words = ["--assignment-ids", "str", "--db", url]
        run("schema", "create", *words)
        bad = run("erase", "--from-file", files(b"a b\nc \n"), "--yes", *words)
        good = run("erase", "--from-file", files(b"a b\nc\n"), "--yes", *words)

        assert (64, 0) == (bad.status, good.status)
        assert "line 2 must be 1 to 255 characters with no blank" in bad.err


class TestJournals:
    def test_are_covered(self, run: Run, private: Private) -> None:
        """What waits in a journal is scrubbed there; it is still to be replayed."""
        words = ["--journal", private.journal, "--yes", "--json", "--db", private.url]
        document = run("scrub", private.learner, *words).document
        replayed = run("replay", private.journal, "--json", "--db", private.url)

        assert 1 == document["kept"]
        assert not holds_secrets([private.journal.read_text()])
        assert 1 == replayed.document["stored"]

    def test_several(self, run: Run, private: Private, tmp_path: Path) -> None:
        """All journals given are covered, each once."""
        second = tmp_path / "second.jsonl"
        second.write_bytes(private.journal.read_bytes())
        paths = [private.journal, second, private.journal]
        words = [word for path in paths for word in ("--journal", path)]
        document = run(
            "erase", private.learner, *words, "--yes", "--json", "--db", private.url
        ).document

        assert (5, 2) == (document["actions"], document["kept"])
        assert (b"", b"") == (private.journal.read_bytes(), second.read_bytes())

    @pytest.mark.parametrize("name", ["missing.jsonl", "."])
    def test_that_are_none(self, run: Run, private: Private, name: str) -> None:
        """What is no journal is refused, and not made; nothing is changed."""
        before = rows_of(private.path)
        words = ["--journal", name, "--yes", "--db", private.url]
        answer = run("scrub", private.learner, *words)

        assert (66, before) == (answer.status, rows_of(private.path))
        assert not Path("missing.jsonl").exists()

    def test_that_cannot_be_read(self, run: Run, private: Private) -> None:
        """Lines that cannot be read stay, and are said to remain."""
        with private.journal.open("a") as stream:
            stream.write(f"half of {SECRETS[0]}\n")
        words = ["--journal", private.journal, "--yes", "--db", private.url]
        answer = run("scrub", private.learner, *words)

        assert "1 line of the journals cannot be read" in told(answer)
        assert not holds_secrets([answer.out, answer.err])


class TestActor:
    @pytest.mark.parametrize(
        ("words", "actor"),
        [
            ([], getpass.getuser()),
            (["--actor", ""], None),
            (["--actor", "officer:3"], "officer:3"),
        ],
        ids=["login", "nobody", "named"],
    )
    def test_is_reported(
        self, run: Run, private: Private, words: list[str], actor: str | None
    ) -> None:
        """Who asked is the login, who is named, or nobody."""
        options = ["--dry-run", "--json", "--db", private.url]
        document = run("scrub", private.learner, *options, *words).document

        assert actor == document["actor"]

    def test_is_bounded(self, run: Run, private: Private) -> None:
        """A name too long for any action is refused."""
        words = ["--dry-run", "--db", private.url, "--actor", "x" * 256]
        answer = run("scrub", private.learner, *words)

        assert 64 == answer.status
        assert "--actor" in answer.err
        assert "255" in answer.err


class TestForPrograms:
    @BOTH
    def test_has_every_documented_field(
        self, run: Run, private: Private, verb: str
    ) -> None:
        """The report has its fields and no text, and its times are UTC with Z."""
        words = ["--yes", "--json", "--db", private.url]
        answer = run(verb, private.learner, *words)

        document = answer.document
        assert FIELDS.split() == list(document)
        assert (verb, 1, 5, 1, True) == (
            document["kind"],
            document["assignments"],
            document["actions"],
            document["in_progress"],
            document["is_complete"],
        )
        assert {27} == {len(document[at]) for at in ("started_at", "ended_at")}
        assert not holds_secrets([answer.out, answer.err])


class TestBreakingOff:
    @pytest.fixture
    def broken(self, private: Private) -> Callable[[bool], None]:
        """Return what makes the database refuse to change the oldest action, or not."""

        def set_trigger(is_broken: bool) -> None:  # noqa: FBT001  # a switch
            with closing(sqlite3.connect(private.path)) as connection:
                connection.execute(
                    "CREATE TRIGGER no BEFORE UPDATE ON assignment_actions"
                    " WHEN old.action_type = 'notified'"
                    " BEGIN SELECT RAISE(ABORT, 'no more'); END"
                    if is_broken
                    else "DROP TRIGGER no"
                )
                connection.commit()

        return set_trigger

    def test_says_how_far_it_came(
        self, run: Run, private: Private, broken: Callable[[bool], None]
    ) -> None:
        """A database that refuses is status 69; what was done stays, and goes on."""
        words = ["scrub", private.learner, "--yes", "--batch-size", "1", "--json"]
        broken(True)
        stopped = run(*words, "--db", private.url)
        broken(False)
        resumed = run(*words, "--db", private.url)

        assert (69, 0) == (stopped.status, resumed.status)
        assert (4, False) == (
            stopped.document["actions"],
            stopped.document["is_complete"],
        )
        assert "4 actions of 1 assignment scrubbed before" in stopped.err
        assert (1, True) == (
            resumed.document["actions"],
            resumed.document["is_complete"],
        )

    @pytest.mark.parametrize("size", ["0", "-1", "100001", "many"])
    def test_batches_are_bounded(self, run: Run, private: Private, size: str) -> None:
        """A batch has at least one action, and few enough for one transaction."""
        words = ["--batch-size", size, "--yes", "--db", private.url]

        assert 64 == run("scrub", private.learner, *words).status


class TestServers:
    @pytest.mark.parametrize("server", ["postgresql", "mariadb"])
    def test_work_the_same(
        self, run: Run, url_of: Callable[[str], str], server: str
    ) -> None:
        """All of them on a server, whose password stays hidden."""
        url = make_url(url_of(server))
        if server == "postgresql" and url.password is None:  # trusted: any will do
            url = url.set(password="hunter2")
        given = url.render_as_string(hide_password=False)
        repository = SqlActionRepository.from_url(given, table_prefix="cli_")
        repository.create_schema()
        recorder = ActionRecorder(repository, redact=None)
        learner = uuid4()
        recorder.record_failure(learner, "notified", ConnectionError(SECRETS[0]))
        recorder.record_success(learner, "redeemed")
        recorder.close()

        def ask(*words: object) -> tuple[int, Any]:
            answer = run(*words, "--json", "--db", given, "--table-prefix", "cli_")
            assert "hunter2" not in answer.out + answer.err
            return answer.status, answer.document

        [group] = ask("failures", "--since", "1h")[1]["groups"]
        found = ask("verify", learner)
        scrubbed = ask("scrub", learner, "--yes")
        clean = ask("verify", learner, "--text", SECRETS[0])
        purged = ask("purge", "--keep", "redeemed=forever", "--keep", "0d", "--yes")
        erased = ask("erase", learner, "--yes")

        assert [1] == list(group["per_day"].values())
        assert (1, 0) == (found[0], clean[0])
        assert (1, 1, 1) == (
            scrubbed[1]["actions"],
            purged[1]["actions"],
            erased[1]["actions"],
        )
        assert "server" in " ".join(scrubbed[1]["remains"])


def test_progress_is_for_terminals(private: Private) -> None:
    """Long work has a bar, on a terminal alone, and only on stderr."""
    repository = SqlActionRepository.from_url(private.url)
    recorder = ActionRecorder(repository)
    for _ in range(250):
        recorder.record_success(private.learner, "reminded", actor="admin:7")
    recorder.close()
    words = ["erase", private.learner, "--db", private.url]
    loud = on_a_terminal(*words, "--dry-run")
    done = on_a_terminal(*words, typed="y\n")

    assert "Counting" in loud.err
    assert "255/255" in done.err
    assert "Working" not in loud.out + done.out


def test_a_journal_of_another_kind(run: Run, private: Private) -> None:
    """Outcomes about another kind of ids are nobody's here, and stay as they are."""
    memory = SqlActionRepository.from_url("sqlite://", assignment_id_type=int)
    memory.create_schema()
    recorder = ActionRecorder(memory)
    journal = FileJournal(private.path.with_name("ints.jsonl"))
    journal.keep(recorder.record_success(77, "notified", actor="admin:7"))
    recorder.close()
    before = journal.path.read_bytes()
    words = ["--journal", journal.path, "--yes", "--json", "--db", private.url]
    document = run("scrub", UUID(int=77), *words).document

    assert (0, before) == (document["kept"], journal.path.read_bytes())
