"""Adapters that group failures wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

import attrs
from contract.broken.right import Broken

from assignment_actions import Action, ActionFilter, ActionStatus, FailureGroup
from assignment_actions.domain.groups import group_failures


class SeesOnlyWhatIsAskedAbout(Broken):
    """Puts the moment into WHERE: the first failure is the first since then."""

    caught_by = ("test_r73_since_when_is_about_all_that_is_stored",)

    def grouped(
        self, failed: Iterable[Action], since: datetime | None
    ) -> Sequence[FailureGroup]:
        recent = (it for it in failed if since is None or _at(it) >= since)
        return super().grouped(recent, since)


class GroupsTheUnknown(Broken):
    """Takes whatever has a failure for failed."""

    caught_by = ("test_r73_only_what_failed_counts",)

    def failure_groups(
        self,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        /,
    ) -> Sequence[FailureGroup]:
        given = (
            attrs.evolve(
                it,
                status=ActionStatus.FAILED,
                completed_at=it.completed_at or it.unknown_at,
            )
            for it in self._newest_first(ActionFilter(action_types=types))
            if it.failure is not None
        )
        return self.grouped(map(Action.without_stacktrace, given), since)


class ShowsTheOldest(Broken):
    """Shows the failure that came first."""

    caught_by = ("test_r73_the_example_is_the_newest",)

    def grouped(
        self, failed: Iterable[Action], since: datetime | None
    ) -> Sequence[FailureGroup]:
        found = list(failed)
        return [
            attrs.evolve(
                group,
                example=min(
                    (it for it in found if _kind(it) == group.fingerprint), key=_at
                ),
            )
            for group in super().grouped(found, since)
        ]


class ShowsTheLastCreated(Broken):
    """Takes the newest by creation for the newest."""

    caught_by = ("test_r73_the_example_is_the_newest",)

    def grouped(
        self, failed: Iterable[Action], since: datetime | None
    ) -> Sequence[FailureGroup]:
        found = list(failed)
        return [
            attrs.evolve(
                group,
                example=next(it for it in found if _kind(it) == group.fingerprint),
            )
            for group in super().grouped(found, since)
        ]


class CountsAffectedOften(Broken):
    """Forgets DISTINCT: an assignment counts for each of its failures."""

    caught_by = ("test_r73_how_often_and_for_how_many",)

    def grouped(
        self, failed: Iterable[Action], since: datetime | None
    ) -> Sequence[FailureGroup]:
        found = super().grouped(failed, since)
        return [attrs.evolve(group, assignments=group.count) for group in found]


class GroupsAfterTheMoment(Broken):
    """Leaves out what failed at the very moment."""

    caught_by = ("test_r73_a_moment_is_within",)

    def grouped(
        self, failed: Iterable[Action], since: datetime | None
    ) -> Sequence[FailureGroup]:
        return super().grouped(failed, since and since + timedelta(microseconds=1))


class GroupsByCreation(Broken):
    """Asks when an action began, not when it failed."""

    caught_by = ("test_r73_completion_decides_not_creation",)

    def grouped(
        self, failed: Iterable[Action], since: datetime | None
    ) -> Sequence[FailureGroup]:
        recent = (it for it in failed if since is None or it.created_at >= since)
        return super().grouped(recent, None)


class FoldsFingerprints(Broken):
    """Groups in a collation that ignores letter case and blanks."""

    caught_by = ("test_r73_fingerprints_differ_by_code_point",)

    def grouped(
        self, failed: Iterable[Action], since: datetime | None
    ) -> Sequence[FailureGroup]:
        return super().grouped(map(_folded, failed), since)


class GroupsByReasonToo(Broken):
    """Selects the reason, and so must group by it."""

    caught_by = ("test_r73_the_example_tells_reason_and_type",)

    def grouped(
        self, failed: Iterable[Action], since: datetime | None
    ) -> Sequence[FailureGroup]:
        by_reason: dict[str, list[Action]] = {}
        for it in failed:
            assert it.failure is not None
            by_reason.setdefault(it.failure.reason, []).append(it)
        return [
            group
            for some in by_reason.values()
            for group in super(GroupsByReasonToo, self).grouped(some, since)
        ]


class GroupsWithStacktraces(Broken):
    """Loads the stacktraces of its examples."""

    caught_by = ("test_r73_the_example_is_whole_but_for_its_stacktrace",)

    def failure_groups(
        self,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        /,
    ) -> Sequence[FailureGroup]:
        failed = ActionFilter(statuses=[ActionStatus.FAILED], action_types=types)
        return self.grouped(self._newest_first(failed), since)


class TakesNoTypesForAll(Broken):
    """Leaves the condition out where no type is given."""

    caught_by = ("test_r73_group_failures_is_the_meaning",)

    def failure_groups(
        self,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        /,
    ) -> Sequence[FailureGroup]:
        return super().failure_groups(types or None, since)


class GroupsWithPlainWords(Broken):
    """Returns the words of known types and reasons, not their members."""

    caught_by = ("test_r73_known_words_are_members_and_others_text",)

    def grouped(
        self, failed: Iterable[Action], since: datetime | None
    ) -> Sequence[FailureGroup]:
        found = super().grouped(failed, since)
        return [attrs.evolve(group, reason=str(group.reason)) for group in found]


class GroupsNothing(Broken):
    """Answers with a sum even of nothing, as SELECT count(*) does."""

    caught_by = ("test_r73_nothing_failed",)

    def grouped(
        self, failed: Iterable[Action], since: datetime | None
    ) -> Sequence[FailureGroup]:
        found = super().grouped(failed, since)
        if found or not self._actions:
            return found
        example = next(iter(self._actions.values()))
        group = FailureGroup(
            *("", "", "", 0, 0), example.created_at, example.created_at, example
        )
        return [group]


class CallsEveryKindNew(Broken):
    """Calls new whatever failed since the moment."""

    caught_by = ("test_r73_new_is_what_never_failed_before",)

    def grouped(
        self, failed: Iterable[Action], since: datetime | None
    ) -> Sequence[FailureGroup]:
        found = group_failures(failed, since)
        return [attrs.evolve(group, is_new=True) for group in found]


def _at(action: Action) -> datetime:
    assert action.completed_at is not None
    return action.completed_at


def _kind(action: Action) -> str:
    assert action.failure is not None
    return action.failure.fingerprint


def _folded(action: Action) -> Action:
    assert action.failure is not None
    fingerprint = action.failure.fingerprint.casefold().strip()
    failure = attrs.evolve(action.failure, fingerprint=fingerprint)
    return attrs.evolve(action, failure=failure)
