import logging
from collections import Counter
from typing import Any
from uuid import UUID

import attrs
import pytest
from domain.outages import FlakyRepository
from domain.recorders import asking, everything, recorder
from domain.samples import (
    ASSIGNMENT,
    BOUNCE,
    T0,
    ManualClock,
    action,
    at,
    failed,
    succeeded,
    unknown,
)

from assignment_actions import (
    Action,
    ActionRecorder,
    ActionStatus,
    Failure,
    ReconcileReport,
    StorageError,
)
from assignment_actions.domain.reconcile import (
    BATCH_SIZE,
    Result,
    settled,
    share_of,
)

pytestmark = pytest.mark.usefixtures("colour")

NOW = at(7200)
THE_FIRST_ONLY = {1: "unknown", 2: "unknown", 3: "succeeded"}


def overdue(number: int = 1, **changes: Any) -> Action:
    """Return an action in progress that was overdue one second after T0."""
    return action(number, **{"overdue_at": at(1), **changes})


def holding(*actions: Action, **given: Any) -> ActionRecorder:
    """Return a recorder, two hours after T0, on a store that holds these."""
    made = recorder(**{"clock": ManualClock(NOW), **given})
    made._repository.add(*actions)
    return made


def statuses(of: ActionRecorder) -> dict[int, str]:
    """Return the status of each stored action by its number."""
    return {one.id.int: one.status for one in everything(of)}


class Asked:
    """Be a probe that answers all alike, and remembers what it was asked."""

    def __init__(self, answer: object = ...) -> None:
        self.answer: Any = True if answer is ... else answer
        self.actions: list[Action] = []

    def __call__(self, one: Action) -> bool | Failure | None:
        self.actions.append(one)
        answer: bool | Failure | None = self.answer
        return answer

    @property
    def numbers(self) -> list[int]:
        return [one.id.int for one in self.actions]


class TestSettled:
    @pytest.mark.parametrize("one", [unknown(), overdue()], ids=["unknown", "overdue"])
    @pytest.mark.parametrize(
        ("answer", "status"),
        [(True, "succeeded"), (False, "failed"), (BOUNCE, "failed")],
    )
    def test_an_answer_is_a_fact(
        self, one: Action, answer: object, status: str
    ) -> None:
        """What happened has succeeded, what did not has failed, now."""
        completion = settled(one, answer, recorder()._rules)

        assert completion is not None
        assert (status, T0) == (completion.status, completion.completed_at)
        assert one.unknown_at == completion.unknown_at

    def test_false(self) -> None:
        """A plain no is a failure that says it was interrupted."""
        completion = settled(unknown(), False, recorder()._rules)

        assert completion is not None
        assert completion.failure is not None
        assert "interrupted" == completion.failure.reason
        assert "it had not happened" in completion.failure.message

    def test_the_hosts_failure_is_redacted(self) -> None:
        """A failure that the probe gives passes the redactor."""
        bounce = Failure.of(reason="email_error", message="550 jo@example.com")

        completion = settled(unknown(), bounce, recorder()._rules)

        assert completion is not None
        assert completion.failure is not None
        assert "550 [email]" == completion.failure.message

    def test_nobody_is_asked_by_a_digest(self) -> None:
        """Of a scrubbed key nobody can tell whether it happened: it stays unknown."""
        asked = Asked(answer=False)
        made = holding(unknown(1, key="k"), overdue(2, key="l"), unknown(3))
        made.scrub([ASSIGNMENT])

        report = made.reconcile(asked)

        assert ([3], 2, 1) == (asked.numbers, report.left, report.failed)
        assert {1: "unknown", 2: "unknown", 3: "failed"} == statuses(made)

    def test_nobody_can_tell(self) -> None:
        """An overdue action becomes unknown now; an unknown one stays as it is."""
        rules = recorder()._rules
        marked = settled(overdue(), None, rules)

        assert marked is not None
        assert ("unknown", T0) == (marked.status, marked.unknown_at)
        assert settled(unknown(), None, rules) is None

    @pytest.mark.parametrize("answer", [1, 0, "yes", "", NotImplemented, ValueError()])
    def test_no_answer(self, answer: object) -> None:
        """Anything else is refused by name: truth is not guessed."""
        with pytest.raises(TypeError, match="probe must return True, False, a Failure"):
            settled(unknown(), answer, recorder()._rules)


