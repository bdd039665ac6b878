import copy
import pickle
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import attrs
import pytest
from domain.samples import (
    ASSIGNMENT,
    BOUNCE,
    T0,
    action,
    at,
    failed,
    succeeded,
    unknown,
)

from assignment_actions import (
    Action,
    ActionStatus,
    ActionType,
)
from assignment_actions.domain.details import FrozenDict
from assignment_actions.domain.redaction import redact_defaults


class TestFields:
    def test_defaults(self) -> None:
        """Five fields are required, all others have defaults."""
        made = action()

        assert (None, None, None, 1, None, {}, None, None) == (
            made.completed_at,
            made.failure,
            made.key,
            made.attempt,
            made.actor,
            made.details,
            made.overdue_at,
            made.unknown_at,
        )

    def test_text_becomes_members(self) -> None:
        """Plain text for status and a built-in type becomes the members."""
        made = action(status="in_progress", action_type="notified")

        assert ActionStatus.IN_PROGRESS is made.status
        assert ActionType.NOTIFIED is made.action_type

    def test_hosts_type_stays(self) -> None:
        """Any lower snake case type can be held."""
        assert action(action_type="packed").action_type == "packed"

    @pytest.mark.parametrize(
        "field", ["created_at", "completed_at", "overdue_at", "unknown_at"]
    )
    def test_times_are_utc(self, field: str) -> None:
        """Every time is kept as the same instant in UTC."""
        west = timezone(timedelta(hours=-5))
        made = succeeded(1, **{field: T0.astimezone(west)})

        assert T0.isoformat() == getattr(made, field).isoformat()

    @pytest.mark.parametrize(
        "field", ["created_at", "completed_at", "overdue_at", "unknown_at"]
    )
    def test_naive_times_are_refused(self, field: str) -> None:
        """A naive time is refused by its field's name (regression: T29)."""
        with pytest.raises(ValueError, match=f"{field} must be an aware datetime"):
            succeeded(1, **{field: datetime(2026, 1, 1)})  # noqa: DTZ001

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("id", "x", r"id must be a uuid\.UUID"),
            ("assignment_id", True, "assignment_id must be a UUID, an int or a str"),
            ("action_type", 5, "action_type must be a str"),
            ("key", 5, "key must be a str"),
            ("actor", b"x", "actor must be a str"),
            ("attempt", 1.5, "attempt must be an int"),
            ("details", [], "details must be a mapping"),
            ("failure", "no", "failure must be a Failure"),
            ("created_at", "now", "created_at must be a datetime"),
        ],
    )
    def test_wrong_types(self, field: str, value: object, said: str) -> None:
        """A value of the wrong type is a TypeError that names the field."""
        with pytest.raises(TypeError, match=said):
            action(1, **{field: value})

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("assignment_id", 2**63, "assignment_id must be between"),
            ("action_type", "Notified", "action_type must be lower snake case"),
            ("action_type", "a" * 65, "action_type must have 1 to 64"),
            ("status", "done", "status must be one of .* got 'done'"),
            ("key", "", "key must have 1 to 255"),
            ("key", "k" * 256, "key must have 1 to 255 characters, got 256"),
            ("actor", "a" * 256, "actor must have 1 to 255 characters, got 256"),
            ("attempt", 0, "attempt must be between 1 and 2147483647, got 0"),
            ("attempt", 2**31, "attempt must be between 1 and 2147483647"),
            ("details", {"a": "x" * 17_000}, "details must be at most 16384 bytes"),
        ],
    )
    def test_out_of_bounds(self, field: str, value: object, said: str) -> None:
        """A value out of bounds is a ValueError with field, value and limit."""
        with pytest.raises(ValueError, match=said):
            action(1, **{field: value})

    def test_is_frozen(self) -> None:
        """An action cannot be changed, only followed by another."""
        with pytest.raises(AttributeError):
            action().attempt = 2  # type: ignore[misc]


class TestConsistency:
    @pytest.mark.parametrize(
        ("status", "changes", "said"),
        [
            ("succeeded", {}, "completed_at must be set .* succeeded, got None"),
            ("failed", {"failure": BOUNCE}, "completed_at must be set .* failed"),
            ("in_progress", {"completed_at": T0}, "completed_at must be None"),
            ("unknown", {"completed_at": T0}, "completed_at must be None .* unknown"),
            ("failed", {"completed_at": T0}, "failure must be set"),
            (
                "succeeded",
                {"completed_at": T0, "failure": BOUNCE},
                "failure must be None for an action that is succeeded",
            ),
            ("in_progress", {"failure": BOUNCE}, "failure must be None"),
            ("in_progress", {"unknown_at": T0}, "unknown_at must be None"),
        ],
    )
    def test_contradictions(
        self, status: str, changes: dict[str, Any], said: str
    ) -> None:
        """Status, completion and failure cannot contradict each other (T2, T4)."""
        with pytest.raises(ValueError, match=said):
            action(status=status, **changes)

    def test_unknown_may_carry_a_failure(self) -> None:
        """What interrupted an unknown action is kept with it."""
        assert BOUNCE == unknown(failure=BOUNCE).failure


