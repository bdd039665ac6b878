"""The host's own rows; in your service they are a table, and a query of yours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from assignment_actions.openedx import AssignmentFacts

_NAMESPACE = UUID("6f0a2c58-5c0e-4b53-9d0a-3c1f5d2f7a10")
_FIRST_ALLOCATED = datetime(2025, 9, 1, 8, tzinfo=UTC)
_NAMES = ("Ada", "Alan", "Barbara", "Edsger", "Frances", "Grace", "John", "Margaret")
_COURSES = ("Introduction to Botany", "Statistics I", "Writing Well", "Astronomy")
_STATES = (*["allocated"] * 7, "accepted", "cancelled", "expired")


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Be one row: a course, and the learner it was assigned to."""

    id: UUID
    learner_name: str
    learner_email: str
    course: str
    state: str
    allocated_at: datetime

    @property
    def facts(self) -> AssignmentFacts:
        """Return what the summaries of the Open edX profile need to know."""
        return AssignmentFacts(state=self.state, allocated_at=self.allocated_at)


Assignments = Mapping[UUID, Assignment]


def sample_assignments(count: int = 100) -> Assignments:
    """Return rows to look at, the same every time."""
    rows = [_sample(number) for number in range(count)]
    return {row.id: row for row in rows}


def _sample(number: int) -> Assignment:
    name = _NAMES[number % len(_NAMES)]
    return Assignment(
        id=uuid5(_NAMESPACE, str(number)),
        learner_name=f"{name} {number + 1}",
        learner_email=f"{name.lower()}{number + 1}@example.com",
        course=_COURSES[number % len(_COURSES)],
        state=_STATES[number * 7 // 10 % len(_STATES)],
        allocated_at=_FIRST_ALLOCATED + timedelta(hours=7) * number,
    )
