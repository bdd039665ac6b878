"""Kill workers at random points, restart them on the same keys, and keep a ledger."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from assignment_actions import (
    ActionRecorder,
    AssignmentActionsError,
    DuplicateActionError,
    OutcomeUnknownError,
)
from assignment_actions.adapters.sql import SqlActionRepository

WORKERS = 4
OVERDUE_AFTER = timedelta(seconds=2)
FAILING = 0.3
SLOWEST = 0.03


class DeliberateError(Exception):
    """What a worker's own code raises, before its effect."""


class Ledger:
    """What workers really did: one line each, whole whatever happens to them."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, what: str, action_id: UUID, key: str) -> None:
        """Write a line by one system call: a killed process leaves no half of it."""
        os.write(self._file, f"{what} {action_id} {key}\n".encode())


def ids_of(count: int) -> list[UUID]:
    """Return the assignments that all workers work on, the same in each process."""
    return [UUID(int=number, version=4) for number in range(1, count + 1)]


def work(url: str, prefix: str, ledger: Ledger, ids: list[UUID], seed: int) -> None:
    """Do every assignment's effect once, under its key; what was done is noted."""
    chance = random.Random(seed)
    repository = SqlActionRepository.from_url(url, table_prefix=prefix, pool_size=1)
    recorder = ActionRecorder(repository, overdue_after=OVERDUE_AFTER)
    for one in chance.sample(ids, len(ids)):
        with suppress(DuplicateActionError, OutcomeUnknownError, DeliberateError):
            try_once(recorder, ledger, one, chance)


def try_once(
    recorder: ActionRecorder, ledger: Ledger, one: UUID, chance: random.Random
) -> None:
    """Record one try; note its effect, and its end once that is stored."""
    key, recording = f"key {one}", None
    try:
        with recorder.recording(one, "notified", key=key) as recording:
            time.sleep(chance.random() * SLOWEST)
            if chance.random() < FAILING:
                raise DeliberateError(key)  # noqa: TRY301  # through the block
            ledger.note("effect", recording.action.id, key)
            time.sleep(chance.random() * SLOWEST)
    except DeliberateError:
        assert recording is not None
        ledger.note("failed", recording.action.id, key)
        raise
    ledger.note("succeeded", recording.action.id, key)


def main(url: str, prefix: str, path: str, kills: str, keys: str, seed: str) -> None:
    """Keep four workers at it, kill one after the other; let the last ones finish."""
    chance, ledger, ids = (
        random.Random(int(seed)),
        Ledger(Path(path)),
        ids_of(int(keys)),
    )
    left, running = int(kills), set[int]()
    while left or running:
        while left and len(running) < WORKERS:
            running.add(forked(url, prefix, ledger, ids, chance.randrange(2**32)))
        time.sleep(chance.random() * 0.06)
        while running and (ended := os.waitpid(-1, os.WNOHANG)[0]):
            running.discard(ended)
        if left and running:
            os.kill(chance.choice(sorted(running)), signal.SIGKILL)
            left -= 1
    for _ in range(2):  # nobody is killed any more: whatever may be done is done
        time.sleep(OVERDUE_AFTER.total_seconds())
        work(url, prefix, ledger, ids, chance.randrange(2**32))


def forked(url: str, prefix: str, ledger: Ledger, ids: list[UUID], seed: int) -> int:
    """Start a worker; return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        work(url, prefix, ledger, ids, seed)
    except AssignmentActionsError as error:
        sys.stderr.write(f"{error}\n")
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
