"""What was erased is gone from every byte of the store; what is left still answers."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from sql.erasing import (
    ACTIONS_EACH,
    actions_of,
    answers,
    bytes_of,
    id_of,
    key_of,
    name_of,
    people_in,
    populate,
)
from sql.plans import analyse, caught
from sql.waiting import wait_for_lock
from sqlalchemy import Engine, event, text
from stores import SHARED_STORES, a_store

from assignment_actions import (
    Action,
    ActionFilter,
    ActionRecorder,
    ActionStatus,
    DuplicateActionError,
    StorageError,
)
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.adapters.sql import erasing as module
from assignment_actions.domain.erasure import ErasureCheck, ErasureReport
from assignment_actions.testing import an_action

PEOPLE = int(os.environ.get("ASSIGNMENT_ACTIONS_ERASURE", "300"))
ERASED = range(0, PEOPLE, max(1, PEOPLE // max(60, PEOPLE // 100)))
OTHERS = sorted(set(range(PEOPLE)) - set(ERASED))
ASKED = [*ERASED[:20], *OTHERS[:20], OTHERS[-1]]
VERBS = pytest.mark.parametrize("verb", ["scrub", "erase"])


@attrs.frozen
class Erased:
    """A store in which some of many people were erased, and what was seen of it."""

    recorder: ActionRecorder
    before: dict[str, Any]
    report: ErasureReport
    after: dict[str, Any]
    check: ErasureCheck
    left: set[int]


@contextmanager
def erased(store: str, verb: str, folder: Path) -> Iterator[Erased]:
    """Yield a store of its own in which some people were erased by a recorder."""
    with a_store(store, folder) as url, ExitStack() as stack:
        repository = SqlActionRepository.from_url(url)
        stack.callback(repository.close)
        repository.create_schema()
        populate(repository, PEOPLE)
        recorder = ActionRecorder(repository)
        before = answers(recorder.history, ASKED)
        report = getattr(recorder, verb)([id_of(one) for one in ERASED])
        yield Erased(
            recorder,
            before,
            report,
            answers(recorder.history, ASKED),
            recorder.verify_erased(
                [id_of(one) for one in ERASED], [name_of(one) for one in ERASED[:20]]
            ),
            people_in(bytes_of(repository, folder)),
        )


@pytest.fixture(scope="module", params=SHARED_STORES)
def scrubbed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Erased]:
    """Yield a store in which some people were scrubbed."""
    with erased(request.param, "scrub", tmp_path_factory.mktemp("scrubbed")) as one:
        yield one


@pytest.fixture(scope="module", params=SHARED_STORES)
def gone(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Erased]:
    """Yield a store in which some people were erased."""
    with erased(request.param, "erase", tmp_path_factory.mktemp("erased")) as one:
        yield one


class TestScrub:
    def test_nothing_of_it_is_found(self, scrubbed: Erased) -> None:
        """All actions were scrubbed, and no column of any holds more than facts."""
        count = ACTIONS_EACH * len(ERASED)

        assert (count, 2 * len(ERASED)) == (
            *(scrubbed.report.actions, scrubbed.report.in_progress),
        )
        assert (count, ()) == (scrubbed.check.actions, scrubbed.check.leftovers)

    def test_no_byte_of_it_is_left(self, scrubbed: Erased) -> None:
        """Neither files nor dumps name them; everybody else is named there."""
        assert set(OTHERS) == scrubbed.left

    def test_every_question_has_the_answer_it_had(self, scrubbed: Erased) -> None:
        """Timelines, outcomes also by key, counts, groups and pages are the same."""
        assert scrubbed.before == scrubbed.after

    def test_a_key_counts_as_ever(self, scrubbed: Erased) -> None:
        """Nothing starts again under a key whose text is gone."""
        one = ERASED[1]

        with pytest.raises(DuplicateActionError) as caught:
            scrubbed.recorder.start(id_of(one), "notified", key=key_of(one, "first"))

        stored = caught.value.action
        assert stored is not None
        assert (2, ActionStatus.SUCCEEDED) == (stored.attempt, stored.status)
        assert name_of(one) not in str(stored.key)

    def test_a_search_finds_the_others(self, scrubbed: Erased) -> None:
        """Each of the texts of somebody who was not erased is found where it stands."""
        check = scrubbed.recorder.verify_erased([], [name_of(OTHERS[3])])

        failure = {"message", "stacktrace"}
        common = {"actor", "details"}
        assert [
            common | {"key"},
            common | failure,
            common | {"key"},
            common | {"key"} | failure,
        ] == [set(one.fields) for one in check.leftovers]


class TestErase:
    def test_nothing_of_it_is_found(self, gone: Erased) -> None:
        """All actions are gone, and those of the others are not."""
        history = gone.recorder.history

        assert (ACTIONS_EACH * len(ERASED), ErasureCheck(0, ())) == (
            *(gone.report.actions, gone.check),
        )
        assert ACTIONS_EACH * len(OTHERS) == history.count(
            ActionFilter(created_before=gone.report.started_at)
        )

    def test_no_byte_of_it_is_left(self, gone: Erased) -> None:
        """Neither files nor dumps name them; everybody else is named there."""
        assert set(OTHERS) == gone.left

    def test_the_others_have_the_answers_they_had(self, gone: Erased) -> None:
        """Nobody else's timeline or latest success changed."""
        others = [id_of(one) for one in ASKED if one in OTHERS]
        for question in ("timelines", "latest"):
            before, after = gone.before[question], gone.after[question]

            assert [before[one] for one in others] == [after[one] for one in others]

    def test_keys_are_free_again(self, gone: Erased) -> None:
        """What was done under a key may be started again as its first attempt."""
        one = ERASED[2]

        action = gone.recorder.start(id_of(one), "notified", key=key_of(one, "first"))

        assert 1 == action.attempt