class TestReport:
    @pytest.mark.parametrize(
        "result", ["succeeded", "failed", "left", "overtaken", "errors"]
    )
    def test_asked_is_the_sum(self, result: Result) -> None:
        """Each action asked about counts once, under what became of it."""
        report = ReconcileReport(asked=1, left=1).plus(result)

        counts = attrs.asdict(report)
        assert 2 == counts.pop("asked") == sum(counts.values())
        assert counts[result] == 1 + (result == "left")


class TestWhoIsAsked:
    def test_unknown_and_overdue(self) -> None:
        """First the unknown ones, then the overdue, each newest first; no others."""
        made = holding(
            *(overdue(1), overdue(2), unknown(3), unknown(4, created_at=at(-9))),
            *(action(5), overdue(6, overdue_at=at(7201)), succeeded(7), failed(8)),
        )
        probe = Asked()

        report = made.reconcile(probe)

        assert [3, 4, 2, 1] == probe.numbers
        assert ReconcileReport(asked=4, succeeded=4) == report

    def test_nothing_to_ask(self) -> None:
        """Where everything is known nobody is asked."""
        assert ReconcileReport() == holding(succeeded()).reconcile(Asked())

    def test_the_action_handed_over(self) -> None:
        """The probe sees key, details and failure of the action, but no stacktrace."""
        interrupted = attrs.evolve(BOUNCE, stacktrace="Traceback…")
        one = unknown(key="2026-11", details={"to": 7}, failure=interrupted)
        probe = Asked()

        holding(one).reconcile(probe)

        assert [one.without_stacktrace()] == probe.actions

    def test_types(self) -> None:
        """Only actions of the types are asked about; of no types, none."""
        made = holding(unknown(1), unknown(2, action_type="reminded"), overdue(3))
        none, probe = Asked(), Asked()

        made.reconcile(none, types=[])
        made.reconcile(probe, types=["notified"])

        assert ([], [1, 3]) == (none.numbers, probe.numbers)

    def test_a_type_nobody_knows_any_more(self) -> None:
        """An action of a retired type is settled like any other."""
        made = holding(unknown(action_type="retired"))

        assert 1 == made.reconcile(Asked(), types=["retired"]).succeeded

    def test_overdue_as_of_the_beginning(self) -> None:
        """What becomes overdue while the run goes on is left to the next."""
        clock = ManualClock(NOW)
        made = holding(unknown(1), overdue(2, overdue_at=at(7201)), clock=clock)

        def slow(_: Action) -> bool:
            clock.advance(hours=1)
            return True

        assert 1 == made.reconcile(asking(slow)).asked
        assert 1 == made.reconcile(asking(slow)).asked

    def test_limit(self) -> None:
        """No more than the limit are asked, over both kinds; the next run goes on."""
        made = holding(unknown(1), unknown(2), overdue(3), overdue(4))
        none, first, second = Asked(), Asked(), Asked()

        made.reconcile(none, limit=0)
        made.reconcile(first, limit=3)
        made.reconcile(second, limit=3)

        assert ([], [2, 1, 4], [3]) == (none.numbers, first.numbers, second.numbers)

    def test_limit_reached(self) -> None:
        """Once the limit is reached nothing more is read."""
        made = holding(*(unknown(number) for number in range(BATCH_SIZE + 1)))
        told: list[ReconcileReport] = []

        report = made.reconcile(Asked(), limit=BATCH_SIZE, on_progress=told.append)

        assert [ReconcileReport(asked=BATCH_SIZE, succeeded=BATCH_SIZE)] == told
        assert [report] == told

    def test_own_kept_outcomes(self) -> None:
        """What this recorder itself knows, and could not store before, is not asked."""
        repository, clock = FlakyRepository(), ManualClock(T0)
        made = recorder(repository, clock=clock)
        recordings = [made.recording(ASSIGNMENT, "notified") for _ in range(150)]
        for one in recordings:
            one.__enter__()
        repository.outages = 150
        for one in recordings:
            one.__exit__(None, None, None)
        clock.advance(hours=2)

        assert 0 == made.reconcile(Asked(False)).asked
        assert {"succeeded"} == set(statuses(made).values())


