"""One table at the end: what was found of what, rule by rule."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Table = Callable[[str, str], None]

_tables: dict[str, str] = {}


@pytest.fixture
def show() -> Table:
    """Return what keeps a table for the end of the run, under its title."""

    def keep(title: str, table: str) -> None:
        _tables[title] = table

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables."""
    for title, table in _tables.items():
        terminalreporter.section(title)
        terminalreporter.write_line(table)
