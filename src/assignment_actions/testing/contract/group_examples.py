"""R73: the failure that stands for a kind of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import attrs
import pytest

from assignment_actions.domain.ports import ActionRepository
from assignment_actions.domain.vocabulary import ActionType, ErrorReason
from assignment_actions.testing.contract.grouping import failing, groups
from assignment_actions.testing.contract.mixture import an_id
from assignment_actions.testing.contract.scrubbing import facts_of
from assignment_actions.testing.factories import a_moment


class GroupExampleClauses:
    """What the example of a group promises."""

    @pytest.mark.parametrize(
        "later",
        [
            {
                "completed_at": a_moment(1, microseconds=1),
                "created_at": a_moment(-9),
                "id": an_id(1),
            },
            {"created_at": a_moment(microseconds=1), "id": an_id(1)},
            {"id": an_id(128), "assignment_id": UUID(int=1)},
            {"id": an_id(127), "assignment_id": UUID(int=0xFF << 120)},
        ],
        ids=["completed_at", "created_at", "id", "assignment_id"],
    )
    def test_r73_the_example_is_the_newest(
        self, repository: ActionRepository, later: dict[str, Any]
    ) -> None:
        """R73: by completion, creation, id and assignment, in whatever order stored."""
        one = failing(
            "slow", at=1, id=an_id(127), assignment_id=UUID(int=0x7F << 120), actor="a"
        )
        other = attrs.evolve(one, **later, actor="b")
        older = failing("slow", at=0, created_at=a_moment(99), id=an_id(255))
        repository.add(other, older)
        repository.add(one)

        (group,) = groups(repository)

        assert other.without_stacktrace() == group.example
        assert (3, other.completed_at) == (group.count, group.last_seen)

    def test_r73_the_example_tells_reason_and_type(
        self, repository: ActionRepository
    ) -> None:
        """R73: reason and exception type are those of the newest failure of a kind."""
        repository.add(
            failing("slow", at=9, reason="timeout", exception_type="TimeoutError"),
            failing("slow", at=1, reason="email_error", exception_type="z.Error"),
        )

        (group,) = groups(repository)

        assert ("timeout", "TimeoutError") == (group.reason, group.exception_type)

    def test_r73_the_example_is_whole_but_for_its_stacktrace(
        self, repository: ActionRepository
    ) -> None:
        """R73: key, actor, details and message come along, as in a page."""
        action = failing("slow", key="k", actor="ann", details={"n": [1]})
        repository.add(action)

        (group,) = groups(repository)

        assert action.without_stacktrace() == group.example

    def test_r73_known_words_are_members_and_others_text(
        self, repository: ActionRepository
    ) -> None:
        """R73: types and reasons nobody knows any more are plain text."""
        repository.add(
            failing("1", reason="timeout"),
            failing("2", action_type="retired_type", reason="retired_reason"),
        )

        known, retired = groups(repository)

        assert (ErrorReason.TIMEOUT, ActionType.NOTIFIED) == (
            known.reason,
            known.example.action_type,
        )
        assert isinstance(known.reason, ErrorReason)
        assert isinstance(known.example.action_type, ActionType)
        assert ("retired_reason", "retired_type") == (
            retired.reason,
            retired.example.action_type,
        )
        assert (str, str) == (type(retired.reason), type(retired.example.action_type))

    def test_r73_what_was_scrubbed_counts(self, repository: ActionRepository) -> None:
        """R73: the facts of failures are grouped as the failures were."""
        first, last = failing("slow", at=1, actor="ann"), failing("slow", at=9)
        repository.add(first, last)
        (before,) = groups(repository)
        repository.scrub(first, last)

        assert [attrs.evolve(before, example=facts_of(last))] == groups(repository)
