"""Threads that want more connections than there are, on an engine of our own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from uuid import uuid4

from assignment_actions import ActionFilter, ActionRecorder
from assignment_actions.adapters.sql import SqlActionRepository


class TestTakingTurns:
    def test_forty_threads_share_a_pool_of_two(
        self, shared_repository: SqlActionRepository
    ) -> None:
        """However many record at once, all are recorded."""
        own = SqlActionRepository.from_url(
            shared_repository.engine.url, table_prefix="uuid_", pool_size=2
        )
        recorder = ActionRecorder(own)

        def record(_: int) -> None:
            for _ in range(25):
                recorder.record_success(uuid4(), "notified")

        with ThreadPoolExecutor(40) as threads:
            list(threads.map(record, range(40)))

        assert 1000 == own.count(ActionFilter())
        own.close()

    def test_who_waits_for_the_pool_is_woken(
        self, shared_repository: SqlActionRepository
    ) -> None:
        """A connection that would be kept goes to a thread that waits for one."""
        own = SqlActionRepository.from_url(
            shared_repository.engine.url, table_prefix="uuid_", pool_size=3
        )
        gate = threading.Barrier(8)

        def ask(_: int) -> list[object]:
            gate.wait()
            return [own.get(uuid4()) for _ in range(5)]

        with ExitStack() as all_but_one, ThreadPoolExecutor(8) as threads:
            for _ in range(12):  # with the overflow there are thirteen
                all_but_one.enter_context(own.engine.connect())
            asking = [threads.submit(ask, number) for number in range(8)]
            try:
                found = [one.result(timeout=20) for one in asking]
            finally:
                all_but_one.close()

        assert [[None] * 5] * 8 == found
        own.close()
