"""How many statements each call costs on an engine of our own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import event

from assignment_actions import (
    ActionAlreadyCompletedError,
    ActionFilter,
    ActionRecorder,
    DuplicateActionError,
)
from assignment_actions.adapters.sql import SqlActionRepository, erasing
from assignment_actions.adapters.sql import verbs as module
from assignment_actions.openedx import AssignmentFacts, summaries
from assignment_actions.testing import an_action


@contextmanager
def counted(repository: SqlActionRepository) -> Iterator[list[str]]:
    """Yield the statements that reach the engine."""
    seen: list[str] = []

    def note(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    event.listen(repository.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(repository.engine, "before_cursor_execute", note)


@pytest.fixture
def recorder(sql_repository: SqlActionRepository) -> ActionRecorder:
    """Return a recorder whose connection is open already."""
    recorder = ActionRecorder(sql_repository)
    recorder.record_success(uuid4(), "redeemed")
    return recorder


class TestWriting:
    def test_a_start_is_one_insert(
        self, recorder: ActionRecorder, sql_repository: SqlActionRepository
    ) -> None:
        """Storing an action in progress costs one statement, with and without a key."""
        with counted(sql_repository) as seen:
            recorder.start(uuid4(), "notified")
            recorder.start(uuid4(), "notified", key="k")

        assert ["INSERT", "INSERT"] == [one.split()[0] for one in seen]

    def test_a_completion_is_one_update(
        self, recorder: ActionRecorder, sql_repository: SqlActionRepository
    ) -> None:
        """Succeeding, failing and becoming unknown cost one statement each."""
        one, two, three = (recorder.start(uuid4(), "notified") for _ in range(3))

        with counted(sql_repository) as seen:
            recorder.succeed(one)
            recorder.fail(two, ValueError("no"))
            recorder.mark_unknown(three)

        assert ["UPDATE"] * 3 == [one.split()[0] for one in seen]

    def test_a_refused_completion_adds_one_read(
        self, recorder: ActionRecorder, sql_repository: SqlActionRepository
    ) -> None:
        """Saying who was first costs one read after the conditional write."""
        action = recorder.start(uuid4(), "notified")
        recorder.succeed(action)

        with (
            counted(sql_repository) as seen,
            pytest.raises(ActionAlreadyCompletedError),
        ):
            recorder.succeed(action)

        assert ["UPDATE", "SELECT"] == [one.split()[0] for one in seen]

    def test_a_recording_is_two_statements(
        self, recorder: ActionRecorder, sql_repository: SqlActionRepository
    ) -> None:
        """A block costs its start and its end."""
        with counted(sql_repository) as seen, recorder.recording(uuid4(), "notified"):
            pass

        assert ["INSERT", "UPDATE"] == [one.split()[0] for one in seen]

    def test_a_taken_key_adds_reads_only_then(
        self, recorder: ActionRecorder, sql_repository: SqlActionRepository
    ) -> None:
        """Only where a key is taken is anything read: once where it was done."""
        assignment_id = uuid4()
        recorder.record_success(assignment_id, "notified", key="k")

        with counted(sql_repository) as seen, pytest.raises(DuplicateActionError):
            recorder.start(assignment_id, "notified", key="k")

        assert ["INSERT", "SELECT"] == [one.split()[0] for one in seen]


class TestReading:
    def test_questions_about_one_assignment_are_one_query(
        self, recorder: ActionRecorder, sql_repository: SqlActionRepository
    ) -> None:
        """Timeline, outcome, latest success and one action cost one query each."""
        action = recorder.record_success(uuid4(), "notified")
        history = recorder.history

        with counted(sql_repository) as seen:
            history.timeline(action.assignment_id)
            history.timeline(action.assignment_id, statuses=["failed"])
            history.outcome(action.assignment_id, "notified")
            history.latest_successful(action.assignment_id)
            history.latest_successful(action.assignment_id, "notified")
            history.get(action.id)

        assert 6 == len(seen)

    def test_no_status_is_no_query(
        self, recorder: ActionRecorder, sql_repository: SqlActionRepository
    ) -> None:
        """Actions in none of the statuses are known without asking."""
        action = recorder.record_success(uuid4(), "notified")

        with counted(sql_repository) as seen:
            timeline = recorder.history.timeline(action.assignment_id, statuses=[])

        assert ([], 0) == (seen, len(timeline))

    def test_a_thousand_assignments_are_one_query(
        self, recorder: ActionRecorder, sql_repository: SqlActionRepository
    ) -> None:
        """Timelines and latest successes of 1 000 ids cost one query each."""
        ids = [uuid4() for _ in range(1000)]
        recorder.record_success(ids[500], "notified")
        history = recorder.history

        with counted(sql_repository) as seen:
            timelines = history.timelines(ids)
            latest = history.latest_successful_of(ids)

        assert 2 == len(seen)
        assert (1000, [ids[500]]) == (len(timelines), list(latest))

    def test_more_ids_than_a_statement_takes_are_asked_in_chunks(
        self,
        recorder: ActionRecorder,
        sql_repository: SqlActionRepository,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Each chunk of ids costs one query, and no answer is lost between them."""
        monkeypatch.setattr(module, "IDS_PER_STATEMENT", 40)
        ids = [uuid4() for _ in range(100)]
        for one in ids:
            recorder.record_success(one, "notified")
        history, wanted = recorder.history, ActionFilter(assignment_ids=ids)

        with counted(sql_repository) as seen:
            timelines = history.timelines(ids)
            latest = history.latest_successful_of(ids)
            page = history.find(wanted, limit=70)

        assert 3 * 3 == len(seen)
        assert ids == list(latest) == [key for key, one in timelines.items() if one]
        assert sorted(page.actions, key=lambda one: (one.created_at, one.id)) == list(
            reversed(page.actions)
        )
        assert 100 == history.count(wanted)
        assert {"notified": 100} == history.count_by(wanted, "action_type")
        assert 30 == len(history.find(wanted, limit=70, after=page.next_cursor).actions)

    def test_a_page_that_is_not_full_is_in_order_across_chunks(
        self,
        recorder: ActionRecorder,
        sql_repository: SqlActionRepository,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Chunks of ids with fewer matches than the limit still give newest first."""
        monkeypatch.setattr(module, "IDS_PER_STATEMENT", 2)
        actions = [recorder.record_success(uuid4(), "notified") for _ in range(6)]
        ids = [action.assignment_id for action in actions]

        found = sql_repository.find(
            ActionFilter(assignment_ids=[*ids, *(uuid4() for _ in "abc")]), 100
        )

        assert [one.id for one in reversed(actions)] == [one.id for one in found]

    def test_a_page_of_summaries_is_one_query(
        self, recorder: ActionRecorder, sql_repository: SqlActionRepository
    ) -> None:
        """The Open edX summaries of 100 assignments cost one query."""
        facts = {
            uuid4(): AssignmentFacts(
                state="allocated", allocated_at=datetime(2026, 1, 1, tzinfo=UTC)
            )
            for _ in range(100)
        }

        with counted(sql_repository) as seen:
            found = summaries(recorder.history, facts)

        assert (1, 100) == (len(seen), len(found))


class TestFailureGroups:
    def test_they_are_one_query(
        self, recorder: ActionRecorder, sql_repository: SqlActionRepository
    ) -> None:
        """Counts, ends and examples of all kinds come in one statement."""
        for number in range(30):
            error = [ValueError, KeyError, OSError][number % 3]
            recorder.record_failure(uuid4(), "notified", error("no"))
        history, since = recorder.history, datetime(2026, 1, 1, tzinfo=UTC)

        with counted(sql_repository) as seen:
            groups = history.failure_groups()
            recent = history.failure_groups(since=since, types=["notified"])
            none = history.failure_groups(types=[])

        assert (3, 3, ()) == (len(groups), len(recent), none)
        assert ["SELECT"] * 3 == [one.split()[0] for one in seen]


class TestErasure:
    @pytest.mark.parametrize("verb", ["scrub", "delete"])
    def test_a_batch_is_one_statement_in_one_transaction(
        self, sql_repository: SqlActionRepository, verb: str
    ) -> None:
        """500 actions are changed by one statement between BEGIN and COMMIT."""
        actions = [an_action(actor="Jo") for _ in range(500)]
        sql_repository.add(*actions)

        with counted(sql_repository) as seen:
            count = getattr(sql_repository, verb)(*actions)

        begin = sql_repository._transactions.flavour.begin
        word = {"scrub": "UPDATE", "delete": "DELETE"}[verb]
        assert 500 == count
        assert [begin, word, "COMMIT"] == [
            one if one in (begin, "COMMIT") else one.split()[0] for one in seen
        ]

    @pytest.mark.parametrize("verb", ["scrub", "delete"])
    def test_a_larger_batch_is_one_transaction(
        self,
        sql_repository: SqlActionRepository,
        verb: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """More rows than a statement takes cost one each, and one COMMIT."""
        monkeypatch.setattr(erasing, "ROWS_PER_STATEMENT", 4)
        actions = [an_action(actor="Jo") for _ in range(10)]
        sql_repository.add(*actions)

        with counted(sql_repository) as seen:
            count = getattr(sql_repository, verb)(*actions)

        assert (10, 2 + 3) == (count, len(seen))

    @pytest.mark.parametrize("verb", ["scrub", "delete"])
    def test_nothing_costs_nothing(
        self, sql_repository: SqlActionRepository, verb: str
    ) -> None:
        """Without actions no statement is run."""
        with counted(sql_repository) as seen:
            count = getattr(sql_repository, verb)()

        assert (0, []) == (count, seen)

    def test_a_search_is_one_query_per_50_texts(
        self,
        sql_repository: SqlActionRepository,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Each chunk of texts and ids costs one query, and each action comes once."""
        monkeypatch.setattr(module, "IDS_PER_STATEMENT", 4)
        actions = [an_action(actor=f"mentor {number:02}") for number in range(10)]
        sql_repository.add(*actions)
        ids = [one.assignment_id for one in actions]
        texts = [f"no such text {number}" for number in range(99)]

        with counted(sql_repository) as seen:
            everywhere = sql_repository.search(ActionFilter(), [*texts, "mentor 07"], 9)
            some = sql_repository.search(
                ActionFilter(assignment_ids=ids), ["mentor", *texts[:50], "mentor"], 9
            )
            more_than_facts = sql_repository.search(ActionFilter(), None, 9)
            nothing = sql_repository.search(ActionFilter(), [], 9)

        newest_first = sorted(actions, key=lambda one: (one.created_at, one.id))[::-1]
        assert 2 + 3 * 2 + 1 == len(seen)
        assert ([actions[7]], newest_first[:9]) == (list(everywhere), list(some))
        assert (newest_first[:9], []) == (list(more_than_facts), list(nothing))
