"""The public API as mypy --strict sees it; checked, never executed."""

from collections.abc import Generator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, assert_type
from uuid import UUID

from assignment_actions import (
    Action,
    ActionFilter,
    ActionHistory,
    ActionRecorder,
    ActionRepository,
    ActionStatus,
    ActionType,
    AsyncActionHistory,
    AsyncActionRecorder,
    AsyncActionRepository,
    AsyncInMemoryActionRepository,
    AsyncRecording,
    DuplicateActionError,
    ErrorReason,
    Failure,
    FailureGroup,
    InMemoryActionRepository,
    JoinedActionRepository,
    Outcome,
    Page,
    Recording,
    StorageError,
    Timeline,
    Verdict,
)
from assignment_actions.adapters.sql import (
    AsyncSqlActionRepository,
    SqlActionRepository,
)
from assignment_actions.openedx import (
    AssignmentFacts,
    AssignmentSummary,
    is_acknowledged,
    summaries,
    summarise,
)


class HostType(StrEnum):
    """A host's own vocabulary."""

    PACKED = "packed"


NOW = datetime.now(UTC)
SOME_ID = UUID(int=1)

memory: ActionRepository = InMemoryActionRepository(assignment_id_type=UUID)
joined: JoinedActionRepository = InMemoryActionRepository()
sql: ActionRepository = SqlActionRepository.from_url("sqlite://")
recorder = ActionRecorder(
    memory,
    clock=lambda: NOW,
    ids=lambda _created_at: SOME_ID,
    vocabulary=HostType,
    reasons={TimeoutError: ErrorReason.TIMEOUT, OSError: "disk_error"},
    redact=str.lower,
    overdue_after={HostType.PACKED: timedelta(minutes=5)},
)
unredacted = ActionRecorder(sql, vocabulary=[HostType, "shipped"], redact=None)


def recording() -> None:
    """Record around an effect."""
    with recorder.recording(
        SOME_ID,
        ActionType.REMINDED,
        key="2026-11-22",
        actor="admin:7",
        details={"n": 1},
    ) as block:
        assert_type(block, Recording)
        assert_type(block.action, Action)
        block.add_details(message_id="m-1")
        block.add_details({"channel": "email"}, tries=2)
        assert_type(block.succeed(joined_to=object(), details={"a": 1}), Action)
        assert_type(block.fail(TimeoutError()), Action)


def does_not_swallow() -> int:
    """Return from the block: leaving it never swallows an exception."""
    with recorder.recording(1, "notified"):
        return 1


def step_by_step() -> None:
    """Record step by step, and at once."""
    action = assert_type(recorder.start("a", HostType.PACKED), Action)
    assert_type(recorder.succeed(action, details={"a": (1, 2)}), Action)
    assert_type(recorder.fail(action, OSError("full")), Action)
    assert_type(recorder.mark_unknown(action), Action)
    assert_type(recorder.record_success(7, "notified", at=NOW), Action)
    bounce = Failure.of(reason="email_error", message="mailbox full")
    assert_type(recorder.record_failure(7, "notified", bounce), Action)
    assert_type(recorder.record_many(iter([action]), batch_size=10), int)
    assert_type(recorder.joined_to(object()), ActionRecorder)
    assert_type(recorder.flush(), int)
    recorder.close()


@recorder.recorded("notified", assignment_id="learner", key="day")
def notify(learner: UUID, *, day: str) -> int:
    """Keep the signature under the decorator."""
    return len(day) + learner.version if learner.version else 0


assert_type(notify(SOME_ID, day="monday"), int)
notify("not a UUID", day="monday")  # type: ignore[arg-type]
notify(SOME_ID)  # type: ignore[call-arg]
recorder.start(1.5, "notified")  # type: ignore[arg-type]
recorder.start(1, "notified", "k")  # type: ignore[call-arg]
recorder.fail(recorder.start(1, "notified"), "no")  # type: ignore[arg-type]
recorder.history.start(1, "notified")  # type: ignore[attr-defined]


