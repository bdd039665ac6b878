import subprocess
import sys

import pytest

HIDE = """
import sys
from importlib.machinery import PathFinder

class Shelf(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] not in {names!r}:
            return PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Shelf
"""
CLI = "import sys; from assignment_actions.cli import main; sys.exit(main())"
ASYNC_SQL = (
    "from assignment_actions.adapters.sql import AsyncSqlActionRepository as Sql"
)
SQL = "from assignment_actions.adapters.sql import SqlActionRepository as Sql; "


def without(names: tuple[str, ...], statement: str) -> str:
    """Return what a statement says where these libraries are not installed."""
    script = HIDE.format(names=names) + statement
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    return done.stderr


@pytest.mark.parametrize(
    ("hidden", "statement", "extra"),
    [
        (("sqlalchemy",), "import assignment_actions.adapters.sql", "sql"),
        (("psycopg",), f"{SQL}Sql.from_url('postgresql://h/x')", "postgresql"),
        (("pymysql",), f"{SQL}Sql.from_url('mysql://h/x')", "mysql"),
        (("pytest",), "import assignment_actions.testing", "testing"),
        (("hypothesis",), "import assignment_actions.testing", "testing"),
        (("anyio",), "from assignment_actions import AsyncActionRecorder", "async"),
        (("greenlet",), ASYNC_SQL, "aiosqlite"),
        (("aiosqlite",), f"{ASYNC_SQL}; Sql.from_url('sqlite://')", "aiosqlite"),
        (("asyncpg",), f"{ASYNC_SQL}; Sql.from_url('postgresql://h/x')", "asyncpg"),
        (("asyncmy",), f"{ASYNC_SQL}; Sql.from_url('mysql://h/x')", "asyncmy"),
        (("typer",), CLI, "cli"),
        (("rich",), CLI, "cli"),
    ],
    ids=[
        *("sqlalchemy", "psycopg", "pymysql", "pytest", "hypothesis", "anyio"),
        *("greenlet", "aiosqlite", "asyncpg", "asyncmy", "typer", "rich"),
    ],
)
def test_names_the_extra(hidden: tuple[str, ...], statement: str, extra: str) -> None:
    """Without its library a part says which extra to install."""
    assert f"assignment-actions[{extra}]" in without(hidden, statement)


def test_the_package_needs_none_of_them() -> None:
    """Without any extra the package itself works."""
    everything = (
        *("sqlalchemy", "psycopg", "pymysql", "pytest", "typer", "rich"),
        *("anyio", "greenlet", "aiosqlite", "asyncpg", "asyncmy"),
    )
    script = HIDE.format(names=everything) + "import assignment_actions.openedx"

    subprocess.run([sys.executable, "-c", script], check=True)
