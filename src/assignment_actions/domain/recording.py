"""Recording: one action around a block of code, and every way to leave that block."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

from assignment_actions.domain.action import Action
from assignment_actions.domain.details import NO_DETAILS, FrozenDict
from assignment_actions.domain.errors import (
    ActionAlreadyCompletedError,
    StorageError,
)
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.kept import logger
from assignment_actions.domain.rules import WritingRules
from assignment_actions.domain.vocabulary import ErrorReason

if TYPE_CHECKING:
    from assignment_actions.domain.recorder import ActionRecorder  # noqa: F401  # below

_UNCOMMITTED = Failure.of(
    reason=ErrorReason.INTERRUPTED,
    message="the host's transaction ended without committing this action's completion",
)


class _Joined(Protocol):
    """Be a repository inside the host's transaction, of either colour."""

    @property
    def is_open(self) -> bool:
        """Tell whether that is still undecided."""
        ...


class _Recorder(Protocol):
    """Be a recorder of either colour, as far as a block knows it."""

    _rules: WritingRules
    _joined: Any


RecorderT = TypeVar("RecorderT", bound=_Recorder)


class RecordedBlock(Generic[RecorderT]):
    """Be what is known of one action around a block, whether the block waits or not."""

    def __init__(
        self,
        recorder: RecorderT,
        draft: Callable[[], Action],
        *,
        retry_unknown: bool,
    ) -> None:
        self._recorder = recorder
        self._new_draft = draft
        self._retry_unknown = retry_unknown
        self._started: Action | None = None
        self._action: Action | None = None
        self._details: FrozenDict = NO_DETAILS
        self._joined: _Joined | None = None
        self._is_start_kept = False  # in the journal: it could not be stored

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
        base = self._base()
        if base.status.is_final:
            raise ActionAlreadyCompletedError(base.id, base.status)
        rules = self._recorder._rules  # the two are one module's affair
        new = {**(details or {}), **more}
        self._details = rules.more_details(base, self._details, new)

    # -- behind ------------------------------------------------------------------------

    def _draft(self) -> Action:
        """Return the action to begin with."""
        if self._started is not None:
            raise RuntimeError("a recording can be entered once")
        return self._new_draft()

    def _begun(self, started: Action, is_kept: bool) -> None:  # noqa: FBT001
        self._started = self._action = started
        self._is_start_kept = is_kept

    def _ending(self, exception: BaseException | None) -> Callable[[], Action] | None:
        """Return what makes the outcome of leaving the block, None where it has one."""
        rules, joined = self._recorder._rules, self._joined
        if joined is None:
            if self.action.status.is_final:
                return None
            return lambda: rules.ended_by(self.action, exception, self._details)
        if exception is None and joined.is_open:
            return None  # the host's transaction decides
        assert self._started is not None
        started = self._started
        error = _UNCOMMITTED if exception is None else exception
        is_failure = isinstance(exception, Exception)
        end = rules.failed if is_failure else rules.unknown
        return lambda: end(started, error, self._details)

    def _with_details(
        self, details: Mapping[str, object] | None
    ) -> tuple[Action, FrozenDict]:
        """Return what an outcome starts from, and all the evidence there is."""
        base = self._base()
        rules = self._recorder._rules
        return base, rules.more_details(base, self._details, details or {})

    def _base(self) -> Action:
        """Return what a completion starts from: after a host's rollback, the start."""
        if (
            self._started is not None
            and self._joined is not None
            and self._is_decided()
        ):
            return self._started
        return self.action

    def _is_decided(self) -> bool:
        return self._joined is None or not self._joined.is_open

    def _report(
        self, error: Exception, exception: BaseException | None, *, is_kept: bool
    ) -> None:
        action = self.action
        if self._recorder._joined is not None and exception is None:
            raise error
        kept = "; it is kept for flush()" if is_kept else ""
        rules = self._recorder._rules
        said = rules.clean_text(
            f"assignment_actions could not store the outcome of action {action.id}"
            f" ({action.action_type}): {error}{kept}"
        )
        with suppress(Exception):  # a log handler may break
            logger.error(rules.as_logged(said, error))
        if exception is not None:
            with suppress(Exception):  # some exceptions refuse to be changed
                exception.add_note(said)

    def _log_waiting(self, completion: Action) -> None:
        logger.warning(
            "the outcome of action %s waits for the host's transaction",
            completion.id,
        )


