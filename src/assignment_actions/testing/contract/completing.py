"""R20 to R23: a completion is a compare-and-set, and changes an outcome only."""

from __future__ import annotations

import attrs
import pytest

from assignment_actions.domain.action import Action
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.testing.factories import a_failure, a_moment, an_action

OUTCOMES = ("succeeded", "failed", "unknown")


def ended(action: Action, status: str, seconds: float = 60) -> Action:
    """Return the completion of an action, as somebody who knew it at first sends it."""
    at = a_moment(seconds)
    if status == "unknown":
        return action.mark_unknown(at=at)
    if status == "failed":
        return action.fail(a_failure(message="gone"), at=at, details={"by": status})
    return action.succeed(at=at, details={"by": status})


class CompletingClauses:
    """What `complete` promises."""

    @pytest.mark.parametrize("status", OUTCOMES)
    def test_r20_an_action_in_progress_is_completed(
        self, repository: ActionRepository, status: str
    ) -> None:
        """R20: every outcome may follow in_progress, and is stored whole."""
        started = an_action(key="k", actor="ann", overdue_at=a_moment(3600))
        repository.add(started)

        assert repository.complete(ended(started, status)) is True
        assert ended(started, status) == repository.get(started.id)

    @pytest.mark.parametrize("late", ["succeeded", "failed"])
    def test_r20_an_unknown_action_is_completed_late(
        self, repository: ActionRepository, late: str
    ) -> None:
        """R20: a final outcome may follow unknown."""
        unknown = an_action(status="unknown")
        repository.add(unknown)

        assert repository.complete(ended(unknown, late)) is True
        assert ended(unknown, late) == repository.get(unknown.id)

    @pytest.mark.parametrize("late", OUTCOMES)
    @pytest.mark.parametrize("first", ["succeeded", "failed"])
    def test_r20_a_final_outcome_stands(
        self, repository: ActionRepository, first: str, late: str
    ) -> None:
        """R20: nothing replaces a success or a failure; R22: the answer is False."""
        started = an_action()
        repository.add(started)
        repository.complete(ended(started, first))

        assert repository.complete(ended(started, late, 99)) is False
        assert ended(started, first) == repository.get(started.id)

    @pytest.mark.parametrize("late", OUTCOMES)
    @pytest.mark.parametrize("first", ["succeeded", "failed"])
    def test_r20_what_was_added_as_final_stands(
        self, repository: ActionRepository, first: str, late: str
    ) -> None:
        """R20: an action stored as completed is final too."""
        stored = an_action(status=first)
        repository.add(stored)
        open_one = an_action(stored.assignment_id, id=stored.id)

        assert repository.complete(ended(open_one, late)) is False
        assert stored == repository.get(stored.id)

    def test_r20_unknown_does_not_replace_unknown(
        self, repository: ActionRepository
    ) -> None:
        """R20: an action becomes unknown once, and keeps the first moment of it."""
        started = an_action()
        repository.add(started)
        repository.complete(ended(started, "unknown", 1))

        assert repository.complete(ended(started, "unknown", 2)) is False
        assert ended(started, "unknown", 1) == repository.get(started.id)

    def test_r20_the_same_completion_is_stored_once(
        self, repository: ActionRepository
    ) -> None:
        """R20: to complete again in the same way is refused like any other."""
        started = an_action()
        repository.add(started)
        outcome = ended(started, "succeeded")

        assert [True, False] == [repository.complete(outcome) for _ in range(2)]

    def test_r21_a_late_completion_keeps_unknown_at(
        self, repository: ActionRepository
    ) -> None:
        """R21: unknown_at stays, though who completes late never knew of it."""
        started = an_action()
        repository.add(started)
        repository.complete(ended(started, "unknown", 1))
        repository.complete(ended(started, "succeeded"))

        found = repository.get(started.id)

        assert found is not None
        assert (a_moment(1), True) == (found.unknown_at, found.is_late)

    def test_r21_a_success_leaves_no_failure_behind(
        self, repository: ActionRepository
    ) -> None:
        """R21: the failure of an unknown action is gone when it has succeeded."""
        started = an_action()
        repository.add(started)
        repository.complete(started.mark_unknown(at=a_moment(1), failure=a_failure()))
        repository.complete(ended(started, "succeeded"))

        found = repository.get(started.id)

        assert found is not None
        assert found.failure is None

    def test_r21_details_are_the_completions(
        self, repository: ActionRepository
    ) -> None:
        """R21: the details stored are those of the completion, not a merger."""
        started = an_action(details={"before": 1})
        repository.add(started)
        bare = attrs.evolve(started, details={})
        repository.complete(bare.succeed(at=a_moment(1), details={"after": 2}))

        found = repository.get(started.id)

        assert found is not None
        assert {"after": 2} == found.details

    def test_r21_all_else_stays_as_it_was(self, repository: ActionRepository) -> None:
        """R21: a completion changes no type, time of creation, key, actor or limit."""
        started = an_action(key="k", actor="ann", overdue_at=a_moment(9))
        repository.add(started)
        altered = attrs.evolve(
            started,
            action_type="reminded",
            created_at=a_moment(-5),
            key="other",
            attempt=7,
            actor="ben",
            overdue_at=None,
        )
        repository.complete(ended(altered, "failed"))

        assert ended(started, "failed") == repository.get(started.id)

    def test_r21_the_key_is_still_taken(self, repository: ActionRepository) -> None:
        """R21: what was completed can be asked for by its key, as before."""
        started = an_action(key="k")
        repository.add(started)
        repository.complete(ended(started, "succeeded"))

        found = repository.timelines([started.assignment_id])[started.assignment_id]

        assert [ended(started, "succeeded")] == list(found.with_key("k"))

    @pytest.mark.parametrize("status", OUTCOMES)
    def test_r22_what_was_never_stored_is_not_completed(
        self, repository: ActionRepository, status: str
    ) -> None:
        """R22: False for an action that is not stored, and none is stored by it."""
        action = an_action()

        assert repository.complete(ended(action, status)) is False
        assert repository.get(action.id) is None

    def test_r22_the_assignment_is_part_of_the_identity(
        self, repository: ActionRepository
    ) -> None:
        """R22: False for a stored id under another assignment, and nothing changed."""
        started = an_action()
        repository.add(started)
        stray = an_action(id=started.id)

        assert repository.complete(ended(stray, "succeeded")) is False
        assert started == repository.get(started.id)

    def test_r22_one_of_two_with_the_same_id_is_completed(
        self, repository: ActionRepository
    ) -> None:
        """R22: where two assignments share an id, only the one meant changes."""
        one = an_action()
        other = an_action(id=one.id)
        repository.add(one, other)
        repository.complete(ended(one, "succeeded"))

        found = repository.timelines([one.assignment_id, other.assignment_id])

        assert [ended(one, "succeeded")] == list(found[one.assignment_id])
        assert [other] == list(found[other.assignment_id])

    def test_r23_an_action_in_progress_is_no_outcome(
        self, repository: ActionRepository
    ) -> None:
        """R23: to complete with an action in progress is a ValueError."""
        started = an_action()
        repository.add(started)

        with pytest.raises(ValueError, match="in_progress"):
            repository.complete(started)
