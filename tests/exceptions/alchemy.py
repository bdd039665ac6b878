"""SQLAlchemy, on databases that refuse and by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from exceptions.cases import Cases, Provoke
from exceptions.drivers import LATE, NAMELESS, TABLE, TWICE, locked
from exceptions.servers import HOST, SILENCE, behave, nobody, serving
from exceptions.world import World
from sqlalchemy import orm, pool

SQLALCHEMY = Cases("sqlalchemy")


@contextmanager
def an_engine(url: str, **settings: Any) -> Iterator[sa.Engine]:
    """Yield an engine that leaves nothing open."""
    engine = sa.create_engine(url, **settings)
    try:
        yield engine
    finally:
        engine.dispose()


def asked(store: str, *statements: str) -> Provoke:
    """Return what runs statements in one transaction, which is rolled back."""

    def provoke(world: World) -> None:
        with world.engine(store).connect() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))

    return provoke


SLOW = {
    "postgresql": ("SET LOCAL statement_timeout = 20", "SELECT pg_sleep(60)"),
    "mariadb": ("SET STATEMENT max_statement_time = 0.02 FOR SELECT SLEEP(60)",),
}
for store, missing in (
    ("sqlite_file", "OperationalError"),
    ("postgresql", "ProgrammingError"),
    ("mariadb", "ProgrammingError"),
):
    for name, kind, provoke in (
        ("no_such_table", missing, asked(store, "SELECT * FROM nothing")),
        ("twice", "IntegrityError", asked(store, TABLE, TWICE)),
        ("nameless", "IntegrityError", asked(store, TABLE, NAMELESS)),
    ):
        SQLALCHEMY.add(
            f"{store}-{name}", f"sqlalchemy.exc.{kind}", provoke, needs=(store,)
        )
for store, slow in SLOW.items():
    SQLALCHEMY.add(
        f"{store}-name_too_long",
        "sqlalchemy.exc.DataError",
        asked(store, TABLE, "INSERT INTO learner VALUES (1, 'joanna', 2)"),
        needs=(store,),
    )
    SQLALCHEMY.add(
        f"{store}-statement_too_slow",
        "sqlalchemy.exc.OperationalError",
        asked(store, *slow),
        reason=LATE,
        needs=(store,),
    )


@SQLALCHEMY.of("sqlalchemy.exc.OperationalError", reason=LATE)
def sqlite_is_busy(world: World) -> None:
    path = world.folder / "busy_too.sqlite3"
    with (
        locked(path),
        an_engine(f"sqlite:///{path}", connect_args={"timeout": 0.01}) as engine,
        engine.connect() as connection,
    ):
        connection.exec_driver_sql("CREATE TABLE a (a)")


@contextmanager
def rivals(world: World, store: str) -> Iterator[tuple[sa.Connection, sa.Connection]]:
    """Yield two connections of which the first has locked a row, with two rows."""
    engine = world.engine(store)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS rivals"))
        connection.execute(sa.text("CREATE TABLE rivals (id INT PRIMARY KEY, n INT)"))
        connection.execute(sa.text("INSERT INTO rivals VALUES (1, 0), (2, 0)"))
    with engine.connect() as one, engine.connect() as other:
        change(one, 1)
        yield one, other


def change(connection: sa.Connection, row: int) -> None:
    """Change a row, and keep it locked."""
    connection.execute(
        sa.text("UPDATE rivals SET n = n + 1 WHERE id = :id"), {"id": row}
    )


@SQLALCHEMY.of("sqlalchemy.exc.OperationalError", reason=LATE, needs=("postgresql",))
def postgresql_row_is_locked(world: World) -> None:
    with rivals(world, "postgresql") as (_, other):
        other.execute(sa.text("SET LOCAL lock_timeout = 20"))
        change(other, 1)


@SQLALCHEMY.of("sqlalchemy.exc.OperationalError", reason=LATE, needs=("mariadb",))
def mariadb_row_is_locked(world: World) -> None:
    with rivals(world, "mariadb") as (_, other):
        other.execute(sa.text("SET innodb_lock_wait_timeout = 0"))
        try:
            change(other, 1)
        finally:
            other.execute(sa.text("SET innodb_lock_wait_timeout = DEFAULT"))


@SQLALCHEMY.of("sqlalchemy.exc.OperationalError", needs=("postgresql",))
def postgresql_deadlock(world: World) -> None:
    _deadlock(world, "postgresql", "SET LOCAL deadlock_timeout = 5")


@SQLALCHEMY.of("sqlalchemy.exc.OperationalError", needs=("mariadb",))
def mariadb_deadlock(world: World) -> None:
    _deadlock(world, "mariadb", "SELECT 1")


def _deadlock(world: World, store: str, setting: str) -> None:
    """Let two transactions wait for each other; raise what the one that lost got."""
    with rivals(world, store) as (one, other), ThreadPoolExecutor(1) as threads:
        for connection in (one, other):
            connection.execute(sa.text(setting))
        change(other, 2)
        waiting = threads.submit(change, one, 2)
        try:
            change(other, 1)
        finally:  # whoever of the two it is that lost
            other.rollback()
            waiting.result()


@SQLALCHEMY.of("sqlalchemy.exc.OperationalError", needs=("mariadb",))
def mariadb_wrong_password(world: World) -> None:
    url = world.engine("mariadb").url.set(username="nobody", password="invented")
    sa.create_engine(url).connect()


@SQLALCHEMY.of("sqlalchemy.exc.OperationalError")
def postgresql_refuses(_: World) -> None:
    with nobody() as port:
        sa.create_engine(f"postgresql+psycopg://{HOST}:{port}/").connect()


@SQLALCHEMY.of("sqlalchemy.exc.OperationalError", reason=LATE)
def mariadb_is_silent(_: World) -> None:
    with serving(lambda peer: behave(peer, SILENCE)) as port:
        url = f"mariadb+pymysql://{HOST}:{port}/?read_timeout=1"
        sa.create_engine(url, connect_args={"read_timeout": 0.05}).connect()


@SQLALCHEMY.of("sqlalchemy.exc.TimeoutError", reason=LATE)
def no_connection_left(_: World) -> None:
    with (
        an_engine(
            "sqlite://",
            poolclass=pool.QueuePool,
            pool_size=1,
            max_overflow=0,
            pool_timeout=0.01,
        ) as engine,
        engine.connect(),
    ):
        engine.connect()


# -- above a store ----------------------------------------------------------------


class Base(orm.DeclarativeBase):
    """What is mapped."""


class Learner(Base):
    """Be somebody with a mentor."""

    __tablename__ = "learner"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str | None]
    mentor_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("learner.id"))
    mentor: orm.Mapped[Learner | None] = orm.relationship()


@contextmanager
def a_session() -> Iterator[orm.Session]:
    """Yield a session on a new database in memory, with one learner in it."""
    with an_engine("sqlite://") as engine:
        Base.metadata.create_all(engine)
        with orm.Session(engine) as session:
            session.add_all([Learner(id=1), Learner(id=2)])
            session.commit()
            yield session


def queried(ask: Callable[[orm.Session], object]) -> Provoke:
    """Return what asks a session."""

    def provoke(_: World) -> None:
        with a_session() as session:
            ask(session)

    provoke.__name__ = ask.__name__
    return provoke


ALL = sa.select(Learner)
for name, kind, ask in (
    (
        "no_result",
        "exc.NoResultFound",
        lambda s: s.scalars(ALL.where(sa.false())).one(),
    ),
    ("two_results", "exc.MultipleResultsFound", lambda s: s.scalars(ALL).one()),
    ("text_as_statement", "exc.ArgumentError", lambda s: s.execute("SELECT 1")),
    (
        "not_executable",
        "exc.ObjectNotExecutableError",
        lambda s: s.connection().execute(3),
    ),
    (
        "parameter_missing",
        "exc.StatementError",
        lambda s: s.execute(sa.text("SELECT :a")),
    ),
    (
        "wrong_type",
        "exc.StatementError",
        lambda s: s.execute(sa.select(sa.literal("a", sa.DateTime()))),
    ),
    (
        "no_such_key",
        "exc.NoSuchColumnError",
        lambda s: s.execute(sa.text("SELECT 1 AS a")).mappings().one()["b"],
    ),
    (
        "closed_result",
        "exc.ResourceClosedError",
        lambda s: s.execute(sa.text("DELETE FROM learner")).all(),
    ),
    (
        "no_such_table",
        "exc.NoSuchTableError",
        lambda s: sa.Table("nothing", sa.MetaData(), autoload_with=s.connection()),
    ),
    ("not_mapped", "orm.exc.UnmappedInstanceError", lambda s: s.add(object())),
    ("begun_twice", "exc.InvalidRequestError", lambda s: (s.begin(), s.begin())),
):
    SQLALCHEMY.add(name, f"sqlalchemy.{kind}", queried(ask))


@SQLALCHEMY.of("sqlalchemy.orm.exc.StaleDataError")
@queried
def changed_by_another(session: orm.Session) -> None:
    learner = session.get_one(Learner, 1)
    session.execute(sa.text("DELETE FROM learner"))
    learner.name = "Jo"
    session.flush()


@SQLALCHEMY.of("sqlalchemy.orm.exc.DetachedInstanceError")
@queried
def detached(session: orm.Session) -> None:
    learner = session.get_one(Learner, 1)
    session.close()
    assert learner.mentor is None


@SQLALCHEMY.of("sqlalchemy.exc.PendingRollbackError")
@queried
def goes_on_after_a_failure(session: orm.Session) -> None:
    session.add(Learner(id=1))
    try:
        session.flush()
    except sa.exc.IntegrityError:
        session.add(Learner(id=3))
        session.flush()


SQLALCHEMY.add(
    "bad_url", "sqlalchemy.exc.ArgumentError", lambda _: sa.create_engine("nothing")
)
SQLALCHEMY.add(
    "unknown_database",
    "sqlalchemy.exc.NoSuchModuleError",
    lambda _: sa.create_engine("nothing://"),
)
SQLALCHEMY.add(
    "cannot_compile",
    "sqlalchemy.exc.CompileError",
    lambda _: sa.schema.CreateTable(
        sa.Table("a", sa.MetaData(), sa.Column("b"))
    ).compile(dialect=sa.make_url("sqlite://").get_dialect()()),
)
