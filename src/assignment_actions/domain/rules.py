"""What is written, decided purely: new actions, completions, reasons, next attempts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import cast

import attrs

from assignment_actions.domain.action import Action, ActionStatus, Claim
from assignment_actions.domain.details import NO_DETAILS, FrozenDict, as_details, merged
from assignment_actions.domain.errors import (
    ActionAlreadyCompletedError,
    ActionNotFoundError,
    AssignmentActionsError,
    DuplicateActionError,
    OutcomeUnknownError,
    StorageError,
)
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.ports import Clock, IdFactory, Redactor
from assignment_actions.domain.redaction import redacted_actor, redacted_details
from assignment_actions.domain.values import (
    AssignmentId,
    as_name,
    as_text,
    as_utc,
)
from assignment_actions.domain.vocabulary import ErrorReason, Vocabulary

OVERDUE_AFTER = timedelta(hours=1)

_DEFAULT_REASONS: Mapping[type[BaseException], str] = MappingProxyType(
    {
        TimeoutError: ErrorReason.TIMEOUT,
        Exception: ErrorReason.UNCLASSIFIED,
        BaseException: ErrorReason.INTERRUPTED,
    }
)


def all_reasons(
    reasons: Mapping[type[BaseException], str],
) -> Mapping[type[BaseException], str]:
    """
    Return the host's reasons by exception type over the built-in ones.

    Raises:
        TypeError, ValueError: a key is no exception type, or a reason no short code.
    """
    for kind, reason in reasons.items():
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise TypeError(f"reasons must be keyed by exception types, got {kind!r}")
        as_name("reason", reason)
    return MappingProxyType({**_DEFAULT_REASONS, **reasons})


def _overdue_after(
    value: timedelta | Mapping[str, timedelta],
) -> timedelta | Mapping[str, timedelta]:
    for one in value.values() if isinstance(value, Mapping) else (value,):
        if not isinstance(one, timedelta):
            raise TypeError(f"overdue_after must be a timedelta, got {one!r}")
        if one <= timedelta(0):
            raise ValueError(f"overdue_after must be positive, got {one!r}")
    return value


def _redactor(value: Redactor | None) -> Redactor | None:
    if value is not None and not callable(value):
        raise TypeError(f"redact must be callable or None, got {value!r}")
    return value


@attrs.frozen(kw_only=True)
class WritingRules:
    """Make what a recorder stores; both colours of recorder share them."""

    clock: Clock
    ids: IdFactory
    vocabulary: Vocabulary
    reasons: Mapping[type[BaseException], str] = attrs.field(converter=all_reasons)
    redact: Redactor | None = attrs.field(converter=_redactor)
    overdue_after: timedelta | Mapping[str, timedelta] = attrs.field(
        converter=_overdue_after
    )

    def __attrs_post_init__(self) -> None:
        if isinstance(self.overdue_after, Mapping):
            for action_type in self.overdue_after:
                self.vocabulary.require(action_type)

    def now(self) -> datetime:
        """Return the clock's present in UTC; a naive clock is refused."""
        return as_utc("clock()", self.clock())

    def started(
        self,
        assignment_id: AssignmentId,
        action_type: str,
        *,
        key: str | None = None,
        actor: str | None = None,
        details: Mapping[str, object] | None = None,
        at: datetime | None = None,
    ) -> Action:
        """Return a first attempt in progress, redacted."""
        known = self.vocabulary.require(action_type)
        created_at = self.now() if at is None else as_utc("at", at)
        return Action(
            id=self.ids(created_at),
            assignment_id=assignment_id,
            action_type=known,
            status=ActionStatus.IN_PROGRESS,
            created_at=created_at,
            key=key,
            actor=self._clean_actor(actor),
            details=self.clean_details(details),
            overdue_at=self._overdue_at(known, created_at),
        )

    def succeeded(self, action: Action, details: FrozenDict = NO_DETAILS) -> Action:
        """Return the action as succeeded now; `details` were cleaned before."""
        return action.succeed(at=self.now(), details=details)

    def failed(
        self,
        action: Action,
        error: BaseException | Failure,
        details: FrozenDict = NO_DETAILS,
    ) -> Action:
        """Return the action as failed now; `details` were cleaned before."""
        failure = self.failure(error)
        return action.fail(failure, at=self.now(), details=details)

    def unknown(
        self,
        action: Action,
        error: BaseException | Failure | None = None,
        details: FrozenDict = NO_DETAILS,
    ) -> Action:
        """Return the action as unknown now; `details` were cleaned before."""
        failure = None if error is None else self.failure(error)
        return action.mark_unknown(at=self.now(), failure=failure, details=details)

    def ended_by(
        self,
        action: Action,
        exception: BaseException | None,
        details: FrozenDict = NO_DETAILS,
    ) -> Action:
        """
        Return what leaving the block makes of an action.

        No exception → succeeded. An Exception → failed. Anything else (interrupt,
        exit, cancellation) → unknown: nobody knows whether the effect happened.
        """
        if exception is None:
            return self.succeeded(action, details)
        if isinstance(exception, Exception):
            return self.failed(action, exception, details)
        return self.unknown(action, exception, details)

    def finished_at(
        self, action: Action, error: BaseException | Failure | None = None
    ) -> Action:
        """Return an action that began and ended at its `created_at`, never overdue."""
        started = attrs.evolve(action, overdue_at=None)
        if error is None:
            return started.succeed(at=action.created_at)
        return started.fail(self.failure(error), at=action.created_at)

    def imported(self, action: Action) -> Action:
        """Return somebody's own action, its type checked and its texts redacted."""
        if not isinstance(action, Action):
            raise TypeError(f"actions must be Action objects, got {action!r}")
        self.vocabulary.require(action.action_type)
        return action if self.redact is None else action.redacted(self.redact)

    def failure(self, error: BaseException | Failure) -> Failure:
        """
        Return the redacted failure of an exception, by the most specific reason.

        Raises:
            TypeError: it is neither an exception nor a Failure.
        """
        # By type: an exception may refuse to be asked for its __class__.
        if issubclass(type(error), BaseException):
            exception = cast("BaseException", error)
            reason = self._reason_of(type(exception))
            return Failure.from_exception(exception, reason=reason, redact=self.redact)
        if not isinstance(error, Failure):
            raise TypeError(f"error must be an exception or a Failure, got {error!r}")
        return error if self.redact is None else error.redacted(self.redact)

    def _reason_of(self, kind: type[BaseException]) -> str:
        with suppress(Exception):  # a metaclass may break even this
            return next(
                self.reasons[one] for one in kind.__mro__ if one in self.reasons
            )
        return ErrorReason.UNCLASSIFIED

    def clean_details(self, details: Mapping[str, object] | None) -> FrozenDict:
        """Return details checked and redacted."""
        checked = as_details(details)
        return (
            checked if self.redact is None else redacted_details(self.redact, checked)
        )

    def more_details(
        self, action: Action, pending: FrozenDict, details: Mapping[str, object]
    ) -> FrozenDict:
        """Return the pending details with new ones; too large ones are refused."""
        more = merged(pending, self.clean_details(details))
        merged(action.details, more)
        return more

    def _clean_actor(self, actor: str | None) -> str | None:
        if actor is None:
            return None
        text = as_text("actor", actor)
        return text if self.redact is None else redacted_actor(self.redact, text)

    def _overdue_at(self, action_type: str, created_at: datetime) -> datetime | None:
        after = self.overdue_after
        if isinstance(after, Mapping):
            after = after.get(action_type, OVERDUE_AFTER)
        try:
            return created_at + after
        except OverflowError:  # after the last day of the calendar: never
            return None


