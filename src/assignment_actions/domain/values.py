"""The plain values of the domain: what is accepted, and how it is normalised."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from uuid import UUID

AssignmentId = UUID | int | str
"""How the host names its assignment: a UUID, a 64-bit int, or a str of 1 to 255."""

TEXT_LIMIT = 255
NAME_LIMIT = 64
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
INT32_MAX = 2**31 - 1

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SCRUBBED_KEY = re.compile(r"scrubbed-[0-9a-f]{32}\Z")


def storable(text: str) -> str:
    r"""
    Write the characters that some store refuses as escapes, and keep all others.

    NUL is refused by PostgreSQL, a lone surrogate by every store.

    >>> storable("caf\u00e9 \x00 \ud83d")
    'café \\x00 \\ud83d'
    """
    if not _UNSTORABLE.search(text):
        return text
    return _UNSTORABLE.sub(lambda found: ascii(found[0])[1:-1], text)


def as_utc(field: str, value: object) -> datetime:
    """Return the same instant in UTC; a naive time is refused, never guessed."""
    if not isinstance(value, datetime):
        raise TypeError(f"{field} must be a datetime, got {value!r}")
    if value.tzinfo is UTC:
        return value
    if value.utcoffset() is None:
        raise ValueError(f"{field} must be an aware datetime, got naive {value!r}")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError(
            f"{field} must be within the years 1 to 9999 in UTC, got {value!r}"
        ) from None


def as_text(field: str, value: object, *, limit: int = TEXT_LIMIT) -> str:
    """Return a str of 1 to `limit` characters that every store can hold."""
    if not isinstance(value, str):
        raise TypeError(f"{field} must be a str, got {value!r}")
    if not 1 <= len(value) <= limit:
        shown = value if len(value) <= limit else f"{value[:40]}…"
        raise ValueError(
            f"{field} must have 1 to {limit} characters, got {len(value)}: {shown!r}"
        )
    if _UNSTORABLE.search(value):
        raise ValueError(
            f"{field} must not contain NUL or a lone surrogate, got {value!r}"
        )
    return value if type(value) is str else str.__str__(value)


def as_name(field: str, value: object) -> str:
    """Return a lower snake case name of at most 64 characters; enum members stay."""
    text = as_text(field, value, limit=NAME_LIMIT)
    if not _NAME.match(text):
        raise ValueError(
            f"{field} must be lower snake case (a-z, 0-9, _; a letter first),"
            f" got {text!r}"
        )
    return value if isinstance(value, StrEnum) else text


def scrubbed_key(key: str) -> str:
    """
    Return what is left of an idempotency key once it is scrubbed: a digest.

    The digest of a digest is itself, so that a scrubbed key still counts as the key
    it was: nothing starts again under it, and whoever knows it finds its tries. It is
    not salted: who can guess a key can recognise it.

    >>> scrubbed_key("2026-11-22")
    'scrubbed-b5e2d8d6f86cf4f0a0f2d4db89e8f753'
    """
    if is_scrubbed_key(key):
        return key
    return f"scrubbed-{blake2b(key.encode(), digest_size=16).hexdigest()}"


def is_scrubbed_key(key: str | None) -> bool:
    """Tell whether nothing but a digest is left of a key."""
    return key is not None and _SCRUBBED_KEY.match(key) is not None


def is_same_key(one: str | None, other: str) -> bool:
    """Tell whether two keys are one, either of them perhaps scrubbed."""
    return one is not None and (
        one == other or scrubbed_key(one) == scrubbed_key(other)
    )


def as_uuid(field: str, value: object) -> UUID:
    """Return the value if it is a UUID."""
    if not isinstance(value, UUID):
        raise TypeError(f"{field} must be a uuid.UUID, got {value!r}")
    return value


def as_int(field: str, value: object, *, low: int, high: int) -> int:
    """Return a plain int within the bounds; a bool is refused."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{field} must be an int, got {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{field} must be between {low} and {high}, got {value}")
    return int(value)


def as_assignment_id(value: object, *, field: str = "assignment_id") -> AssignmentId:
    """Return an assignment id of one of the three kinds."""
    if isinstance(value, UUID):
        return value
    if isinstance(value, str):
        return as_text(field, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return as_int(field, value, low=INT64_MIN, high=INT64_MAX)
    raise TypeError(f"{field} must be a UUID, an int or a str, got {value!r}")


def as_ids(values: Iterable[AssignmentId]) -> list[AssignmentId]:
    """Return assignment ids, each once, in the order given."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"ids must be a collection, got {values!r}")
    return list(dict.fromkeys(map(as_assignment_id, values)))


def kind_of(assignment_id: AssignmentId) -> type[UUID | int | str]:
    """Return which of the three kinds an assignment id is."""
    if isinstance(assignment_id, UUID):
        return UUID
    return int if isinstance(assignment_id, int) else str


def require_kind(
    kind: type[UUID | int | str], assignment_ids: Iterable[object]
) -> None:
    """Refuse ids of another kind than the one a repository keeps."""
    for assignment_id in assignment_ids:
        if kind is UUID and isinstance(assignment_id, UUID):
            continue  # as a rule
        if kind_of(as_assignment_id(assignment_id)) is not kind:
            raise TypeError(
                f"assignment_id must be a {kind.__name__} in this repository,"
                f" got {assignment_id!r}"
            )
