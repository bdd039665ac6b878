"""Sixteen writers on three nodes, of which one is cut off and one is killed."""

from __future__ import annotations

import hashlib
import itertools
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

import attrs
import pytest
from cluster.conftest import SECONDS, Say
from cluster.nodes import DATABASE, Cluster, Node
from cluster.writers import (
    KEY,
    PREFIX,
    Finish,
    Seen,
    Told,
    Writer,
    outcome_of,
    repository_on,
)

from assignment_actions import Action, ActionFilter, ActionHistory, ActionRecorder
from assignment_actions.adapters.journal import FileJournal
from assignment_actions.testing import an_action

WRITERS = 16
SHARED = 1_000
HEALTHY = 3.0
CONFLICT = 1213
ENDED = ("succeeded", "failed")
NOBODY = "in_progress by None"


@attrs.define
class Run:
    """What a run left behind."""

    seen: Sequence[Seen]
    started: Sequence[Action]
    conflicts_on_nodes: int = 0
    waiting_when_cut_off: int = 0
    waiting: int = 0
    flushed_elsewhere: int = 0
    flushed: int = 0
    left: int = 0
    stored: Sequence[Action] = ()
    hashes: Sequence[str] = ()

    @property
    def told(self) -> list[Told]:
        """Return what all writers were told of their tries."""
        return [told for one in self.seen for told in one.told]

    @property
    def finishes(self) -> list[Finish]:
        """Return what all writers were told of the shared actions."""
        return [finish for one in self.seen for finish in one.finishes]

    @property
    def codes(self) -> Counter[int]:
        """Return the servers' errors by number, but for the last of five in a row."""
        return sum((one.codes for one in self.seen), Counter())

    @property
    def given_up(self) -> Counter[int]:
        """Return those that a writer was told of."""
        return sum((one.given_up for one in self.seen), Counter())

    @property
    def by_actor(self) -> dict[str, list[Action]]:
        """Return what is stored of each try."""
        found: defaultdict[str, list[Action]] = defaultdict(list)
        for one in self.stored:
            if one.actor is not None:
                found[one.actor].append(one)
        return found


