"""Sets of actions across assignments: which, in what order, counted by what."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Literal, get_args
from uuid import UUID

import attrs

from assignment_actions.domain.action import Action, as_status
from assignment_actions.domain.values import (
    AssignmentId,
    as_assignment_id,
    as_text,
    as_utc,
    is_same_key,
)

Dimension = Literal["action_type", "status", "reason", "fingerprint", "day"]
"""What actions can be counted by; a day is the UTC day of created_at, ISO 8601."""

VALUES_LIMIT = 10_000
"""How many values each collection of a filter may have; ids may be more."""

_DIMENSIONS: frozenset[str] = frozenset(get_args(Dimension))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_VERSION = b"1"
_SHOWN = 80
_TEXT_LIMIT = 8192  # twice what the longest assignment_id needs
_NO_CURSOR = (  # whatever reading any text as a cursor may raise
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


def _set_of(
    field: str, values: object, convert: Callable[[str, Any], Any]
) -> frozenset[Any]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{field} must be a collection, got {values!r}")
    converted = frozenset(convert(field, item) for item in values)
    if len(converted) > VALUES_LIMIT and field != "assignment_ids":
        raise ValueError(
            f"{field} must have at most {VALUES_LIMIT} values, got {len(converted)}"
        )
    return converted


def _any_text(field: str, value: object) -> str:
    return "" if value == "" else as_text(field, value)


def _ids(field: str, value: object) -> AssignmentId:
    return as_assignment_id(value, field=field)


_COLLECTIONS: Mapping[str, Callable[[str, Any], Any]] = {
    "assignment_ids": _ids,
    "action_types": as_text,
    "statuses": as_status,
    "reasons": as_text,
    "exception_types": _any_text,
    "fingerprints": as_text,
    "actors": as_text,
}
_TIMES = (
    "created_from",
    "created_before",
    "completed_from",
    "completed_before",
    "overdue_before",
)


@attrs.frozen(kw_only=True)
class ActionFilter:
    """
    Name a set of actions; `matches` is its one meaning, in every store.

    None means all, an empty collection means none. `statuses` looks at the stored
    status: an overdue action is still in_progress. `overdue_before=t` means in progress
    with overdue_at ≤ t. Time ranges are half open: from ≤ time < before. A `key` is
    found also where it was scrubbed. Collections have at most 10 000 values;
    `assignment_ids` may have more.

    >>> ActionFilter(statuses=["failed"], reasons=["email_error"]).reasons
    frozenset({'email_error'})
    """

    assignment_ids: Collection[AssignmentId] | None = None
    action_types: Collection[str] | None = None
    statuses: Collection[str] | None = None
    reasons: Collection[str] | None = None
    exception_types: Collection[str] | None = None
    fingerprints: Collection[str] | None = None
    actors: Collection[str] | None = None
    key: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    completed_from: datetime | None = None
    completed_before: datetime | None = None
    overdue_before: datetime | None = None

    def __attrs_post_init__(self) -> None:
        put = object.__setattr__
        for field, convert in _COLLECTIONS.items():
            values = getattr(self, field)
            if values is not None:
                put(self, field, _set_of(field, values, convert))
        for field in _TIMES:
            value = getattr(self, field)
            if value is not None:
                put(self, field, as_utc(field, value))
        if self.key is not None:
            put(self, "key", as_text("key", self.key))

    def matches(self, action: Action) -> bool:
        """Tell whether an action is in the set."""
        failure = action.failure
        return (
            _in(action.assignment_id, self.assignment_ids)
            and _in(action.action_type, self.action_types)
            and _in(action.status, self.statuses)
            and _in(failure and failure.reason, self.reasons)
            and _in(failure and failure.exception_type, self.exception_types)
            and _in(failure and failure.fingerprint, self.fingerprints)
            and _in(action.actor, self.actors)
            and (self.key is None or is_same_key(action.key, self.key))
            and _within(action.created_at, self.created_from, self.created_before)
            and _within(action.completed_at, self.completed_from, self.completed_before)
            and (self.overdue_before is None or action.is_overdue(self.overdue_before))
        )


def _in(value: object, wanted: Collection[Any] | None) -> bool:
    return wanted is None or value in wanted


def _within(
    value: datetime | None, start: datetime | None, end: datetime | None
) -> bool:
    if start is None and end is None:
        return True
    if value is None:
        return False
    return (start is None or value >= start) and (end is None or value < end)


@attrs.frozen(order=True)
class Cursor:
    """
    Be a place in the total order across assignments, `(created_at, id)`.

    `assignment_id` breaks the tie where a host gave one id to two assignments. A place
    means the same under every filter, and in both directions.

    Its text is opaque, not secret: who decodes it reads these three. Its check finds
    whatever was cut, mistyped or edited; it is no signature, since a cursor only says
    where to go on, and opens nothing that the filter does not.
    """

    created_at: datetime
    id: UUID
    assignment_id: Any

    @classmethod
    def of(cls, action: Action) -> Cursor:
        """Return the place of an action."""
        return cls(action.created_at, action.id, action.assignment_id)

    def encode(self) -> str:
        """Return the opaque, versioned text that a page hands out."""
        place = self.assignment_id
        if isinstance(place, UUID):
            place = {"uuid": place.hex}
        micros = (self.created_at - _EPOCH) // _MICROSECOND
        body = json.dumps([micros, self.id.hex, place], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(_VERSION + _check(body) + body).decode()

    @classmethod
    def decode(cls, text: str, *, field: str = "after") -> Cursor:
        """
        Return the place that `encode` wrote down.

        Args:
            text: of a place, exactly as it was handed out.
            field: what an error calls it.

        Raises:
            ValueError: the text is no cursor, was altered, or is of another version.
        """
        try:
            if not isinstance(text, str):
                raise TypeError("it must be a str")
            if len(text) > _TEXT_LIMIT:
                raise ValueError(f"more than {_TEXT_LIMIT} characters")
            place = cls._place(base64.b64decode(text, altchars=b"-_", validate=True))
            if place.encode() != text:  # base64 and JSON spell one thing in many ways
                raise ValueError("altered")
        except _NO_CURSOR as error:
            raise ValueError(
                f"{field} must be a next_cursor or previous_cursor as it was given, "
                f"got {str(text)[:_SHOWN]!r}: {error}"
            ) from error
        return place

    def moved(self, step: timedelta) -> Cursor:
        """Return the place that much later in time; itself where time ends."""
        try:
            created_at = self.created_at + step
        except OverflowError:
            return self
        return attrs.evolve(self, created_at=created_at)

    @classmethod
    def _place(cls, data: bytes) -> Cursor:
        version, check, body = data[:1], data[1:7], data[7:]
        if version != _VERSION and version.isdigit():
            raise ValueError(f"of version {version.decode()}, known is version 1")
        if version != _VERSION or check != _check(body):
            raise ValueError("altered")
        micros, hexadecimal, place = json.loads(body)
        if isinstance(place, dict):
            place = UUID(place["uuid"])
        created_at = _EPOCH + micros * _MICROSECOND
        return cls(created_at, UUID(hexadecimal), as_assignment_id(place))


def _check(body: bytes) -> bytes:
    return blake2b(body, digest_size=6).digest()


def as_dimension(value: str) -> Dimension:
    """Return the dimension, refused by name where it is none."""
    if value not in _DIMENSIONS:
        known = ", ".join(sorted(_DIMENSIONS))
        raise ValueError(f"dimension must be one of {known}, got {value!r}")
    return value  # type: ignore[return-value]


def dimension_of(action: Action, dimension: Dimension) -> str | None:
    """Return what one action counts under; None where it does not count."""
    failure = action.failure
    match dimension:
        case "action_type":
            return str(action.action_type)
        case "status":
            return str(action.status)
        case "day":
            return action.created_at.date().isoformat()
        case "reason":
            return None if failure is None else str(failure.reason)
        case _:
            return None if failure is None else failure.fingerprint


def ordered_counts(dimension: Dimension, counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts in reading order: days ascending, all else the most first."""
    if dimension == "day":
        return dict(sorted(counts.items()))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
