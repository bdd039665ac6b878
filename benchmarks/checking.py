"""Nobody is fast by being wrong: every answer is compared with the floor's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from assignment_actions import Action, Page
from assignment_actions.openedx import AssignmentSummary
from benchmarks.workloads import Cases, Competitor, Work

CASES, PAGES = 5, 2


class WrongAnswerError(Exception):
    """A competitor's answer is not the floor's."""


def check_answers(
    work: Work, floor: Competitor, competitors: Iterable[Competitor], cases: Cases
) -> None:
    """
    Compare what is read with what the floor reads, entities field by field.

    Raises:
        WrongAnswerError: saying whose answer differs, and how.
    """
    expected = _answers(work, floor, cases)
    for competitor in competitors:
        for right, found in zip(
            expected, _answers(work, competitor, cases), strict=True
        ):
            wanted, told = _alike(right, floor, found, competitor)
            if wanted != told:
                raise WrongAnswerError(
                    f"{competitor.name}, {work.id}:\n{told!r:.2000}\n"
                    f"instead of\n{wanted!r:.2000}"
                )


def check_writing(work: Work, competitor: Competitor) -> None:
    """
    Write once, and see that exactly one success is there.

    Raises:
        WrongAnswerError: it is not.
    """
    call, new = work.of(competitor), uuid4()
    assert call is not None
    before = competitor.count()
    call(new)
    if competitor.latest_successful is not None and competitor.timeline is not None:
        success = competitor.latest_successful(new)
        is_right = success is not None and len(competitor.timeline(new)) == 1
    else:
        is_right = competitor.count() == before + 1
    if not is_right:
        raise WrongAnswerError(f"{competitor.name}, {work.id}: not one success")


def check_many(competitor: Competitor, expected: int) -> None:
    """
    See that all are there.

    Raises:
        WrongAnswerError: they are not.
    """
    found = competitor.count()
    if found != expected:
        raise WrongAnswerError(f"{competitor.name}: {found} rows, not {expected}")


def _answers(work: Work, competitor: Competitor, cases: Cases) -> Sequence[Any]:
    call = work.of(competitor)
    assert call is not None
    count = CASES if work.ids == 1 else PAGES
    return [_plain(work, call(*one)) for one in cases.of(work, competitor, count)]


def _plain(work: Work, answer: Any) -> Any:
    """Return lists and dicts, without the assignments that have no answer."""
    match work.method:
        case "timeline" | "failures":
            return list(answer)
        case "page":
            return list(answer.actions if isinstance(answer, Page) else answer)
        case "latest_of_page":
            return {key: one for key, one in answer.items() if one is not None}
        case "timelines_of_page":
            return {key: list(some) for key, some in answer.items() if some}
        case "summaries":
            return dict(answer)
        case _:
            return answer


def _alike(
    right: Any, floor: Competitor, found: Any, competitor: Competitor
) -> tuple[Any, Any]:
    """Return both answers in the form in which they can be compared."""
    leaf = _leaf(found)
    if leaf is None or isinstance(leaf, (Action, AssignmentSummary)):
        return right, found
    if isinstance(leaf, tuple):
        return _shown(right), found
    return _ids(floor, right), _ids(competitor, found)


def _leaf(answer: Any) -> Any:
    """Return one action, or whatever stands for it."""
    if isinstance(answer, list):
        return _leaf(answer[0]) if answer else None
    if isinstance(answer, dict) and "id" not in answer:
        return _leaf(next(iter(answer.values()), None))
    return answer


def _ids(competitor: Competitor, answer: Any) -> Any:
    if isinstance(answer, list):
        return [_ids(competitor, one) for one in answer]
    if isinstance(answer, dict) and "id" not in answer:
        return {key: _ids(competitor, one) for key, one in answer.items()}
    return None if answer is None else competitor.identify(answer)


def _shown(summaries: Mapping[Any, AssignmentSummary]) -> dict[Any, Any]:
    """
    Return of summaries what the existing implementation shows, as it shows it.

    Failures only in the states allocated and errored, where nothing is acknowledged.
    """
    shown = {}
    for key, one in summaries.items():
        failure = one.last_failure if one.learner_acknowledged is None else None
        state = one.learner_state and str(one.learner_state)
        shown[key] = state, failure and failure.id
    return shown
