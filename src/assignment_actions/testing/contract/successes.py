"""R50, R51: the latest success of each of many assignments."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from assignment_actions.domain.ports import ActionRepository
from assignment_actions.testing.contract.mixture import an_id
from assignment_actions.testing.factories import a_moment, an_action, an_assignment_id


class SuccessClauses:
    """What `latest_successes` promises."""

    def test_r50_only_ids_with_a_success_in_the_order_asked(
        self, repository: ActionRepository
    ) -> None:
        """R50: the ids that have a success, in the order asked, and no other."""
        won = [
            an_action(UUID(int=n << 120), status="succeeded") for n in (3, 1, 5, 2, 4)
        ]
        failed = an_action(status="failed")
        repository.add(*won, failed)
        asked = [failed.assignment_id, *(it.assignment_id for it in won[::-1])]

        found = repository.latest_successes([*asked, an_assignment_id(), asked[1]])

        assert [(it.assignment_id, it) for it in won[::-1]] == list(found.items())

    def test_r50_no_ids_no_successes(self, repository: ActionRepository) -> None:
        """R50: of no assignments there are no successes."""
        repository.add(an_action(status="succeeded"))

        assert {} == repository.latest_successes([])

    def test_r50_latest_successes_of_thousands(
        self, repository: ActionRepository
    ) -> None:
        """R50: 5 000 ids are asked for at once; those with a success are answered."""
        asked = [an_assignment_id() for _ in range(5_000)]
        won = [an_action(asked[at], status="succeeded") for at in (0, 2_500, 4_999)]
        repository.add(*won, an_action(status="succeeded"))

        found = repository.latest_successes(asked)

        assert [(it.assignment_id, it) for it in won] == list(found.items())

    @pytest.mark.parametrize("status", ["in_progress", "failed", "unknown"])
    def test_r51_only_a_success_counts(
        self, repository: ActionRepository, status: str
    ) -> None:
        """R51: no action in progress, failed or unknown is the latest success."""
        won = an_action(status="succeeded")
        later = {"created_at": a_moment(5), "status": status}
        if status == "failed":
            later["completed_at"] = a_moment(99)
        repository.add(won, an_action(won.assignment_id, **later))

        asked = [won.assignment_id]

        assert {won.assignment_id: won} == repository.latest_successes(asked)
        assert {won.assignment_id: won} == repository.latest_successes(
            asked, "notified"
        )

    @pytest.mark.parametrize("status", ["in_progress", "failed", "unknown"])
    def test_r51_without_a_success_there_is_none(
        self, repository: ActionRepository, status: str
    ) -> None:
        """R51: where nothing succeeded there is no latest success."""
        action = an_action(status=status)
        repository.add(action)

        assert {} == repository.latest_successes([action.assignment_id])

    @pytest.mark.parametrize(
        ("less", "greater"),
        [
            ({"completed_at": a_moment(1)}, {"completed_at": a_moment(2)}),
            (
                {"completed_at": a_moment(1)},
                {"completed_at": a_moment(1, microseconds=1)},
            ),
            (
                {"completed_at": a_moment(1), "created_at": a_moment(0.5)},
                {"completed_at": a_moment(2), "created_at": a_moment(-9)},
            ),
            (
                {
                    "created_at": a_moment(-1),
                    "completed_at": a_moment(2),
                    "id": an_id(9),
                },
                {
                    "created_at": a_moment(0),
                    "completed_at": a_moment(2),
                    "id": an_id(1),
                },
            ),
            ({"id": an_id(127)}, {"id": an_id(128)}),
            ({"id": an_id(6)}, {"id": an_id(7)}),
        ],
    )
    @pytest.mark.parametrize("is_first", [True, False])
    def test_r51_the_greatest_is_the_latest(
        self,
        repository: ActionRepository,
        less: dict[str, Any],
        greater: dict[str, Any],
        is_first: bool,  # noqa: FBT001  # a parameter of pytest
    ) -> None:
        """R51: completed_at decides, then created_at, then the id; no insert order."""
        assignment_id = an_assignment_id()
        pair = [
            an_action(assignment_id, status="succeeded", **changes)
            for changes in (less, greater)
        ]
        for action in pair if is_first else pair[::-1]:
            repository.add(action)

        assert {assignment_id: pair[1]} == repository.latest_successes([assignment_id])

    def test_r51_of_the_type_given(self, repository: ActionRepository) -> None:
        """R51: with a type, the latest success of that type."""
        won = an_action(status="succeeded", action_type="notified")
        later = an_action(
            won.assignment_id,
            status="succeeded",
            action_type="reminded",
            created_at=a_moment(5),
        )
        repository.add(won, later)
        asked = won.assignment_id

        answers = [
            repository.latest_successes([asked], wanted).get(asked)
            for wanted in ("notified", "reminded", None, "never", "notifie")
        ]

        assert [won, later, later, None, None] == answers

    def test_r51_a_late_success_counts(self, repository: ActionRepository) -> None:
        """R51: an unknown action that succeeded after all is the latest success."""
        unknown = an_action(status="unknown")
        repository.add(unknown, an_action(unknown.assignment_id, status="succeeded"))
        late = unknown.succeed(at=a_moment(60))
        repository.complete(late)

        found = repository.latest_successes([unknown.assignment_id])

        assert {unknown.assignment_id: late} == found
