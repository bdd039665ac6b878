"""A purge among writers, killed in its middle and started again, ends as it should."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from faults.conftest import Count
from faults.purge_workers import BATCH_BOUND, HELD

from assignment_actions import (
    Action,
    ActionFilter,
    ActionHistory,
    ActionRecorder,
    ActionStatus,
    Failure,
)
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.domain.erasure import ERASURE_BATCH
from assignment_actions.domain.ports import utc_now

COUNT = int(os.environ.get("ASSIGNMENT_ACTIONS_PURGE", "6000"))
WRITERS = 4
NOW = datetime(2020, 11, 22, 12, 0, tzinfo=UTC)  # long before what is recorded now
BATCH = ERASURE_BATCH
AGES = (10, 100, 200, 400)
TYPES = ("notified", "reminded", "redeemed")
BOUNCE = Failure.of(reason="email_error", message="the mailbox is full " * 20)


def stored(number: int) -> Action:
    """Return one of the population; its number says all about it."""
    created_at = NOW - timedelta(days=AGES[number % 4], microseconds=number)
    completed_at = created_at + timedelta(seconds=1)
    status = ("succeeded", "failed", "in_progress")[number % 5 % 3]
    return Action(
        id=UUID(int=number),
        assignment_id=UUID(int=1 + number // 10),
        action_type=TYPES[number % 3],
        status=ActionStatus(status),
        created_at=created_at,
        completed_at=None if status == "in_progress" else completed_at,
        failure=BOUNCE if status == "failed" else None,
    )


def is_kept(action: Action) -> bool:
    """Tell by hand what the policy of the workers says in rules."""
    age = (NOW - action.created_at).days
    if action.status == "in_progress" or action.action_type == "redeemed":
        return True
    return action.assignment_id in HELD or age < (90 if action.failure else 180)


@pytest.fixture
def population(shared_repository: SqlActionRepository) -> None:
    """Store them all, as quickly as the store takes them."""
    recorder = ActionRecorder(shared_repository, redact=None)
    assert COUNT == recorder.record_many(map(stored, range(1, COUNT + 1)))


@contextmanager
def writing(url: str, stop: Path) -> Iterator[list[dict[str, float]]]:
    """Let four processes record meanwhile; what they tell is there afterwards."""
    answers = list[dict[str, float]]()
    writers = [started("write", url, str(stop)) for _ in range(WRITERS)]
    try:
        yield answers
    finally:
        stop.touch()
        for writer in writers:
            out, _ = writer.communicate(timeout=60)
            answers.append(json.loads(out))


def started(what: str, url: str, *words: str) -> subprocess.Popen[bytes]:
    """Return a process that purges or writes."""
    return subprocess.Popen(
        [sys.executable, "-m", "faults.purge_workers", what, url, "uuid_", *words],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
    )


def purged(url: str, ledger: Path, *, kill_at: int | None = None) -> int:
    """Run a purge to its end, or kill it once so many are gone; return how many."""
    purge = started("purge", url, NOW.isoformat(), str(ledger))
    end = time.monotonic() + 120 + COUNT / 500
    while purge.poll() is None:
        assert time.monotonic() < end, "the purge does not end"
        if kill_at is not None and gone(ledger) >= kill_at:
            purge.kill()
        time.sleep(0.002)
    purge.communicate()
    assert purge.returncode == (0 if kill_at is None else -signal.SIGKILL)
    return gone(ledger)


def gone(ledger: Path) -> int:
    """Return how many a purge said it had removed."""
    lines = ledger.read_text().split("\n")[:-1] if ledger.exists() else []
    return int(lines[-1]) if lines else 0


@pytest.mark.usefixtures("population")
def test_among_writers(
    shared_repository: SqlActionRepository,
    shared_store_url: str,
    tmp_path: Path,
    count: Count,
) -> None:
    """What the policy lets go is gone, nothing else; no writer gave up waiting."""
    expected = {one.id for one in map(stored, range(1, COUNT + 1)) if is_kept(one)}
    expired = COUNT - len(expected)

    with writing(shared_store_url, tmp_path / "stop") as told:
        first = purged(shared_store_url, tmp_path / "1", kill_at=expired // 3)
        second = purged(shared_store_url, tmp_path / "2")

    history = ActionHistory(shared_repository)
    old = ActionFilter(created_before=NOW + timedelta(seconds=1))
    assert expected == {one.id for one in history.iterate(old)}
    assert expired // 3 <= first < expired
    # what the killed one had removed without saying so is a batch at most
    assert expired - BATCH <= first + second <= expired
    recorded = sum(int(one["recorded"]) for one in told)
    new = ActionFilter(created_from=utc_now() - timedelta(days=1))
    assert recorded == history.count(new)
    assert 0 < recorded
    assert 0 == sum(one["refused"] for one in told)
    slowest = max(one["slowest"] for one in told)
    count(
        f"purge {expired} of {COUNT}, 4 writers",
        f"killed after {first}, resumed; {recorded} recorded meanwhile, none refused"
        f" by the {BATCH_BOUND.total_seconds():.0f} s lock time-out, the slowest"
        f" start and completion took {slowest * 1000:.0f} ms",
    )
