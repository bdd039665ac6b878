"""Hypothesis strategies: whatever the domain accepts, and filters over it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.values import INT32_MAX, AssignmentId
from assignment_actions.domain.vocabulary import ActionType, ErrorReason

_NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,63}", fullmatch=True)


def moments() -> SearchStrategy[datetime]:
    """Return any aware moment in UTC, from year 1 to 9999, with microseconds."""
    return st.datetimes(timezones=st.just(UTC))


def texts(*, max_size: int = 255) -> SearchStrategy[str]:
    """Return any text that a key, an actor or an assignment id may be."""
    storable = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    return st.text(storable, min_size=1, max_size=max_size)


def uuids() -> SearchStrategy[UUID]:
    """Return a UUID of any version, and of none."""
    return st.integers(0, 2**128 - 1).map(lambda number: UUID(int=number))


def details() -> SearchStrategy[dict[str, Any]]:
    """Return a small JSON object, with NULs, lone surrogates and large numbers."""
    scalars = (
        st.none()
        | st.booleans()
        | st.integers(-(10**30), 10**30)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=20)
    )
    values = st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(max_size=8), inner, max_size=3)
        ),
        max_leaves=6,
    )
    return st.dictionaries(st.text(max_size=20), values, max_size=4)


def failures(
    *,
    reasons: SearchStrategy[str] | None = None,
    exception_types: SearchStrategy[str] | None = None,
) -> SearchStrategy[Failure]:
    """Return any failure, bounded and storable as all of them are."""
    return st.builds(
        Failure,
        reason=reasons or st.sampled_from(ErrorReason) | _NAMES,
        exception_type=exception_types or st.text(max_size=40),
        message=st.text(max_size=60),
        stacktrace=st.none() | st.text(max_size=200),
        truncated=st.booleans(),
    )


@st.composite
def actions(
    draw: st.DrawFn,
    *,
    assignment_ids: SearchStrategy[AssignmentId] | None = None,
    ids: SearchStrategy[UUID] | None = None,
    times: SearchStrategy[datetime] | None = None,
    types: SearchStrategy[str] | None = None,
    labels: SearchStrategy[str] | None = None,
    attempts: SearchStrategy[int] | None = None,
    failing: SearchStrategy[Failure] | None = None,
    evidence: SearchStrategy[dict[str, Any]] | None = None,
) -> Action:
    """
    Return any action the domain accepts, in any status.

    Args:
        draw: given by Hypothesis.
        assignment_ids: UUIDs if None.
        ids: any UUID if None.
        times: for all its times; any if None.
        types: the built-in ones and names nobody knows if None.
        labels: keys and actors; any text if None.
        attempts: any if None.
        failing: its failure, if it has one; any if None.
        evidence: its details; any if None.
    """
    times = moments() if times is None else times
    label = st.none() | (texts() if labels is None else labels)
    status = draw(st.sampled_from(ActionStatus))
    is_open = status is ActionStatus.IN_PROGRESS
    has_failure = status is ActionStatus.FAILED or (
        status is ActionStatus.UNKNOWN and draw(st.booleans())
    )
    return Action(
        id=draw(uuids() if ids is None else ids),
        assignment_id=draw(st.uuids() if assignment_ids is None else assignment_ids),
        action_type=draw(
            st.sampled_from(ActionType) | _NAMES if types is None else types
        ),
        status=status,
        created_at=draw(times),
        completed_at=draw(times) if status.is_final else None,
        failure=draw(failures() if failing is None else failing)
        if has_failure
        else None,
        key=draw(label),
        attempt=draw(st.integers(1, INT32_MAX) if attempts is None else attempts),
        actor=draw(label),
        details=draw(details() if evidence is None else evidence),
        overdue_at=draw(st.none() | times),
        unknown_at=None if is_open else draw(st.none() | times),
    )


def filters(
    *,
    assignment_ids: SearchStrategy[AssignmentId],
    times: SearchStrategy[datetime],
    types: SearchStrategy[str],
    labels: SearchStrategy[str],
    reasons: SearchStrategy[str],
    exception_types: SearchStrategy[str],
    fingerprints: SearchStrategy[str],
) -> SearchStrategy[ActionFilter]:
    """Return a filter of a few fields over the values that a test works with."""

    def some(values: SearchStrategy[Any]) -> SearchStrategy[Any]:
        return st.lists(values, max_size=3)

    optional: dict[str, SearchStrategy[Any]] = {
        "assignment_ids": some(assignment_ids),
        "action_types": some(types),
        "statuses": some(st.sampled_from(ActionStatus)),
        "reasons": some(reasons),
        "exception_types": some(exception_types),
        "fingerprints": some(fingerprints),
        "actors": some(labels),
        "key": labels,
        "created_from": times,
        "created_before": times,
        "completed_from": times,
        "completed_before": times,
        "overdue_before": times,
    }
    chosen = st.sets(st.sampled_from(sorted(optional)), max_size=3)
    return chosen.flatmap(
        lambda fields: st.fixed_dictionaries({one: optional[one] for one in fields})
    ).map(lambda fields: ActionFilter(**fields))
