"""R91, R92, R94: what stays of an action that is scrubbed, and what goes."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from assignment_actions.domain.action import Action
from assignment_actions.domain.filters import ActionFilter, Dimension
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.domain.values import scrubbed_key
from assignment_actions.testing.contract.counting import DIMENSIONS
from assignment_actions.testing.contract.fidelity import FAILURES
from assignment_actions.testing.contract.filtering import EMPTY, FILTERS
from assignment_actions.testing.contract.mixture import a_mixture, newest_first
from assignment_actions.testing.factories import a_failure, a_moment, an_action

ALL = ActionFilter()
BY_FACTS = [*EMPTY, *(name for name, it in FILTERS.items() if it.actors is None)]

TRIES: dict[str, dict[str, Any]] = {
    "in progress": {"overdue_at": a_moment(9)},
    "succeeded": {"status": "succeeded", "attempt": 2},
    "succeeded late": {"status": "succeeded", "unknown_at": a_moment(0.5)},
    "failed": {"status": "failed", "action_type": "retired_type"},
    "failed late": {"status": "failed", "unknown_at": a_moment(0.5)},
    "failed and cut": {"status": "failed", "failure": a_failure(truncated=True)},
    "unknown": {"status": "unknown"},
    "unknown for a reason": {"status": "unknown", "failure": a_failure()},
}
"""One action of each kind that scrubbing may meet."""

TEXTS_ALONE: dict[str, dict[str, Any]] = {
    "key": {"key": "k"},
    "actor": {"actor": "ann"},
    "details": {"details": {"": None}},
    "message": {"failure": a_failure(stacktrace=None)},
    "stacktrace": {"failure": a_failure(message="")},
    "empty stacktrace": {"failure": a_failure(message="", stacktrace="")},
}
"""Each thing that scrubbing removes, with nothing else to remove."""


def facts_of(action: Action) -> Action:
    """Return what is left of an action, field by field."""
    failure, key = action.failure, action.key
    return attrs.evolve(
        action,
        key=key and scrubbed_key(key),
        actor=None,
        details={},
        failure=failure and attrs.evolve(failure, message="", stacktrace=None),
    )


class ScrubbingClauses:
    """What `scrub` leaves of an action."""

    @pytest.mark.parametrize("key", [None, "2026-11-22"], ids=["no key", "a key"])
    @pytest.mark.parametrize("name", TRIES)
    def test_r91_facts_stay_and_texts_go(
        self, repository: ActionRepository, name: str, key: str | None
    ) -> None:
        """R91: message, stacktrace, details and actor go, the key becomes a digest."""
        action = an_action(actor="ann", details={"n": 1}, key=key, **TRIES[name])
        repository.add(action)
        repository.scrub(action)

        assert facts_of(action) == repository.get(action.id)

    @pytest.mark.parametrize("name", FAILURES)
    def test_r91_the_facts_of_a_failure_stay(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R91: reason, exception type and fingerprint stay, whatever they hold."""
        action = an_action(status="failed", failure=FAILURES[name])
        repository.add(action)
        repository.scrub(action)

        assert facts_of(action) == repository.get(action.id)

    def test_r91_every_question_answers_with_the_facts(
        self, repository: ActionRepository
    ) -> None:
        """R91: timelines, latest successes and pages know nothing more than `get`."""
        action = an_action(status="succeeded", key="k", actor="ann", details={"n": 1})
        asked = [action.assignment_id]
        repository.add(action)
        repository.scrub(action)
        facts = facts_of(action)

        assert [facts] == list(repository.timelines(asked)[action.assignment_id])
        assert {action.assignment_id: facts} == repository.latest_successes(asked)
        assert {action.assignment_id: facts} == repository.latest_successes(
            asked, action.action_type
        )
        assert [facts] == list(repository.find(ALL, 9))

    @pytest.mark.parametrize("name", BY_FACTS)
    def test_r91_the_facts_are_found_as_before(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R91: what a filter found by facts and by key, it finds when all is gone."""
        repository.add(*(mixture := a_mixture()))
        wanted = (FILTERS | EMPTY)[name]
        before = [places(repository, wanted), repository.count(wanted)]
        repository.scrub(*mixture)

        assert before == [places(repository, wanted), repository.count(wanted)]

    @pytest.mark.parametrize("dimension", DIMENSIONS)
    def test_r91_the_facts_count_as_before(
        self, repository: ActionRepository, dimension: Dimension
    ) -> None:
        """R91: every count by facts is what it was."""
        repository.add(*(mixture := a_mixture()))
        before = dict(repository.count_by(ALL, dimension))
        repository.scrub(*mixture)

        assert before == dict(repository.count_by(ALL, dimension))

    def test_r91_what_is_not_named_stays(self, repository: ActionRepository) -> None:
        """R91: another action of the assignment, and its id elsewhere, stay whole."""
        action = an_action(actor="ann")
        others = [
            an_action(action.assignment_id, actor="ann", created_at=a_moment(1)),
            an_action(id=action.id, actor="ann", created_at=a_moment(2)),
        ]
        repository.add(action, *others)
        repository.scrub(action)

        assert [*others[::-1], facts_of(action)] == list(repository.find(ALL, 9))

    def test_r91_it_can_be_completed_still(self, repository: ActionRepository) -> None:
        """R91: what was in progress gets its outcome; its key stays a digest."""
        started = an_action(key="k", actor="ann")
        done = started.fail(a_failure(), at=a_moment(9), details={"n": 1})
        repository.add(started)
        repository.scrub(started)

        assert repository.complete(done) is True
        assert attrs.evolve(done, key=scrubbed_key("k"), actor=None) == repository.get(
            done.id
        )

    def test_r92_scrubbed_is_the_meaning(self, repository: ActionRepository) -> None:
        """R92: what is stored afterwards is what `Action.scrubbed` returns."""
        repository.add(*(mixture := a_mixture()))
        repository.scrub(*mixture)

        assert newest_first([one.scrubbed() for one in mixture]) == list(
            repository.find(ALL, 99)
        )

    @pytest.mark.parametrize(
        "changes",
        [
            {"status": "failed", "failure": a_failure(), "completed_at": a_moment(9)},
            {"key": None},
            {"key": "other", "attempt": 7},
            {"action_type": "reminded", "created_at": a_moment(9)},
            {"overdue_at": a_moment(99), "details": {"n": 2}, "actor": "ben"},
        ],
        ids=["outcome", "no key", "key", "type and time", "texts"],
    )
    def test_r92_only_the_identity_given_counts(
        self, repository: ActionRepository, changes: dict[str, Any]
    ) -> None:
        """R92: whatever else the given action says, the stored one is scrubbed."""
        stored = an_action(key="k", actor="ann", details={"n": 1})
        repository.add(stored)

        assert 1 == repository.scrub(attrs.evolve(stored, **changes))
        assert facts_of(stored) == repository.get(stored.id)

    def test_r92_an_outcome_that_came_meanwhile_stays(
        self, repository: ActionRepository
    ) -> None:
        """R92: who read it in progress scrubs the outcome that is stored by now."""
        started = an_action(key="k")
        done = started.fail(a_failure(), at=a_moment(9))
        repository.add(started)
        repository.complete(done)
        repository.scrub(started)

        assert facts_of(done) == repository.get(done.id)

    @pytest.mark.parametrize("name", TRIES)
    def test_r94_what_holds_facts_only_does_not_count(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R94: where there is nothing to remove, nothing changes."""
        facts = facts_of(an_action(**TRIES[name], key="k"))
        repository.add(facts)

        assert 0 == repository.scrub(facts)
        assert facts == repository.get(facts.id)

    @pytest.mark.parametrize("name", TEXTS_ALONE)
    def test_r94_any_text_alone_counts(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R94: to remove one text from one action is a change."""
        action = an_action(status="unknown", **TEXTS_ALONE[name])
        repository.add(action)

        assert 1 == repository.scrub(action)
        assert facts_of(action) == repository.get(action.id)


def places(repository: ActionRepository, wanted: ActionFilter) -> list[tuple[Any, Any]]:
    """Return which actions a filter finds, in their order."""
    return [(one.assignment_id, one.id) for one in repository.find(wanted, 99)]
