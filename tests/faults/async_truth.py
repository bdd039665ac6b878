"""The twin of `truth`: what an async host may do, and where it is killed at it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from faults.truth import HostError, kill_each
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    create_async_engine,
)

from assignment_actions import Action, AsyncActionRecorder, AsyncRecording
from assignment_actions.adapters.sql import AsyncSqlActionRepository

Begun = AsyncRecording | Action
Host = AsyncConnection | AsyncSession


@asynccontextmanager
async def host_of(mode: str, engine: AsyncEngine) -> AsyncIterator[Host]:
    """Yield the host's connection or session; closed at the end, never committed."""
    if mode.endswith("session"):
        async with AsyncSession(engine) as session:
            yield session
    else:
        async with engine.connect() as connection:
            yield connection


@asynccontextmanager
async def begun(
    recorder: AsyncActionRecorder, engine: AsyncEngine, mode: str, one: UUID
) -> AsyncIterator[tuple[Begun, Host]]:
    """Yield what was begun, around the host's transaction or inside it, and that."""
    if mode.startswith("part"):
        async with host_of(mode, engine) as host:
            yield await recorder.joined_to(host).start(one, "redeemed"), host
    else:
        async with (
            recorder.recording(one, "redeemed") as recording,
            host_of(mode, engine) as host,
        ):
            yield recording, host


async def effect(host: Host, assignment_id: UUID) -> None:
    """Do the host's own work in its transaction."""
    statement = text("INSERT INTO orders (id) VALUES (:id)")
    await host.execute(statement, {"id": str(assignment_id)})


async def complete(
    recorder: AsyncActionRecorder, mode: str, started: Begun, host: Host
) -> None:
    """Say inside the host's transaction that it was done, where that is joined."""
    if isinstance(started, Action):
        await recorder.joined_to(host).succeed(started)
    elif mode != "own":
        await started.succeed(joined_to=host)


async def play(
    recorder: AsyncActionRecorder,
    engine: AsyncEngine,
    mode: str,
    ending: str,
    one: UUID,
) -> None:
    """Record one action, with a host's transaction that ends in one of the ways."""
    async with begun(recorder, engine, mode, one) as (started, host):
        await effect(host, one)
        if ending == "is aborted by an error it swallows":
            with suppress(SQLAlchemyError):
                await host.execute(text("INSERT INTO no_such_table VALUES (1)"))
        await complete(recorder, mode, started, host)
        match ending:
            case "commits" | "is aborted by an error it swallows":
                await host.commit()
            case "rolls back with an exception":
                await host.rollback()
                raise HostError("no")
            case "rolls back silently":
                await host.rollback()
            case "is interrupted before its commit":
                await interrupt()


async def interrupt() -> None:
    """Wait, and be cancelled meanwhile."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_soon(task.cancel)
    await asyncio.Event().wait()


async def die(
    recorder: AsyncActionRecorder, engine: AsyncEngine, mode: str, kill: str, one: UUID
) -> None:
    """Record one action and be killed at one of the points."""

    def at(point: str) -> None:
        if kill == point:
            os.kill(os.getpid(), signal.SIGKILL)

    async with begun(recorder, engine, mode, one) as (started, host):
        at("before the effect")
        await effect(host, one)
        at("during the effect")
        if mode == "own":
            await host.commit()
        at("between effect and completion")
        await complete(recorder, mode, started, host)
        at("after the completion, before the commit")
        if mode != "own":
            await host.commit()
        at("after the commit")


@asynccontextmanager
async def made(
    url: str, prefix: str
) -> AsyncIterator[tuple[AsyncActionRecorder, AsyncEngine]]:
    """Yield a recorder with transactions of its own, and an engine of the host's."""
    repository = AsyncSqlActionRepository.from_url(url, table_prefix=prefix)
    recorder, engine = AsyncActionRecorder(repository), create_async_engine(url)
    try:
        yield recorder, engine
    finally:
        await recorder.close()
        await engine.dispose()


async def die_of(url: str, prefix: str, mode: str, kill: str, one: UUID) -> None:
    """Be the process that is killed."""
    async with made(url, prefix) as (recorder, engine):
        await die(recorder, engine, mode, kill, one)


if __name__ == "__main__":
    kill_each(lambda *cell: asyncio.run(die_of(*cell)), *sys.argv[1:])
