"""AsyncActionRecorder: the twin of `ActionRecorder` for an event loop."""

from __future__ import annotations

import copy
from collections.abc import (
    AsyncIterable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import aclosing, suppress
from datetime import datetime
from typing import Any, ClassVar, ParamSpec, Self, TypeVar

from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.async_history import AsyncActionHistory
from assignment_actions.domain.async_recorded import async_recorded_calls
from assignment_actions.domain.async_recording import AsyncRecording
from assignment_actions.domain.batches import ASYNC_BATCH_SIZE, async_batches
from assignment_actions.domain.concurrency import (
    Streamed,
    from_thread,
    in_thread,
    to_the_end,
    unless_busy,
)
from assignment_actions.domain.erasure import (
    ERASURE_BATCH,
    ErasureCheck,
    ErasureReport,
    Progress,
    as_sought,
    checked,
)
from assignment_actions.domain.errors import (
    DuplicateActionError,
    StorageError,
)
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.ports import (
    AsyncActionRepository,
    AsyncJoinedActionRepository,
)
from assignment_actions.domain.reconcile import AsyncProbe, Probe, ReconcileReport
from assignment_actions.domain.recorder_of import FLUSHED_ON_THE_SIDE, RecorderOf
from assignment_actions.domain.retention import RetentionPolicy
from assignment_actions.domain.rules import (
    next_attempt,
    refusal_of,
)
from assignment_actions.domain.settling import (
    Settlement,
    settle,
    settle_new,
    stored_as,
    tries_with,
)
from assignment_actions.domain.values import (
    INT32_MAX,
    AssignmentId,
    as_ids,
    as_int,
)

P = ParamSpec("P")
R = TypeVar("R")


class AsyncActionRecorder(
    RecorderOf[AsyncActionRepository, AsyncJoinedActionRepository]
):
    """
    Record actions without making an event loop wait: asyncio's, or trio's by anyio.

    The twin of `ActionRecorder`: the same arguments, methods, rules and errors; what
    reaches the store is awaited. What is said here is what differs.

    A write that was begun goes on to its end although its caller is cancelled, for at
    most ten seconds more; then the cancellation goes on. So a connection is not lost
    with each caller, and `recording` knows what was stored. What was to be returned is
    lost with the caller: the action of a cancelled `start` stays in progress, until it
    is overdue.

    Erasing is no such write: a batch of `scrub`, `erase` or `purge` that is cancelled
    may be done or not, and the next run goes on from there.

    Outcomes that are kept are stored in a thread, by `flush` and on the side. To keep
    one is a line in the journal: with a file, a few milliseconds of the event loop.
    """

    _awaits: ClassVar[bool] = True

    # -- around an effect ------------------------------------------------------------

    def recording(
        self,
        assignment_id: AssignmentId,
        type: str,
        *,
        key: str | None = None,
        actor: str | None = None,
        details: Mapping[str, object] | None = None,
        retry_unknown: bool = False,
    ) -> AsyncRecording:
        """
        Return an asynchronous context manager: `async with`.

        A block that is cancelled → unknown, stored in a scope that is shielded and
        bounded; the cancellation goes on. Cancelled while the start was being stored →
        failed: the block never began, and a next try is free to. A block that ends
        because its coroutine is closed cannot wait any more: its outcome is kept for
        `flush`.
        """
        return AsyncRecording(
            self,
            lambda: self._rules.started(
                assignment_id, type, key=key, actor=actor, details=details
            ),
            retry_unknown=retry_unknown,
        )

    def recorded(
        self,
        type: str,
        assignment_id: str = "assignment_id",
        *,
        key: str | None = None,
        actor: str | None = None,
        retry_unknown: bool = False,
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """
        Return a decorator that records each call of a function, as `recording` does.

        For coroutine functions, and for asynchronous generators, where one recording
        stands around the whole iteration.

        Raises:
            TypeError: the function does not wait; `ActionRecorder.recorded` is for it.
            ValueError: the function has no such argument.
        """
        self._rules.vocabulary.require(type)

        def record(one: AssignmentId, its_key: str | None) -> AsyncRecording:
            return self.recording(
                one, type, key=its_key, actor=actor, retry_unknown=retry_unknown
            )

        return async_recorded_calls(record, assignment_id, key)

    # -- step by step ------------------------------------------------------------------

    async def start(
        self,
        assignment_id: AssignmentId,
        type: str,
        *,
        key: str | None = None,
        actor: str | None = None,
        details: Mapping[str, object] | None = None,
        retry_unknown: bool = False,
    ) -> Action:
        """Store an action in progress, before its effect."""
        action = self._rules.started(
            assignment_id, type, key=key, actor=actor, details=details
        )
        return await self._add(action, retry_unknown=retry_unknown)

    async def succeed(
        self, action: Action, *, details: Mapping[str, object] | None = None
    ) -> Action:
        """Store that an action succeeded; `details` are laid over its own."""
        return await self._complete(
            self._rules.succeeded(action, self._rules.clean_details(details))
        )

    async def fail(
        self,
        action: Action,
        error: BaseException | Failure,
        *,
        details: Mapping[str, object] | None = None,
    ) -> Action:
        """Store that an action failed, and why."""
        return await self._complete(
            self._rules.failed(action, error, self._rules.clean_details(details))
        )

    async def mark_unknown(
        self,
        action: Action,
        error: BaseException | Failure | None = None,
        *,
        details: Mapping[str, object] | None = None,
    ) -> Action:
        """Store that nobody knows whether an action took effect."""
        return await self._complete(
            self._rules.unknown(action, error, self._rules.clean_details(details))
        )

    async def record_success(
        self,
        assignment_id: AssignmentId,
        type: str,
        *,
        at: datetime | None = None,
        key: str | None = None,
        actor: str | None = None,
        details: Mapping[str, object] | None = None,
        retry_unknown: bool = False,
    ) -> Action:
        """Store an action that has succeeded, `at` a moment or now."""
        action = self._rules.started(
            assignment_id, type, key=key, actor=actor, details=details, at=at
        )
        finished = self._rules.finished_at(action)
        return await self._add(finished, retry_unknown=retry_unknown)

    async def record_failure(
        self,
        assignment_id: AssignmentId,
        type: str,
        error: BaseException | Failure,
        *,
        at: datetime | None = None,
        key: str | None = None,
        actor: str | None = None,
        details: Mapping[str, object] | None = None,
        retry_unknown: bool = False,
    ) -> Action:
        """Store an action that has failed, `at` a moment or now."""
        action = self._rules.started(
            assignment_id, type, key=key, actor=actor, details=details, at=at
        )
        finished = self._rules.finished_at(action, error)
        return await self._add(finished, retry_unknown=retry_unknown)

    async def record_many(
        self,
        actions: Iterable[Action] | AsyncIterable[Action],
        *,
        batch_size: int = ASYNC_BATCH_SIZE,
        on_progress: Callable[[int], object] | None = None,
    ) -> int:
        """
        Store any number of actions as they are, their texts redacted.

        Others have their turn after every 50 actions and between batches, which are
        smaller: 500. One that is cancelled in a batch stores that: the note counts it,
        `on_progress` was not told of it.
        """
        size = as_int("batch_size", batch_size, low=1, high=INT32_MAX)
        if on_progress is not None and not callable(on_progress):
            raise TypeError(f"on_progress must be callable, got {on_progress!r}")
        count = 0

        async def store(batch: Sequence[Action]) -> None:
            nonlocal count
            await self._repository.add(*batch)
            count += len(batch)

        try:
            async with aclosing(
                async_batches(Streamed(actions), self._rules.imported, size)
            ) as parts:
                async for batch in parts:
                    await to_the_end(store(batch))
                    if on_progress is not None:
                        on_progress(count)
        except BaseException as error:
            error.add_note(f"record_many had stored {count} actions before")
            raise
        await self._flush_quietly()
        return count

    # -- the rest ----------------------------------------------------------------------

    def joined_to(self, transaction: Any) -> Self:
        """Return a recorder with the same rules inside the caller's transaction."""
        joined = copy.copy(self)
        joined._repository = joined._joined = self._repository.joined_to(transaction)
        return joined

    async def reconcile(
        self,
        probe: Probe | AsyncProbe,
        *,
        types: Collection[str] | None = None,
        share: tuple[int, int] = (0, 1),
        limit: int | None = None,
        on_progress: Callable[[ReconcileReport], object] | None = None,
    ) -> ReconcileReport:
        """
        Ask about actions whose process went silent, and store what is answered.

        The probe may be a coroutine function.
        """
        run = self._reconciliation(
            self._complete, probe, types, share, limit, on_progress
        )
        await self.flush()  # nobody need be asked about what waits here
        return await run.run()

    # -- privacy -----------------------------------------------------------------------

    async def scrub(
        self,
        ids: Iterable[AssignmentId],
        *,
        actor: str | None = None,
        dry_run: bool = False,
        batch_size: int = ERASURE_BATCH,
        on_progress: Progress | None = None,
    ) -> ErasureReport:
        """Keep only the facts about some assignments."""
        wanted = as_ids(ids)
        run = self._erasure(
            "scrub", actor, dry_run, batch_size, on_progress, len(wanted)
        )
        return await run.scrub(wanted, self._own_journal)

    async def erase(
        self,
        ids: Iterable[AssignmentId],
        *,
        actor: str | None = None,
        dry_run: bool = False,
        batch_size: int = ERASURE_BATCH,
        on_progress: Progress | None = None,
    ) -> ErasureReport:
        """Remove all actions of some assignments, in the journal too."""
        wanted = as_ids(ids)
        run = self._erasure(
            "erase", actor, dry_run, batch_size, on_progress, len(wanted)
        )
        return await run.erase(wanted, self._own_journal)

    async def purge(
        self,
        policy: RetentionPolicy,
        *,
        actor: str | None = None,
        dry_run: bool = False,
        batch_size: int = ERASURE_BATCH,
        on_progress: Progress | None = None,
    ) -> ErasureReport:
        """Remove the actions that a policy keeps no longer."""
        if not isinstance(policy, RetentionPolicy):
            raise TypeError(f"policy must be a RetentionPolicy, got {policy!r}")
        run = self._erasure("purge", actor, dry_run, batch_size, on_progress)
        return await run.purge(policy, self._own_journal)

    async def verify_erased(
        self, ids: Iterable[AssignmentId] = (), texts: Iterable[str] = ()
    ) -> ErasureCheck:
        """Search every column and the journal for what should be gone."""
        return await checked(
            self._awaited, self._own_journal, as_ids(ids), as_sought(texts)
        )

    @property
    def history(self) -> AsyncActionHistory:
        """Return the history on the same repository."""
        rules = self._rules
        return AsyncActionHistory(
            self._repository, clock=rules.clock, vocabulary=rules.vocabulary
        )

    async def flush(self) -> int:
        """Store the outcomes kept since the store was out of reach."""
        return await self._flush()

    async def close(self) -> None:
        """Flush, then close the repository; a joined recorder closes nothing."""
        if self._joined is None:
            try:
                await self.flush()
            finally:
                self._journal.close()
                await to_the_end(self._repository.close())

    # -- behind ------------------------------------------------------------------------

    @property
    def _awaited(self) -> AsyncActionRepository:
        return self._repository

    async def _begin(
        self, action: Action, *, retry_unknown: bool
    ) -> tuple[Action, bool]:
        """Store a start; tell whether it is kept in the journal instead."""
        if self._keeps_starts and self._joined is None:
            try:
                await to_the_end(self._repository.add(action))
            except DuplicateActionError:
                pass  # the store can be reached: it decides
            except StorageError as error:
                if not self._keep(action, is_new=True):
                    raise
                self._log_kept_start(action, error)
                return action, True
            else:
                await self._flush_quietly()
                return action, False
        return await self._add(action, retry_unknown=retry_unknown), False

    async def _add(self, action: Action, *, retry_unknown: bool) -> Action:
        while True:
            try:
                await to_the_end(self._repository.add(action))
            except DuplicateActionError as error:
                stored = error.action
                if stored is None or action.key is None or stored.id == action.id:
                    raise
                action = next_attempt(
                    action,
                    await self._tries(stored),
                    now=self._rules.now(),
                    retry_unknown=retry_unknown,
                )
            else:
                await self._flush_quietly()
                return action

    async def _tries(self, stored: Action) -> Iterable[Action]:
        """Return the tries under a stored one's key, itself among them."""
        if stored.status is ActionStatus.SUCCEEDED:
            return [stored]
        await self._flush_quietly()  # its outcome may be one that waits here
        return await tries_with(self._awaited, stored)

    async def _complete(self, completion: Action) -> Action:
        if await to_the_end(self._repository.complete(completion)):
            await self._flush_quietly()
            return completion
        stored = await stored_as(self._awaited, completion)
        refusal = refusal_of(completion, stored)
        if refusal is not None:
            raise refusal
        return completion if stored is None else stored

    async def _flush(self, limit: int | None = None) -> int:
        if self._joined is not None:
            return 0
        return await to_the_end(
            in_thread(
                self._journal.store_each,
                from_thread(self._store_kept),
                from_thread(self._store_new),
                limit,
            )
        )

    async def _flush_quietly(self) -> None:
        if self._journal and self._joined is None:
            with suppress(Exception):  # logged when it was kept; it stays kept
                await unless_busy(self._flush(FLUSHED_ON_THE_SIDE))

    async def _store_kept(self, completion: Action) -> bool:
        settled = await settle(self._awaited, completion)
        return settled is not Settlement.REFUSED

    async def _store_new(self, action: Action) -> bool:
        settled = await settle_new(self._awaited, action, self._rules.now())
        return settled is not Settlement.REFUSED
