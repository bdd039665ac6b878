"""Whatever a host's transaction comes to, the record is true: the table."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from faults import truth
from faults.truth import ENDINGS, KILLS, MODES
from sqlalchemy import Engine, create_engine, text

from assignment_actions import ActionRecorder
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.domain.ports import utc_now

TABLE = Path(__file__).parents[2] / "docs" / "transactions.md"
WRITE = "ASSIGNMENT_ACTIONS_WRITE_DOCS"

# What is promised: the answer to "did it happen?", and whether the host's row is there.
# "unknown" of a killed process is told once the action is overdue.
OWN = {
    "commits": ("yes", True),
    "rolls back with an exception": ("no", False),
    "rolls back silently": ("yes", False),
    "forgets to commit": ("yes", False),
    "is aborted by an error it swallows": ("yes", True),
    "before the effect": ("unknown", False),
    "during the effect": ("unknown", False),
    "between effect and completion": ("unknown", True),
    "after the completion, before the commit": ("unknown", True),
    "after the commit": ("unknown", True),
}
JOINED = {
    "commits": ("yes", True),
    "rolls back with an exception": ("no", False),
    "rolls back silently": ("unknown", False),
    "forgets to commit": ("unknown", False),
    "is aborted by an error it swallows": ("yes", True),
    "before the effect": ("unknown", False),
    "during the effect": ("unknown", False),
    "between effect and completion": ("unknown", False),
    "after the completion, before the commit": ("unknown", False),
    "after the commit": ("yes", True),
}
# PostgreSQL alone aborts a transaction on an error: the commit then rolls back, and a
# joined completion is refused, which leaves the block as a StorageError.
ABORTED = "is aborted by an error it swallows"
PROMISED: dict[tuple[str, str, str], tuple[str, bool]] = {
    (store, mode, ending): answer
    for store in ("sqlite_file", "postgresql", "mariadb")
    for mode in MODES
    for ending, answer in (OWN if mode == "own" else JOINED).items()
} | {
    ("postgresql", "own", ABORTED): ("yes", False),
    ("postgresql", "joined connection", ABORTED): ("no", False),
    ("postgresql", "joined session", ABORTED): ("no", False),
}


@pytest.fixture
def host(shared_store_url: str) -> Iterator[Engine]:
    """Yield an engine as a host makes it, with a table of the host's own."""
    engine = create_engine(shared_store_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS orders (id VARCHAR(36))"))
    yield engine
    engine.dispose()


@pytest.fixture
def store(request: pytest.FixtureRequest) -> str:
    """Return the name of the store that this test runs on."""
    return str(request.node.callspec.params["shared_store_url"])


def answer(recorder: ActionRecorder, host: Engine, one: UUID) -> tuple[str, bool]:
    """Return what history says when all is overdue, and whether the effect is there."""
    [action] = recorder.history.timeline(one)
    later = utc_now() + timedelta(hours=2)
    verdict = recorder.history.timeline(one).outcome("redeemed", now=later).verdict
    with host.connect() as connection:
        statement = text("SELECT count(*) FROM orders WHERE id = :id")
        count = connection.execute(statement, {"id": str(one)}).scalar_one()
    assert one == action.assignment_id
    return str(verdict), bool(count)


@pytest.mark.parametrize("mode", MODES)
class TestTruth:
    @pytest.mark.parametrize("ending", ENDINGS)
    def test_an_ending(
        self,
        shared_repository: SqlActionRepository,
        host: Engine,
        store: str,
        mode: str,
        ending: str,
    ) -> None:
        """However the host's transaction ends, the answer is as promised."""
        recorder, one = ActionRecorder(shared_repository), uuid4()

        truth.play(recorder, host, mode, ending, one)

        assert PROMISED[store, mode, ending] == answer(recorder, host, one)

    def test_a_kill(
        self,
        shared_repository: SqlActionRepository,
        shared_store_url: str,
        host: Engine,
        store: str,
        mode: str,
    ) -> None:
        """Wherever the process is killed, a success is never made up."""
        ids = [uuid4() for _ in KILLS]

        subprocess.run(
            [sys.executable, "-m", "faults.truth", shared_store_url, "uuid_", mode]
            + [str(one) for one in ids],
            cwd=Path(__file__).parents[1],
            check=True,
            timeout=60,
        )

        recorder = ActionRecorder(shared_repository)
        found = {
            kill: answer(recorder, host, one)
            for kill, one in zip(KILLS, ids, strict=True)
        }
        assert {kill: PROMISED[store, mode, kill] for kill in KILLS} == found


def table() -> str:
    """Return what is promised as the document that users read."""
    head = (
        "| the host | own | joined connection | joined session |\n|---|---|---|---|\n"
    )
    return head + "".join(
        f"| {'is killed ' if ending in KILLS else ''}{ending} | "
        + " | ".join(cell(mode, ending) for mode in MODES)
        + " |\n"
        for ending in (*ENDINGS, *KILLS)
    )


def cell(mode: str, ending: str) -> str:
    """Return the answer, once where all databases agree."""
    said = {
        store: PROMISED[store, mode, ending][0]
        for store in ("sqlite_file", "postgresql", "mariadb")
    }
    if len(set(said.values())) == 1:
        return said["postgresql"]
    return f"{said['sqlite_file']} (PostgreSQL: {said['postgresql']})"


def test_the_document_shows_this_table() -> None:
    """The table that users read is the one that these tests prove."""
    if os.environ.get(WRITE):
        before, _, _ = TABLE.read_text().partition("| the host |")
        TABLE.write_text(before + table())

    assert table() in TABLE.read_text()


@pytest.mark.parametrize(
    ("row", "mode"),
    [("around it: own transactions", "own"), ("joined_to=session", "joined session")],
)
def test_the_readme_promises_the_same(row: str, mode: str) -> None:
    """The short table that newcomers read says what these tests prove."""
    lines = (TABLE.parents[1] / "README.md").read_text().splitlines()
    [line] = [one for one in lines if one.startswith("|") and row in one]
    said = [cell.strip(" *") for cell in line.strip("|").split("|")][1:]
    words = {"yes": "succeeded", "no": "failed", "unknown": "unknown"}

    promised = [
        words[PROMISED["mariadb", mode, ending][0]]
        for ending in (*ENDINGS[:3], "during the effect")
    ]

    assert len(promised) == len(said)
    assert all(word in cell for word, cell in zip(promised, said, strict=True))
