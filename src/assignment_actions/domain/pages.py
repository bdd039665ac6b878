"""Pages of the total order across assignments, and their ways on in both directions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import attrs

from assignment_actions.domain.action import Action
from assignment_actions.domain.filters import Cursor

_STEP = timedelta(microseconds=1)


@attrs.frozen
class Page:
    """
    Be some actions, newest first, and where to go on in both directions.

    `next_cursor` leads to older ones, None on the last page; `previous_cursor` to newer
    ones, None where none are known. Each may be given as `after` and as `before`.
    """

    actions: tuple[Action, ...]
    next_cursor: str | None = None
    previous_cursor: str | None = None


def page_after(found: Iterable[Action], limit: int, place: Cursor | None) -> Page:
    """
    Return the page of at most `limit` from `limit + 1` actions asked for.

    Args:
        found: the newest of those after the place, newest first.
        limit: nothing is known of 0 actions, not where to go on either.
        place: None is before all.
    """
    actions = tuple(found)
    page = actions[:limit]
    if not limit:
        return Page(page)
    older = _text(page[-1]) if len(actions) > limit else None
    if place is None:
        return Page(page, older)
    # Nothing follows an empty page: a bit later than its place is right behind that.
    newer = _text(page[0]) if page else place.moved(-_STEP).encode()
    return Page(page, older, newer)


def page_before(found: Iterable[Action], limit: int, place: Cursor) -> Page:
    """
    Return the page of at most `limit` from `limit + 1` actions asked for.

    Args:
        found: the oldest of those before the place, newest first.
        limit: nothing is known of 0 actions, not where to go on either.
        place: what the page ends at.
    """
    actions = tuple(found)
    if not limit:
        return Page(())
    page = actions[-limit:]
    older = _text(page[-1]) if page else place.moved(_STEP).encode()
    return Page(page, older, _text(page[0]) if len(actions) > limit else None)


def _text(action: Action) -> str:
    return Cursor.of(action).encode()
