"""The pages show what happened, in as few queries as it takes."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from assignment_actions import (
    ActionType,
    AsyncActionRecorder,
    AsyncActionRepository,
)
from assignment_actions.adapters.sql import AsyncSqlActionRepository
from examples.fastapi_app.assignments import Assignment, sample_assignments
from examples.fastapi_app.conftest import opened
from examples.mail_gateway import MailGateway

pytestmark = pytest.mark.anyio


@pytest.fixture
def recorder(repository: AsyncActionRepository) -> AsyncActionRecorder:
    """Return what the rest of the backend records with."""
    return AsyncActionRecorder(repository)


class TestAssignments:
    """The page of all assignments."""

    async def test_content(
        self,
        client: httpx.AsyncClient,
        recorder: AsyncActionRecorder,
        assignment: Assignment,
    ) -> None:
        """All 100 are there; of one that failed, when and why."""
        failed = await recorder.record_failure(
            assignment.id, ActionType.NOTIFIED, OSError("mailbox <b>full</b>")
        )
        page = (await client.get("/assignments")).text
        assert 100 == page.count('<th role="rowheader" scope="row">')
        assert 1 == page.count('<span class="status failed">failed</span>')
        assert "mailbox &lt;b&gt;full&lt;/b&gt;" in page
        assert failed.completed_at is not None
        assert f'<time datetime="{failed.completed_at.isoformat()}">' in page
        assert 99 == page.count("nothing yet")

    async def test_one_statement(
        self, sqlite: AsyncSqlActionRepository, gateway: MailGateway
    ) -> None:
        """A page of 100, each with a history, is one statement."""
        recorder = AsyncActionRecorder(sqlite)
        for one in sample_assignments():
            await recorder.record_success(one, ActionType.LEARNER_LINKED)
            await recorder.record_failure(one, ActionType.NOTIFIED, OSError("full"))
        async with opened(sqlite, gateway) as client:
            statements = _noted(sqlite)
            page = (await client.get("/assignments")).text
        assert 100 == page.count('<span class="status failed">failed</span>')
        assert 1 == len(statements)


class TestFailures:
    """The pages of what failed."""

    async def test_paging(
        self, client: httpx.AsyncClient, recorder: AsyncActionRecorder
    ) -> None:
        """Links lead through all failures and back, each seen once, newest first."""
        rows = sample_assignments(60)
        for number, one in enumerate(rows):
            error = OSError(f"failure {number}.")
            await recorder.record_failure(one, ActionType.REMINDED, error)
        pages, address = [], "/failures"
        while address:
            text = (await client.get(address)).text
            pages.append(re.findall(r"failure (\d+)\.", text))
            address = _link("next", text)
        assert [25, 25, 10] == [len(page) for page in pages]
        seen = [int(number) for page in pages for number in page]
        assert list(reversed(range(60))) == seen
        back = (await client.get(_link("prev", text))).text
        assert pages[1] == re.findall(r"failure (\d+)\.", back)

    async def test_none(self, client: httpx.AsyncClient) -> None:
        """Where nothing has failed the page says so."""
        assert "Nothing has failed." in (await client.get("/failures")).text

    @pytest.mark.parametrize("name", ["after", "before"])
    async def test_edited_address(self, client: httpx.AsyncClient, name: str) -> None:
        """A cursor that is none is refused in words."""
        answer = await client.get(f"/failures?{name}=here")
        assert 400 == answer.status_code
        assert f"{name} must be a next_cursor" in answer.json()["detail"]


class TestOneAssignment:
    """The page of one assignment."""

    async def test_verdicts_and_stacktrace(
        self,
        client: httpx.AsyncClient,
        recorder: AsyncActionRecorder,
        assignment: Assignment,
    ) -> None:
        """It shows the timeline, a verdict for each type, and where it failed."""
        await recorder.record_success(assignment.id, ActionType.LEARNER_LINKED)
        with pytest.raises(ZeroDivisionError):
            async with recorder.recording(assignment.id, ActionType.NOTIFIED):
                _ = 1 / 0
        page = (await client.get(f"/assignments/{assignment.id}")).text
        assert "Yes, learner_linked succeeded at " in page
        assert "No, notified failed at " in page
        assert "_ = 1 / 0" in page
        assert 2 == page.count("<time ") - 1  # the allocation's

    async def test_verdict_for_each_key(
        self,
        client: httpx.AsyncClient,
        recorder: AsyncActionRecorder,
        assignment: Assignment,
    ) -> None:
        """Yesterday's reminder does not answer for today's, which failed."""
        one = assignment.id
        await recorder.record_success(one, "reminded", key="yesterday")
        await recorder.record_failure(one, "reminded", OSError("full"), key="today")
        page = (await client.get(f"/assignments/{one}")).text
        assert re.search(r"Yes, reminded .* \(1 attempt\)\. <small>yesterday", page)
        assert re.search(r"No, reminded .*full.* <small>today", page)

    async def test_chosen_failure(
        self,
        client: httpx.AsyncClient,
        recorder: AsyncActionRecorder,
        assignment: Assignment,
    ) -> None:
        """Of several failures each can be asked for; what is none is not found."""
        for word in ("first", "second"):
            with pytest.raises(LookupError):
                async with recorder.recording(assignment.id, ActionType.NOTIFIED):
                    raise LookupError(word)
        first = (await recorder.history.timeline(assignment.id))[0]
        path = f"/assignments/{assignment.id}"
        shown = (await client.get(f"{path}?action={first.id}")).text
        assert "LookupError: first" in shown
        assert "LookupError: second" not in shown.partition('id="failure"')[2]
        missing = await client.get(f"{path}?action={assignment.id}")
        assert 404 == missing.status_code

    async def test_two_statements(
        self,
        sqlite: AsyncSqlActionRepository,
        gateway: MailGateway,
        assignment: Assignment,
    ) -> None:
        """The timeline is one statement, and the one stacktrace shown another."""
        recorder = AsyncActionRecorder(sqlite)
        for _ in range(3):
            await recorder.record_failure(assignment.id, "notified", OSError("full"))
        async with opened(sqlite, gateway) as client:
            statements = _noted(sqlite)
            await client.get(f"/assignments/{assignment.id}")
        assert 2 == len(statements)


def _noted(repository: AsyncSqlActionRepository) -> list[str]:
    """Return a list that every statement from now on is added to."""
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(repository.engine.sync_engine, "before_cursor_execute", note)
    return statements


def _link(kind: str, page: str) -> str:
    """Return where a link of a page leads; nothing where there is none."""
    found = re.search(rf'<a rel="{kind}" href="([^"]*)"', page)
    return found[1] if found else ""
