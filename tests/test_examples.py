"""The examples run, for real and as they are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"


def run(*command: str, cwd: Path) -> str:
    """Return what a Python command prints; it must end well and warn of nothing."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *command],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr), done.stdout
    return done.stdout


class TestQuickstart:
    def test_runs(self, tmp_path: Path) -> None:
        """The quickstart tells the same story from memory and from SQLite."""
        printed = run(str(EXAMPLES / "quickstart.py"), cwd=tmp_path).splitlines()
        assert 16 == len(printed)
        for story in (printed[:8], printed[8:]):
            refused = "email_error (ConnectionError: smtp.example.com refused"
            assert story[0].startswith("notified? No, notified failed at ")
            assert refused in story[0]
            assert story[1].startswith("notified? Yes, notified succeeded at ")
            assert story[1].endswith("(2 attempts).")
            assert "1. The most recent success: notified" == story[2]
            assert story[3].startswith("2. Failed at ")
            assert refused in story[3]
            assert [
                "learner_linked succeeded",
                "notified failed",
                "notified succeeded",
            ] == [" ".join(line.split()[-2:]) for line in story[5:]]
        assert ["quickstart.sqlite3"] == [one.name for one in tmp_path.iterdir()]

    def test_is_short(self) -> None:
        """It is read in a minute."""
        lines = (EXAMPLES / "quickstart.py").read_text("utf-8").splitlines()
        assert len(lines) <= 60


class TestFastapiApp:
    def test_readme_names_what_is_there(self) -> None:
        """Its README points to what exists, and to every module worth copying."""
        folder = EXAMPLES / "fastapi_app"
        readme = (folder / "README.md").read_text("utf-8")
        named = set(re.findall(r"[`(]([\w./]+\.py)[`)]", readme))
        assert all((folder / name).exists() for name in named)
        ours = {one.name for one in folder.glob("*.py") if "test" not in one.name}
        assert {"assignments.py", "seed.py"} == ours - named


class TestModules:
    @pytest.mark.parametrize("folder", ["asyncio_worker", "fastapi_app"])
    def test_are_short(self, folder: str) -> None:
        """What is copied is read first: no module has more than 150 lines."""
        for path in (EXAMPLES / folder).glob("*.py"):
            if not path.name.startswith("test_"):
                lines = path.read_text("utf-8").splitlines()
                assert len(lines) <= 150, path.name


class TestHostService:
    def test_own_tests_pass(self) -> None:
        """The tests of the host's service pass, all of them."""
        printed = run("-m", "pytest", "-q", "examples/host_service", cwd=ROOT)
        assert "6 passed" in printed

    @pytest.mark.parametrize(
        ("good", "bad", "failing"),
        [
            ("key=assignment.allocated_at.isoformat(),", "", "test_notify_again"),
            ("self.send_mail(", "str(", "test_failing_mail"),
        ],
    )
    def test_own_tests_can_fail(
        self, tmp_path: Path, good: str, bad: str, failing: str
    ) -> None:
        """Break the service and its tests find out."""
        package = tmp_path / "examples" / "host_service"
        package.mkdir(parents=True)
        for name in ("notifications.py", "test_notifications.py"):
            text = (EXAMPLES / "host_service" / name).read_text("utf-8")
            changed = text.replace(good, bad) if name == "notifications.py" else text
            (package / name).write_text(changed, "utf-8")
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "examples",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert 1 == done.returncode
        assert (
            f"FAILED examples/host_service/test_notifications.py::{failing}"
            in done.stdout
        )
