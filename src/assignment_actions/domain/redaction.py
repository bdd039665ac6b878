"""Take secrets out of texts before they reach a store; fail closed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from assignment_actions.domain.details import FrozenDict, as_details
from assignment_actions.domain.redacting.patterns import REDACTED as MARK
from assignment_actions.domain.redacting.redaction_rules import RedactionRules
from assignment_actions.domain.values import TEXT_LIMIT, storable

REDACTED = MARK
REMOVED = "[removed: the redactor failed]"

redact_defaults: RedactionRules = RedactionRules()
"""
Take out what the default rules find: `RedactionRules()`, made once.

>>> redact_defaults("550 jo@example.com: login token=abc123 at ftp://jo:pw@host/")
'550 [email]: login token=[redacted] at ftp://jo:[redacted]@host/'
"""


def redacted_text(redact: Callable[[str], str], text: str) -> str:
    """Return what the redactor leaves; nothing of the text where it breaks."""
    if not text:
        return text
    try:
        result = redact(text)
    except Exception:  # noqa: BLE001  # fail closed, whatever a host's redactor raises
        return REMOVED
    return result if isinstance(result, str) else REMOVED


def redacted_actor(redact: Callable[[str], str], actor: str | None) -> str | None:
    """Return a storable actor of legal length; None where nothing of it is left."""
    return storable(redacted_text(redact, actor or ""))[:TEXT_LIMIT] or None


def redacted_details(
    redact: Callable[[str], str], details: Mapping[str, object]
) -> FrozenDict:
    """
    Return details without secrets: texts, numbers and keys pass the redactor.

    What stands under a key that announces a secret is replaced whole, be it a text, a
    number, a list or an object; None, true and false are kept. What follows
    such a name in a list goes too, behind a flag or as the second of two, and the
    `value` beside it in an object with a `name` or `key`. `RedactionRules` say
    themselves which keys those are. Any other redactor is asked what it makes of
    `key=value`: what that loses is not kept. Keys that become the same text are told
    apart by a number.

    >>> redacted_details(redact_defaults, {"to": "jo@example.com", "pin": 1234})
    {'to': '[email]', 'pin': '[redacted]'}
    """
    if not details:
        return as_details(None)
    result = _redacted_object(redact, details)
    if type(details) is FrozenDict and result == details:
        return details
    try:
        return as_details(result)
    except ValueError:  # a replacement made them larger than details may be
        return as_details({"removed": "too large after redaction"})


def _redacted_object(
    redact: Callable[[str], str], details: Mapping[str, object]
) -> dict[str, object]:
    result: dict[str, object] = {}
    names = [
        item
        for key, item in details.items()
        if key.lower() in ("name", "key") and isinstance(item, str)
    ]
    for key, item in details.items():
        name = _told_apart(redacted_text(redact, key), result)
        keys = [key, *names] if key.lower() == "value" else [key]
        result[name] = _redacted_member(redact, keys, item)
    return result


def _told_apart(name: str, others: Mapping[str, object]) -> str:
    """Return the name, with a number behind it where another has it already."""
    if name not in others:
        return name
    number = 2
    while f"{name} ({number})" in others:
        number += 1
    return f"{name} ({number})"


def _redacted_list(redact: Callable[[str], str], items: list[object]) -> list[object]:
    """Return the items, without what stands behind the name of a secret."""
    result: list[object] = []
    before: object = None
    for item in items:
        is_flag = isinstance(before, str) and before.startswith("-")
        is_next_flag = isinstance(item, str) and item.startswith("--")
        is_name = is_flag or (len(items) == 2 and isinstance(before, str))
        keys = [str(before).lstrip("-")] if is_name else []
        result.append(
            _redacted_value(redact, item)
            if is_flag and is_next_flag
            else _redacted_member(redact, keys, item)
        )
        before = item
    return result


def _redacted_member(
    redact: Callable[[str], str], keys: list[str], item: object
) -> object:
    """Return what may be kept under a key, or behind a name that stands for one."""
    if item is None or isinstance(item, bool):
        return item
    if isinstance(redact, RedactionRules):
        is_secret = item not in ("", REDACTED) and any(map(redact.is_secret_key, keys))
        return REDACTED if is_secret else _redacted_value(redact, item)
    value = _redacted_value(redact, item)
    return REDACTED if any(_loses(redact, key, value) for key in keys) else value


def _loses(redact: Callable[[str], str], key: str, value: object) -> bool:
    """Tell whether a redactor loses the value where it reads `key=value`."""
    text = "probe" if isinstance(value, Mapping | list) else str(value)
    if text in ("", REMOVED):
        return False
    result = redacted_text(redact, f"{key}={text}")
    return result != REMOVED and f"={text}" not in result


def _redacted_value(redact: Callable[[str], str], value: object) -> object:
    if isinstance(value, str):
        return redacted_text(redact, value)
    if isinstance(value, Mapping):
        return _redacted_object(redact, value)
    if isinstance(value, list):
        return _redacted_list(redact, value)
    text = json.dumps(value)
    result = redacted_text(redact, text)
    return value if result == text else result
