"""Which searches a text needs: most need none, and most of their lines come again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

from assignment_actions.domain.frames import CAUSE, CONTEXT, HEADER
from assignment_actions.domain.redacting.patterns import Lazy, in_lower_case

REMEMBERED_LINES, LONGEST_REMEMBERED = 4096, 200
_LINKS = frozenset({"", CAUSE, CONTEXT, HEADER})


def _always(_lines: str) -> bool:
    return True


class Step(NamedTuple):
    """
    One search; where `scout` finds nothing in the lower-case text, nor does it.

    No scout looks over the end of a line. Where it finds something, `is_needed` looks
    at those lines: where that says no, the search would change nothing either.
    """

    scout: str
    without: Callable[[str], str]
    is_needed: Callable[[str], bool] = _always


class Look(NamedTuple):
    """What was seen in a text: the steps it needs, and lines that need none."""

    needed: Collection[Step]
    harmless: Collection[str]


NOTHING = Look((), ())


class Scouts:
    """
    Tell which steps may change a text.

    Frames and lines of source in which no scout finds anything are remembered, once
    their text turned out to hold nothing: so many at most, and only short ones in
    ASCII, which look the same in every text. Thread-safe.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        scouts = dict.fromkeys(step.scout for step in steps)
        self._any = Lazy("|".join(scouts) or "(?!)")
        self._each = [(Lazy(step.scout), step) for step in steps]
        self._remembered: set[str] = set()

    def look(self, text: str) -> Look:
        """Return what is seen in a text, at one glance where it holds nothing."""
        if "\n" not in text:
            new, lines = text, []
        else:
            remembered = self._remembered
            lines = [line for line in text.split("\n") if line not in remembered]
            new = "\n".join(lines)
        low = in_lower_case(new)
        if not self._any().search(low):
            return Look((), lines) if lines else NOTHING
        suspicious = [new[start:end] for start, end in self._suspicious(low)]
        needed = self._needed("\n".join(suspicious))
        return Look(needed, set(lines).difference(suspicious) if needed else lines)

    def remember(self, lines: Collection[str]) -> None:
        """Remember lines that need no step, of a text in which nothing was found."""
        for line in lines:
            if _comes_again(line):
                if len(self._remembered) >= REMEMBERED_LINES:
                    self._remembered.clear()
                self._remembered.add(line)

    def _suspicious(self, low: str) -> Iterator[tuple[int, int]]:
        """Yield where the lines stand in which a scout finds something."""
        search = self._any().search
        found = search(low)
        while found:
            start = low.rfind("\n", 0, found.start()) + 1
            end = low.find("\n", found.end())
            end = len(low) if end < 0 else end
            yield start, end
            found = search(low, end)

    def _needed(self, lines: str) -> list[Step]:
        low = in_lower_case(lines)
        return [
            step
            for scout, step in self._each
            if scout().search(low) and step.is_needed(lines)
        ]


def _comes_again(line: str) -> bool:
    """Tell whether a line is a stacktrace's own, and no message as far as it shows."""
    if not line.startswith(("    ", '  File "')):
        return line in _LINKS
    return len(line) <= LONGEST_REMEMBERED and line.isascii()
