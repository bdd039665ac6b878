"""The routes that do something about an assignment, and leave a record of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from assignment_actions import (
    Action,
    ActionType,
    AsyncActionRecorder,
    DuplicateActionError,
    OutcomeUnknownError,
    StorageError,
)
from examples.fastapi_app import assignments
from examples.fastapi_app.dependencies import Assignment, Assignments, Mail, Recorder

router = APIRouter(tags=["reminders"])


class RecordedAction(BaseModel):
    """Be what the API shows of an action."""

    id: UUID
    action_type: str
    status: str
    attempt: int

    @classmethod
    def of(cls, action: Action) -> RecordedAction:
        """Return what is shown of one action."""
        return cls(
            id=action.id,
            action_type=action.action_type,
            status=action.status,
            attempt=action.attempt,
        )


@router.post(
    "/assignments/{assignment_id}/reminders",  # noqa: FAST003  # Assignment takes it
    status_code=201,
)
async def post_reminder(
    assignment: Assignment, recorder: Recorder, mail: Mail
) -> RecordedAction:
    """Remind a learner, at most once a day; after a failure this tries again."""
    return RecordedAction.of(await remind(assignment, recorder, mail))


@router.post("/reminders", response_class=StreamingResponse)
async def post_reminders(
    rows: Assignments, recorder: Recorder, mail: Mail
) -> StreamingResponse:
    """
    Remind everybody whose assignment is allocated; a line of text for each.

    When the client goes away the rest are left alone, and of the reminder that was
    under way nobody knows: it is recorded as unknown.
    """

    async def lines() -> AsyncIterator[str]:
        try:
            for assignment in rows.values():
                if assignment.state == "allocated":
                    word = await _reminded(assignment, recorder, mail)
                    yield f"{assignment.id} {word}\n"
        except StorageError:  # the answer has begun: it can be no 503 any more
            yield "The record cannot be reached. The rest are left alone.\n"

    return StreamingResponse(lines(), media_type="text/plain")


async def remind(
    assignment: assignments.Assignment,
    recorder: AsyncActionRecorder,
    mail: httpx.AsyncClient,
) -> Action:
    """
    Send a reminder, and return the record of it.

    Raises:
        DuplicateActionError: one was sent today, or is on its way.
        OutcomeUnknownError: one may have been sent today.
        StorageError: it could not be recorded, so it was not sent.
        httpx.HTTPError: it was not sent; that is recorded.
    """
    today = f"{recorder.history.now():%Y-%m-%d}"
    async with recorder.recording(
        assignment.id, ActionType.REMINDED, key=today
    ) as recording:
        message = {
            # The same for each try: a provider knows what it took, but answered late.
            "id": f"reminded-{assignment.id}-{today}",
            "to": assignment.learner_email,
            "text": f"{assignment.course} is waiting for you.",
        }
        response = await mail.post("/messages", json=message)
        response.raise_for_status()
        recording.add_details(message_id=message["id"])
    return recording.action


async def _reminded(
    assignment: assignments.Assignment,
    recorder: AsyncActionRecorder,
    mail: httpx.AsyncClient,
) -> str:
    """Return in a word what became of one reminder of many."""
    try:
        await remind(assignment, recorder, mail)
    except DuplicateActionError:
        return "earlier"
    except OutcomeUnknownError:
        return "unknown"
    except httpx.HTTPError:
        return "failed"
    return "reminded"
