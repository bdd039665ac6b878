"""The races again and again, with random pauses before every statement."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from faults.conftest import Count
from sqlalchemy import event

from assignment_actions import (
    ActionAlreadyCompletedError,
    ActionRecorder,
    ActionStatus,
    DuplicateActionError,
    Failure,
)
from assignment_actions.adapters.sql import SqlActionRepository

RUNS = int(os.environ.get("ASSIGNMENT_ACTIONS_RACES", "10"))
SEED = int(os.environ.get("ASSIGNMENT_ACTIONS_SEED", "20261122"))
RIVALS = 8
LONGEST = 0.004
BOUNCE = Failure.of(reason="email_error", message="mailbox full")


@pytest.fixture
def recorder(shared_repository: SqlActionRepository) -> Iterator[ActionRecorder]:
    """Yield a recorder whose statements each begin after a random pause."""
    chance = random.Random(SEED)

    def pause(*_: object) -> None:
        time.sleep(chance.random() * LONGEST)

    event.listen(shared_repository.engine, "before_cursor_execute", pause)
    yield ActionRecorder(shared_repository)
    event.remove(shared_repository.engine, "before_cursor_execute", pause)


def race(work: Callable[[int], str]) -> Counter[str]:
    """Let rivals do the same work at the same moment; count their answers."""
    barrier = threading.Barrier(RIVALS)

    def one(number: int) -> str:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(RIVALS) as pool:
        return Counter(pool.map(one, range(RIVALS)))


class TestRepeatedRaces:
    def test_one_key_has_one_effect(
        self, recorder: ActionRecorder, count: Count
    ) -> None:
        """However the rivals are paused, one runs its block and all others are told."""
        for _ in range(RUNS):
            one = uuid4()

            def notify(_: int, one: object = one) -> str:
                try:
                    with recorder.recording(one, "notified", key="k"):  # type: ignore[arg-type]
                        return "effect"
                except DuplicateActionError:
                    return "refused"

            assert {"effect": 1, "refused": RIVALS - 1} == race(notify)
            assert 1 == len(recorder.history.timeline(one))
        count(f"{RUNS} races of {RIVALS} on one key", "one effect each")

    def test_one_action_has_one_outcome(
        self, recorder: ActionRecorder, count: Count
    ) -> None:
        """Success, failure and unknown race: one final outcome stands."""
        for _ in range(RUNS):
            action = recorder.start(uuid4(), "notified")
            ends = (
                lambda action=action: recorder.succeed(action),
                lambda action=action: recorder.fail(action, BOUNCE),
                lambda action=action: recorder.mark_unknown(action),
            )

            def finish(number: int, ends: object = ends) -> str:
                try:
                    return str(ends[number % 3]().status)  # type: ignore[index]
                except ActionAlreadyCompletedError:
                    return "late"

            answers = race(finish)

            stored = recorder.history.get(action.id).status
            assert stored in (ActionStatus.SUCCEEDED, ActionStatus.FAILED)
            assert 1 == answers["succeeded"] + answers["failed"] == answers[stored]
        count(f"{RUNS} races of {RIVALS} to complete", "one outcome each")

    def test_a_failed_key_has_one_next_attempt(
        self, recorder: ActionRecorder, count: Count
    ) -> None:
        """After a failure the rivals' retries are one attempt, numbered two."""
        for _ in range(RUNS):
            one = uuid4()
            recorder.record_failure(one, "notified", BOUNCE, key="k")

            def retry(_: int, one: object = one) -> str:
                try:
                    return str(recorder.start(one, "notified", key="k").attempt)  # type: ignore[arg-type]
                except DuplicateActionError:
                    return "refused"

            assert {"2": 1, "refused": RIVALS - 1} == race(retry)
        count(f"{RUNS} races of {RIVALS} to retry", "one attempt each")
