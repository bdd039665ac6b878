"""Whether the learner acknowledged an end."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from assignment_actions import Action, Timeline
from assignment_actions.openedx import AssignmentState, is_acknowledged
from assignment_actions.testing import a_moment, an_action

ASSIGNMENT = UUID("11111111-1111-4111-8111-111111111111")
ENDS = ["expired", "cancelled"]


def done(action_type: str, completed: float, **changes: Any) -> Action:
    """Return a success that was completed so many seconds after MOMENT."""
    given = {
        "action_type": action_type,
        "status": "succeeded",
        "completed_at": a_moment(completed),
    }
    return an_action(ASSIGNMENT, **(given | changes))


@pytest.mark.parametrize("end", ENDS)
class TestIsAcknowledged:
    def test_nothing(self, end: str) -> None:
        """Without any action the end is not acknowledged."""
        assert is_acknowledged(Timeline(), end) is False

    def test_end_alone(self, end: str) -> None:
        """An end that nobody acknowledged is not acknowledged."""
        assert is_acknowledged(Timeline([done(end, 1)]), end) is False

    @pytest.mark.parametrize("at", [10, 11])
    def test_at_or_after(self, end: str, at: float) -> None:
        """At or after the end's completion counts; regression: T18."""
        timeline = Timeline([done(end, 10), done(f"{end}_acknowledged", at)])
        assert is_acknowledged(timeline, end) is True

    def test_a_microsecond_before(self, end: str) -> None:
        """Completed one microsecond before the end it does not count."""
        early = done(
            f"{end}_acknowledged", 0, completed_at=a_moment(9, microseconds=999999)
        )
        assert is_acknowledged(Timeline([done(end, 10), early]), end) is False

    def test_new_end(self, end: str) -> None:
        """A new end after the acknowledgement must be acknowledged anew."""
        story = [done(end, 1), done(f"{end}_acknowledged", 2), done(end, 3)]
        assert is_acknowledged(Timeline(story), end) is False
        story.append(done(f"{end}_acknowledged", 3))
        assert is_acknowledged(Timeline(story), end) is True

    @pytest.mark.parametrize("status", ["failed", "in_progress", "unknown"])
    def test_end_without_success(self, end: str, status: str) -> None:
        """Where no end succeeded any acknowledgement counts; regression: T16, T19."""
        tried = an_action(
            ASSIGNMENT, action_type=end, status=status, created_at=a_moment(9)
        )
        timeline = Timeline([tried, done(f"{end}_acknowledged", 1)])
        assert is_acknowledged(timeline, end) is True
        assert is_acknowledged(timeline.of_type(f"{end}_acknowledged"), end) is True

    @pytest.mark.parametrize("status", ["failed", "in_progress", "unknown"])
    def test_acknowledgement_without_success(self, end: str, status: str) -> None:
        """An acknowledgement that did not succeed is none; regression: T4, T19."""
        tried = an_action(
            ASSIGNMENT,
            action_type=f"{end}_acknowledged",
            status=status,
            created_at=a_moment(9),
        )
        assert is_acknowledged(Timeline([done(end, 1), tried]), end) is False

    def test_other_end(self, end: str) -> None:
        """The acknowledgement of the other kind of end does not count."""
        (other,) = set(ENDS) - {end}
        timeline = Timeline([done(end, 1), done(f"{other}_acknowledged", 2)])
        assert is_acknowledged(timeline, end) is False

    def test_one_end_of_several(self, end: str) -> None:
        """An earlier end is asked about with a timeline of it; regression: T19."""
        first, seen, second = (
            done(end, 1),
            done(f"{end}_acknowledged", 2),
            done(end, 3),
        )
        assert is_acknowledged(Timeline([first, seen]), end) is True
        assert is_acknowledged(Timeline([seen, second]), end) is False


class TestOtherStates:
    @pytest.mark.parametrize(
        "state", ["allocated", "accepted", "errored", "reversed", "archived", ""]
    )
    def test_none(self, state: str) -> None:
        """There is nothing to acknowledge in any other state."""
        story = [done(kind, 1) for end in ENDS for kind in (end, f"{end}_acknowledged")]
        assert is_acknowledged(Timeline(story), state) is None
        assert is_acknowledged(Timeline(story), AssignmentState.EXPIRED) is True
