"""The cluster that these tests share, formed where it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from cluster.nodes import AbsentError, Cluster, a_cluster

SECONDS = float(os.environ.get("ASSIGNMENT_ACTIONS_CLUSTER", "0"))
"""How long a node is away while writers write; 0: no cluster is formed."""

Say = Callable[[str], None]

_said: list[str] = []


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Yield three nodes; skip aloud where nobody asked for them, or they cannot be."""
    if not SECONDS:
        pytest.skip("no cluster was formed: make cluster forms one")
    try:
        with a_cluster() as formed:
            _said.append(f"three nodes formed a cluster in {formed.formed_in:.1f} s")
            yield formed
    except AbsentError as error:
        pytest.skip(f"no cluster was formed: {error}")


@pytest.fixture
def say() -> Say:
    """Return what adds a line to the summary."""
    return _said.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was counted."""
    if _said:
        terminalreporter.section("the cluster")
        for line in _said:
            terminalreporter.write_line(line)
