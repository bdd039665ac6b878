"""Async repositories over the memory one that really wait, hang, or are away."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

import anyio
from anyio.lowlevel import checkpoint
from domain.outages import TransactionalMemory

from assignment_actions import Action, StorageError
from assignment_actions.adapters.memory import AsyncInMemoryActionRepository
from assignment_actions.domain.awaited import AwaitedJoinedActionRepository

P = ParamSpec("P")
T = TypeVar("T")

Wait = Callable[[str], Coroutine[Any, Any, object]]


class WaitingRepository(AsyncInMemoryActionRepository):
    """The memory repository: each verb waits before it is done, and after."""

    def __init__(self, before: float = 0, after: float = 0.001) -> None:
        super().__init__()
        self.before = before
        self.after = after

    async def _run(
        self, verb: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        await anyio.sleep(self.before)
        result = verb(*args, **kwargs)
        await anyio.sleep(self.after)
        return result

    @property
    def stored(self) -> list[Action]:
        """Return all actions as they are, without waiting."""
        everything: Any = self._awaited
        return list(everything._order)


class TransactionalRepository(WaitingRepository):
    """The same, with transactions that can be joined."""

    def __init__(self) -> None:
        super().__init__()
        self._awaited = TransactionalMemory()

    def joined_to(self, transaction: Any, /) -> AwaitedJoinedActionRepository:
        return _JoinedRepository(self._awaited.joined_to(transaction))


class _JoinedRepository(AwaitedJoinedActionRepository):
    """What is written in a transaction waits, too."""

    async def _run(
        self, verb: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        await anyio.sleep(0.005)
        result = verb(*args, **kwargs)
        await anyio.sleep(0.005)
        return result


class GatedRepository(WaitingRepository):
    """The same, but some verbs stand still until their gate is opened."""

    def __init__(self, *verbs: str, is_done_first: bool = False) -> None:
        super().__init__(after=0)
        self.reached = {verb: anyio.Event() for verb in verbs}
        self.gates = {verb: anyio.Event() for verb in verbs}
        self.is_done_first = is_done_first

    async def _run(
        self, verb: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        gate = self.gates.get(verb.__name__)
        if gate is not None and not gate.is_set():
            if self.is_done_first:
                verb(*args, **kwargs)
            self.reached[verb.__name__].set()
            await gate.wait()
        return await super()._run(verb, *args, **kwargs)


class AbsentRepository(WaitingRepository):
    """The same, but out of reach while it is told to be."""

    is_away = False

    async def _run(
        self, verb: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        await checkpoint()
        if self.is_away:
            raise StorageError("reach", "connection refused")
        return await super()._run(verb, *args, **kwargs)
