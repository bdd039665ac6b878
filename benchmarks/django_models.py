"""The action as a Django project would model it: plain, with history, with a log."""
# The peers are not installed where types are checked.
# mypy: ignore-errors

from __future__ import annotations

from uuid import uuid4

from auditlog.registry import auditlog
from django.db import models
from django.utils import timezone
from simple_history.models import HistoricalRecords

from assignment_actions import Action


class AbstractAction(models.Model):
    """Be one action."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    assignment_id = models.UUIDField()
    action_type = models.CharField(max_length=64)
    status = models.CharField(max_length=16, default="in_progress")
    created_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True)
    unknown_at = models.DateTimeField(null=True)
    overdue_at = models.DateTimeField(null=True)
    key = models.CharField(max_length=255, null=True)  # noqa: DJ001  # as in ours
    attempt = models.IntegerField(default=1)
    actor = models.CharField(max_length=255, null=True)  # noqa: DJ001  # as in ours
    details = models.JSONField(default=dict)
    reason = models.CharField(max_length=64, null=True)  # noqa: DJ001  # as in ours
    exception_type = models.CharField(max_length=255, default="")
    message = models.TextField(default="")
    fingerprint = models.CharField(max_length=64, default="")
    truncated = models.BooleanField(default=False)
    stacktrace = models.TextField(null=True)  # noqa: DJ001  # as in ours

    class Meta:
        """Index what is asked for."""

        abstract = True
        app_label = "benchmarks"
        indexes = (
            models.Index(
                fields=["assignment_id", "created_at", "id"],
                name="%(class)s_timeline",
            ),
            models.Index(
                fields=["assignment_id", "status", "completed_at"],
                name="%(class)s_latest",
            ),
            models.Index(fields=["created_at", "id"], name="%(class)s_page"),
        )

    def __str__(self) -> str:
        return f"{self.action_type} {self.status}"


class PlainAction(AbstractAction):
    """Nothing beside the row."""

    class Meta(AbstractAction.Meta):
        """A table of its own."""


class HistoryAction(AbstractAction):
    """Every change copied by django-simple-history."""

    history = HistoricalRecords()

    class Meta(AbstractAction.Meta):
        """A table of its own."""


class LoggedAction(AbstractAction):
    """Every change logged by django-auditlog."""

    class Meta(AbstractAction.Meta):
        """A table of its own."""


auditlog.register(LoggedAction)

_COPIED = (
    *("id", "assignment_id", "created_at", "completed_at", "unknown_at", "overdue_at"),
    *("key", "attempt", "actor"),
)


def instance_of(model: type[AbstractAction], action: Action) -> AbstractAction:
    """Return an unsaved instance of what an action says."""
    failure = action.failure
    of_failure = {}
    if failure is not None:
        of_failure = {
            "reason": str(failure.reason),
            "exception_type": failure.exception_type,
            "message": failure.message,
            "fingerprint": failure.fingerprint,
            "truncated": failure.truncated,
            "stacktrace": failure.stacktrace,
        }
    return model(
        **{name: getattr(action, name) for name in _COPIED},
        action_type=str(action.action_type),
        status=str(action.status),
        details=dict(action.details),
        **of_failure,
    )
