"""What rival processes do; imported by them, so it holds no test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from uuid import UUID

from assignment_actions import (
    ActionAlreadyCompletedError,
    ActionRecorder,
    DuplicateActionError,
)
from assignment_actions.adapters.sql import SqlActionRepository

THREADS = 8
PROCESSES = 2
Work = Callable[[ActionRecorder, UUID], str]


def complete(recorder: ActionRecorder, action_id: UUID) -> str:
    """Complete one action if nobody has; say which."""
    action = recorder.history.get(action_id)
    try:
        recorder.succeed(action)
    except ActionAlreadyCompletedError:
        return "late"
    return "won"


def notify(recorder: ActionRecorder, assignment_id: UUID) -> str:
    """Do the effect once under one key; say whether it was done here."""
    try:
        with recorder.recording(assignment_id, "notified", key="once"):
            return "effect"
    except DuplicateActionError:
        return "refused"


def start(recorder: ActionRecorder, assignment_id: UUID) -> str:
    """Start an action without a key."""
    recorder.start(assignment_id, "reminded")
    return "started"


_WORKS: dict[str, Work] = {"complete": complete, "notify": notify, "start": start}


def run_here(url: str, prefix: str, work: str, ids: list[UUID]) -> list[str]:
    """Let 8 threads do the same work on all ids; every answer, in any order."""
    repository = SqlActionRepository.from_url(
        url, table_prefix=prefix, pool_size=THREADS
    )
    recorder = ActionRecorder(repository)
    barrier = threading.Barrier(THREADS)

    def one_thread(_: int) -> list[str]:
        barrier.wait()
        return [_WORKS[work](recorder, one) for one in ids]

    with ThreadPoolExecutor(THREADS) as pool:
        answers = [
            answer for some in pool.map(one_thread, range(THREADS)) for answer in some
        ]
    repository.close()
    return answers


def race(url: str, prefix: str, work: str, ids: Iterable[UUID]) -> list[str]:
    """Let two processes of 8 threads do the same work; every answer."""
    wanted = list(ids)
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        runs = [
            pool.submit(run_here, url, prefix, work, wanted) for _ in range(PROCESSES)
        ]
        return [answer for run in runs for answer in run.result()]
