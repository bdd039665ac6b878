"""The database goes away while eight threads record; nothing they were told is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from faults.conftest import Count
from faults.outage_workers import THREADS, Seen, Try, work
from faults.outages import Outage, a_proxy, a_server, wait_for

from assignment_actions import Action, ActionFilter, ActionHistory, ActionRecorder
from assignment_actions.adapters.journal import FileJournal
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.domain.kept import KeptOutcomes
from assignment_actions.domain.ports import OutcomeJournal

SECONDS = float(os.environ.get("ASSIGNMENT_ACTIONS_OUTAGE_SECONDS", "2"))
BEFORE = 0.5

Say = Callable[[str], None]


@pytest.fixture(
    params=[
        "postgresql behind a proxy",
        "mariadb behind a proxy",
        "postgresql stopped",
        "mariadb stopped",
    ]
)
def outage(
    request: pytest.FixtureRequest, url_of: Callable[[str], str]
) -> Iterator[Outage]:
    """Yield each database that can go away, in turn."""
    name, _, how = request.param.partition(" ")
    with a_server(name) if how == "stopped" else a_proxy(url_of(name)) as found:
        yield found


@pytest.fixture
def prefix() -> str:
    """Return what the names of this test's own tables begin with."""
    return f"o{uuid4().hex[:8]}_"


@pytest.fixture
def repository(outage: Outage, prefix: str) -> Iterator[SqlActionRepository]:
    """Yield an empty repository on it."""
    made = SqlActionRepository.from_url(
        outage.url, table_prefix=prefix, pool_size=THREADS
    )
    made.create_schema()
    yield made
    made.close()


@pytest.fixture
def say(request: pytest.FixtureRequest, count: Count) -> Say:
    """Return what notes a count for the table at the end."""
    case = str(request.node.callspec.id).removeprefix(_store_of(request)).strip(" -")

    def noted(said: str) -> None:
        count(f"{SECONDS:g} s away, {case}", said)

    return noted


def _store_of(request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["outage"]).partition(" ")[0]


def stored(repository: SqlActionRepository) -> dict[UUID, Action]:
    """Return all that is stored, by id."""
    found = list(ActionHistory(repository).iterate(ActionFilter()))
    assert len(found) == len({one.id for one in found})
    return {one.id: one for one in found}


def assert_true(repository: SqlActionRepository, tries: list[Try]) -> None:
    """Assert that each try is stored once, with its outcome, and no other outcome."""
    found = stored(repository)
    ended = {one.id: str(one.status) for one in found.values() if one.completed_at}
    asked = ActionHistory(repository).timelines([one.assignment_id for one in tries])

    assert {one.action_id: one.status for one in tries} == ended
    assert {1} == {len(timeline) for timeline in asked.values()}


def run_through(outage: Outage, recorder: ActionRecorder, seen: Seen) -> None:
    """Record before and during an outage; stop while the database is away."""
    is_over = threading.Event()
    threads = work(recorder, seen, is_over.is_set)
    time.sleep(BEFORE)
    outage.begin()
    time.sleep(SECONDS)
    is_over.set()
    for thread in threads:
        thread.join()


class TestWhileItIsAway:
    @pytest.mark.parametrize("kind", ["in memory", "in a file"])
    def test_nothing_is_replaced_and_nothing_lost(
        self,
        outage: Outage,
        repository: SqlActionRepository,
        tmp_path: Path,
        kind: str,
        say: Say,
    ) -> None:
        """Blocks keep their results, failed starts stop them, flush stores the rest."""
        journal: OutcomeJournal = (
            KeptOutcomes() if kind == "in memory" else FileJournal(tmp_path / "journal")
        )
        recorder, seen = ActionRecorder(repository, journal=journal), Seen()

        run_through(outage, recorder, seen)
        kept, refused, before = len(journal), seen.refused, len(seen.tries)
        outage.end()
        flushed = recorder.flush()

        assert [] == seen.wrongs
        assert 0 < kept <= THREADS
        assert (kept, 0, 0) == (flushed, len(journal), recorder.flush())
        assert_true(repository, seen.tries)
        is_over = threading.Event()
        threads = work(recorder, seen, is_over.is_set)
        time.sleep(BEFORE)
        is_over.set()
        for thread in threads:
            thread.join()
        assert ([], refused) == (seen.wrongs, seen.refused)
        assert refused
        assert before < len(seen.tries)
        assert_true(repository, seen.tries)
        say(f"{len(seen.tries)} blocks, {kept} kept, {refused} starts refused")

    def test_starts_are_kept_too(
        self,
        outage: Outage,
        repository: SqlActionRepository,
        tmp_path: Path,
        say: Say,
    ) -> None:
        """With starts in the journal no block is refused, and all are stored later."""
        journal, seen = FileJournal(tmp_path / "journal"), Seen()
        recorder = ActionRecorder(
            repository, journal=journal, on_start_failure="journal"
        )

        run_through(outage, recorder, seen)
        kept = len(journal)
        outage.end()

        assert ([], 0) == (seen.wrongs, seen.refused)
        assert kept > THREADS
        assert (kept, 0) == (recorder.flush(), len(journal))
        assert b"" == (tmp_path / "journal").read_bytes()
        assert_true(repository, seen.tries)
        say(f"{len(seen.tries)} blocks, {kept} of them through the journal")


class TestKilledWhileItIsAway:
    def test_replay_stores_what_was_acknowledged(
        self,
        outage: Outage,
        repository: SqlActionRepository,
        prefix: str,
        tmp_path: Path,
        say: Say,
    ) -> None:
        """What a killed worker had acknowledged is stored by replay, once, and once."""
        journal, ledger = tmp_path / "journal", tmp_path / "ledger"
        worker = subprocess.Popen(
            [
                *(sys.executable, "-m", "faults.outage_workers"),
                *(outage.url, prefix, str(journal), str(ledger)),
            ],
            cwd=Path(__file__).parents[1],
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(lambda: ledger.exists() and len(noted(ledger)) > 50, 30)
            outage.begin()
            before = len(noted(ledger))
            time.sleep(SECONDS)
            assert worker.poll() is None
        finally:
            worker.kill()
            worker.wait(30)
        outage.end()

        replayed = [replay(outage.url, prefix, journal) for _ in range(2)]

        tries, found = noted(ledger), stored(repository)
        assert before < len(tries)
        assert {one.action_id: one.status for one in tries} == {
            one.action_id: str(found[one.action_id].status) for one in tries
        }
        assert len(found) - len(tries) <= 2 * THREADS  # in their blocks at the end
        assert [0, 0] == [one["left"] for one in replayed]
        assert 0 < replayed[0]["stored"]
        assert 0 == replayed[1]["stored"] + replayed[1]["already_stored"]
        say(f"{len(tries)} acknowledged, {replayed[0]['stored']} by replay")


def noted(ledger: Path) -> list[Try]:
    """Return what the worker acknowledged."""
    lines = [line.split() for line in ledger.read_text().splitlines()]
    return [Try(UUID(one), UUID(it), status) for one, it, status in lines]


def replay(url: str, prefix: str, journal: Path) -> dict[str, int]:
    """Run the command; return what it counted."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "assignment_actions.cli", "replay", str(journal)),
            *("--db", url, "--table-prefix", prefix, "--json"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    counts: dict[str, int] = json.loads(done.stdout)
    return counts
