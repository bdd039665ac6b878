"""What was cancelled where, and what became of it: one table at the end."""

from __future__ import annotations

from collections import Counter

import pytest

_PLACES = ("before", "start", "block", "end", "after")
_counts: Counter[tuple[str, str, str, str]] = Counter()
_lines: list[str] = []


class Tally:
    """Count what was cancelled, and note lines of other measurements."""

    def count(self, store: str, kind: str, place: str, became: str) -> None:
        """Count one: cancelled in this place, it became that."""
        _counts[store, kind, place, became] += 1

    def note(self, line: str) -> None:
        """Add a line below the table."""
        _lines.append(line)


@pytest.fixture(scope="session")
def tally() -> Tally:
    """Return what the table is made of."""
    return Tally()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    write = terminalreporter.write_line
    if _counts:
        terminalreporter.section("recordings cancelled where, and what they became")
    for store, kind in sorted({(store, kind) for store, kind, _, _ in _counts}):
        cells = [
            f"{place}: "
            + ", ".join(
                f"{became} {count}"
                for (*which, became), count in sorted(_counts.items())
                if which == [store, kind, place]
            )
            for place in _PLACES
            if any(key[:3] == (store, kind, place) for key in _counts)
        ]
        write(f"{store:15} {kind:16} {' | '.join(cells)}")
    if _lines:
        terminalreporter.section("many recordings on one event loop")
    for line in _lines:
        write(line)
