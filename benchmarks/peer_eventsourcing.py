"""eventsourcing: an aggregate per assignment, an event per step of each try."""
# The peers are not installed where types are checked.
# mypy: ignore-errors

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from sqlalchemy import URL

from assignment_actions import Action
from benchmarks.population import Row
from benchmarks.workloads import TYPE, Ids, Without


class Assignment(Aggregate):
    """Be what was done about one assignment."""

    @event("Opened")
    def __init__(self, assignment_id: UUID) -> None:
        self.assignment_id = assignment_id
        self.tries: dict[UUID, dict[str, Any]] = {}

    @staticmethod
    def create_id(assignment_id: UUID) -> UUID:
        """Be found by the assignment's id."""
        return assignment_id

    @event("Started")
    def start(self, id: UUID, action_type: str, at: datetime) -> None:
        """Begin a try."""
        self.tries[id] = {
            "id": id,
            "action_type": action_type,
            "status": "in_progress",
            "created_at": at,
            "completed_at": None,
        }

    @event("Succeeded")
    def succeed(self, id: UUID, at: datetime, details: dict[str, Any]) -> None:
        """End a try well."""
        done = {"status": "succeeded", "completed_at": at, "details": details}
        self.tries[id].update(done)

    @event("Failed")
    def fail(self, id: UUID, at: datetime, failure: dict[str, str]) -> None:
        """End a try badly."""
        done = {"status": "failed", "completed_at": at, "failure": failure}
        self.tries[id].update(done)

    @event("Lost")
    def lose(self, id: UUID, at: datetime) -> None:
        """Say that nobody knows."""
        self.tries[id].update({"status": "unknown", "unknown_at": at})


class Assignments(Application):
    """Keep the aggregates."""


class Eventsourcing(Without):
    """Do the works by saving and rebuilding aggregates."""

    name = "eventsourcing"
    is_one_by_one = True

    def __init__(self, url: URL) -> None:
        self._app = Assignments(env=_environment(url))

    def close(self) -> None:
        """Close the application."""
        self._app.close()

    def start_and_succeed(self, assignment_id: UUID, /) -> None:
        """Open the aggregate, save twice."""
        assignment, new = Assignment(assignment_id), uuid4()
        assignment.start(new, TYPE, datetime.now(UTC))
        self._app.save(assignment)
        assignment.succeed(new, datetime.now(UTC), {})
        self._app.save(assignment)

    def record_success(self, assignment_id: UUID, /) -> None:
        """Open the aggregate, save once."""
        assignment, new, now = Assignment(assignment_id), uuid4(), datetime.now(UTC)
        assignment.start(new, TYPE, now)
        assignment.succeed(new, now, {})
        self._app.save(assignment)

    def latest_successful(self, assignment_id: UUID, /) -> dict[str, Any] | None:
        """Rebuild the aggregate, and look."""
        done = [
            one for one in self.timeline(assignment_id) if one["status"] == "succeeded"
        ]
        return max(done, key=lambda one: one["completed_at"], default=None)

    def timeline(self, assignment_id: UUID, /) -> list[dict[str, Any]]:
        """Rebuild the aggregate."""
        return list(self._app.repository.get(assignment_id).tries.values())

    def failures(self, assignment_id: UUID, /) -> list[dict[str, Any]]:
        """Rebuild the aggregate, and look."""
        return [
            one for one in self.timeline(assignment_id) if one["status"] == "failed"
        ]

    def latest_of_page(self, ids: Ids, /) -> dict[UUID, dict[str, Any] | None]:
        """Rebuild one after the other."""
        return {one: self.latest_successful(one) for one in ids}

    def timelines_of_page(self, ids: Ids, /) -> dict[UUID, list[dict[str, Any]]]:
        """Rebuild one after the other."""
        return {one: self.timeline(one) for one in ids}

    # -- not for the clock -------------------------------------------------------------

    def load(self, actions: Iterable[Action], /) -> None:
        """Save an aggregate for each assignment."""
        by_id = attrgetter("assignment_id")
        for assignment_id, tries in groupby(sorted(actions, key=by_id), by_id):
            assignment = Assignment(assignment_id)
            for action in sorted(tries, key=attrgetter("created_at")):
                _take(assignment, action)
            self._app.save(assignment)

    def clear(self) -> None:
        """Leave it: nothing is recorded in bulk."""

    def count(self) -> int:
        """Leave it: nothing is recorded in bulk."""
        return 0

    def prepared(self, actions: Sequence[Action], _: Sequence[Row], /) -> Any:
        """Leave it: nothing is recorded in bulk."""
        return actions

    def identify(self, found: dict[str, Any], /) -> UUID:
        """Return the id."""
        return found["id"]


def _take(assignment: Assignment, action: Action) -> None:
    assignment.start(action.id, str(action.action_type), action.created_at)
    match action.status:
        case "succeeded":
            assignment.succeed(action.id, action.completed_at, dict(action.details))
        case "failed":
            failure = action.failure
            told = {"reason": str(failure.reason), "stacktrace": failure.stacktrace}
            assignment.fail(action.id, action.completed_at, told)
        case "unknown":
            assignment.lose(action.id, action.unknown_at)


def _environment(url: URL) -> dict[str, str]:
    if url.get_backend_name() == "sqlite":
        return {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(url.database),
        }
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(url.database),
        "POSTGRES_HOST": str(url.host),
        "POSTGRES_PORT": str(url.port or 5432),
        "POSTGRES_USER": str(url.username),
        "POSTGRES_PASSWORD": url.password or "",
    }
