"""The recorder's promises about what is erased, and about the proof that it was."""

from __future__ import annotations

from uuid import UUID

import attrs
import pytest

from assignment_actions.domain.action import Action
from assignment_actions.domain.erasure import IDS_AT_ONCE, ErasureReport
from assignment_actions.domain.errors import DuplicateActionError
from assignment_actions.domain.recorder import ActionRecorder
from assignment_actions.domain.timeline import Verdict
from assignment_actions.testing.factories import (
    FixedClock,
    a_failure,
    an_action,
    an_assignment_id,
)

NAME = "Jo Doe"


class ErasureRules:
    """What `scrub`, `erase` and `verify_erased` promise."""

    @pytest.fixture
    def assignment_id(self) -> UUID:
        """Return the assignment that is erased."""
        return an_assignment_id()

    @pytest.mark.parametrize("verb", ["scrub", "erase"])
    def test_a_report_tells_what_was_erased(
        self, recorder: ActionRecorder, clock: FixedClock, verb: str
    ) -> None:
        """What, of how many assignments, how many actions, when, and by whom."""
        asked = [an_assignment_id() for _ in range(3)]
        recorder.record_many(history_of(asked[0]) + history_of(asked[1]))
        recorder.record_many(others := history_of(an_assignment_id()))

        report = getattr(recorder, verb)([*asked, asked[0]], actor="officer:7")

        assert (
            ErasureReport(
                kind="scrub" if verb == "scrub" else "erase",
                actor="officer:7",
                is_dry_run=False,
                started_at=clock.now,
                ended_at=clock.now,
                assignments=3,
                actions=8,
                in_progress=4,
            )
            == report
        )
        assert others == [recorder.history.get(one.id) for one in others]

    @pytest.mark.parametrize("verb", ["scrub", "erase"])
    def test_what_is_erased_is_found_nowhere(
        self, recorder: ActionRecorder, assignment_id: UUID, verb: str
    ) -> None:
        """Before it the proof names every place; afterwards nothing is left."""
        recorder.record_many(history_of(assignment_id))
        before = recorder.verify_erased([assignment_id], [NAME])
        getattr(recorder, verb)([assignment_id])
        after = recorder.verify_erased([assignment_id], [NAME])

        assert (4, False) == (before.actions, before.is_clean)
        assert {"key", "actor", "details", "message", "stacktrace"} == {
            field for one in before.leftovers for field in one.fields
        }
        assert (4 if verb == "scrub" else 0, True) == (after.actions, after.is_clean)

    def test_the_proof_looks_at_all_assignments(
        self, recorder: ActionRecorder, assignment_id: UUID
    ) -> None:
        """A text that stands in what is about somebody else is found as well."""
        recorder.record_many(history_of(assignment_id))
        other = an_action(actor=NAME)
        recorder.record_many([other])
        recorder.scrub([assignment_id])

        check = recorder.verify_erased([assignment_id], [NAME])

        assert [("store", ("actor",), other.scrubbed())] == [
            (one.where, one.fields, one.action) for one in check.leftovers
        ]

    def test_every_question_has_the_same_answer(
        self, recorder: ActionRecorder, assignment_id: UUID
    ) -> None:
        """What was done is known after scrubbing, by its key too."""
        recorder.record_many(history_of(assignment_id))
        ask = recorder.history.outcome
        before = ask(assignment_id, "redeemed", key=NAME)
        recorder.scrub([assignment_id])
        after = ask(assignment_id, "redeemed", key=NAME)

        assert Verdict.YES == after.verdict
        assert (before.at, before.attempts) == (after.at, after.attempts)
        with pytest.raises(DuplicateActionError):
            recorder.start(assignment_id, "redeemed", key=NAME)

    def test_what_was_erased_may_be_done_again(
        self, recorder: ActionRecorder, assignment_id: UUID
    ) -> None:
        """After erasing, nobody knows that it was done: the key is free."""
        recorder.record_many(history_of(assignment_id))
        recorder.erase([assignment_id])

        assert 1 == recorder.start(assignment_id, "redeemed", key=NAME).attempt
        assert 1 == len(recorder.history.timeline(assignment_id))

    @pytest.mark.parametrize("verb", ["scrub", "erase"])
    def test_again_there_is_nothing_to_do(
        self, recorder: ActionRecorder, assignment_id: UUID, verb: str
    ) -> None:
        """A second run changes nothing, and says so."""
        recorder.record_many(history_of(assignment_id))

        assert [4, 0] == [
            getattr(recorder, verb)([assignment_id]).actions for _ in range(2)
        ]

    @pytest.mark.parametrize("verb", ["scrub", "erase"])
    def test_a_dry_run_changes_nothing(
        self, recorder: ActionRecorder, assignment_id: UUID, verb: str
    ) -> None:
        """It reports what the run that follows reports, and leaves all as it is."""
        recorder.record_many(actions := history_of(assignment_id))

        rehearsed = getattr(recorder, verb)([assignment_id], dry_run=True)

        assert (4, True) == (rehearsed.actions, rehearsed.is_dry_run)
        assert actions == [recorder.history.get(one.id) for one in actions]
        done = getattr(recorder, verb)([assignment_id])
        assert attrs.evolve(rehearsed, is_dry_run=False) == done

    def test_what_is_in_progress_may_say_more(
        self, recorder: ActionRecorder, assignment_id: UUID
    ) -> None:
        """A completion after scrubbing brings texts again; another run removes them."""
        started = recorder.start(assignment_id, "notified", actor=NAME)
        first = recorder.scrub([assignment_id])
        recorder.fail(started, a_failure(message=NAME))
        between = recorder.verify_erased([assignment_id])
        second = recorder.scrub([assignment_id])

        assert ((1, 1), (1, 0)) == (
            (first.actions, first.in_progress),
            (second.actions, second.in_progress),
        )
        assert not between.is_clean
        assert recorder.verify_erased([assignment_id], [NAME]).is_clean

    @pytest.mark.parametrize("verb", ["scrub", "erase"])
    def test_batches_are_as_small_as_one_likes(
        self, recorder: ActionRecorder, assignment_id: UUID, verb: str
    ) -> None:
        """Page after page is changed, and each batch is reported as it goes."""
        recorder.record_many(
            an_action(assignment_id, actor=NAME, status="succeeded") for _ in range(7)
        )
        said: list[ErasureReport] = []

        report = getattr(recorder, verb)(
            [assignment_id], batch_size=2, on_progress=said.append
        )

        assert [2, 4, 6, 7] == [one.actions for one in said]
        assert said[-1] == report
        assert recorder.verify_erased([assignment_id]).is_clean

    @pytest.mark.parametrize("verb", ["scrub", "erase"])
    def test_what_was_interrupted_goes_on(
        self, recorder: ActionRecorder, assignment_id: UUID, verb: str
    ) -> None:
        """What was done stays done; the next run does the rest."""
        recorder.record_many(an_action(assignment_id, actor=NAME) for _ in range(7))
        said: list[ErasureReport] = []

        def interrupt(report: ErasureReport) -> None:
            said.append(report)
            if len(said) == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            getattr(recorder, verb)(
                [assignment_id], batch_size=2, on_progress=interrupt
            )
        rest = getattr(recorder, verb)([assignment_id], batch_size=2)

        assert (4, 3) == (said[-1].actions, rest.actions)
        assert recorder.verify_erased([assignment_id], [NAME]).is_clean

    def test_more_assignments_than_one_question_takes(
        self, recorder: ActionRecorder
    ) -> None:
        """Thousands of assignments are erased in one run."""
        asked = [an_assignment_id() for _ in range(2 * IDS_AT_ONCE + 1)]
        recorder.record_many(
            an_action(asked[at], actor=NAME) for at in (0, IDS_AT_ONCE, -1)
        )

        report = recorder.scrub(asked)

        assert (len(asked), 3) == (report.assignments, report.actions)
        assert recorder.verify_erased(asked, [NAME]).is_clean

    def test_nobody_is_nothing(
        self, recorder: ActionRecorder, assignment_id: UUID
    ) -> None:
        """To scrub or erase no assignment changes nothing."""
        recorder.record_many(actions := history_of(assignment_id))

        assert [(0, 0)] * 2 == [
            (report.assignments, report.actions)
            for report in (recorder.scrub([]), recorder.erase([]))
        ]
        assert actions == [recorder.history.get(one.id) for one in actions]

    def test_a_report_can_be_recorded(
        self, recorder: ActionRecorder, assignment_id: UUID
    ) -> None:
        """That something was erased is an action like any other."""
        recorder.record_many(history_of(assignment_id))
        report = recorder.erase([assignment_id], actor="officer:7")

        done = recorder.record_success(
            an_assignment_id(),
            "cancelled",
            actor=report.actor,
            details=report.as_details(),
        )

        stored = recorder.history.get(done.id)
        assert ("officer:7", "erase", 4) == (
            stored.actor,
            stored.details["kind"],
            stored.details["actions"],
        )


def history_of(assignment_id: UUID) -> list[Action]:
    """Return one action of each status, each with some text about a person."""
    return [
        an_action(assignment_id, action_type="notified", actor=NAME),
        an_action(assignment_id, action_type="redeemed", status="succeeded", key=NAME),
        an_action(
            assignment_id,
            action_type="reminded",
            status="failed",
            failure=a_failure(message=f"{NAME} is away", stacktrace=f"Oh, {NAME}"),
        ),
        an_action(
            assignment_id,
            action_type="expired",
            status="unknown",
            details={"name": {"of": [NAME]}},
        ),
    ]
