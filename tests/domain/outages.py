"""Repositories over the memory adapter that fail, lag, or wait for a host's commit."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any
from uuid import UUID

from assignment_actions import Action, InMemoryActionRepository, StorageError


class FlakyRepository(InMemoryActionRepository):
    """The memory repository, out of reach for the next `outages` calls."""

    def __init__(self) -> None:
        super().__init__()
        self.outages = 0
        self.error: BaseException = StorageError("reach", "connection refused")
        self.added: list[Action] = []

    def add(self, /, *actions: Action) -> None:
        self._reach()
        super().add(*actions)
        self.added.extend(actions)

    def complete(self, action: Action, /) -> bool:
        self._reach()
        return super().complete(action)

    def get(self, action_id: UUID, /) -> Action | None:
        self._reach()
        return super().get(action_id)

    def _reach(self) -> None:
        if self.outages > 0:
            self.outages -= 1
            raise copy.copy(self.error)  # one that is raised again grows


class HostTransaction:
    """A host's transaction: what was written in it counts once it is committed."""

    def __init__(self) -> None:
        self.is_open = True
        self.writes: list[Callable[[], object]] = []
        self.snapshot: JoinedMemory | None = None

    def commit(self) -> None:
        self.is_open = False
        for write in self.writes:
            write()

    def rollback(self) -> None:
        self.is_open = False


class TransactionalMemory(FlakyRepository):
    """The memory repository with transactions that can be joined."""

    def joined_to(self, transaction: Any, /) -> JoinedMemory:
        if transaction.snapshot is None:
            transaction.snapshot = JoinedMemory(self, transaction)
        snapshot: JoinedMemory = transaction.snapshot
        return snapshot


class JoinedMemory(FlakyRepository):
    """A snapshot that a host's transaction reads, writes, and replays at commit."""

    def __init__(
        self, outer: TransactionalMemory, transaction: HostTransaction
    ) -> None:
        super().__init__()
        super().add(*outer._order)
        self._outer = outer
        self._transaction = transaction

    @property
    def is_open(self) -> bool:
        return self._transaction.is_open and bool(self._transaction.writes)

    def add(self, /, *actions: Action) -> None:
        super().add(*actions)
        self._transaction.writes.append(lambda: self._outer.add(*actions))

    def complete(self, action: Action, /) -> bool:
        is_stored = super().complete(action)
        if is_stored:
            self._transaction.writes.append(lambda: self._outer.complete(action))
        return is_stored
