"""AsyncRecording: one action around a block that waits, and may be cancelled."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from assignment_actions.domain.action import Action
from assignment_actions.domain.concurrency import to_the_end
from assignment_actions.domain.errors import (
    ActionAlreadyCompletedError,
    ActionNotFoundError,
    StorageError,
)
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.recording import RecordedBlock
from assignment_actions.domain.vocabulary import ErrorReason

if TYPE_CHECKING:
    from assignment_actions.domain.async_recorder import AsyncActionRecorder  # noqa: F401  # below

_NEVER_BEGAN = Failure.of(
    reason=ErrorReason.INTERRUPTED,
    message="cancelled while its start was stored: its block never began",
)
_CUT_OFF = StorageError("finish", "it was cut off, and may be stored or not")
_WAITING = CO_COROUTINE | CO_ASYNC_GENERATOR


class AsyncRecording(RecordedBlock["AsyncActionRecorder"]):
    """
    Be one action around a block of code; made by `AsyncActionRecorder.recording`.

    Used in one `async with` statement, by one task.
    """

    _is_cut_off = False  # while its start was stored

    async def succeed(
        self,
        *,
        details: Mapping[str, object] | None = None,
        joined_to: Any = None,
    ) -> Action:
        """Complete the action here; leaving the block then leaves it alone."""
        base, everything = self._with_details(details)
        rules = self._recorder._rules
        return await self._end(joined_to, rules.succeeded(base, everything))

    async def fail(
        self,
        error: BaseException | Failure,
        *,
        details: Mapping[str, object] | None = None,
        joined_to: Any = None,
    ) -> Action:
        """Complete the action here as failed; otherwise as `succeed`."""
        base, everything = self._with_details(details)
        rules = self._recorder._rules
        return await self._end(joined_to, rules.failed(base, error, everything))

    async def __aenter__(self) -> Self:
        draft = self._draft()
        try:
            await to_the_end(self._begin(draft))
        except Exception:
            raise
        except GeneratorExit:  # a coroutine that is closed must not wait
            self._keep_never_began(draft)
            raise
        except BaseException:
            if not self._is_cut_off:  # then it is kept, and the bound was reached
                with suppress(Exception):  # the cancellation goes on
                    await to_the_end(self._never_began(draft), is_cancelled=True)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        ending = self._ending(exception)
        if ending is None:
            return
        if isinstance(exception, GeneratorExit):
            may_wait = _is_in_a_generator(sys._getframe(1))
            if self._recorder._joined is None:
                await self._leave_closed(ending(), may_wait=may_wait)
                return
            if not may_wait:  # it stays as the host's transaction leaves it
                return
        is_cancelled = not (exception is None or isinstance(exception, Exception))
        try:
            await to_the_end(self._settle(ending, exception), is_cancelled=is_cancelled)
        except StorageError as error:
            self._report(error, exception, is_kept=self._recorder._joined is None)
        except BaseException as newer:
            if newer.__context__ is None:  # lost in the coroutines that waited
                newer.__context__ = exception
            raise

    # -- behind ------------------------------------------------------------------------

    async def _begin(self, draft: Action) -> None:
        try:
            begun = await self._recorder._begin(
                draft, retry_unknown=self._retry_unknown
            )
        except Exception:
            raise
        except BaseException:  # the bound was reached, or the loop ends
            self._is_cut_off = True
            self._keep_never_began(draft)
            raise
        self._begun(*begun)

    async def _never_began(self, draft: Action) -> None:
        """Store that nothing was done; nothing, if the start was not stored at all."""
        recorder = self._recorder
        try:
            if not self._is_start_kept:
                await recorder._complete(
                    recorder._rules.failed(self._started or draft, _NEVER_BEGAN)
                )
                return
        except (ActionNotFoundError, ActionAlreadyCompletedError):
            return
        except StorageError:
            pass
        except BaseException:  # as above
            self._keep_never_began(draft)
            raise
        self._keep_never_began(draft)

    def _keep_never_began(self, draft: Action) -> None:
        """Keep that nothing was done; as new, for the start may yet arrive."""
        recorder = self._recorder
        if recorder._joined is None:
            completion = recorder._rules.failed(self._started or draft, _NEVER_BEGAN)
            recorder._keep(completion, is_new=True)

    async def _leave_closed(self, completion: Action, *, may_wait: bool) -> None:
        """
        Keep the outcome: a coroutine that is closed must not wait any more.

        An asynchronous generator that is closed may, and then it is stored at once.
        """
        self._recorder._keep(completion, self._is_decided, is_new=self._is_start_kept)
        self._action = completion
        if may_wait:
            await self._recorder._flush_quietly()

    async def _end(self, transaction: Any, completion: Action) -> Action:
        if transaction is None:
            await to_the_end(self._settle(lambda: completion, None, is_explicit=True))
            return self._action or completion
        await self._store_start()
        earlier, recorder = self._joined, self._recorder.joined_to(transaction)
        self._joined = recorder._joined  # set even if the next line raises
        try:
            self._action = await recorder._complete(completion)
        except ActionAlreadyCompletedError as error:
            # The same again after the host committed, or where nothing is joined.
            if earlier is None or error.status != completion.status:
                raise
            self._action = completion
        return self._action

    async def _store_start(self) -> None:
        """Store a start that is kept: a joined completion needs it in the store."""
        if self._is_start_kept:
            assert self._started is not None
            await self._recorder._store_new(self._started)
            self._is_start_kept = False

    async def _settle(
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
            self._action = await recorder._complete(completion)
        except ActionAlreadyCompletedError:
            if is_explicit:
                raise
            await self._refresh()
        except BaseException as error:
            told = error if isinstance(error, Exception) else _CUT_OFF
            if is_explicit and not isinstance(told, StorageError):
                raise
            kept = None if recorder._joined is not None else completion
            is_kept = kept is not None and recorder._keep(
                kept, is_due, is_new=self._is_start_kept
            )
            if is_explicit:
                self._action = completion
            if told is error or is_kept:
                self._report(told, exception, is_kept=is_kept)
            if told is _CUT_OFF:  # by the bound, or by a loop that ends
                raise

    def _wait(self, completion: Action, is_due: Callable[[], bool]) -> None:
        """Keep an outcome until the host's transaction has ended."""
        if self._recorder._joined is None:  # else another transaction decides it all
            self._recorder._keep(completion, is_due)
            self._log_waiting(completion)

    async def _refresh(self) -> None:
        """Take over what was stored inside the block, or by somebody else."""
        with suppress(Exception):  # it is a convenience; the outcome is stored
            self._action = await self._recorder.history.get(self.action.id)


def _is_in_a_generator(frame: FrameType | None) -> bool:
    """
    Tell whether a block that is closed may wait, which nothing else tells.

    An asynchronous generator may, with all the coroutines that it waits for; one of
    these alone may not.
    """
    while frame is not None and frame.f_code.co_flags & _WAITING:
        if frame.f_code.co_flags & CO_ASYNC_GENERATOR:
            return True
        frame = frame.f_back
    return False
