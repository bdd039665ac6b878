"""Counts over time in one short line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

_SYMBOLS, _ASCII = "·▁▂▃▄▅▆▇█", ".:-=+*#%@"


def days_of_a_part(start: date, end: date, most: int) -> int:
    """Return how many days each of at most `most` parts of a period has."""
    return -(-_days(start, end) // most)


def parts(
    per_day: Mapping[str, int], start: date, end: date, most: int
) -> Sequence[int]:
    """
    Return the counts of a period in at most `most` parts; the first may be shorter.

    What counts before the period counts in its first part, what counts after it in its
    last.

    >>> days = {"2026-11-20": 3, "2026-11-22": 1}
    >>> parts(days, date(2026, 11, 19), date(2026, 11, 22), 4)
    [0, 3, 0, 1]
    >>> parts(days, date(2026, 11, 18), date(2026, 11, 22), 3)
    [0, 3, 1]
    """
    days, width = _days(start, end), days_of_a_part(start, end, most)
    counts = [0] * -(-days // width)
    for day, count in per_day.items():
        ago = (end - date.fromisoformat(day)).days
        counts[-1 - min(max(ago, 0), days - 1) // width] += count
    return counts


def sparkline(counts: Sequence[int], *, is_ascii: bool = False) -> str:
    """
    Return one symbol for each count, the highest for the greatest.

    >>> sparkline([0, 1, 4, 8])
    '·▁▄█'
    """
    symbols = _ASCII if is_ascii else _SYMBOLS
    steps, top = len(symbols) - 1, max(counts) or 1
    return "".join(symbols[-(-count * steps // top)] for count in counts)


def _days(start: date, end: date) -> int:
    return (end - start).days + 1
