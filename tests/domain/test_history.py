from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from domain.samples import (
    ASSIGNMENT,
    OTHER,
    T0,
    ManualClock,
    action,
    at,
    failed,
    succeeded,
)
from hypothesis import given
from hypothesis import strategies as st

from assignment_actions import (
    Action,
    ActionFilter,
    ActionHistory,
    ActionNotFoundError,
    ActionType,
    Failure,
    InMemoryActionRepository,
    Timeline,
    Verdict,
)
from assignment_actions.domain import history as module


class Stage(StrEnum):
    PACKED = "packed"


def history(*actions: Action, **given: Any) -> ActionHistory:
    """Return the history of actions, at T0."""
    repository = InMemoryActionRepository(assignment_id_type=UUID)
    repository.add(*actions)
    return ActionHistory(repository, **({"clock": ManualClock()} | given))


class TestOneAction:
    def test_get_has_the_stacktrace(self) -> None:
        """One action comes with its stacktrace."""
        made = failed(failure=Failure.from_exception(ValueError("no")))

        assert made == history(made).get(made.id)

    def test_not_found(self) -> None:
        """An id nobody stored is an error that names it."""
        with pytest.raises(ActionNotFoundError, match=str(UUID(int=5))):
            history().get(UUID(int=5))

    def test_wrong_type(self) -> None:
        """The text of an id is refused."""
        with pytest.raises(TypeError, match="action_id must be a uuid"):
            history().get("x")  # type: ignore[arg-type]


class TestOneAssignment:
    def test_timeline(self) -> None:
        """All actions of one assignment in order, without stacktraces (T23)."""
        made = failed(2, failure=Failure.from_exception(ValueError("no")))
        asked = history(made, action(1), action(3, assignment_id=OTHER))

        timeline = asked.timeline(ASSIGNMENT)

        assert Timeline([action(1), made.without_stacktrace()]) == timeline

    def test_of_types(self) -> None:
        """Types narrow a timeline; none of them leave it empty."""
        asked = history(action(1), action(2, action_type="reminded"))

        assert [action(1)] == list(asked.timeline(ASSIGNMENT, ["notified"]))
        assert not asked.timeline(ASSIGNMENT, [])

    def test_latest_successful(self) -> None:
        """The success with the greatest completion, of a type if one is given."""
        reminded = succeeded(2, action_type="reminded", completed_at=at(9))
        asked = history(succeeded(1), reminded, failed(3))

        assert reminded == asked.latest_successful(ASSIGNMENT)
        assert succeeded(1) == asked.latest_successful(ASSIGNMENT, "notified")
        assert asked.latest_successful(OTHER) is None

    def test_outcome(self) -> None:
        """The outcome answers for one type, now."""
        asked = history(succeeded(1, action_type="reminded"), action(2, overdue_at=T0))

        assert Verdict.UNKNOWN is asked.outcome(ASSIGNMENT, "notified").verdict
        assert Verdict.YES is asked.outcome(ASSIGNMENT, "reminded").verdict
        assert Verdict.NO is asked.outcome(OTHER, "reminded").verdict

    def test_outcome_narrowed(self) -> None:
        """`since` and `key` narrow what is considered (regression: T21)."""
        asked = history(succeeded(1), failed(2, key="k", created_at=at(5)))

        assert Verdict.NO is asked.outcome(ASSIGNMENT, "notified", since=at(5)).verdict
        assert Verdict.NO is asked.outcome(ASSIGNMENT, "notified", key="k").verdict
        assert Verdict.YES is asked.outcome(ASSIGNMENT, "notified").verdict


class TestManyAssignments:
    def test_timelines(self) -> None:
        """Every id is present once, as asked, empty where nothing happened."""
        found = history(action(1)).timelines(iter([OTHER, ASSIGNMENT, OTHER]))

        assert [OTHER, ASSIGNMENT] == list(found)
        assert [0, 1] == [len(timeline) for timeline in found.values()]

    def test_latest_successful_of(self) -> None:
        """Only ids that have a success are present."""
        found = history(succeeded(1)).latest_successful_of([OTHER, ASSIGNMENT])

        assert {ASSIGNMENT: succeeded(1)} == found

    @pytest.mark.parametrize("ids", ["abc", b"xyz"])
    def test_one_text_is_no_collection(self, ids: Any) -> None:
        """One text where many ids belong is refused."""
        with pytest.raises(TypeError, match="ids must be a collection"):
            history().timelines(ids)
        with pytest.raises(TypeError, match="types must be a collection"):
            history().timelines([ASSIGNMENT], ids)

    def test_another_kind(self) -> None:
        """An id of another kind than the repository's is refused in questions too."""
        with pytest.raises(TypeError, match="must be a UUID in this repository, got 5"):
            history().timeline(5)


