"""A Django model as a project would use it: plain, with history, with a log."""
# The peers are not installed where types are checked.
# mypy: ignore-errors

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from auditlog.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from simple_history.utils import bulk_create_with_history

from assignment_actions import Action
from benchmarks.django_models import (
    AbstractAction,
    HistoryAction,
    LoggedAction,
    PlainAction,
    instance_of,
)
from benchmarks.django_setup import create_tables, empty
from benchmarks.population import Row
from benchmarks.workloads import TYPE, Ids, Without

LATEST_FIRST = ("-completed_at", "-created_at", "-id")
BATCH = 1000


class DjangoWriting(Without):
    """Do the writing works with one model."""

    def __init__(self, name: str, model: type[AbstractAction]) -> None:
        self.name = name
        self._model = model
        self._objects = model.objects
        create_tables(ContentType, Permission, Group, get_user_model(), model)

    def close(self) -> None:
        """Close Django's connection."""
        connection.close()

    def start_and_succeed(self, assignment_id: UUID, /) -> None:
        """Create, change, save."""
        now = timezone.now()
        action = self._objects.create(
            assignment_id=assignment_id,
            action_type=TYPE,
            created_at=now,
            overdue_at=now + timedelta(hours=1),
        )
        action.status = "succeeded"
        action.completed_at = timezone.now()
        action.save(update_fields=["status", "completed_at"])

    def record_success(self, assignment_id: UUID, /) -> None:
        """Create."""
        now = timezone.now()
        self._objects.create(
            assignment_id=assignment_id,
            action_type=TYPE,
            status="succeeded",
            created_at=now,
            completed_at=now,
        )

    def record_many(self, instances: Sequence[AbstractAction], /) -> None:
        """Create in batches."""
        self._objects.bulk_create(instances, batch_size=BATCH)

    # -- not for the clock -------------------------------------------------------------

    def place(self, row: Row, /) -> Any:
        """Return the key of the page's order."""
        return row.created_at, row.id

    def prepared(self, actions: Sequence[Action], _: Sequence[Row], /) -> Any:
        """Return unsaved instances."""
        return [instance_of(self._model, action) for action in actions]

    def load(self, actions: Iterable[Action], /) -> None:
        """Fill the table."""
        self.record_many([instance_of(self._model, action) for action in actions])

    def clear(self) -> None:
        """Empty the table."""
        empty(self._model)

    def count(self) -> int:
        """Count the rows."""
        return self._objects.count()

    def identify(self, found: AbstractAction, /) -> UUID:
        """Return the id."""
        return found.pk


class Django(DjangoWriting):
    """Do all works with the plain model."""

    def __init__(self) -> None:
        super().__init__("Django", PlainAction)

    def latest_successful(self, assignment_id: UUID, /) -> AbstractAction | None:
        """Filter, order, first."""
        return (
            self._objects.defer("stacktrace")
            .filter(assignment_id=assignment_id, status="succeeded")
            .order_by(*LATEST_FIRST)
            .first()
        )

    def timeline(self, assignment_id: UUID, /) -> list[AbstractAction]:
        """Filter and order."""
        return list(
            self._objects.defer("stacktrace")
            .filter(assignment_id=assignment_id)
            .order_by("created_at", "id")
        )

    def failures(self, assignment_id: UUID, /) -> list[AbstractAction]:
        """Filter and order."""
        return list(
            self._objects.defer("stacktrace")
            .filter(assignment_id=assignment_id, status="failed")
            .order_by("created_at", "id")
        )

    def latest_of_page(self, ids: Ids, /) -> dict[UUID, AbstractAction]:
        """Ask for distinct assignments, or number the rows where there is no such."""
        wanted = self._objects.defer("stacktrace").filter(
            assignment_id__in=ids, status="succeeded"
        )
        if connection.vendor == "postgresql":
            found = wanted.order_by("assignment_id", *LATEST_FIRST)
            found = found.distinct("assignment_id")
        else:
            rank = Window(
                RowNumber(), partition_by=F("assignment_id"), order_by=LATEST_FIRST
            )
            found = wanted.annotate(rank=rank).filter(rank=1)
        return {one.assignment_id: one for one in found}

    def timelines_of_page(self, ids: Ids, /) -> dict[UUID, list[AbstractAction]]:
        """Filter by a list, and group."""
        found: dict[UUID, list[AbstractAction]] = {one: [] for one in ids}
        for action in (
            self._objects.defer("stacktrace")
            .filter(assignment_id__in=ids)
            .order_by("assignment_id", "created_at", "id")
        ):
            found[action.assignment_id].append(action)
        return found

    def page(self, limit: int, place: Any, /) -> list[AbstractAction]:
        """Order by time; a place is a condition."""
        wanted = self._objects.defer("stacktrace").order_by("-created_at", "-id")
        if place is not None:
            at, last = place
            wanted = wanted.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=last))
        return list(wanted[:limit])


class DjangoHistory(DjangoWriting):
    """Write with django-simple-history; reading is the plain model's."""

    def __init__(self) -> None:
        super().__init__("+ simple-history", HistoryAction)
        create_tables(HistoryAction.history.model)

    def record_many(self, instances: Sequence[AbstractAction], /) -> None:
        """Create in batches, with their history."""
        bulk_create_with_history(instances, HistoryAction, batch_size=BATCH)

    def clear(self) -> None:
        """Empty both tables."""
        super().clear()
        empty(HistoryAction.history.model)


class DjangoAuditlog(DjangoWriting):
    """Write with django-auditlog, which sees no bulk; reading is the plain model's."""

    record_many = None

    def __init__(self) -> None:
        super().__init__("+ auditlog", LoggedAction)
        create_tables(LogEntry)

    def load(self, actions: Iterable[Action], /) -> None:
        """Fill the table, unlogged."""
        LoggedAction.objects.bulk_create(
            [instance_of(LoggedAction, action) for action in actions], batch_size=BATCH
        )

    def clear(self) -> None:
        """Empty both tables."""
        super().clear()
        empty(LogEntry)
