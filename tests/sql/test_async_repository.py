"""The async repository: its event loop, its connections, and who is cancelled."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sql.asynchronous import a_repository, open_on_server, out, until, waiting_in
from sql.proxies import lossy
from sqlalchemy import Connection, create_engine, event, make_url, text
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)
from stores import async_url_of

from assignment_actions import ActionFilter, StorageError
from assignment_actions.adapters.sql import (
    AsyncSqlActionRepository,
    SqlActionRepository,
    async_repository,
)
from assignment_actions.adapters.sql.pausing import pause
from assignment_actions.testing import an_action

StoreUrl = Callable[[str], str]


@pytest.fixture(params=["asyncpg", "psycopg_async", "asyncmy"])
def server_url(request: pytest.FixtureRequest, url_of: StoreUrl) -> str:
    """Return the URL of each server by each async driver in turn."""
    return async_url_of(request.param, url_of)


class TestFromUrl:
    @pytest.mark.parametrize(
        ("url", "driver"),
        [
            ("sqlite://", "aiosqlite"),
            ("postgresql://nobody@127.0.0.1/nothing", "asyncpg"),
            ("mysql://nobody@127.0.0.1/nothing", "asyncmy"),
            ("mariadb://nobody@127.0.0.1/nothing", "asyncmy"),
            ("postgresql+psycopg://nobody@127.0.0.1/nothing", "psycopg"),
            ("mariadb+asyncmy://nobody@127.0.0.1/nothing", "asyncmy"),
        ],
    )
    def test_a_database_has_a_driver(self, url: str, driver: str) -> None:
        """A URL without a driver gets the default one, any other its own."""
        engine = AsyncSqlActionRepository.from_url(url).engine

        assert (driver, True) == (engine.dialect.driver, engine.dialect.is_async)

    @pytest.mark.parametrize(
        ("url", "said"),
        [
            ("oracle://nobody@127.0.0.1/nothing", "url must be of one of sqlite"),
            ("sqlite+pysqlite://", "url must be of an async driver, got"),
            ("mysql+pymysql://nobody@127.0.0.1/x", "SqlActionRepository takes that"),
            ("nonsense", "that is refused with"),
        ],
    )
    def test_any_other_url_is_refused(self, url: str, said: str) -> None:
        """Another database, a driver that is not async, no URL at all."""
        with pytest.raises(ValueError, match=said):
            AsyncSqlActionRepository.from_url(url)

    @pytest.mark.parametrize(
        ("missing", "url", "extra"),
        [
            ("aiosqlite", "sqlite://", "[aiosqlite]"),
            ("asyncpg", "postgresql://127.0.0.1", "[asyncpg]"),
            ("asyncmy", "mariadb://127.0.0.1", "[asyncmy]"),
            ("psycopg", "postgresql+psycopg://127.0.0.1", "[postgresql]"),
            ("greenlet", "sqlite://", "[aiosqlite]"),
        ],
    )
    def test_what_is_missing_names_its_extra(
        self, missing: str, url: str, extra: str
    ) -> None:
        """Without a driver, or greenlet, the error says what to install."""
        code = f"""
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == {missing!r} else find(name)
from assignment_actions.adapters.sql import SqlActionRepository
SqlActionRepository.from_url("sqlite://").create_schema()
try:
    from assignment_actions.adapters.sql import AsyncSqlActionRepository
    AsyncSqlActionRepository.from_url({url!r})
except ImportError as error:
    print(error)
