"""The errors this library raises; what others raised is a `Failure`, not an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from uuid import UUID

    from assignment_actions.domain.action import Action


class AssignmentActionsError(Exception):
    """Be the base of every error this library raises about actions and stores."""


@attrs.define(eq=False, slots=False)
class ActionNotFoundError(AssignmentActionsError, LookupError):
    """Say that no action with this id is stored."""

    action_id: UUID

    def __str__(self) -> str:
        return f"no action with id {self.action_id} is stored"


@attrs.define(eq=False, slots=False)
class ActionAlreadyCompletedError(AssignmentActionsError):
    """Say that somebody completed the action first; their outcome stands."""

    action_id: UUID
    status: str

    def __str__(self) -> str:
        return f"action {self.action_id} is already completed: {self.status}"


@attrs.define(eq=False, slots=False)
class DuplicateActionError(AssignmentActionsError):
    """
    Say that the action, or a try under its key, is stored already.

    `action` is the stored one; None where the caller's snapshot cannot see it.
    `refused` is the one that was not stored.
    """

    action: Action | None
    refused: Action

    def __str__(self) -> str:
        refused, stored = self.refused, self.action
        if stored is not None and stored.id == refused.id:
            return (
                f"an action with id {refused.id} is already stored"
                f" for assignment {refused.assignment_id}"
            )
        found = (
            "a try that this transaction cannot see"
            if stored is None
            else f"attempt {stored.attempt} is {stored.status} (action {stored.id})"
        )
        return (
            f"{str(refused.action_type)!r} with key {refused.key!r} is already recorded"
            f" for assignment {refused.assignment_id}: {found}"
        )


@attrs.define(eq=False, slots=False)
class OutcomeUnknownError(AssignmentActionsError):
    """
    Say that nobody knows whether an earlier try under the same key took effect.

    Find out and complete `action`, or choose to run the risk of a second effect with
    `retry_unknown=True`.
    """

    action: Action

    def __str__(self) -> str:
        action = self.action
        return (
            f"attempt {action.attempt} of {str(action.action_type)!r} with key"
            f" {action.key!r} for assignment {action.assignment_id} ended in"
            f" {action.status} (action {action.id}): it may have taken effect;"
            " complete it, or pass retry_unknown=True"
        )


@attrs.define(eq=False, slots=False)
class StorageError(AssignmentActionsError):
    """
    Say that the store could not do its work; the driver's exception is `__cause__`.

    `operation` is the repository's verb. `transaction_lost` is true where the engine
    has rolled the whole surrounding transaction back, so that the host must start it
    again from its beginning.
    """

    operation: str
    reason: str = ""
    transaction_lost: bool = False

    def __str__(self) -> str:
        lost = (
            "; the whole transaction was rolled back" if self.transaction_lost else ""
        )
        return f"{self.operation} failed: {self.reason or 'the store is broken'}{lost}"
