"""Our answers, and those recorded with the sample, as plain data under dotted paths."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from assignment_actions import (
    Action,
    ActionFilter,
    ActionHistory,
    ActionRecorder,
    ActionRepository,
    ActionType,
    Timeline,
)
from assignment_actions.cli.sample import SampleHistory, load_sample
from assignment_actions.openedx import (
    AssignmentFacts,
    AssignmentSummary,
    is_acknowledged,
    summaries,
    summarise,
)

SAMPLE = tuple(load_sample())
ASKED_AT = datetime(2025, 1, 1, tzinfo=UTC)

GETTERS = {
    "linked": ActionType.LEARNER_LINKED,
    "notified": ActionType.NOTIFIED,
    "reminded": ActionType.REMINDED,
    "cancel": ActionType.CANCELLED,
    "expiration": ActionType.EXPIRED,
    "redeemed": ActionType.REDEEMED,
    "acknowledged_cancelled": ActionType.CANCELLED_ACKNOWLEDGED,
    "acknowledged_expired": ActionType.EXPIRED_ACKNOWLEDGED,
}
NEVER = "0001-01-01T00:00:00.000000Z"
DIMENSIONS = ("action_type", "status", "reason", "fingerprint", "day")


def sample_history(number: int) -> SampleHistory:
    """Return the history of the sample that has this number."""
    return next(sample for sample in SAMPLE if sample.number == number)


def load_shuffled(repository: ActionRepository, *, seed: int) -> ActionHistory:
    """Record all actions of the sample in some order, and return the history."""
    actions = [action for sample in SAMPLE for action in sample.actions]
    random.Random(seed).shuffle(actions)
    assert len(actions) == ActionRecorder(repository).record_many(actions)
    return ActionHistory(repository, clock=lambda: ASKED_AT)


# -- what was recorded -------------------------------------------------------------


def recorded(sample: SampleHistory, path: str) -> Any:
    """Return the answer recorded under a dotted path."""
    return _reason_as_ours(path, _at(sample.expected, path))


def acceptable(sample: SampleHistory, path: str) -> list[Any]:
    """Return every answer the other implementation may give under a dotted path."""
    if path not in sample.ambiguous:
        return [recorded(sample, path)]
    candidates = sample.ambiguous_candidates[path]
    return [_reason_as_ours(path, candidate) for candidate in candidates]


def tie_groups(sample: SampleHistory) -> list[frozenset[str]]:
    """Return the recorded timeline as the groups inside which any order may come."""
    ties = {
        action_id: frozenset(tie)
        for tie in sample.ambiguous_candidates.get("timeline", [])
        for action_id in tie
    }
    groups = (
        ties.get(action_id, frozenset([action_id]))
        for action_id in sample.expected["timeline"]
    )
    return list(dict.fromkeys(groups))


def _at(answers: Any, path: str) -> Any:
    for part in path.split("."):
        answers = answers[part]
    return answers


def _reason_as_ours(path: str, answer: Any) -> Any:
    """Return an error reason in our words: we call an empty one unclassified."""
    if path == "error_reason" and answer is not None and not answer["error_reason"]:
        return {**answer, "error_reason": "unclassified"}
    return answer


# -- what we say to the same questions -----------------------------------------------


def our_answers(history: ActionHistory) -> dict[int, dict[str, Any]]:
    """Return our answers from a store by number and path, as the sample words them."""
    ids = [sample.assignment_id for sample in SAMPLE]
    timelines = history.timelines(ids)
    latest = {
        getter: history.latest_successful_of(ids, action_type)
        for getter, action_type in GETTERS.items()
    }
    answers: dict[int, dict[str, Any]] = {}
    for sample in SAMPLE:
        answers[sample.number] = {
            f"last_successful.{getter}": _id(found.get(sample.assignment_id))
            for getter, found in latest.items()
        } | dict(_derived(sample, timelines[sample.assignment_id]))
    return answers


def _derived(sample: SampleHistory, timeline: Timeline) -> Iterator[tuple[str, Any]]:
    """Yield what is derived; what was recorded knows cycles in reminders alone."""
    all_time = summarise(timeline, AssignmentFacts(state=sample.state), now=ASKED_AT)
    yield "learner_acknowledged", all_time.learner_acknowledged
    yield "annotations.learner_state", all_time.learner_state
    yield "error_reason", _error_reason(sample, all_time.last_failure)
    cycle = summarise(timeline, facts_of(sample), now=ASKED_AT)
    yield "annotations.recent_action", cycle.recent_action
    yield "annotations.recent_action_time", moment(cycle.recent_action_at)
    reminder = timeline.latest_successful(ActionType.REMINDED)
    yield (
        "annotations.most_recent_reminder",
        NEVER if reminder is None else moment(reminder.completed_at),
    )
    notified = timeline.of_type(ActionType.NOTIFIED)
    yield "annotations.has_notification", len(notified.successes()) > 0
    yield "annotations.has_errored_notification", len(notified.failures()) > 0
    for state in ("expired", "cancelled"):
        is_done = is_acknowledged(timeline, state)
        should = [not is_done, is_done] if sample.state == state else [False, False]
        yield f"should_acknowledge_{state}", should
    for action in timeline:
        path = f"action_learner_acknowledged.{action.id}"
        yield path, _is_action_acknowledged(action, timeline)


def facts_of(sample: SampleHistory) -> AssignmentFacts:
    """Return the facts of the sample's assignment."""
    return AssignmentFacts(state=sample.state, allocated_at=sample.allocated_at)


