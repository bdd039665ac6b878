from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from assignment_actions import ActionRecorder, ActionStatus
from assignment_actions.adapters.journal import FileJournal
from assignment_actions.adapters.sql import SqlActionRepository

from .conftest import SECRETS, Private, Run, on_a_terminal

FIELDS = "is_clean assignments texts actions is_all leftovers remains"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """Return a file of the texts that must stand nowhere."""
    path = tmp_path / "texts.txt"
    path.write_text("\n".join([*SECRETS, "", f" {SECRETS[0]}\t"]))
    return path


class TestLeft:
    def test_is_named_by_place(self, run: Run, private: Private) -> None:
        """Status 1; each action with the fields that hold more than facts."""
        answer = run("verify", private.learner, "--json", "--db", private.url)

        document = answer.document
        fields = {one["action_id"]: one["fields"] for one in document["leftovers"]}
        assert (1, False, 5) == (
            answer.status,
            document["is_clean"],
            document["actions"],
        )
        assert ["message", "stacktrace"] == fields[str(private.failed)]
        assert [
            ["actor"],
            ["details"],
            ["key", "actor"],
            ["key", "actor"],
            ["message", "stacktrace"],
        ] == sorted(fields.values())

    def test_is_shown_to_a_person(
        self, run: Run, private: Private, texts: Path
    ) -> None:
        """A person reads where, which action and which fields, and never the text."""
        words = [private.learner, "--texts-from-file", texts]
        words += ["--journal", private.journal]
        answer = run("verify", *words, "--db", private.url)

        assert 1 == answer.status
        assert f"store    {private.failed}  message, stacktrace" in answer.out
        assert "journal  " in answer.out
        for secret in SECRETS:
            assert secret not in answer.out + answer.err

    def test_is_found_by_its_text_alone(self, run: Run, private: Private) -> None:
        """A text is searched for in all assignments, letter case included."""
        words = ["--json", "--db", private.url]
        found = run("verify", "--text", SECRETS[2], *words)
        other = run("verify", "--text", SECRETS[2].upper(), *words)

        [leftover] = found.document["leftovers"]
        assert (1, 0) == (found.status, other.status)
        assert ("store", ["details"]) == (leftover["where"], leftover["fields"])

    def test_in_a_line_that_cannot_be_read(self, run: Run, private: Private) -> None:
        """What is torn in a journal is searched too; it has no action."""
        with private.journal.open("a") as stream:
            stream.write("half of what Nobody Else wrote\n")
        words = ["--text", "Nobody Else", "--journal", private.journal]
        found = run("verify", *words, "--json", "--db", private.url)
        read = run("verify", *words, "--db", private.url)

        [leftover] = found.document["leftovers"]
        assert {"where": "journal", "fields": [], "action_id": None} == leftover
        assert (1, 1) == (found.status, read.status)
        assert "a line that is no action asked about" in read.out
        assert "1 line of the journals cannot be read" in read.out
        assert "Nobody Else" not in read.out + read.err

    def test_much_is_cut(self, run: Run, private: Private) -> None:
        """A person sees fifty places and how many more; programs see all there are."""
        repository = SqlActionRepository.from_url(private.url)
        recorder = ActionRecorder(repository)
        for _ in range(1000):
            recorder.record_success(private.learner, "reminded", actor="admin:7")
        recorder.close()
        words = ["verify", private.learner, "--db", private.url]
        read, found = run(*words), run(*words, "--json")

        assert "left in at least 1000 places" in read.out
        assert "and 950 more" in read.out
        assert 50 == read.out.count("  store  ")
        assert (1000, False) == (
            len(found.document["leftovers"]),
            found.document["is_all"],
        )


