import json
from datetime import timedelta

import pytest
from domain.outages import FlakyRepository
from domain.recorders import everything, give_store, recorder, store_of
from domain.samples import (
    ASSIGNMENT,
    OTHER,
    T0,
    ManualClock,
    action,
    at,
    failed,
    unknown,
)

from assignment_actions import (
    Action,
    ActionRecorder,
    ErasureReport,
    Failure,
    InMemoryActionRepository,
    Retention,
    RetentionPolicy,
    StorageError,
)
from assignment_actions.domain import erasure

pytestmark = pytest.mark.usefixtures("colour")

SECRET = "Jo Doe"
DAY = timedelta(days=1)
POLICY = RetentionPolicy([Retention(DAY)])


def filled(count: int = 3) -> ActionRecorder:
    """Return a recorder two days on, with failures of two assignments."""
    made = recorder(clock=ManualClock(T0 + 2 * DAY), redact=None)
    said = Failure.of(reason="email_error", message=f"{SECRET} is unknown")
    for assignment_id in (ASSIGNMENT, OTHER):
        made._repository.add(
            *(
                failed(
                    number,
                    assignment_id=assignment_id,
                    failure=said,
                    key=f"key-{number}",
                    actor=SECRET,
                    details={"to": SECRET},
                )
                for number in range(1, count + 1)
            )
        )
    return made


class StopError(Exception):
    """End a run in its middle."""


def stop(_: ErasureReport) -> None:
    raise StopError


class TestScrub:
    def test_leaves_facts(self) -> None:
        """Nothing but facts is left of these assignments; others stay whole."""
        made = filled()
        facts = [one.scrubbed() for one in made.history.timeline(ASSIGNMENT)]

        report = made.scrub([ASSIGNMENT], actor="officer")

        assert (3, 1, "officer", "scrub") == (
            report.actions,
            report.assignments,
            report.actor,
            report.kind,
        )
        assert facts == list(made.history.timeline(ASSIGNMENT))
        assert made.verify_erased([ASSIGNMENT]).is_clean
        assert not made.verify_erased([OTHER]).is_clean

    def test_again_changes_nothing(self) -> None:
        """What was scrubbed before is not counted again."""
        made = filled()
        made.scrub([ASSIGNMENT])

        assert 0 == made.scrub([ASSIGNMENT]).actions

    def test_dry_run(self) -> None:
        """A dry run counts what would change, and changes nothing."""
        made = filled()
        before = everything(made)

        report = made.scrub([ASSIGNMENT], dry_run=True)

        assert (3, True) == (report.actions, report.is_dry_run)
        assert before == everything(made)

    def test_goes_on_where_it_ended(self) -> None:
        """A run that ends early keeps what it did; the next one does the rest."""
        made = filled()
        with pytest.raises(StopError):
            made.scrub([ASSIGNMENT], batch_size=1, on_progress=stop)

        assert 2 == made.scrub([ASSIGNMENT]).actions
        assert made.verify_erased([ASSIGNMENT]).is_clean

    def test_what_is_still_open(self) -> None:
        """Actions in progress are counted: their completion may hold texts again."""
        made = recorder()
        made._repository.add(action(actor=SECRET))

        assert 1 == made.scrub([ASSIGNMENT]).in_progress

    def test_what_waits_in_the_journal(self) -> None:
        """An outcome that waits for the store loses its texts as well."""
        store = FlakyRepository()
        made = recorder(store, redact=None)
        started = made.start(ASSIGNMENT, "notified")
        kept = started.fail(Failure.of(reason="timeout", message=SECRET), at=at(1))
        made._journal.keep(kept)

        assert 1 == made.scrub([ASSIGNMENT], dry_run=True).kept
        assert not made.verify_erased([ASSIGNMENT], [SECRET]).is_clean
        assert 1 == made.scrub([ASSIGNMENT]).kept
        assert made.verify_erased([ASSIGNMENT], [SECRET]).is_clean
        assert 1 == made.flush()
        (stored,) = made.history.timeline(ASSIGNMENT).failures()
        assert ("timeout", "") == (
            stored.failure and stored.failure.reason,
            stored.failure and stored.failure.message,
        )

    def test_joined(self) -> None:
        """A joined recorder leaves the journal alone: it is not the host's."""
        made = filled()
        made._journal.keep(failed(9, actor=SECRET))

        report = made.joined_to(None).scrub([ASSIGNMENT])

        assert (3, 0) == (report.actions, report.kept)
        assert [SECRET] == [one.actor for one in made._journal]
        assert made.joined_to(None).verify_erased([ASSIGNMENT]).is_clean

    def test_many_assignments(self) -> None:
        """More assignments than one question takes are asked about in turn."""
        store = InMemoryActionRepository()
        store.add(*(failed(1, assignment_id=n, actor=SECRET) for n in range(2100)))

        assert 2100 == recorder(store).scrub(range(2100)).actions