def next_attempt(
    refused: Action, tries: Iterable[Action], *, now: datetime, retry_unknown: bool
) -> Action:
    """
    Return a refused try as the next attempt after those stored under its key.

    Raises:
        DuplicateActionError: one succeeded, or is in progress and not overdue.
        OutcomeUnknownError: one is unknown or overdue, and the caller did not choose
            `retry_unknown`.
    """
    known = sorted(tries, key=lambda action: action.attempt)
    for action in known:
        if action.status is ActionStatus.SUCCEEDED:
            raise DuplicateActionError(action, refused)
    for action in known:
        if action.status is ActionStatus.IN_PROGRESS and not action.is_overdue(now):
            raise DuplicateActionError(action, refused)
    for action in reversed(known):
        if action.status is not ActionStatus.FAILED and not retry_unknown:
            raise OutcomeUnknownError(action)
    return attrs.evolve(refused, attempt=known[-1].attempt + 1)


def first_duplicate(
    actions: Iterable[Action], holder_of: Callable[[Claim], Action | None]
) -> tuple[Action, Action] | None:
    """
    Return the first stored or earlier action that holds a claim, and the one refused.

    None where all are new. This is the meaning of clauses R11 and R12.
    """
    batch: dict[Claim, Action] = {}
    for action in actions:
        for claim in action.claims:
            taken = batch.get(claim) or holder_of(claim)
            if taken is not None:
                return taken, action
            batch[claim] = action
    return None


def refusal_of(
    completion: Action, stored: Action | None
) -> AssignmentActionsError | None:
    """
    Return why a store refused a completion, given what it holds.

    None where nothing is wrong: the action was unknown already, as asked for.
    """
    if stored is None or stored.assignment_id != completion.assignment_id:
        return ActionNotFoundError(completion.id)
    if stored.status.is_final:
        return ActionAlreadyCompletedError(stored.id, stored.status)
    if stored.status is completion.status:
        return None
    return StorageError(
        "complete", "the action was changed after this transaction's snapshot"
    )
