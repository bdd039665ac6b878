"""R95, R96, R99: what is deleted is gone, and its identity and key are free."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.domain.values import AssignmentId, scrubbed_key
from assignment_actions.testing.contract.erasing import a_thousand, with_one
from assignment_actions.testing.factories import (
    a_failure,
    a_moment,
    an_action,
    an_assignment_id,
)

ALL = ActionFilter()


class DeletingClauses:
    """What `delete` promises."""

    @pytest.mark.parametrize("status", ["in_progress", "succeeded", "failed"])
    def test_r95_no_question_knows_it(
        self, repository: ActionRepository, status: str
    ) -> None:
        """R95: what was deleted is found by no question, and in no count."""
        action = an_action(status=status, key="k", actor="ann")
        repository.add(action)
        repository.delete(action)
        asked = [action.assignment_id]

        assert repository.get(action.id) is None
        assert [] == list(repository.timelines(asked)[action.assignment_id])
        assert {} == repository.latest_successes(asked)
        assert {} == repository.latest_successes(asked, action.action_type)
        assert ([], []) == (
            [*repository.find(ALL, 9)],
            [*repository.search(ALL, None, 9)],
        )
        assert (0, {}) == (
            repository.count(ALL),
            dict(repository.count_by(ALL, "status")),
        )
        assert [] == list(repository.failure_groups())

    def test_r99_only_what_is_still_in_a_status(
        self, repository: ActionRepository
    ) -> None:
        """R99: with a status, what was completed since it was read stays."""
        silent, late = an_action(status="unknown"), an_action(status="unknown")
        repository.add(silent, late)
        done = late.succeed(at=a_moment(9))
        assert repository.complete(done)

        assert 1 == repository.delete(silent, late, status="unknown")
        assert [done] == list(repository.find(ALL, 9))

    def test_r95_what_is_not_named_stays(self, repository: ActionRepository) -> None:
        """R95: another action of the assignment, and its id elsewhere, stay."""
        action = an_action()
        others = [
            an_action(action.assignment_id, created_at=a_moment(1)),
            an_action(id=action.id, created_at=a_moment(2)),
        ]
        repository.add(action, *others)

        assert 1 == repository.delete(action)
        assert others[::-1] == list(repository.find(ALL, 9))
        assert others == [repository.get(one.id) for one in others]

    def test_r95_all_with_one_id_go(self, repository: ActionRepository) -> None:
        """R95: the same id of several assignments is as many actions."""
        first = an_action()
        actions = [first, an_action(id=first.id), an_action(id=first.id)]
        repository.add(*actions)

        assert 3 == repository.delete(*actions)
        assert (0, None) == (repository.count(ALL), repository.get(first.id))

    def test_r95_the_next_latest_success_appears(
        self, repository: ActionRepository
    ) -> None:
        """R95: of what is left, the latest success is the latest, of any type too."""
        assignment_id = an_assignment_id()
        first, second, third = (
            an_action(
                assignment_id,
                action_type=action_type,
                status="succeeded",
                completed_at=a_moment(seconds),
            )
            for action_type, seconds in [
                ("notified", 7),
                ("reminded", 8),
                ("notified", 9),
            ]
        )
        repository.add(third, first, second)
        repository.delete(third)
        asked = [assignment_id]

        assert {assignment_id: second} == repository.latest_successes(asked)
        assert {assignment_id: first} == repository.latest_successes(asked, "notified")
        repository.delete(second)
        assert {assignment_id: first} == repository.latest_successes(asked)
        assert {} == repository.latest_successes(asked, "reminded")

    @pytest.mark.parametrize("place", [0, 1, 2])
    @pytest.mark.parametrize("wrong", [7, "7"], ids=repr)
    def test_r95_a_wrong_kind_deletes_nothing(
        self, repository: ActionRepository, wrong: AssignmentId, place: int
    ) -> None:
        """R95: wherever an id of another kind stands, nothing of the batch goes."""
        actions = [an_action(), an_action()]
        repository.add(*actions)

        with pytest.raises(TypeError, match="assignment_id"):
            repository.delete(*with_one(actions, an_action(wrong), place))
        assert actions == [repository.get(one.id) for one in actions]

    @pytest.mark.parametrize(
        "changes",
        [
            {"status": "failed", "failure": a_failure(), "completed_at": a_moment(9)},
            {"key": None},
            {"key": "other", "attempt": 7},
            {"action_type": "reminded", "created_at": a_moment(9)},
        ],
        ids=["outcome", "no key", "key", "type and time"],
    )
    def test_r95_only_the_identity_given_counts(
        self, repository: ActionRepository, changes: dict[str, Any]
    ) -> None:
        """R95: whatever else the given one says, the stored one goes, and its key."""
        stored = an_action(key="k")
        repository.add(stored)

        assert 1 == repository.delete(attrs.evolve(stored, **changes))
        repository.add(again := an_action(stored.assignment_id, key="k"))
        assert [again] == list(repository.find(ALL, 9))

    def test_r95_nothing_is_a_batch_too(self, repository: ActionRepository) -> None:
        """R95: to delete nothing deletes nothing."""
        repository.add(action := an_action())

        assert 0 == repository.delete()
        assert action == repository.get(action.id)

    def test_r96_a_thousand_at_once(self, repository: ActionRepository) -> None:
        """R96: a batch of 1 000 actions of several assignments goes, and counts."""
        actions = a_thousand()
        repository.add(*actions, left := an_action(actions[0].assignment_id))

        assert 1_000 == repository.delete(*actions)
        assert [left] == list(repository.find(ALL, 9))

    def test_r96_only_what_was_there_counts(self, repository: ActionRepository) -> None:
        """R96: what is stored nowhere, or for another assignment, does not count."""
        stored, other = an_action(), an_action()
        strangers = [an_action(), an_action(id=stored.id)]
        repository.add(stored, other)

        assert 0 == repository.delete(*strangers)
        assert 1 == repository.delete(strangers[0], stored, strangers[1])
        assert [other] == list(repository.find(ALL, 9))

    def test_r96_given_twice_it_counts_once(self, repository: ActionRepository) -> None:
        """R96: one action given several times is one; afterwards it is none."""
        repository.add(action := an_action(), other := an_action())

        assert 1 == repository.delete(action, action)
        assert 0 == repository.delete(action)
        assert [other] == list(repository.find(ALL, 9))

    def test_r96_the_identity_is_free_again(self, repository: ActionRepository) -> None:
        """R96: the same action can be stored again, and completed then."""
        action = an_action()
        done = action.succeed(at=a_moment(1))
        repository.add(action)
        repository.delete(action)

        assert repository.complete(done) is False
        repository.add(action)
        assert repository.complete(done) is True
        assert done == repository.get(action.id)

    @pytest.mark.parametrize("is_scrubbed", [False, True], ids=["whole", "scrubbed"])
    def test_r96_the_key_is_free_again(
        self,
        repository: ActionRepository,
        is_scrubbed: bool,  # noqa: FBT001  # a case
    ) -> None:
        """R96: its attempt under the key can be stored, also where it was scrubbed."""
        first = an_action(status="succeeded", key="k")
        second = an_action(first.assignment_id, key="k")
        third = an_action(first.assignment_id, key=scrubbed_key("k"), attempt=2)
        repository.add(first)
        if is_scrubbed:
            repository.scrub(first)
        repository.delete(first)

        repository.add(second, third)

        assert {second.id, third.id} == {
            one.id for one in repository.find(ActionFilter(key="k"), 9)
        }