"""
        ran = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )

        assert missing in ran.stdout
        assert extra in ran.stdout


class TestColours:
    @pytest.mark.parametrize("is_sync_side", [False, True], ids=["engine", "its sync"])
    def test_the_synchronous_one_refuses_an_async_engine(
        self,
        is_sync_side: bool,  # noqa: FBT001  # which of the two
    ) -> None:
        """The message names the class that takes it."""
        engine: Any = create_async_engine("sqlite+aiosqlite:///file.sqlite3")

        with pytest.raises(TypeError, match="AsyncSqlActionRepository takes that"):
            SqlActionRepository(engine.sync_engine if is_sync_side else engine)

    @pytest.mark.parametrize("is_wrapped", [False, True], ids=["engine", "wrapped"])
    def test_the_async_one_refuses_a_synchronous_engine(
        self,
        is_wrapped: bool,  # noqa: FBT001  # which of the two
    ) -> None:
        """The message names the class that takes it, and no URL."""
        engine: Any = create_engine("sqlite:///secret.sqlite3")

        with pytest.raises(TypeError, match="AsyncEngine") as caught:
            if is_wrapped:
                engine = _Disguised(engine)
            AsyncSqlActionRepository(engine)
        assert "secret" not in str(caught.value)

    def test_a_shared_connection_is_refused(self) -> None:
        """A commit of ours would commit the host's transaction."""
        engine = create_async_engine("sqlite+aiosqlite://")

        with pytest.raises(ValueError, match=r"use AsyncSqlActionRepository\.from_url"):
            AsyncSqlActionRepository(engine)

    def test_transactions_of_the_other_colour_are_refused(self) -> None:
        """Each repository names what the transaction is for."""
        awaited = AsyncSqlActionRepository.from_url("sqlite://")
        plain = SqlActionRepository.from_url("sqlite://")

        with (
            plain.engine.connect() as connection,
            pytest.raises(TypeError, match="; SqlActionRepository takes that"),
        ):
            awaited.joined_to(connection)
        with pytest.raises(TypeError, match="; AsyncSqlActionRepository takes that"):
            plain.joined_to(AsyncSession(awaited.engine))
        with pytest.raises(TypeError, match=r"AsyncSession, got 1$"):
            awaited.joined_to(1)
        with pytest.raises(ValueError, match="that is started"):
            awaited.joined_to(awaited.engine.connect())
        plain.close()


class _Disguised:
    """Be an object that has a synchronous engine, and is no AsyncEngine."""

    def __init__(self, engine: object) -> None:
        self.sync_engine = engine


class TestJoining:
    @pytest.mark.parametrize("kind", ["connection", "session", "scoped"])
    def test_the_host_decides(self, server_url: str, kind: str) -> None:
        """What was recorded inside is there after a commit, not after a rollback."""

        async def run() -> None:
            async with a_repository(server_url) as repository, AsyncExitStack() as at:
                host = create_async_engine(server_url)
                at.push_async_callback(host.dispose)
                transaction = await at.enter_async_context(_transaction(kind, host))
                action = an_action()
                for end, expected in (
                    (transaction.rollback, None),
                    (transaction.commit, action),
                ):
                    joined = repository.joined_to(transaction)
                    await joined.add(action)
                    assert joined.is_open
                    assert action == await joined.get(action.id)
                    assert await repository.get(action.id) is None
                    await end()
                    assert not joined.is_open
                    assert expected == await repository.get(action.id)
                other = repository.joined_to(transaction).joined_to(transaction)
                assert action == await other.get(action.id)
                await other.close()
                await transaction.rollback()

        asyncio.run(run())


def _transaction(kind: str, host: AsyncEngine) -> Any:
    if kind == "connection":
        return host.connect()
    if kind == "session":
        return AsyncSession(host)
    return _Scoped(host)


class _Scoped:
    """Be an async_scoped_session by task, for the length of a block."""

    def __init__(self, host: AsyncEngine) -> None:
        self._session = async_scoped_session(
            async_sessionmaker(host), asyncio.current_task
        )

    async def __aenter__(self) -> async_scoped_session[AsyncSession]:
        return self._session

    async def __aexit__(self, *_: object) -> None:
        await self._session.remove()


class TestValues:
    def test_ids_are_of_the_standard_library(self, server_url: str) -> None:
        """A driver's own class of UUID does not reach the domain."""

        async def run() -> tuple[type, type]:
            async with a_repository(server_url) as repository:
                await repository.add(action := an_action())
                (found,) = await repository.find(ActionFilter(), 1)
                assert action == found
                return type(found.id), type(found.assignment_id)

        assert (UUID, UUID) == asyncio.run(run())


