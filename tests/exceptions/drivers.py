"""Databases that refuse, each asked by its own driver."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from exceptions.cases import Cases, Provoke
from exceptions.servers import HOST, SILENCE, behave, nobody, serving
from exceptions.world import World

from assignment_actions import ErrorReason

SQLITE = Cases("sqlite")
POSTGRESQL = Cases("postgresql", needs=("postgresql",))
MARIADB = Cases("mariadb", needs=("mariadb",))
LATE = ErrorReason.TIMEOUT

TABLE = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS learner"
    " (id INT PRIMARY KEY, name VARCHAR(3) NOT NULL, age INT)"
)
TWICE = "INSERT INTO learner VALUES (1, 'jo', 20), (1, 'jo', 20)"
NAMELESS = "INSERT INTO learner VALUES (1, NULL, 20)"


# -- sqlite3 -----------------------------------------------------------------------


def lite(*statements: str, parameters: tuple[object, ...] = ()) -> Provoke:
    """Return what runs statements in memory, the last one with parameters."""

    def provoke(_: World) -> None:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute(TABLE)
            *first, last = statements
            for statement in first:
                connection.execute(statement)
            connection.execute(last, parameters).fetchall()

    return provoke


for name, kind, provoke in (
    ("no_such_table", "OperationalError", lite("SELECT * FROM nothing")),
    ("bad_sql", "OperationalError", lite("SELEKT 1")),
    ("twice", "IntegrityError", lite(TWICE)),
    ("nameless", "IntegrityError", lite(NAMELESS)),
    ("too_few_parameters", "ProgrammingError", lite("SELECT ?")),
    ("two_statements", "ProgrammingError", lite("SELECT 1; SELECT 2")),
    (
        "wrong_type",
        "IntegrityError",
        lite(
            "CREATE TABLE strict (id INT) STRICT",
            "INSERT INTO strict VALUES (?)",
            parameters=("no number",),
        ),
    ),
    ("unsupported", "ProgrammingError", lite("SELECT ?", parameters=(object(),))),
):
    SQLITE.add(name, f"sqlite3.{kind}", provoke)
SQLITE.add("too_large", "OverflowError", lite("SELECT ?", parameters=(2**64,)))


@SQLITE.of("sqlite3.ProgrammingError")
def closed(_: World) -> None:
    connection = sqlite3.connect(":memory:")
    connection.close()
    connection.execute("SELECT 1")


@SQLITE.of("sqlite3.DatabaseError")
def no_database(world: World) -> None:
    with closing(sqlite3.connect(world.file("text.sqlite3", b"so it is" * 100))) as one:
        one.execute("SELECT * FROM learner")


@SQLITE.of("sqlite3.OperationalError")
def no_such_folder(world: World) -> None:
    sqlite3.connect(world.folder / "nowhere" / "a.sqlite3")


@SQLITE.of("sqlite3.OperationalError")
def read_only(world: World) -> None:
    path = world.file("read_only.sqlite3")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.execute("CREATE TABLE learner (a)")


@SQLITE.of("sqlite3.OperationalError")
def full(_: World) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("PRAGMA max_page_count = 2")
        connection.execute("CREATE TABLE large (a)")
        connection.execute("INSERT INTO large VALUES (zeroblob(100000))")


@SQLITE.of("sqlite3.OperationalError")
def interrupted(_: World) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.set_progress_handler(lambda: 1, 1)
        connection.execute("SELECT 1").fetchall()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a database meanwhile."""
    with closing(sqlite3.connect(path)) as holder:
        holder.execute("CREATE TABLE IF NOT EXISTS locked (a)")
        holder.execute("BEGIN EXCLUSIVE")
        yield


@SQLITE.of("sqlite3.OperationalError", reason=LATE)
def busy(world: World) -> None:
    path = world.folder / "busy.sqlite3"
    with locked(path), closing(sqlite3.connect(path, timeout=0.01)) as connection:
        connection.execute("BEGIN IMMEDIATE")


# -- psycopg -----------------------------------------------------------------------


@contextmanager
def post(world: World, **settings: object) -> Iterator[psycopg.Connection]:
    """Connect with psycopg itself, to a database with one table of its own."""
    with psycopg.connect(address(world)) as connection:
        for setting, value in settings.items():
            connection.execute(f"SET {setting} = '{value}'")
        connection.execute(TABLE)
        yield connection


def address(world: World, **changes: Any) -> str:
    """Return where PostgreSQL is, for psycopg itself."""
    url = sa.make_url(world.url_of("postgresql")).set(
        drivername="postgresql", **changes
    )
    return url.render_as_string(hide_password=False)


def posted(
    statement: str, parameters: tuple[object, ...] = (), **settings: object
) -> Provoke:
    """Return what runs a statement with psycopg."""

    def provoke(world: World) -> None:
        with post(world, **settings) as connection:
            connection.execute(statement, parameters or None)

    return provoke


