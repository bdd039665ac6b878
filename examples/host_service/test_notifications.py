"""The host's unit tests: the real recorder, on the in-memory store, no mocks."""

from uuid import uuid4

import attrs
import pytest

from assignment_actions import (
    ActionRecorder,
    InMemoryActionRepository,
    OutcomeUnknownError,
    Verdict,
)
from assignment_actions.testing import FixedClock
from examples.host_service.notifications import Assignment, NotificationService


class Outbox:
    """Take mails like a mail server; refuse them while something is wrong with it."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.trouble: BaseException | None = None

    def send(self, address: str, text: str) -> str:
        """Take a mail and return its id, or raise what is wrong."""
        if self.trouble is not None:
            raise self.trouble
        self.taken.append((address, text))
        return f"message-{len(self.taken)}"


@pytest.fixture
def outbox() -> Outbox:
    """Return an outbox that takes every mail."""
    return Outbox()


@pytest.fixture
def clock() -> FixedClock:
    """Return a clock that stands still until a test tells it to go on."""
    return FixedClock()


@pytest.fixture
def service(outbox: Outbox, clock: FixedClock) -> NotificationService:
    """Return the service as in production, but for the store and the clock."""
    recorder = ActionRecorder(
        InMemoryActionRepository(),
        clock=clock,
        reasons={ConnectionError: "email_error"},
    )
    return NotificationService(recorder, outbox.send)


@pytest.fixture
def assignment(clock: FixedClock) -> Assignment:
    """Return an assignment that was allocated just now."""
    return Assignment(
        id=uuid4(),
        learner_email="learner@example.com",
        title="Introduction to Botany",
        allocated_at=clock.now,
    )


def test_notify(
    service: NotificationService, outbox: Outbox, assignment: Assignment
) -> None:
    """A learner is mailed, and the record holds who did it and the message's id."""
    assert service.notify(assignment, actor="admin:7")
    mail = ("learner@example.com", "You have been assigned Introduction to Botany.")
    assert [mail] == outbox.taken
    outcome = service.was_notified(assignment)
    assert Verdict.YES == outcome.verdict
    assert outcome.action is not None
    assert "admin:7" == outcome.action.actor
    assert {"message_id": "message-1"} == outcome.action.details


def test_notify_again(
    service: NotificationService, outbox: Outbox, assignment: Assignment
) -> None:
    """A second call sends no second mail."""
    assert service.notify(assignment)
    assert not service.notify(assignment)
    assert 1 == len(outbox.taken)


def test_failing_mail(
    service: NotificationService, outbox: Outbox, assignment: Assignment
) -> None:
    """A refused mail raises what the mail server said, and support can read why."""
    outbox.trouble = ConnectionError("mailbox of learner@example.com is full")
    with pytest.raises(ConnectionError) as caught:
        service.notify(assignment)
    assert outbox.trouble is caught.value
    outcome = service.was_notified(assignment)
    assert Verdict.NO == outcome.verdict
    assert outcome.failure is not None
    assert "email_error" == outcome.failure.reason
    assert "mailbox of [email] is full" == outcome.failure.message


def test_retry(
    service: NotificationService, outbox: Outbox, assignment: Assignment
) -> None:
    """After a failure the next call is the second attempt under the same key."""
    outbox.trouble = ConnectionError("try again later")
    with pytest.raises(ConnectionError):
        service.notify(assignment)
    outbox.trouble = None
    assert service.notify(assignment)
    timeline = service.recorder.history.timeline(assignment.id)
    assert [(1, "failed"), (2, "succeeded")] == [
        (action.attempt, action.status) for action in timeline
    ]
    assert 1 == len({action.key for action in timeline})


def test_interrupted(
    service: NotificationService, outbox: Outbox, assignment: Assignment
) -> None:
    """Interrupted while sending, nobody knows; the mail is not sent twice by chance."""
    outbox.trouble = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        service.notify(assignment)
    assert Verdict.UNKNOWN == service.was_notified(assignment).verdict
    outbox.trouble = None
    with pytest.raises(OutcomeUnknownError):
        service.notify(assignment)
    assert [] == outbox.taken


def test_new_allocation(
    service: NotificationService,
    outbox: Outbox,
    assignment: Assignment,
    clock: FixedClock,
) -> None:
    """A new allocation is notified anew; the earlier mail proves nothing about it."""
    assert service.notify(assignment)
    again = attrs.evolve(assignment, allocated_at=clock.advance(hours=24))
    assert Verdict.NO == service.was_notified(again).verdict
    assert service.notify(again)
    assert Verdict.YES == service.was_notified(again).verdict
    assert 2 == len(outbox.taken)
