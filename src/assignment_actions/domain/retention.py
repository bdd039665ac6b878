"""How long actions are kept: decided per action, by the first rule that fits it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import attrs

from assignment_actions.domain.action import Action, ActionStatus, as_status
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.values import AssignmentId, as_assignment_id, as_name

_ENDED: frozenset[ActionStatus] = frozenset(ActionStatus) - {ActionStatus.IN_PROGRESS}


def _age(value: timedelta | None) -> timedelta | None:
    if value is not None and not isinstance(value, timedelta):
        raise TypeError(f"keep_for must be a timedelta or None, got {value!r}")
    if value is not None and value < timedelta(0):
        raise ValueError(f"keep_for must not be negative, got {value!r}")
    return value


def _statuses(values: Iterable[str] | None) -> frozenset[ActionStatus]:
    if values is None:
        return _ENDED
    return frozenset(as_status("statuses", one) for one in _collection(values))


def _types(values: Iterable[str] | None) -> frozenset[str] | None:
    if values is None:
        return None
    return frozenset(as_name("types", one) for one in _collection(values, "types"))


def _collection(values: Any, field: str = "statuses") -> Iterable[Any]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{field} must be a collection, got {values!r}")
    return values


@attrs.frozen
class Retention:
    """
    Say how long some actions are kept, counted from their `created_at`.

    `keep_for` None: for ever. `statuses` None: all but in_progress, which must be named
    to be purged. `types` None: all; any name is taken, retired types too.
    """

    keep_for: timedelta | None = attrs.field(converter=_age)
    statuses: Collection[str] | None = attrs.field(
        default=None, kw_only=True, converter=_statuses
    )
    types: Collection[str] | None = attrs.field(
        default=None, kw_only=True, converter=_types
    )

    def covers(self, action: Action) -> bool:
        """Tell whether this rule is about an action."""
        assert self.statuses is not None
        return action.status in self.statuses and (
            self.types is None or action.action_type in self.types
        )

    def expired(self, now: datetime) -> ActionFilter | None:
        """Return the actions of this rule that are kept no longer, None where none."""
        if self.keep_for is None:
            return None
        try:
            before = now - self.keep_for
        except OverflowError:  # before the first day of the calendar: never
            return None
        return ActionFilter(
            statuses=self.statuses, action_types=self.types, created_before=before
        )


def _rules(values: Iterable[Retention]) -> tuple[Retention, ...]:
    rules = tuple(_collection(values, "rules"))
    for rule in rules:
        if not isinstance(rule, Retention):
            raise TypeError(f"rules must be Retention objects, got {rule!r}")
    return rules


def _hold(values: Iterable[AssignmentId]) -> frozenset[AssignmentId]:
    given = _collection(values, "hold")
    return frozenset(as_assignment_id(one, field="hold") for one in given)


@attrs.frozen
class RetentionPolicy:
    """
    Say which actions may be purged.

    The first of the rules that covers an action decides about it; what no rule covers
    is kept. Actions of the assignments on `hold` (a legal hold) are kept whatever the
    rules say.

    >>> RetentionPolicy(
    ...     [
    ...         Retention(None, types=["redeemed"]),
    ...         Retention(timedelta(days=90), statuses=["failed"]),
    ...         Retention(timedelta(days=365)),
    ...     ],
    ...     hold=[4711],
    ... ).hold
    frozenset({4711})
    """

    rules: Collection[Retention] = attrs.field(converter=_rules)
    hold: Collection[AssignmentId] = attrs.field(
        default=(), kw_only=True, converter=_hold
    )

    def expired(self, now: datetime) -> Iterator[tuple[Retention, ActionFilter]]:
        """Yield each rule that lets actions expire, with those it may be about."""
        for rule in self.rules:
            wanted = rule.expired(now)
            if wanted is not None:
                yield rule, wanted

    def decides(self, rule: Retention, action: Action) -> bool:
        """Tell whether a rule is the one that decides about an action."""
        return self._rule_for(action) is rule

    def lets_go(self, action: Action, now: datetime) -> bool:
        """Tell whether an action has expired and is not on hold."""
        rule = self._rule_for(action)
        wanted = None if rule is None else rule.expired(now)
        return wanted is not None and wanted.matches(action) and not self.holds(action)

    def _rule_for(self, action: Action) -> Retention | None:
        return next((one for one in self.rules if one.covers(action)), None)

    def holds(self, action: Action) -> bool:
        """Tell whether an action is kept because its assignment is on hold."""
        return action.assignment_id in self.hold