class TestErase:
    def test_removes_all(self) -> None:
        """Nothing of these assignments is stored any more; others stay."""
        made = filled()

        report = made.erase([ASSIGNMENT], batch_size=2)

        assert (3, "erase") == (report.actions, report.kind)
        assert 0 == made.verify_erased([ASSIGNMENT]).actions
        assert 3 == len(made.history.timeline(OTHER))

    def test_what_waits_in_the_journal(self) -> None:
        """What waits for the store is dropped, and does not come back."""
        made = filled()
        made._journal.keep(failed(9), is_new=True)
        made._journal.keep(failed(9, assignment_id=OTHER), is_new=True)

        assert 1 == made.erase([ASSIGNMENT]).kept
        made.flush()
        assert 0 == len(made.history.timeline(ASSIGNMENT))
        assert 4 == len(made.history.timeline(OTHER))

    def test_frees_keys(self) -> None:
        """Under an erased key the first attempt may start again."""
        made = filled()
        made.erase([ASSIGNMENT])

        assert 1 == made.start(ASSIGNMENT, "notified", key="key-1").attempt

    def test_dry_run(self) -> None:
        """A dry run removes nothing, here and in the journal."""
        made = filled()
        made._journal.keep(failed(9))

        report = made.erase([ASSIGNMENT], dry_run=True)

        assert (3, 1) == (report.actions, report.kept)
        assert 6 == len(everything(made))
        assert 1 == len(made._journal)


class TestPurge:
    def test_by_age(self) -> None:
        """What is older than its rule allows is removed."""
        made = filled()
        made.record_success(ASSIGNMENT, "reminded")

        assert 6 == made.purge(POLICY).actions
        assert ["reminded"] == [one.action_type for one in everything(made)]

    def test_hold(self) -> None:
        """What is on hold stays, and is counted."""
        made = filled()

        report = made.purge(RetentionPolicy([Retention(DAY)], hold=[OTHER]))

        assert (3, 3) == (report.actions, report.held)
        assert {OTHER} == {one.assignment_id for one in everything(made)}

    def test_each_action_is_one_rules(self) -> None:
        """An action is counted once, by the rule that decides about it."""
        policy = RetentionPolicy(
            [Retention(DAY, statuses=["failed"]), Retention(timedelta(0))]
        )

        assert 6 == filled().purge(policy, dry_run=True).actions

    def test_resumed(self) -> None:
        """A run that ends early is started again, and ends the same."""
        made = filled()
        with pytest.raises(StopError):
            made.purge(POLICY, batch_size=2, on_progress=stop)

        assert 4 == made.purge(POLICY, batch_size=2).actions
        assert [] == everything(made)

    def test_progress(self) -> None:
        """Each batch is reported, and reports only grow."""
        seen: list[int] = []
        filled().purge(
            POLICY, batch_size=2, on_progress=lambda one: seen.append(one.actions)
        )

        assert [2, 4, 6] == seen

    def test_what_was_completed_meanwhile(self) -> None:
        """What is completed between its being read and removed stays."""
        made = recorder(RacedRepository(), clock=ManualClock(T0 + 2 * DAY))
        made._repository.add(unknown())
        policy = RetentionPolicy([Retention(DAY, statuses=["unknown"])])

        assert 0 == made.purge(policy).actions
        assert ["succeeded"] == [one.status for one in everything(made)]

    def test_no_policy(self) -> None:
        """What is no policy is refused."""
        with pytest.raises(TypeError, match="policy must be a RetentionPolicy"):
            recorder().purge([Retention(DAY)])  # type: ignore[arg-type]


