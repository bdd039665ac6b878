"""The recorder's promises about keys: one effect, however often it is tried."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID

import pytest

from assignment_actions.domain.action import Action
from assignment_actions.domain.errors import DuplicateActionError, OutcomeUnknownError
from assignment_actions.domain.recorder import ActionRecorder
from assignment_actions.testing.contract.rivals import RIVALS, at_once
from assignment_actions.testing.factories import (
    FixedClock,
    a_failure,
    an_assignment_id,
)

Start = Callable[..., Action]


class KeyRules:
    """What a key allows, and what it refuses."""

    @pytest.fixture
    def assignment_id(self) -> UUID:
        """Return the assignment that all tries are about."""
        return an_assignment_id()

    @pytest.fixture
    def start(self, recorder: ActionRecorder, assignment_id: UUID) -> Start:
        """Return how one thing is started under one key."""
        return partial(recorder.start, assignment_id, "reminded", key="2026-11-22")

    def test_attempts_are_numbered(
        self, recorder: ActionRecorder, start: Start, assignment_id: UUID
    ) -> None:
        """After a failure the next attempt has the next number; the last succeeds."""
        for _ in range(2):
            recorder.fail(start(), a_failure())
        recorder.succeed(start())

        tries = recorder.history.timeline(assignment_id)

        assert [(1, "failed"), (2, "failed"), (3, "succeeded")] == sorted(
            (action.attempt, action.status) for action in tries
        )

    def test_nothing_starts_after_a_success(
        self, recorder: ActionRecorder, start: Start
    ) -> None:
        """What succeeded under a key is not started again, and is named."""
        recorder.fail(start(), a_failure())
        done = recorder.succeed(start())

        for choice in (False, True):
            with pytest.raises(DuplicateActionError) as caught:
                start(retry_unknown=choice)
            assert done == caught.value.action

    def test_one_try_at_a_time(self, start: Start) -> None:
        """What is in progress under a key is not started again, and is named."""
        running = start()

        with pytest.raises(DuplicateActionError) as caught:
            start()
        assert running == caught.value.action

    def test_another_key_is_another_thing(
        self, recorder: ActionRecorder, start: Start, assignment_id: UUID
    ) -> None:
        """A key binds one type of one assignment, to the letter's case."""
        start()

        others = [
            recorder.start(assignment_id, "reminded", key="2026-11-22 "),
            recorder.start(assignment_id, "notified", key="2026-11-22"),
            recorder.start(an_assignment_id(), "reminded", key="2026-11-22"),
        ]

        assert [1, 1, 1] == [action.attempt for action in others]

    def test_an_unknown_try_stands_in_the_way(
        self, recorder: ActionRecorder, start: Start
    ) -> None:
        """After a try of unknown outcome the next is refused unless it is chosen."""
        unknown = recorder.mark_unknown(start())

        with pytest.raises(OutcomeUnknownError) as caught:
            start()
        assert unknown == caught.value.action
        assert 2 == start(retry_unknown=True).attempt

    def test_an_overdue_try_stands_in_the_way(
        self, start: Start, clock: FixedClock
    ) -> None:
        """A try that went silent is unknown to the next one, from its limit on."""
        silent = start()
        clock.advance(hours=1)

        with pytest.raises(OutcomeUnknownError) as caught:
            start()
        assert silent == caught.value.action
        assert 2 == start(retry_unknown=True).attempt

    def test_a_late_success_of_an_older_attempt_counts(
        self, recorder: ActionRecorder, start: Start
    ) -> None:
        """An older attempt may succeed after all; nothing starts after that."""
        first = start()
        recorder.mark_unknown(first)
        recorder.fail(start(retry_unknown=True), a_failure())
        late = recorder.succeed(first)

        with pytest.raises(DuplicateActionError) as caught:
            start()
        assert caught.value.action is not None
        assert (late.id, True) == (caught.value.action.id, caught.value.action.is_late)

    def test_what_was_recorded_afterwards_counts_too(
        self, recorder: ActionRecorder, assignment_id: UUID
    ) -> None:
        """Attempts recorded when they were over are numbered like the others."""
        args = assignment_id, "notified"
        failed = recorder.record_failure(*args, a_failure(), key="k")
        done = recorder.record_success(*args, key="k")

        with pytest.raises(DuplicateActionError):
            recorder.record_failure(*args, a_failure(), key="k")
        assert [1, 2] == [failed.attempt, done.attempt]

    def test_one_of_many_rivals_starts(self, start: Start) -> None:
        """Of many threads that start one thing under one key, one does it."""

        def won(_: int) -> bool:
            try:
                start()
            except DuplicateActionError:
                return False
            return True

        assert 1 == at_once(won).count(True)

    def test_many_rivals_number_their_attempts(
        self, recorder: ActionRecorder, assignment_id: UUID
    ) -> None:
        """Failures recorded by many threads under one key are one attempt each."""
        args = assignment_id, "notified", a_failure()
        with ThreadPoolExecutor(RIVALS) as pool:
            futures = [
                pool.submit(recorder.record_failure, *args, key="k")
                for _ in range(RIVALS)
            ]

        attempts = [future.result().attempt for future in futures]

        assert list(range(1, RIVALS + 1)) == sorted(attempts)
