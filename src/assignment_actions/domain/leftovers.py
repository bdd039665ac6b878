"""Where an action still holds a text: the meaning of "nothing of it is left"."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator

from assignment_actions.domain.action import Action
from assignment_actions.domain.details import canonical_json, escaped_surrogates
from assignment_actions.domain.values import storable


def leftovers(action: Action, texts: Collection[str] | None = None) -> tuple[str, ...]:
    """
    Return the names of the fields in which one of the texts stands.

    Args:
        action: with its stacktrace.
        texts: compared by code point, letter case included, as stored. None: whatever
            is not a fact, so that scrubbing would remove it.
    """
    if texts is None:
        facts = dict(_texts(action.scrubbed()))
        return tuple(name for name, text in _texts(action) if facts[name] != text)
    return tuple(
        name
        for name, stored in _texts(action)
        if stored and any(as_kept_in(name, text) in stored for text in texts)
    )


def as_kept_in(field: str, text: str) -> str:
    """Return how a text looks inside a field: details are JSON, with its escapes."""
    if field == "details":
        return escaped_surrogates(json.dumps(text, ensure_ascii=False)[1:-1])
    return storable(text)


def _texts(action: Action) -> Iterator[tuple[str, str | None]]:
    failure = action.failure
    if isinstance(action.assignment_id, str):
        yield "assignment_id", action.assignment_id
    yield "action_type", str(action.action_type)
    yield "key", action.key
    yield "actor", action.actor
    yield "details", canonical_json(action.details) if action.details else None
    if failure is not None:
        yield "reason", str(failure.reason)
        yield "exception_type", failure.exception_type
        yield "message", failure.message
        yield "fingerprint", failure.fingerprint
        yield "stacktrace", failure.stacktrace
