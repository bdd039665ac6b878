"""What routes ask for: FastAPI hands it to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID, uuid4

import httpx
from fastapi import Depends, Header, HTTPException, Request

from assignment_actions import (
    AsyncActionHistory,
    AsyncActionRecorder,
    recording_context,
)
from examples.fastapi_app import assignments

_Name = Annotated[str | None, Header(min_length=1, max_length=255)]


# `async def`, all of them: a plain `def` dependency runs in a thread of its own, and
# what `recording_context` says there does not reach the route.
async def request_recorder(
    request: Request, x_actor: _Name = None, x_request_id: _Name = None
) -> AsyncIterator[AsyncActionRecorder]:
    """
    Yield the recorder; what the request records says who asked, and in which request.

    A header will do where a gateway of yours sets it; else take the actor from your
    authentication.
    """
    details = {"request_id": x_request_id or str(uuid4())}
    with recording_context(actor=x_actor, details=details):
        yield request.app.state.recorder


async def request_history(request: Request) -> AsyncActionHistory:
    """Return the history: a page that only reads is given what cannot write."""
    recorder: AsyncActionRecorder = request.app.state.recorder
    return recorder.history


async def mail_client(request: Request) -> httpx.AsyncClient:
    """Return the client of the mail provider."""
    client: httpx.AsyncClient = request.app.state.mail
    return client


async def all_assignments(request: Request) -> assignments.Assignments:
    """Return the host's own rows."""
    rows: assignments.Assignments = request.app.state.assignments
    return rows


Assignments = Annotated[assignments.Assignments, Depends(all_assignments)]


async def one_assignment(
    assignment_id: UUID, rows: Assignments
) -> assignments.Assignment:
    """Return the row that the path names."""
    if assignment_id not in rows:
        raise HTTPException(404, "There is no such assignment.")
    return rows[assignment_id]


Assignment = Annotated[assignments.Assignment, Depends(one_assignment)]
History = Annotated[AsyncActionHistory, Depends(request_history)]
Mail = Annotated[httpx.AsyncClient, Depends(mail_client)]
Recorder = Annotated[AsyncActionRecorder, Depends(request_recorder)]
