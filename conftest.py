"""Run every example in the documents and docstrings."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from doctest import ELLIPSIS, IGNORE_EXCEPTION_DETAIL
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser
from sybil.parsers.rest import DocTestParser

ROOT = Path(__file__).parent


def run_shell(example: Example) -> None:
    """Run the commands of a block; of make's only that it knows the target."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for line in str(example.parsed).splitlines():
        command = shlex.split(line)
        if command[0] == "make":
            command, folder = ["make", "--dry-run", *command[1:]], ROOT
        else:
            folder = Path.cwd()
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "PATH": path, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        # `outcome` and its like answer with their exit status, 0 to 3.
        assert done.returncode <= 3, f"{line}: {done.stderr}"
        assert done.stdout, f"{line} printed nothing"


def enter_folder(namespace: dict[str, Any]) -> None:
    """Give each document an empty working folder."""
    namespace["_folder"], namespace["_before"] = TemporaryDirectory(), Path.cwd()
    os.chdir(namespace["_folder"].name)


def leave_folder(namespace: dict[str, Any]) -> None:
    """Remove the folder again."""
    os.chdir(namespace["_before"])
    namespace["_folder"].cleanup()


OPTIONS = ELLIPSIS | IGNORE_EXCEPTION_DETAIL

pytest_collect_file = (
    Sybil(
        parsers=[
            PythonCodeBlockParser(doctest_optionflags=OPTIONS),
            CodeBlockParser("sh", run_shell),
        ],
        patterns=["*.md"],
        setup=enter_folder,
        teardown=leave_folder,
    )
    + Sybil(
        parsers=[DocTestParser(OPTIONS)],
        # before Python 3.13, ** matches one level
        patterns=["src/" + "*/" * depth + "*.py" for depth in range(1, 6)],
    )
).pytest()

collect_ignore = [".venv", "build", "dist"]


@pytest.fixture(autouse=True, scope="session")
def _plain_terminal() -> None:
    os.environ.setdefault("NO_COLOR", "1")
