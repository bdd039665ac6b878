"""Children of a fork, as pre-forking servers make them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assignment_actions import ActionFilter
from assignment_actions.adapters.sql import SqlActionRepository

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="this system does not fork"
)


class TestFork:
    def test_children_have_connections_of_their_own(
        self, shared_repository: SqlActionRepository, shared_store_url: str
    ) -> None:
        """Parent and three children ask at once: nobody gets another's answer."""
        script = str(Path(__file__).with_name("forks.py"))
        done = subprocess.run(
            [sys.executable, script, shared_store_url, "uuid_"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert (0, "[0, 0, 0, 0, 0]\n", "") == (
            *(done.returncode, done.stdout),
            done.stderr,
        )
        assert 20 + 3 == shared_repository.count(ActionFilter())
