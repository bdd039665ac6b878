"""ActionRecorder and Recording: they write; what they write the rules decide."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from types import MappingProxyType, TracebackType
from typing import Any, ParamSpec, Self, TypeVar
from uuid import UUID

from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.details import NO_DETAILS, FrozenDict
from assignment_actions.domain.errors import (
    ActionAlreadyCompletedError,
    DuplicateActionError,
    StorageError,
)
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.history import ActionHistory
from assignment_actions.domain.ids import Uuid7Factory
from assignment_actions.domain.kept import KeptOutcomes, logger
from assignment_actions.domain.ports import (
    ActionRepository,
    Clock,
    IdFactory,
    JoinedActionRepository,
    Redactor,
    utc_now,
)
from assignment_actions.domain.redaction import redact_defaults
from assignment_actions.domain.rules import (
    OVERDUE_AFTER,
    WritingRules,
    next_attempt,
    refusal_of,
)
from assignment_actions.domain.values import AssignmentId
from assignment_actions.domain.vocabulary import ErrorReason, Vocabulary, VocabularyLike

P = ParamSpec("P")
R = TypeVar("R")

BATCH_SIZE = 1000

_new_id = Uuid7Factory()
_UNCOMMITTED = Failure.of(
    reason=ErrorReason.INTERRUPTED,
    message="the host's transaction ended without committing this action's completion",
)


class ActionRecorder:
    """
    Record actions: before the effect that they start, after it how they ended.

    Args:
        repository: where actions are kept.
        clock: tells the present, aware.
        ids: makes an action's id from its created_at; UUID version 7 by default.
        vocabulary: the host's own StrEnum or StrEnums of action types, beside the nine
            built in.
        reasons: the reason by exception type; the most specific type decides.
        redact: applied to messages, stacktraces, details and actors before they reach
            the repository; None stores them as they are.
        overdue_after: how long an action may be in progress, for all types or by type
            (one hour for a type not named).

    Every method that writes is one statement where nothing is in its way. Thread-safe.
    """

    def __init__(
        self,
        repository: ActionRepository,
        *,
        clock: Clock = utc_now,
        ids: IdFactory = _new_id,
        vocabulary: VocabularyLike = (),
        reasons: Mapping[Any, str] = MappingProxyType({}),
        redact: Redactor | None = redact_defaults,
        overdue_after: timedelta | Mapping[Any, timedelta] = OVERDUE_AFTER,
    ) -> None:
        self._repository = repository
        self._rules = WritingRules(
            clock=clock,
            ids=ids,
            vocabulary=Vocabulary.of(vocabulary),
            reasons=reasons,
            redact=redact,
            overdue_after=overdue_after,
        )
        self._joined: JoinedActionRepository | None = None
        self._kept = KeptOutcomes()

    # -- around an effect ------------------------------------------------------------

    def recording(
        self,
        assignment_id: AssignmentId,
        action_type: str,
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
        StorageError is raised before the block runs.

        Args:
            assignment_id: what the action is about.
            action_type: what is being done; a known type.
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
            lambda: self.start(
                assignment_id,
                action_type,
                key=key,
                actor=actor,
                details=details,
                retry_unknown=retry_unknown,
            ),
        )

    def recorded(
        self,
        action_type: str,
        assignment_id: str = "assignment_id",
        *,
        key: str | None = None,
        actor: str | None = None,
        retry_unknown: bool = False,
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """
        Return a decorator that records each call of a function, as `recording` does.

        Args:
            action_type: what the function does.
            assignment_id: the name of the function's argument that holds the id.
            key: the name of the argument that holds the idempotency key, if any.
            actor: who does it.
            retry_unknown: as in `recording`.

        Raises:
            TypeError: the function is a coroutine function or a generator, whose work
                is not done when the call returns.
            ValueError: the function has no such argument.
        """
        self._rules.vocabulary.require(action_type)

        def decorate(function: Callable[P, R]) -> Callable[P, R]:
            signature = inspect.signature(function)
            _require_plain_function(function)
            for name in (assignment_id, *([] if key is None else [key])):
                if name not in signature.parameters:
                    raise ValueError(
                        f"{_name_of(function)} has no argument named {name!r};"
                        f" it has: {', '.join(signature.parameters) or 'none'}"
                    )

            @functools.wraps(function)
            def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
                bound = signature.bind(*args, **kwargs)
                bound.apply_defaults()
                with self.recording(
                    bound.arguments[assignment_id],
                    action_type,
                    key=None if key is None else bound.arguments[key],
                    actor=actor,
                    retry_unknown=retry_unknown,
                ):
                    return function(*args, **kwargs)

            return wrapper

        return decorate

    # -- step by step ------------------------------------------------------------------

    def start(
        self,
        assignment_id: AssignmentId,
        action_type: str,
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
            assignment_id, action_type, key=key, actor=actor, details=details
        )
        return self._add(action, retry_unknown=retry_unknown)

    def succeed(
        self, action: Action, *, details: Mapping[str, object] | None = None
    ) -> Action:
        """
        Store that an action succeeded; `details` are laid over its own.

        One conditional write, no read before it; a refusal reads once to say why.

        Returns:
            The completed action.

        Raises:
            ActionAlreadyCompletedError: somebody completed it first.
            ActionNotFoundError: it was never stored.
            StorageError: it may or may not be stored; trying again is safe.
        """
        return self._complete(self._rules.succeeded(action, details))

    def fail(
        self,
        action: Action,
        error: BaseException | Failure,
        *,
        details: Mapping[str, object] | None = None,
    ) -> Action:
        """Store that an action failed, and why; otherwise as `succeed`."""
        return self._complete(self._rules.failed(action, error, details))

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
        return self._complete(self._rules.unknown(action, error, details))

    def record_success(
        self,
        assignment_id: AssignmentId,
        action_type: str,
        *,
        at: datetime | None = None,
        key: str | None = None,
        actor: str | None = None,
        details: Mapping[str, object] | None = None,
        retry_unknown: bool = False,
    ) -> Action:
        """Store an action that has succeeded, `at` a moment or now; as `start`."""
        action = self._rules.started(
            assignment_id, action_type, key=key, actor=actor, details=details, at=at
        )
        finished = self._rules.finished_at(action, None)
        return self._add(finished, retry_unknown=retry_unknown)

    def record_failure(
        self,
        assignment_id: AssignmentId,
        action_type: str,
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
            assignment_id, action_type, key=key, actor=actor, details=details, at=at
        )
        finished = self._rules.finished_at(action, error)
        return self._add(finished, retry_unknown=retry_unknown)

    def record_many(
        self, actions: Iterable[Action], *, batch_size: int = BATCH_SIZE
    ) -> int:
        """
        Store any number of actions as they are, their texts redacted.

        Args:
            actions: read as a stream; no more than a batch is held in memory.
            batch_size: how many are stored together, all or nothing.

        Returns:
            How many were stored.

        Raises:
            DuplicateActionError: `refused` names the one; earlier batches are stored,
                its own and later ones are not.
            TypeError, ValueError: an item is no Action, or of an unknown type.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be 1 or more, got {batch_size}")
        stream = map(self._rules.imported, actions)
        count = 0
        while batch := list(islice(stream, batch_size)):
            self._repository.add(*batch)
            count += len(batch)
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

    @property
    def history(self) -> ActionHistory:
        """Return the history on the same repository."""
        rules = self._rules
        return ActionHistory(
            self._repository,
            clock=rules.clock,
            vocabulary=rules.vocabulary.types.values(),
        )

    def flush(self) -> int:
        """
        Store the outcomes kept since the store was out of reach.

        Returns:
            How many were stored. One that somebody else settled meanwhile is logged.

        Raises:
            StorageError: the store is still out of reach; they stay kept.
        """
        return 0 if self._joined else self._kept.store_each(self._store_kept)

    def close(self) -> None:
        """Flush, then close the repository; a joined recorder closes nothing."""
        if self._joined is None:
            try:
                self.flush()
            finally:
                self._repository.close()

    # -- behind ------------------------------------------------------------------------

    def _add(self, action: Action, *, retry_unknown: bool) -> Action:
        tries: dict[UUID, Action] = {}
        while True:
            try:
                self._repository.add(action)
            except DuplicateActionError as error:
                stored = error.action
                if stored is None or action.key is None or stored.id == action.id:
                    raise
                if not tries and stored.status is not ActionStatus.SUCCEEDED:
                    tries = {one.id: one for one in self._tries(action)}
                tries[stored.id] = stored
                action = next_attempt(
                    action,
                    tries.values(),
                    now=self._rules.now(),
                    retry_unknown=retry_unknown,
                )
            else:
                self._flush_quietly()
                return action

    def _tries(self, action: Action) -> Iterable[Action]:
        return ActionHistory(self._repository).iterate(
            ActionFilter(
                assignment_ids=[action.assignment_id],
                action_types=[action.action_type],
                key=action.key,
            )
        )

    def _complete(self, completion: Action) -> Action:
        if self._repository.complete(completion):
            self._flush_quietly()
            return completion
        stored = self._repository.get(completion.id)
        refusal = refusal_of(completion, stored)
        if refusal is not None:
            raise refusal
        return completion if stored is None else stored

    def _flush_quietly(self) -> None:
        if self._kept and not self._joined:
            with suppress(StorageError):  # logged when it was kept; it stays kept
                self.flush()

    def _store_kept(self, completion: Action) -> bool:
        if self._repository.complete(completion):
            return True
        stored = self._repository.get(completion.id)
        if stored is not None and stored.is_same_outcome(completion):
            return True
        logger.warning(
            "the kept outcome of action %s (%s) was not stored: it is %s already",
            completion.id,
            completion.status,
            "nowhere" if stored is None else stored.status,
        )
        return False