class TestClean:
    def test_after_a_scrub(self, run: Run, private: Private, texts: Path) -> None:
        """Scrubbed with its journal, facts alone are left: status 0."""
        journal = ["--journal", private.journal, "--db", private.url]
        run("scrub", private.learner, "--yes", *journal)
        words = ["--texts-from-file", texts, *journal]
        answer = run("verify", private.learner, *words)
        document = run("verify", private.learner, *words, "--json").document

        said = (
            "✓ Nothing is left: 5 actions of 1 assignment stored, facts only;"
            " 4 texts found nowhere."
        )
        assert (0, said) == (answer.status, " ".join(answer.out.split()))
        assert FIELDS.split() == list(document)
        assert (True, 1, 4, 5, []) == (
            document["is_clean"],
            document["assignments"],
            document["texts"],
            document["actions"],
            document["leftovers"],
        )

    def test_after_an_erase(self, run: Run, private: Private) -> None:
        """Erased, no action is stored."""
        run("erase", private.learner, "--yes", "--db", private.url)
        answer = run("verify", private.learner, "--db", private.url)

        assert (0, "✓ Nothing is left: no action of 1 assignment is stored.\n") == (
            answer.status,
            answer.out,
        )

    def test_ids_from_a_file(self, run: Run, private: Private, tmp_path: Path) -> None:
        """The file that was erased by can be verified by."""
        file = tmp_path / "ids.txt"
        file.write_text(f"{private.learner}\n{private.other}\n")
        words = ["--from-file", file, "--db", private.url]
        before = run("verify", *words, "--json")
        run("erase", *words, "--yes")

        assert (1, 2) == (before.status, before.document["assignments"])
        assert 0 == run("verify", *words).status

    def test_on_a_terminal(self, private: Private) -> None:
        """While it searches a terminal shows so, on stderr alone."""
        answer = on_a_terminal("verify", uuid4(), "--db", private.url)

        assert 0 == answer.status
        assert "Searching" not in answer.out


class TestUsage:
    @pytest.mark.parametrize(
        "words",
        [
            [],
            ["--text", " "],
            ["--text", ""],
            ["nobody"],
            ["--from-file", "-", "--texts-from-file", "-"],
        ],
        ids=["nothing", "blank", "empty", "no_id", "both_from_stdin"],
    )
    def test_is_64(self, run: Run, private: Private, words: list[str]) -> None:
        """Nothing to look for, what stands everywhere, two files on one input."""
        answer = run("verify", *words, "--db", private.url)

        assert (64, "", 1) == (answer.status, answer.out, answer.err.count("\n"))

    def test_an_empty_file_proves_nothing(
        self, run: Run, private: Private, tmp_path: Path
    ) -> None:
        """Where a file names nobody, clean would be no answer."""
        empty = tmp_path / "empty.txt"
        empty.touch()

        assert 64 == run("verify", "--from-file", empty, "--db", private.url).status

    def test_a_missing_journal_is_no_answer(self, run: Run, private: Private) -> None:
        """A journal that is not there is status 66, and is not made."""
        words = [private.learner, "--journal", "none.jsonl", "--db", private.url]

        assert 66 == run("verify", *words).status
        assert not Path("none.jsonl").exists()

    def test_help_warns_of_the_process_list(self, run: Run) -> None:
        """The help recommends the file, since arguments can be read by others."""
        said = " ".join(run("verify", "--help").out.replace("│", " ").split())

        assert "Whoever can list processes can read it" in said
        assert "1 something is" in said


def test_a_scrubbed_journal_can_be_replayed(run: Run, private: Private) -> None:
    """The outcome that waited is a success without its details, and clean."""
    words = ["--journal", private.journal, "--db", private.url]
    run("scrub", private.learner, "--yes", *words)
    run("replay", private.journal, "--db", private.url)
    repository = SqlActionRepository.from_url(private.url)
    stored = repository.timelines([private.learner])[private.learner]
    repository.close()

    [cancelled] = stored.of_type("cancelled")
    assert (ActionStatus.SUCCEEDED, {}) == (cancelled.status, cancelled.details)
    assert 0 == run("verify", private.learner, *words).status


def test_others_in_the_journal_are_left(run: Run, private: Private) -> None:
    """Only what is about the assignments asked about counts in a journal."""
    memory = SqlActionRepository.from_url("sqlite://")
    memory.create_schema()
    recorder = ActionRecorder(memory)
    journal = FileJournal(private.journal)
    journal.keep(recorder.record_success(UUID(int=9), "notified", actor="admin:7"))
    recorder.close()
    words = ["--journal", private.journal, "--db", private.url]
    run("scrub", private.learner, "--yes", *words)

    assert 0 == run("verify", private.learner, *words).status
    assert 1 == run("verify", UUID(int=9), *words).status
