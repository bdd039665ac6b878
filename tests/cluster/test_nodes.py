"""What a cluster's nodes answer, provoked for real, and what becomes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
from cluster.conftest import Say
from cluster.nodes import Cluster
from cluster.writers import KEY, code_of, counting, repository_on
from sqlalchemy import Connection, create_engine, event

from assignment_actions import (
    Action,
    ActionNotFoundError,
    ActionRecorder,
    DuplicateActionError,
    StorageError,
)
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.testing import an_action

CONFLICT, NOT_READY, AT_COMMIT = 1213, 1047, 1180
HANDOVERS = 300

Repositories = Sequence[SqlActionRepository]


@pytest.fixture(scope="module")
def repositories(cluster: Cluster) -> Iterator[Repositories]:
    """Yield a repository on each node; all three make the tables at once."""
    with ExitStack() as stack:
        made = [repository_on(node) for node in cluster.nodes]
        for one in made:
            stack.callback(one.close)
        with ThreadPoolExecutor(len(made)) as pool:
            list(pool.map(SqlActionRepository.create_schema, made))
        yield made


class TestConflicts:
    def test_a_transaction_that_loses_at_its_commit_is_tried_again(
        self, repositories: Repositories
    ) -> None:
        """Another node stores a rival meanwhile: not 1213, but what the rival is."""
        here, there, _ = repositories
        rival = an_action(key=KEY)
        actions = [an_action(), an_action(rival.assignment_id, key=KEY)]
        codes, is_armed = counting(here), [True]

        def meanwhile(_: Connection, __: Any, statement: str, *___: Any) -> None:
            if is_armed and statement.startswith("INSERT"):
                is_armed.clear()
                there.add(rival)

        event.listen(here.engine, "after_cursor_execute", meanwhile)
        with pytest.raises(DuplicateActionError) as caught:
            here.add(*actions)
        event.remove(here.engine, "after_cursor_execute", meanwhile)

        assert rival == caught.value.action
        assert 1 == codes[CONFLICT]
        assert here.get(actions[0].id) is None

    def test_a_hosts_transaction_is_lost(
        self, cluster: Cluster, repositories: Repositories
    ) -> None:
        """Where another node's write took its locks, StorageError says it is lost."""
        here, there, _ = repositories
        action = an_action(status="unknown")
        here.add(action)
        host = create_engine(cluster.nodes[0].url)
        with host.connect() as connection:
            joined = here.joined_to(connection)
            joined.complete(action.succeed(at=action.created_at))
            assert there.complete(action.succeed(at=action.created_at))
            _wait_for_write(here, action)

            with pytest.raises(StorageError) as caught:
                joined.add(an_action())
        host.dispose()

        assert caught.value.transaction_lost
        assert CONFLICT == code_of(caught.value.__cause__)


def _wait_for_write(repository: SqlActionRepository, action: Action) -> None:
    """Wait until what another node has stored of an action is here."""
    while (found := repository.get(action.id)) is None or found.status == action.status:
        pass


class TestCutOff:
    def test_what_it_cannot_store_is_kept(
        self, cluster: Cluster, repositories: Repositories
    ) -> None:
        """A node without the others refuses with 1047, at once; flush stores it all."""
        node, repository = cluster.nodes[2], repositories[2]
        recorder, codes = ActionRecorder(repository), counting(repository)
        with ExitStack() as stack:
            with recorder.recording(uuid4(), "notified") as recording:
                stack.enter_context(cluster.cut_off(node))
            before = codes[NOT_READY]
            with pytest.raises(StorageError) as caught:
                recorder.start(uuid4(), "notified")

        assert NOT_READY == code_of(caught.value.__cause__)
        assert (1, 2) == (before, codes[NOT_READY])
        assert 1 == recorder.flush()
        assert "succeeded" == recorder.history.get(recording.action.id).status

    def test_a_write_under_way_may_be_stored_or_not(
        self, cluster: Cluster, repositories: Repositories, say: Say
    ) -> None:
        """At its commit it is 1180, which proves nothing, so it is not tried again."""
        node, repository = cluster.nodes[2], repositories[2]
        codes = counting(repository)
        with ThreadPoolExecutor(4) as pool:
            runs = [pool.submit(_until_refused, repository) for _ in range(4)]
            with cluster.cut_off(node):
                refused = [run.result() for run in runs]
        stored = sum(repository.get(action.id) is not None for action, _ in refused)
        answers = Counter(code for _, code in refused)

        assert answers[AT_COMMIT]
        assert {AT_COMMIT, NOT_READY} >= set(answers)
        assert answers[AT_COMMIT] == codes[AT_COMMIT]
        say(f"writes under way when cut off: {dict(answers)}, {stored} of them stored")


def _until_refused(repository: SqlActionRepository) -> tuple[Action, int]:
    """Add actions until one is refused; return it, and with which number."""
    while True:
        action = an_action()
        try:
            repository.add(action)
        except StorageError as error:
            return action, code_of(error.__cause__)


class TestFrozen:
    def test_the_others_go_on(
        self, cluster: Cluster, repositories: Repositories
    ) -> None:
        """A write waits until the frozen node is out, and is there when it is back."""
        action = an_action()
        with cluster.frozen(cluster.nodes[1]):
            repositories[0].add(action)

        assert action == repositories[1].get(action.id)


class TestBehind:
    def test_a_node_may_not_know_yet(
        self, cluster: Cluster, repositories: Repositories
    ) -> None:
        """Another node's row is missing for a while, unless wsrep_sync_wait is set."""
        node, action = cluster.nodes[1], an_action()
        waiting = repository_on(node, sync_wait=7)
        locks = create_engine(node.url)
        with locks.connect() as connection, ThreadPoolExecutor(1) as pool:
            connection.exec_driver_sql("FLUSH TABLES WITH READ LOCK")
            repositories[0].add(action)
            found = repositories[1].get(action.id)
            later = pool.submit(waiting.get, action.id)
            connection.exec_driver_sql("UNLOCK TABLES")

            assert found is None
            assert action == later.result()
        waiting.close()
        locks.dispose()

    def test_work_may_change_nodes_with_sync_wait(
        self, cluster: Cluster, repositories: Repositories, say: Say
    ) -> None:
        """What one node started, another completes: always, where it waits."""
        starter, missing = ActionRecorder(repositories[0]), Counter[int]()
        for sync_wait in (0, 7):
            repository = repository_on(cluster.nodes[1], sync_wait=sync_wait)
            finisher = ActionRecorder(repository)
            for _ in range(HANDOVERS):
                action = starter.start(uuid4(), "notified")
                try:
                    finisher.succeed(action)
                except (ActionNotFoundError, StorageError):
                    missing[sync_wait] += 1
            repository.close()

        assert 0 == missing[7]
        say(
            f"of {HANDOVERS} actions completed on another node at once, refused:"
            f" {missing[0]}, with wsrep_sync_wait=7: {missing[7]}"
        )
