"""Recording context: who acts, and what belongs together, said once around code."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from functools import reduce
from types import TracebackType

import attrs

from assignment_actions.domain.details import FrozenDict, as_details, merged
from assignment_actions.domain.values import as_text


def recording_context(
    *, actor: str | None = None, details: Mapping[str, object] | None = None
) -> RecordingContext:
    """
    Return a context manager: what is recorded inside it has this actor and details.

    An actor or a detail that is given where something is recorded always wins.
    Contexts inside each other add up, and the inner one wins. It is the same in both
    colours: `with` around plain and around asynchronous code. What is stored by
    `record_many` stays as it is.

    Args:
        actor: who does it, at most 255 characters; None says nothing about it.
        details: laid under those given, key by key at the top level: a JSON object
            of at most 16 KiB, and no more together with those around it and those
            given. Taken over at once: changing it later changes nothing.

    Raises:
        TypeError, ValueError: as for `recording`; for contexts that are too large
            together, where the inner one is entered.

    What counts is where an action is started, not where a recording is made or ends.
    Tasks, `asyncio.to_thread` and anyio's threads inherit the context where they
    begin, and keep it when it is left outside; a bare `threading.Thread` begins with
    none. In FastAPI enter it in an `async def` dependency: a plain `def` one runs in
    a thread of its own, and what is said there does not reach the route. In a
    generator it holds for whoever iterates, too, as long as it is not left.

    One object may be entered any number of times, also inside itself and by many
    threads and tasks: it keeps nothing about them.

    >>> from assignment_actions import (
    ...     ActionRecorder,
    ...     InMemoryActionRepository,
    ...     recording_context,
    ... )
    >>> recorder = ActionRecorder(InMemoryActionRepository())
    >>> with recording_context(actor="admin:7", details={"request_id": "r-1"}):
    ...     action = recorder.record_success(1, "notified", details={"tries": 2})
    >>> action.actor, action.details
    ('admin:7', {'request_id': 'r-1', 'tries': 2})
    """
    return RecordingContext(actor=actor, details=details)


def _as_actor(value: object) -> str | None:
    return None if value is None else as_text("actor", value)


@attrs.frozen(kw_only=True)
class RecordingContext:
    """Be what `recording_context` returns: what is said, to be entered and left."""

    actor: str | None = attrs.field(converter=_as_actor)
    details: FrozenDict = attrs.field(converter=as_details)

    def __enter__(self) -> None:
        around = (*AROUND.get(), self)
        laid_under(around, None, None)  # refused here, not at each action inside
        AROUND.set(around)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Never `ContextVar.reset`: it raises where the token is of another context,
        # and a dependency made of a generator may be left in another thread or task
        # than it was entered in, as is an abandoned async generator; that must not
        # break the host's request. So whichever entering of this object is the
        # innermost here is taken away, also from between others. Where there is none,
        # nothing was said here, and nothing has to be taken back.
        around = AROUND.get()
        for place in reversed(range(len(around))):
            if around[place] is self:
                AROUND.set(around[:place] + around[place + 1 :])
                return


AROUND: ContextVar[tuple[RecordingContext, ...]] = ContextVar(
    "assignment_actions_recording_context", default=()
)
"""The contexts entered here and not left, outermost first; mostly none."""


def laid_under(
    around: tuple[RecordingContext, ...],
    actor: str | None,
    details: Mapping[str, object] | None,
) -> tuple[str | None, FrozenDict]:
    """
    Return actor and details as given, and under them what is said around.

    Raises:
        TypeError, ValueError: the details are not, or not together, what
            `as_details` accepts.
    """
    if actor is None:
        said = (one.actor for one in reversed(around) if one.actor is not None)
        actor = next(said, None)
    everything = (*(one.details for one in around), as_details(details))
    return actor, reduce(merged, everything)
