"""Reminders are sent once, and whatever becomes of them is recorded."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from assignment_actions import (
    Action,
    ActionStatus,
    AsyncActionHistory,
    AsyncActionRecorder,
    AsyncActionRepository,
    AsyncInMemoryActionRepository,
    StorageError,
    Verdict,
)
from assignment_actions.adapters.sql import AsyncSqlActionRepository
from examples.fastapi_app.assignments import Assignment, sample_assignments
from examples.fastapi_app.conftest import opened
from examples.mail_gateway import MailGateway

pytestmark = pytest.mark.anyio


class TestOneReminder:
    """A reminder for one learner."""

    async def test_sent(
        self,
        client: httpx.AsyncClient,
        history: AsyncActionHistory,
        gateway: MailGateway,
        assignment: Assignment,
    ) -> None:
        """It is sent; the record holds who asked, in which request, and the mail."""
        answer = await client.post(
            f"/assignments/{assignment.id}/reminders",
            headers={"X-Actor": "admin:7", "X-Request-Id": "r-1"},
        )
        assert 201 == answer.status_code
        assert "succeeded" == answer.json()["status"]
        (action,) = await history.timeline(assignment.id)
        assert answer.json()["id"] == str(action.id)
        assert "admin:7" == action.actor
        message_id = f"reminded-{assignment.id}-{action.key}"
        assert {"message_id": message_id, "request_id": "r-1"} == action.details
        assert [message_id] == gateway.taken

    async def test_again(
        self, client: httpx.AsyncClient, gateway: MailGateway, assignment: Assignment
    ) -> None:
        """The second of a day is refused, and told of the first; none is sent."""
        path = f"/assignments/{assignment.id}/reminders"
        first = await client.post(path)
        second = await client.post(path)
        assert [201, 409] == [first.status_code, second.status_code]
        assert first.json() == second.json()["action"]
        assert 1 == len(gateway.taken)

    async def test_refused(
        self,
        client: httpx.AsyncClient,
        history: AsyncActionHistory,
        gateway: MailGateway,
        assignment: Assignment,
    ) -> None:
        """Where the provider refuses it, the record says why, and the next try may."""
        path = f"/assignments/{assignment.id}/reminders"
        gateway.is_full = True
        answer = await client.post(path)
        assert 502 == answer.status_code
        outcome = await history.outcome(assignment.id, "reminded")
        assert Verdict.NO == outcome.verdict
        assert outcome.action is not None
        failure = (await history.get(outcome.action.id)).failure
        assert failure is not None
        assert "email_error" == failure.reason
        assert "httpx.HTTPStatusError" == failure.exception_type
        assert "response.raise_for_status()" in (failure.stacktrace or "")
        gateway.is_full = False
        again = await client.post(path)
        assert (201, 2) == (again.status_code, again.json()["attempt"])

    async def test_unknown(
        self,
        client: httpx.AsyncClient,
        repository: AsyncActionRepository,
        history: AsyncActionHistory,
        gateway: MailGateway,
        assignment: Assignment,
    ) -> None:
        """One that may have been sent is not sent again; the answer says so."""
        recorder = AsyncActionRecorder(repository)
        today = f"{history.now():%Y-%m-%d}"
        started = await recorder.start(assignment.id, "reminded", key=today)
        await recorder.mark_unknown(started)
        answer = await client.post(f"/assignments/{assignment.id}/reminders")
        assert 409 == answer.status_code
        assert "nobody knows" in answer.json()["detail"]
        assert str(started.id) == answer.json()["action"]["id"]
        assert [] == gateway.taken

    async def test_no_such_assignment(self, client: httpx.AsyncClient) -> None:
        """An assignment that is none is not found, and leaves no record."""
        answer = await client.post(f"/assignments/{uuid4()}/reminders")
        assert 404 == answer.status_code

    async def test_store_away(
        self,
        sqlite: AsyncSqlActionRepository,
        gateway: MailGateway,
        assignment: Assignment,
        tmp_path: Path,
    ) -> None:
        """What cannot be recorded is not sent."""
        other = sqlite3.connect(tmp_path / "actions.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        async with opened(sqlite, gateway) as client:
            answer = await client.post(f"/assignments/{assignment.id}/reminders")
        other.close()
        assert 503 == answer.status_code
        assert "nothing was done" in answer.json()["detail"]
        assert [] == gateway.taken


class Away(AsyncInMemoryActionRepository):
    """A store that is away from its third action on."""

    added = 0

    async def add(self, /, *actions: Action) -> None:
        self.added += 1
        if self.added > 2:
            raise StorageError("add", "connection refused")
        await super().add(*actions)


class TestAllReminders:
    """Reminders for everybody, streamed."""

    async def test_store_away(self, gateway: MailGateway) -> None:
        """What was done stands in the answer, and that the rest was not."""
        async with opened(Away(), gateway) as client:
            answer = await client.post("/reminders")
        *done, last = answer.text.splitlines()
        assert ["reminded"] * 2 == [line.split()[1] for line in done]
        assert "The rest are left alone" in last
        assert 2 == len(gateway.taken)

    async def test_each(
        self,
        client: httpx.AsyncClient,
        history: AsyncActionHistory,
        gateway: MailGateway,
        assignment: Assignment,
    ) -> None:
        """Whoever has an assignment is reminded; the others are left alone."""
        await client.post(f"/assignments/{assignment.id}/reminders")
        answer = await client.post("/reminders", headers={"X-Actor": "cron"})
        rows = sample_assignments().values()
        allocated = [row.id for row in rows if row.state == "allocated"]
        assert [f"{assignment.id} earlier"] == answer.text.splitlines()[:1]
        assert [f"{one} reminded" for one in allocated[1:]] == (
            answer.text.splitlines()[1:]
        )
        assert len(allocated) == len(gateway.taken)
        timelines = await history.timelines(row.id for row in rows)
        done = [one for line in timelines.values() for one in line]
        assert {ActionStatus.SUCCEEDED} == {one.status for one in done}
        assert len(allocated) - 1 == [one.actor for one in done].count("cron")
