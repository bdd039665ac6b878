"""ActionRecorder: it writes; what it writes the rules decide."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import datetime
from typing import Any, ClassVar, ParamSpec, Self, TypeVar

from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.awaited import (
    AwaitedActionRepository,
    awaited,
    result_of,
)
from assignment_actions.domain.batches import BATCH_SIZE, batches
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
from assignment_actions.domain.history import ActionHistory
from assignment_actions.domain.ports import (
    ActionRepository,
    AsyncActionRepository,
    JoinedActionRepository,
)
from assignment_actions.domain.reconcile import Probe, ReconcileReport
from assignment_actions.domain.recorded import recorded_calls
from assignment_actions.domain.recorder_of import FLUSHED_ON_THE_SIDE, RecorderOf
from assignment_actions.domain.recording import Recording
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


class ActionRecorder(RecorderOf[ActionRepository, JoinedActionRepository]):
    """
    Record actions: before the effect that they start, after it how they ended.

    Args:
        repository: where actions are kept.
        clock: tells the present, aware.
        ids: makes an action's id from its created_at; UUID version 7 by default.
        vocabulary: the host's own StrEnum or StrEnums of action types, beside the nine
            built in.
        reasons: the reason by exception type, or a function that finds it in the
            exception (None: go on); the most specific type decides, over the ready-made
            rules for the standard library, requests, httpx, botocore and SQLAlchemy.
        redact: applied to messages, stacktraces, details and actors before they reach
            the repository, and to what is logged; None leaves them as they are.
        overdue_after: how long an action may be in progress, for all types or by type
            (one hour for a type not named).
        store_messages: False keeps of a failure its types and frames only, for those
            whom no redaction is enough.
        journal: where outcomes wait that could not be stored; by default at most 1 000
            in memory, which are lost with the process.
        on_start_failure: what `recording` does where its start cannot be stored:
            "raise" StorageError before the block, or keep the start in the "journal",
            log it at ERROR and run the block all the same, its outcome then kept too.
            Nothing watches over keys as long as the store is out of reach.

    Raises:
        TypeError: the repository is an async one, or an argument is none.

    Every method that writes is one statement where nothing is in its way. Thread-safe.
    """

    _awaits: ClassVar[bool] = False

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
    ) -> Recording:
        """
        Return a context manager: entering it starts an action, leaving it ends it.

        Returning → succeeded. An exception → failed, and the same exception goes on.
        An interrupt or cancellation → unknown, and goes on. An action that was
        completed inside the block is left alone. If the outcome cannot be stored, the
        block's result or exception is untouched (ours is attached to it as a note);
        the outcome is kept for `flush` and logged. If the start cannot be stored,
        StorageError is raised before the block runs, unless `on_start_failure` says
        otherwise.

        Args:
            assignment_id: what the action is about.
            type: what is being done; a known type.
            key: idempotency key, 1 to 255 characters, stored as given: the tries at
                one thing. At most one try is open, and none starts after a success.
            actor: who does it, at most 255 characters.
            details: evidence, a JSON object of at most 16 KiB.
            retry_unknown: try again although nobody knows whether an earlier try under
                this key took effect.

        Raises:
            DuplicateActionError: under this key it was done, or is being done.
            OutcomeUnknownError: an earlier try under this key is unknown or overdue.
        """
        return Recording(
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

        Around a generator one recording stands for the whole iteration; one that is
        closed before its end was interrupted.

        Args:
            type: what the function does.
            assignment_id: the name of the function's argument that holds the id.
            key: the name of the argument that holds the idempotency key, if any.
            actor: who does it.
            retry_unknown: as in `recording`.

        Raises:
            TypeError: the function's work waits for an event loop;
                `AsyncActionRecorder.recorded` is for it.
            ValueError: the function has no such argument.
        """
        self._rules.vocabulary.require(type)

        def record(one: AssignmentId, its_key: str | None) -> Recording:
            return self.recording(
                one, type, key=its_key, actor=actor, retry_unknown=retry_unknown
            )

        return recorded_calls(record, assignment_id, key)

    # -- step by step ------------------------------------------------------------------

    def start(
        self,
        assignment_id: AssignmentId,
        type: str,
        *,
        key: str | None = None,
        actor: str | None = None,
        details: Mapping[str, object] | None = None,
        retry_unknown: bool = False,
    ) -> Action:
        """
        Store an action in progress, before its effect; arguments as in `recording`.

        One insert; only where the key is taken, a read and another insert.

        Raises:
            DuplicateActionError, OutcomeUnknownError: as in `recording`.
            StorageError: nothing was stored as far as anybody knows; do not go on.
        """
        action = self._rules.started(
            assignment_id, type, key=key, actor=actor, details=details
        )
        return self._add(action, retry_unknown=retry_unknown)

    def succeed(
        self, action: Action, *, details: Mapping[str, object] | None = None
    ) -> Action:
        """
        Store that an action succeeded; `details` are laid over its own.

        One conditional write, no read before it; a refusal reads once to say why.

        Returns:
            The completed action. That somebody marked it unknown meanwhile is stored
            with it (`is_late`), but not in what is returned here.

        Raises:
            ActionAlreadyCompletedError: somebody completed it first.
            ActionNotFoundError: it was never stored.
            StorageError: it may or may not be stored. Trying again is safe: where it
                was stored after all, that says ActionAlreadyCompletedError.
        """
        return self._complete(
            self._rules.succeeded(action, self._rules.clean_details(details))
        )

    def fail(
        self,
        action: Action,
        error: BaseException | Failure,
        *,
        details: Mapping[str, object] | None = None,
    ) -> Action:
        """Store that an action failed, and why; otherwise as `succeed`."""
        return self._complete(
            self._rules.failed(action, error, self._rules.clean_details(details))
        )

    def mark_unknown(
        self,
        action: Action,
        error: BaseException | Failure | None = None,
        *,
        details: Mapping[str, object] | None = None,
    ) -> Action:
        """
        Store that nobody knows whether an action took effect; otherwise as `succeed`.

        An action that is unknown already stays as it is and is returned.
        """
        return self._complete(
            self._rules.unknown(action, error, self._rules.clean_details(details))
        )

    def record_success(
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
        """Store an action that has succeeded, `at` a moment or now; as `start`."""
        action = self._rules.started(
            assignment_id, type, key=key, actor=actor, details=details, at=at
        )
        finished = self._rules.finished_at(action)
        return self._add(finished, retry_unknown=retry_unknown)

    def record_failure(
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
        """Store an action that has failed, `at` a moment or now; as `start`."""
        action = self._rules.started(
            assignment_id, type, key=key, actor=actor, details=details, at=at
        )
        finished = self._rules.finished_at(action, error)
        return self._add(finished, retry_unknown=retry_unknown)

    def record_many(
        self,
        actions: Iterable[Action],
        *,
        batch_size: int = BATCH_SIZE,
        on_progress: Callable[[int], object] | None = None,
    ) -> int:
        """
        Store any number of actions as they are, their texts redacted.

        Whatever ends it early, the batches before are stored (joined: if the host
        commits), its own and later ones are not; a note on the exception says how many
        are stored, and `on_progress` was told. To go on, leave out so many and, of the
        rest, what was refused.

        Args:
            actions: read as a stream; no more than a batch is held in memory.
            batch_size: how many are stored together, all or nothing; fewer where
                their texts have more than 8 Mi characters.
            on_progress: called with how many are stored after each batch.

        Returns:
            How many were stored.

        Raises:
            DuplicateActionError: `refused` is the first one refused.
            TypeError, ValueError: an item is no Action, or of an unknown type; a note
                says at which position.
            StorageError: the store is out of reach; whether that batch was stored
                tells the next try.
        """
        size = as_int("batch_size", batch_size, low=1, high=INT32_MAX)
        if on_progress is not None and not callable(on_progress):
            raise TypeError(f"on_progress must be callable, got {on_progress!r}")
        count = 0

        def store(batch: Sequence[Action]) -> None:
            nonlocal count
            self._repository.add(*batch)
            count += len(batch)

        try:
            with closing(batches(actions, self._rules.imported, size)) as parts:
                for batch in parts:
                    store(batch)
                    if on_progress is not None:
                        on_progress(count)
        except BaseException as error:
            error.add_note(f"record_many had stored {count} actions before")
            raise
        self._flush_quietly()
        return count

    # -- the rest ----------------------------------------------------------------------

    def joined_to(self, transaction: Any) -> Self:
        """
        Return a recorder with the same rules inside the caller's transaction.

        It never commits or rolls back: what it records is true only if the caller
        commits. Storage errors are raised, and nothing is kept for later.

        Args:
            transaction: what the adapter joins, for SQL a connection or session; in
                memory anything, and nothing is joined.
        """
        joined = copy.copy(self)
        joined._repository = joined._joined = self._repository.joined_to(transaction)
        return joined

    def reconcile(
        self,
        probe: Probe,
        *,
        types: Collection[str] | None = None,
        share: tuple[int, int] = (0, 1),
        limit: int | None = None,
        on_progress: Callable[[ReconcileReport], object] | None = None,
    ) -> ReconcileReport:
        """
        Ask about actions whose process went silent, and store what is answered.

        First the unknown ones, then those overdue when the run began, each newest
        first. Each answer is one conditional write on its own: a run that ends early
        keeps what it settled, and the next one goes on from there.

        Args:
            probe: is given each action, without its stacktrace. True: it happened →
                succeeded. False or a Failure: it did not → failed. None: nobody can
                tell → left unknown, also durably where it was overdue. Where it
                raises, the action is left as it is, and the error counted and logged.
                It is not asked about an action whose key was scrubbed: nobody can tell.
            types: ask only about these; None means all.
            share: (index, of): of so many workers, ask only the share of this one, so
                that all can run at once without asking twice.
            limit: ask about at most so many.
            on_progress: called with the report so far after each batch that was read.

        Raises:
            TypeError, ValueError: an argument, or the probe's answer, is none.
            ValueError: this recorder is joined; reconciling needs its own transactions.
            StorageError: the store is out of reach; what was settled stays settled.
        """
        run = self._reconciliation(
            awaited(self._complete), probe, types, share, limit, on_progress
        )
        self.flush()  # nobody need be asked about what waits here
        return result_of(run.run())

    # -- privacy -----------------------------------------------------------------------

    def scrub(
        self,
        ids: Iterable[AssignmentId],
        *,
        actor: str | None = None,
        dry_run: bool = False,
        batch_size: int = ERASURE_BATCH,
        on_progress: Progress | None = None,
    ) -> ErasureReport:
        """
        Keep only the facts about some assignments: type, times, status, reason.

        Messages, stacktraces, details and actors are removed, keys become digests;
        every question about what is left has the same answer, also by key. Journal
        first, then the store, newest first, a batch per transaction: a run that ends
        early keeps what it did, and the next one goes on. A joined recorder does all
        in the host's transaction, and leaves the journal alone.

        What is recorded about these assignments afterwards holds texts again: the
        completion of an action that had none, and an outcome that another thread or
        process was storing at that moment. `verify_erased` tells.

        Args:
            ids: of which assignments.
            actor: who asked for it, for the report.
            dry_run: change nothing; report what would change.
            batch_size: how many actions one transaction changes at most.
            on_progress: called with the report so far after each batch.

        Raises:
            StorageError: the store is out of reach; what was done stays done.
        """
        wanted = as_ids(ids)
        run = self._erasure(
            "scrub", actor, dry_run, batch_size, on_progress, len(wanted)
        )
        return result_of(run.scrub(wanted, self._own_journal))

    def erase(
        self,
        ids: Iterable[AssignmentId],
        *,
        actor: str | None = None,
        dry_run: bool = False,
        batch_size: int = ERASURE_BATCH,
        on_progress: Progress | None = None,
    ) -> ErasureReport:
        """
        Remove all actions of some assignments, in the journal too; else as `scrub`.

        Their keys are free again: what was done under one may be started again.
        """
        wanted = as_ids(ids)
        run = self._erasure(
            "erase", actor, dry_run, batch_size, on_progress, len(wanted)
        )
        return result_of(run.erase(wanted, self._own_journal))

    def purge(
        self,
        policy: RetentionPolicy,
        *,
        actor: str | None = None,
        dry_run: bool = False,
        batch_size: int = ERASURE_BATCH,
        on_progress: Progress | None = None,
    ) -> ErasureReport:
        """
        Remove the actions that a policy keeps no longer; else as `erase`.

        The tries under one key go together: as long as one of them is kept, all are,
        so that nothing starts again that was done. What waits in the journal stays. A
        run that was killed is simply started again.
        """
        if not isinstance(policy, RetentionPolicy):
            raise TypeError(f"policy must be a RetentionPolicy, got {policy!r}")
        run = self._erasure("purge", actor, dry_run, batch_size, on_progress)
        return result_of(run.purge(policy, self._own_journal))

    def verify_erased(
        self, ids: Iterable[AssignmentId] = (), texts: Iterable[str] = ()
    ) -> ErasureCheck:
        """
        Search every column and the journal for what should be gone.

        Args:
            ids: of these assignments nothing but facts may be left.
            texts: stand nowhere, in whatever assignment; compared by code point. One
                walk through the whole table.
        """
        return result_of(
            checked(self._awaited, self._own_journal, as_ids(ids), as_sought(texts))
        )

    @property
    def history(self) -> ActionHistory:
        """Return the history on the same repository."""
        rules = self._rules
        return ActionHistory(
            self._repository, clock=rules.clock, vocabulary=rules.vocabulary
        )

    def flush(self) -> int:
        """
        Store the outcomes kept since the store was out of reach.

        Returns:
            How many were stored. One that somebody else settled meanwhile is logged.

        Raises:
            StorageError: the store is still out of reach; they stay kept.
        """
        return self._flush()

    def close(self) -> None:
        """
        Flush, then close the repository; a joined recorder closes nothing.

        Outcomes that could not be stored by then are logged at ERROR and lost, unless
        the journal outlives the process.
        """
        if self._joined is None:
            try:
                self.flush()
            finally:
                self._journal.close()
                self._repository.close()

    # -- behind ------------------------------------------------------------------------

    @property
    def _awaited(self) -> AsyncActionRepository:
        return AwaitedActionRepository(self._repository)

    def _begin(self, action: Action, *, retry_unknown: bool) -> tuple[Action, bool]:
        """Store a start; tell whether it is kept in the journal instead."""
        if self._keeps_starts and self._joined is None:
            try:
                self._repository.add(action)
            except DuplicateActionError:
                pass  # the store can be reached: it decides
            except StorageError as error:
                if not self._keep(action, is_new=True):
                    raise
                self._log_kept_start(action, error)
                return action, True
            else:
                self._flush_quietly()
                return action, False
        return self._add(action, retry_unknown=retry_unknown), False

    def _add(self, action: Action, *, retry_unknown: bool) -> Action:
        while True:
            try:
                self._repository.add(action)
            except DuplicateActionError as error:
                stored = error.action
                if stored is None or action.key is None or stored.id == action.id:
                    raise
                action = next_attempt(
                    action,
                    self._tries(stored),
                    now=self._rules.now(),
                    retry_unknown=retry_unknown,
                )
            else:
                self._flush_quietly()
                return action

    def _tries(self, stored: Action) -> Iterable[Action]:
        """Return the tries under a stored one's key, itself among them."""
        if stored.status is ActionStatus.SUCCEEDED:
            return [stored]
        self._flush_quietly()  # its outcome may be one that waits here
        return result_of(tries_with(self._awaited, stored))

    def _complete(self, completion: Action) -> Action:
        if self._repository.complete(completion):
            self._flush_quietly()
            return completion
        stored = result_of(stored_as(self._awaited, completion))
        refusal = refusal_of(completion, stored)
        if refusal is not None:
            raise refusal
        return completion if stored is None else stored

    def _flush(self, limit: int | None = None) -> int:
        if self._joined is not None:
            return 0
        return self._journal.store_each(self._store_kept, self._store_new, limit)

    def _flush_quietly(self) -> None:
        if self._journal and self._joined is None:
            with suppress(Exception):  # logged when it was kept; it stays kept
                self._flush(FLUSHED_ON_THE_SIDE)

    def _store_kept(self, completion: Action) -> bool:
        settled = result_of(settle(self._awaited, completion))
        return settled is not Settlement.REFUSED

    def _store_new(self, action: Action) -> bool:
        settled = result_of(settle_new(self._awaited, action, self._rules.now()))
        return settled is not Settlement.REFUSED
