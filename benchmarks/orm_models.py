"""The action as a SQLAlchemy project would map it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, Dialect, Index, String, Text, Uuid
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import DateTime, TypeDecorator

from assignment_actions import Action


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, microseconds kept, as every project writes it sooner or later."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Choose the database's type with microseconds."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """Store UTC."""
        if value is None or dialect.name == "postgresql":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """Load UTC."""
        if value is None or dialect.name == "postgresql":
            return value
        return value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Collect the tables."""


class AssignmentAction(Base):
    """Be one action."""

    __tablename__ = "orm_assignment_action"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    assignment_id: Mapped[UUID] = mapped_column(Uuid)
    action_type: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16), default="in_progress")
    created_at: Mapped[datetime] = mapped_column(
        UtcDateTime, default=lambda: datetime.now(UTC)
    )
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    unknown_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    overdue_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    key: Mapped[str | None] = mapped_column(String(255))
    attempt: Mapped[int] = mapped_column(default=1)
    actor: Mapped[str | None] = mapped_column(String(255))
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    reason: Mapped[str | None] = mapped_column(String(64))
    exception_type: Mapped[str | None] = mapped_column(String(255))
    message: Mapped[str | None] = mapped_column(Text)
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    truncated: Mapped[bool] = mapped_column(default=False)
    stacktrace: Mapped[str | None] = mapped_column(Text)


_c = AssignmentAction
Index("orm_timeline", _c.assignment_id, _c.created_at, _c.id)
Index("orm_latest", _c.assignment_id, _c.status, _c.completed_at)
Index("orm_page", _c.created_at, _c.id)

COPIED = (
    *("id", "assignment_id", "created_at", "completed_at", "unknown_at", "overdue_at"),
    *("key", "attempt", "actor"),
)


def object_of(action: Action) -> AssignmentAction:
    """Return an object of what an action says."""
    failure = action.failure
    of_failure: dict[str, Any] = {}
    if failure is not None:
        of_failure = {
            "reason": str(failure.reason),
            "exception_type": failure.exception_type,
            "message": failure.message,
            "fingerprint": failure.fingerprint,
            "truncated": failure.truncated,
            "stacktrace": failure.stacktrace,
        }
    return AssignmentAction(
        **{name: getattr(action, name) for name in COPIED},
        action_type=str(action.action_type),
        status=str(action.status),
        details=dict(action.details),
        **of_failure,
    )