for name, kind, provoke in (
    ("no_such_table", "errors.UndefinedTable", posted("SELECT * FROM nothing")),
    ("no_such_column", "errors.UndefinedColumn", posted("SELECT a FROM learner")),
    ("bad_sql", "errors.SyntaxError", posted("SELEKT 1")),
    ("twice", "errors.UniqueViolation", posted(TWICE)),
    ("nameless", "errors.NotNullViolation", posted(NAMELESS)),
    ("by_zero", "errors.DivisionByZero", posted("SELECT 1 / 0")),
    ("no_number", "errors.InvalidTextRepresentation", posted("SELECT 'a'::int")),
    ("too_large", "errors.NumericValueOutOfRange", posted("SELECT 2147483647 + 1")),
    (
        "name_too_long",
        "errors.StringDataRightTruncation",
        posted("INSERT INTO learner VALUES (1, 'joanna', 20)"),
    ),
    ("nul", "DataError", posted("SELECT %s", ("a\0b",))),
    ("too_few_parameters", "ProgrammingError", posted("SELECT %s, %s", (1,))),
    (
        "ended",
        "errors.AdminShutdown",
        posted("SELECT pg_terminate_backend(pg_backend_pid())"),
    ),
):
    POSTGRESQL.add(name, f"psycopg.{kind}", provoke)
POSTGRESQL.add(
    "statement_too_slow",
    "psycopg.errors.QueryCanceled",
    posted("SELECT pg_sleep(60)", statement_timeout=20),
    reason=LATE,
)


@POSTGRESQL.of("psycopg.errors.LockNotAvailable", reason=LATE)
def lock_too_slow(world: World) -> None:
    with post(world) as holder, post(world, lock_timeout=20) as other:
        for connection in (holder, other):
            connection.execute("SELECT pg_advisory_xact_lock(4)")


@POSTGRESQL.of("psycopg.errors.InFailedSqlTransaction")
def after_a_failure(world: World) -> None:
    with post(world) as connection:
        try:
            connection.execute("SELECT 1 / 0")
        except psycopg.errors.DivisionByZero:
            connection.execute("SELECT 1")


@POSTGRESQL.of("psycopg.OperationalError")
def unknown_database(world: World) -> None:
    psycopg.connect(address(world, database="nothing"))


@POSTGRESQL.of("psycopg.OperationalError")
def unknown_user(world: World) -> None:
    psycopg.connect(address(world, username="nobody"))


@POSTGRESQL.of("psycopg.OperationalError", needs=())
def refused(_: World) -> None:
    with nobody() as port:
        psycopg.connect(host=HOST, port=port)


@POSTGRESQL.of("psycopg.OperationalError")
def connection_is_closed(world: World) -> None:
    with post(world) as connection:
        pass
    connection.execute("SELECT 1")


# -- PyMySQL -----------------------------------------------------------------------


def maria(*statements: str) -> Provoke:
    """Return what runs statements with PyMySQL itself."""

    def provoke(world: World) -> None:
        with closing(world.engine("mariadb").raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(TABLE)
            for statement in statements:
                cursor.execute(statement)

    return provoke


for name, kind, provoke in (
    ("no_such_table", "ProgrammingError", maria("SELECT * FROM nothing")),
    ("bad_sql", "ProgrammingError", maria("SELEKT 1")),
    ("twice", "IntegrityError", maria(TWICE)),
    (
        "name_too_long",
        "DataError",
        maria("INSERT INTO learner VALUES (1, 'joanna', 2)"),
    ),
    (
        "by_zero",
        "OperationalError",
        maria("INSERT INTO learner VALUES (1, 'jo', 1 / 0)"),
    ),
):
    MARIADB.add(name, f"pymysql.err.{kind}", provoke)
MARIADB.add(
    "statement_too_slow",
    "pymysql.err.OperationalError",
    maria("SET STATEMENT max_statement_time = 0.02 FOR SELECT SLEEP(60)"),
    reason=LATE,
)


def _pymysql(**settings: Any) -> Any:
    """Connect with PyMySQL itself."""
    dialect = sa.make_url("mariadb+pymysql://").get_dialect()
    return dialect.import_dbapi().connect(**settings)


@MARIADB.of("pymysql.err.OperationalError", needs=())
def nobody_listens(_: World) -> None:
    with nobody() as port:
        _pymysql(host=HOST, port=port)


@MARIADB.of("pymysql.err.OperationalError", reason=LATE, needs=())
def never_answers(_: World) -> None:
    with serving(lambda peer: behave(peer, SILENCE)) as port:
        _pymysql(host=HOST, port=port, read_timeout=0.05)
