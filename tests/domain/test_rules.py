from collections.abc import Sequence
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest
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
    ActionAlreadyCompletedError,
    ActionNotFoundError,
    DuplicateActionError,
    ErrorReason,
    Failure,
    OutcomeUnknownError,
    StorageError,
)
from assignment_actions.domain.ids import Uuid7Factory
from assignment_actions.domain.redaction import REMOVED, redact_defaults
from assignment_actions.domain.rules import (
    WritingRules,
    next_attempt,
    refusal_of,
)
from assignment_actions.domain.vocabulary import Vocabulary


def rules(**changes: Any) -> WritingRules:
    """Return the rules of a recorder whose clock stands at T0."""
    given: dict[str, Any] = {
        "clock": ManualClock(),
        "ids": Uuid7Factory(),
        "vocabulary": Vocabulary.of(),
        "reasons": {},
        "redact": redact_defaults,
        "overdue_after": timedelta(hours=1),
    }
    return WritingRules(**(given | changes))


class TestReasons:
    def test_most_specific_type_decides(self) -> None:
        """The reason is that of the nearest type in the exception's own order (T6)."""
        made = rules(reasons={OSError: "disk_error", Exception: "bug"})

        assert "disk_error" == made.failure(FileNotFoundError()).reason
        assert "bug" == made.failure(KeyError()).reason
        assert ErrorReason.TIMEOUT is made.failure(TimeoutError()).reason
        assert ErrorReason.INTERRUPTED is made.failure(SystemExit()).reason

    def test_built_in(self) -> None:
        """Without reasons of the host's own an exception is unclassified."""
        assert ErrorReason.UNCLASSIFIED is rules().failure(KeyError()).reason


class TestRedactor:
    def test_what_cannot_be_called_is_refused(self) -> None:
        """A redactor is a callable, or None for none."""
        with pytest.raises(TypeError, match="redact must be callable or None"):
            rules(redact=True)


class TestOverdueAfter:
    def test_an_unknown_type_is_refused(self) -> None:
        """A limit for a misspelt type would never hold."""
        with pytest.raises(ValueError, match="'notifyed' is unknown"):
            rules(overdue_after={"notifyed": timedelta(1)})

    def test_for_all_types(self) -> None:
        """One duration holds for every type."""
        made = rules(overdue_after=timedelta(minutes=5)).started(1, "notified")

        assert at(300) == made.overdue_at

    def test_by_type(self) -> None:
        """A type that is not named has one hour."""
        made = rules(overdue_after={"notified": timedelta(minutes=5)})

        assert at(300) == made.started(1, "notified").overdue_at
        assert at(3600) == made.started(1, "reminded").overdue_at

    def test_beyond_the_calendar_is_never(self) -> None:
        """A duration that no calendar holds means never overdue."""
        made = rules(overdue_after=timedelta.max).started(1, "notified")

        assert made.overdue_at is None

    @pytest.mark.parametrize("value", [timedelta(0), {"notified": timedelta(-1)}])
    def test_must_be_positive(self, value: Any) -> None:
        """Nothing is overdue when it starts."""
        with pytest.raises(ValueError, match="overdue_after must be positive, got"):
            rules(overdue_after=value)

    @pytest.mark.parametrize("value", [60, {"notified": 60}, None])
    def test_must_be_a_timedelta(self, value: Any) -> None:
        """A number has no unit."""
        with pytest.raises(TypeError, match="overdue_after must be a timedelta, got"):
            rules(overdue_after=value)


class TestStarted:
    def test_unknown_type(self) -> None:
        """A type outside the vocabulary is refused when written."""
        with pytest.raises(ValueError, match="'shipped' is unknown; known are"):
            rules().started(1, "shipped")

    def test_naive_clock(self) -> None:
        """A clock that tells naive times is refused."""
        made = rules(clock=lambda: T0.replace(tzinfo=None))

        with pytest.raises(ValueError, match=r"clock\(\) must be an aware datetime"):
            made.started(1, "notified")

    def test_naive_moment(self) -> None:
        """A naive moment is refused by its argument's name."""
        with pytest.raises(ValueError, match="at must be an aware datetime"):
            rules().started(1, "notified", at=T0.replace(tzinfo=None))

    def test_a_redactor_that_empties_the_actor(self) -> None:
        """An actor of which nothing is left is none."""
        assert (
            rules(redact=lambda _: "").started(1, "notified", actor="jo").actor is None
        )

    def test_a_broken_redactor(self) -> None:
        """A redactor that returns no text keeps nothing of actor and details."""
        made = rules(redact=lambda _: None)

        started = made.started(1, "notified", actor="jo", details={"a": "b"})

        assert (REMOVED, {REMOVED: REMOVED}) == (started.actor, started.details)

    def test_no_redactor(self) -> None:
        """Without a redactor texts are kept as they are."""
        made = rules(redact=None)
        given = failed(details={"to": "jo@example.com"}, actor="jo@example.com")

        started = made.started(1, "notified", actor="jo@example.com")

        assert "jo@example.com" == started.actor
        assert given is made.imported(given)
        assert BOUNCE is made.failure(BOUNCE)

    def test_actor_bounds(self) -> None:
        """An actor that is too long is refused, not cut."""
        with pytest.raises(ValueError, match="actor must have 1 to 255"):
            rules().started(1, "notified", actor="a" * 256)


