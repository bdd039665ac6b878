"""Outcomes that could not be stored yet: bounded, in memory, for a later flush."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

import attrs

from assignment_actions.domain.action import Action
from assignment_actions.domain.leftovers import leftovers
from assignment_actions.domain.ports import OutcomeJournal
from assignment_actions.domain.values import AssignmentId

KEPT_LIMIT = 1000

logger: logging.Logger = logging.getLogger("assignment_actions")

Store = Callable[[Action], bool]


def at_once() -> bool:
    """Return that an outcome may be stored whenever the store can be reached."""
    return True


@attrs.frozen
class KeptOutcome:
    """Be one action to store, the test whether that may be tried, and how."""

    action: Action
    is_due: Callable[[], bool] = at_once
    is_new: bool = False


@attrs.define
class KeptOutcomes:
    """
    Keep the newest outcomes, at most `limit`, in memory; the default `OutcomeJournal`.

    Thread-safe. They are lost with the process.
    """

    limit: int = KEPT_LIMIT
    _outcomes: dict[tuple[AssignmentId, UUID], KeptOutcome] = attrs.field(
        factory=dict, repr=False
    )
    _handed: dict[tuple[AssignmentId, UUID], KeptOutcome | None] = attrs.field(
        factory=dict, repr=False
    )
    _lock: threading.Lock = attrs.field(factory=threading.Lock, repr=False, eq=False)

    def __len__(self) -> int:
        return len(self._outcomes)

    def keep(
        self,
        action: Action,
        is_due: Callable[[], bool] = at_once,
        /,
        *,
        is_new: bool = False,
    ) -> None:
        """Keep one more; where there are too many, the oldest is logged and lost."""
        identity, lost = (action.assignment_id, action.id), None
        with self._lock:
            self._outcomes.pop(identity, None)
            self._outcomes[identity] = KeptOutcome(action, is_due, is_new)
            if len(self) > self.limit:
                lost = self._outcomes.pop(next(iter(self._outcomes)))
        if lost is not None:
            logger.error(
                "more than %d outcomes wait for the store; lost: action %s is %s",
                self.limit,
                lost.action.id,
                lost.action.status,
            )

    def __iter__(self) -> Iterator[Action]:
        with self._lock:
            return iter([one.action for one in self._outcomes.values()])

    def store_each(
        self, complete: Store, add: Store | None = None, limit: int | None = None, /
    ) -> int:
        """
        Hand each outcome that is due over, oldest first; count the trues.

        Each is handed to one thread at a time. Where storing raises, the round ends;
        that outcome stays, behind the others, so that it cannot block them.
        """
        count = 0
        for _ in range(len(self) if limit is None else min(limit, len(self))):
            with self._lock:
                if not self._outcomes:
                    break
                identity = next(iter(self._outcomes))
                outcome = self._handed[identity] = self._outcomes.pop(identity)
            is_done = False
            try:
                if outcome.is_due():
                    store = add if add is not None and outcome.is_new else complete
                    count += store(outcome.action)
                    is_done = True
            finally:
                self._take_back(identity, is_done=is_done)
        return count

    def rewrite(self, change: Callable[[Action], Action | None], /) -> int:
        """
        Put what `change` returns in the place of each; None drops it.

        Also of what is being stored at the moment, should it come back.
        """
        count = 0
        with self._lock:
            for place in (self._outcomes, self._handed):
                for identity, kept in list(place.items()):
                    if kept is None or (changed := change(kept.action)) is kept.action:
                        continue
                    count += 1
                    if changed is not None:
                        place[identity] = attrs.evolve(kept, action=changed)
                    elif place is self._handed:
                        self._handed[identity] = None
                    else:
                        del self._outcomes[identity]
        return count

    def holds(self, text: str, /) -> bool:
        """Tell whether a text stands in anything that is kept."""
        return any(leftovers(action, [text]) for action in self)

    @property
    def unreadable(self) -> Sequence[int]:
        """Return that everything can be read."""
        return ()

    def close(self) -> None:
        """Log at ERROR what is lost now."""
        for left in self:
            logger.error("lost: action %s is %s", left.id, left.status)

    def _take_back(self, identity: tuple[AssignmentId, UUID], *, is_done: bool) -> None:
        """Keep it again, unless a newer state of the action was kept meanwhile."""
        with self._lock:
            outcome = self._handed.pop(identity, None)
            if outcome is not None and not is_done:
                self._outcomes.setdefault(identity, outcome)


_: type[OutcomeJournal] = KeptOutcomes
