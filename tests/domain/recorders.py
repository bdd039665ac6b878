"""Recorders at T0 on a repository in memory, and all that they stored."""

from typing import Any

from domain.outages import FlakyRepository
from domain.samples import ManualClock

from assignment_actions import (
    Action,
    ActionFilter,
    ActionRecorder,
    InMemoryActionRepository,
)


def recorder(
    repository: InMemoryActionRepository | None = None, **given: Any
) -> ActionRecorder:
    """Return a recorder at T0 on an empty memory repository."""
    settings: dict[str, Any] = {"clock": ManualClock()}
    return ActionRecorder(repository or FlakyRepository(), **(settings | given))


def everything(of: ActionRecorder) -> list[Action]:
    """Return all that is stored, newest first."""
    return list(of.history.iterate(ActionFilter()))
