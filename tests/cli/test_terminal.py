from __future__ import annotations

import os
import pty
import subprocess
import sys
from datetime import timedelta

import pytest

from assignment_actions import ActionHistory
from assignment_actions.cli.render import took
from assignment_actions.cli.settings import without_secrets

from .conftest import Recorded, Run


def _on_a_terminal(*argv: str, **environment: str) -> str:
    """Run the command line on a real pseudo-terminal; return what it wrote."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "assignment_actions.cli", *argv],
        env={**os.environ, "TERM": "xterm-256color", **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        written = b""
        try:
            while more := os.read(ours, 65536):
                written += more
        except OSError:  # Linux says so when the other side has closed it
            pass
    os.close(ours)
    return written.decode()


class TestColour:
    def test_is_there_on_a_terminal(self, recorded: Recorded) -> None:
        """A person at a terminal sees colours."""
        words = ["timeline", str(recorded.assignment), "--db", recorded.url]
        assert "\x1b[32m" in _on_a_terminal(*words)

    def test_gives_way_to_no_color(self, recorded: Recorded) -> None:
        """With NO_COLOR there is no escape code at all, in answers and in help."""
        words = ["timeline", str(recorded.assignment), "--db", recorded.url]
        for argv in (words, ["show", str(recorded.failed), *words[2:]], ["--help"]):
            written = _on_a_terminal(*argv, NO_COLOR="1")
            assert written
            assert "\x1b" not in written

    def test_is_not_in_piped_help(self) -> None:
        """Help that is piped is plain, even where a CI asks for colour."""
        done = subprocess.run(
            [sys.executable, "-m", "assignment_actions.cli", "--help"],
            env={**os.environ, "GITHUB_ACTIONS": "true", "FORCE_COLOR": "1"},
            capture_output=True,
            check=True,
        )
        assert b"Usage" in done.stdout
        assert b"\x1b" not in done.stdout


class TestDefects:
    def test_are_one_line_without_secrets(
        self, run: Run, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A defect of ours is status 70, never 1, and hides passwords too."""

        def broken(*_: object, **__: object) -> None:
            raise RuntimeError("cannot\nuse postgresql://jo:hunter2@db")

        monkeypatch.setattr(ActionHistory, "overdue", broken)
        answer = run("overdue", "--db", recorded.url)
        assert (70, "", 1) == (answer.status, answer.out, answer.err.count("\n"))
        assert "internal error: RuntimeError" in answer.err
        assert "hunter2" not in answer.err

    def test_interrupts_are_130(
        self, run: Run, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Ctrl-C ends a command with the status that shells expect."""

        def interrupted(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(ActionHistory, "overdue", interrupted)
        answer = run("overdue", "--db", recorded.url)
        assert (130, "") == (answer.status, answer.out)
        assert "Traceback" not in answer.err


class TestTexts:
    @pytest.mark.parametrize(
        ("duration", "said"),
        [
            (timedelta(0), "0 ms"),
            (timedelta(seconds=1.25), "1.2 s"),
            (timedelta(seconds=59.99), "1 min 0 s"),
            (timedelta(minutes=59, seconds=59.9), "1 h 0 min"),
            (timedelta(hours=47), "47 h 0 min"),
            (timedelta(days=3), "3 days"),
        ],
    )
    def test_durations_are_as_people_say_them(
        self, duration: timedelta, said: str
    ) -> None:
        """A duration is rounded to what matters."""
        assert said == took(duration)

    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://jo:p@ss@db/app",
            "postgresql://jo:p%40ss@db/app",
            "postgresql://jo:p@ss@db/app?note=a@b",
        ],
    )
    def test_a_password_is_removed_however_it_is_written(self, url: str) -> None:
        """The password is found as given, decoded and encoded."""
        said = without_secrets(f"cannot use {url} with p@ss or p%40ss", url)
        assert "p@ss" not in said
        assert "p%40ss" not in said