# -- runs that end early -------------------------------------------------------------

FEW, BATCH = 30, 25
IDS = [id_of(one) for one in range(FEW)]


class EnoughError(Exception):
    """What ends a run early."""


@pytest.fixture
def actions(shared_repository: SqlActionRepository) -> dict[Any, Action]:
    """Store what happened to a few people; return each action by its id."""
    stored = [one for number in range(FEW) for one in actions_of(number)]
    shared_repository.add(*stored)
    return {one.id: one for one in stored}


def changed(
    repository: SqlActionRepository, actions: dict[Any, Action], verb: str
) -> int:
    """Count the actions that were erased; each is either whole or erased."""
    found = {one.id: one for one in repository.search(ActionFilter(), [""], 999)}
    done = [one for one in actions.values() if one != found.get(one.id)]
    for one in done:
        assert found.get(one.id) == (one.scrubbed() if verb == "scrub" else None)
    return len(done)


class TestResuming:
    @VERBS
    def test_what_a_run_did_stays_done(
        self,
        shared_repository: SqlActionRepository,
        actions: dict[Any, Action],
        verb: str,
    ) -> None:
        """A run that ends after two batches has done these; the next does the rest."""
        reports: list[ErasureReport] = []

        def stop(report: ErasureReport) -> None:
            reports.append(report)
            if len(reports) == 2:
                raise EnoughError

        erase = getattr(ActionRecorder(shared_repository), verb)
        with pytest.raises(EnoughError):
            erase(IDS, batch_size=BATCH, on_progress=stop)
        done = changed(shared_repository, actions, verb)
        rest = erase(IDS, batch_size=BATCH)

        assert (2 * BATCH, len(actions) - 2 * BATCH) == (done, rest.actions)
        assert len(actions) == changed(shared_repository, actions, verb)

    @VERBS
    def test_a_killed_run_is_resumed(
        self,
        shared_repository: SqlActionRepository,
        shared_store_url: str,
        actions: dict[Any, Action],
        verb: str,
    ) -> None:
        """Killed inside its third batch it leaves two; the next run does the rest."""
        command = [sys.executable, "-m", "sql.erasing", shared_store_url, "uuid_", verb]
        with subprocess.Popen(
            [*command, str(FEW), str(BATCH), "3"],
            cwd=Path(__file__).parents[1],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            said = process.stdout.readline()
            process.kill()
        done = changed(shared_repository, actions, verb)
        rest = getattr(ActionRecorder(shared_repository), verb)(IDS, batch_size=BATCH)

        assert ("inside\n", 2 * BATCH) == (said, done)
        assert len(actions) - 2 * BATCH == rest.actions
        assert len(actions) == changed(shared_repository, actions, verb)


@contextmanager
def failing_at(engine: Engine, number: int) -> Iterator[None]:
    """Let the so-manieth change of rows fail, after it was done."""
    seen: list[str] = []

    def fail(*arguments: Any) -> None:
        if str(arguments[2]).startswith(("UPDATE", "DELETE")):
            seen.append(arguments[2])
            if len(seen) == number:
                raise EnoughError

    event.listen(engine, "after_cursor_execute", fail)
    try:
        yield
    finally:
        event.remove(engine, "after_cursor_execute", fail)


@pytest.fixture
def few_rows_per_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a batch take several statements."""
    monkeypatch.setattr(module, "ROWS_PER_STATEMENT", 10)


@pytest.mark.usefixtures("few_rows_per_statement")
class TestAllOrNothing:
    @pytest.mark.parametrize("verb", ["scrub", "delete"])
    def test_a_failing_statement_undoes_its_batch(
        self,
        shared_repository: SqlActionRepository,
        actions: dict[Any, Action],
        verb: str,
    ) -> None:
        """Where the second of three statements fails, nothing of the batch is done."""
        batch = list(actions.values())[:BATCH]

        with (
            failing_at(shared_repository.engine, 2),
            pytest.raises(StorageError, match=verb),
        ):
            getattr(shared_repository, verb)(*batch)

        assert 0 == changed(shared_repository, actions, verb)
        assert BATCH == getattr(shared_repository, verb)(*batch)

    @pytest.mark.parametrize("verb", ["scrub", "delete"])
    def test_the_hosts_own_work_stays(
        self,
        shared_repository: SqlActionRepository,
        actions: dict[Any, Action],
        host: Engine,
        verb: str,
    ) -> None:
        """Joined, a failing batch leaves what the host did before and does later."""
        batch = list(actions.values())[:BATCH]
        order = text("INSERT INTO orders (id) VALUES ('one')")

        with host.begin() as connection:
            joined = shared_repository.joined_to(connection)
            with failing_at(host, 2), pytest.raises(StorageError):
                getattr(joined, verb)(*batch)
            connection.execute(order)
            count = getattr(joined, verb)(*batch[:10])

        with host.connect() as connection:
            orders = connection.execute(text("SELECT count(*) FROM orders")).scalar()
        assert (10, 1) == (count, orders)
        assert 10 == changed(shared_repository, actions, verb)


@pytest.mark.parametrize("verb", ["scrub", "delete"])
class TestRivals:
    def test_each_row_counts_once(
        self,
        shared_repository: SqlActionRepository,
        actions: dict[Any, Action],
        verb: str,
    ) -> None:
        """Of four runs on the same rows, in any order, one changes each."""

        def run(seed: int) -> int:
            mixed = random.Random(seed).sample(list(actions.values()), len(actions))
            change: Callable[..., int] = getattr(shared_repository, verb)
            return sum(change(*mixed[at : at + 40]) for at in range(0, len(mixed), 40))

        with ThreadPoolExecutor(4) as pool:
            counts = list(pool.map(run, range(4)))

        assert len(actions) == sum(counts)
        assert len(actions) == changed(shared_repository, actions, verb)

    def test_two_runs_never_deadlock(
        self, shared_repository: SqlActionRepository, host: Engine, verb: str
    ) -> None:
        """A run that waits for a row holds none that comes after it by its key."""
        last, first = (an_action(id_of(one), actor="Jo") for one in (9, 1))
        shared_repository.add(last)
        shared_repository.add(first, *(an_action() for _ in range(1000)))
        analyse(shared_repository, "uuid_assignment_actions")
        change: Callable[..., int] = getattr(shared_repository, verb)

        with (
            caught(shared_repository) as seen,
            ThreadPoolExecutor(1) as pool,
            host.connect() as connection,
        ):
            joined = getattr(shared_repository.joined_to(connection), verb)
            counts = [joined(first)]
            waiting = pool.submit(change, last, first)
            wait_for_lock(shared_repository)
            counts.append(joined(last))
            connection.commit()
            counts.append(waiting.result())

        changes = [one for one, _ in seen if one.startswith(("UPDATE", "DELETE"))]
        assert ([1, 1, 0], 1) == (counts, len(changes))