@pytest.fixture(scope="module")
def run(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Let the writers write through it all, once; the tests look at what came of it."""
    folder, started = tmp_path_factory.mktemp("journals"), _prepare(cluster.nodes[0])
    writers = [
        Writer(number, node, started, folder)
        for number, node in zip(
            range(WRITERS), itertools.cycle(cluster.nodes), strict=False
        )
    ]
    run = Run([one.seen for one in writers], started)
    with _writing(writers):
        _disturb(cluster, writers, run)
    cluster.wait()
    run.conflicts_on_nodes += _conflicts(cluster.nodes)
    run.waiting = _waiting(writers)
    run.flushed = sum(one.recorder.flush() for one in writers)
    run.left = _waiting(writers)
    run.stored = _stored(cluster.nodes[0])
    run.hashes = [_hash(node) for node in cluster.nodes]
    for writer in writers:
        writer.close()
    return run


def _prepare(node: Node) -> list[Action]:
    """Make the tables, and actions that all writers want to complete."""
    repository = repository_on(node, prefix=PREFIX)
    started = [an_action() for _ in range(SHARED)]
    repository.create_schema()
    repository.add(*started)
    repository.close()
    return started


@contextmanager
def _writing(writers: Sequence[Writer]) -> Iterator[None]:
    is_over, begun = threading.Event(), time.monotonic()
    threads = [
        threading.Thread(target=one.run, args=[begun, is_over]) for one in writers
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def _disturb(cluster: Cluster, writers: Sequence[Writer], run: Run) -> None:
    """Cut the third node off, kill the second; each comes back."""
    first, second, third = cluster.nodes
    time.sleep(HEALTHY)
    with _blocks(writers, third) as blocks, cluster.cut_off(third):
        blocks.close()
        time.sleep(SECONDS)
        run.waiting_when_cut_off = _waiting(writers)
    time.sleep(HEALTHY)
    run.conflicts_on_nodes += _conflicts([second])  # it forgets them
    with _blocks(writers, second):
        second.kill()
    cluster.wait([first, third])
    run.flushed_elsewhere = sum(
        _flush(one.journal, first) for one in writers if one.node is second
    )
    cluster.restart(second)
    time.sleep(HEALTHY)


@contextmanager
def _blocks(writers: Sequence[Writer], node: Node) -> Iterator[ExitStack]:
    """Keep a block of each of a node's writers open, to be closed at the latest."""
    with ExitStack() as blocks:
        for writer in writers:
            if writer.node is node:
                blocks.enter_context(writer.block())
        yield blocks


def _flush(journal: Path, node: Node) -> int:
    """Store through another node what waits for a dead one."""
    repository = repository_on(node, prefix=PREFIX, sync_wait=7)
    flushed = ActionRecorder(repository, journal=FileJournal(journal)).flush()
    repository.close()
    return flushed


def _waiting(writers: Sequence[Writer]) -> int:
    return sum(len(FileJournal(one.journal)) for one in writers)


def _conflicts(nodes: Sequence[Node]) -> int:
    names = ("wsrep_local_cert_failures", "wsrep_local_bf_aborts")
    return sum(int(node.status(name)) for node in nodes for name in names)


def _stored(node: Node) -> list[Action]:
    repository = repository_on(node, prefix=PREFIX, sync_wait=7)
    found = list(ActionHistory(repository).iterate(ActionFilter()))
    repository.close()
    return found


def _hash(node: Node) -> str:
    """Return a checksum of all rows that a node itself holds, in order."""
    rows = node.ask(
        "SET STATEMENT wsrep_sync_wait = 7 FOR SELECT * FROM"
        f" {DATABASE}.{PREFIX}assignment_actions ORDER BY assignment_id, id"
    )
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def summary(run: Run) -> Iterator[str]:
    """Yield what happened, for a person."""
    by_status = Counter(one.status for one in run.told)
    codes, given_up = run.codes, run.given_up
    lost = sum(one.status not in ENDED for one in run.stored if one.actor is not None)
    yield f"{WRITERS} writers, one node cut off for {SECONDS:g} s, one killed"
    yield f"blocks that ran: {sum(by_status[one] for one in ENDED)}"
    yield (
        f"refused by a key: {by_status['duplicate']}, starts refused by the store:"
        f" {by_status['refused']}, of them stored after all: {lost}"
    )
    answers = Counter(one.answer for one in run.finishes)
    yield f"completions of shared actions: {dict(answers)}"
    yield (
        f"outcomes that waited: {run.waiting_when_cut_off} for the node cut off,"
        f" {run.flushed_elsewhere} flushed through another than the dead one,"
        f" {run.flushed} flushed at the end, {run.left} left"
    )
    yield (
        f"conflicts (1213): {codes[CONFLICT]} seen and tried again but for"
        f" {given_up[CONFLICT]}; the nodes counted {run.conflicts_on_nodes}"
    )
    yield f"all errors by number: {dict(sorted(codes.items()))}"
    yield f"of them told to the writer: {dict(sorted(given_up.items()))}"
    yield f"rows: {len(run.stored)}, the same on all nodes: {run.hashes[0][:12]}"


class TestOutcomes:
    def test_each_is_stored_as_its_writer_was_told(self, run: Run) -> None:
        """Every block that ran has one row with its outcome; a refused key has none."""
        ended = {one.actor: one.status for one in run.told if one.status in ENDED}
        refused = {one.actor for one in run.told if one.status == "duplicate"}

        assert [] == [wrong for one in run.seen for wrong in one.wrongs]
        assert ended == {
            actor: ",".join(str(one.status) for one in rows)
            for actor, rows in run.by_actor.items()
            if actor in ended
        }
        assert set() == refused & set(run.by_actor)

    def test_nothing_is_in_progress_but_starts_whose_answer_was_lost(
        self, run: Run
    ) -> None:
        """What is left in progress belongs to writers who got a StorageError."""
        doubtful = {one.actor for one in run.told if one.status == "refused"}
        shared = {one.id for one in run.started}
        left = {
            one.actor
            for one in run.stored
            if one.status not in ENDED and one.id not in shared
        }

        assert doubtful & set(run.by_actor) == left

    def test_what_waited_is_stored(self, run: Run) -> None:
        """After a flush nothing waits; of a dead node, another has stored it."""
        assert run.waiting_when_cut_off >= WRITERS // 3
        assert run.flushed_elsewhere >= WRITERS // 3
        assert (run.waiting, 0) == (run.flushed, run.left)


class TestKeys:
    def test_no_key_has_two_successes(self, run: Run) -> None:
        """Among writers on three nodes each key is done once, its tries in order."""
        keyed: defaultdict[UUID, list[Action]] = defaultdict(list)
        for one in run.stored:
            if one.key == KEY:
                keyed[one.assignment_id].append(one)  # type: ignore[index]
        for tries in keyed.values():
            tries.sort(key=lambda one: one.attempt)
            statuses = [str(one.status) for one in tries]

            assert list(range(1, len(tries) + 1)) == [one.attempt for one in tries]
            assert {"failed"} >= set(statuses[:-1])

        assert any(len(tries) > 1 for tries in keyed.values())
        assert "duplicate" in {one.status for one in run.told}


class TestCompletions:
    def test_each_has_one_winner_at_most(self, run: Run) -> None:
        """Of many completions one is stored: the one whose writer was told so."""
        won: defaultdict[UUID, list[str]] = defaultdict(list)
        doubtful: defaultdict[UUID, list[str]] = defaultdict(list)
        for one in run.finishes:
            place = {"won": won, "doubtful": doubtful}.get(one.answer)
            if place is not None:
                place[one.action_id].append(one.outcome)
        stored = {one.id: one for one in run.stored}

        for action in run.started:
            possible = won[action.id] or [*doubtful[action.id], NOBODY]
            assert len(won[action.id]) <= 1
            assert outcome_of(stored[action.id]) in possible


class TestConflicts:
    def test_they_are_tried_again(self, run: Run) -> None:
        """At most a tenth of the conflicts is told to a writer."""
        assert run.given_up[CONFLICT] <= run.codes[CONFLICT] / 10
        assert run.codes[CONFLICT]


class TestNodes:
    def test_all_hold_the_same_rows(self, run: Run, say: Say) -> None:
        """Row by row, also on the nodes that were away."""
        assert 1 == len(set(run.hashes))
        for line in summary(run):
            say(line)
