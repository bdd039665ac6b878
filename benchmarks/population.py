"""What the benchmarks ask about: rows as a backend would have recorded them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

import attrs

from assignment_actions import Action, ActionStatus, ActionType, Failure
from assignment_actions.domain.details import NO_DETAILS, from_canonical_json
from assignment_actions.openedx import AssignmentFacts
from benchmarks.failures import captured

BASE = datetime(2025, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=300)
PER_ASSIGNMENT = 10
PAGE = 100
KINDS_OF_FAILURE = 40
STATES = ("allocated",) * 7 + ("cancelled",) * 2 + ("expired",)

_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)
_TYPES = (
    *("learner_linked", "notified", "reminded", "reminded", "notified"),
    *("reminded", "reminded", "cancelled", "cancelled_acknowledged", "reminded"),
)


class Row(NamedTuple):
    """Be one action in plain Python values, before any database's own form."""

    assignment_id: UUID
    id: UUID
    action_type: str
    status: str
    created_at: datetime
    completed_at: datetime | None
    unknown_at: datetime | None
    overdue_at: datetime
    actor: str | None
    details: str
    reason: str | None
    exception_type: str | None
    message: str | None
    fingerprint: str | None
    stacktrace: str | None

    def action(self) -> Action:
        """Return the entity; checked, so not for the clock."""
        return Action(
            id=self.id,
            assignment_id=self.assignment_id,
            action_type=ActionType(self.action_type),
            status=ActionStatus(self.status),
            created_at=self.created_at,
            completed_at=self.completed_at,
            unknown_at=self.unknown_at,
            overdue_at=self.overdue_at,
            actor=self.actor,
            details=(
                NO_DETAILS
                if self.details == "{}"
                else from_canonical_json(self.details)
            ),
            failure=None if self.reason is None else self._failure(self.reason),
        )

    def _failure(self, reason: str) -> Failure:
        return Failure(
            reason=reason,
            exception_type=self.exception_type or "",
            message=self.message or "",
            stacktrace=self.stacktrace,
            fingerprint=self.fingerprint or "",
        )


_NOTHING = (None, None, None, None, None)


@attrs.frozen
class Population:
    """
    Be `size` actions, ten per assignment, 10 % of them failures of 2 to 4 KB.

    The tries of one assignment lie as far apart as in life: each assignment is linked
    before any is notified. The same seed gives the same rows. `hot` adds an assignment
    with so many actions of its own.
    """

    size: int
    hot: int = 0
    seed: int = 1

    @cached_property
    def ids(self) -> Sequence[UUID]:
        """The assignments, without the hot one."""
        source = random.Random(self.seed)  # noqa: S311  # reproducible
        count = max(1, self.size // PER_ASSIGNMENT)
        return [UUID(int=source.getrandbits(128), version=4) for _ in range(count)]

    @property
    def hot_id(self) -> UUID:
        """The assignment with very many actions."""
        return UUID(int=self.seed << 64, version=4)

    @property
    def deepest_page(self) -> int:
        """The number of a page of 100, newest first, at the other end of all."""
        return min(self.size, self.size + self.hot - 2 * PAGE) // PAGE

    @property
    def before_deepest(self) -> int:
        """The number of the row, the oldest is 0, after which that page begins."""
        newer = (self.deepest_page - 1) * PAGE
        older = self.size + self.hot - newer
        return round(older / (1 + self.hot / self.size))

    def rows(self) -> Iterator[Row]:
        """Yield all rows, oldest first; the hot assignment's last."""
        source = random.Random(-self.seed)  # noqa: S311  # reproducible
        step = SPAN / max(1, self.size)
        ids, count = self.ids, len(self.ids)
        for number in range(self.size):
            turn = number // count % PER_ASSIGNMENT
            created_at = BASE + number * step
            yield _row(ids[number % count], turn, number, created_at, source)
        for number in range(self.hot):
            created_at = BASE + (number + 0.503) * (SPAN / self.hot)
            turn = number % PER_ASSIGNMENT
            yield _row(self.hot_id, turn, number, created_at, source)

    def facts(self, ids: Sequence[UUID]) -> Mapping[UUID, AssignmentFacts]:
        """Return what the host would know of these assignments."""
        return {
            one: AssignmentFacts(
                state=STATES[one.int % len(STATES)], allocated_at=BASE - _HOUR
            )
            for one in ids
        }


def _row(
    assignment_id: UUID,
    turn: int,
    number: int,
    created_at: datetime,
    source: random.Random,
) -> Row:
    name, chance = _TYPES[turn], number * 2_654_435_761 % 1000
    status = _status(name, chance)
    ended_at = created_at + _SECOND + (number * 7919 % 4_000_000) * _MICROSECOND
    is_done = status in ("succeeded", "failed")
    has_evidence = status == "succeeded" and name == "notified"
    return Row(
        assignment_id,
        _id_from(created_at, source),
        name,
        status,
        created_at,
        ended_at if is_done else None,
        created_at + _HOUR if status == "unknown" else None,
        created_at + _HOUR,
        "admin:7" if turn % 3 == 0 else None,
        f'{{"message_id":"m-{number}"}}' if has_evidence else "{}",
        *(_FAILURES[number % KINDS_OF_FAILURE] if status == "failed" else _NOTHING),
    )


def _status(name: str, chance: int) -> str:
    """Return a status: 10 % failed, and of the reminders a few without an end."""
    if chance < 100:
        return "failed"
    if name == "reminded" and chance < 120:
        return "in_progress" if chance < 110 else "unknown"
    return "succeeded"


def _id_from(moment: datetime, source: random.Random) -> UUID:
    """Return a UUID version 7, as any hand would write it."""
    return UUID(int=version7((moment - BASE_1970) // _MICROSECOND, source))


BASE_1970 = datetime(1970, 1, 1, tzinfo=UTC)


def version7(micros: int, source: random.Random) -> int:
    """Return the number of a UUID version 7."""
    milliseconds, rest = divmod(micros, 1000)
    return (
        milliseconds << 80
        | 7 << 76
        | (rest << 12) // 1000 << 64
        | 2 << 62
        | source.getrandbits(62)
    )


def _failure_texts(number: int) -> tuple[str, str, str, str, str | None]:
    failure = captured(number)
    return (
        str(failure.reason),
        failure.exception_type,
        failure.message,
        failure.fingerprint,
        failure.stacktrace,
    )


_FAILURES = tuple(_failure_texts(number) for number in range(KINDS_OF_FAILURE))
