"""
Outcomes that reach the store late: each is there once, however often it is tried.

Coroutines; a store that does not wait runs them by `result_of`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.async_history import AsyncActionHistory
from assignment_actions.domain.errors import DuplicateActionError, StorageError
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.kept import logger
from assignment_actions.domain.ports import AsyncActionRepository
from assignment_actions.domain.rules import next_attempt


class Settlement(StrEnum):
    """Tell what became of an outcome that waited for the store."""

    STORED = "stored"
    ALREADY_STORED = "already_stored"
    REFUSED = "refused"


async def settle(repository: AsyncActionRepository, completion: Action) -> Settlement:
    """
    Store the outcome of an action whose start was stored.

    Refused, and logged, where somebody settled it otherwise, or where it is gone: what
    was erased does not come back.

    Raises:
        StorageError: the store is out of reach, or its answers are of the past: it
            refused an outcome of what it says is still open.
    """
    if await repository.complete(completion):
        return Settlement.STORED
    stored = await stored_as(repository, completion)
    if stored is not None and (
        stored.is_same_outcome(completion)
        or stored.is_same_outcome(completion.scrubbed())
    ):
        return Settlement.ALREADY_STORED
    if stored is not None and stored.status in completion.status.replaces:
        raise StorageError(
            "complete", f"the store is behind: it says {stored.status} still"
        )
    logger.warning(
        "the kept outcome of action %s (%s) was not stored: it is %s already",
        completion.id,
        completion.status,
        "nowhere" if stored is None else stored.status,
    )
    return Settlement.REFUSED


async def settle_new(
    repository: AsyncActionRepository, action: Action, now: datetime
) -> Settlement:
    """
    Store an action, in its newest state, whose start could not be stored.

    The start may have arrived although nobody said so: then its outcome is stored.
    Where an earlier try under its key failed, or is unknown, it is the next attempt.
    Refused, and logged, where another try under its key succeeded or is in progress.

    Raises:
        StorageError: the store is out of reach.
    """
    while True:
        try:
            await repository.add(action)
        except DuplicateActionError as error:
            if await stored_as(repository, action) is not None:
                if action.status is ActionStatus.IN_PROGRESS:
                    return Settlement.ALREADY_STORED
                return await settle(repository, action)
            try:
                action = await _as_next(repository, action, error, now)
            except DuplicateActionError as refusal:
                logger.error(
                    "the kept action %s (%s) was not stored: %s",
                    action.id,
                    action.status,
                    refusal,
                )
                return Settlement.REFUSED
        else:
            return Settlement.STORED


async def stored_as(repository: AsyncActionRepository, action: Action) -> Action | None:
    """Return what is stored of an action; a host may have given its id twice."""
    stored = await repository.get(action.id)
    if stored is None or stored.assignment_id == action.assignment_id:
        return stored
    asked = [action.assignment_id]
    timelines = await repository.timelines(asked)
    timeline = timelines[action.assignment_id]
    return next((one for one in timeline if one.id == action.id), None)


async def tries_with(
    repository: AsyncActionRepository, stored: Action
) -> Iterable[Action]:
    """Return the tries under a stored one's key, itself among them."""
    tries = AsyncActionHistory(repository).iterate(
        ActionFilter(
            assignment_ids=[stored.assignment_id],
            action_types=[stored.action_type],
            key=stored.key,
        )
    )
    found = {one.id: one async for one in tries}
    return {stored.id: stored, **found}.values()


async def _as_next(
    repository: AsyncActionRepository,
    action: Action,
    error: DuplicateActionError,
    now: datetime,
) -> Action:
    if error.action is None:
        raise error
    tries = await tries_with(repository, error.action)
    return next_attempt(action, tries, now=now, retry_unknown=True)
