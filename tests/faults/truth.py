"""What a host may do around one action; run as a script, it is killed at it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from assignment_actions import ActionRecorder, Recording, StorageError
from assignment_actions.adapters.sql import SqlActionRepository

MODES = ("own", "joined connection", "joined session")
ENDINGS = (
    "commits",
    "rolls back with an exception",
    "rolls back silently",
    "forgets to commit",
    "is aborted by an error it swallows",
)
KILLS = (
    "before the effect",
    "during the effect",
    "between effect and completion",
    "after the completion, before the commit",
    "after the commit",
)

Host = Connection | Session


class HostError(Exception):
    """What the host's own code raises."""


@contextmanager
def host_of(mode: str, engine: Engine) -> Iterator[Host]:
    """Yield the host's connection or session; closed at the end, never committed."""
    if mode == "joined session":
        with Session(engine) as session:
            yield session
    else:
        with engine.connect() as connection:
            yield connection


def effect(host: Host, assignment_id: UUID) -> None:
    """Do the host's own work in its transaction."""
    statement = text("INSERT INTO orders (id) VALUES (:id)")
    host.execute(statement, {"id": str(assignment_id)})


def complete(mode: str, recording: Recording, host: Host) -> None:
    """Say inside the host's transaction that it was done, where that is joined."""
    if mode != "own":
        recording.succeed(joined_to=host)


def end(ending: str, mode: str, recording: Recording, host: Host, one: UUID) -> None:
    """Do the effect, complete, and end the transaction in one of the ways."""
    effect(host, one)
    if ending == "is aborted by an error it swallows":
        with suppress(SQLAlchemyError):
            host.execute(text("INSERT INTO no_such_table VALUES (1)"))
    complete(mode, recording, host)
    match ending:
        case "commits" | "is aborted by an error it swallows":
            host.commit()
        case "rolls back with an exception":
            host.rollback()
            raise HostError("no")
        case "rolls back silently":
            host.rollback()


def play(
    recorder: ActionRecorder, engine: Engine, mode: str, ending: str, one: UUID
) -> None:
    """Record one action around a host's transaction that ends in one of the ways."""
    with (
        suppress(HostError, StorageError),
        recorder.recording(one, "redeemed") as recording,
        host_of(mode, engine) as host,
    ):
        end(ending, mode, recording, host, one)


def die(
    recorder: ActionRecorder, engine: Engine, mode: str, kill: str, one: UUID
) -> None:
    """Record one action and be killed at one of the points."""

    def at(point: str) -> None:
        if kill == point:
            os.kill(os.getpid(), signal.SIGKILL)

    with recorder.recording(one, "redeemed") as recording:
        at("before the effect")
        with host_of(mode, engine) as host:
            effect(host, one)
            at("during the effect")
            if mode == "own":
                host.commit()
            at("between effect and completion")
            complete(mode, recording, host)
            at("after the completion, before the commit")
            if mode != "own":
                host.commit()
            at("after the commit")


def made(url: str, prefix: str) -> tuple[ActionRecorder, Engine]:
    """Return a recorder with transactions of its own, and an engine of the host's."""
    repository = SqlActionRepository.from_url(url, table_prefix=prefix)
    return ActionRecorder(repository), create_engine(url)


def main(url: str, prefix: str, mode: str, *ids: str) -> None:
    """Fork a process for each point, and let each be killed there."""
    for kill, one in zip(KILLS, ids, strict=True):
        child = os.fork()
        if not child:
            die(*made(url, prefix), mode, kill, UUID(one))
            os._exit(1)  # it should have been killed
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL, kill


if __name__ == "__main__":
    main(*sys.argv[1:])
