from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

import attrs
import pytest
from domain.recorders import history_of
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
    ActionStatus,
    ActionType,
    Failure,
    InMemoryActionRepository,
    Page,
    Timeline,
    Verdict,
)
from assignment_actions.domain import async_history as async_module
from assignment_actions.domain import history as module
from assignment_actions.domain.filters import Cursor
from assignment_actions.domain.values import AssignmentId

pytestmark = pytest.mark.usefixtures("colour")


class Stage(StrEnum):
    PACKED = "packed"


def history(*actions: Action, **given: Any) -> ActionHistory:
    """Return the history of actions, at T0."""
    repository = InMemoryActionRepository(assignment_id_type=UUID)
    repository.add(*actions)
    return history_of(repository, **({"clock": ManualClock()} | given))


def pages(
    asked: ActionHistory, limit: int, first: Page | None = None
) -> Iterator[Page]:
    """Yield all pages, from the first on."""
    page = first or asked.find(ActionFilter(), limit=limit)
    yield page
    while page.next_cursor is not None:
        page = asked.find(ActionFilter(), limit=limit, after=page.next_cursor)
        yield page


def cursor_of(one: Action) -> str:
    """Return the text of an action's place."""
    return Cursor.of(one).encode()


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

    @pytest.mark.parametrize(
        ("statuses", "expected"),
        [
            (["failed"], [2, 4]),
            ({ActionStatus.FAILED, "in_progress"}, [2, 3, 4]),
            ((ActionStatus.SUCCEEDED,), [1]),
            (["unknown"], []),
            ([], []),
            (None, [1, 2, 3, 4]),
        ],
        ids=["text", "both", "member", "no such", "none", "all"],
    )
    def test_in_statuses(self, statuses: Any, expected: list[int]) -> None:
        """Stored statuses narrow a timeline: what is overdue is in progress."""
        asked = history(
            succeeded(1), failed(2), action(3, overdue_at=at(-9)), failed(4)
        )

        found = asked.timeline(ASSIGNMENT, statuses=statuses)

        assert expected == [one.id.int for one in found]

    def test_of_types_in_statuses(self) -> None:
        """Types and statuses narrow together; it is the whole's failures."""
        asked = history(failed(1), action(2), failed(3, action_type="reminded"))

        both = asked.timeline(ASSIGNMENT, ["reminded"], statuses=["failed"])
        assert [3] == [one.id.int for one in both]
        assert asked.timeline(ASSIGNMENT).failures() == asked.timeline(
            ASSIGNMENT, statuses=["failed"]
        )

    def test_no_status(self) -> None:
        """A status that is none is refused by name."""
        with pytest.raises(ValueError, match=r"statuses must be one of .*, got 'late'"):
            history().timeline(ASSIGNMENT, statuses=["failed", "late"])

    @pytest.mark.parametrize(
        "statuses",
        ["failed", ActionStatus.FAILED, b"failed", 5],
        ids=["text", "member", "bytes", "int"],
    )
    def test_no_statuses(self, statuses: Any) -> None:
        """What is no collection is refused, and a text is none."""
        with pytest.raises(TypeError, match="statuses must be a collection, got"):
            history().timeline(ASSIGNMENT, statuses=statuses)
        with pytest.raises(TypeError, match="statuses must be a collection, got"):
            history().timelines([ASSIGNMENT], statuses=statuses)

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
        found = history(action(1)).timelines((OTHER, ASSIGNMENT, OTHER))

        assert [OTHER, ASSIGNMENT] == list(found)
        assert [0, 1] == [len(timeline) for timeline in found.values()]

    def test_timelines_in_statuses(self) -> None:
        """Every id is present, with its actions in these statuses."""
        asked = history(succeeded(1), failed(2), succeeded(3, assignment_id=OTHER))

        found = asked.timelines([OTHER, ASSIGNMENT], statuses=["failed"])

        assert {OTHER: [], ASSIGNMENT: [failed(2).without_stacktrace()]} == {
            key: list(timeline) for key, timeline in found.items()
        }

    def test_a_port_without_statuses(self) -> None:
        """An adapter of before R102 answers whatever could be asked then."""

        class Older(InMemoryActionRepository):
            def timelines(self, *arguments: Any) -> Mapping[AssignmentId, Timeline]:
                ids, types = arguments
                return super().timelines(ids, types)

        repository = Older()
        repository.add(failed(1), succeeded(2))
        asked = ActionHistory(repository)  # the other port began with R102

        assert 1 == len(asked.timeline(ASSIGNMENT).failures())
        assert 2 == len(asked.timelines([ASSIGNMENT], ["notified"])[ASSIGNMENT])
        assert Verdict.YES is asked.outcome(ASSIGNMENT, "notified").verdict

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

    @given(st.integers(1, 7), st.integers(1, 12))
    def test_the_way_back_shows_the_same_pages(self, limit: int, size: int) -> None:
        """From the last page back to the first, and on again: the same pages."""
        actions = [action(n, created_at=at(n // 3)) for n in range(1, size + 1)]
        asked = history(*actions)
        there = list(pages(asked, limit))
        back, page = [there[-1].actions], there[-1]
        while page.previous_cursor is not None:
            page = asked.find(ActionFilter(), limit=limit, before=page.previous_cursor)
            back.append(page.actions)
        again = list(pages(asked, limit, page))

        assert [one.actions for one in there] == back[::-1]
        assert [one.actions for one in there] == [one.actions for one in again]

    def test_first_and_last(self) -> None:
        """No newer page is known from the first, no older one from the last."""
        asked = history(*(action(n) for n in range(1, 6)))
        first, middle, last = pages(asked, 2)

        assert first.previous_cursor is None
        assert None not in (first.next_cursor, middle.previous_cursor)
        assert last.next_cursor is None
        assert last.previous_cursor is not None

    def test_what_was_recorded_meanwhile_is_before(self) -> None:
        """From the first page one can go back to what came since."""
        repository = InMemoryActionRepository()
        repository.add(*(action(n) for n in range(1, 4)))
        asked = history_of(repository)
        _, page = pages(asked, 2)
        repository.add(action(4), action(5))

        back = asked.find(ActionFilter(), limit=2, before=page.previous_cursor)
        newest = asked.find(ActionFilter(), limit=2, before=back.previous_cursor)
        none = asked.find(ActionFilter(), limit=2, before=cursor_of(action(5)))

        assert (action(3), action(2)) == back.actions
        assert (action(5), action(4)) == newest.actions
        assert newest.previous_cursor is None
        assert ((), None) == (none.actions, none.previous_cursor)

    @pytest.mark.parametrize("gone", [0, 1], ids=["all there", "the last one gone"])
    def test_an_empty_page_has_a_way_back(self, gone: int) -> None:
        """What follows may be deleted meanwhile: the way back shows all before it."""
        repository = InMemoryActionRepository()
        repository.add(*(action(n) for n in range(1, 6)))
        asked = history_of(repository)
        page = asked.find(ActionFilter(), limit=2)
        repository.delete(*(action(n) for n in range(1, 4 + gone)))

        empty = asked.find(ActionFilter(), limit=2, after=page.next_cursor)
        back = asked.find(ActionFilter(), limit=2, before=empty.previous_cursor)

        assert ((), None) == (empty.actions, empty.next_cursor)
        assert page.actions[: 2 - gone] == back.actions

    def test_an_empty_page_before_has_a_way_on(self) -> None:
        """Before the newest is nothing; from there the first page follows."""
        asked = history(*(action(n) for n in range(1, 4)))
        newest = cursor_of(action(3))

        empty = asked.find(ActionFilter(), limit=2, before=newest)
        following = asked.find(ActionFilter(), limit=2, after=empty.next_cursor)

        assert ((), None) == (empty.actions, empty.previous_cursor)
        assert (action(3), action(2)) == following.actions

    def test_both_cursors_are_places(self) -> None:
        """Whichever of a page's cursors is given, either direction takes it."""
        asked = history(*(action(n) for n in range(1, 6)))
        _, page, _ = pages(asked, 2)

        older = asked.find(ActionFilter(), limit=9, after=page.previous_cursor)
        newer = asked.find(ActionFilter(), limit=9, before=page.next_cursor)

        assert (action(2), action(1)) == older.actions
        assert (action(5), action(4), action(3)) == newer.actions

    def test_both_directions(self) -> None:
        """A page lies after a place, or before one."""
        place = cursor_of(action())

        with pytest.raises(ValueError, match="after and before must not both be given"):
            history().find(ActionFilter(), after=place, before=place)

    def test_a_port_without_before(self) -> None:
        """An adapter of before R100 answers whatever could be asked then."""

        class Older(InMemoryActionRepository):
            def find(self, *arguments: Any) -> Sequence[Action]:
                action_filter, limit, *after = arguments
                assert len(after) <= 1
                return super().find(action_filter, limit, *after)

        repository = Older()
        repository.add(*(action(n) for n in range(1, 6)))
        asked = ActionHistory(repository)  # the other port began with R102

        assert [2, 2, 1] == [len(page.actions) for page in pages(asked, 2)]
        assert 5 == len(list(asked.iterate(ActionFilter())))

    @pytest.mark.parametrize("direction", [None, "after", "before"])
    def test_limit_0(self, direction: str | None) -> None:
        """A limit of 0 asks for nothing, and nothing is known then."""
        given: dict[str, Any] = {direction: cursor_of(action(2))} if direction else {}
        asked = history(*(action(n) for n in range(1, 4)))

        assert Page(()) == asked.find(ActionFilter(), limit=0, **given)

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
        with pytest.raises(ValueError, match="before must be a next_cursor"):
            history().find(ActionFilter(), before="eyJ2IjoxfQ==")

    def test_a_cursor_of_another_kind(self) -> None:
        """A cursor of a repository with other assignment ids is refused."""
        place = Cursor(T0, UUID(int=1), 5).encode()

        with pytest.raises(TypeError, match="must be a UUID in this repository, got 5"):
            history().find(ActionFilter(), before=place)

    def test_iterate_reads_batch_by_batch(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """More actions than a batch come all, newest first, once."""
        for one in (module, async_module):
            monkeypatch.setattr(one, "ITERATE_BATCH", 2)
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

    def test_is_not_checked_again(self) -> None:
        """What a store holds is read as it is, in a host's vocabulary too (T33)."""
        stored = attrs.asdict(self.PACKED, recurse=False) | {"status": "failed"}
        asked = history(Action.from_store(**stored), vocabulary=Stage)

        found = asked.timeline(ASSIGNMENT)[0]

        assert ("failed", None, None) == (
            found.status,
            found.completed_at,
            found.failure,
        )
        assert Stage.PACKED is found.action_type

    def test_built_in_members(self) -> None:
        """A built-in type is its member, in a host's vocabulary too."""
        asked = history(action(), vocabulary=Stage)

        assert ActionType.NOTIFIED is asked.timeline(ASSIGNMENT)[0].action_type

    def test_retired(self) -> None:
        """A type nobody knows any more is plain text; reading never raises (T33)."""
        found = history(self.PACKED).get(UUID(int=1))

        assert found.action_type == "packed"
        assert history(self.PACKED).outcome(ASSIGNMENT, "packed").attempts == 1
