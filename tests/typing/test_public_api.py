import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
BIN = Path(sys.executable).parent


def verified(elsewhere: Path) -> Any:
    """Return what pyright says about the types of the installed package."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pyright", "--outputjson"),
            *("--ignoreexternal", "--verifytypes", "assignment_actions"),
        ],
        # from within the project pyright sees sources, no installed package
        cwd=elsewhere,
        env=os.environ
        | {
            "VIRTUAL_ENV": sys.prefix,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(done.stdout)["typeCompleteness"]


def test_every_public_symbol_has_a_known_type(tmp_path: Path) -> None:
    """Pyright finds the package typed, and every public symbol of it known."""
    report = verified(tmp_path)

    incomplete = [
        f"{one['name']}: {said['message']}"
        for one in report["symbols"]
        for said in one.get("diagnostics", [])
        if one["isExported"] and not one["isTypeKnown"]
    ]
    assert report["pyTypedPath"].endswith("py.typed")
    assert incomplete == []
    assert report["completenessScore"] == 1


@pytest.mark.parametrize("file", ["public_api.py"])
def test_main_calls(file: str) -> None:
    """Mypy infers the documented type of each main call, and refuses the wrong ones."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(FOLDER / file)],
        cwd=FOLDER.parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
