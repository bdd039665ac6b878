"""Was the learner notified? When? If not, why not? Run: python quickstart.py."""

from uuid import UUID, uuid4

from assignment_actions import (
    ActionRecorder,
    ActionRepository,
    ActionType,
    InMemoryActionRepository,
)
from assignment_actions.adapters.sql import SqlActionRepository


def send_mail(*, is_working: bool) -> str:
    """Stand for your mail service; return the message's id."""
    if not is_working:
        raise ConnectionError("smtp.example.com refused the connection")
    return "message-4711"


def notify(recorder: ActionRecorder, assignment_id: UUID, *, is_working: bool) -> None:
    """Record one try, whatever becomes of it."""
    with recorder.recording(assignment_id, ActionType.NOTIFIED, key="welcome") as one:
        one.add_details(message_id=send_mail(is_working=is_working))


def tell_a_story(repository: ActionRepository) -> None:
    """Record what a host does about an assignment, then ask about it."""
    recorder = ActionRecorder(repository, reasons={ConnectionError: "email_error"})
    history = recorder.history
    assignment_id = uuid4()  # the id of your own row

    recorder.record_success(assignment_id, ActionType.LEARNER_LINKED)
    try:
        notify(recorder, assignment_id, is_working=False)
    except ConnectionError:  # yours to handle; it is recorded already
        print("notified?", history.outcome(assignment_id, ActionType.NOTIFIED))
    notify(recorder, assignment_id, is_working=True)
    print("notified?", history.outcome(assignment_id, ActionType.NOTIFIED))

    timeline = history.timeline(assignment_id)
    latest = timeline.latest_successful()
    print("1. The most recent success:", latest and latest.action_type)
    for failed in timeline.failures():
        print(f"2. Failed at {failed.failed_at}, because of {failed.failure}")
    print("3. All actions, in order:")
    for action in timeline:
        print(f"   {action.created_at} {action.action_type} {action.status}")
    recorder.close()


if __name__ == "__main__":
    tell_a_story(InMemoryActionRepository())

    database = SqlActionRepository.from_url("sqlite:///quickstart.sqlite3")
    database.create_schema()
    tell_a_story(database)