class TestWaiting:
    def test_a_pause_lets_the_event_loop_go_on(
        self, async_store_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Before a call is tried again, nobody's time is slept away."""
        monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("the loop is blocked"))
        tries: list[None] = []

        async def run() -> None:
            async with a_repository(async_store_url) as repository:
                transactions = repository._awaited._transactions
                retryable = next(iter(transactions.flavour.retryable))
                code = transactions.flavour.code

                def fail_once(_: Connection) -> None:
                    tries.append(None)
                    if len(tries) == 1:
                        raise OSError

                monkeypatch.setattr(
                    transactions.flavour,
                    "code",
                    lambda one: retryable if isinstance(one, OSError) else code(one),
                    raising=False,
                )
                await repository._run(transactions.read, "test", fail_once)

        asyncio.run(run())

        assert [None, None] == tries

    def test_tables_made_at_once_are_made_once(self, async_store_url: str) -> None:
        """Many workers start at the same moment: each finds the tables there."""

        async def run() -> None:
            prefix = f"w{uuid4().hex[:10]}_"
            made = [
                AsyncSqlActionRepository.from_url(async_store_url, table_prefix=prefix)
                for _ in range(4)
            ]
            await asyncio.gather(*(one.create_schema() for one in made))
            for one in made:
                await one.check_schema()
            async with made[0].engine.connect() as connection:
                await connection.run_sync(made[0].metadata.drop_all)
            await asyncio.gather(*(one.close() for one in made))

        asyncio.run(run())


class TestPool:
    def test_a_thousand_tasks_take_turns(self) -> None:
        """However many record at once, a database in memory has one connection."""

        async def run() -> int:
            async with a_repository("sqlite+aiosqlite://") as repository:

                async def record() -> None:
                    action = an_action()
                    await repository.add(action)
                    await repository.complete(action.succeed(at=action.created_at))

                await asyncio.gather(*(record() for _ in range(1000)))
                assert out(repository) <= 4
                return await repository.count(ActionFilter(statuses={"succeeded"}))

        assert 1000 == asyncio.run(run())

    def test_what_is_kept_goes_to_who_needs_the_pool(self, server_url: str) -> None:
        """Connections that idle between calls are there for all other work."""

        async def run() -> list[bool]:
            async with a_repository(server_url, pool_size=3) as repository:
                await asyncio.gather(*(repository.get(uuid4()) for _ in range(3)))
                entered: list[None] = []

                def together(connection: Connection) -> bool:
                    entered.append(None)
                    for _ in range(500):
                        if len(entered) == 3:
                            return True
                        pause(connection.dialect, 0.01)
                    return False

                own = repository._awaited._transactions
                return await asyncio.gather(
                    *(repository._run(own.read, "test", together) for _ in range(3))
                )

        assert [True] * 3 == asyncio.run(run())

    def test_who_waits_for_the_pool_is_woken(self, server_url: str) -> None:
        """A connection that would be kept goes to a task that waits for one."""

        async def run() -> None:
            async with a_repository(server_url, pool_size=3) as repository:
                kept = repository._awaited._transactions._kept
                assert kept is not None
                kept.close()
                async with AsyncExitStack() as all_but_one:
                    for _ in range(2):  # of three
                        taken = repository.engine.connect()
                        await all_but_one.enter_async_context(taken)
                    first = asyncio.create_task(repository.get(uuid4()))
                    await until(lambda: out(repository) == 3)
                    others = [
                        asyncio.create_task(repository.get(uuid4())) for _ in range(3)
                    ]
                    found = await asyncio.wait_for(asyncio.gather(first, *others), 20)

            assert [None] * 4 == found

        asyncio.run(run())


Verb = Callable[[AsyncSqlActionRepository], Coroutine[Any, Any, Any]]

