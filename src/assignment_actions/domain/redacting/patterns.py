"""Patterns that are compiled when first needed, and what several of them share."""

from __future__ import annotations

import re
import sys

REDACTED = "[redacted]"

DONE = r"\[(?:redacted|email|jwt|card number|cloud key|private key|telephone)\]"
"""What a rule put in the place of a secret."""
PLACEHOLDER = (
    rf"(?:\*++|•++|{DONE}|<[A-Za-z_.:\- ]*+>"
    r"|\{\{?+[\w.:!$\[\]'\" ()\-]*+\}\}?+|%s|%\(\w++\)s"
    r"|\$\{[^{}]*+\}|\$\d{1,2}+|\$[A-Z][A-Z0-9]*+(?:_[A-Z0-9]++)++)"
)
"""What stands where a secret will be, or was: ***, <token>, {token}, %s, ${TOKEN}."""

# in the repr of JSON a quote inside a string is \\" and followed by more of the string
_DOUBLED = r"(?<!\\)(?:\\\\)++[\"'](?![\s,:;)\]}\"']|\Z)"
_PLAIN_QUOTED = (
    rf"\"(?:[^\"\\\n]++|{_DOUBLED}|\\.)*+\"?+|'(?:[^'\\\n]++|{_DOUBLED}|\\.)*+'?+"
    r"|`[^`\n]*+`?+"
)
_TRIPLE_QUOTED = r"\"\"\"(?:[^\"]++|\"(?!\"\"))*+(?:\"\"\")?+"
_HTML_QUOTED = r"&quot;(?:[^&\n]++|&(?!quot;))*+(?:&quot;)?+"
_ESCAPED_QUOTED = (
    r"(?P<slashes>\\++)(?P<mark>[\"'])"
    r"(?:[^\\\"'\n]++|(?!(?P=mark))[\"']|(?P=slashes)\\++[\"']?+|\\++(?![\"']))*+"
    r"(?:(?P=slashes)(?P=mark))?+"
)
STRING_PREFIX = r"(?:[bBfFrRuU]{1,2}+(?=\\*+[\"']))?+"
QUOTED = f"{STRING_PREFIX}(?:{_TRIPLE_QUOTED}|{_PLAIN_QUOTED}|{_HTML_QUOTED})"
"""A string of Python, JSON, JavaScript or HTML, also where its end was cut off."""
ANY_QUOTED = f"(?:{QUOTED}|{STRING_PREFIX}{_ESCAPED_QUOTED})"
"""The same, or one inside another string, its quotes escaped."""


_PIECE = r"(?s:\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()]|[^\\\[()]+)"
_POSSESSIVE = r"(?:[*+?]|\{\d*,?\d*\})\+"
_READS_GROUPS_WRONGLY = sys.version_info < (3, 11, 5)  # possessive ones: gh-106052


def with_atomic_groups(source: str) -> str:
    """
    Return the same pattern, every possessive group written as an atomic one.

    >>> with_atomic_groups(r"(?:a|[)]b)*+c++(d)?+")
    '(?>(?:a|[)]b)*)c++(?>(d)?)'
    """
    token_at = re.compile(_PIECE).match
    possessive_at = re.compile(_POSSESSIVE).match
    parts, opened, at = list[str](), list[int](), 0
    while token := token_at(source, at):
        at = token.end()
        parts.append(token[0])
        if token[0] == "(":
            opened.append(len(parts) - 1)
        elif token[0] == ")":
            start = opened.pop()
            if repeat := possessive_at(source, at):
                at = repeat.end()
                parts[start] = f"(?>{parts[start]}"
                parts.append(f"{repeat[0][:-1]})")
    return "".join(parts)


class Lazy:
    """
    A regular expression that is compiled at its first use, not at import.

    All of them obey one rule, which a test enforces: whatever repeats without a small
    bound is possessive, so that no text makes a search go back over what it has read.
    """

    __slots__ = ("_pattern", "source")

    def __init__(self, source: str) -> None:
        self.source: str = source
        self._pattern: re.Pattern[str] | None = None

    def __call__(self) -> re.Pattern[str]:
        """Return the compiled pattern."""
        if self._pattern is None:
            self._pattern = re.compile(
                with_atomic_groups(self.source)
                if _READS_GROUPS_WRONGLY
                else self.source
            )
        return self._pattern


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


UPPER_TO_LOWER = {upper: upper + 32 for upper in range(65, 91)}


def in_lower_case(text: str) -> str:
    """Return the text in lower case and, other than `str.lower`, of the same length."""
    low = text.lower()
    return low if len(low) == len(text) else text.translate(UPPER_TO_LOWER)
