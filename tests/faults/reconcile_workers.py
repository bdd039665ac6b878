"""Ten workers reconcile, each its share; they are killed at random and restarted."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from assignment_actions import Action, ActionRecorder, AssignmentActionsError
from assignment_actions.adapters.sql import SqlActionRepository

SHARES = 10
SLOWEST = 0.008
PAUSE = 0.05
LOCK_TIMEOUT = timedelta(seconds=30)  # ten writers share two cores and one file


class Ledger:
    """What one worker did: one line each, whole whatever happens to it."""

    def __init__(self, path: Path, worker: int) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._worker = worker

    def note(self, what: str, *words: object) -> None:
        """Write a line by one system call: a killed process leaves no half of it."""
        line = " ".join(map(str, (what, self._worker, *words)))
        os.write(self._file, f"{line}\n".encode())


class NotingRepository(SqlActionRepository):
    """The SQL repository; it notes each outcome that it was asked to store."""

    ledger: Ledger

    def complete(self, action: Action, /) -> bool:
        is_stored = super().complete(action)
        at = action.completed_at or action.unknown_at
        assert at is not None
        what = "wrote" if is_stored else "lost"
        self.ledger.note(what, action.id, action.status, at.isoformat())
        return is_stored


def truth_of(action: Action) -> bool | None:
    """Tell whether it happened; of some nobody can tell before they are unknown."""
    truth: Any = action.details["truth"]
    if truth == "later":
        return None if action.status == "in_progress" else True
    return bool(truth == "yes")


def work(url: str, prefix: str, ledger: Ledger, index: int, seed: int) -> None:
    """Reconcile one share until nothing of it is left to ask about."""
    chance = random.Random(seed)
    ledger.note("began", index)
    repository = NotingRepository.from_url(
        url, table_prefix=prefix, pool_size=1, lock_timeout=LOCK_TIMEOUT
    )
    repository.ledger = ledger
    recorder = ActionRecorder(repository)

    def probe(action: Action) -> bool | None:
        ledger.note("asked", action.id, action.status)
        time.sleep(chance.random() * SLOWEST)
        return truth_of(action)

    while True:
        report = recorder.reconcile(probe, share=(index, SHARES))
        ledger.note("report", report.asked, report.overtaken, report.errors)
        if not report.asked:
            return


def main(url: str, prefix: str, path: str, kills: str, seed: str) -> None:
    """Keep a worker at each share until it is done; kill one after the other."""
    chance, file = random.Random(int(seed)), Path(path)
    left, started, is_broken = int(kills), 0, False
    waiting = list(range(SHARES))
    running = dict[int, tuple[int, int]]()
    SqlActionRepository.from_url(url).close()  # forks need not load the driver again
    while waiting or running:
        for index in waiting:
            started += 1
            ledger = Ledger(file, started)
            child = forked(url, prefix, ledger, index, chance.randrange(2**32))
            running[child] = index, started
        waiting = []
        time.sleep(chance.random() * PAUSE)
        if left:
            os.kill(chance.choice(sorted(running)), signal.SIGKILL)
            left -= 1
        while running and (ended := os.waitpid(-1, os.WNOHANG))[0]:
            index, worker = running.pop(ended[0])
            if os.WIFSIGNALED(ended[1]):
                Ledger(file, worker).note("killed")
                waiting.append(index)
            else:
                is_broken |= bool(os.waitstatus_to_exitcode(ended[1]))
    sys.exit(is_broken)


def forked(url: str, prefix: str, ledger: Ledger, index: int, seed: int) -> int:
    """Start a worker; return its process id."""
    child = os.fork()
    if child:
        return child
    try:
        work(url, prefix, ledger, index, seed)
    except AssignmentActionsError as error:
        sys.stderr.write(f"{error}\n")
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
