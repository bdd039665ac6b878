"""Adapters that are wrong in one way each, and the tests of the contract that tell."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar
from uuid import UUID

import attrs

from assignment_actions import (
    Action,
    ActionFilter,
    ActionStatus,
    DuplicateActionError,
    InMemoryActionRepository,
    Timeline,
)
from assignment_actions.domain.action import success_order
from assignment_actions.domain.filters import Cursor, Dimension
from assignment_actions.domain.values import AssignmentId

AS_BEHIND = timezone(timedelta(hours=-5))


class Broken(InMemoryActionRepository):
    """Be right: what the others differ from, by the hook that each overrides."""

    caught_by: ClassVar[tuple[str, ...]] = ()

    def as_stored(self, action: Action) -> Action:
        return action

    def add(self, /, *actions: Action) -> None:
        super().add(*map(self.as_stored, actions))

    def complete(self, action: Action, /) -> bool:
        return super().complete(self.as_stored(action))


def with_times(action: Action, change: Any) -> Action:
    """Return an action with its times changed, past all checks."""
    changed = attrs.evolve(action)
    for name in ("created_at", "completed_at", "overdue_at", "unknown_at"):
        value = getattr(action, name)
        if value is not None:
            object.__setattr__(changed, name, change(value))
    return changed


# -- what is stored --------------------------------------------------------------------


class DropsMicroseconds(Broken):
    """Keeps times to the second, as a plain DATETIME of MariaDB does."""

    caught_by = (
        "test_r2_an_action_comes_back_equal",
        "test_r61_a_cursor_need_not_be_a_stored_action",
    )

    def as_stored(self, action: Action) -> Action:
        return with_times(action, lambda it: it.replace(microsecond=0))


class ShiftsToLocalTime(Broken):
    """Writes the wall clock of its own time zone and reads it as UTC."""

    caught_by = (
        "test_r2_another_time_zone_is_the_same_instant",
        "test_r71_a_day_is_the_utc_day_of_creation",
    )

    def as_stored(self, action: Action) -> Action:
        return with_times(action, shifted)


def shifted(value: datetime) -> datetime:
    """Return another instant: the one that a naive column gives back."""
    try:
        return value - timedelta(hours=5)
    except OverflowError:
        return value


class AnswersInLocalTime(Broken):
    """Returns the right instants in the zone of the session."""

    caught_by = ("test_r2_times_come_back_in_utc",)

    def get(self, action_id: UUID, /) -> Action | None:
        found = super().get(action_id)
        return found and with_times(found, lambda it: it.astimezone(AS_BEHIND))


class KeepsThreeBytes(Broken):
    """Replaces what a charset of three bytes cannot hold."""

    caught_by = (
        "test_r2_a_failure_comes_back_equal",
        "test_r2_a_completions_failure_comes_back_equal",
    )

    def as_stored(self, action: Action) -> Action:
        failure = action.failure
        if failure is None or failure.stacktrace is None:
            return action
        kept = "".join(it if it < "\U00010000" else "?" for it in failure.stacktrace)
        return attrs.evolve(action, failure=attrs.evolve(failure, stacktrace=kept))


class StripsBlanks(Broken):
    """Keeps texts without their trailing blanks, as a CHAR column does."""

    caught_by = ("test_r2_a_text_comes_back_equal", "test_r60_matches_is_the_meaning")

    def as_stored(self, action: Action) -> Action:
        key, actor = action.key, action.actor
        return attrs.evolve(
            action,
            key=key and (key.rstrip(" ") or key),
            actor=actor and (actor.rstrip(" ") or actor),
        )


class TurnsNumbersToFloats(Broken):
    """Keeps details as a JSON type with one kind of number does."""

    caught_by = ("test_r2_details_come_back_exactly",)

    def as_stored(self, action: Action) -> Action:
        text = json.dumps(action.details)
        return attrs.evolve(action, details=json.loads(text, parse_int=float))


class SharesItsDetails(Broken):
    """Hands out details that the caller can change."""

    caught_by = ("test_r4_returned_details_cannot_be_changed",)

    def get(self, action_id: UUID, /) -> Action | None:
        found = super().get(action_id)
        if found is not None:
            plain = json.loads(json.dumps(found.details))
            object.__setattr__(found, "details", plain)
        return found


# -- what is refused -------------------------------------------------------------------


class OverwritesDuplicates(Broken):
    """Stores the later of two actions with one id, as an upsert does."""

    caught_by = (
        "test_r11_an_id_is_stored_once",
        "test_r11_nothing_is_overwritten",
        "test_r12_an_attempt_under_a_key_is_stored_once",
    )

    def _require_new(self, actions: Sequence[Action]) -> None:
        self._require_kind(action.assignment_id for action in actions)

    def _store_new(self, action: Action) -> None:
        if (action.assignment_id, action.id) in self._actions:
            self._actions[action.assignment_id, action.id] = action
        else:
            super()._store_new(action)


class StoresHalfABatch(Broken):
    """Commits each action of a batch on its own."""

    caught_by = (
        "test_r10_a_duplicate_refuses_its_whole_batch",
        "test_r10_a_large_batch_is_all_or_nothing",
        "test_r5_a_batch_of_two_kinds_is_refused_whole",
    )

    def add(self, /, *actions: Action) -> None:
        for action in actions:
            super().add(action)


class FoldsKeys(Broken):
    """Takes keys for equal that differ in case or blanks, as MariaDB's default does."""

    caught_by = (
        "test_r12_another_key_attempt_type_or_assignment_is_no_duplicate",
        "test_r60_matches_is_the_meaning",
    )

    def as_stored(self, action: Action) -> Action:
        key = action.key
        return attrs.evolve(action, key=key and (key.casefold().strip() or key))


