"""R1, R3, R4, R30 to R51, R102: one action, timelines and latest successes."""

from __future__ import annotations

from collections.abc import MutableMapping, MutableSequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from assignment_actions.domain.action import ActionStatus
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.domain.timeline import Timeline
from assignment_actions.testing.contract.mixture import an_id, shuffled
from assignment_actions.testing.factories import a_moment, an_action, an_assignment_id


class ReadingClauses:
    """What `get`, `timelines` and `latest_successes` promise."""

    def test_r1_a_timeline_is_ordered_by_creation(
        self, repository: ActionRepository
    ) -> None:
        """R1: a timeline is in order of created_at, not in that of the inserts."""
        assignment_id = an_assignment_id()
        actions = [
            an_action(assignment_id, created_at=a_moment(microseconds=step))
            for step in (-1_000_000, -1, 0, 1, 1_000_000)
        ]
        for action in actions[::-1]:
            repository.add(action)

        assert actions == list(repository.timelines([assignment_id])[assignment_id])

    def test_r1_equal_times_are_ordered_by_id(
        self, repository: ActionRepository
    ) -> None:
        """R1: at one moment the ids decide, of whatever UUID version they are."""
        assignment_id = an_assignment_id()
        ids = [UUID(int=0), *(an_id(n) for n in range(1, 256, 3)), UUID(int=2**128 - 1)]
        actions = [an_action(assignment_id, id=one) for one in ids]
        repository.add(*shuffled(actions))

        assert actions == list(repository.timelines([assignment_id])[assignment_id])

    def test_r1_a_completion_moves_nothing(self, repository: ActionRepository) -> None:
        """R1: the order stays that of creation when an action is completed."""
        first = an_action()
        second = an_action(first.assignment_id, created_at=a_moment(1))
        repository.add(second, first)
        repository.complete(first.succeed(at=a_moment(9)))

        found = repository.timelines([first.assignment_id])[first.assignment_id]

        assert [first.id, second.id] == [action.id for action in found]

    @pytest.mark.parametrize("status", ["failed", "unknown"])
    def test_r3_timelines_leave_stacktraces_out(
        self, repository: ActionRepository, status: str
    ) -> None:
        """R3: a timeline has the whole failure but its stacktrace; `get` has all."""
        failed = an_action(status="failed")
        action = an_action(status=status, failure=failed.failure)
        repository.add(action)

        found = repository.timelines([action.assignment_id])[action.assignment_id]

        assert [action.without_stacktrace()] == list(found)
        assert action == repository.get(action.id)

    def test_r4_a_returned_timeline_is_the_callers(
        self, repository: ActionRepository
    ) -> None:
        """R4: to empty the mapping that was returned changes nothing stored."""
        action = an_action(status="succeeded")
        repository.add(action)
        asked = [action.assignment_id]
        for answer in (repository.timelines(asked), repository.latest_successes(asked)):
            emptied(answer)

        assert [action] == list(repository.timelines(asked)[action.assignment_id])
        assert {action.assignment_id: action} == repository.latest_successes(asked)

    def test_r4_returned_details_cannot_be_changed(
        self, repository: ActionRepository
    ) -> None:
        """R4: details come back immutable, at every depth."""
        action = an_action(details={"sent": ["a"]})
        repository.add(action)

        found: Any = repository.get(action.id)

        with pytest.raises(TypeError):
            found.details["more"] = 1
        with pytest.raises(TypeError):
            found.details["sent"].append("b")

    def test_r4_given_details_are_the_callers(
        self, repository: ActionRepository
    ) -> None:
        """R4: to change the dict that details were made of changes nothing stored."""
        given: dict[str, Any] = {"sent": ["a"]}
        action = an_action(details=given)
        repository.add(action)
        given["sent"].append("b")
        given["more"] = 1

        found = repository.get(action.id)

        assert found is not None
        assert {"sent": ["a"]} == found.details

    def test_r30_an_unknown_id_has_no_action(
        self, repository: ActionRepository
    ) -> None:
        """R30: `get` returns None where there is no such action."""
        repository.add(an_action())

        assert repository.get(an_action().id) is None

    def test_r30_the_first_of_several_with_one_id_is_returned(
        self, repository: ActionRepository
    ) -> None:
        """R30: of several with one id, the first by created_at, then assignment_id."""
        shared = an_id(9)
        late = an_action(UUID(int=1), id=shared, created_at=a_moment(1))
        first, second = (an_action(UUID(int=n), id=shared) for n in (2, 0xFF << 120))
        repository.add(late, second, first)

        assert first == repository.get(shared)

    def test_r40_every_id_has_a_timeline_in_the_order_asked(
        self, repository: ActionRepository
    ) -> None:
        """R40: the answer has every id asked for, in that order, once."""
        actions = [an_action() for _ in range(5)]
        repository.add(*actions)
        asked = [an_assignment_id(), *(action.assignment_id for action in actions)]

        found = repository.timelines([*asked, *asked[:2]])

        assert asked == list(found)

    def test_r40_no_ids_no_timelines(self, repository: ActionRepository) -> None:
        """R40: of no assignments there are no timelines."""
        repository.add(an_action())

        assert {} == repository.timelines([])
        assert {} == repository.timelines(set(), ["notified"])

    def test_r40_timelines_of_thousands(self, repository: ActionRepository) -> None:
        """R40: 5 000 ids are asked for at once; each has its own actions."""
        asked = [an_assignment_id() for _ in range(5_000)]
        actions = [an_action(one) for one in (asked[0], asked[2_500], asked[-1])]
        repository.add(*actions, an_action())

        found = repository.timelines(asked)

        assert asked == list(found)
        assert actions == [action for timeline in found.values() for action in timeline]

    def test_r41_a_timeline_is_empty_where_nothing_happened(
        self, repository: ActionRepository
    ) -> None:
        """R41: an assignment nobody knows has an empty timeline."""
        asked = an_assignment_id()

        assert {asked: Timeline()} == repository.timelines([asked])

    @pytest.mark.parametrize(
        ("types", "expected"),
        [
            (None, ["notified", "reminded", "retired_type"]),
            (["reminded"], ["reminded"]),
            ({"reminded", "retired_type", "never"}, ["reminded", "retired_type"]),
            (["remind"], []),
            ([], []),
        ],
        ids=["all", "one", "several", "part of a name", "none"],
    )
    def test_r42_types_narrow(
        self, repository: ActionRepository, types: Any, expected: list[str]
    ) -> None:
        """R42: only actions of the types given; none where no type is given."""
        assignment_id = an_assignment_id()
        repository.add(
            *(
                an_action(assignment_id, action_type=one, created_at=a_moment(at))
                for at, one in enumerate(["notified", "reminded", "retired_type"])
            )
        )

        found = repository.timelines([assignment_id], types)

        assert {assignment_id: expected} == {
            key: [action.action_type for action in timeline]
            for key, timeline in found.items()
        }

    @pytest.mark.parametrize(
        "statuses",
        [None, *([one] for one in ActionStatus), {*list(ActionStatus)[1:3]}, []],
        ids=["all", *ActionStatus, "several", "none"],
    )
    def test_r102_statuses_narrow(
        self, repository: ActionRepository, statuses: Any
    ) -> None:
        """R102: only actions stored in the statuses given; what is overdue is open."""
        assignment_id = an_assignment_id()
        actions = [
            an_action(
                assignment_id,
                status=status,
                created_at=a_moment(at + lap),
                overdue_at=a_moment() - timedelta(days=9),
            ).without_stacktrace()
            for lap in (0, 10)
            for at, status in enumerate(ActionStatus)
        ]
        repository.add(*shuffled(actions))

        found = repository.timelines([assignment_id], None, statuses)

        wanted = ActionStatus if statuses is None else statuses
        assert {assignment_id: [it for it in actions if it.status in wanted]} == {
            key: list(timeline) for key, timeline in found.items()
        }

    def test_r102_statuses_narrow_many(self, repository: ActionRepository) -> None:
        """R102: so they do for several assignments, and what types leave."""
        asked = [an_assignment_id() for _ in range(3)]
        for one in asked[:2]:
            repository.add(
                *(
                    an_action(one, status=status, action_type=action_type)
                    for status in ActionStatus
                    for action_type in ("notified", "reminded")
                )
            )
        statuses = [ActionStatus.FAILED, ActionStatus.UNKNOWN]

        found = repository.timelines(asked, ["reminded"], statuses)

        assert asked == list(found)
        assert [{"failed reminded", "unknown reminded"}] * 2 + [set()] == [
            {f"{it.status} {it.action_type}" for it in timeline}
            for timeline in found.values()
        ]
        assert [0, 0, 0] == [
            len(it) for it in repository.timelines(asked, None, []).values()
        ]


def emptied(answer: object) -> None:
    """Empty what a repository returned, where that is possible."""
    if isinstance(answer, (MutableMapping, MutableSequence)):
        answer.clear()
