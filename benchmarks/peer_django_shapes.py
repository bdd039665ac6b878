"""Two ways in which pages of assignments are asked about by one query after another."""
# The peers are not installed where types are checked.
# mypy: ignore-errors

from __future__ import annotations

from uuid import UUID

from benchmarks.django_models import AbstractAction
from benchmarks.peer_django import Django
from benchmarks.workloads import Facts, Ids, Without

ENDS = {
    "expired": ("expired", "expired_acknowledged"),
    "cancelled": ("cancelled", "cancelled_acknowledged"),
}


class DjangoOneByOne(Without):
    """Ask about each assignment by a query of its own."""

    name = "Django, one query per assignment"
    is_one_by_one = True

    def __init__(self, django: Django) -> None:
        self._django = django

    def identify(self, found: AbstractAction, /) -> UUID:
        """Return the id."""
        return found.pk

    def latest_of_page(self, ids: Ids, /) -> dict[UUID, AbstractAction | None]:
        """Ask for the latest success, again and again."""
        return {one: self._django.latest_successful(one) for one in ids}

    def timelines_of_page(self, ids: Ids, /) -> dict[UUID, list[AbstractAction]]:
        """Ask for the timeline, again and again."""
        return {one: self._django.timeline(one) for one in ids}

    def summaries(self, facts: Facts, /) -> dict[UUID, tuple[str | None, UUID | None]]:
        """Ask for the timeline, again and again, and say what the page shows."""
        return {
            one: _shown(known.state, self._django.timeline(one))
            for one, known in facts.items()
        }


class ExistingShape(Without):
    """
    Ask as the existing implementation does, per assignment and per action type.

    The actions of the page with their stacktraces, prefetched and then hardly used;
    for each assignment the last notification (it says when the assignment expires);
    its failures with their stacktraces and once more the last one, or the latest end
    and its acknowledgement; and for each end that is listed the acknowledgement again.
    What the host asks about its own rows is left out.
    """

    name = "Django, as in the existing implementation"
    is_one_by_one = True

    def __init__(self, django: Django) -> None:
        self._objects = django._objects  # noqa: SLF001  # two ways to ask one table

    def summaries(self, facts: Facts, /) -> dict[UUID, tuple[str | None, UUID | None]]:
        """Return the learner's state and the failure that the page shows."""
        prefetched: dict[UUID, list[AbstractAction]] = {one: [] for one in facts}
        for action in self._objects.filter(assignment_id__in=list(facts)):
            prefetched[action.assignment_id].append(action)
        shown = {}
        for one, known in facts.items():
            self._latest(one, "notified")
            for action in prefetched[one]:
                if action.action_type in ENDS:
                    self._latest(one, ENDS[action.action_type][1])
            if known.state in ENDS:
                end, acknowledgement = ENDS[known.state]
                self._latest(one, end)
                self._latest(one, acknowledgement)
            failure = self._last_failure(one) if known.state == "allocated" else None
            state = _learner_state(known.state, prefetched[one])
            shown[one] = state, failure and failure.pk
        return shown

    def _latest(self, assignment_id: UUID, action_type: str) -> AbstractAction | None:
        return (
            self._objects.filter(
                assignment_id=assignment_id, action_type=action_type, status="succeeded"
            )
            .order_by("-completed_at")
            .first()
        )

    def _last_failure(self, assignment_id: UUID) -> AbstractAction | None:
        failed = self._objects.filter(assignment_id=assignment_id, status="failed")
        if not failed:
            return None
        return failed.order_by("-created_at").first()


def _shown(state: str, actions: list[AbstractAction]) -> tuple[str | None, UUID | None]:
    failed = [one.pk for one in actions if one.status == "failed"]
    last = failed[-1] if failed and state == "allocated" else None
    return _learner_state(state, actions), last


def _learner_state(state: str, actions: list[AbstractAction]) -> str | None:
    if state != "allocated":
        return "expired" if state == "expired" else None
    ends = {one.status for one in actions if one.action_type == "notified"}
    if "succeeded" in ends:
        return "waiting"
    return "failed" if "failed" in ends else "notifying"
