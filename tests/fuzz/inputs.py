"""What the fuzzer feeds: texts, exceptions, details, arguments, journals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from assignment_actions.adapters.journal.lines import kept_line, stored_line
from assignment_actions.testing.strategies import actions

_WORDS = (
    *(
        "password",
        "token=",
        "secret: ",
        '"api_key": "',
        "'pin': ('",
        "Bearer ",
        "a@b.c",
    ),
    *(
        "://",
        "u:p@h",
        "eyJ",
        ".",
        "-----BEGIN PRIVATE KEY-----",
        "-----END",
        "4111 1111",
    ),
    *(
        "Cookie: a=b; ",
        "AKIA",
        "ghp_",
        "+49 30 ",
        "[redacted]",
        "[email]",
        "\\",
        "\\\\",
    ),
    *(
        '"',
        "'",
        "\n",
        "\r\n",
        "\t",
        " ",
        "=",
        ":",
        "@",
        ";",
        "&",
        "?",
        "{",
        "}",
        "\x00",
    ),
    *("\ud83d", "😀", "é", "  | ", "  +---- 1 ----", '  File "x", line 1, in f', "<"),
    *("Traceback (most recent call last):", "… [cut]", "%", "_", "a" * 70, "9" * 20),
)


def texts() -> SearchStrategy[str]:
    """Return texts near to what the rules look for, repeated to some length."""
    pieces = st.lists(st.sampled_from(_WORDS) | st.text(max_size=12), max_size=30)
    return st.builds(
        lambda parts, times: ("".join(parts) * times)[:200_000],
        pieces,
        st.sampled_from([1, 1, 1, 2, 40, 3000]),
    )


class OddError(Exception):
    """An exception that says what it was told to say, whatever that is."""

    def __init__(self, said: object) -> None:
        super().__init__()
        self._said = said

    def __str__(self) -> str:
        if isinstance(self._said, BaseException):
            raise self._said
        return self._said  # type: ignore[return-value]  # that is what is odd


def _kinds() -> SearchStrategy[Callable[[Any], BaseException]]:
    kinds = (ValueError, KeyError, OSError, UnicodeError, SyntaxError, OddError)
    named = st.text(max_size=300).map(_named)
    return st.sampled_from(kinds) | named


def _named(name: str) -> type[Exception]:
    try:
        return type(name, (RuntimeError,), {"__module__": name})
    except ValueError:  # a NUL, or a lone surrogate
        return RuntimeError


@st.composite
def exceptions(draw: st.DrawFn, depth: int = 0) -> BaseException:
    """Return exceptions with causes, contexts, notes, members and cycles."""
    said = draw(texts() | st.integers() | st.none() | st.builds(RuntimeError))
    error = draw(_kinds())(said)
    more = exceptions(depth=depth + 1)
    if depth < 3 and draw(st.booleans()):
        members = draw(st.lists(more, min_size=1, max_size=4))
        error = BaseExceptionGroup(draw(st.text(max_size=40)), [error, *members])
    if depth < 4 and draw(st.booleans()):
        error.__cause__ = draw(more)
    if depth < 4 and draw(st.booleans()):
        error.__context__ = draw(more)
        error.__suppress_context__ = draw(st.booleans())
    if draw(st.booleans()):
        _end_of_causes(error).__cause__ = error  # a cycle
    notes: Any = draw(st.none() | st.lists(texts(), max_size=20) | st.integers())
    if notes is not None:
        error.__notes__ = notes
    return error


def _end_of_causes(error: BaseException) -> BaseException:
    for _ in range(10):
        if error.__cause__ is None:
            break
        error = error.__cause__
    return error


def raised(error: BaseException, depth: int) -> BaseException:
    """Return the same exception with frames of its own."""
    try:
        _deep(error, depth)
    except BaseException as caught:  # noqa: BLE001  # whatever it is
        return caught
    raise AssertionError


def _deep(error: BaseException, depth: int) -> None:
    if depth <= 0:
        raise error
    _deep(error, depth - 1)


def objects() -> SearchStrategy[object]:
    """Return what hosts may hand over as details: JSON, near JSON, and no JSON."""
    scalars = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | texts()
        | st.binary(max_size=8)
        | st.decimals()
        | st.datetimes()
    )
    keys = st.text(max_size=20) | st.integers() | st.sampled_from(["password", "token"])
    return st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.tuples(inner, inner)
            | st.dictionaries(keys, inner, max_size=4)
        ),
        max_leaves=20,
    ).flatmap(lambda one: st.sampled_from([one, _nested(one)]))


def _nested(one: object) -> object:
    for _ in range(40):
        one = {"deeper": one}
    return one


def arguments() -> SearchStrategy[list[str]]:
    """Return command lines: right ones, nearly right ones, and noise."""
    words = (
        *("timeline", "outcome", "show", "failures", "overdue", "replay", "schema"),
        *("create", "check", "scrub", "erase", "purge", "verify", "--json", "--yes"),
        *("--dry-run", "--since", "7d", "36h", "2026-11-22", "99999999999d", "--type"),
        *("notified", "--limit", "0", "-1", "10", "--keep", "failed=90d", "365d", "="),
        *("--hold", "--actor", "--text", "--journal", "--from-file", "-", "--policy"),
        *("7c9e6679-7425-40de-944b-e07fc1f90ae7", "--assignment-ids", "int", "str"),
        *("--key", "--batch-size", "--help", "--", "--table-prefix", "a", "--own"),
    )
    word = st.sampled_from(words) | st.text(max_size=12)
    return st.lists(word, max_size=8)


@st.composite
def journals(draw: st.DrawFn) -> bytes:
    """Return files: whole lines, torn ones, changed ones, and noise."""
    lines = list[bytes]()
    for _ in range(draw(st.integers(0, 4))):
        line = kept_line(draw(actions()), is_new=draw(st.booleans()))
        if draw(st.booleans()):
            at = draw(st.integers(0, len(line) - 1))
            line = line[:at] + draw(st.binary(max_size=6)) + line[at + 1 :]
        lines.append(line)
    noise = st.binary(max_size=60) | st.just(b"null\n") | st.just(b"[" * 5000)
    lines += draw(st.lists(noise | st.just(stored_line("0" * 32)), max_size=3))
    return b"".join(draw(st.permutations(lines)))
