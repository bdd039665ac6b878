"""Workers that reconcile die at random points; everything is settled, and once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import attrs
import pytest
from faults.conftest import Count
from faults.reconcile_workers import SHARES

from assignment_actions import Action, ActionFilter, ActionHistory, ActionRecorder
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.domain.ports import utc_now
from assignment_actions.domain.reconcile import share_of
from assignment_actions.testing import an_action

COUNT = int(os.environ.get("ASSIGNMENT_ACTIONS_RECONCILE", "300"))
KILLS = COUNT // 10
SEED = int(os.environ.get("ASSIGNMENT_ACTIONS_SEED", "20261122"))
TRUTHS = ("yes", "no", "later")

Question = tuple[str, str]
"""The action asked about, and the status in which it was."""


def silent(number: int) -> Action:
    """Return an action of yesterday that never reported: unknown, or overdue."""
    created_at = utc_now() - timedelta(days=1, seconds=number // 7)
    later = created_at + timedelta(hours=1)
    is_unknown = number % 2 == 0
    return an_action(
        created_at=created_at,
        status="unknown" if is_unknown else "in_progress",
        details={"truth": TRUTHS[number % 3]},
        **{"unknown_at" if is_unknown else "overdue_at": later},
    )


@attrs.define
class Noted:
    """What the workers noted, worker by worker."""

    asked: dict[Question, list[str]] = attrs.field(factory=lambda: defaultdict(list))
    wrote: list[tuple[str, str, str]] = attrs.field(factory=list)
    unanswered: dict[str, Question] = attrs.field(factory=dict)
    shares: dict[str, int] = attrs.field(factory=dict)
    killed: set[str] = attrs.field(factory=set)
    lost: int = 0
    errors: int = 0

    @classmethod
    def of(cls, path: Path) -> Noted:
        noted = cls()
        for line in path.read_text().splitlines():
            what, worker, *words = line.split(" ")
            getattr(noted, f"_{what}")(worker, *words)
        return noted

    def _began(self, worker: str, share: str) -> None:
        self.shares[worker] = int(share)

    def _asked(self, worker: str, action_id: str, status: str) -> None:
        assert worker not in self.unanswered, f"{worker} did not wait for its answer"
        self.asked[action_id, status].append(worker)
        self.unanswered[worker] = action_id, status

    def _wrote(self, worker: str, action_id: str, status: str, at: str) -> None:
        assert action_id == self.unanswered.pop(worker)[0]
        self.wrote.append((action_id, status, at))

    def _lost(self, worker: str, action_id: str, _status: str, _at: str) -> None:
        assert action_id == self.unanswered.pop(worker)[0]
        self.lost += 1

    def _report(self, _: str, _asked: str, _overtaken: str, errors: str) -> None:
        self.errors += int(errors)

    def _killed(self, worker: str) -> None:
        self.killed.add(worker)


@pytest.fixture
def actions(shared_repository: SqlActionRepository) -> dict[str, Action]:
    """Return the stored actions that never reported how they ended, by id."""
    made = [silent(number) for number in range(COUNT)]
    ActionRecorder(shared_repository).record_many(made)
    return {str(one.id): one for one in made}


@pytest.fixture
def noted(actions: dict[str, Action], shared_store_url: str, tmp_path: Path) -> Noted:
    """Return what ten workers noted until each had settled its share."""
    assert len(actions) == COUNT
    path = tmp_path / "ledger"
    subprocess.run(
        [
            *(sys.executable, "-m", "faults.reconcile_workers"),
            *(shared_store_url, "uuid_", str(path), str(KILLS), str(SEED)),
        ],
        cwd=Path(__file__).parents[1],
        check=True,
        timeout=120 + COUNT // 10,
    )
    return Noted.of(path)


def test_everything_is_settled_once(
    shared_repository: SqlActionRepository,
    actions: dict[str, Action],
    noted: Noted,
    count: Count,
) -> None:
    """All are settled by what was answered; only the dead were asked again about."""
    stored = {
        str(one.id): one
        for one in ActionHistory(shared_repository).iterate(ActionFilter())
    }

    assert actions.keys() == stored.keys()
    for one, action in actions.items():
        is_yes = action.details["truth"] != "no"
        assert ("succeeded" if is_yes else "failed") == stored[one].status
    require_asked_once(noted)
    require_written_once(noted, actions, stored)
    assert noted.errors == 0
    count(f"reconcile {len(actions)} by ten processes", counts(noted))


def require_asked_once(noted: Noted) -> None:
    """Nobody is asked again but where who asked was killed before the answer."""
    assert noted.unanswered.keys() <= noted.killed
    assert noted.lost <= len(noted.unanswered)  # the dead one's write came through
    for question, workers in noted.asked.items():
        living = [one for one in workers if noted.unanswered.get(one) != question]
        assert len(living) <= 1, f"{question} was asked by {workers}"
        share = share_of(UUID(question[0]), SHARES)
        assert {share} == {noted.shares[one] for one in workers}


def require_written_once(
    noted: Noted, actions: dict[str, Action], stored: dict[str, Action]
) -> None:
    """Each outcome that a worker saw stored stands to this day, and no second one."""
    assert len(noted.wrote) == len({(one, status) for one, status, _ in noted.wrote})
    for one, status, at in noted.wrote:
        action = stored[one]
        kept = action.unknown_at if status == "unknown" else action.completed_at
        assert kept is not None
        assert at == kept.isoformat()
        assert status in ("unknown", action.status)
    for one, action in actions.items():
        was_unknown = action.status == "unknown"
        assert stored[one].is_late == (
            was_unknown or action.details["truth"] == "later"
        )
        if was_unknown:
            assert action.unknown_at == stored[one].unknown_at


def counts(noted: Noted) -> str:
    """Return in one line what happened."""
    asked = Counter(map(len, noted.asked.values()))
    questions = sum(times * number for times, number in asked.items())
    final = sum(status != "unknown" for _, status, _ in noted.wrote)
    return (
        f"{COUNT} actions, {len(noted.killed)} workers killed,"
        f" {questions} questions, {questions - len(noted.asked)} of them asked again"
        f" after a kill ({len(noted.unanswered)} died before they noted their answer),"
        f" {final} outcomes noted as stored and {noted.lost} as overtaken"
    )
