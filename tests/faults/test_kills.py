"""Workers die at random points; what is recorded is what they really did."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from faults import kills
from faults.conftest import Count

from assignment_actions import ActionFilter, ActionRecorder, ActionStatus
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.domain.ports import utc_now

KILLS = int(os.environ.get("ASSIGNMENT_ACTIONS_KILLS", "60"))
KEYS = max(40, KILLS // 2)
SEED = int(os.environ.get("ASSIGNMENT_ACTIONS_SEED", "20261122"))

Lines = list[tuple[str, str, str]]


@pytest.fixture
def ledger(
    shared_repository: SqlActionRepository, shared_store_url: str, tmp_path: Path
) -> Lines:
    """Return what the workers noted until the last of them was done."""
    assert shared_repository.engine is not None  # it is empty now
    path = tmp_path / "ledger"
    numbers = [str(number) for number in (KILLS, KEYS, SEED)]
    subprocess.run(
        [
            *(sys.executable, "-m", "faults.kills"),
            *(shared_store_url, "uuid_", str(path), *numbers),
        ],
        cwd=Path(__file__).parents[1],
        check=True,
        timeout=120 + KILLS,
    )
    lines = path.read_text().splitlines()
    return [
        (line[0], line[1], line[2]) for line in (one.split(" ", 2) for one in lines)
    ]


def test_what_is_recorded_is_what_was_done(
    shared_repository: SqlActionRepository,
    ledger: Lines,
    count: Count,
) -> None:
    """No success without its effect, no failure lost, no effect twice."""
    history = ActionRecorder(shared_repository).history
    status = {str(it.id): it.status for it in history.iterate(ActionFilter())}
    noted = {
        what: {one for it, one, _ in ledger if it == what} for what, _, _ in ledger
    }
    effects = Counter(key for what, _, key in ledger if what == "effect")
    succeeded = {one for one, it in status.items() if it is ActionStatus.SUCCEEDED}
    left_open = list(history.iterate(ActionFilter(statuses=["in_progress"])))

    assert set() == succeeded - noted["effect"]
    assert noted["succeeded"] <= succeeded
    assert {ActionStatus.FAILED} == {status[one] for one in noted["failed"]}
    assert {1} == set(effects.values())
    assert all(it.is_overdue(utc_now()) for it in left_open)
    asked = history.timelines(kills.ids_of(KEYS))
    verdicts = Counter(
        str(it.outcome("notified", now=utc_now()).verdict) for it in asked.values()
    )
    assert {"yes", "no", "unknown"} >= set(verdicts)
    assert KEYS == verdicts.total()
    tries = f"{len(status)} tries, {effects.total()} effects, none twice"
    count(f"{KILLS} kills", f"{tries}; answers: {dict(sorted(verdicts.items()))}")
