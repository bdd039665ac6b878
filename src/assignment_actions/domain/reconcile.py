"""Reconciliation: ask the host what became of actions whose process went silent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import aclosing, suppress
from hashlib import blake2b
from inspect import isawaitable
from itertools import islice
from typing import Any, Literal
from uuid import UUID

import attrs

from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.async_history import AsyncActionHistory
from assignment_actions.domain.errors import (
    ActionAlreadyCompletedError,
    ActionNotFoundError,
)
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.kept import logger
from assignment_actions.domain.rules import WritingRules
from assignment_actions.domain.values import (
    INT32_MAX,
    as_int,
    as_text,
    is_scrubbed_key,
)
from assignment_actions.domain.vocabulary import ErrorReason

BATCH_SIZE = 200
"""How many actions are read at once: few, so that they are fresh when asked about."""

Answer = bool | Failure | None
"""It happened, it did not (and why), or nobody can tell."""

Probe = Callable[[Action], Answer]
AsyncProbe = Callable[[Action], Awaitable[Answer]]

Result = Literal["succeeded", "failed", "left", "overtaken", "errors"]

_DID_NOT_HAPPEN = Failure.of(
    reason=ErrorReason.INTERRUPTED,
    message="it never reported how it ended; asked later, it had not happened",
)


@attrs.frozen(kw_only=True)
class ReconcileReport:
    """
    Count what became of the actions asked about; `asked` is the sum of the others.

    `left`: nobody could tell. `overtaken`: somebody else settled it meanwhile, and
    their outcome stands. `errors`: the probe raised.
    """

    asked: int = 0
    succeeded: int = 0
    failed: int = 0
    left: int = 0
    overtaken: int = 0
    errors: int = 0

    def plus(self, result: Result) -> ReconcileReport:
        """Return this report with one more action asked about."""
        counts = attrs.asdict(self)
        counts["asked"] += 1
        counts[result] += 1
        return ReconcileReport(**counts)


def settled(action: Action, answer: object, rules: WritingRules) -> Action | None:
    """
    Return what an answer makes of an action; None where it stays as it is.

    Where nobody can tell, one in progress becomes unknown: it then says since when.

    Raises:
        TypeError: it is no answer.
    """
    if answer is True:
        return rules.succeeded(action)
    if answer is False:
        return rules.failed(action, _DID_NOT_HAPPEN)
    if isinstance(answer, Failure):
        return rules.failed(action, answer)
    if answer is None:
        return None if action.status is ActionStatus.UNKNOWN else rules.unknown(action)
    raise TypeError(
        f"probe must return True, False, a Failure or None, got {answer!r}"
        f" for action {action.id}"
    )


def share_of(action_id: UUID, of: int) -> int:
    """Return which of so many shares an action is in; the same in every process."""
    return int.from_bytes(blake2b(action_id.bytes, digest_size=8).digest()) % of


def _as_share(share: tuple[int, int]) -> tuple[int, int]:
    if not isinstance(share, (tuple, list)) or len(share) != 2:
        raise ValueError(f"share must be a pair (index, of), got {share!r}")
    of = as_int("share[1]", share[1], low=1, high=INT32_MAX)
    return as_int("share[0]", share[0], low=0, high=of - 1), of


def _as_limit(limit: int | None) -> int | None:
    return None if limit is None else as_int("limit", limit, low=0, high=INT32_MAX)


def _as_types(types: Collection[str] | None) -> tuple[str, ...] | None:
    if types is None:
        return None
    if isinstance(types, (str, bytes)) or not isinstance(types, Collection):
        raise TypeError(f"types must be a collection, got {types!r}")
    return tuple(as_text("types", one) for one in types)


def _is_callable(_: object, field: attrs.Attribute[Any], value: object) -> None:
    if not callable(value):
        raise TypeError(f"{field.name} must be callable, got {value!r}")


@attrs.frozen(kw_only=True)
class Reconciliation:
    """Be one run: which actions it asks about, whom, and where answers are stored."""

    history: AsyncActionHistory
    rules: WritingRules
    store: Callable[[Action], Awaitable[Action]]
    probe: Probe | AsyncProbe = attrs.field(validator=_is_callable)
    types: tuple[str, ...] | None = attrs.field(converter=_as_types)
    share: tuple[int, int] = attrs.field(converter=_as_share)
    limit: int | None = attrs.field(converter=_as_limit)
    on_progress: Callable[[ReconcileReport], object] | None = attrs.field(
        validator=attrs.validators.optional(_is_callable)
    )

    async def run(self) -> ReconcileReport:
        """Ask about each action in turn, and store the answers."""
        report = ReconcileReport()
        async with aclosing(self._pages()) as pages:
            async for page in pages:
                left = None if self.limit is None else self.limit - report.asked
                for action in islice(filter(self._is_own, page), left):
                    report = report.plus(await self._settle(action))
                if self.on_progress is not None:
                    self.on_progress(report)
                if report.asked == self.limit:
                    break
        return report

    async def _pages(self) -> AsyncGenerator[tuple[Action, ...]]:
        """
        Yield the unknown actions, then the overdue as of now, newest first.

        Each page begins strictly after the last action of the one before. What is
        settled meanwhile leaves the filter but moves nothing else, and nothing that
        was unknown becomes overdue: no action is skipped, none comes twice.
        """
        for wanted in (
            ActionFilter(statuses=[ActionStatus.UNKNOWN], action_types=self.types),
            ActionFilter(overdue_before=self.history.now(), action_types=self.types),
        ):
            page = await self.history.find(wanted, limit=BATCH_SIZE)
            yield page.actions
            while page.next_cursor is not None:
                page = await self.history.find(
                    wanted, limit=BATCH_SIZE, after=page.next_cursor
                )
                yield page.actions

    def _is_own(self, action: Action) -> bool:
        index, of = self.share
        return share_of(action.id, of) == index

    async def _settle(self, action: Action) -> Result:
        try:  # who is asked by a digest would say that it never happened
            is_lost = is_scrubbed_key(action.key)
            answer: object = None if is_lost else self.probe(action)
            if isawaitable(answer):
                answer = await answer
        except Exception as error:  # noqa: BLE001  # one bad answer stops no run
            said = f"the probe failed for action {action.id} ({action.action_type})"
            with suppress(Exception):  # a log handler may break
                logger.error(
                    self.rules.as_logged(f"{said}, which stays {action.status}", error)
                )
            return "errors"
        completion = settled(action, answer, self.rules)
        try:
            stored = action if completion is None else await self.store(completion)
        except (ActionAlreadyCompletedError, ActionNotFoundError):
            return "overtaken"
        return _RESULTS[stored.status]


_RESULTS: dict[ActionStatus, Result] = {
    ActionStatus.SUCCEEDED: "succeeded",
    ActionStatus.FAILED: "failed",
    ActionStatus.UNKNOWN: "left",
}
