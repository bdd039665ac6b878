"""Adapters that count wrong, share what they answer, or end badly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contract.broken.right import Broken

from assignment_actions import (
    Action,
    ActionFilter,
    FailureGroup,
    Timeline,
)
from assignment_actions.domain.filters import Dimension
from assignment_actions.domain.values import AssignmentId


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
        "test_r4_a_returned_search_is_the_callers",
        "test_r4_returned_groups_are_the_callers",
    )

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._answers: dict[str, Any] = {}

    def _kept(self, question: str, answer: Any) -> Any:
        return self._answers.setdefault(f"{question} of {len(self._actions)}", answer)

    def find(self, *arguments: Any) -> Sequence[Action]:
        kept: Sequence[Action] = self._kept("find", super().find(*arguments))
        return kept

    def search(self, *arguments: Any) -> Sequence[Action]:
        kept: Sequence[Action] = self._kept("search", super().search(*arguments))
        return kept

    def failure_groups(self, *arguments: Any) -> Sequence[FailureGroup]:
        kept: Sequence[FailureGroup] = self._kept(
            "groups", super().failure_groups(*arguments)
        )
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
