"""A purge, and writers that go on recording meanwhile: each a process of its own."""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from assignment_actions import ActionRecorder, Retention, RetentionPolicy, StorageError
from assignment_actions.adapters.sql import SqlActionRepository

BATCH_BOUND = timedelta(seconds=5)
"""How long a writer waits for a lock at most: the default of every engine of ours."""

PATIENCE = timedelta(minutes=5)
"""How long the purge does: on SQLite four writers may keep it from its turn."""

DAY = timedelta(days=1)
HELD = tuple(UUID(int=number) for number in range(1, 50))


def policy() -> RetentionPolicy:
    """Return what the test's own count of the population knows as well."""
    return RetentionPolicy(
        [
            Retention(None, types=["redeemed"]),
            Retention(90 * DAY, statuses=["failed"]),
            Retention(180 * DAY),
        ],
        hold=HELD,
    )


def purge(url: str, prefix: str, now: str, path: str) -> None:
    """Purge, and note after each batch how much is gone."""
    moment = datetime.fromisoformat(now)
    recorder = ActionRecorder(_opened(url, prefix, PATIENCE), clock=lambda: moment)
    with Path(path).open("a", buffering=1) as ledger:
        recorder.purge(
            policy(), on_progress=lambda report: ledger.write(f"{report.actions}\n")
        )


def write(url: str, prefix: str, stop: str) -> None:
    """Record until told to stop; then say how much, and how long one call took."""
    recorder = ActionRecorder(_opened(url, prefix))
    recorded, refused, slowest = 0, 0, 0.0
    while not Path(stop).exists():
        began = time.perf_counter()
        try:
            action = recorder.start(uuid4(), "notified", actor="writer")
            recorder.succeed(action)
            recorded += 1
        except StorageError:
            refused += 1
        slowest = max(slowest, time.perf_counter() - began)
    print(json.dumps({"recorded": recorded, "refused": refused, "slowest": slowest}))


def _opened(
    url: str, prefix: str, lock_timeout: timedelta = BATCH_BOUND
) -> SqlActionRepository:
    return SqlActionRepository.from_url(
        url, table_prefix=prefix, pool_size=1, lock_timeout=lock_timeout
    )


if __name__ == "__main__":
    _, what, *words = sys.argv
    if what == "purge":
        purge(*words)
    else:
        write(*words)
