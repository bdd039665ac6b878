"""Threads that record their work while the database goes away; run, it is killed."""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import attrs

from assignment_actions import ActionRecorder, StorageError
from assignment_actions.adapters.journal import FileJournal
from assignment_actions.adapters.sql import SqlActionRepository

THREADS = 8
SLOWEST = 0.02


class DeliberateError(Exception):
    """What a worker's own code raises."""


@attrs.frozen
class Try:
    """One block that ran to its end, and how."""

    assignment_id: UUID
    action_id: UUID
    status: str


@attrs.define
class Seen:
    """What workers saw: blocks that ended, starts that were refused, and wrongs."""

    tries: list[Try] = attrs.field(factory=list)
    refused: int = 0
    wrongs: list[str] = attrs.field(factory=list)


def record(recorder: ActionRecorder, seen: Seen, chance: random.Random) -> Try | None:
    """Record one block that returns or raises; check that nobody replaces that."""
    one, result, error = uuid4(), object(), DeliberateError("mine")
    returned, raised, recording = None, None, None
    is_failing = chance.random() < 0.3

    def effect() -> object:
        time.sleep(chance.random() * SLOWEST)
        if is_failing:
            raise error
        return result

    try:
        with recorder.recording(
            one, "notified", details={"one": str(one)}
        ) as recording:
            returned = effect()
    except StorageError:
        seen.refused += 1
        if recording is not None:
            seen.wrongs.append("StorageError after the block had begun")
        return None
    except DeliberateError as caught:
        raised = caught
    if (returned, raised) != ((None, error) if is_failing else (result, None)):
        seen.wrongs.append(f"{returned!r} or {raised!r} was replaced")
    assert recording is not None
    done = Try(one, recording.action.id, "failed" if is_failing else "succeeded")
    seen.tries.append(done)
    return done


def work(
    recorder: ActionRecorder,
    seen: Seen,
    is_over: Callable[[], bool],
    note: Callable[[Try], object] = lambda _: None,
) -> list[threading.Thread]:
    """Start eight threads that record until it is over."""

    def keep_on(seed: int) -> None:
        chance = random.Random(seed)
        try:
            while not is_over():
                if done := record(recorder, seen, chance):
                    note(done)
        except BaseException as error:  # what no block may let out
            seen.wrongs.append(repr(error))
            raise

    threads = [threading.Thread(target=keep_on, args=[it]) for it in range(THREADS)]
    for thread in threads:
        thread.start()
    return threads


def main(url: str, prefix: str, journal: str, ledger: str) -> None:
    """Record for ever; note each block that ended, by one system call."""
    file = os.open(Path(ledger), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    recorder = ActionRecorder(
        SqlActionRepository.from_url(url, table_prefix=prefix),
        journal=FileJournal(journal),
        on_start_failure="journal",
    )
    seen = Seen()

    def note(done: Try) -> None:
        line = f"{done.assignment_id} {done.action_id} {done.status}\n"
        os.write(file, line.encode())

    for thread in work(recorder, seen, lambda: bool(seen.wrongs), note):
        thread.join()
    sys.exit("; ".join(seen.wrongs))


if __name__ == "__main__":
    main(*sys.argv[1:])
