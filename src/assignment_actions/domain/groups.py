"""Failures by kind: what is failing, since when, and for how many."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs

from assignment_actions.domain.action import Action, ActionStatus, success_order
from assignment_actions.domain.values import AssignmentId


@attrs.frozen
class FailureGroup:
    """
    Be all failures of one kind: one fingerprint.

    `count`, `assignments` (how many are affected), `last_seen` and `example` are about
    the failures completed since the moment asked about; `first_seen` is about all that
    are stored. `is_new` tells that none was stored before that moment (False where no
    moment was asked about). `example` is the newest by `(completed_at, created_at,
    id, assignment_id)`, without its stacktrace: `history.get(example.id)` loads it.
    """

    fingerprint: str
    reason: str
    exception_type: str
    count: int
    assignments: int
    first_seen: datetime
    last_seen: datetime
    example: Action
    is_new: bool = False

    @classmethod
    def of(
        cls,
        example: Action,
        *,
        count: int,
        assignments: int,
        first_seen: datetime,
        since: datetime | None,
    ) -> FailureGroup:
        """Return the group that the newest of its failures stands for."""
        failure, last_seen = example.failure, example.completed_at
        assert failure is not None
        assert last_seen is not None
        return cls(
            fingerprint=failure.fingerprint,
            reason=failure.reason,
            exception_type=failure.exception_type,
            count=count,
            assignments=assignments,
            first_seen=first_seen,
            last_seen=last_seen,
            example=example,
            is_new=since is not None and first_seen >= since,
        )


@attrs.define
class _Growing:
    first_seen: datetime
    example: Action | None = None
    count: int = 0
    assignments: set[AssignmentId] = attrs.field(factory=set)

    def add(self, action: Action, at: datetime, since: datetime | None) -> None:
        self.first_seen = min(self.first_seen, at)
        if since is not None and at < since:
            return
        self.count += 1
        self.assignments.add(action.assignment_id)
        if self.example is None or _age(self.example) < _age(action):
            self.example = action


def group_failures(
    actions: Iterable[Action], since: datetime | None = None
) -> list[FailureGroup]:
    """
    Return the failed ones among actions by fingerprint; the meaning of clause R73.

    A group none of whose failures was completed since the moment is left out.
    """
    groups: dict[str, _Growing] = {}
    for action in actions:
        failure, at = action.failure, action.completed_at
        if action.status is ActionStatus.FAILED and failure is not None and at:
            growing = groups.setdefault(failure.fingerprint, _Growing(at))
            growing.add(action, at, since)
    return [
        FailureGroup.of(
            one.example,
            count=one.count,
            assignments=len(one.assignments),
            first_seen=one.first_seen,
            since=since,
        )
        for one in groups.values()
        if one.example is not None
    ]


def ordered_groups(groups: Iterable[FailureGroup]) -> tuple[FailureGroup, ...]:
    """Return groups in reading order: the most frequent first, then by fingerprint."""
    return tuple(sorted(groups, key=lambda one: (-one.count, one.fingerprint)))


def _age(action: Action) -> tuple[object, ...]:
    return *success_order(action), action.assignment_id
