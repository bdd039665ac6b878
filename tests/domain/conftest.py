"""Fixtures: recorders of either colour."""

from collections.abc import Iterator

import pytest
from domain.recorders import Colour

from assignment_actions.testing import EventLoopThread


@pytest.fixture(params=["plain", "async"])
def colour(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Let the test's recorders be plain, then in an event loop."""
    if request.param == "plain":
        yield
        return
    with EventLoopThread() as loop:
        monkeypatch.setattr(Colour, "loop", loop)
        yield
