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


IN_MEMORY = """
import os
from uuid import uuid4
from assignment_actions.adapters.sql import SqlActionRepository
repository = SqlActionRepository.from_url("sqlite://")
repository.create_schema()
repository.get(uuid4())
child = os.fork()
if not child:
    repository.create_schema()
    print([repository.get(uuid4()) for _ in range(3)], flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""


class TestFork:
    def test_a_child_has_a_database_in_memory_of_its_own(self) -> None:
        """It can be asked again and again, though its parent's is out of reach."""
        ran = subprocess.run(
            [sys.executable, "-c", IN_MEMORY],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert ("[None, None, None]\n", "") == (ran.stdout, ran.stderr)

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