class Recording:
    """
    Be one action around a block of code; made by `ActionRecorder.recording`.

    Used in one `with` statement, by one thread.
    """

    def __init__(self, recorder: ActionRecorder, start: Callable[[], Action]) -> None:
        self._recorder = recorder
        self._start = start
        self._started: Action | None = None
        self._action: Action | None = None
        self._details: FrozenDict = NO_DETAILS
        self._joined: JoinedActionRepository | None = None

    @property
    def action(self) -> Action:
        """Return the action as this block last knew it."""
        if self._action is None:
            raise RuntimeError("a recording has no action before its block is entered")
        return self._action

    def add_details(
        self, details: Mapping[str, object] | None = None, /, **more: object
    ) -> None:
        """
        Add evidence that is stored with the completion.

        Raises:
            TypeError, ValueError: it is not JSON, or larger than 16 KiB in all.
            ActionAlreadyCompletedError: the action was completed inside this block.
        """
        if self.action.status.is_final:
            raise ActionAlreadyCompletedError(self.action.id, self.action.status)
        rules = self._recorder._rules  # the two are one module's affair
        new = {**(details or {}), **more}
        self._details = rules.more_details(self.action, self._details, new)

    def succeed(
        self,
        *,
        details: Mapping[str, object] | None = None,
        joined_to: Any = None,
    ) -> Action:
        """
        Complete the action here; leaving the block then leaves it alone.

        Args:
            details: laid over those of the action and of `add_details`.
            joined_to: the host's transaction: the success is true if that commits. If
                it has ended otherwise when the block is left normally, the action
                becomes unknown; with an exception, failed. If it is still open then,
                nothing more is written.

        Raises:
            ActionAlreadyCompletedError, ActionNotFoundError, StorageError: as
                `ActionRecorder.succeed`.
        """
        everything = self._everything(details)
        return self._end(
            joined_to, lambda one: one.succeed(self.action, details=everything)
        )

    def fail(
        self,
        error: BaseException | Failure,
        *,
        details: Mapping[str, object] | None = None,
        joined_to: Any = None,
    ) -> Action:
        """Complete the action here as failed; otherwise as `succeed`."""
        everything = self._everything(details)
        return self._end(
            joined_to, lambda one: one.fail(self.action, error, details=everything)
        )

    def __enter__(self) -> Self:
        if self._started is not None:
            raise RuntimeError("a recording can be entered once")
        self._started = self._action = self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._joined is not None:
            self._leave_joined(exception)
        elif not self.action.status.is_final:
            self._leave(exception)

    # -- behind ------------------------------------------------------------------------

    def _everything(self, details: Mapping[str, object] | None) -> FrozenDict:
        rules = self._recorder._rules
        return rules.more_details(self.action, self._details, details or {})

    def _end(self, transaction: Any, end: Callable[[ActionRecorder], Action]) -> Action:
        if transaction is None:
            self._action = end(self._recorder)
            return self._action
        recorder = self._recorder.joined_to(transaction)
        self._joined = recorder._joined  # set even if `end` raises
        self._action = end(recorder)
        return self._action

    def _leave(self, exception: BaseException | None) -> None:
        rules = self._recorder._rules
        self._settle(
            lambda: rules.ended_by(self.action, exception, self._details), exception
        )

    def _leave_joined(self, exception: BaseException | None) -> None:
        """Settle an action whose completion the host's transaction decides."""
        assert self._joined is not None
        assert self._started is not None
        rules, started, joined = self._recorder._rules, self._started, self._joined
        if exception is None and joined.is_open:
            return
        error = _UNCOMMITTED if exception is None else exception
        is_failure = isinstance(exception, Exception)
        end = rules.failed if is_failure else rules.unknown
        self._settle(lambda: end(started, error, self._details), exception)

    def _settle(
        self, completion_of: Callable[[], Action], exception: BaseException | None
    ) -> None:
        """Store an outcome; the block's own result or exception always wins."""
        recorder, completion = self._recorder, None
        is_due = self._is_decided
        try:
            completion = completion_of()
            if not is_due():
                recorder._kept.keep(completion, is_due)
                return
            self._action = recorder._complete(completion)
        except ActionAlreadyCompletedError:
            self._refresh()
        except BaseException as error:
            kept = None if recorder._joined is not None else completion
            if kept is not None:
                recorder._kept.keep(kept, is_due)
            if not isinstance(error, Exception):
                raise
            self._report(error, exception, is_kept=kept is not None)

    def _is_decided(self) -> bool:
        return self._joined is None or not self._joined.is_open

    def _report(
        self, error: Exception, exception: BaseException | None, *, is_kept: bool
    ) -> None:
        action = self.action
        if self._recorder._joined is not None and exception is None:
            raise error
        kept = "; it is kept for flush()" if is_kept else ""
        said = (
            f"assignment_actions could not store the outcome of action {action.id}"
            f" ({action.action_type}): {error}{kept}"
        )
        logger.error(said, exc_info=error)
        if exception is not None:
            with suppress(Exception):  # some exceptions refuse to be changed
                exception.add_note(said)

    def _refresh(self) -> None:
        """Take over what was stored inside the block, or by somebody else."""
        with suppress(Exception):  # it is a convenience; the outcome is stored
            self._action = self._recorder.history.get(self.action.id)


def _require_plain_function(function: Callable[..., object]) -> None:
    """Refuse a function whose work is not done when its call returns."""
    for one in (function, getattr(function, "__call__", None)):  # noqa: B004
        if (
            inspect.iscoroutinefunction(one)
            or inspect.isasyncgenfunction(one)
            or inspect.isgeneratorfunction(one)
        ):
            raise TypeError(
                f"{_name_of(function)} has not done its work when the call returns:"
                " use `recording` inside it"
            )


def _name_of(function: Callable[..., object]) -> str:
    return getattr(function, "__qualname__", repr(function))
