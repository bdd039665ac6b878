"""Take secrets out of texts before they reach a store; fail closed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from assignment_actions.domain.details import FrozenDict, as_details
from assignment_actions.domain.values import TEXT_LIMIT, storable

REDACTED = "[redacted]"
REMOVED = "[removed: the redactor failed]"

# Every quantifier is bounded, so that no text can make a rule hang.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (  # the password in scheme://user:password@host
        re.compile(r"(://[^\s:/?#]{0,256}:)(?:(?!\[redacted\])[^\s/?#]){1,1024}@"),
        r"\1[redacted]@",
    ),
    (  # Authorization: Basic …, and Bearer … anywhere
        re.compile(
            r"(?i)(authorization[\"']?\s{0,4}[=:]\s{0,4}[\"']?basic\s{1,4}"
            r"|\bbearer\s{1,4})[\w.~+/=-]{6,4096}"
        ),
        r"\1[redacted]",
    ),
    (  # password=…, "token": "…", api-key: …
        re.compile(
            r"(?i)((?:passw(?:or)?d|pwd|passphrase|secret|token|credentials?"
            r"|(?:api|access|private)[_-]?key)[\w-]{0,16}(?:\\{0,4}[\"'])?\s{0,4}"
            r"(?>:=|=>|==|[=:])\s{0,4}(?:[bruf]{1,2}(?=[\"']))?)"
            r"(?!\[redacted\])"
            # quotes may be escaped (JSON in JSON), or missing where a text was cut
            r"(?:\\{1,4}[\"'][^\"'\\\n]{1,4096}(?:\\{1,4}[\"'])?"
            r"|\"(?:[^\"\\\n]|\\.){1,4096}\"?|'(?:[^'\\\n]|\\.){1,4096}'?"
            r"|[^\s,;&\"'()\[\]{}]{1,4096})"
        ),
        r"\1[redacted]",
    ),
    (  # a mail address
        re.compile(
            r"[\w%+!#$&*?^~][\w.%+!#$&*?^~'-]{0,63}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
        ),
        "[email]",
    ),
)


def redact_defaults(text: str) -> str:
    """
    Replace mail addresses, bearer tokens and passwords in URLs and `key=value`.

    >>> redact_defaults("550 jo@example.com: login token=abc123 at ftp://jo:pw@host/")
    '550 [email]: login token=[redacted] at ftp://jo:[redacted]@host/'
    """
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


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
    Return details with every text in them redacted, keys included.

    A value is also judged by its key: what `key=value` would lose is not kept.
    """
    if not details:
        return as_details(None)
    try:
        return as_details(_redacted_object(redact, details))
    except ValueError:  # a replacement made them larger than details may be
        return as_details({"removed": "too large after redaction"})


def _redacted_object(
    redact: Callable[[str], str], details: Mapping[str, object]
) -> dict[str, object]:
    return {
        redacted_text(redact, key): (
            _redacted_member(redact, key, item)
            if isinstance(item, str)
            else _redacted_value(redact, item)
        )
        for key, item in details.items()
    }


def _redacted_value(redact: Callable[[str], str], value: object) -> object:
    if isinstance(value, str):
        return redacted_text(redact, value)
    if isinstance(value, Mapping):
        return _redacted_object(redact, value)
    if isinstance(value, list):
        return [_redacted_value(redact, item) for item in value]
    return value


def _redacted_member(redact: Callable[[str], str], key: str, value: str) -> str:
    text = redacted_text(redact, value)
    is_kept = text in ("", REMOVED) or f"={text}" in redacted_text(
        redact, f"{key}={text}"
    )
    return text if is_kept else REDACTED