class TestPages:
    COUNT = 2 * BATCH_SIZE + 1

    def test_settling_what_is_paged_over(self) -> None:
        """While rows leave the set that is paged over, none is skipped or repeated."""
        count = self.COUNT
        made = holding(
            *(unknown(number) for number in range(1, count + 1)),
            *(overdue(number) for number in range(count + 1, 2 * count + 1)),
        )
        answers = [True, False, None]
        asked = Counter[int]()

        def probe(one: Action) -> bool | None:
            asked[one.id.int] += 1
            return answers[one.id.int % 3]

        report = made.reconcile(probe)

        assert dict.fromkeys(range(1, 2 * count + 1), 1) == asked
        assert 2 * count == report.succeeded + report.failed + report.left
        stored = Counter(statuses(made).values())
        assert (report.succeeded, report.failed, report.left) == (
            *(stored["succeeded"], stored["failed"], stored["unknown"]),
        )

    def test_progress(self) -> None:
        """After each batch the report so far is told; the last one is returned."""
        made = holding(*(unknown(number) for number in range(self.COUNT)), overdue(999))
        told: list[ReconcileReport] = []

        report = made.reconcile(Asked(), on_progress=told.append)

        assert [200, 400, 401, 402] == [one.asked for one in told]
        assert told[-1] == report

    def test_progress_that_raises(self) -> None:
        """What the host's own report raises ends the run; the batch is settled."""
        made = holding(*(unknown(number) for number in range(self.COUNT)))

        def full(_: ReconcileReport) -> None:
            raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            made.reconcile(Asked(), on_progress=full)

        assert BATCH_SIZE == len(made.history.timeline(ASSIGNMENT).successes())


class TestLateAnswers:
    def test_a_late_success(self) -> None:
        """An unknown action that had happened is late: unknown_at stays."""
        made = holding(unknown())

        made.reconcile(Asked())

        (one,) = everything(made)
        assert (ActionStatus.SUCCEEDED, NOW, at(1)) == (
            *(one.status, one.completed_at, one.unknown_at),
        )
        assert one.is_late

    def test_unknown_since(self) -> None:
        """One that stays unknown keeps the moment at which it became so."""
        clock = ManualClock(NOW)
        made = holding(overdue(), clock=clock)

        first = made.reconcile(Asked(None))
        clock.advance(hours=1)
        second = made.reconcile(Asked(None))

        assert ReconcileReport(asked=1, left=1) == first == second
        assert [NOW] == [one.unknown_at for one in everything(made)]


class TestRaces:
    @pytest.mark.parametrize("one", [unknown(), overdue()], ids=["unknown", "overdue"])
    def test_settled_by_somebody_else(self, one: Action) -> None:
        """Who completes it while the host is asked has won; it is counted."""
        made = holding(one)

        def slow(asked: Action) -> bool:
            made.fail(asked, BOUNCE)
            return True

        assert ReconcileReport(asked=1, overtaken=1) == made.reconcile(asking(slow))
        assert [BOUNCE] == [it.failure for it in everything(made)]

    def test_completed_where_nobody_could_tell(self) -> None:
        """An overdue action that reports after all does not become unknown."""
        made = holding(overdue())

        def slow(asked: Action) -> None:
            made.succeed(asked)

        assert ReconcileReport(asked=1, overtaken=1) == made.reconcile(asking(slow))
        assert ["succeeded"] == [it.status for it in everything(made)]

    def test_marked_by_somebody_else(self) -> None:
        """An overdue action that became unknown meanwhile keeps its own moment."""
        clock = ManualClock(NOW)
        made = holding(overdue(), clock=clock)

        def slow(asked: Action) -> None:
            made.mark_unknown(asked)
            clock.advance(hours=1)

        assert ReconcileReport(asked=1, left=1) == made.reconcile(asking(slow))
        assert [NOW] == [it.unknown_at for it in everything(made)]

    def test_erased(self) -> None:
        """An action that is gone when the answer comes is overtaken, too."""

        class Erasing(FlakyRepository):
            def complete(self, action: Action, /) -> bool:  # noqa: ARG002
                return False

            def get(self, action_id: UUID, /) -> Action | None:  # noqa: ARG002
                return None

        made = holding(unknown(), repository=Erasing())

        assert ReconcileReport(asked=1, overtaken=1) == made.reconcile(Asked())


