"""Every question a repository is asked, and the index that must answer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, get_args
from uuid import UUID

import attrs

from assignment_actions import (
    Action,
    ActionFilter,
    ActionStatus,
    DuplicateActionError,
)
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.domain.filters import Cursor, Dimension
from assignment_actions.testing import a_failure, an_action

ASSIGNMENTS, EACH = 1500, 8
T0 = datetime(2026, 1, 1, tzinfo=UTC)
END = T0 + timedelta(minutes=ASSIGNMENTS * EACH)
RECENT = END - timedelta(hours=6)
PAGE = 51
SCAN = "scan"

_TYPES = ("notified", "reminded", "redeemed", "cancelled")
_REASONS = ("email_error", "timeout", "internal_api_error")


@cache
def population() -> tuple[Action, ...]:
    """Return 12 000 actions of 1 500 assignments, one a minute, 7 % of them failed."""
    return tuple(map(_one, range(ASSIGNMENTS * EACH)))


def _one(number: int) -> Action:
    created_at, more = T0 + timedelta(minutes=number), dict[str, Any]()
    status = "succeeded"
    if number % 13 == 5:
        kind = number // 13
        status = "failed"
        more["failure"] = a_failure(
            fingerprint=f"kind {kind % 60}",
            reason=_REASONS[kind % 3],
            stacktrace="x" * 1500,
        )
    elif number % 97 == 3:
        status = "unknown"
    elif number % 89 == 3:
        status = "in_progress"
        more["overdue_at"] = created_at + timedelta(minutes=number % 60)
    if number % 7 == 0:
        more["key"] = f"key {number}"
    is_hot = number % 13 == 0
    return an_action(
        _HOT if is_hot else an_id(number * 7919 % ASSIGNMENTS),
        status=status,
        action_type="expired" if is_hot and number < 500 else _TYPES[number // 3 % 4],
        created_at=created_at,
        actor=f"actor {number % 50}",
        **more,
    )


def an_id(number: int) -> UUID:
    """Return the id of an assignment, spread as ids of version 4 are."""
    return UUID(int=(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)


_HOT = an_id(ASSIGNMENTS)


@attrs.frozen
class Question:
    """
    What is asked, and what must hold of its plan on every database.

    Args:
        ask: asks it.
        by: the indexes that may find the rows, any of them, each with the columns that
            must bound what is read of it; after an alias only for that part of a
            statement. `SCAN` is the table itself, without any index.
        is_in_order: the index yields the order, so that nothing is sorted.
        because: why an index is walked without a bound, or the table scanned.
        also: what else one database may do, by its name.
    """

    ask: Callable[[SqlActionRepository], object]
    by: Mapping[str, str]
    is_in_order: bool = False
    because: str = ""
    also: Mapping[str, Mapping[str, str]] = attrs.field(factory=dict)


def _find(
    by: Mapping[str, str],
    *,
    after: int | None = None,
    before: int | None = None,
    in_order: bool = True,
    because: str = "",
    also: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    **wanted: Any,
) -> Question:
    def ask(repository: SqlActionRepository) -> object:
        places = [
            None if one is None else Cursor.of(population()[one])
            for one in (after, before)
        ]
        return repository.find(ActionFilter(**wanted), PAGE, *places)

    return Question(ask, by, in_order, because, also)


def _count(by: Mapping[str, str], because: str = "", **wanted: Any) -> Question:
    return Question(
        lambda repository: repository.count(ActionFilter(**wanted)), by, because=because
    )


def _count_by(
    dimension: Dimension, by: Mapping[str, str], because: str = "", **wanted: Any
) -> Question:
    return Question(
        lambda repository: repository.count_by(ActionFilter(**wanted), dimension),
        by,
        because=because,
    )


def _timelines(
    count: int,
    types: list[str] | None = None,
    statuses: list[ActionStatus] | None = None,
) -> Question:
    ids = [an_id(number) for number in range(count)]
    by = dict.fromkeys(("timeline", "pk", "try"), "assignment_id")
    if statuses is not None:
        by["latest"] = "assignment_id status"
    return Question(lambda repository: repository.timelines(ids, types, statuses), by)


def _latest(ids: list[UUID], action_type: str | None = None) -> Question:
    by = {"latest": "assignment_id", "pk": "id"}
    if action_type is not None:
        by = {"latest_of_type": "assignment_id action_type", "pk": "id"}
    return Question(
        lambda repository: repository.latest_successes(ids, action_type),
        by,
        is_in_order=True,
    )


def _refused(repository: SqlActionRepository) -> None:
    with suppress(DuplicateActionError):
        repository.add(*population()[7000:7200])


def _complete(repository: SqlActionRepository) -> None:
    stored = next(one for one in population() if one.status == "in_progress")
    repository.complete(stored.succeed(at=END))


_MIDDLE = ASSIGNMENTS * EACH // 2
_IDS = [an_id(number) for number in range(100)]
_RANGE: dict[str, Any] = {
    "created_from": T0 + timedelta(days=3),
    "created_before": T0 + timedelta(days=3, minutes=20),
}
_FAILED: dict[str, Any] = {"statuses": ["failed"]}
_FAILED_SINCE: dict[str, Any] = _FAILED | {"completed_from": RECENT}
_OF_KIND: dict[str, Any] = {"fingerprints": ["kind 7"]}
_OF_TRY: dict[str, Any] = {
    "assignment_ids": [_HOT],
    "action_types": ["expired"],
    "key": "key 0",
}

_BY_ID = {"timeline": "assignment_id", "pk": "assignment_id"}
_BY_KEY = {"pk": "id", "id": "id"}
_BY_PAGE = {"page": "created_at"}
_BY_KIND = {"kind": "fingerprint"}
_BY_STATUS = {"failed": "status", "overdue": "status", "unknown": "status"}
_BACK = {"page": ""}
_STOPS = "back in time until the page is full"
_ANY = dict.fromkeys(
    ("id", "page", "timeline", "try", "kind", "failed", "overdue", "unknown"), ""
)
_COUNTS_ALL = "whoever counts everything reads everything"
_NO_INDEX = "no index: it would cost every insert, for a question that can be narrowed"
_FEW = "only what is in this state"
_ALL_FAILURES = "all failures are counted"
_MANY = {"postgresql": {"page": ""}}
_SO_MANY = "PostgreSQL knows that a page of so many is full soon"

QUESTIONS: Mapping[str, Question] = {
    "get": Question(lambda it: it.get(population()[_MIDDLE].id), {"id": "id"}),
    "timeline of 1": _timelines(1),
    "timeline of 1, types": _timelines(1, ["notified"]),
    "failures of 1": _timelines(1, None, [ActionStatus.FAILED]),
    "failures of 1, types": _timelines(1, ["notified"], [ActionStatus.FAILED]),
    "timelines of 100": _timelines(100),
    "timelines of 100, types": _timelines(100, ["notified"]),
    "failures of 100": _timelines(100, None, [ActionStatus.FAILED]),
    "latest success of 1": _latest(_IDS[:1]),
    "latest success of a hot one, type": _latest([_HOT], "expired"),
    "latest successes of 100": _latest(_IDS),
    "latest successes of 100, type": _latest(_IDS, "notified"),
    "find, page 1": _find(_BACK, because=_STOPS),
    "find, page n": _find(_BY_PAGE, after=_MIDDLE),
    "find, page n from the end": _find(_BY_PAGE, before=_MIDDLE),
    "find of 1": _find(_BY_ID, in_order=False, assignment_ids=_IDS[:1]),
    "find of a hot one": _find(
        {"timeline": "assignment_id"},
        because=_SO_MANY,
        also=_MANY,
        assignment_ids=[_HOT],
    ),
    "find of a hot one, page n": _find(
        {"timeline": "assignment_id created_at"},
        after=_MIDDLE,
        because=_SO_MANY,
        also={"postgresql": _BY_PAGE},
        assignment_ids=[_HOT],
    ),
    "find of 3": _find(_BY_ID, in_order=False, assignment_ids=_IDS[:3]),
    "find of 100": _find(
        _BY_ID, in_order=False, because=_SO_MANY, also=_MANY, assignment_ids=_IDS
    ),
    "find of 100, page n": _find(
        _BY_ID,
        after=_MIDDLE,
        in_order=False,
        because=_SO_MANY,
        also={"postgresql": _BY_PAGE},
        assignment_ids=_IDS,
    ),
    "find failed, page 1": _find(
        {"failed_page": "", "unknown": "status"}, because=_FEW, **_FAILED
    ),
    "find failed, page n": _find(
        {"failed_page": "created_at", "unknown": "status created_at"},
        after=_MIDDLE,
        **_FAILED,
    ),
    "find failed, page n from the end": _find(
        {"failed_page": "created_at", "unknown": "status created_at"},
        before=_MIDDLE,
        **_FAILED,
    ),
    "find failed since": _find(
        {"failed": "completed_at"}, in_order=False, **_FAILED_SINCE
    ),
    "find failed before": _find(
        {"failed": "completed_at"},
        in_order=False,
        statuses=["failed"],
        completed_before=T0 + timedelta(hours=2),
    ),
    "find failed since, page n": _find(
        {"failed": "completed_at"}, in_order=False, after=-9, **_FAILED_SINCE
    ),
    "find unknown, page 1": _find({"unknown": ""}, because=_FEW, statuses=["unknown"]),
    "find unknown, page n": _find(
        {"unknown": "created_at"}, after=_MIDDLE, statuses=["unknown"]
    ),
    "find succeeded, page n": _find(
        {"page": "created_at", "unknown": "status created_at"},
        after=_MIDDLE,
        statuses=["succeeded"],
    ),
    "find succeeded, page n from the end": _find(
        {"page": "created_at", "unknown": "status created_at"},
        before=_MIDDLE,
        statuses=["succeeded"],
    ),
    "find overdue": _find(
        {"overdue": "overdue_at"}, in_order=False, overdue_before=T0 + timedelta(2)
    ),
    "find overdue, page n": _find(
        {"overdue": "overdue_at"},
        in_order=False,
        after=_MIDDLE,
        overdue_before=T0 + timedelta(2),
    ),
    "find by key": _find({"try": "key_digest"}, in_order=False, **_OF_TRY),
    "find by type": _find(_BACK, because=_STOPS, action_types=["notified"]),
    "find by reason": _find(_BACK, because=_STOPS, reasons=["timeout"]),
    "find by actor": _find(_BACK, because=_STOPS, actors=["actor 3"]),
    "find in a range": _find(_BY_PAGE, **_RANGE),
    "find in a range, page n": _find(
        _BY_PAGE, after=_MIDDLE, created_from=T0, created_before=END
    ),
    "find of a kind": _find(_BY_KIND, in_order=False, **_OF_KIND),
    "find of a kind, page n": _find(
        _BY_KIND, in_order=False, after=_MIDDLE, **_OF_KIND
    ),
    "find failed of a kind": _find(_BY_KIND, in_order=False, **_FAILED, **_OF_KIND),
    "count": _count(_ANY, because=_COUNTS_ALL),
    "count of 3": _count(_BY_ID, assignment_ids=_IDS[:3]),
    "count in a range": _count(_BY_PAGE, **_RANGE),
    "count by type": _count(
        {SCAN: "", "try": ""}, because=_NO_INDEX, action_types=["notified"]
    ),
    "count failed since": _count({"failed": "completed_at"}, **_FAILED_SINCE),
    "count failed": _count(
        _BY_STATUS | {"failed": "", "failed_page": ""}, because=_FEW, **_FAILED
    ),
    "count unknown": _count(
        _BY_STATUS | {"unknown": ""}, because=_FEW, statuses=["unknown"]
    ),
    "count overdue": _count(
        {"overdue": "overdue_at"}, overdue_before=T0 + timedelta(2)
    ),
    "count of a kind": _count(_BY_KIND, **_OF_KIND),
    **{
        f"count by {one} of all": _count_by(one, _ANY | {SCAN: ""}, because=_COUNTS_ALL)
        for one in get_args(Dimension)
    },
    **{
        f"count by {one} of 3": _count_by(
            one,
            _BY_ID | {"try": "assignment_id", "latest": "assignment_id"},
            assignment_ids=_IDS[:3],
        )
        for one in get_args(Dimension)
    },
    **{
        f"count by {one} in a range": _count_by(one, _BY_PAGE, **_RANGE)
        for one in get_args(Dimension)
    },
    **{
        f"count by {one}, failed since": _count_by(
            one,
            {"failed": "completed_at", "kind": "completed_at"},
            **_FAILED_SINCE,
        )
        for one in get_args(Dimension)
    },
    "failure groups": Question(
        lambda it: it.failure_groups(),
        _BY_KIND | _BY_KEY | {"counted kind": ""},
        is_in_order=True,
        because=_ALL_FAILURES,
    ),
    "failure groups of a type": Question(
        lambda it: it.failure_groups(["notified"]),
        _BY_KIND | _BY_KEY | {"counted kind": ""},
        is_in_order=True,
        because=_ALL_FAILURES,
    ),
    "failure groups since": Question(
        lambda it: it.failure_groups(None, RECENT),
        _BY_KIND
        | _BY_KEY
        | {"counted failed": "completed_at", "counted kind": "completed_at"},
    ),
    "complete": Question(_complete, _BY_KEY),
    "add, refused": Question(_refused, _BY_KEY | {"try": "key_digest"}),
    "scrub": Question(lambda it: it.scrub(*population()[8000:8050]), _BY_KEY),
    "delete": Question(lambda it: it.delete(*population()[9000:9050]), _BY_KEY),
    "search of 3": Question(
        lambda it: it.search(ActionFilter(assignment_ids=_IDS[:3]), ["zz"], PAGE),
        _BY_ID,
    ),
    "search everything": Question(
        lambda it: it.search(ActionFilter(), ["zz"], PAGE),
        {SCAN: "", "page": ""},
        because="a text may stand anywhere",
    ),
}