class Recording(RecordedBlock["ActionRecorder"]):
    """
    Be one action around a block of code; made by `ActionRecorder.recording`.

    Used in one `with` statement, by one thread.
    """

    def succeed(
        self,
        *,
        details: Mapping[str, object] | None = None,
        joined_to: Any = None,
    ) -> Action:
        """
        Complete the action here; leaving the block then leaves it alone.

        Where the store is out of reach the outcome is kept, as at the block's end;
        inside the host's transaction that is a StorageError. After the host has rolled
        a joined completion back, another may follow: the host tried again.

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
        base, everything = self._with_details(details)
        rules = self._recorder._rules
        return self._end(joined_to, rules.succeeded(base, everything))

    def fail(
        self,
        error: BaseException | Failure,
        *,
        details: Mapping[str, object] | None = None,
        joined_to: Any = None,
    ) -> Action:
        """Complete the action here as failed; otherwise as `succeed`."""
        base, everything = self._with_details(details)
        rules = self._recorder._rules
        return self._end(joined_to, rules.failed(base, error, everything))

    def __enter__(self) -> Self:
        draft = self._draft()
        self._begun(*self._recorder._begin(draft, retry_unknown=self._retry_unknown))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        ending = self._ending(exception)
        if ending is not None:
            self._settle(ending, exception)

    # -- behind ------------------------------------------------------------------------

    def _end(self, transaction: Any, completion: Action) -> Action:
        if transaction is None:
            self._settle(lambda: completion, None, is_explicit=True)
            return self._action or completion
        self._store_start()
        earlier, recorder = self._joined, self._recorder.joined_to(transaction)
        self._joined = recorder._joined  # set even if the next line raises
        try:
            self._action = recorder._complete(completion)
        except ActionAlreadyCompletedError as error:
            # The same again after the host committed, or where nothing is joined.
            if earlier is None or error.status != completion.status:
                raise
            self._action = completion
        return self._action

    def _store_start(self) -> None:
        """Store a start that is kept: a joined completion needs it in the store."""
        if self._is_start_kept:
            assert self._started is not None
            self._recorder._store_new(self._started)
            self._is_start_kept = False

    def _settle(
        self,
        completion_of: Callable[[], Action],
        exception: BaseException | None,
        *,
        is_explicit: bool = False,
    ) -> None:
        """Store an outcome; the block's own result or exception always wins."""
        recorder, completion = self._recorder, None
        is_due = self._is_decided
        try:
            completion = completion_of()
            if not is_due():
                self._wait(completion, is_due)
                return
            if self._is_start_kept and recorder._keep(completion, is_new=True):
                self._action = completion
                return
            self._action = recorder._complete(completion)
        except ActionAlreadyCompletedError:
            if is_explicit:
                raise
            self._refresh()
        except BaseException as error:
            if is_explicit and not isinstance(error, StorageError):
                raise
            kept = None if recorder._joined is not None else completion
            is_kept = kept is not None and recorder._keep(kept, is_due)
            if not isinstance(error, Exception):
                raise
            self._report(error, exception, is_kept=is_kept)
            if is_explicit:
                self._action = completion

    def _wait(self, completion: Action, is_due: Callable[[], bool]) -> None:
        """Keep an outcome until the host's transaction has ended."""
        if self._recorder._joined is None:  # else another transaction decides it all
            self._recorder._keep(completion, is_due)
            self._log_waiting(completion)

    def _refresh(self) -> None:
        """Take over what was stored inside the block, or by somebody else."""
        with suppress(Exception):  # it is a convenience; the outcome is stored
            self._action = self._recorder.history.get(self.action.id)