class TestFailure:
    @pytest.mark.parametrize("error", [None, "no", ValueError])
    def test_wrong_types(self, error: Any) -> None:
        """What is neither an exception nor a Failure is refused (T44)."""
        with pytest.raises(TypeError, match="error must be an exception or a Failure"):
            rules().failure(error)

    def test_given_failures_are_redacted(self) -> None:
        """A failure that somebody else made is redacted too."""
        given = Failure.of(reason="timeout", message="for jo@example.com")

        assert "for [email]" == rules().failure(given).message


class TestImported:
    @pytest.mark.parametrize("given", [None, "a", BOUNCE])
    def test_only_actions(self, given: Any) -> None:
        """An item that is no action is refused."""
        with pytest.raises(TypeError, match="actions must be Action objects, got"):
            rules().imported(given)


LATER = {"created_at": at(5), "attempt": 2}
TRIES: dict[str, Any] = {
    "failed": failed,
    "succeeded": succeeded,
    "running": action,
    "overdue": lambda *a, **k: action(*a, overdue_at=T0, **k),
    "unknown": unknown,
}


def decide(tries: Sequence[Action], *, retry_unknown: bool = False) -> Action:
    """Return what becomes of a refused first attempt."""
    return next_attempt(
        action(9, key="k"), tries, now=at(60), retry_unknown=retry_unknown
    )


def expected(kinds: tuple[str, ...], *, retry_unknown: bool) -> type[Exception] | None:
    """Say the contract's sentence about keys once more."""
    if "succeeded" in kinds or "running" in kinds:
        return DuplicateActionError
    if not retry_unknown and {"unknown", "overdue"} & set(kinds):
        return OutcomeUnknownError
    return None


class TestNextAttempt:
    @pytest.mark.parametrize("retry_unknown", [False, True])
    @pytest.mark.parametrize("kinds", [*product(TRIES), *product(TRIES, TRIES)])
    def test_every_combination(
        self,
        kinds: tuple[str, ...],
        retry_unknown: bool,  # noqa: FBT001
    ) -> None:
        """One or two earlier tries of any kinds decide as the contract says."""
        tries = [
            TRIES[kind](number, key="k", attempt=number)
            for number, kind in enumerate(kinds, 1)
        ]
        error = expected(kinds, retry_unknown=retry_unknown)

        if error is None:
            following = decide(tries[::-1], retry_unknown=retry_unknown)
            assert len(kinds) + 1 == following.attempt
            assert UUID(int=9) == following.id
        else:
            with pytest.raises(error) as caught:
                decide(tries[::-1], retry_unknown=retry_unknown)
            assert caught.value.action in tries  # type: ignore[attr-defined]

    def test_the_success_is_named_first(self) -> None:
        """A late success is the answer, whatever came after it."""
        won = succeeded(1, key="k")

        with pytest.raises(DuplicateActionError) as caught:
            decide([action(2, key="k", **LATER), won])

        assert won == caught.value.action

    def test_the_latest_unknown_is_named(self) -> None:
        """Of several unknown tries the latest is to be found out about."""
        latest = unknown(2, key="k", **LATER)

        with pytest.raises(OutcomeUnknownError) as caught:
            decide([latest, unknown(1, key="k")])

        assert latest == caught.value.action


class TestRefusalOf:
    @pytest.mark.parametrize("stored", [None, action(assignment_id=5)])
    def test_not_found(self, stored: Action | None) -> None:
        """Nothing under this assignment and id: not found."""
        refusal = refusal_of(succeeded(), stored)

        assert isinstance(refusal, ActionNotFoundError)

    @pytest.mark.parametrize("stored", [succeeded(), failed()])
    def test_already_completed(self, stored: Action) -> None:
        """A final outcome stands."""
        refusal = refusal_of(succeeded(), stored)

        assert isinstance(refusal, ActionAlreadyCompletedError)
        assert stored.status == refusal.status

    def test_unknown_as_asked_for(self) -> None:
        """Unknown twice is nothing wrong."""
        assert refusal_of(unknown(), unknown()) is None

    def test_changed_under_a_snapshot(self) -> None:
        """Still open where it was refused: another transaction changed it."""
        refusal = refusal_of(succeeded(), action())

        assert isinstance(refusal, StorageError)
        assert "snapshot" in str(refusal)


def test_never_overdue_when_recorded_at_once() -> None:
    """What began and ended at one moment has no time at which it is overdue."""
    made = rules()
    started = made.started(ASSIGNMENT, "notified", at=at(-5))

    finished = made.finished_at(started, None)

    assert (at(-5), at(-5), None) == (
        finished.created_at,
        finished.completed_at,
        finished.overdue_at,
    )