class TestErrors:
    def test_a_probe_that_raises(self, caplog: pytest.LogCaptureFixture) -> None:
        """The action is left, the error counted and logged, and the run goes on."""
        made = holding(unknown(1), unknown(2), overdue(3))

        def probe(one: Action) -> bool:
            if one.id.int != 1:
                raise LookupError(f"no mail {one.id.int}")
            return True

        report = made.reconcile(probe)

        assert ReconcileReport(asked=3, succeeded=1, errors=2) == report
        assert [logging.ERROR] * 2 == [it.levelno for it in caplog.records]
        assert "notified), which stays unknown" in caplog.text
        assert "LookupError: no mail 3" in caplog.text
        assert {1: "succeeded", 2: "unknown", 3: "in_progress"} == statuses(made)

    def test_a_log_that_raises(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A log handler that breaks on the host's exception does not end the run."""

        def broken(*_: object, **__: object) -> None:
            raise RuntimeError("no log")

        monkeypatch.setattr(logging.getLogger("assignment_actions"), "error", broken)

        def probe(_: Action) -> bool:
            raise LookupError

        assert 2 == holding(unknown(1), unknown(2)).reconcile(probe).errors

    @pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
    def test_an_interrupt(self, interrupt: type[BaseException]) -> None:
        """An interrupt goes on outwards; what was settled stays."""
        made = holding(unknown(1), unknown(2), unknown(3))

        def probe(one: Action) -> bool:
            if one.id.int == 2:
                raise interrupt
            return True

        with pytest.raises(interrupt):
            made.reconcile(probe)
        assert THE_FIRST_ONLY == statuses(made)

    def test_a_wrong_answer(self) -> None:
        """An answer that is none ends the run; what was settled stays."""
        made = holding(unknown(1), unknown(2), unknown(3))

        def probe(one: Action) -> Any:
            return one.id.int == 3 or "perhaps"

        with pytest.raises(TypeError, match=r"got 'perhaps' for action 0.*2$"):
            made.reconcile(probe)
        assert THE_FIRST_ONLY == statuses(made)

    def test_an_outage(self) -> None:
        """A store out of reach ends the run; the next one goes on where it was."""
        repository = FlakyRepository()
        made = holding(unknown(1), unknown(2), unknown(3), repository=repository)

        def probe(one: Action) -> bool:
            repository.outages = one.id.int == 2
            return True

        with pytest.raises(StorageError, match="connection refused"):
            made.reconcile(probe)
        assert THE_FIRST_ONLY == statuses(made)
        assert ReconcileReport(asked=2, succeeded=2) == made.reconcile(Asked())

    def test_a_joined_recorder(self) -> None:
        """Inside a host's transaction nothing is reconciled."""
        probe = Asked()

        with pytest.raises(ValueError, match="recorder that is not joined"):
            holding(unknown()).joined_to("session").reconcile(probe)
        assert [] == probe.actions


class TestShares:
    def test_each_action_is_in_one_share(self) -> None:
        """Ten workers ask about everything, each about a tenth of its own."""
        actions = [unknown(number) for number in range(1000)]
        asked = []

        for index in range(10):
            probe = Asked(None)
            holding(*actions).reconcile(probe, share=(index, 10))
            asked.append(probe.numbers)

        assert list(range(1000)) == sorted(number for one in asked for number in one)
        assert all(60 < len(one) < 140 for one in asked)

    def test_the_same_everywhere(self) -> None:
        """The share of an id never changes: not by process, machine or version."""
        assert [6, 2, 7, 0] == [share_of(UUID(int=number), 10) for number in range(4)]


class TestRefusals:
    @pytest.mark.parametrize(
        ("share", "said"),
        [
            ((0, 0), r"share\[1\] must be between 1 and 2147483647, got 0"),
            ((10, 10), r"share\[0\] must be between 0 and 9, got 10"),
            ((-1, 10), r"share\[0\] must be between 0 and 9, got -1"),
            ((1, 2, 3), r"share must be a pair \(index, of\), got \(1, 2, 3\)"),
            ("12", r"share must be a pair \(index, of\), got '12'"),
            (3, r"share must be a pair \(index, of\), got 3"),
        ],
    )
    def test_share(self, share: Any, said: str) -> None:
        """A share that is none is refused, with what would be one."""
        with pytest.raises(ValueError, match=said):
            holding(unknown()).reconcile(Asked(), share=share)

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"probe": None}, "probe must be callable, got None"),
            ({"probe": True}, "probe must be callable, got True"),
            ({"on_progress": 7}, "on_progress must be callable, got 7"),
            ({"types": "notified"}, "types must be a collection, got 'notified'"),
            ({"types": 7}, "types must be a collection, got 7"),
            ({"types": [7]}, "types must be a str, got 7"),
            ({"share": (True, 2)}, r"share\[0\] must be an int, got True"),
            ({"share": (0, 2.0)}, r"share\[1\] must be an int, got 2.0"),
            ({"limit": "7"}, "limit must be an int, got '7'"),
        ],
    )
    def test_types(self, given: dict[str, Any], said: str) -> None:
        """An argument of another type is refused by name, before anybody is asked."""
        with pytest.raises(TypeError, match=said):
            holding(unknown()).reconcile(**{"probe": Asked(), **given})

    def test_limit(self) -> None:
        """A negative limit is refused."""
        with pytest.raises(ValueError, match="limit must be between 0"):
            holding(unknown()).reconcile(Asked(), limit=-1)