class TestAnswers:
    def test_duration(self) -> None:
        """The duration is the time from creation to completion (regression: T1)."""
        assert timedelta(seconds=1) == succeeded().duration
        assert action().duration is None

    def test_completed_before_created(self) -> None:
        """Two clocks that disagree are kept as given; the duration is zero."""
        made = succeeded(completed_at=at(-5))

        assert at(-5) == made.completed_at
        assert timedelta(0) == made.duration

    def test_failed_at(self) -> None:
        """Only a failed action failed at a time (regression: T2)."""
        assert at(1) == failed().failed_at
        assert succeeded().failed_at is None

    def test_is_late(self) -> None:
        """A completion after the action was unknown came late."""
        assert succeeded(unknown_at=T0).is_late
        assert not succeeded().is_late
        assert not unknown().is_late

    @pytest.mark.parametrize(("seconds", "expected"), [(59, False), (60, True)])
    def test_is_overdue(self, seconds: int, expected: bool) -> None:  # noqa: FBT001
        """An action in progress is overdue from overdue_at on."""
        assert expected is action(overdue_at=at(60)).is_overdue(at(seconds))

    def test_never_overdue(self) -> None:
        """Without overdue_at, or once it ended, an action is never overdue."""
        assert not action().is_overdue(at(10**6))
        assert not unknown(overdue_at=T0).is_overdue(at(10**6))


class TestIsSameOutcome:
    def test_same(self) -> None:
        """A completion read back is the same outcome."""
        assert succeeded().is_same_outcome(succeeded(actor="a"))

    @pytest.mark.parametrize(
        "other",
        [
            succeeded(2),
            succeeded(assignment_id=5),
            failed(),
            succeeded(completed_at=at(2)),
            succeeded(details={"a": 1}),
        ],
        ids=["id", "assignment", "status", "time", "details"],
    )
    def test_other(self, other: Action) -> None:
        """Another action, end, time or evidence is another outcome."""
        assert not succeeded().is_same_outcome(other)


class TestRedacted:
    def test_all_texts(self) -> None:
        """Failure, actor and details are redacted; the key is stored as given."""
        made = failed(
            actor="jo@example.com", key="jo@example.com", details={"to": "jo@b.org"}
        )

        result = made.redacted(redact_defaults)

        assert ("[email]", {"to": "[email]"}) == (result.actor, result.details)
        assert made.key == result.key

    def test_nothing_to_redact(self) -> None:
        """An action without texts stays equal."""
        assert action() == action().redacted(redact_defaults)

    @pytest.mark.parametrize(
        ("replacement", "actor"), [("", None), ("x" * 300, "x" * 255), ("\0", r"\x00")]
    )
    def test_actor_stays_storable(self, replacement: str, actor: str | None) -> None:
        """Whatever a redactor makes of an actor, it can be stored."""
        result = action(actor="jo").redacted(lambda _: replacement)

        assert actor == result.actor


class TestWithoutStacktrace:
    def test_leaves_it_out(self) -> None:
        """A list shows a failure without its stacktrace."""
        trace = BOUNCE.from_exception(ValueError("no"))

        assert trace.without_stacktrace() == (
            failed(failure=trace).without_stacktrace().failure
        )

    @pytest.mark.parametrize("made", [action(), failed()], ids=["none", "no_trace"])
    def test_nothing_to_leave_out(self, made: Action) -> None:
        """An action without a stacktrace is returned as it is."""
        assert made is made.without_stacktrace()


def stored(one: Action) -> Action:
    """Return an action as an adapter makes it from a row."""
    assert isinstance(one.details, FrozenDict)
    return Action.from_store(
        id=one.id,
        assignment_id=one.assignment_id,
        action_type=str(one.action_type),
        status=str(one.status),
        created_at=one.created_at,
        completed_at=one.completed_at,
        failure=one.failure,
        key=one.key,
        attempt=one.attempt,
        actor=one.actor,
        details=one.details,
        overdue_at=one.overdue_at,
        unknown_at=one.unknown_at,
    )


class TestCopies:
    @pytest.mark.parametrize(
        "again",
        [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one)), stored],
        ids=["copy", "deepcopy", "pickle", "store"],
    )
    def test_are_equal(self, again: Any) -> None:
        """A copy, a pickle and a stored row are equal, details immutable."""
        made = failed(details={"to": [{"a": 1}]}, key="k", actor="a")

        result = again(made)

        assert made == result
        assert hash(made) == hash(result)
        assert ActionType.NOTIFIED is result.action_type
        with pytest.raises(TypeError, match="immutable"):
            result.details["to"].append(1)

    def test_a_status_that_is_none(self) -> None:
        """A row with another status than the four is refused by name."""
        made = stored(action())
        fields = {one.name: getattr(made, one.name) for one in attrs.fields(Action)}

        with pytest.raises(ValueError, match="'lost' is not a valid ActionStatus"):
            Action.from_store(**{**fields, "status": "lost"})

    def test_retired_type_is_plain_text(self) -> None:
        """A stored type that nobody knows any more does not raise (T33)."""
        made = Action.from_store(
            id=UUID(int=1),
            assignment_id=ASSIGNMENT,
            action_type="Automatic Cancellation",
            status="in_progress",
            created_at=T0,
            completed_at=None,
            failure=None,
            key=None,
            attempt=1,
            actor=None,
            details=FrozenDict(),
            overdue_at=None,
            unknown_at=None,
        )

        assert made.action_type == "Automatic Cancellation"
