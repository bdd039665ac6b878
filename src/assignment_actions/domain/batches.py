"""A stream of actions on its way into a store: so many at a time, and so much text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from assignment_actions.domain.action import Action

BATCH_SIZE = 5_000
BATCH_TEXT = 8 * 1024 * 1024
"""So many characters of text end a batch: memory stays flat, however long they are."""


def batches(
    actions: Iterable[Action], imported: Callable[[Action], Action], size: int
) -> Iterator[list[Action]]:
    """
    Yield the imported actions in batches; each is emptied when the next is asked for.

    Raises:
        TypeError, ValueError: what `imported` says, with a note of the position.
    """
    batch: list[Action] = []
    room = BATCH_TEXT
    for position, action in enumerate(actions):
        try:
            one = imported(action)
        except (TypeError, ValueError) as error:
            error.add_note(f"at position {position} of the actions, counted from 0")
            raise
        batch.append(one)
        room -= text_size(one)
        if len(batch) == size or room <= 0:
            yield batch
            batch.clear()
            room = BATCH_TEXT
    if batch:
        yield batch


def text_size(action: Action) -> int:
    """Return about how many characters the texts of an action have."""
    failure = action.failure
    size = len(repr(action.details)) if action.details else 0
    if failure is not None:
        size += len(failure.message) + len(failure.stacktrace or "")
    return size
