"""A stream of actions on its way into a store: so many at a time, and so much text."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Iterable

import attrs

from assignment_actions.domain.action import Action

BATCH_SIZE = 5_000
ASYNC_BATCH_SIZE = 500
"""Fewer: whoever shares the event loop waits while the rows of one are made."""

BATCH_TEXT = 8 * 1024 * 1024
"""So many characters of text end a batch: memory stays flat, however long they are."""


def batches(
    actions: Iterable[Action], imported: Callable[[Action], Action], size: int
) -> Generator[list[Action]]:
    """
    Yield the imported actions in batches; each is emptied when the next is asked for.

    Raises:
        TypeError, ValueError: what `imported` says, with a note of the position.
    """
    batch = _Batch(imported, size)
    for action in actions:
        if batch.is_full_with(action):
            yield batch.actions
            batch.clear()
    if batch.actions:
        yield batch.actions


async def async_batches(
    actions: AsyncIterable[Action], imported: Callable[[Action], Action], size: int
) -> AsyncGenerator[list[Action]]:
    """Yield the same of actions that have to be waited for."""
    batch = _Batch(imported, size)
    async for action in actions:
        if batch.is_full_with(action):
            yield batch.actions
            batch.clear()
    if batch.actions:
        yield batch.actions


@attrs.define
class _Batch:
    """Be the actions gathered since the last batch was full."""

    imported: Callable[[Action], Action]
    size: int
    actions: list[Action] = attrs.field(factory=list)
    room: int = BATCH_TEXT
    position: int = 0

    def is_full_with(self, action: Action) -> bool:
        """Take one more; tell whether they are to be stored now."""
        try:
            one = self.imported(action)
        except (TypeError, ValueError) as error:
            error.add_note(
                f"at position {self.position} of the actions, counted from 0"
            )
            raise
        self.position += 1
        self.actions.append(one)
        self.room -= text_size(one)
        return len(self.actions) == self.size or self.room <= 0

    def clear(self) -> None:
        """Begin the next batch."""
        self.actions.clear()
        self.room = BATCH_TEXT


def text_size(action: Action) -> int:
    """Return about how many characters the texts of an action have."""
    failure = action.failure
    size = len(repr(action.details)) if action.details else 0
    if failure is not None:
        size += len(failure.message) + len(failure.stacktrace or "")
    return size