class TakesIdsForUniqueEverywhere(Broken):
    """Refuses the same id for another assignment, as a primary key on it does."""

    caught_by = ("test_r11_one_id_for_two_assignments_is_two_actions",)

    def _require_new(self, actions: Sequence[Action]) -> None:
        super()._require_new(actions)
        for action in actions:
            for assignment_id, _ in self._by_id.get(action.id, ()):
                super()._require_new(
                    [attrs.evolve(action, assignment_id=assignment_id)]
                )


class TakesAnyKind(Broken):
    """Does not look at the kind of an assignment id."""

    caught_by = (
        "test_r5_another_kind_is_a_type_error",
        "test_r5_a_uuid_as_text_is_another_kind",
        "test_r5_one_wrong_id_among_many_is_refused",
    )

    def _require_kind(self, assignment_ids: Any) -> None:
        del assignment_ids


class RemembersWhatItRefused(Broken):
    """Leaves the ids of a refused batch taken."""

    caught_by = ("test_r6_a_refusal_leaves_the_repository_as_it_was",)

    def add(self, /, *actions: Action) -> None:
        try:
            super().add(*actions)
        except DuplicateActionError as error:
            for action in actions:
                if action is not error.refused:
                    super().add(attrs.evolve(action, actor="half done"))
            raise


class RacesForKeys(Broken):
    """Looks for a duplicate first and inserts afterwards, without a constraint."""

    caught_by = (
        "test_r12_one_of_many_rivals_takes_a_key",
        "test_r11_one_of_many_rivals_takes_an_id",
    )

    def add(self, /, *actions: Action) -> None:
        self._require_new(actions)
        time.sleep(0.01)
        for action in actions:
            self._store_new(action)


# -- how it is completed ---------------------------------------------------------------


class CompletesBlindly(Broken):
    """Updates whatever is stored, without compare-and-set."""

    caught_by = (
        "test_r20_a_final_outcome_stands",
        "test_r20_unknown_does_not_replace_unknown",
        "test_r20_one_of_many_rivals_completes",
    )

    def complete(self, action: Action, /) -> bool:
        stored = self._actions.get((action.assignment_id, action.id))
        if stored is None or not action.status.replaces:
            return super().complete(action)
        started = attrs.evolve(
            stored,
            status=ActionStatus.IN_PROGRESS,
            completed_at=None,
            failure=None,
            unknown_at=None,
        )
        self._actions[action.assignment_id, action.id] = started
        return super().complete(action)


class RacesToComplete(Broken):
    """Reads the status first and writes afterwards."""

    caught_by = ("test_r20_one_of_many_rivals_completes",)

    def complete(self, action: Action, /) -> bool:
        stored = self._actions.get((action.assignment_id, action.id))
        replaced = stored and stored.replaced_by(action)
        time.sleep(0.01)
        if replaced is None:
            return False
        self._actions[action.assignment_id, action.id] = replaced
        return True


class DropsUnknownAt(Broken):
    """Forgets with a completion that the action was unknown before."""

    caught_by = ("test_r21_a_late_completion_keeps_unknown_at",)

    def complete(self, action: Action, /) -> bool:
        is_stored = super().complete(action)
        if is_stored and action.status.is_final:
            identity = action.assignment_id, action.id
            self._actions[identity] = attrs.evolve(
                self._actions[identity], unknown_at=None
            )
        return is_stored


