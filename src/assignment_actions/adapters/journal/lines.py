"""
The lines of a journal: one JSON document each, ASCII, whole or not at all.

{"kept": digest, "is_new": …, "action": {…}} keeps one action in one state;
{"stored": digest} says that this line is done with. The digest is that of the action's
JSON, so that a torn or changed line is never taken for another action.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs

from assignment_actions.domain.action import Action
from assignment_actions.domain.details import as_details
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.leftovers import leftovers
from assignment_actions.domain.values import AssignmentId, storable


@attrs.frozen
class KeptLine:
    """Be one action that waits for the store."""

    digest: str
    action: Action
    is_new: bool


@attrs.frozen
class StoredLine:
    """Be the mark that a line is done with."""

    digest: str


def kept_line(action: Action, *, is_new: bool) -> bytes:
    """Return the line that keeps an action."""
    document = _document_of(action)
    digest = _digest(document, is_new=is_new)
    return _line({"kept": digest, "is_new": is_new, "action": document})


def stored_line(digest: str) -> bytes:
    """Return the line that says that another one is done with."""
    return _line({"stored": digest})


def parsed(line: bytes) -> KeptLine | StoredLine:
    """
    Return what a line says.

    Raises:
        ValueError: it is torn, was changed, or is none of ours.
    """
    try:
        document = json.loads(line)
        if "stored" in document:
            return StoredLine(str(document["stored"]))
        digest, is_new = document["kept"], document["is_new"]
        if digest != _digest(document["action"], is_new=is_new):
            raise ValueError("the digest is another line's")
        action = _action_of(document["action"])
        if not (is_new or action.status.replaces):
            raise ValueError("it is neither an outcome nor a start")
        return KeptLine(digest, action, is_new)
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None


def digest_of(line: bytes) -> str:
    """Return the digest in a line that `kept_line` made."""
    digest: str = json.loads(line)["kept"]
    return digest


def is_in_line(text: str, line: bytes) -> bool:
    """Tell whether a text stands in the action of a line, or in what is no line."""
    try:
        found = parsed(line)
    except ValueError:
        ours = {_json(one)[1:-1].encode("ascii") for one in (text, storable(text))}
        return any(one in line for one in ours | {text.encode(errors="surrogatepass")})
    return isinstance(found, KeptLine) and bool(leftovers(found.action, [text]))


def _line(document: dict[str, Any]) -> bytes:
    return f"{_json(document)}\n".encode("ascii")


def _json(document: object) -> str:
    """Return ASCII: a lone surrogate in details becomes an escape, and comes back."""
    return json.dumps(document, separators=(",", ":"), allow_nan=False)


def _digest(document: object, *, is_new: bool) -> str:
    text = f"{is_new} {_json(document)}"
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]


def _document_of(action: Action) -> dict[str, Any]:
    failure = action.failure
    return {
        "id": str(action.id),
        "assignment_id": _id_document(action.assignment_id),
        "action_type": str(action.action_type),
        "status": str(action.status),
        "created_at": action.created_at.isoformat(),
        "completed_at": _time_text(action.completed_at),
        "key": action.key,
        "attempt": action.attempt,
        "actor": action.actor,
        "details": action.details,
        "overdue_at": _time_text(action.overdue_at),
        "unknown_at": _time_text(action.unknown_at),
        "failure": None
        if failure is None
        else [
            str(failure.reason),
            failure.exception_type,
            failure.message,
            failure.stacktrace,
            failure.fingerprint,
            failure.truncated,
        ],
    }


def _action_of(document: dict[str, Any]) -> Action:
    """Return the action as it was; its digest has shown that nobody changed it."""
    failure = document["failure"]
    return Action.from_store(
        id=UUID(document["id"]),
        assignment_id=_id_of(document["assignment_id"]),
        action_type=document["action_type"],
        status=document["status"],
        created_at=datetime.fromisoformat(document["created_at"]),
        completed_at=_time_of(document["completed_at"]),
        failure=None if failure is None else Failure.from_store(*failure),
        key=document["key"],
        attempt=document["attempt"],
        actor=document["actor"],
        details=as_details(document["details"]),
        overdue_at=_time_of(document["overdue_at"]),
        unknown_at=_time_of(document["unknown_at"]),
    )


def _id_document(assignment_id: AssignmentId) -> object:
    if isinstance(assignment_id, UUID):
        return {"uuid": str(assignment_id)}
    return assignment_id


def _id_of(document: Any) -> AssignmentId:
    if isinstance(document, dict):
        return UUID(document["uuid"])
    return document  # type: ignore[no-any-return]  # an int or a str, as it was


def _time_text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _time_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
