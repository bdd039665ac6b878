"""R93, R94: batches that are scrubbed: all or nothing, and how many changed."""

from __future__ import annotations

import pytest

from assignment_actions.domain.action import Action
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.domain.values import AssignmentId
from assignment_actions.testing.contract.scrubbing import facts_of
from assignment_actions.testing.factories import an_action, an_assignment_id

ALL = ActionFilter()


class ErasingClauses:
    """What one call of `scrub` promises about all that it is given."""

    @pytest.mark.parametrize("place", [0, 1, 2])
    @pytest.mark.parametrize("wrong", [7, "7"], ids=repr)
    def test_r93_a_wrong_kind_changes_nothing(
        self, repository: ActionRepository, wrong: AssignmentId, place: int
    ) -> None:
        """R93: wherever an id of another kind stands, nothing of the batch changes."""
        actions = [an_action(actor="ann"), an_action(actor="ben")]
        repository.add(*actions)

        with pytest.raises(TypeError, match="assignment_id"):
            repository.scrub(*with_one(actions, an_action(wrong), place))
        assert actions == [repository.get(one.id) for one in actions]

    def test_r93_what_is_not_stored_is_passed_over(
        self, repository: ActionRepository
    ) -> None:
        """R93: an id nobody stored, or for another assignment, stops nothing."""
        stored = an_action(actor="ann")
        repository.add(stored)
        strangers = an_action(actor="eve"), an_action(id=stored.id, actor="eve")

        assert 0 == repository.scrub(*strangers)
        assert stored == repository.get(stored.id)
        assert 1 == repository.scrub(strangers[0], stored, strangers[1])
        assert [facts_of(stored)] == list(repository.find(ALL, 9))

    def test_r93_nothing_is_a_batch_too(self, repository: ActionRepository) -> None:
        """R93: to scrub nothing changes nothing."""
        repository.add(action := an_action(actor="ann"))

        assert 0 == repository.scrub()
        assert action == repository.get(action.id)

    def test_r93_a_thousand_at_once(self, repository: ActionRepository) -> None:
        """R93: a batch of 1 000 actions of several assignments is scrubbed whole."""
        actions = a_thousand()
        repository.add(*actions, an_action(actor="ann"))

        assert 1_000 == repository.scrub(*actions)
        assert 1 == repository.count(ActionFilter(actors=["ann"]))
        assert 2 == repository.count(ActionFilter(key="k499"))

    def test_r94_again_is_no_change(self, repository: ActionRepository) -> None:
        """R94: what was scrubbed before does not count, beside what was not."""
        first, second = an_action(key="k", actor="ann"), an_action(key="k")
        repository.add(first, second)

        assert 1 == repository.scrub(first)
        assert 0 == repository.scrub(first)
        assert 1 == repository.scrub(first, second)

    def test_r94_given_twice_it_counts_once(self, repository: ActionRepository) -> None:
        """R94: one action given several times is one that changed."""
        repository.add(action := an_action(key="k"))

        assert 1 == repository.scrub(action, action, action)


def a_thousand() -> list[Action]:
    """Return 500 actions of each of two assignments, under 500 keys."""
    here, there = an_assignment_id(), an_assignment_id()
    return [
        an_action(one, actor="ann", key=f"k{number}")
        for number in range(500)
        for one in (here, there)
    ]


def with_one(actions: list[Action], one: Action, place: int) -> list[Action]:
    """Return actions with one more at a place among them."""
    return [*actions[:place], one, *actions[place:]]