class StoresTheWholeCompletion(Broken):
    """Replaces the row, not the outcome."""

    caught_by = ("test_r21_all_else_stays_as_it_was",)

    def complete(self, action: Action, /) -> bool:
        is_stored = super().complete(action)
        if is_stored:
            self._actions[action.assignment_id, action.id] = action
        return is_stored


class MergesDetails(Broken):
    """Patches the stored details with those of the completion."""

    caught_by = ("test_r21_details_are_the_completions",)

    def complete(self, action: Action, /) -> bool:
        stored = self._actions.get((action.assignment_id, action.id))
        before = {} if stored is None else stored.details
        return super().complete(
            attrs.evolve(action, details={**before, **action.details})
        )


class CompletesByIdAlone(Broken):
    """Looks for what to complete by its id, whosever it is."""

    caught_by = ("test_r22_the_assignment_is_part_of_the_identity",)

    def complete(self, action: Action, /) -> bool:
        for assignment_id, _ in self._by_id.get(action.id, ()):
            return super().complete(attrs.evolve(action, assignment_id=assignment_id))
        return False


class TakesAnUpsertForACompletion(Broken):
    """Stores a completion of what was never stored."""

    caught_by = ("test_r22_what_was_never_stored_is_not_completed",)

    def complete(self, action: Action, /) -> bool:
        if (action.assignment_id, action.id) in self._actions:
            return super().complete(action)
        self.add(action)
        return True


class CompletesWithoutAnOutcome(Broken):
    """Takes an action in progress for an outcome that is merely refused."""

    caught_by = ("test_r23_an_action_in_progress_is_no_outcome",)

    def complete(self, action: Action, /) -> bool:
        return bool(action.status.replaces) and super().complete(action)


# -- what is answered ------------------------------------------------------------------


class TimelinesInInsertOrder(Broken):
    """Forgets ORDER BY in timelines."""

    caught_by = (
        "test_r1_a_timeline_is_ordered_by_creation",
        "test_r1_equal_times_are_ordered_by_id",
    )

    def _store_new(self, action: Action) -> None:
        super()._store_new(action)
        timeline = self._by_assignment[action.assignment_id]
        timeline.remove((action.assignment_id, action.id))
        timeline.append((action.assignment_id, action.id))


class SortsIdsByTheirEnd(Broken):
    """Orders ids as a native UUID column may: by other bytes first."""

    caught_by = ("test_r1_equal_times_are_ordered_by_id",)

    def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        found = super().timelines(assignment_ids, types)
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
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        found = super().timelines(assignment_ids, types)
        return {one: timeline for one, timeline in found.items() if timeline}


class IgnoresTypes(Broken):
    """Returns every type whatever types were asked for."""

    caught_by = ("test_r42_types_narrow",)

    def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,  # noqa: ARG002
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        return super().timelines(assignment_ids)


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
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        found = super().timelines(assignment_ids, types)
        return {
            one: Timeline.in_order(map(self._whole, it)) for one, it in found.items()
        }

    def find(
        self, action_filter: ActionFilter, limit: int, after: Cursor | None = None, /
    ) -> Sequence[Action]:
        return [*map(self._whole, super().find(action_filter, limit, after))]


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

    caught_by = (
        "test_r50_only_ids_with_a_success_in_the_order_asked",
        "test_r50_latest_successes_of_thousands",
    )

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


class FindsInInsertOrder(Broken):
    """Forgets ORDER BY in find."""

    caught_by = ("test_r1_the_newest_come_first", "test_r1_ties_end_at_the_assignment")

    def find(
        self, action_filter: ActionFilter, limit: int, after: Cursor | None = None, /
    ) -> Sequence[Action]:
        found = super().find(action_filter, 10**6, after)
        places = list(self._actions)
        inserted = sorted(
            found, key=lambda it: places.index((it.assignment_id, it.id)), reverse=True
        )
        return inserted[:limit]


class CursorIncludesItself(Broken):
    """Goes on at the cursor, not after it."""

    caught_by = (
        "test_r61_pages_lose_and_repeat_nothing",
        "test_r60_thousands_of_assignments",
    )

    def find(
        self, action_filter: ActionFilter, limit: int, after: Cursor | None = None, /
    ) -> Sequence[Action]:
        found = super().find(action_filter, 10**6)
        rest = [it for it in found if after is None or Cursor.of(it) <= after]
        return rest[:limit]


