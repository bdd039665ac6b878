"""R6, R10, R11, R12: what is stored, and what is refused."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from assignment_actions.domain.action import Action
from assignment_actions.domain.errors import DuplicateActionError
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.testing.factories import an_action, an_assignment_id


class AddingClauses:
    """What `add` promises."""

    def test_r10_one_call_stores_many(self, repository: ActionRepository) -> None:
        """R10: every action of a call is stored, in whatever order they come."""
        actions = [an_action() for _ in range(5)]
        repository.add(*reversed(actions))

        assert actions == [repository.get(action.id) for action in actions]

    def test_r10_nothing_is_a_batch_too(self, repository: ActionRepository) -> None:
        """R10: adding no action stores none and refuses nothing."""
        repository.add()

        assert 0 == repository.count(ActionFilter())

    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_r10_a_duplicate_refuses_its_whole_batch(
        self, repository: ActionRepository, place: int
    ) -> None:
        """R10: wherever in a batch the duplicate stands, nothing of it is stored."""
        stored = an_action()
        repository.add(stored)
        batch = [an_action(), an_action()]
        batch.insert(place, an_action(stored.assignment_id, id=stored.id))

        with pytest.raises(DuplicateActionError):
            repository.add(*batch)

        assert [stored] == list(repository.find(ActionFilter(), 9))

    def test_r10_a_large_batch_is_all_or_nothing(
        self, repository: ActionRepository
    ) -> None:
        """R10: a batch of thousands is refused as a whole for its last action."""
        assignment_id = an_assignment_id()
        batch = [an_action(assignment_id) for _ in range(2_500)]

        with pytest.raises(DuplicateActionError):
            repository.add(*batch, batch[0])
        assert 0 == repository.count(ActionFilter())
        repository.add(*batch)
        assert 2_500 == repository.count(ActionFilter())

    def test_r11_an_id_is_stored_once(self, repository: ActionRepository) -> None:
        """R11: a second action with the same id of the same assignment is refused."""
        stored = an_action(status="failed")
        second = an_action(stored.assignment_id, id=stored.id, actor="late")
        repository.add(stored)

        error = refusal(repository, second)

        assert second == error.refused
        assert stored.without_stacktrace() == without_stacktrace(error.action)

    def test_r11_nothing_is_overwritten(self, repository: ActionRepository) -> None:
        """R11: what a duplicate would have replaced stands as it was."""
        stored = an_action(status="failed")
        repository.add(stored)

        refusal(repository, an_action(stored.assignment_id, id=stored.id))

        assert stored == repository.get(stored.id)

    def test_r11_an_id_stands_once_in_a_batch(
        self, repository: ActionRepository
    ) -> None:
        """R11: two actions with one id in one batch are refused, and none stored."""
        first = an_action()
        second = an_action(first.assignment_id, id=first.id, actor="late")

        error = refusal(repository, first, second)

        assert first.id == error.refused.id
        assert repository.get(first.id) is None

    def test_r11_an_action_given_twice_is_refused(
        self, repository: ActionRepository
    ) -> None:
        """R11: the very same action is a duplicate too, in one batch and in two."""
        action = an_action()

        assert action == refusal(repository, action, action).refused
        repository.add(action)
        assert action == refusal(repository, action).action

    def test_r11_one_id_for_two_assignments_is_two_actions(
        self, repository: ActionRepository
    ) -> None:
        """R11: the same id for another assignment is another action."""
        one = an_action(actor="one")
        other = an_action(id=one.id, actor="other")
        repository.add(one)
        repository.add(other)

        found = repository.timelines([one.assignment_id, other.assignment_id])

        assert [[one], [other]] == [list(timeline) for timeline in found.values()]

    def test_r12_an_attempt_under_a_key_is_stored_once(
        self, repository: ActionRepository
    ) -> None:
        """R12: a second attempt 1 under one key is refused, and the first is named."""
        stored = an_action(key="2026-11-22", status="succeeded")
        second = an_action(stored.assignment_id, key="2026-11-22")
        repository.add(stored)

        error = refusal(repository, second)

        assert (stored, second) == (error.action, error.refused)
        assert repository.get(second.id) is None

    def test_r12_an_attempt_under_a_key_stands_once_in_a_batch(
        self, repository: ActionRepository
    ) -> None:
        """R12: two attempts 1 under one key in one batch are refused, none stored."""
        first = an_action(key="k")
        second = an_action(first.assignment_id, key="k")

        error = refusal(repository, first, second)

        assert "k" == error.refused.key
        assert 0 == repository.count(ActionFilter())

    @pytest.mark.parametrize(
        "changes",
        [
            {"attempt": 2},
            {"action_type": "reminded"},
            {"assignment_id": an_assignment_id()},
            {"key": "K"},
            {"key": "k "},
            {"key": " k"},
            {"key": "\N{KELVIN SIGN}"},
            {"key": "k\N{COMBINING ACUTE ACCENT}"},
        ],
        ids=[
            "attempt",
            "type",
            "assignment",
            "capital",
            "trailing blank",
            "leading blank",
            "look-alike",
            "accent",
        ],
    )
    def test_r12_another_key_attempt_type_or_assignment_is_no_duplicate(
        self, repository: ActionRepository, changes: dict[str, Any]
    ) -> None:
        """R12: what differs in one of the four, by a letter's case, is stored too."""
        stored = an_action(key="k")
        other = attrs.evolve(stored, id=an_action().id, **changes)

        repository.add(stored)
        repository.add(other)

        assert [stored, other] == [repository.get(it.id) for it in (stored, other)]

    def test_r12_without_a_key_there_is_no_bound(
        self, repository: ActionRepository
    ) -> None:
        """R12: any number of actions without a key may be alike."""
        first = an_action()
        repository.add(first, *(an_action(first.assignment_id) for _ in range(2)))

        assert 3 == len(
            repository.timelines([first.assignment_id])[first.assignment_id]
        )

    def test_r6_a_refusal_leaves_the_repository_as_it_was(
        self, repository: ActionRepository
    ) -> None:
        """R6: what a refusal kept out can be stored without the duplicate."""
        stored, other = an_action(key="k"), an_action()
        repository.add(stored)
        refusal(repository, other, an_action(stored.assignment_id, key="k"))

        repository.add(other)

        assert [stored, other] == [repository.get(it.id) for it in (stored, other)]


def refusal(repository: ActionRepository, *actions: Action) -> DuplicateActionError:
    """Return the error by which a repository refuses actions."""
    with pytest.raises(DuplicateActionError) as caught:
        repository.add(*actions)
    return caught.value


def without_stacktrace(action: Action | None) -> Action | None:
    """Return what a list shows of an action, if there is one."""
    return None if action is None else action.without_stacktrace()
