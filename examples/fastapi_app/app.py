"""
A backend that reminds learners, and can say what became of every reminder.

Run: python -m uvicorn examples.fastapi_app.app:app
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from assignment_actions import AsyncActionRecorder, AsyncActionRepository, ErrorReason
from assignment_actions.adapters.sql import AsyncSqlActionRepository
from examples.fastapi_app import pages, refusals, reminders
from examples.fastapi_app.assignments import Assignments, sample_assignments

DATABASE_URL = "sqlite+aiosqlite:///fastapi_app.sqlite3"
MAIL_URL = "http://127.0.0.1:8025"


def create_app(
    repository: AsyncActionRepository | None = None,
    *,
    assignments: Assignments | None = None,
    mail_url: str | None = None,
) -> FastAPI:
    """
    Return the application; tests give it a repository in memory.

    Args:
        repository: where actions are kept; else the database at DATABASE_URL.
        assignments: the host's own rows.
        mail_url: where reminders are sent; else MAIL_URL of the environment.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        recorder = AsyncActionRecorder(
            repository or await database(),
            reasons={httpx.HTTPError: ErrorReason.EMAIL_ERROR},
        )
        base_url = mail_url or os.environ.get("MAIL_URL", MAIL_URL)
        try:
            async with httpx.AsyncClient(
                base_url=base_url, timeout=30, trust_env=False
            ) as mail:
                app.state.recorder, app.state.mail = recorder, mail
                yield
        finally:
            await recorder.close()  # stores what was kept while the database was away

    app = FastAPI(title="Assignments", lifespan=lifespan)
    app.state.assignments = sample_assignments() if assignments is None else assignments
    app.include_router(reminders.router)
    app.include_router(pages.router)
    refusals.answer_refusals(app)
    return app


async def database() -> AsyncSqlActionRepository:
    """Return the database of the environment, its tables created where missing."""
    url = os.environ.get("DATABASE_URL", DATABASE_URL)
    repository = AsyncSqlActionRepository.from_url(url)
    await repository.create_schema()
    return repository


app = create_app()