def questions(history: ActionHistory) -> None:
    """Ask about one assignment, and about many."""
    assert_type(recorder.history, ActionHistory)
    assert_type(history.get(SOME_ID), Action)
    assert_type(history.timeline(1, types=["notified"]), Timeline)
    assert_type(history.timeline(1, statuses=["failed"]), Timeline)
    history.timeline(1, None, ["failed"])  # type: ignore[call-arg]
    found = history.timelines([SOME_ID, SOME_ID], statuses={ActionStatus.FAILED})
    assert_type(found, Mapping[UUID | int | str, Timeline])
    assert_type(history.latest_successful(1, ActionType.NOTIFIED), Action | None)
    assert_type(history.outcome(1, "notified", since=NOW, key="k"), Outcome)
    wanted = ActionFilter(statuses=["failed"], created_from=NOW)
    page = assert_type(history.find(wanted, limit=5, after=None), Page)
    assert_type(page.actions, tuple[Action, ...])
    assert_type(page.next_cursor, str | None)
    assert_type(page.previous_cursor, str | None)
    assert_type(history.find(wanted, before=page.next_cursor), Page)
    assert_type(history.iterate(wanted), Generator[Action])
    assert_type(history.count(wanted), int)
    assert_type(history.count_by(wanted, "day"), Mapping[str, int])
    assert_type(history.overdue(limit=3), tuple[Action, ...])
    assert_type(history.failure_groups(since=NOW), tuple[FailureGroup, ...])


def timelines(timeline: Timeline) -> None:
    """Narrow a timeline, and ask it."""
    assert_type(timeline[0], Action)
    assert_type(timeline[1:], Timeline)
    assert_type(list(timeline), list[Action])
    assert_type(timeline.of_type("notified", HostType.PACKED).failures(), Timeline)
    assert_type(timeline.since(NOW).with_key("k").successes(), Timeline)
    assert_type(timeline.latest(), Action | None)
    outcome = assert_type(timeline.outcome("notified", now=NOW), Outcome)
    assert_type(outcome.verdict, Verdict)
    assert_type(outcome.at, datetime | None)


def values(action: Action) -> None:
    """Look at an action."""
    assert_type(action.id, UUID)
    assert_type(action.assignment_id, UUID | int | str)
    assert_type(action.status, ActionStatus)
    assert_type(action.action_type, str)
    assert_type(action.created_at, datetime)
    assert_type(action.completed_at, datetime | None)
    assert_type(action.duration, timedelta | None)
    assert_type(action.details, Mapping[str, Any])
    assert_type(action.is_overdue(NOW), bool)
    assert_type(action.failure, Failure | None)
    action.attempt = 2  # type: ignore[misc]


def errors() -> None:
    """Catch an error, and look at what it carries."""
    try:
        recorder.start(1, "notified", key="k")
    except DuplicateActionError as error:
        assert_type(error.action, Action | None)
    except StorageError as error:
        assert_type(error.transaction_lost, bool)


def open_edx(history: ActionHistory, timeline: Timeline) -> None:
    """Summarise for an Open edX assignment page."""
    facts = AssignmentFacts(state="allocated", allocated_at=NOW)
    assert_type(summarise(timeline, facts, now=NOW), AssignmentSummary)
    assert_type(
        summaries(history, {SOME_ID: facts}),
        Mapping[UUID, AssignmentSummary],
    )
    assert_type(is_acknowledged(timeline, "expired"), bool | None)


async def awaited(
    recorder: AsyncActionRecorder,
    history: AsyncActionHistory,
    action: Action,
    asked: UUID,
) -> None:
    """The twins: what is awaited has the same type."""
    async with recorder.recording(asked, "notified", key="k") as recording:
        assert_type(recording, AsyncRecording)
        assert_type(recording.action, Action)
        assert_type(await recording.succeed(joined_to=object()), Action)
    assert_type(await recorder.start(asked, "notified"), Action)
    assert_type(await recorder.fail(action, ValueError()), Action)
    assert_type(recorder.history, AsyncActionHistory)
    assert_type(recorder.joined_to(object()), AsyncActionRecorder)
    assert_type(await recorder.record_many(history.iterate(ActionFilter())), int)
    assert_type(await recorder.record_many([action]), int)
    assert_type(await history.timeline(asked), Timeline)
    assert_type(await history.timelines([asked]), Mapping[UUID | int | str, Timeline])
    assert_type(await history.latest_successful(asked), Action | None)
    assert_type(await history.outcome(asked, "notified"), Outcome)
    assert_type(await history.find(ActionFilter()), Page)
    async for one in history.iterate(ActionFilter()):
        assert_type(one, Action)

    @recorder.recorded("notified")
    async def notify(assignment_id: UUID, times: int = 1) -> str:
        return f"{assignment_id}" * times

    assert_type(await notify(asked, times=2), str)


awaited_memory: AsyncActionRepository = AsyncInMemoryActionRepository()
awaited_sql: AsyncActionRepository = AsyncSqlActionRepository.from_url("sqlite://")
