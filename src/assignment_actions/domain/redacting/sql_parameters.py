"""Secrets among the parameters of SQL statements, as SQLAlchemy's errors show them."""

from __future__ import annotations

import re
from collections.abc import Callable

from assignment_actions.domain.redacting.patterns import QUOTED, REDACTED, Lazy

_PARAMETERS = Lazy(
    rf"\[parameters: (?P<row>[(\[](?:{QUOTED}|[^\"'`\n\]]++|\](?![\n]|\Z))*+)"
)
_STRING = Lazy(QUOTED)
_NAME = Lazy(r"[A-Za-z_]\w*+")
_LONGEST_STATEMENT = 4000


def without_parameters(text: str, is_secret: Callable[[str], bool]) -> str:
    r"""
    Replace the texts in a row of parameters whose statement names a secret.

    Which of them is the secret is not told apart.

    >>> text = "[SQL: UPDATE x SET password=? WHERE id=?]\n[parameters: ('pw', 7)]"
    >>> print(without_parameters(text, lambda name: name == "password"))
    [SQL: UPDATE x SET password=? WHERE id=?]
    [parameters: ([redacted], 7)]
    """

    def without(found: re.Match[str]) -> str:
        names = _NAME().findall(_statement_before(text, found.start()))
        if not any(is_secret(name) for name in names):
            return found[0]
        return f"[parameters: {_STRING().sub(REDACTED, found['row'])}"

    return _PARAMETERS().sub(without, text)


def _statement_before(text: str, end: int) -> str:
    """Return the statement that the parameters belong to, of a question its WHERE."""
    earliest = max(0, end - _LONGEST_STATEMENT)
    start = text.rfind("[SQL: ", earliest, end)
    if start < 0 or text.rfind("[parameters: ", earliest, end) > start:
        return ""
    statement = text[start:end]
    is_question = statement.startswith("[SQL: SELECT")
    return statement.rpartition(" WHERE ")[2] if is_question else statement
