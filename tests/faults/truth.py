"""What a host may do around one action; run as a script, it is killed at it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import product
from uuid import UUID

from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from assignment_actions import Action, ActionRecorder, Recording
from assignment_actions.adapters.sql import SqlActionRepository

MODES = (
    "own",
    "joined connection",
    "joined session",
    "part of a connection",
    "part of a session",
)
ENDINGS = (
    "commits",
    "rolls back with an exception",
    "rolls back silently",
    "forgets to commit",
    "is aborted by an error it swallows",
    "is interrupted before its commit",
)
KILLS = (
    "before the effect",
    "during the effect",
    "between effect and completion",
    "after the completion, before the commit",
    "after the commit",
)

Begun = Recording | Action
Host = Connection | Session


class HostError(Exception):
    """What the host's own code raises."""


@contextmanager
def host_of(mode: str, engine: Engine) -> Iterator[Host]:
    """Yield the host's connection or session; closed at the end, never committed."""
    if mode.endswith("session"):
        with Session(engine) as session:
            yield session
    else:
        with engine.connect() as connection:
            yield connection


@contextmanager
def begun(
    recorder: ActionRecorder, engine: Engine, mode: str, one: UUID
) -> Iterator[tuple[Begun, Host]]:
    """Yield what was begun, around the host's transaction or inside it, and that."""
    if mode.startswith("part"):
        with host_of(mode, engine) as host:
            yield recorder.joined_to(host).start(one, "redeemed"), host
    else:
        with (
            recorder.recording(one, "redeemed") as recording,
            host_of(mode, engine) as host,
        ):
            yield recording, host


def effect(host: Host, assignment_id: UUID) -> None:
    """Do the host's own work in its transaction."""
    statement = text("INSERT INTO orders (id) VALUES (:id)")
    host.execute(statement, {"id": str(assignment_id)})


def complete(recorder: ActionRecorder, mode: str, started: Begun, host: Host) -> None:
    """Say inside the host's transaction that it was done, where that is joined."""
    if isinstance(started, Action):
        recorder.joined_to(host).succeed(started)
    elif mode != "own":
        started.succeed(joined_to=host)


def play(
    recorder: ActionRecorder, engine: Engine, mode: str, ending: str, one: UUID
) -> None:
    """Record one action, with a host's transaction that ends in one of the ways."""
    with begun(recorder, engine, mode, one) as (started, host):
        effect(host, one)
        if ending == "is aborted by an error it swallows":
            with suppress(SQLAlchemyError):
                host.execute(text("INSERT INTO no_such_table VALUES (1)"))
        complete(recorder, mode, started, host)
        match ending:
            case "commits" | "is aborted by an error it swallows":
                host.commit()
            case "rolls back with an exception":
                host.rollback()
                raise HostError("no")
            case "rolls back silently":
                host.rollback()
            case "is interrupted before its commit":
                interrupt()


def interrupt() -> None:
    """Be interrupted as by Ctrl-C."""
    raise KeyboardInterrupt


def die(
    recorder: ActionRecorder, engine: Engine, mode: str, kill: str, one: UUID
) -> None:
    """Record one action and be killed at one of the points."""

    def at(point: str) -> None:
        if kill == point:
            os.kill(os.getpid(), signal.SIGKILL)

    with begun(recorder, engine, mode, one) as (started, host):
        at("before the effect")
        effect(host, one)
        at("during the effect")
        if mode == "own":
            host.commit()
        at("between effect and completion")
        complete(recorder, mode, started, host)
        at("after the completion, before the commit")
        if mode != "own":
            host.commit()
        at("after the commit")


@contextmanager
def made(url: str, prefix: str) -> Iterator[tuple[ActionRecorder, Engine]]:
    """Yield a recorder with transactions of its own, and an engine of the host's."""
    repository = SqlActionRepository.from_url(url, table_prefix=prefix)
    recorder, engine = ActionRecorder(repository), create_engine(url)
    try:
        yield recorder, engine
    finally:
        recorder.close()
        engine.dispose()


def die_of(url: str, prefix: str, mode: str, kill: str, one: UUID) -> None:
    """Be the process that is killed."""
    with made(url, prefix) as (recorder, engine):
        die(recorder, engine, mode, kill, one)


def kill_each(
    victim: Callable[[str, str, str, str, UUID], None],
    url: str,
    prefix: str,
    *ids: str,
) -> None:
    """Fork a process for each mode and point, and let each be killed there."""
    make_url(url).get_dialect().import_dbapi()  # once, not in each
    for (mode, kill), one in zip(product(MODES, KILLS), ids, strict=True):
        child = os.fork()
        if not child:
            victim(url, prefix, mode, kill, UUID(one))
            os._exit(1)  # it should have been killed
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), (mode, kill)
        assert os.WTERMSIG(status) == signal.SIGKILL, (mode, kill)


if __name__ == "__main__":
    kill_each(die_of, *sys.argv[1:])
