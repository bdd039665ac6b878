"""Adapters that complete what they should not, or not as they should."""

from __future__ import annotations

import time

import attrs
from contract.broken.right import Broken

from assignment_actions import (
    Action,
    ActionStatus,
)


class CompletesBlindly(Broken):
    """Updates whatever is stored, without compare-and-set."""

    caught_by = (
        "test_r20_a_final_outcome_stands",
        "test_r20_unknown_does_not_replace_unknown",
        "test_r20_one_of_many_rivals_completes",
    )

    def complete(self, action: Action, /) -> bool:
        stored = self._actions.get((action.assignment_id, action.id))
        if stored is None or not action.status.replaces:
            return super().complete(action)
        started = attrs.evolve(
            stored,
            status=ActionStatus.IN_PROGRESS,
            completed_at=None,
            failure=None,
            unknown_at=None,
        )
        self._actions[action.assignment_id, action.id] = started
        return super().complete(action)


class RacesToComplete(Broken):
    """Reads the status first and writes afterwards."""

    caught_by = ("test_r20_one_of_many_rivals_completes",)

    def complete(self, action: Action, /) -> bool:
        stored = self._actions.get((action.assignment_id, action.id))
        replaced = stored and stored.replaced_by(action)
        time.sleep(0.01)
        if replaced is None:
            return False
        self._actions[action.assignment_id, action.id] = replaced
        return True


class DropsUnknownAt(Broken):
    """Forgets with a completion that the action was unknown before."""

    caught_by = ("test_r21_a_late_completion_keeps_unknown_at",)

    def complete(self, action: Action, /) -> bool:
        is_stored = super().complete(action)
        if is_stored and action.status.is_final:
            identity = action.assignment_id, action.id
            self._actions[identity] = attrs.evolve(
                self._actions[identity], unknown_at=None
            )
        return is_stored


class StoresTheWholeCompletion(Broken):
    """Replaces the row, not the outcome."""

    caught_by = ("test_r21_all_else_stays_as_it_was",)

    def complete(self, action: Action, /) -> bool:
        is_stored = super().complete(action)
        if is_stored:
            self._actions[action.assignment_id, action.id] = action
        return is_stored


class MergesDetails(Broken):
    """Patches the stored details with those of the completion."""

    caught_by = ("test_r21_details_are_the_completions",)

    def complete(self, action: Action, /) -> bool:
        stored = self._actions.get((action.assignment_id, action.id))
        before = {} if stored is None else stored.details
        return super().complete(
            attrs.evolve(action, details={**before, **action.details})
        )


class CompletesByIdAlone(Broken):
    """Looks for what to complete by its id, whosever it is."""

    caught_by = ("test_r22_the_assignment_is_part_of_the_identity",)

    def complete(self, action: Action, /) -> bool:
        for assignment_id, _ in self._actions.with_id(action.id):
            return super().complete(attrs.evolve(action, assignment_id=assignment_id))
        return False


class TakesAnUpsertForACompletion(Broken):
    """Stores a completion of what was never stored."""

    caught_by = ("test_r22_what_was_never_stored_is_not_completed",)

    def complete(self, action: Action, /) -> bool:
        if (action.assignment_id, action.id) in self._actions:
            return super().complete(action)
        self.add(action)
        return True


class CompletesWithoutAnOutcome(Broken):
    """Takes an action in progress for an outcome that is merely refused."""

    caught_by = ("test_r23_an_action_in_progress_is_no_outcome",)

    def complete(self, action: Action, /) -> bool:
        return bool(action.status.replaces) and super().complete(action)
