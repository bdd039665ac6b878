"""The recorder's promises about erasing what still waits for the store."""

from __future__ import annotations

import pytest

from assignment_actions.domain.action import Action
from assignment_actions.domain.kept import KeptOutcomes
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.domain.recorder import ActionRecorder
from assignment_actions.testing.factories import (
    FixedClock,
    a_failure,
    an_action,
    an_assignment_id,
)

NAME = "Jo Doe"


class WaitingRules:
    """What `scrub`, `erase` and `verify_erased` promise about the journal."""

    @pytest.fixture
    def journal(self) -> KeptOutcomes:
        """Return where outcomes wait for the store."""
        return KeptOutcomes()

    @pytest.fixture
    def keeper(
        self,
        make_recorder: type[ActionRecorder],
        repository: ActionRepository,
        clock: FixedClock,
        journal: KeptOutcomes,
    ) -> ActionRecorder:
        """Return a recorder whose journal a test can look into."""
        return make_recorder(repository, clock=clock, journal=journal)

    def test_waiting_outcomes_are_scrubbed(
        self, keeper: ActionRecorder, journal: KeptOutcomes
    ) -> None:
        """What waits for the store is scrubbed before it is stored."""
        waiting, other = kept_in(journal, keeper, 2)
        asked = [waiting.assignment_id]

        report = keeper.scrub(asked)

        assert 1 == report.kept
        assert [waiting.scrubbed(), other] == list(journal)
        assert 2 == keeper.flush()
        assert waiting.scrubbed() == keeper.history.get(waiting.id)
        assert keeper.verify_erased(asked).is_clean

    def test_waiting_outcomes_are_dropped(
        self, keeper: ActionRecorder, journal: KeptOutcomes
    ) -> None:
        """What is erased does not come back from where it waited."""
        waiting, other = kept_in(journal, keeper, 2)

        report = keeper.erase([waiting.assignment_id])

        assert (1, 1) == (report.kept, report.actions)
        assert [other] == list(journal)
        assert 1 == keeper.flush()
        assert 0 == len(keeper.history.timeline(waiting.assignment_id))

    def test_the_proof_looks_at_what_waits(
        self, keeper: ActionRecorder, journal: KeptOutcomes
    ) -> None:
        """What waits for the store is no less stored."""
        waiting = an_action(status="succeeded", actor=NAME)
        journal.keep(waiting)

        by_id = keeper.verify_erased([waiting.assignment_id])
        by_text = keeper.verify_erased(texts=[NAME])

        assert [("journal", ("actor",), waiting.scrubbed())] == [
            (one.where, one.fields, one.action) for one in by_id.leftovers
        ]
        assert ["journal"] == [one.where for one in by_text.leftovers]
        assert keeper.verify_erased([an_assignment_id()], ["Ann"]).is_clean

    @pytest.mark.parametrize("verb", ["scrub", "erase"])
    def test_a_dry_run_leaves_what_waits(
        self, keeper: ActionRecorder, journal: KeptOutcomes, verb: str
    ) -> None:
        """It reports how many wait that would be changed, and changes none."""
        waiting = an_action(status="succeeded", actor=NAME)
        journal.keep(waiting)
        asked = [waiting.assignment_id]

        assert 1 == getattr(keeper, verb)(asked, dry_run=True).kept
        assert [waiting] == list(journal)
        assert 1 == getattr(keeper, verb)(asked).kept


def kept_in(journal: KeptOutcomes, keeper: ActionRecorder, count: int) -> list[Action]:
    """Start actions whose outcomes wait for the store; return these outcomes."""
    begun = [
        keeper.start(an_assignment_id(), "notified", key=NAME) for _ in range(count)
    ]
    done = [it.fail(a_failure(message=NAME), at=it.created_at) for it in begun]
    for one in done:
        journal.keep(one)
    return done