class TestVerify:
    def test_texts_anywhere(self) -> None:
        """A text is found in whatever assignment it stands."""
        made = filled()
        made.scrub([ASSIGNMENT])

        check = made.verify_erased([ASSIGNMENT], [SECRET])

        assert 3 == check.actions
        assert {OTHER} == {
            one.action.assignment_id for one in check.leftovers if one.action
        }
        assert {("actor", "details", "message")} == {
            one.fields for one in check.leftovers
        }
        assert SECRET not in repr(check)

    def test_so_many_places(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It names a bounded number of places, however many there are."""
        made = filled()
        monkeypatch.setattr(erasure, "LEFTOVERS_LIMIT", 2)
        monkeypatch.setattr(erasure, "ERASURE_BATCH", 1)

        assert 2 == len(made.verify_erased([ASSIGNMENT, OTHER]).leftovers)

    def test_in_the_journal(self) -> None:
        """What waits in the journal is searched as well."""
        made = recorder()
        made._journal.keep(failed(1, actor=SECRET))

        check = made.verify_erased([ASSIGNMENT], [SECRET])

        assert [("journal", ("actor", "message")), ("journal", ())] == [
            (one.where, one.fields) for one in check.leftovers
        ]

    @pytest.mark.parametrize(
        ("texts", "error"),
        [("jo", TypeError), ([1], TypeError), ([" "], ValueError)],
        ids=["text", "number", "blank"],
    )
    def test_bad_texts(self, texts: list[str], error: type[Exception]) -> None:
        """Texts that cannot be meant are refused."""
        with pytest.raises(error, match="texts must"):
            recorder().verify_erased(texts=texts)


class TestReport:
    def test_can_be_recorded(self) -> None:
        """A report is evidence for an action of the host's own."""
        made = filled()
        made = recorder(store_of(made), vocabulary=["data_erased"])
        report = made.erase([ASSIGNMENT], actor="officer")

        stored = made.record_success(
            OTHER, "data_erased", actor=report.actor, details=report.as_details()
        )

        assert (3, "erase") == (stored.details["actions"], stored.details["kind"])
        assert str(ASSIGNMENT) not in json.dumps(report.as_details())

    def test_bad_arguments(self) -> None:
        """Arguments out of bounds are refused by name, and nothing is changed."""
        made = filled()
        with pytest.raises(ValueError, match="batch_size must be between 1"):
            made.erase([ASSIGNMENT], batch_size=0)
        with pytest.raises(ValueError, match="actor must have 1 to 255"):
            made.erase([ASSIGNMENT], actor="")
        with pytest.raises(TypeError, match="ids must be a collection"):
            made.erase("4711")

        assert 6 == len(everything(made))

    def test_store_out_of_reach(self) -> None:
        """What was done before the store broke stays done."""
        made = filled()
        give_store(made, BreakingRepository(everything(made)))

        with pytest.raises(StorageError):
            made.erase([ASSIGNMENT], batch_size=2)

        assert 4 == len(everything(made))


class RacedRepository(InMemoryActionRepository):
    """A repository in which somebody completes what is about to be removed."""

    def delete(self, /, *actions: Action, status: str | None = None) -> int:
        for one in actions:
            self.complete(one.succeed(at=at(9)))
        return super().delete(*actions, status=status)


class BreakingRepository(InMemoryActionRepository):
    """A repository that removes one batch, and then is out of reach."""

    def __init__(self, actions: list[Action]) -> None:
        super().__init__()
        self.add(*actions)
        self.calls = 0

    def delete(self, /, *actions: Action, status: str | None = None) -> int:
        self.calls += 1
        if self.calls > 1:
            raise StorageError("delete", "the connection was lost")
        return super().delete(*actions, status=status)
