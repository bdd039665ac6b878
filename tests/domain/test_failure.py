import copy
import pickle
from enum import StrEnum
from typing import Any

import pytest
from domain import faults
from hypothesis import given, settings
from hypothesis import strategies as st

from assignment_actions import ErrorReason, Failure
from assignment_actions.domain.redaction import REMOVED, redact_defaults

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=50)


class HostReason(StrEnum):
    QUOTA = "quota"


def broken(text: str) -> str:
    raise RuntimeError(text)


class TestFields:
    def test_defaults(self) -> None:
        """Only the reason is required."""
        failure = Failure(reason="timeout")

        assert (
            failure.exception_type,
            failure.message,
            failure.stacktrace,
            failure.truncated,
        ) == ("", "", None, False)

    def test_built_in_reason_becomes_the_member(self) -> None:
        """The text of a built-in reason becomes its member."""
        assert ErrorReason.TIMEOUT is Failure(reason="timeout").reason

    def test_hosts_reason_stays(self) -> None:
        """A host's own member stays."""
        assert HostReason.QUOTA is Failure(reason=HostReason.QUOTA).reason

    def test_reason_must_be_a_name(self) -> None:
        """A sentence is no reason (regression: T39)."""
        with pytest.raises(ValueError, match="reason must be lower snake case"):
            Failure(reason="Mailbox full!")

    @pytest.mark.parametrize(
        "field", ["exception_type", "message", "stacktrace", "fingerprint"]
    )
    def test_texts_must_be_text(self, field: str) -> None:
        """Every text field refuses other types by its name."""
        given: dict[str, Any] = {"reason": "timeout", field: 5}

        with pytest.raises(TypeError, match=f"{field} must be a str, got 5"):
            Failure(**given)

    def test_fingerprint_limit(self) -> None:
        """A fingerprint of 64 characters is kept, one of 65 refused."""
        assert Failure(reason="timeout", fingerprint="f" * 64).fingerprint == "f" * 64

        with pytest.raises(ValueError, match=r"fingerprint must have at most 64 .* 65"):
            Failure(reason="timeout", fingerprint="f" * 65)


class TestBounds:
    @given(ANY_TEXT, ANY_TEXT, st.integers(1, 2_000))
    @settings(max_examples=60)
    def test_any_text_fits(self, message: str, stacktrace: str, times: int) -> None:
        """Whatever is given, no text is larger in bytes than the store allows."""
        failure = Failure(
            reason="timeout", message=message * times, stacktrace=stacktrace * times
        )

        assert len(failure.message.encode()) <= 4 * 1024
        assert len((failure.stacktrace or "").encode()) <= 32 * 1024
        assert "\x00" not in failure.message + (failure.stacktrace or "")

    @pytest.mark.parametrize(
        ("field", "size"),
        [("exception_type", 255), ("message", 4096), ("stacktrace", 32 * 1024)],
    )
    def test_truncated_tells_that_something_was_cut(
        self, field: str, size: int
    ) -> None:
        """What fits is whole; one character more, and `truncated` is set."""
        fits: dict[str, Any] = {field: "x" * size}
        too_large: dict[str, Any] = {field: "x" * (size + 1)}

        assert "x" * size == getattr(Failure(reason="timeout", **fits), field)
        assert not Failure(reason="timeout", **fits).truncated
        assert Failure(reason="timeout", **too_large).truncated

    def test_no_half_secret_is_left_at_the_cut(self) -> None:
        """A message is cut between words, so that half a password cannot survive."""
        message = "x" * 4_050 + " ftp://jo:" + "hunter2" * 20 + "@host/"

        failure = Failure.of(reason="email_error", message=message)

        assert "hunter2" not in failure.redacted(redact_defaults).message


class TestOf:
    def test_was_no_exception(self) -> None:
        """A bounce has a reason and a message, no type and no stacktrace."""
        failure = Failure.of(reason="email_error", message="mailbox full")

        assert str(failure) == "email_error (mailbox full)"
        assert failure.stacktrace is None


