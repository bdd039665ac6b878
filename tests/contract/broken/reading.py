"""Adapters whose timelines and latest successes are wrong."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from contract.broken.right import Broken

from assignment_actions import (
    Action,
    ActionFilter,
    ActionStatus,
    Timeline,
)
from assignment_actions.domain.action import success_order
from assignment_actions.domain.filters import Cursor
from assignment_actions.domain.values import AssignmentId


class TimelinesInInsertOrder(Broken):
    """Forgets ORDER BY in timelines."""

    caught_by = (
        "test_r1_a_timeline_is_ordered_by_creation",
        "test_r1_equal_times_are_ordered_by_id",
    )

    def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,
        statuses: Collection[ActionStatus] | None = None,
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        found = super().timelines(assignment_ids, types, statuses)
        places = {identity: place for place, identity in enumerate(self._actions)}
        return {
            one: Timeline.in_order(
                sorted(actions, key=lambda it: places[it.assignment_id, it.id])
            )
            for one, actions in found.items()
        }


class SortsIdsByTheirEnd(Broken):
    """Orders ids as a native UUID column may: by other bytes first."""

    caught_by = ("test_r1_equal_times_are_ordered_by_id",)

    def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,
        statuses: Collection[ActionStatus] | None = None,
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        found = super().timelines(assignment_ids, types, statuses)
        return {
            one: Timeline.in_order(
                sorted(actions, key=lambda it: (it.created_at, it.id.bytes[::-1]))
            )
            for one, actions in found.items()
        }


class ForgetsEmptyTimelines(Broken):
    """Answers with the ids that its join found."""

    caught_by = (
        "test_r41_a_timeline_is_empty_where_nothing_happened",
        "test_r40_every_id_has_a_timeline_in_the_order_asked",
    )

    def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,
        statuses: Collection[ActionStatus] | None = None,
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        found = super().timelines(assignment_ids, types, statuses)
        return {one: timeline for one, timeline in found.items() if timeline}


class IgnoresTypes(Broken):
    """Returns every type whatever types were asked for."""

    caught_by = ("test_r42_types_narrow",)

    def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,  # noqa: ARG002
        statuses: Collection[ActionStatus] | None = None,
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        return super().timelines(assignment_ids, None, statuses)


class IgnoresStatuses(Broken):
    """Returns actions in every status whatever statuses were asked for."""

    caught_by = ("test_r102_statuses_narrow",)

    def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,
        statuses: Collection[ActionStatus] | None = None,  # noqa: ARG002
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        return super().timelines(assignment_ids, types)


class TakesNoStatusesForAll(Broken):
    """Asks whether there are statuses by their truth: none of them means all."""

    caught_by = ("test_r102_statuses_narrow",)

    def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,
        statuses: Collection[ActionStatus] | None = None,
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        return super().timelines(assignment_ids, types, statuses or None)


class NarrowsOneTimelineOnly(Broken):
    """Forgets the statuses where several assignments are asked about."""

    caught_by = ("test_r102_statuses_narrow_many",)

    def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,
        statuses: Collection[ActionStatus] | None = None,
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        stored_in = statuses if len(assignment_ids) == 1 else None
        return super().timelines(assignment_ids, types, stored_in)


class LoadsStacktraces(Broken):
    """Selects every column in lists too."""

    caught_by = (
        "test_r3_timelines_leave_stacktraces_out",
        "test_r3_find_leaves_stacktraces_out",
    )

    def _whole(self, action: Action) -> Action:
        return self._actions[action.assignment_id, action.id]

    def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,
        statuses: Collection[ActionStatus] | None = None,
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        found = super().timelines(assignment_ids, types, statuses)
        return {
            one: Timeline.in_order(map(self._whole, it)) for one, it in found.items()
        }

    def find(
        self,
        action_filter: ActionFilter,
        limit: int,
        after: Cursor | None = None,
        before: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        return [*map(self._whole, super().find(action_filter, limit, after, before))]


class GetsNoStacktrace(Broken):
    """Loads one action as a list does."""

    caught_by = ("test_r3_timelines_leave_stacktraces_out",)

    def get(self, action_id: UUID, /) -> Action | None:
        found = super().get(action_id)
        return found and found.without_stacktrace()


class GetsTheLastOfSeveral(Broken):
    """Returns whichever assignment's action comes last under an id."""

    caught_by = ("test_r30_the_first_of_several_with_one_id_is_returned",)

    def get(self, action_id: UUID, /) -> Action | None:
        found = [it for it in self._actions.values() if it.id == action_id]
        return max(found, key=Cursor.of, default=None)


class AnswersInItsOwnOrder(Broken):
    """Answers in the order of the ids, not in that asked."""

    caught_by = ("test_r50_only_ids_with_a_success_in_the_order_asked",)

    def latest_successes(
        self,
        assignment_ids: Collection[AssignmentId],
        action_type: str | None = None,
        /,
    ) -> Mapping[AssignmentId, Action]:
        found = super().latest_successes(assignment_ids, action_type)
        return dict(sorted(found.items(), key=lambda it: str(it[0])))


class LatestIsNotNull(Broken):
    """Takes what has no failure for a success, and sorts NULL first."""

    caught_by = (
        "test_r51_only_a_success_counts",
        "test_r51_without_a_success_there_is_none",
    )

    def latest_successes(
        self,
        assignment_ids: Collection[AssignmentId],
        action_type: str | None = None,
        /,
    ) -> Mapping[AssignmentId, Action]:
        types = None if action_type is None else [action_type]
        return {
            one: max(
                candidates,
                key=lambda it: (
                    it.completed_at is None,
                    it.completed_at or it.created_at,
                ),
            )
            for one, timeline in self.timelines(assignment_ids, types).items()
            if (candidates := [it for it in timeline if it.failure is None])
        }


class LatestByCreation(Broken):
    """Takes the success that began last for the latest one."""

    caught_by = ("test_r51_the_greatest_is_the_latest",)

    def latest_successes(
        self,
        assignment_ids: Collection[AssignmentId],
        action_type: str | None = None,
        /,
    ) -> Mapping[AssignmentId, Action]:
        types = None if action_type is None else [action_type]
        return {
            one: max(
                timeline.successes(), key=lambda it: (it.created_at, success_order(it))
            )
            for one, timeline in self.timelines(assignment_ids, types).items()
            if timeline.successes()
        }
