"""One table at the end of the fault tests: what was broken, and what was counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Count = Callable[[str, str], None]

_rows: list[tuple[str, str, str]] = []


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Count:
    """Return what notes a row of the table: what was done, and what came of it."""
    callspec = getattr(request.node, "callspec", None)
    params = {} if callspec is None else callspec.params
    store = str(params.get("shared_store_url") or params.get("outage") or "")

    def note(done: str, counted: str) -> None:
        _rows.append((store.partition(" ")[0], done, counted))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    if not _rows:
        return
    terminalreporter.section("what was broken, and what came of it")
    for store, done, counted in sorted(_rows):
        terminalreporter.write_line(f"{store:11} {done:46} {counted}")
