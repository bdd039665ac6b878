"""Adapters that delete too little or too much."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from contract.broken.right import Broken

from assignment_actions import Action, DuplicateActionError
from assignment_actions.domain.action import Claim
from assignment_actions.domain.values import AssignmentId
from assignment_actions.testing import an_action


class RemembersDeletedSuccesses(Broken):
    """Keeps the latest success in a place of its own, and forgets it there."""

    caught_by = ("test_r95_the_next_latest_success_appears",)

    def _forget_successes(self, assignment_id: AssignmentId) -> None:
        del assignment_id


class DeletesOneOfAnId(Broken):
    """Looks an id up, and deletes the first that has it."""

    caught_by = ("test_r95_all_with_one_id_go",)

    def delete(self, /, *actions: Action, status: str | None = None) -> int:
        first = {one.id: one for one in reversed(actions)}
        return super().delete(*first.values(), status=status)


class DeletesTheIdEverywhere(Broken):
    """Deletes by the id alone."""

    caught_by = ("test_r95_what_is_not_named_stays",)

    def delete(self, /, *actions: Action, status: str | None = None) -> int:
        self._require_kind(one.assignment_id for one in actions)
        ids = {one.id: None for one in actions}
        alike = [
            self._actions[identity]
            for one in ids
            for identity in self._actions.with_id(one)
        ]
        return super().delete(*alike, status=status)


class DeletesInWhateverStatus(Broken):
    """Deletes what was completed since, too."""

    caught_by = ("test_r99_only_what_is_still_in_a_status",)

    def delete(self, /, *actions: Action, status: str | None = None) -> int:
        del status
        return super().delete(*actions)


class CountsWhatItWasGiven(Broken):
    """Answers how many it was asked to delete."""

    caught_by = ("test_r96_only_what_was_there_counts",)

    def delete(self, /, *actions: Action, status: str | None = None) -> int:
        super().delete(*actions, status=status)
        return len(actions)


class KeepsDeletedKeys(Broken):
    """Leaves a key taken by what is gone."""

    caught_by = ("test_r96_the_key_is_free_again",)

    def _forget(self, gone: Collection[tuple[AssignmentId, UUID]]) -> None:
        kept = dict(self._key_holders)
        super()._forget(gone)
        self._key_holders = kept

    def _holder(self, claim: Claim) -> Action | None:
        return super()._holder(claim) or (
            an_action() if claim in self._key_holders else None
        )


class DeletesHalfABatch(Broken):
    """Commits each action of a batch on its own."""

    caught_by = ("test_r95_a_wrong_kind_deletes_nothing",)

    def delete(self, /, *actions: Action, status: str | None = None) -> int:
        delete = super().delete
        return sum([delete(one, status=status) for one in actions])


class HidesWhatItDeleted(Broken):
    """Marks what is deleted, and lets `get` see it all the same."""

    caught_by = ("test_r95_no_question_knows_it",)

    def delete(self, /, *actions: Action, status: str | None = None) -> int:
        self.hidden = {**getattr(self, "hidden", {}), **{it.id: it for it in actions}}
        return super().delete(*actions, status=status)

    def get(self, action_id: UUID, /) -> Action | None:
        hidden: dict[UUID, Action] = getattr(self, "hidden", {})
        return super().get(action_id) or hidden.get(action_id)


class KeepsDeletedIds(Broken):
    """Never gives an identity free again."""

    caught_by = ("test_r96_the_identity_is_free_again",)

    def delete(self, /, *actions: Action, status: str | None = None) -> int:
        count = super().delete(*actions, status=status)
        gone = {(it.assignment_id, it.id): it for it in actions}
        self.gone = {**getattr(self, "gone", {}), **gone}
        return count

    def _require_new(self, actions: Sequence[Action]) -> None:
        super()._require_new(actions)
        gone: dict[object, Action] = getattr(self, "gone", {})
        for one in actions:
            if (one.assignment_id, one.id) in gone:
                raise DuplicateActionError(gone[one.assignment_id, one.id], one)


class ErasesAllForNone(Broken):
    """Leaves the condition out where there is nothing to name in it."""

    caught_by = (
        "test_r93_nothing_is_a_batch_too",
        "test_r95_nothing_is_a_batch_too",
    )

    def scrub(self, /, *actions: Action) -> int:
        return super().scrub(*(actions or self._actions.values()))

    def delete(self, /, *actions: Action, status: str | None = None) -> int:
        return super().delete(*(actions or self._actions.values()), status=status)


class ErasesOneChunk(Broken):
    """Erases as many as one statement takes, and forgets the rest."""

    caught_by = ("test_r93_a_thousand_at_once", "test_r96_a_thousand_at_once")

    def scrub(self, /, *actions: Action) -> int:
        return super().scrub(*actions[:999])

    def delete(self, /, *actions: Action, status: str | None = None) -> int:
        return super().delete(*actions[:999], status=status)
