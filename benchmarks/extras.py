"""Competitors that explain a figure rather than compete."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from assignment_actions import (
    Action,
    ActionFilter,
    ActionHistory,
    ActionRecorder,
    ActionRepository,
    ActionStatus,
)
from assignment_actions import Timeline as TimelineOf
from assignment_actions.openedx import AssignmentSummary, summarise
from benchmarks.floor_base import Floor
from benchmarks.ours import Ours
from benchmarks.population import Row
from benchmarks.workloads import Facts, Ids, Without

UNREDACTED = "ours, redact=None"


class _Reading(Without):
    """Have nothing to write."""

    def __init__(self, name: str) -> None:
        self.name = name

    def place(self, row: Row, /) -> object:
        """Say where nobody goes on."""
        raise NotImplementedError(row)

    def prepared(self, actions: Sequence[Action], _: Sequence[Row], /) -> object:
        """Return them: nothing is written."""
        return actions

    def clear(self) -> None:
        """Leave it: nothing was written."""

    def count(self) -> int:
        """Leave it: nothing was written."""
        return 0

    def identify(self, found: Action, /) -> UUID:
        """Return the id."""
        return found.id


class FloorOneByOne(_Reading):
    """Ask about each assignment by a statement of its own, as fast as can be."""

    is_one_by_one: bool = True

    def __init__(self, floor: Floor) -> None:
        super().__init__("floor, one query per assignment")
        self._floor = floor

    def latest_of_page(self, ids: Ids, /) -> dict[UUID, Action | None]:
        """Ask again and again."""
        return {one: self._floor.latest_successful(one) for one in ids}

    def timelines_of_page(self, ids: Ids, /) -> dict[UUID, list[Action]]:
        """Ask again and again."""
        return {one: self._floor.timeline(one) for one in ids}


class OursOneByOne(_Reading):
    """Ask our own library about each assignment on its own, as one should not."""

    is_one_by_one: bool = True

    def __init__(self, history: ActionHistory) -> None:
        super().__init__("ours, one query per assignment")
        self._history = history

    def latest_of_page(self, ids: Ids, /) -> dict[UUID, Action | None]:
        """Ask again and again."""
        return {one: self._history.latest_successful(one) for one in ids}

    def timelines_of_page(self, ids: Ids, /) -> dict[UUID, TimelineOf]:
        """Ask again and again."""
        return {one: self._history.timeline(one) for one in ids}

    def summaries(self, facts: Facts, /) -> Mapping[UUID, AssignmentSummary]:
        """Ask again and again."""
        now = datetime.now(UTC)
        return {
            one: summarise(self._history.timeline(one), known, now=now)
            for one, known in facts.items()
        }


class FloorThenOurs(_Reading):
    """Load timelines by hand, then ask them as we do: what the store costs us."""

    def __init__(self, floor: Floor) -> None:
        super().__init__("the floor's timelines, then as ours")
        self._floor = floor

    def summaries(self, facts: Facts, /) -> Mapping[UUID, AssignmentSummary]:
        """Take the same two steps."""
        now = datetime.now(UTC)
        found = self._floor.timelines_of_page(list(facts))
        return {
            one: summarise(TimelineOf.in_order(found[one]), known, now=now)
            for one, known in facts.items()
        }


class OursByFind(_Reading):
    """Ask for the failures of one assignment by a filter."""

    def __init__(self, history: ActionHistory) -> None:
        super().__init__("ours, find(failed)")
        self._history = history

    def failures(self, assignment_id: UUID, /) -> Sequence[Action]:
        """Find, newest first, and turn round."""
        wanted = ActionFilter(
            assignment_ids=[assignment_id], statuses=[ActionStatus.FAILED]
        )
        return self._history.find(wanted).actions[::-1]


class OursUnredacted(Ours):
    """Record in bulk what needs no redaction: what the store alone costs us."""

    start_and_succeed: Any = None
    record_success: Any = None
    latest_successful: Any = None
    timeline: Any = None
    failures: Any = None
    latest_of_page: Any = None
    timelines_of_page: Any = None
    summaries: Any = None
    page: Any = None

    def __init__(
        self, repository: ActionRepository, clear: Callable[[], object]
    ) -> None:
        recorder = ActionRecorder(repository, redact=None)
        super().__init__(UNREDACTED, recorder, clear)
