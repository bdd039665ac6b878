"""The pages: what happened to these assignments, and what fails."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates

from assignment_actions import Action, ActionFilter, ActionStatus, Outcome, Timeline
from assignment_actions.openedx import summarise_each
from examples.fastapi_app.dependencies import Assignment, Assignments, History

ASSIGNMENTS_PER_PAGE, FAILURES_PER_PAGE = 100, 25

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)
templates = Jinja2Templates(Path(__file__).parent / "templates")


def moment(at: datetime) -> str:
    """Return a moment as people read it."""
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def words(name: str) -> str:
    """Return the name of a type or of a status as people read it."""
    return name.replace("_", " ")


templates.env.filters.update(moment=moment, words=words)


@router.get("/")
async def home() -> Response:
    """Lead to the assignments."""
    return RedirectResponse("/assignments")


@router.get("/assignments")
async def assignments_page(
    request: Request, history: History, rows: Assignments
) -> Response:
    """Show what became of 100 assignments: one query, however much happened."""
    shown = list(islice(rows.values(), ASSIGNMENTS_PER_PAGE))
    timelines = await history.timelines(row.id for row in shown)
    summaries = summarise_each(
        timelines, {row.id: row.facts for row in shown}, now=history.now()
    )
    lines = [
        {
            "assignment": row,
            "summary": summaries[row.id],
            "latest": timelines[row.id].latest(),
        }
        for row in shown
    ]
    context = {"lines": lines, "total": len(rows)}
    return templates.TemplateResponse(request, "assignments.html", context)


@router.get("/failures")
async def failures_page(
    request: Request,
    history: History,
    rows: Assignments,
    after: str | None = None,
    before: str | None = None,
) -> Response:
    """Show what failed, newest first: one query, however deep the page."""
    failed = ActionFilter(statuses=[ActionStatus.FAILED])
    try:
        page = await history.find(
            failed, limit=FAILURES_PER_PAGE, after=after, before=before
        )
    except ValueError as error:  # somebody has edited the address
        raise HTTPException(400, str(error)) from error
    context = {"page": page, "rows": rows}
    return templates.TemplateResponse(request, "failures.html", context)


@router.get("/assignments/{assignment_id}")  # noqa: FAST003  # Assignment takes it
async def assignment_page(
    request: Request,
    assignment: Assignment,
    history: History,
    action: UUID | None = None,
) -> Response:
    """Show one assignment's timeline, and one failure with its stacktrace."""
    timeline = await history.timeline(assignment.id)
    chosen = _chosen(timeline, action)
    context = {
        "assignment": assignment,
        "timeline": timeline,
        "outcomes": _outcomes(timeline, now=history.now()),
        # Lists leave stacktraces out; this is the one that is shown.
        "chosen": None if chosen is None else await history.get(chosen.id),
    }
    return templates.TemplateResponse(request, "assignment.html", context)


def _outcomes(timeline: Timeline, *, now: datetime) -> list[tuple[str, Outcome]]:
    """Return what became of each thing done: each type, and under it each key."""
    tries: dict[tuple[str, str], list[Action]] = {}
    for action in timeline:
        tries.setdefault((action.action_type, action.key or ""), []).append(action)
    return [
        (key, Timeline(some).outcome(action_type, now=now))
        for (action_type, key), some in tries.items()
    ]


def _chosen(timeline: Timeline, action_id: UUID | None) -> Action | None:
    """Return the action asked for, else the last that tells what went wrong."""
    if action_id is None:
        told = [one for one in timeline if one.failure is not None]
        return told[-1] if told else None
    found = next((one for one in timeline if one.id == action_id), None)
    if found is None:
        raise HTTPException(404, "There is no such action.")
    return found
