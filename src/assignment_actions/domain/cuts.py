"""Bound texts without leaving half a secret at the cut, which no rule would match."""

from __future__ import annotations

from contextlib import suppress

from assignment_actions.domain.values import storable

WORD_LIMIT = 1024
_BLANKS, _SIGNS = " \n", "\"',;&<>{}[]()"


def cut_end(text: str, limit: int) -> tuple[str, bool]:
    """Return the beginning of a text in at most `limit` UTF-8 bytes; was it cut?"""
    if len(text) * 4 <= limit:
        return text, False
    data = text[: limit + 1].encode()
    if len(data) <= limit and len(text) <= limit:
        return text, False
    mark = "… [cut]"
    room = max(0, limit - len(mark.encode()))
    kept = data[:room].decode(errors="ignore")
    return _whole_words(kept) + mark, True


def cut_middle(text: str, limit: int) -> tuple[str, bool]:
    """Return both ends of a text in at most `limit` UTF-8 bytes; was it cut?"""
    if len(text) * 4 <= limit:
        return text, False
    data = text.encode()
    if len(data) <= limit:
        return text, False
    mark = "\n  [… cut …]\n"
    room = max(0, limit - len(mark.encode()))
    head = data[: room // 3].decode(errors="ignore")
    tail = data[len(data) - (room - room // 3) :].decode(errors="ignore")
    line = tail.find("\n", 0, 4 * WORD_LIMIT) + 1
    tail = tail[line:] if line else _whole_words(tail[::-1])[::-1]
    return _whole_words(head) + mark + tail, True


def bounded_source(text: str, limit: int) -> tuple[str, bool]:
    """Return a storable beginning of a text that may still hold secrets."""
    if len(text) <= limit:
        return storable(text), False
    return storable(_whole_words(text[:limit])) + "… [cut]", True


def on_one_line(text: str, limit: int) -> str:
    r"""
    Return a name in at most `limit` characters, without line ends.

    >>> on_one_line("a\nb", 20)
    'a\\nb'
    """
    if len(text) <= limit and "\n" not in text:
        return text
    return text.replace("\n", "\\n")[-limit:]


def quickly_storable(text: str) -> str:
    """Return `storable(text)`, much faster where a large text needs no change."""
    if "\0" not in text:
        with suppress(UnicodeEncodeError):  # a lone surrogate
            text.encode()
            return text
    return storable(text)


def _whole_words(text: str) -> str:
    """
    Drop the last, possibly halved word: half a secret matches no rule.

    Where there is no blank for long, as in JSON without any, a word ends at a sign.
    """
    first = max(len(text) - WORD_LIMIT, 0)
    for signs in (_BLANKS, _SIGNS):
        end = max(text.rfind(sign, first) for sign in signs)
        if end >= 0:
            return text[:end]
    return text[:first]
