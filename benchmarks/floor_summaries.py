"""Open edX summaries by hand: one walk over rows, entities of failures only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from assignment_actions import Action
from assignment_actions.openedx import (
    AssignmentFacts,
    AssignmentSummary,
    LearnerState,
    RecentAction,
)

Listed = Sequence[Any]
"""A row of `floor.LISTED`, its times in the database's own form."""

_ENDS = {
    "expired": ("expired", "expired_acknowledged"),
    "cancelled": ("cancelled", "cancelled_acknowledged"),
}


@attrs.frozen
class Forms:
    """Say how a database's own form of a time, and of a row, becomes ours."""

    put_time: Callable[[datetime], Any]
    get_time: Callable[[Any], datetime]
    load: Callable[[Any, Listed], Action]
    """Make the entity of an assignment's row."""


def summary_of(
    assignment_id: Any,
    rows: Iterable[Listed],
    facts: AssignmentFacts,
    now: datetime,
    forms: Forms,
) -> AssignmentSummary:
    """Return what a page shows of one assignment, whose rows come in their order."""
    since = None if facts.allocated_at is None else forms.put_time(facts.allocated_at)
    ended: dict[str, Any] = {}
    last: Listed | None = None
    unresolved: list[Listed] = []
    notices: list[Listed] = []
    for row in rows:
        if since is not None and row[3] < since:
            continue
        name, status = row[1], row[2]
        if status == "succeeded":
            if name not in ended or row[4] > ended[name]:
                ended[name] = row[4]
            if unresolved:
                unresolved = [one for one in unresolved if one[1] != name]
        elif status == "failed":
            last = row
            unresolved.append(row)
        if name == "notified" and status != "succeeded":
            notices.append(row)
    reminded = ended.get("reminded")
    if reminded is not None and since is not None and reminded < since:
        reminded = None
    loaded = [forms.load(assignment_id, row) for row in unresolved]
    if last is None:
        last_failure = None
    else:
        is_loaded = unresolved and unresolved[-1] is last
        last_failure = loaded[-1] if is_loaded else forms.load(assignment_id, last)
    return AssignmentSummary(
        learner_state=_learner_state(facts.state, ended, notices, now, forms),
        recent_action=(
            RecentAction.ASSIGNED if reminded is None else RecentAction.REMINDED
        ),
        recent_action_at=(
            facts.allocated_at if reminded is None else forms.get_time(reminded)
        ),
        learner_acknowledged=_is_acknowledged(facts.state, ended),
        last_failure=last_failure,
        unresolved_failures=tuple(loaded),
    )


def _learner_state(
    state: str,
    ended: Mapping[str, Any],
    notices: Sequence[Listed],
    now: datetime,
    forms: Forms,
) -> LearnerState | None:
    if state == "expired":
        return LearnerState.EXPIRED
    if state == "errored":
        return LearnerState.FAILED
    if state != "allocated":
        return None
    if "notified" in ended:
        return LearnerState.WAITING
    present = forms.put_time(now)
    is_lost = is_failed = False
    for row in notices:
        if row[2] == "failed":
            is_failed = True
        elif row[2] == "in_progress" and (row[6] is None or row[6] > present):
            return LearnerState.NOTIFYING
        else:
            is_lost = True
    if is_lost:
        return LearnerState.UNKNOWN
    return LearnerState.FAILED if is_failed else LearnerState.NOTIFYING


def _is_acknowledged(state: str, ended: Mapping[str, Any]) -> bool | None:
    types = _ENDS.get(state)
    if types is None:
        return None
    end, acknowledgement = types
    if acknowledgement not in ended:
        return False
    is_after = end not in ended or ended[acknowledgement] >= ended[end]
    return bool(is_after)