class TestFromException:
    def test_follows_opentelemetry(self) -> None:
        """Type, message and stacktrace mean what OpenTelemetry means (T5, T6)."""
        failure = Failure.from_exception(faults.caught(faults.with_cause))

        assert failure.exception_type == "RuntimeError"
        assert failure.message == "could not notify"
        assert ErrorReason.UNCLASSIFIED is failure.reason
        assert "ZeroDivisionError: division by zero" in (failure.stacktrace or "")
        assert str(failure) == "unclassified (RuntimeError: could not notify)"

    @pytest.mark.parametrize(
        "error",
        [
            faults.UnprintableError(),
            faults.OddError(),
            faults.UnnotableError(),
            ValueError("x" * 5_000_000),
            ValueError("\x00\ud800"),
            KeyboardInterrupt(),
            BaseExceptionGroup("g", [SystemExit(1)]),
            faults.caught(faults.recursive, 10**9),
        ],
        ids=[
            "unprintable",
            "odd",
            "unnotable",
            "huge",
            "unstorable",
            "interrupt",
            "group",
            "recursion",
        ],
    )
    def test_never_raises(self, error: BaseException) -> None:
        """Whatever the exception, its failure can be stored."""
        failure = Failure.from_exception(error, redact=redact_defaults)

        assert len(failure.message.encode()) <= 4 * 1024
        assert len((failure.stacktrace or "").encode()) <= 32 * 1024
        assert type(error).__qualname__ in failure.exception_type

    def test_secrets_go_before_anything_is_cut(self) -> None:
        """Message, causes and notes are redacted (regression: T30)."""
        error = ValueError("token=abc for jo@example.com")
        error.__cause__ = KeyError("mary@example.com")
        error.add_note("password: hunter2")

        failure = Failure.from_exception(error, redact=redact_defaults)

        assert failure.message == "token=[redacted] for [email]"
        for secret in ("abc", "jo@", "mary", "hunter2"):
            assert secret not in (failure.stacktrace or "")

    def test_a_broken_redactor_keeps_nothing(self) -> None:
        """Where the redactor raises, type and fingerprint are all that is left."""
        failure = Failure.from_exception(ValueError("secret"), redact=broken)

        assert (failure.message, failure.stacktrace) == (
            REMOVED,
            f"ValueError: {REMOVED}\n",
        )
        assert failure.exception_type == "ValueError"

    def test_without_messages(self) -> None:
        """Types and frames are stored; the kind is that of the whole exception."""
        error = faults.caught(faults.with_cause)
        error.add_note("seen by jo@example.com")

        whole = Failure.from_exception(error)
        failure = Failure.from_exception(error, store_messages=False)

        assert (failure.exception_type, failure.message) == ("RuntimeError", "")
        for said in ("could not notify\n", "division by zero", "seen by"):
            assert said not in (failure.stacktrace or "")
        assert whole.fingerprint == failure.fingerprint
        assert whole.frames() == failure.frames()

    def test_reason_is_checked(self) -> None:
        """A reason that is none is the caller's mistake."""
        with pytest.raises(ValueError, match="reason must be lower snake case"):
            Failure.from_exception(ValueError(), reason="Mailbox full!")

    def test_what_a_redactor_makes_large_is_cut(self) -> None:
        """Bounds hold for what a redactor returns; NUL becomes an escape."""
        failure = Failure.from_exception(
            ValueError("a"), redact=lambda _: "x \0" * 9_999
        )

        assert failure.truncated
        assert len(failure.message.encode()) <= 4 * 1024
        assert len((failure.stacktrace or "").encode()) <= 32 * 1024
        assert "\0" not in failure.message + (failure.stacktrace or "")

    def test_fingerprint_names_the_kind(self) -> None:
        """Equal over messages and lines, different by reason and by type."""

        def kind(reason: str, fault: Any, *args: object) -> str:
            error = faults.caught(fault, *args)
            return Failure.from_exception(error, reason=reason).fingerprint

        assert kind("timeout", faults.recursive, 2) == kind(
            "timeout", faults.recursive, 5
        )
        assert kind("timeout", faults.recursive, 2) != kind(
            "quota", faults.recursive, 2
        )
        assert kind("timeout", faults.divide, 2) != kind("timeout", faults.with_cause)


