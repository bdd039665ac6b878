"""Texts that the host never wants to see, however they are written."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator

from assignment_actions.domain.redacting.patterns import (
    DONE,
    REDACTED,
    UPPER_TO_LOWER,
    Lazy,
)

_DONE = Lazy(DONE)
_UNRESERVED = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)
Span = tuple[int, int]


class HostValues:
    """Replace given texts wherever they stand, in upper or lower case of ASCII."""

    def __init__(self, values: Collection[str]) -> None:
        self._forms = sorted(
            {_folded(form) for one in values for form in forms_of(one)}
        )

    def __call__(self, text: str) -> str:
        """Return the text without them; what overlaps is replaced as one."""
        if not self._forms:
            return text
        low = _folded(text)
        found = [form for form in self._forms if form in low]
        if not found:
            return text
        parts, copied = list[str](), 0
        for start, end in _merged([*_spans(low, found), *_spans_done(text)]):
            if not _DONE().fullmatch(text, start, end):
                parts += text[copied:start], REDACTED
                copied = end
        return "".join(parts) + text[copied:]


def forms_of(value: str) -> set[str]:
    r"""
    Return how a text is written: plainly, in JSON, in JSON in JSON, in URLs, in HTML.

    >>> sorted(forms_of('a "b'))
    ['a "b', 'a &quot;b', 'a \\"b', 'a \\\\\\"b', 'a%20%22b', 'a+%22b']
    """
    escaped = {_in_json(value, is_ascii=True), _in_json(value, is_ascii=False)}
    twice = {_in_json(one, is_ascii=False) for one in escaped}
    in_url = {_in_url(value, safe) for safe in ("", "/", "@", "/@:+")}
    plus = {one.replace("%20", "+") for one in in_url}
    return {value, repr(value)[1:-1], _in_html(value)} | escaped | twice | in_url | plus


def _in_json(value: str, *, is_ascii: bool) -> str:
    return json.dumps(value, ensure_ascii=is_ascii)[1:-1]


def _in_html(value: str) -> str:
    text = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&#x27;")


def _in_url(value: str, safe: str) -> str:
    kept = _UNRESERVED.union(safe)
    return "".join(
        one if one in kept else "".join(f"%{byte:02x}" for byte in _bytes(one))
        for one in value
    )


def _bytes(character: str) -> bytes:
    return character.encode(errors="surrogatepass")


def _folded(text: str) -> str:
    """Return the text in lower case of ASCII, every other letter as it is."""
    return text.lower() if text.isascii() else text.translate(UPPER_TO_LOWER)


def _spans(text: str, forms: Collection[str]) -> Iterator[Span]:
    for form in forms:
        at = text.find(form)
        while at >= 0:
            yield at, at + len(form)
            at = text.find(form, at + len(form))


def _spans_done(text: str) -> Iterator[Span]:
    """Tell where something was redacted before: that must not be redacted again."""
    for found in _DONE().finditer(text):
        yield found.span()


def _merged(spans: Collection[Span]) -> list[Span]:
    """Return the spans from left to right, those that overlap as one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
