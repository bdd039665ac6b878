"""What a host says about its assignment, and what it is told."""

from __future__ import annotations

from datetime import timedelta, timezone

import attrs
import pytest

from assignment_actions import Timeline
from assignment_actions.openedx import (
    AssignmentFacts,
    AssignmentState,
    AssignmentSummary,
    summarise,
)
from assignment_actions.testing import MOMENT


class TestFacts:
    def test_states(self) -> None:
        """A state is any text; the six known ones are an enum for convenience."""
        known = ["allocated", "accepted", "cancelled", "errored", "expired", "reversed"]
        assert known == list(AssignmentState)
        assert AssignmentFacts(state="expired") == AssignmentFacts(
            state=AssignmentState.EXPIRED
        )
        assert "archived" == AssignmentFacts(state="archived").state

    def test_state_must_be_text(self) -> None:
        """A state that is no text is a mistake of the caller."""
        with pytest.raises(TypeError, match="state must be a str, got None"):
            AssignmentFacts(state=None)

    def test_allocation_is_kept_in_utc(self) -> None:
        """An allocation in another zone is the same instant in UTC."""
        there = MOMENT.astimezone(timezone(timedelta(hours=-5)))
        facts = AssignmentFacts(state="allocated", allocated_at=there)
        assert facts.allocated_at == MOMENT
        assert facts.allocated_at.utcoffset() == timedelta(0)

    def test_naive_allocation(self) -> None:
        """A naive allocation is refused, never guessed; regression: T29."""
        naive = MOMENT.replace(tzinfo=None)
        with pytest.raises(ValueError, match="allocated_at must be an aware datetime"):
            AssignmentFacts(state="allocated", allocated_at=naive)

    def test_frozen_and_named(self) -> None:
        """Facts and summaries cannot be changed, and their fields are named."""
        for kind in (AssignmentFacts, AssignmentSummary):
            assert all(field.kw_only for field in attrs.fields(kind))
        summary = summarise(Timeline(), AssignmentFacts(state="x"), now=MOMENT)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            summary.learner_state = None  # type: ignore[misc]
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            AssignmentFacts(state="x").state = "y"  # type: ignore[misc]
