"""The world of the corpus, and what came of each case, made once per process."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from exceptions.capturing import Captures
from exceptions.world import World


@pytest.fixture(scope="session")
def captures(
    url_of: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Captures]:
    """Return what came of each case."""
    with World(tmp_path_factory.mktemp("world"), url_of) as world:
        yield Captures(world)
