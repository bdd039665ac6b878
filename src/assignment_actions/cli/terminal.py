"""Where output goes: Rich on a terminal, plain text elsewhere, nothing hostile."""

from __future__ import annotations

import io
import os
import re
import sys

import typer.rich_utils
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

# Control characters but tab and newline, and those that turn the direction of writing:
# a stored message could otherwise repaint the terminal of whoever reads it.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
PLAIN_WIDTH = 100


def show(answer: RenderableType) -> None:
    """
    Print an answer on standard output.

    No escape codes where it is no terminal, or NO_COLOR is set (no-color.org); no
    trailing blanks there either.
    """
    console = _terminal()
    if console.color_system is not None:
        console.print(answer, crop=False)
        return
    with console.capture() as capture:
        console.print(answer, crop=False)
    lines = [line.rstrip() for line in capture.get().splitlines()]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _terminal() -> Console:
    is_plain = _is_plain()
    has_width = sys.stdout.isatty() or os.environ.get("COLUMNS")
    return Console(
        color_system=None if is_plain else "auto",
        force_terminal=False if is_plain else None,
        width=None if has_width else PLAIN_WIDTH,
        highlight=False,
        markup=False,
        emoji=False,
    )


class Command:
    """
    Be a command to copy: never wrapped here, whatever the width.

    A terminal that is narrower wraps it by itself, and copies it whole.
    """

    def __init__(self, words: str) -> None:
        self._words = printable(words)

    def __rich_console__(self, _: Console, __: ConsoleOptions) -> RenderResult:
        yield Segment(self._words, Style(bold=True))
        yield Segment.line()


def printable(text: str) -> str:
    r"""
    Write what could steer a terminal as escapes, and keep all else.

    >>> printable("550 \x1b[2J no")
    '550 \\x1b[2J no'
    """
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)


def text(content: object, style: str = "") -> Text:
    """Return a styled text that is safe to show."""
    return Text(printable(str(content)), style=style)


def one_line(content: object) -> str:
    """Return a text that is safe to show, on one line."""
    return printable(" ".join(str(content).split()))


def replace_unencodable() -> None:
    """Let a stream that cannot write a character write `?` instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _is_plain() -> bool:
    return bool(os.environ.get("NO_COLOR")) or not sys.stdout.isatty()


def prepare_help() -> None:
    """Make Typer's help as plain; by itself it colours wherever CI asks for colour."""
    is_plain = _is_plain()
    typer.rich_utils.COLOR_SYSTEM = None if is_plain else "auto"
    typer.rich_utils.FORCE_TERMINAL = False if is_plain else None
