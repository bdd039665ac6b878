"""django-celery-results: the task's result as the record of one try."""
# The peers are not installed where types are checked.
# mypy: ignore-errors

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django_celery_results.models import TaskResult

from assignment_actions import Action
from benchmarks.django_setup import create_tables, empty
from benchmarks.population import Row
from benchmarks.workloads import TYPE, Without

STATES = {
    "in_progress": "STARTED",
    "succeeded": "SUCCESS",
    "failed": "FAILURE",
    "unknown": "REVOKED",
}


class CeleryResults(Without):
    """
    Record what Celery's backend records, and find it by the task's arguments.

    There is no column for what a task was about: its arguments are text.
    """

    name = "celery-results"

    def __init__(self) -> None:
        create_tables(TaskResult)

    def close(self) -> None:
        """Close Django's connection."""
        connection.close()

    def start_and_succeed(self, assignment_id: UUID, /) -> None:
        """Store that the task is started, then its result."""
        task_id = str(uuid4())
        _store(task_id, "STARTED", assignment_id)
        _store(task_id, "SUCCESS", assignment_id)

    def record_success(self, assignment_id: UUID, /) -> None:
        """Store a result."""
        _store(str(uuid4()), "SUCCESS", assignment_id)

    def record_many(self, results: Sequence[TaskResult], /) -> None:
        """Create in batches."""
        TaskResult.objects.bulk_create(results, batch_size=1000)

    def latest_successful(self, assignment_id: UUID, /) -> TaskResult | None:
        """Search the arguments."""
        return _about(assignment_id).filter(status="SUCCESS").first()

    def timeline(self, assignment_id: UUID, /) -> list[TaskResult]:
        """Search the arguments."""
        return list(_about(assignment_id).order_by("date_created"))

    def failures(self, assignment_id: UUID, /) -> list[TaskResult]:
        """Search the arguments."""
        found = _about(assignment_id).filter(status="FAILURE")
        return list(found.order_by("date_created"))

    # -- not for the clock -------------------------------------------------------------

    def prepared(self, actions: Sequence[Action], _: Sequence[Row], /) -> Any:
        """Return unsaved results."""
        return [_result(action) for action in actions]

    def load(self, actions: Iterable[Action], /) -> None:
        """Fill the table with times of their own."""
        fields = TaskResult._meta  # noqa: SLF001  # Django's documented name
        done, created = fields.get_field("date_done"), fields.get_field("date_created")
        done.auto_now = created.auto_now_add = False
        try:
            self.record_many([_result(action) for action in actions])
        finally:
            done.auto_now = created.auto_now_add = True

    def clear(self) -> None:
        """Empty the table."""
        empty(TaskResult)

    def count(self) -> int:
        """Count the rows."""
        return TaskResult.objects.count()

    def identify(self, found: TaskResult, /) -> UUID:
        """Return the task's id."""
        return UUID(found.task_id)


def _store(task_id: str, status: str, assignment_id: UUID) -> None:
    TaskResult.objects.store_result(
        content_type="application/json",
        content_encoding="utf-8",
        task_id=task_id,
        result="null",
        status=status,
        task_name=TYPE,
        task_args=json.dumps([str(assignment_id)]),
        task_kwargs="{}",
    )


def _about(assignment_id: UUID) -> Any:
    found = TaskResult.objects.defer("traceback")
    return found.filter(task_args__contains=str(assignment_id))


def _result(action: Action) -> TaskResult:
    failure = action.failure
    return TaskResult(
        task_id=str(action.id),
        task_name=str(action.action_type),
        task_args=json.dumps([str(action.assignment_id)]),
        task_kwargs="{}",
        status=STATES[action.status],
        content_type="application/json",
        content_encoding="utf-8",
        result="null" if failure is None else json.dumps(failure.message),
        date_created=action.created_at,
        date_done=action.completed_at or action.created_at,
        traceback=None if failure is None else failure.stacktrace,
        meta=json.dumps(dict(action.details)),
    )