class CursorForgetsTheAssignment(Broken):
    """Compares time and id only: what shares both is lost between pages."""

    caught_by = (
        "test_r61_one_id_of_several_assignments_is_no_end",
        "test_r61_pages_lose_and_repeat_nothing",
    )

    def find(
        self, action_filter: ActionFilter, limit: int, after: Cursor | None = None, /
    ) -> Sequence[Action]:
        if after is not None:
            after = attrs.evolve(after, assignment_id=UUID(int=0))
        return super().find(action_filter, limit, after)


class CursorIsAnOffset(Broken):
    """Skips what the last page showed, however far that has moved."""

    caught_by = ("test_r61_a_cursor_need_not_be_a_stored_action",)

    def find(
        self, action_filter: ActionFilter, limit: int, after: Cursor | None = None, /
    ) -> Sequence[Action]:
        found = super().find(action_filter, 10**6)
        places = [Cursor.of(it) for it in found]
        start = places.index(after) + 1 if after in places else 0
        return found[start : start + limit]


class TakesEmptyForAll(Broken):
    """Leaves a condition out where its collection is empty."""

    caught_by = ("test_r60_an_empty_collection_is_none",)

    def _newest_first(self, action_filter: ActionFilter) -> Any:
        fields = attrs.asdict(action_filter, recurse=False)
        return super()._newest_first(
            ActionFilter(**{name: value for name, value in fields.items() if value})
        )


class TakesZeroForAll(Broken):
    """Leaves LIMIT out where it is 0."""

    caught_by = ("test_r62_limit_0_returns_none",)

    def find(
        self, action_filter: ActionFilter, limit: int, after: Cursor | None = None, /
    ) -> Sequence[Action]:
        return super().find(action_filter, limit or 10**6, after)


class CountsEverything(Broken):
    """Counts without looking at the filter."""

    caught_by = ("test_r70_as_many_as_are_found", "test_r70_thousands_of_assignments")

    def count(self, action_filter: ActionFilter, /) -> int:  # noqa: ARG002
        return len(self._actions)


class CountsNothings(Broken):
    """Counts what has no value under an empty one."""

    caught_by = ("test_r72_what_has_no_failure_is_absent",)

    def count_by(
        self, action_filter: ActionFilter, dimension: Dimension, /
    ) -> Mapping[str, int]:
        counts = dict(super().count_by(action_filter, dimension))
        missing = self.count(action_filter) - sum(counts.values())
        return counts | {"": missing} if missing else counts


class FoldsWhatItCounts(Broken):
    """Groups by a column that ignores letter case and blanks."""

    caught_by = ("test_r71_dimension_of_is_the_meaning",)

    def count_by(
        self, action_filter: ActionFilter, dimension: Dimension, /
    ) -> Mapping[str, int]:
        folded: dict[str, int] = {}
        for value, count in super().count_by(action_filter, dimension).items():
            one = value.casefold().strip()
            folded[one] = folded.get(one, 0) + count
        return folded


class SharesItsAnswers(Broken):
    """Keeps an answer and hands out the same object again."""

    caught_by = (
        "test_r4_a_returned_page_is_the_callers",
        "test_r4_returned_counts_are_the_callers",
        "test_r4_a_returned_timeline_is_the_callers",
    )

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._answers: dict[str, Any] = {}

    def _kept(self, question: str, answer: Any) -> Any:
        return self._answers.setdefault(f"{question} of {len(self._actions)}", answer)

    def find(self, *arguments: Any) -> Sequence[Action]:
        kept: Sequence[Action] = self._kept("find", super().find(*arguments))
        return kept

    def count_by(self, *arguments: Any) -> Mapping[str, int]:
        kept: Mapping[str, int] = self._kept("by", super().count_by(*arguments))
        return kept

    def timelines(self, *arguments: Any) -> Mapping[AssignmentId, Timeline]:
        kept: Mapping[AssignmentId, Timeline] = self._kept(
            "timelines", super().timelines(*arguments)
        )
        return kept


class IsAlwaysOpen(Broken):
    """Says that a transaction waits where there is none."""

    caught_by = (
        "test_r82_without_transactions_nothing_is_joined",
        "test_r83_nothing_written_nothing_open",
    )

    @property
    def is_open(self) -> bool:
        return True


class ClosesOnce(Broken):
    """Breaks where it is closed again."""

    caught_by = ("test_r90_closing_again_is_harmless",)

    def close(self) -> None:
        del self._lock


ALL_BROKEN: tuple[type[Broken], ...] = tuple(Broken.__subclasses__())
