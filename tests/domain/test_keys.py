from uuid import UUID

import pytest
from domain.outages import FlakyRepository
from domain.recorders import everything, recorder
from domain.samples import (
    BOUNCE,
    ManualClock,
    action,
    failed,
)

from assignment_actions import (
    Action,
    DuplicateActionError,
    OutcomeUnknownError,
)

pytestmark = pytest.mark.usefixtures("colour")


class TestKeys:
    def test_success_is_not_repeated(self) -> None:
        """Nothing starts after a success (regression: T10)."""
        made = recorder()
        done = made.record_success(1, "notified", key="k")

        with pytest.raises(DuplicateActionError) as caught:
            made.start(1, "notified", key="k")

        assert done == caught.value.action

    def test_one_at_a_time(self) -> None:
        """While a try is open and not overdue, no other starts."""
        made = recorder()
        made.start(1, "notified", key="k")

        with pytest.raises(DuplicateActionError):
            made.record_failure(1, "notified", BOUNCE, key="k")

    def test_attempts_count_up(self) -> None:
        """Each try after a failure is an action of its own (regression: T11)."""
        made = recorder()
        attempts = [
            made.record_failure(1, "notified", BOUNCE, key="k").attempt
            for _ in range(4)
        ]

        assert attempts == [1, 2, 3, 4]
        assert len(everything(made)) == 4

    def test_overdue(self) -> None:
        """After an overdue try the caller must choose to run the risk."""
        clock = ManualClock()
        made = recorder(clock=clock)
        first = made.start(1, "notified", key="k")
        clock.advance(hours=1)

        with pytest.raises(OutcomeUnknownError) as caught:
            made.start(1, "notified", key="k")
        second = made.start(1, "notified", key="k", retry_unknown=True)

        assert first == caught.value.action
        assert second.attempt == 2
        assert made.succeed(first).status == "succeeded"

    def test_other_types_and_assignments(self) -> None:
        """A key counts for one type of one assignment; without one all may start."""
        made = recorder()
        started = [
            made.start(number, kind, key=key)
            for number, kind, key in [
                (1, "notified", "k"),
                (2, "notified", "k"),
                (1, "reminded", "k"),
                (1, "notified", None),
                (1, "notified", None),
            ]
        ]

        assert [1] * 5 == [one.attempt for one in started]

    def test_lost_race_for_the_next_attempt(self) -> None:
        """A rival that takes the next attempt first decides in its turn."""

        class Racing(FlakyRepository):
            def add(self, /, *actions: Action) -> None:
                if actions[0].attempt == 2 and rivals:
                    super().add(rivals.pop())
                super().add(*actions)

        rivals = [failed(7, assignment_id=1, key="k", attempt=2)]
        made = recorder(repository=Racing())
        made.record_failure(1, "notified", BOUNCE, key="k")

        assert made.start(1, "notified", key="k").attempt == 3

    def test_rival_in_progress(self) -> None:
        """A rival that is at it now is not disturbed."""

        class Racing(FlakyRepository):
            def add(self, /, *actions: Action) -> None:
                if actions[0].attempt == 2:
                    super().add(action(7, assignment_id=1, key="k", attempt=2))
                super().add(*actions)

        made = recorder(repository=Racing())
        made.record_failure(1, "notified", BOUNCE, key="k")

        with pytest.raises(DuplicateActionError) as caught:
            made.start(1, "notified", key="k")
        assert caught.value.action is not None
        assert UUID(int=7) == caught.value.action.id

    def test_a_try_that_cannot_be_seen(self) -> None:
        """Where the snapshot hides the stored try, the refusal goes on."""

        class Hiding(FlakyRepository):
            def add(self, /, *actions: Action) -> None:
                raise DuplicateActionError(None, actions[0])

        with pytest.raises(DuplicateActionError) as caught:
            recorder(repository=Hiding()).start(1, "notified", key="k")
        assert caught.value.action is None

    def test_an_id_made_twice(self) -> None:
        """An id factory that repeats itself is told so, with a key or without."""
        made = recorder(ids=lambda _: UUID(int=5))
        made.start(1, "notified", key="k")

        with pytest.raises(DuplicateActionError, match="an action with id"):
            made.start(1, "notified", key="k")
        with pytest.raises(DuplicateActionError, match="an action with id"):
            made.start(1, "notified")
