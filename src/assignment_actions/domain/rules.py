"""What is written, decided purely: new actions, completions, reasons, next attempts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import cast

import attrs

from assignment_actions.domain.action import Action, ActionStatus, Claim
from assignment_actions.domain.context import AROUND, laid_under
from assignment_actions.domain.cuts import bounded_source
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
from assignment_actions.domain.ready_reasons import ReasonRule
from assignment_actions.domain.reasons import as_reasons, reason_of
from assignment_actions.domain.redaction import (
    redacted_actor,
    redacted_details,
    redacted_text,
)
from assignment_actions.domain.stacktrace import MESSAGE_LIMIT
from assignment_actions.domain.values import (
    AssignmentId,
    as_assignment_id,
    as_text,
    as_utc,
    as_uuid,
)
from assignment_actions.domain.vocabulary import Vocabulary

OVERDUE_AFTER = timedelta(hours=1)


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
    reasons: Mapping[type[BaseException], ReasonRule] = attrs.field(
        converter=as_reasons
    )
    redact: Redactor | None = attrs.field(converter=_redactor)
    overdue_after: timedelta | Mapping[str, timedelta] = attrs.field(
        converter=_overdue_after
    )
    store_messages: bool = True

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
        """Return a first attempt in progress, redacted; `recording_context` applied."""
        known = self.vocabulary.require(action_type)
        around = AROUND.get()
        if around:
            actor, details = laid_under(around, actor, details)
        created_at = self.now() if at is None else as_utc("at", at)
        return Action.from_store(  # each value is checked here, and once
            id=as_uuid("id", self.ids(created_at)),
            assignment_id=as_assignment_id(assignment_id),
            action_type=known,
            status="in_progress",
            created_at=created_at,
            completed_at=None,
            failure=None,
            key=None if key is None else as_text("key", key),
            attempt=1,
            actor=self._clean_actor(actor),
            details=self.clean_details(details),
            overdue_at=self._overdue_at(known, created_at),
            unknown_at=None,
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
        return action.ended_at_once(None if error is None else self.failure(error))

    def imported(self, action: Action) -> Action:
        """Return somebody's own action, its type checked and its texts redacted."""
        if not isinstance(action, Action):
            raise TypeError(f"actions must be Action objects, got {action!r}")
        self.vocabulary.require(action.action_type)
        if action.failure is not None and not self.store_messages:
            action = attrs.evolve(action, failure=action.failure.without_messages())
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
            reason = reason_of(exception, self.reasons)
            return Failure.from_exception(
                exception,
                reason=reason,
                redact=self.redact,
                store_messages=self.store_messages,
            )
        if not isinstance(error, Failure):
            raise TypeError(f"error must be an exception or a Failure, got {error!r}")
        return self._clean_failure(error)

    def as_logged(self, said: str, error: BaseException) -> str:
        """
        Return what a log may show: the words and the stacktrace, redacted and bounded.

        An error of ours has the host's exception for its context: what is not stored
        of that must not be logged either.
        """
        failure = Failure.from_exception(
            error, redact=self.redact, store_messages=self.store_messages
        )
        return f"{self.clean_text(said)}\n{failure.stacktrace}"

    def clean_text(self, text: str) -> str:
        """Return a text of ours redacted and bounded: it may quote a driver."""
        bounded, _ = bounded_source(text, MESSAGE_LIMIT)
        return bounded if self.redact is None else redacted_text(self.redact, bounded)

    def _clean_failure(self, failure: Failure) -> Failure:
        kept = failure if self.store_messages else failure.without_messages()
        return kept if self.redact is None else kept.redacted(self.redact)

    def clean_details(self, details: Mapping[str, object] | None) -> FrozenDict:
        """Return details checked and redacted."""
        if details is None:
            return NO_DETAILS
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
        if not isinstance(after, timedelta):
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
    earlier: dict[Claim, Action] = {}
    before: Action | None = None
    for action in actions:
        if before is not None:  # a single action, as a rule, pays for no dict
            earlier |= dict.fromkeys(before.claims, before)
        before = action
        for claim in action.claims:
            taken = holder_of(claim) or (earlier.get(claim) if earlier else None)
            if taken is not None:
                return taken, action
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
