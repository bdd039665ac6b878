"""The adapter that the others differ from, and nothing is wrong with."""

from __future__ import annotations

from typing import ClassVar

from assignment_actions import (
    Action,
    InMemoryActionRepository,
)


class Broken(InMemoryActionRepository):
    """Be right: what the others differ from, by the hook that each overrides."""

    caught_by: ClassVar[tuple[str, ...]] = ()

    def as_stored(self, action: Action) -> Action:
        return action

    def add(self, /, *actions: Action) -> None:
        super().add(*map(self.as_stored, actions))

    def complete(self, action: Action, /) -> bool:
        return super().complete(self.as_stored(action))