class TestFind:
    @pytest.mark.parametrize("given", [None, {}, "failed"])
    def test_no_filter(self, given: Any) -> None:
        """What is no ActionFilter is refused by name."""
        with pytest.raises(TypeError, match="action_filter must be an ActionFilter"):
            history().find(given)

    @given(st.integers(1, 7), st.integers(0, 12))
    def test_pages_are_the_whole(self, limit: int, size: int) -> None:
        """Pages joined are all actions newest first, whatever their size."""
        actions = [action(n, created_at=at(n // 3)) for n in range(1, size + 1)]
        asked, found, after = history(*actions), list[Action](), None

        while True:
            page = asked.find(ActionFilter(), limit=limit, after=after)
            found.extend(page.actions)
            after = page.next_cursor
            if after is None:
                break

        assert actions[::-1] == found

    def test_limit_0(self) -> None:
        """A limit of 0 asks for nothing."""
        page = history(action()).find(ActionFilter(), limit=0)

        assert ((), None) == (page.actions, page.next_cursor)

    def test_negative_limit(self) -> None:
        """A negative limit is refused."""
        with pytest.raises(ValueError, match="limit must be between 0 and"):
            history().find(ActionFilter(), limit=-1)

    @pytest.mark.parametrize("limit", [True, 1.0, "1", None])
    def test_limit_type(self, limit: Any) -> None:
        """A limit that is no int is refused."""
        with pytest.raises(TypeError, match="limit must be an int, got"):
            history().find(ActionFilter(), limit=limit)

    def test_a_cursor_of_another_library(self) -> None:
        """A cursor that is not ours is refused."""
        with pytest.raises(ValueError, match="after must be a next_cursor"):
            history().find(ActionFilter(), after="eyJ2IjoxfQ==")

    def test_iterate_reads_batch_by_batch(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """More actions than a batch come all, newest first, once."""
        monkeypatch.setattr(module, "ITERATE_BATCH", 2)
        actions = [action(n) for n in range(1, 6)]

        assert actions[::-1] == list(history(*actions).iterate(ActionFilter()))


class TestCounts:
    ACTIONS = (
        succeeded(1),
        failed(2),
        failed(3, failure=Failure.of(reason="timeout"), created_at=at(-86_400)),
        failed(4, assignment_id=OTHER),
    )

    def test_count(self) -> None:
        """How many match (regression: T24)."""
        asked = history(*self.ACTIONS)

        assert asked.count(ActionFilter(statuses=["failed"])) == 3

    @pytest.mark.parametrize(
        ("dimension", "expected"),
        [
            ("status", [("failed", 3), ("succeeded", 1)]),
            ("reason", [("email_error", 2), ("timeout", 1)]),
            ("day", [("2026-11-21", 1), ("2026-11-22", 3)]),
        ],
    )
    def test_count_by(self, dimension: str, expected: list[Any]) -> None:
        """Days ascend, all else comes with the most first."""
        counted = history(*self.ACTIONS).count_by(ActionFilter(), dimension)

        assert expected == list(counted.items())

    def test_count_by_nothing_known(self) -> None:
        """A dimension that is none is refused."""
        with pytest.raises(ValueError, match="dimension must be one of"):
            history().count_by(ActionFilter(), "learner")

    def test_overdue(self) -> None:
        """What is in progress for longer than allowed, newest first, at most limit."""
        overdue = [action(n, overdue_at=T0) for n in (1, 2, 3)]
        asked = history(*overdue, action(4, overdue_at=at(1)))

        assert (overdue[2], overdue[1]) == asked.overdue(limit=2)


class TestVocabulary:
    PACKED = action(1, action_type="packed")

    @pytest.mark.parametrize(
        "ask",
        [
            lambda one: one.get(UUID(int=1)),
            lambda one: one.timeline(ASSIGNMENT)[0],
            lambda one: one.find(ActionFilter()).actions[0],
            lambda one: next(iter(one.iterate(ActionFilter()))),
        ],
        ids=["get", "timeline", "find", "iterate"],
    )
    def test_hosts_members(self, ask: Any) -> None:
        """A host's type is its member wherever it is read."""
        assert Stage.PACKED is ask(history(self.PACKED, vocabulary=Stage)).action_type

    def test_latest_success(self) -> None:
        """A latest success has the host's member too."""
        asked = history(succeeded(1, action_type="packed"), vocabulary=[Stage])
        latest = asked.latest_successful(ASSIGNMENT, "packed")

        assert latest is not None
        assert Stage.PACKED is latest.action_type

    def test_built_in_members(self) -> None:
        """A built-in type is its member, in a host's vocabulary too."""
        asked = history(action(), vocabulary=Stage)

        assert ActionType.NOTIFIED is asked.timeline(ASSIGNMENT)[0].action_type

    def test_retired(self) -> None:
        """A type nobody knows any more is plain text; reading never raises (T33)."""
        found = history(self.PACKED).get(UUID(int=1))

        assert found.action_type == "packed"
        assert history(self.PACKED).outcome(ASSIGNMENT, "packed").attempts == 1