class TestWithoutMessages:
    def test_from_a_given_stacktrace(self) -> None:
        """Of a stacktrace given as text, what is certainly no message stays."""
        failure = Failure(
            reason="timeout",
            exception_type="KeyError",
            message="'hunter2'",
            stacktrace='Traceback:\n  File "a.py", line 1, in f\nKeyError: hunter2\n',
        )

        result = failure.without_messages()

        assert ("", '  File "a.py", line 1, in f\nKeyError\n') == (
            result.message,
            result.stacktrace,
        )
        assert failure.fingerprint == result.fingerprint

    def test_no_stacktrace_stays_none(self) -> None:
        """A failure without a stacktrace gets none."""
        result = Failure.of(reason="timeout", message="late").without_messages()

        assert (result.message, result.stacktrace) == ("", None)


class TestDerivedFingerprint:
    def test_from_a_given_stacktrace(self) -> None:
        """An imported stacktrace counts by files and functions, not by lines."""
        trace = 'Traceback:\n  File "{}", line {}, in send\n    x()\n'
        one, two = (
            Failure(reason="timeout", stacktrace=trace.format(path, line))
            for path, line in (("/srv/a/mail.py", 1), ("C:\\app\\mail.py", 99))
        )

        assert one.fingerprint == two.fingerprint

    def test_repeated_frames_count_once(self) -> None:
        """A recursion in an imported stacktrace is of one kind at any depth."""
        frame = '  File "a.py", line 1, in f\n'

        one = Failure(reason="timeout", stacktrace=frame)
        three = Failure(reason="timeout", stacktrace=frame * 3)
        other = Failure(reason="timeout", stacktrace=frame.replace("in f", "in g"))

        assert one.fingerprint == three.fingerprint
        assert one.fingerprint != other.fingerprint

    def test_given_one_is_kept(self) -> None:
        """A fingerprint that was given stands."""
        assert Failure(reason="timeout", fingerprint="mine").fingerprint == "mine"


class TestRedacted:
    def test_texts(self) -> None:
        """Message and stacktrace are redacted, all else stays."""
        failure = Failure(
            reason="timeout",
            exception_type="TimeoutError",
            message="pwd=x",
            stacktrace="pwd=y",
            truncated=True,
        )

        result = failure.redacted(redact_defaults)

        assert (
            result.message,
            result.stacktrace,
        ) == ("pwd=[redacted]", "pwd=[redacted]")
        assert failure.fingerprint == result.fingerprint
        assert result.truncated

    def test_no_stacktrace_stays_none(self) -> None:
        """A failure without a stacktrace gets none."""
        failure = Failure.of(reason="timeout", message="late")

        assert failure == failure.redacted(redact_defaults)


class TestForLists:
    def test_without_stacktrace(self) -> None:
        """A list shows everything but the stacktrace."""
        failure = Failure.from_exception(ValueError("no"))

        result = failure.without_stacktrace()

        assert result.stacktrace is None
        assert failure.fingerprint == result.fingerprint
        assert result.message == "no"

    def test_nothing_to_leave_out(self) -> None:
        """A failure without a stacktrace is returned as it is."""
        failure = Failure.of(reason="timeout")

        assert failure is failure.without_stacktrace()


class TestCopies:
    @pytest.mark.parametrize(
        "again",
        [
            copy.copy,
            copy.deepcopy,
            lambda one: pickle.loads(pickle.dumps(one)),
            lambda one: Failure.from_store(
                "unclassified",
                one.exception_type,
                one.message,
                one.stacktrace,
                one.fingerprint,
                one.truncated,
            ),
        ],
        ids=["copy", "deepcopy", "pickle", "store"],
    )
    def test_are_equal(self, again: Any) -> None:
        """A copy, a pickle and a stored row are equal, and hash equally."""
        failure = Failure.from_exception(faults.caught(faults.with_cause))

        result = again(failure)

        assert failure == result
        assert hash(failure) == hash(result)
        assert ErrorReason.UNCLASSIFIED is result.reason

    def test_cannot_be_changed(self) -> None:
        """A failure is frozen."""
        with pytest.raises(AttributeError):
            Failure.of(reason="timeout").reason = "x"  # type: ignore[misc]

    def test_plain_reason_is_said_alone(self) -> None:
        """Without type and message the reason is all there is to say."""
        assert str(Failure.of(reason="timeout")) == "timeout"