def _is_action_acknowledged(action: Action, timeline: Timeline) -> bool | None:
    """Ask about one end: a timeline of it and of the acknowledgements."""
    kind = str(action.action_type)
    acknowledgements = timeline.of_type(f"{kind}_acknowledged")
    return is_acknowledged(Timeline([action, *acknowledgements]), kind)


def _error_reason(sample: SampleHistory, last: Action | None) -> dict[str, str] | None:
    if sample.state not in ("allocated", "errored") or last is None:
        return None
    assert last.failure is not None
    return {"action_type": last.action_type, "error_reason": last.failure.reason}


def moment(at: datetime | None) -> str | None:
    """Return a time as the sample writes it."""
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"


def _id(action: Action | None) -> str | None:
    return None if action is None else str(action.id)


# -- everything a store answers ------------------------------------------------------


def all_answers(history: ActionHistory) -> dict[str, Any]:
    """Return all our answers about the sample from a store, to compare two stores."""
    everything = ActionFilter()
    timelines = history.timelines(sample.assignment_id for sample in SAMPLE)
    shown = summaries(history, {one.assignment_id: facts_of(one) for one in SAMPLE})
    newest_first = list(history.iterate(everything))
    failed = [action for action in newest_first if action.failure is not None]
    return {
        "sample": our_answers(history),
        "timelines": {str(key): _plain_all(one) for key, one in timelines.items()},
        "outcomes": {
            f"{key} {action_type}": str(one.outcome(action_type, now=history.now()))
            for key, one in timelines.items()
            for action_type in ActionType
        },
        "latest_successful": {
            str(key): _id(action)
            for key, action in history.latest_successful_of(timelines).items()
        },
        "summaries": {str(key): _plain_summary(one) for key, one in shown.items()},
        "newest_first": _plain_all(newest_first),
        "failed": [_plain(history.get(action.id)) for action in failed],
        "count": history.count(everything),
        "count_by": {
            dimension: list(history.count_by(everything, dimension).items())
            for dimension in DIMENSIONS
        },
        "failure_groups": [
            [one.fingerprint, one.count, one.assignments, _plain(one.example)]
            for one in history.failure_groups()
        ],
        "overdue": _plain_all(history.overdue()),
    }


def _plain_all(actions: Any) -> list[dict[str, Any]]:
    return [_plain(action) for action in actions]


def _plain(action: Action) -> dict[str, Any]:
    """Return an action as text, its failure with all that came back of it."""
    failure = action.failure
    return {
        "id": str(action.id),
        "assignment_id": str(action.assignment_id),
        "action_type": str(action.action_type),
        "status": str(action.status),
        "created_at": moment(action.created_at),
        "completed_at": moment(action.completed_at),
        "attempt": action.attempt,
        "details": dict(action.details),
        "nothing": [action.key, action.actor, action.overdue_at, action.unknown_at],
        "failure": None
        if failure is None
        else [
            str(failure.reason),
            failure.exception_type,
            failure.message,
            failure.stacktrace,
            failure.fingerprint,
            failure.truncated,
        ],
    }


def _plain_summary(summary: AssignmentSummary) -> Mapping[str, Any]:
    return {
        "learner_state": summary.learner_state,
        "recent_action": summary.recent_action,
        "recent_action_at": moment(summary.recent_action_at),
        "learner_acknowledged": summary.learner_acknowledged,
        "last_failure": _id(summary.last_failure),
        "unresolved_failures": [_id(one) for one in summary.unresolved_failures],
    }
