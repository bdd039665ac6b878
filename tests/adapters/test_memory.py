from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from domain.samples import ASSIGNMENT, OTHER, action, at, failed, succeeded, unknown
from hypothesis import given
from hypothesis import strategies as st

from assignment_actions import (
    Action,
    ActionFilter,
    ActionRecorder,
    DuplicateActionError,
    Failure,
    InMemoryActionRepository,
)
from assignment_actions.domain.filters import Cursor
from assignment_actions.domain.values import scrubbed_key


def holding(*actions: Action, **given: Any) -> InMemoryActionRepository:
    """Return a repository that holds these actions."""
    repository = InMemoryActionRepository(**given)
    repository.add(*actions)
    return repository


def numbers(found: Any) -> list[int]:
    """Return the numbers of the samples that were found, in their order."""
    return [one.id.int for one in found]


class TestAdd:
    def test_nothing(self) -> None:
        """Adding nothing stores nothing, and decides no kind of id."""
        repository = holding()
        repository.add(action(assignment_id=5))

        assert repository.count(ActionFilter()) == 1

    def test_all_or_nothing(self) -> None:
        """A duplicate anywhere in a batch leaves nothing of the batch."""
        repository = holding(action(1))

        with pytest.raises(DuplicateActionError) as caught:
            repository.add(action(2), action(1, actor="other"))

        assert (action(1), "other") == (caught.value.action, caught.value.refused.actor)
        assert numbers(repository.find(ActionFilter(), 9)) == [1]

    def test_duplicate_within_the_batch(self) -> None:
        """Two actions of one batch cannot hold one identity, nor one key's attempt."""
        with pytest.raises(DuplicateActionError):
            holding(action(1), action(1))
        with pytest.raises(DuplicateActionError) as caught:
            holding(action(1, key="k"), action(2, key="k"))

        assert action(1, key="k") == caught.value.action

    def test_one_id_for_two_assignments(self) -> None:
        """An id is unique within its assignment; `get` returns the first of them."""
        repository = holding(action(1, assignment_id=OTHER), action(1))

        assert action(1) == repository.get(UUID(int=1))
        assert repository.count(ActionFilter()) == 2

    def test_a_failed_add_decides_no_kind(self) -> None:
        """A batch of two kinds is refused, and either kind may come afterwards."""
        repository = InMemoryActionRepository()

        with pytest.raises(TypeError, match="must be a int in this repository"):
            repository.add(action(1, assignment_id=5), action(2, assignment_id="a"))
        repository.add(action(2, assignment_id="a"))

        assert numbers(repository.timelines(["a"])["a"]) == [2]

    def test_kind_given(self) -> None:
        """The kind of id can be fixed before the first action."""
        with pytest.raises(TypeError, match="must be a str in this repository, got 5"):
            holding(action(assignment_id=5), assignment_id_type=str)


class TestComplete:
    def test_is_no_outcome(self) -> None:
        """An action in progress is no outcome."""
        with pytest.raises(ValueError, match="status must be an outcome"):
            holding(action()).complete(action())

    def test_stored_nowhere(self) -> None:
        """What is not stored under assignment and id is not completed."""
        repository = holding(action())

        assert not repository.complete(succeeded(2))
        assert not repository.complete(succeeded(1, assignment_id=OTHER))
        assert not InMemoryActionRepository().complete(succeeded())

    @given(st.lists(st.integers(0, 2), min_size=1, max_size=9), st.data())
    def test_stays_in_its_place(self, seconds: list[int], data: st.DataObject) -> None:
        """What is completed is found where it was, in its newest form."""
        times = {n: at(s) for n, s in enumerate(seconds, 1)}
        repository = holding(*(action(n, created_at=t) for n, t in times.items()))
        ended = data.draw(st.sets(st.sampled_from([*times])))

        for n in ended:
            assert repository.complete(failed(n))
        kept = [
            (failed if n in ended else action)(n, created_at=t)
            for n, t in times.items()
        ]
        expected = sorted(kept, key=lambda one: (one.created_at, one.id))
        assert expected == [*repository.timelines([ASSIGNMENT])[ASSIGNMENT]]
        assert expected[::-1] == repository.find(ActionFilter(), 9)

    def test_one_id_of_two_assignments(self) -> None:
        """Only the action of its own assignment is completed."""
        other = action(1, assignment_id=OTHER)
        repository = holding(action(1), other)

        assert repository.complete(succeeded(1))
        assert [other] == [*repository.timelines([OTHER])[OTHER]]
        assert repository.get(UUID(int=1)) in (succeeded(1), other)
        assert repository.latest_successes([OTHER, ASSIGNMENT]) == {
            ASSIGNMENT: succeeded(1)
        }

    def test_final_stands(self) -> None:
        """Of two completions the first stands."""
        repository = holding(action())

        assert repository.complete(failed())
        assert not repository.complete(succeeded())
        assert failed() == repository.get(UUID(int=1))

    @pytest.mark.parametrize("kind", [5, "a"])
    def test_another_kind(self, kind: Any) -> None:
        """A completion about another kind of id is refused."""
        with pytest.raises(TypeError, match="must be a UUID in this repository"):
            holding(action()).complete(succeeded(assignment_id=kind))


