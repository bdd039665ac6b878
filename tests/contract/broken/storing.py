"""Adapters that store something else than what they were given."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import attrs
from contract.broken.right import Broken

from assignment_actions import (
    Action,
)

AS_BEHIND = timezone(timedelta(hours=-5))


def with_times(action: Action, change: Any) -> Action:
    """Return an action with its times changed, past all checks."""
    changed = attrs.evolve(action)
    for name in ("created_at", "completed_at", "overdue_at", "unknown_at"):
        value = getattr(action, name)
        if value is not None:
            object.__setattr__(changed, name, change(value))
    return changed


class DropsMicroseconds(Broken):
    """Keeps times to the second, as a plain DATETIME of MariaDB does."""

    caught_by = (
        "test_r2_an_action_comes_back_equal",
        "test_r61_a_cursor_need_not_be_a_stored_action",
    )

    def as_stored(self, action: Action) -> Action:
        return with_times(action, lambda it: it.replace(microsecond=0))


class ShiftsToLocalTime(Broken):
    """Writes the wall clock of its own time zone and reads it as UTC."""

    caught_by = (
        "test_r2_another_time_zone_is_the_same_instant",
        "test_r71_a_day_is_the_utc_day_of_creation",
    )

    def as_stored(self, action: Action) -> Action:
        return with_times(action, shifted)


def shifted(value: datetime) -> datetime:
    """Return another instant: the one that a naive column gives back."""
    try:
        return value - timedelta(hours=5)
    except OverflowError:
        return value


class AnswersInLocalTime(Broken):
    """Returns the right instants in the zone of the session."""

    caught_by = ("test_r2_times_come_back_in_utc",)

    def get(self, action_id: UUID, /) -> Action | None:
        found = super().get(action_id)
        return found and with_times(found, lambda it: it.astimezone(AS_BEHIND))


class KeepsThreeBytes(Broken):
    """Replaces what a charset of three bytes cannot hold."""

    caught_by = (
        "test_r2_a_failure_comes_back_equal",
        "test_r2_a_completions_failure_comes_back_equal",
    )

    def as_stored(self, action: Action) -> Action:
        failure = action.failure
        if failure is None or failure.stacktrace is None:
            return action
        kept = "".join(it if it < "\U00010000" else "?" for it in failure.stacktrace)
        return attrs.evolve(action, failure=attrs.evolve(failure, stacktrace=kept))


class StripsBlanks(Broken):
    """Keeps texts without their trailing blanks, as a CHAR column does."""

    caught_by = ("test_r2_a_text_comes_back_equal", "test_r60_matches_is_the_meaning")

    def as_stored(self, action: Action) -> Action:
        key, actor = action.key, action.actor
        return attrs.evolve(
            action,
            key=key and (key.rstrip(" ") or key),
            actor=actor and (actor.rstrip(" ") or actor),
        )


class TurnsNumbersToFloats(Broken):
    """Keeps details as a JSON type with one kind of number does."""

    caught_by = ("test_r2_details_come_back_exactly",)

    def as_stored(self, action: Action) -> Action:
        text = json.dumps(action.details)
        return attrs.evolve(action, details=json.loads(text, parse_int=float))


class SharesItsDetails(Broken):
    """Hands out details that the caller can change."""

    caught_by = ("test_r4_returned_details_cannot_be_changed",)

    def get(self, action_id: UUID, /) -> Action | None:
        found = super().get(action_id)
        if found is not None:
            plain = json.loads(json.dumps(found.details))
            object.__setattr__(found, "details", plain)
        return found
