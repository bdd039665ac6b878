"""
A worker that sends welcome mails, each once, whatever interrupts it.

Reads assignment ids from a file, one in a line, and works on several at a time. Stop it
(SIGTERM, Ctrl-C) and run it again with the same file: what was done is not done again,
what was interrupted is asked about first, what failed is tried again.

Run: python -m examples.asyncio_worker.worker jobs.txt

DATABASE_URL and MAIL_URL say where actions are kept, and who sends the mail.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx

from assignment_actions import (
    Action,
    ActionType,
    AsyncActionRecorder,
    DuplicateActionError,
    ErrorReason,
    OutcomeUnknownError,
    StorageError,
)
from assignment_actions.adapters.sql import AsyncSqlActionRepository

TASKS = 5
OVERDUE_AFTER = timedelta(minutes=5)  # then a killed worker's jobs are asked about
DATABASE_URL = "sqlite+aiosqlite:///asyncio_worker.sqlite3"
MAIL_URL = "http://127.0.0.1:8025"

Job = Callable[[UUID], Awaitable[None]]


def welcoming(recorder: AsyncActionRecorder, mail: httpx.AsyncClient) -> Job:
    """Return what is done about one assignment; it is recorded, and never raises."""

    @recorder.recorded(ActionType.NOTIFIED, key="key")
    async def send(assignment_id: UUID, *, key: str) -> None:
        # The same for each try: a provider knows what it took, but answered late.
        message = {"id": f"{key}-{assignment_id}", "text": "Welcome!"}
        response = await mail.post("/messages", json=message)
        response.raise_for_status()

    async def welcome(assignment_id: UUID) -> None:
        try:
            await send(assignment_id, key="welcome")
        except DuplicateActionError:
            print(assignment_id, "was done before, or is under way")
        except OutcomeUnknownError:
            print(assignment_id, "may have been done: left alone")
        except httpx.HTTPError as error:
            print(assignment_id, "failed:", type(error).__name__)
        except StorageError:  # it could not be recorded, so it was not begun
            print(assignment_id, "left for the next run")
        else:
            print(assignment_id, "done")

    return welcome


def asking(mail: httpx.AsyncClient) -> Callable[[Action], Awaitable[bool]]:
    """Return a probe: did the provider take the mail of an interrupted action?"""

    async def was_taken(action: Action) -> bool:
        response = await mail.get(f"/messages/{action.key}-{action.assignment_id}")
        if response.status_code == httpx.codes.NOT_FOUND:
            return False
        response.raise_for_status()  # what it raises leaves the action unknown
        return True

    return was_taken


async def work_off(jobs: Iterable[UUID], do: Job, *, tasks: int = TASKS) -> None:
    """Do all jobs, so many at a time; when this is cancelled, so are they."""
    queue = asyncio.Queue[UUID](maxsize=tasks)

    async def consume() -> None:
        while True:
            job = await queue.get()
            await do(job)
            queue.task_done()

    async with asyncio.TaskGroup() as group:
        consumers = [group.create_task(consume()) for _ in range(tasks)]
        for job in jobs:
            await queue.put(job)
        await queue.join()
        for consumer in consumers:
            consumer.cancel()


async def run(jobs: Iterable[UUID], *, database_url: str, mail_url: str) -> None:
    """Settle what an earlier run left behind, then work."""
    repository = AsyncSqlActionRepository.from_url(database_url)
    await repository.create_schema()
    recorder = AsyncActionRecorder(
        repository,
        reasons={httpx.HTTPError: ErrorReason.EMAIL_ERROR},
        overdue_after=OVERDUE_AFTER,
    )
    try:
        async with httpx.AsyncClient(
            base_url=mail_url, timeout=30, trust_env=False
        ) as mail:
            report = await recorder.reconcile(asking(mail))
            print(
                f"settled: {report.succeeded} had happened, {report.failed} had not,"
                f" {report.left + report.errors} are unknown"
            )
            await work_off(jobs, welcoming(recorder, mail))
    finally:
        await recorder.close()  # stores what was kept while the database was away


async def main(jobs: Iterable[UUID]) -> None:
    """Run until the jobs are done, or somebody says stop."""
    working = asyncio.create_task(
        run(
            jobs,
            database_url=os.environ.get("DATABASE_URL", DATABASE_URL),
            mail_url=os.environ.get("MAIL_URL", MAIL_URL),
        )
    )
    loop = asyncio.get_running_loop()
    for stop in (signal.SIGTERM, signal.SIGINT):
        # Every job under way is cancelled, and recorded as unknown.
        loop.add_signal_handler(stop, working.cancel)
    try:
        await working
    except asyncio.CancelledError:
        print("stopped")


if __name__ == "__main__":
    lines = Path(sys.argv[1]).read_text("utf-8").split()
    asyncio.run(main([UUID(line) for line in lines]))