class TestLatestSuccesses:
    @given(st.permutations(range(1, 6)))
    def test_whatever_the_order_of_writing(self, order: list[int]) -> None:
        """The greatest completion is the latest, in whatever order they came."""
        repository = holding(*(succeeded(n, completed_at=at(n // 2)) for n in order))

        (latest,) = repository.latest_successes([ASSIGNMENT]).values()

        assert latest.id.int == 5

    def test_a_later_success_of_the_past(self) -> None:
        """A success completed earlier than the latest does not replace it."""
        repository = holding(succeeded(1, completed_at=at(9)), succeeded(2))

        assert numbers(repository.latest_successes([ASSIGNMENT]).values()) == [1]

    def test_completed_later(self) -> None:
        """What succeeds after it was added counts; what fails does not."""
        repository = holding(action(1), action(2))
        repository.complete(succeeded(1))
        repository.complete(failed(2))

        assert repository.latest_successes([ASSIGNMENT]) == {ASSIGNMENT: succeeded(1)}

    def test_by_type_and_assignment(self) -> None:
        """A type narrows; ids without a success are absent."""
        reminded = succeeded(2, action_type="reminded", completed_at=at(9))
        repository = holding(succeeded(1), reminded)

        assert repository.latest_successes([OTHER, ASSIGNMENT], "notified") == {
            ASSIGNMENT: succeeded(1)
        }
        assert repository.latest_successes([ASSIGNMENT]) == {ASSIGNMENT: reminded}
        assert repository.latest_successes([ASSIGNMENT], "redeemed") == {}


class TestFind:
    @given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.booleans())
    def test_newest_first(self, seconds: list[int], is_narrowed: bool) -> None:  # noqa: FBT001
        """Newest first by `(created_at, id)`, in whatever order they came."""
        actions = [action(n, created_at=at(s)) for n, s in enumerate(seconds, 1)]
        ids = [ASSIGNMENT, OTHER] if is_narrowed else None

        found = holding(*actions).find(ActionFilter(assignment_ids=ids), 99)

        expected = sorted(actions, key=lambda one: (one.created_at, one.id))
        assert expected[::-1] == list(found)

    def test_after_an_older_one_came_late(self) -> None:
        """What is imported into the past stands in its place, again and again."""
        repository = holding(action(1, created_at=at(5)), action(2))

        assert numbers(repository.find(ActionFilter(), 9)) == [1, 2]
        repository.add(action(3, created_at=at(9)))
        assert numbers(repository.find(ActionFilter(), 9)) == [3, 1, 2]

    def test_limit_and_after(self) -> None:
        """At most `limit`, strictly after the place."""
        repository = holding(*(action(n) for n in range(1, 5)))

        assert repository.find(ActionFilter(), 0) == []
        place = Cursor.of(action(3))
        assert numbers(repository.find(ActionFilter(), 1, place)) == [2]

    def test_another_kind(self) -> None:
        """A filter for another kind of id is refused."""
        with pytest.raises(TypeError, match="must be a UUID in this repository"):
            holding(action()).find(ActionFilter(assignment_ids=[5]), 1)


class TestReading:
    TRACED = failed(1, failure=Failure.from_exception(ValueError("no")))

    def test_only_get_has_the_stacktrace(self) -> None:
        """Lists leave stacktraces out, `get` loads one."""
        repository = holding(self.TRACED)

        assert self.TRACED == repository.get(UUID(int=1))
        lists = (
            repository.find(ActionFilter(), 1)[0],
            repository.timelines([ASSIGNMENT])[ASSIGNMENT][0],
        )
        for one in lists:
            assert one.failure is not None
            assert one.failure.stacktrace is None

    def test_timelines(self) -> None:
        """A timeline in order for every id asked, narrowed by types."""
        repository = holding(
            action(2), action(1), action(3, action_type="reminded"), unknown(4)
        )

        found = repository.timelines([OTHER, ASSIGNMENT], ["notified"])

        assert {OTHER: [], ASSIGNMENT: [1, 2, 4]} == {
            key: numbers(timeline) for key, timeline in found.items()
        }

    def test_counts(self) -> None:
        """Counting by a dimension leaves out what counts under nothing."""
        repository = holding(self.TRACED, succeeded(2))

        assert repository.count(ActionFilter()) == 2
        assert repository.count_by(ActionFilter(), "reason") == {"unclassified": 1}

    def test_empty(self) -> None:
        """An empty repository answers every question."""
        repository = InMemoryActionRepository()

        assert repository.get(UUID(int=1)) is None
        assert numbers(repository.timelines([5])[5]) == []
        assert repository.find(ActionFilter(assignment_ids=[5]), 1) == []


class TestScrub:
    WHOLE = failed(1, key="k", actor="ann", failure=TestReading.TRACED.failure)

    def test_facts_are_left(self) -> None:
        """What is stored is the facts; twice is no change."""
        repository = holding(self.WHOLE, action(2))

        assert [1, 0] == [repository.scrub(self.WHOLE, action(2)) for _ in range(2)]
        assert self.WHOLE.scrubbed() == repository.get(UUID(int=1))

    def test_stored_nowhere(self) -> None:
        """What is not stored under assignment and id is passed over."""
        repository = holding(self.WHOLE)

        assert 0 == repository.scrub(action(2), action(1, assignment_id=OTHER))
        assert 0 == repository.scrub()
        assert self.WHOLE == repository.get(UUID(int=1))

    def test_the_latest_success_too(self) -> None:
        """The latest success is looked up in its newest form."""
        repository = holding(succeeded(1, actor="ann"))
        repository.scrub(succeeded(1))

        assert repository.latest_successes([ASSIGNMENT]) == {ASSIGNMENT: succeeded(1)}

    @pytest.mark.parametrize("key", ["k", scrubbed_key("k")])
    def test_the_key_is_taken_still(self, key: str) -> None:
        """Nothing is stored again under a scrubbed key, nor under its digest."""
        repository = holding(self.WHOLE)
        repository.scrub(self.WHOLE)

        with pytest.raises(DuplicateActionError) as caught:
            repository.add(action(2, key=key))
        assert self.WHOLE.scrubbed() == caught.value.action

    @pytest.mark.parametrize("verb", ["scrub", "delete"])
    def test_another_kind(self, verb: str) -> None:
        """A batch with another kind of id is refused, and nothing has changed."""
        repository = holding(self.WHOLE)

        with pytest.raises(TypeError, match="must be a UUID in this repository"):
            getattr(repository, verb)(self.WHOLE, action(2, assignment_id=5))
        assert self.WHOLE == repository.get(UUID(int=1))


ASKS: list[Callable[[InMemoryActionRepository], object]] = [
    lambda it: it.find(ActionFilter(), 9),
    lambda it: it.timelines([ASSIGNMENT]),
    lambda it: it.latest_successes([ASSIGNMENT]),
]


class TestDelete:
    def test_is_gone(self) -> None:
        """What is deleted is found by no question; how many were there is told."""
        repository = holding(succeeded(1, key="k"), succeeded(2, completed_at=at(9)))

        assert [1, 0] == [repository.delete(action(2), action(3)) for _ in range(2)]
        assert repository.get(UUID(int=2)) is None
        assert numbers(repository.timelines([ASSIGNMENT])[ASSIGNMENT]) == [1]
        assert numbers(repository.latest_successes([ASSIGNMENT]).values()) == [1]
        assert numbers(repository.find(ActionFilter(), 9)) == [1]

    def test_all_of_them(self) -> None:
        """A repository of which everything was deleted is as good as new."""
        repository = holding(succeeded(1, key="k"), succeeded(2, assignment_id=OTHER))
        repository.delete(action(1), action(2, assignment_id=OTHER))

        assert 0 == repository.count(ActionFilter())
        assert repository.latest_successes([ASSIGNMENT, OTHER]) == {}
        repository.add(action(1, key="k"))
        assert numbers(repository.find(ActionFilter(), 9)) == [1]

    def test_one_id_of_two_assignments(self) -> None:
        """The same id of another assignment stays."""
        repository = holding(action(1), action(1, assignment_id=OTHER))
        repository.delete(action(1))

        assert action(1, assignment_id=OTHER) == repository.get(UUID(int=1))

    @given(st.sets(st.integers(1, 9)), st.permutations(range(1, 10)))
    def test_the_rest_is_as_if_it_had_been_alone(
        self, gone: set[int], order: list[int]
    ) -> None:
        """Whatever is deleted, the others are found as if nothing else had been."""
        many = {n: succeeded(n, completed_at=at(n % 4), key=f"{n}") for n in order}
        repository = holding(*many.values())
        left = holding(*(one for n, one in many.items() if n not in gone))

        assert len(gone) == repository.delete(*(many[n] for n in gone))
        for ask in ASKS:
            assert ask(left) == ask(repository)


class TestSearch:
    def test_texts(self) -> None:
        """What holds one of the texts is found, newest first, with stacktraces."""
        traced = TestReading.TRACED
        repository = holding(traced, action(2, actor="by no one"), action(3))

        assert numbers(repository.search(ActionFilter(), ["no one", "no)"], 9)) == [2]
        assert traced == repository.search(ActionFilter(), ["ValueError"], 9)[0]
        place = Cursor.of(action(3))
        assert numbers(repository.search(ActionFilter(), ["no"], 1, place)) == [2]
        assert numbers(repository.search(ActionFilter(), ["no"], 9)) == [3, 2, 1]

    def test_leftovers(self) -> None:
        """Without texts, whatever scrubbing would remove is found."""
        facts = failed(3, failure=TestReading.TRACED.failure).scrubbed()
        repository = holding(action(1), action(2, key="k"), facts)

        assert numbers(repository.search(ActionFilter(), None, 9)) == [2]
        assert numbers(repository.search(ActionFilter(), None, 0)) == []

    def test_another_kind(self) -> None:
        """A filter for another kind of id is refused."""
        with pytest.raises(TypeError, match="must be a UUID in this repository"):
            holding(action()).search(ActionFilter(assignment_ids=[5]), None, 1)


class TestFailureGroups:
    def test_of_some_types_since(self) -> None:
        """Failures of these types by kind; those before the moment are the first."""
        reminded = failed(3, action_type="reminded", completed_at=at(9))
        repository = holding(failed(1), failed(2, completed_at=at(5)), reminded)

        (group,) = repository.failure_groups(["notified"], at(5))

        assert (1, at(1), failed(2, completed_at=at(5)), False) == (
            group.count,
            group.first_seen,
            group.example,
            group.is_new,
        )
        assert [3] == [one.count for one in repository.failure_groups()]
        assert [] == repository.failure_groups([])


class TestTransactions:
    def test_there_are_none(self) -> None:
        """It joins anything, nothing is ever open, and closing twice is harmless."""
        repository = InMemoryActionRepository()

        joined = repository.joined_to(object())
        repository.close()
        repository.close()

        assert repository is joined
        assert not joined.is_open


def test_default_clock() -> None:
    """Without a clock of the host's own the present is recorded."""
    before = datetime.now(UTC)
    started = ActionRecorder(InMemoryActionRepository()).start(1, "notified")

    assert timedelta(0) <= started.created_at - before < timedelta(minutes=5)
