"""Adapters that refuse too much, too little or too late."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import attrs
from contract.broken.right import Broken

from assignment_actions import (
    Action,
    DuplicateActionError,
)


class OverwritesDuplicates(Broken):
    """Stores the later of two actions with one id, as an upsert does."""

    caught_by = (
        "test_r11_an_id_is_stored_once",
        "test_r11_nothing_is_overwritten",
        "test_r12_an_attempt_under_a_key_is_stored_once",
    )

    def _require_new(self, actions: Sequence[Action]) -> None:
        self._require_kind(action.assignment_id for action in actions)

    def _store_new(self, action: Action) -> None:
        if (action.assignment_id, action.id) in self._actions:
            self._actions[action.assignment_id, action.id] = action
        else:
            super()._store_new(action)


class StoresHalfABatch(Broken):
    """Commits each action of a batch on its own."""

    caught_by = (
        "test_r10_a_duplicate_refuses_its_whole_batch",
        "test_r10_a_large_batch_is_all_or_nothing",
        "test_r5_a_batch_of_two_kinds_is_refused_whole",
    )

    def add(self, /, *actions: Action) -> None:
        for action in actions:
            super().add(action)


class FoldsKeys(Broken):
    """Takes keys for equal that differ in case or blanks, as MariaDB's default does."""

    caught_by = (
        "test_r12_another_key_attempt_type_or_assignment_is_no_duplicate",
        "test_r60_matches_is_the_meaning",
    )

    def as_stored(self, action: Action) -> Action:
        key = action.key
        return attrs.evolve(action, key=key and (key.casefold().strip() or key))


class TakesIdsForUniqueEverywhere(Broken):
    """Refuses the same id for another assignment, as a primary key on it does."""

    caught_by = ("test_r11_one_id_for_two_assignments_is_two_actions",)

    def _require_new(self, actions: Sequence[Action]) -> None:
        super()._require_new(actions)
        for action in actions:
            for assignment_id, _ in self._actions.with_id(action.id):
                super()._require_new(
                    [attrs.evolve(action, assignment_id=assignment_id)]
                )


class TakesAnyKind(Broken):
    """Does not look at the kind of an assignment id."""

    caught_by = (
        "test_r5_another_kind_is_a_type_error",
        "test_r5_a_uuid_as_text_is_another_kind",
        "test_r5_one_wrong_id_among_many_is_refused",
    )

    def _require_kind(self, assignment_ids: Any) -> None:
        del assignment_ids


class RemembersWhatItRefused(Broken):
    """Leaves the ids of a refused batch taken."""

    caught_by = ("test_r6_a_refusal_leaves_the_repository_as_it_was",)

    def add(self, /, *actions: Action) -> None:
        try:
            super().add(*actions)
        except DuplicateActionError as error:
            for action in actions:
                if action is not error.refused:
                    super().add(attrs.evolve(action, actor="half done"))
            raise


class RacesForKeys(Broken):
    """Looks for a duplicate first and inserts afterwards, without a constraint."""

    caught_by = (
        "test_r12_one_of_many_rivals_takes_a_key",
        "test_r11_one_of_many_rivals_takes_an_id",
    )

    def add(self, /, *actions: Action) -> None:
        self._require_new(actions)
        time.sleep(0.01)
        for action in actions:
            self._store_new(action)
