from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assignment_actions.adapters.sql import SqlActionRepository

from .conftest import Recorded, Run

NO_ONE = "127.0.0.1:1"


class TestUsage:
    @pytest.mark.parametrize(
        "argv",
        [
            ["frobnicate"],
            ["timeline"],
            ["schema"],
            ["outcome", "7c9e6679-7425-40de-944b-e07fc1f90ae7"],
            ["overdue", "--limit", "0"],
            ["overdue", "--limit"],
            ["overdue", "--db"],
            ["overdue", "--assignment-ids", "float"],
            ["overdue", "--no-such-option"],
            ["scrub", "--yes"],
            ["erase", "not-a-uuid", "--yes"],
            ["purge", "--keep", "--yes"],
            ["purge", "--dry-run"],
            ["verify"],
            ["timeline", "not-a-uuid"],
            ["show", "not-a-uuid"],
            ["overdue", "--db", "not a url"],
            ["overdue", "--db", "oracle://host/db"],
            ["overdue", "--db", "sqlite://", "--table-prefix", "Robert'); DROP"],
        ],
    )
    def test_is_64_and_one_line(self, run: Run, argv: list[str]) -> None:
        """Wrong usage never looks like a verdict: status 64 and one line."""
        answer = run(*argv)
        assert (64, "", 1) == (answer.status, answer.out, answer.err.count("\n"))

    @pytest.mark.parametrize("since", ["yesterday", "2026-11-22T08:00:00", "9999999d"])
    def test_refuses_a_time_it_would_have_to_guess(
        self, run: Run, recorded: Recorded, since: str
    ) -> None:
        """A time without its zone is refused, as is what is no time."""
        answer = run("failures", "--since", since, "--db", recorded.url)
        assert answer.status == 64
        assert "a time with its zone" in answer.err

    def test_without_a_command_shows_the_help(self, run: Run) -> None:
        """Whoever types only the name reads what there is."""
        answer = run()
        assert answer.status == 64
        assert "New here? Run: assignment-actions demo" in answer.out

    def test_help_succeeds_and_shows_no_secret(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The help documents the statuses and keeps the environment to itself."""
        url = "postgresql://jo:hunter2@db/app"
        monkeypatch.setenv("ASSIGNMENT_ACTIONS_DB", url)
        answer = run("--help")
        assert answer.status == 0
        assert "3 unknown" in answer.out
        assert "hunter2" not in answer.out

    def test_every_command_has_examples(self, run: Run) -> None:
        """The help of each command ends with commands to try."""
        asking = "demo timeline outcome show failures overdue replay"
        for words in [*asking.split(), "scrub", "erase", "purge", "verify"]:
            assert f"  assignment-actions {words}" in run(words, "--help").out


class TestStorage:
    def test_a_missing_file_is_not_created(self, run: Run, tmp_path: Path) -> None:
        """Reading from a database that is not there says so and makes no file."""
        answer = run("overdue", "--db", "sqlite:///missing.sqlite3")
        assert (69, "") == (answer.status, answer.out)
        assert "there is no database at missing.sqlite3" in answer.err
        assert not list(tmp_path.iterdir())

    def test_a_database_without_tables(self, run: Run, tmp_path: Path) -> None:
        """A database without our tables names the command that makes them."""
        (tmp_path / "empty.sqlite3").touch()
        answer = run("overdue", "--db", "sqlite:///empty.sqlite3")
        assert answer.status == 69
        assert "make it with `assignment-actions schema create`" in answer.err

    def test_another_kind_of_ids(self, run: Run, tmp_path: Path) -> None:
        """Asking with the wrong kind of ids says which kind the database keeps."""
        url = f"sqlite:///{tmp_path / 'ints.sqlite3'}"
        repository = SqlActionRepository.from_url(url, assignment_id_type=int)
        repository.create_schema()
        repository.close()
        answer = run("overdue", "--db", url)
        assert answer.status == 69
        assert "with int assignment ids" in answer.err

    def test_a_file_that_is_no_database(self, run: Run, tmp_path: Path) -> None:
        """What SQLite cannot read is one line, with no Python traceback."""
        (tmp_path / "text.sqlite3").write_text("hello " * 100)
        answer = run("overdue", "--db", "sqlite:///text.sqlite3")
        assert (69, 1) == (answer.status, answer.err.count("\n"))
        assert "Traceback" not in answer.err


class TestPasswords:
    @pytest.mark.parametrize(
        ("url", "secrets"),
        [
            (f"postgresql://jo:hunter2@{NO_ONE}/app", ["hunter2"]),
            (f"postgresql://jo:hun%40ter2@{NO_ONE}/app", ["hun%40ter2", "hun@ter2"]),
            (f"mysql://jo:hun/ter2@{NO_ONE}/app", ["hun/ter2"]),
            (f"postgresql://jo@{NO_ONE}/app?password=hunter2", ["hunter2"]),
            (f"postgres-typo://jo:hunter2@{NO_ONE}/app", ["hunter2"]),
            ("postgresql://jo:hunter2@[bad/app", ["hunter2"]),
        ],
    )
    def test_are_never_printed(self, run: Run, url: str, secrets: list[str]) -> None:
        """Whatever goes wrong with a URL, its password is not shown."""
        answer = run("schema", "check", "--db", url)
        assert answer.status in (64, 69)
        for secret in secrets:
            assert secret not in answer.out + answer.err

    def test_are_not_printed_from_the_environment(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The environment's URL is treated alike."""
        url = f"postgresql://jo:hunter2@{NO_ONE}/app"
        monkeypatch.setenv("ASSIGNMENT_ACTIONS_DB", url)
        answer = run("overdue")
        assert answer.status == 69
        assert "hunter2" not in answer.err


class TestHostileText:
    def test_cannot_steer_the_terminal(self, run: Run, recorded: Recorded) -> None:
        """Control characters of a stored message are shown as escapes."""
        for words in (["timeline", recorded.assignment], ["show", recorded.failed]):
            answer = run(*words, "--db", recorded.url)
            assert "550 \\x1b[2J\\u202egone" in answer.out
            assert "\x1b" not in answer.out

    def test_is_exact_for_programs(self, run: Run, recorded: Recorded) -> None:
        """JSON holds the message as it was recorded, and is ASCII."""
        answer = run("show", recorded.failed, "--db", recorded.url, "--json")
        assert answer.document["failure"]["message"] == "550 \x1b[2J\u202egone"
        assert answer.out.isascii()

    def test_survives_a_terminal_without_unicode(self, recorded: Recorded) -> None:
        """Where a character cannot be written, the answer still comes."""
        words = ["outcome", str(recorded.assignment), "notified", "--db", recorded.url]
        done = subprocess.run(
            [sys.executable, "-m", "assignment_actions.cli", *words],
            env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
            capture_output=True,
            check=False,
        )
        assert (0, b"") == (done.returncode, done.stderr)
        assert done.stdout.startswith(b"? Yes, notified succeeded")


class TestMissingExtra:
    @pytest.mark.parametrize("module", ["typer", "rich", "sqlalchemy"])
    def test_names_the_extra(self, module: str) -> None:
        """Without what the extra brings, one line says how to install it."""
        code = (
            f"import sys; sys.modules[{module!r}] = None\n"
            "from assignment_actions.cli import main\n"
            "sys.exit(main(['overdue', '--db', 'sqlite://']))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        assert (69, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n"))
        assert "pip install 'assignment-actions[cli]'" in done.stderr

    def test_importing_the_entry_loads_none_of_it(self) -> None:
        """The entry's module costs nothing until it runs."""
        code = (
            "import sys, assignment_actions.cli\n"
            "print({'typer', 'rich', 'sqlalchemy'} & set(sys.modules))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert done.stdout == "set()\n"
