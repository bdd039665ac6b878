"""Outcomes that could not be stored yet: bounded, in memory, for a later flush."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator

import attrs

from assignment_actions.domain.action import Action

KEPT_LIMIT = 1000

logger: logging.Logger = logging.getLogger("assignment_actions")


def _at_once() -> bool:
    return True


@attrs.frozen
class KeptOutcome:
    """Be one completion, and the test whether it may be tried yet."""

    action: Action
    is_due: Callable[[], bool] = _at_once


@attrs.define
class KeptOutcomes:
    """Keep the newest completions, at most `limit`; thread-safe."""

    limit: int = KEPT_LIMIT
    _outcomes: deque[KeptOutcome] = attrs.field(factory=deque, repr=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, repr=False, eq=False)

    def __len__(self) -> int:
        return len(self._outcomes)

    def keep(self, action: Action, is_due: Callable[[], bool] = _at_once) -> None:
        """Keep one more; where there are too many, the oldest is logged and lost."""
        with self._lock:
            self._outcomes.append(KeptOutcome(action, is_due))
            lost = self._outcomes.popleft() if len(self) > self.limit else None
        if lost is not None:
            logger.error(
                "more than %d outcomes wait for the store; lost: action %s is %s",
                self.limit,
                lost.action.id,
                lost.action.status,
            )

    def __iter__(self) -> Iterator[KeptOutcome]:
        with self._lock:
            return iter(tuple(self._outcomes))

    def store_each(self, store: Callable[[Action], bool]) -> int:
        """
        Hand each outcome that is due to `store`, oldest first; count its trues.

        Each is handed to one thread at a time. Where `store` raises, the round ends;
        that outcome stays, behind the others, so that it cannot block them.
        """
        count = 0
        for _ in range(len(self)):
            with self._lock:
                if not self._outcomes:
                    break
                outcome = self._outcomes.popleft()
            try:
                if outcome.is_due():
                    count += store(outcome.action)
                else:
                    with self._lock:
                        self._outcomes.append(outcome)
            except BaseException:
                with self._lock:
                    self._outcomes.append(outcome)
                raise
        return count
