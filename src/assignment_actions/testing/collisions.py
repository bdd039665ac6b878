"""Few values, near each other: histories in which they collide are interesting."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.filters import ActionFilter, Cursor, Dimension
from assignment_actions.domain.values import scrubbed_key
from assignment_actions.testing import strategies
from assignment_actions.testing.factories import MOMENT

ASSIGNMENTS = [UUID(int=n << 120 | 0x4ABC << 64 | n) for n in (0x00, 0x7F, 0x80, 0xFF)]
IDS = [
    UUID(text)
    for text in (
        "00000000-0000-0000-0000-000000000000",
        "0190163d-8694-739b-aea5-966c26f8ad91",  # version 7
        "1ef21d2f-1207-6660-8c4f-419efbd44d48",  # version 6
        "9125a8dc-52ee-365b-a5aa-81b0b3681cf6",  # version 3
        "c232ab00-9414-11ec-b3c8-9f6bdeced846",  # version 1
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    )
]
MOMENTS = [
    MOMENT,
    MOMENT + timedelta(microseconds=1),
    MOMENT + timedelta(microseconds=2),
    MOMENT + timedelta(hours=15),
    MOMENT - timedelta(days=300),
]
END = Cursor(MOMENT - timedelta(days=9_000), IDS[0], ASSIGNMENTS[0])
"""A place after everything."""
LABELS = [
    "k",
    "K",
    "k ",
    "\N{LATIN SMALL LETTER E WITH ACUTE}",
    "e\N{COMBINING ACUTE ACCENT}",
    scrubbed_key("k"),
    scrubbed_key("k").upper(),
]
TEXTS = [*LABELS, "", "o", "%", "_", "\0", "\ud83d", "\\", '"', "F", "0.1", "Error"]
OUTCOMES = [ActionStatus.SUCCEEDED, ActionStatus.FAILED, ActionStatus.UNKNOWN]

times: SearchStrategy[datetime] = st.sampled_from(MOMENTS)
assignment_ids: SearchStrategy[UUID] = st.sampled_from(ASSIGNMENTS)
ids: SearchStrategy[UUID] = st.sampled_from(IDS)
types: SearchStrategy[str] = st.sampled_from(["notified", "reminded", "retired_by_now"])
labels: SearchStrategy[str] = st.sampled_from(LABELS)
reasons: SearchStrategy[str] = st.sampled_from(["email_error", "retired_reason"])
exception_types: SearchStrategy[str] = st.sampled_from(["ValueError", "valueerror"])
fingerprints: SearchStrategy[str] = st.sampled_from(["f", "F"])
outcomes: SearchStrategy[ActionStatus] = st.sampled_from(OUTCOMES)
dimensions: SearchStrategy[Dimension] = st.sampled_from(
    ["action_type", "status", "reason", "fingerprint", "day"]
)
details: SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {"n": 1}, {"n": 0.1}, {"n": [None, {"\0": "\ud83d"}]}]
)
failures: SearchStrategy[Failure] = st.builds(
    Failure,
    reason=reasons,
    exception_type=exception_types | st.just(""),
    message=st.text(max_size=9),
    stacktrace=st.none() | st.text(max_size=9),
    fingerprint=fingerprints,
    truncated=st.booleans(),
)
actions: SearchStrategy[Action] = strategies.actions(
    assignment_ids=assignment_ids,
    ids=ids | st.uuids(),
    times=times,
    types=types,
    labels=labels,
    attempts=st.integers(1, 2),
    failing=failures,
    evidence=details,
)
beginnings: SearchStrategy[list[Action]] = st.lists(
    actions,
    min_size=3,
    max_size=8,
    unique_by=(
        lambda it: (it.assignment_id, it.id),
        lambda it: it.claims[-1],
    ),
)
filters: SearchStrategy[ActionFilter] = strategies.filters(
    assignment_ids=assignment_ids,
    times=times,
    types=types,
    labels=labels,
    reasons=reasons,
    exception_types=exception_types,
    fingerprints=fingerprints,
)
sought: SearchStrategy[list[str] | None] = st.none() | st.lists(
    st.sampled_from(TEXTS), max_size=2
)
asked: SearchStrategy[list[UUID]] = st.lists(
    assignment_ids | st.just(UUID(int=5)), max_size=6
)
cursors: SearchStrategy[Cursor | None] = st.none() | st.builds(
    Cursor, times, ids, assignment_ids
)
