"""The recorder's promises about imports, and about what must not be stored."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assignment_actions.domain.action import Action
from assignment_actions.domain.errors import DuplicateActionError
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.domain.recorder import ActionRecorder
from assignment_actions.testing.factories import (
    a_failure,
    a_moment,
    an_action,
    an_assignment_id,
)

ALL = ActionFilter()
SECRET = "hunter2"  # noqa: S105  # no store may ever hold it
TOLD = f"550 jo@example.com: password={SECRET}"


class ManyAndRedacted:
    """What `record_many` and the default redaction promise."""

    def test_a_stream_is_stored_in_batches(
        self, recorder: ActionRecorder, repository: ActionRepository
    ) -> None:
        """Each batch is stored before the next is read: no more than one is held."""
        stored: list[int] = []

        def stream() -> Iterator[Action]:
            for number in range(25):
                stored.append(repository.count(ALL))
                yield an_action(created_at=a_moment(number))

        assert 25 == recorder.record_many(stream(), batch_size=10)
        assert [0] * 10 + [10] * 10 + [20] * 5 == stored
        assert 25 == repository.count(ALL)

    def test_a_batch_is_all_or_nothing(
        self, recorder: ActionRecorder, repository: ActionRepository
    ) -> None:
        """A duplicate refuses its own batch; earlier batches are stored, later not."""
        actions = [an_action() for _ in range(25)]
        actions[14] = an_action(actions[2].assignment_id, id=actions[2].id)

        with pytest.raises(DuplicateActionError) as caught:
            recorder.record_many(actions, batch_size=10)

        assert actions[14] == caught.value.refused
        assert {one.id for one in actions[:10]} == {
            one.id for one in repository.find(ALL, 99)
        }

    def test_an_import_keeps_ids_times_and_outcomes(
        self, recorder: ActionRecorder
    ) -> None:
        """What is imported is stored as it is, whole."""
        action = an_action(status="failed", key="k", attempt=3, actor="ann")
        recorder.record_many([action])

        assert action == recorder.history.get(action.id)

    def test_nothing_to_import(self, recorder: ActionRecorder) -> None:
        """An empty stream stores nothing."""
        assert 0 == recorder.record_many(iter(()))

    def test_an_exceptions_text_is_redacted(
        self, recorder: ActionRecorder, repository: ActionRepository
    ) -> None:
        """Passwords and mail addresses reach no store in messages and stacktraces."""
        with (
            pytest.raises(ConnectionError),
            recorder.recording(an_assignment_id(), "notified") as recording,
        ):
            raise ConnectionError(TOLD)

        assert_clean(repository.get(recording.action.id))

    def test_actor_and_details_are_redacted(
        self, recorder: ActionRecorder, repository: ActionRepository
    ) -> None:
        """Nor in actors and details, of the start and of the completion."""
        with recorder.recording(
            an_assignment_id(),
            "notified",
            actor="jo@example.com",
            details={"said": [TOLD]},
        ) as recording:
            recording.add_details(more={"deep": TOLD})

        assert_clean(repository.get(recording.action.id))

    def test_an_import_is_redacted(
        self, recorder: ActionRecorder, repository: ActionRepository
    ) -> None:
        """Nor in what is imported."""
        action = an_action(
            status="failed",
            failure=a_failure(message=TOLD, stacktrace=TOLD),
            actor="jo@example.com",
            details={"said": TOLD},
        )
        recorder.record_many([action])

        assert_clean(repository.get(action.id))

    def test_a_given_failure_is_redacted(
        self, recorder: ActionRecorder, repository: ActionRepository
    ) -> None:
        """Nor in a failure that was no exception."""
        failed = recorder.record_failure(
            an_assignment_id(),
            "notified",
            Failure.of(reason="email_error", message=TOLD),
        )

        assert_clean(repository.get(failed.id))


def assert_clean(action: Action | None) -> None:
    """Assert that an action is stored, marked as redacted, and holds no secret."""
    assert action is not None
    assert SECRET not in repr(action)
    assert "jo@example.com" not in repr(action)
    assert "[redacted]" in repr(action)