VERBS: dict[str, Verb] = {
    "get": lambda one: one.get(uuid4()),
    "add": lambda one: one.add(an_action()),
    "add many": lambda one: one.add(*(an_action() for _ in range(20))),
    "complete": lambda one: one.complete(_completed()),
    "timelines": lambda one: one.timelines([uuid4(), uuid4()]),
    "latest": lambda one: one.latest_successes([uuid4(), uuid4()]),
    "find": lambda one: one.find(ActionFilter(), 5),
    "count": lambda one: one.count(ActionFilter()),
    "count_by": lambda one: one.count_by(ActionFilter(), "status"),
    "groups": lambda one: one.failure_groups(),
    "search": lambda one: one.search(ActionFilter(), None, 5),
    "scrub": lambda one: one.scrub(an_action()),
    "delete": lambda one: one.delete(an_action()),
    "check": lambda one: one.check_schema(),
}


def _completed() -> Any:
    action = an_action()
    return action.succeed(at=action.created_at)


class TestCancellation:
    def test_no_connection_is_lost(self, async_store_url: str) -> None:
        """Cancelled at any moment of any verb: all comes back, and works."""
        chance = random.Random(7)  # the same moments each time

        async def run() -> None:
            async with a_repository(async_store_url) as repository:
                await repository.add(stored := an_action())
                cancelled = 0
                for number in range(150):
                    verbs = [*VERBS.values()] if number % 10 == 0 else []
                    verbs.append(chance.choice([*VERBS.values()]))
                    tasks = [asyncio.create_task(verb(repository)) for verb in verbs]
                    await asyncio.sleep(chance.random() * 0.003)
                    for task in tasks:
                        task.cancel()
                    ended = await asyncio.gather(*tasks, return_exceptions=True)
                    errors = [one for one in ended if isinstance(one, Exception)]
                    assert [] == errors
                    cancelled += sum(isinstance(one, BaseException) for one in ended)

                assert cancelled > 0
                assert stored == await repository.get(stored.id)
                kept = repository._awaited._transactions._kept
                assert kept is not None
                assert len(kept._idle) == out(repository)
                held = (before or 0) + out(repository) + waiting_in(repository)
                await until(lambda: (open_on_server(async_store_url) or 0) <= held)
                assert {asyncio.current_task()} == asyncio.all_tasks()

        before = open_on_server(async_store_url)
        asyncio.run(run())
        assert _settled(async_store_url, before)

    @pytest.mark.parametrize("is_again", [False, True], ids=["once", "again and again"])
    def test_who_waits_for_a_lock_is_let_go(
        self,
        shared_async_store_url: str,
        is_again: bool,  # noqa: FBT001  # how often
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A call that cannot end is cancelled in its driver; all else works on."""
        monkeypatch.setattr(async_repository, "GRACE", 0.05)

        async def run() -> None:
            options = {"lock_timeout": timedelta(seconds=3)}
            async with a_repository(shared_async_store_url, **options) as repository:
                action = an_action()
                await repository.add(action)
                host = create_async_engine(shared_async_store_url)
                async with host.connect() as connection:
                    await repository.joined_to(connection).scrub(action)
                    await repository.joined_to(connection).add(an_action())
                    done = action.succeed(at=action.created_at)
                    waiting = asyncio.create_task(repository.complete(done))
                    await asyncio.sleep(0.2)
                    for _ in range(20 if is_again else 1):
                        waiting.cancel()
                        await asyncio.sleep(0)
                    with pytest.raises(asyncio.CancelledError):
                        await waiting
                    assert out(repository) <= 1
                    await connection.rollback()
                await host.dispose()
                stored = await repository.get(action.id)
                assert stored in (action, done)
                assert await repository.count(ActionFilter()) == 1

        before = open_on_server(shared_async_store_url)
        asyncio.run(run())
        assert _settled(shared_async_store_url, before)

    def test_a_timeout_is_the_callers(self, async_store_url: str) -> None:
        """asyncio.timeout around a call ends in its TimeoutError, nothing of ours."""

        async def run() -> None:
            async with a_repository(async_store_url) as repository:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0):
                        await repository.get(uuid4())

        asyncio.run(run())

    def test_an_error_after_the_cancellation_gives_way(
        self, async_store_url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What the call itself would have raised is neither raised nor logged."""

        async def run() -> None:
            async with a_repository(async_store_url) as repository:
                await repository.add(action := an_action())
                adding = asyncio.create_task(repository.add(action))
                await asyncio.sleep(0)
                adding.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await adding

        asyncio.run(run())
        assert [] == [one for one in caplog.records if one.name == "asyncio"]


def _settled(url: str, before: int | None) -> bool:
    """Tell whether the server is back at so many connections, which takes a moment."""
    end = time.monotonic() + 20
    while (found := open_on_server(url)) != before and time.monotonic() < end:
        time.sleep(0.1)
    return found == before


class TestLostAnswers:
    @pytest.mark.parametrize("verb", ["add", "complete", "get"])
    def test_what_was_done_is_known_to_be_done(
        self, server_url: str, verb: str
    ) -> None:
        """The connection breaks before the answer comes: the call succeeds."""

        async def run() -> None:
            async with a_repository(server_url) as repository:
                (name,) = (
                    one[: -len("assignment_actions")]
                    for one in repository.metadata.tables
                    if one.endswith("assignment_actions")
                )
                with lossy(make_url(server_url)) as (proxy, url):
                    far = AsyncSqlActionRepository.from_url(url, table_prefix=name)
                    action, other = an_action(), an_action()
                    await far.add(action)
                    done = action.succeed(at=action.created_at)

                    proxy.lose_next_answer()
                    if verb == "add":
                        await far.add(other)
                    elif verb == "complete":
                        assert await far.complete(done)
                    else:
                        assert action == await far.get(action.id)

                    assert not proxy.is_armed
                    stored = await repository.get(action.id)
                    assert (done if verb == "complete" else action) == stored
                    count = await repository.count(ActionFilter())
                    assert (2 if verb == "add" else 1) == count
                    await far.close()

        asyncio.run(run())


class TestErrors:
    def test_a_changed_column_is_asked_about_anew(self, url_of: StoreUrl) -> None:
        """What asyncpg prepared for the table as it was spoils no later call."""

        async def run() -> None:
            async with a_repository(async_url_of("asyncpg", url_of)) as repository:
                await repository.add(action := an_action())
                await repository.get(action.id)
                (name,) = (
                    one
                    for one in repository.metadata.tables
                    if one.endswith("assignment_actions")
                )
                async with repository.engine.connect() as connection:
                    await connection.execute(
                        text(f"ALTER TABLE {name} ALTER attempt TYPE bigint")
                    )
                assert action == await repository.get(action.id)

        asyncio.run(run())

    def test_a_missing_table_says_what_to_do(self, async_store_url: str) -> None:
        """The error names the remedy and carries its cause, whatever the driver."""

        async def run() -> None:
            repository = AsyncSqlActionRepository.from_url(
                async_store_url, table_prefix="nowhere_"
            )
            with pytest.raises(StorageError, match="create_schema") as caught:
                await repository.get(uuid4())
            assert caught.value.__cause__ is not None
            await repository.close()

        asyncio.run(run())


class TestListeners:
    def test_a_host_that_listens_sees_every_statement(
        self, async_store_url: str
    ) -> None:
        """Statements go through SQLAlchemy from the next call on."""
        seen: list[str] = []

        async def run() -> None:
            async with a_repository(async_store_url) as repository:
                await repository.get(uuid4())
                event.listen(
                    repository.engine.sync_engine,
                    "before_cursor_execute",
                    lambda *arguments: seen.append(arguments[2]),
                )
                await repository.get(uuid4())

        asyncio.run(run())

        assert 1 == sum("assignment_actions.id =" in one for one in seen)
