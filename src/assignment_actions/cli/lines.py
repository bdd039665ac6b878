"""What is given line by line: assignment ids, and texts to look for."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from assignment_actions.cli.settings import CommandError, IdKind, Settings, Status
from assignment_actions.domain.values import AssignmentId

STDIN = "-"
_NAMED = 8
_EXPECTED = {
    IdKind.UUID: "a UUID; for others give --assignment-ids",
    IdKind.INT: "an int of 64 bits; for others give --assignment-ids",
    IdKind.STR: "1 to 255 characters with no blank before or behind them",
}


def ids_of(
    settings: Settings, given: Sequence[str] | None, file: str | None, option: str
) -> list[AssignmentId]:
    """
    Return the ids given as arguments, and those in a file, one per line.

    Raises:
        CommandError: one is none; of a file its line is named, never its text, which
            may be somebody's.
    """
    ids = [settings.assignment_id(one) for one in given or ()]
    if file is None:
        return ids
    found = [
        (number, _id_in(settings, line)) for number, line in lines_of(file, option)
    ]
    bad = [number for number, one in found if one is None]
    if bad:
        expected = _EXPECTED[settings.assignment_ids]
        raise CommandError(f"{option} {file}: {_lines(bad)} must be {expected}")
    return ids + [one for _, one in found if one is not None]


def texts_of(file: str | None, option: str) -> list[str]:
    """Return the texts in a file, one per line, without the blanks around them."""
    if file is None:
        return []
    return [line.strip() for _, line in lines_of(file, option)]


def lines_of(file: str, option: str) -> Iterator[tuple[int, str]]:
    """
    Yield the lines of a text file with their numbers, all but blank ones.

    Raises:
        CommandError: it cannot be read, or is no UTF-8.
    """
    try:
        data = sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
        content = data.decode("utf-8-sig")
    except OSError as error:
        raise CommandError(f"{option}: {error}", Status.NOT_FOUND) from None
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise CommandError(f"{option} {file}: line {number} is no UTF-8") from None
    for number, line in enumerate(content.split("\n"), start=1):
        if line.strip():
            yield number, line.removesuffix("\r")


def _id_in(settings: Settings, line: str) -> AssignmentId | None:
    is_text = settings.assignment_ids is IdKind.STR
    if is_text and line != line.strip():  # a blank by mistake would be another id
        return None
    try:
        return settings.assignment_id(line.strip())
    except CommandError:
        return None


def _lines(numbers: Sequence[int]) -> str:
    """
    Return lines by their numbers.

    >>> _lines([3]), _lines([3, 5]), _lines(range(1, 20))
    ('line 3', 'lines 3, 5', 'lines 1, 2, 3, 4, 5, 6, 7, 8 and 11 more')
    """
    named = ", ".join(map(str, numbers[:_NAMED]))
    more = len(numbers) - _NAMED
    word = "line" if len(numbers) == 1 else "lines"
    return f"{word} {named}{f' and {more} more' if more > 0 else ''}"
