"""Failure: data about what went wrong, bounded, storable and free of known secrets."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from assignment_actions.domain.blanks import blank_of
from assignment_actions.domain.cuts import bounded_source, cut_end, cut_middle
from assignment_actions.domain.fingerprint import fingerprint_of, fingerprint_of_text
from assignment_actions.domain.frames import (
    Frame,
    frames_in,
    is_in,
    is_installed,
    is_library,
    rewritten,
    without_messages,
)
from assignment_actions.domain.redaction import redacted_text
from assignment_actions.domain.stacktrace import (
    MESSAGE_LIMIT,
    STACKTRACE_LIMIT,
    stacktrace_of,
    type_name,
)
from assignment_actions.domain.values import NAME_LIMIT, TEXT_LIMIT, as_name, storable
from assignment_actions.domain.vocabulary import REASONS, ErrorReason


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{field} must be a str, got {value!r}")
    return storable(str.__str__(value))


def _bounded(message: object, trace: object) -> tuple[str, str | None, bool]:
    """Return storable texts in their bounds; was one of them cut?"""
    text, is_cut = cut_end(_text("message", message), MESSAGE_LIMIT)
    if trace is None:
        return text, None, is_cut
    kept, is_trace_cut = cut_middle(_text("stacktrace", trace), STACKTRACE_LIMIT)
    return text, kept, is_cut or is_trace_cut


@attrs.frozen(kw_only=True)
class Failure:
    """
    Tell what went wrong, mostly somebody's exception.

    Meanings follow OpenTelemetry's exception conventions: `exception_type` is the
    qualified class name, `message` the text, `stacktrace` the representation of the
    trace. Whatever is given becomes storable and bounded: `exception_type` 255
    characters, `message` 4 KiB, `stacktrace` 32 KiB of UTF-8, cut in its middle;
    `truncated` tells that something was cut. `stacktrace` is None where there is none,
    and where a list query left it out. `fingerprint` names the kind of failure; it is
    derived where it is not given.
    """

    reason: str
    exception_type: str = ""
    message: str = ""
    stacktrace: str | None = None
    fingerprint: str = ""
    truncated: bool = False

    def __attrs_post_init__(self) -> None:
        reason = as_name("reason", self.reason)
        name = _text("exception_type", self.exception_type)
        message, trace, is_cut = _bounded(self.message, self.stacktrace)
        fingerprint = _text("fingerprint", self.fingerprint)
        if len(fingerprint) > NAME_LIMIT:
            raise ValueError(
                f"fingerprint must have at most {NAME_LIMIT} characters,"
                f" got {len(fingerprint)}"
            )
        derived = fingerprint or fingerprint_of_text(reason, name, trace or "")
        put = object.__setattr__
        put(self, "reason", REASONS.get(reason, reason))
        put(self, "exception_type", name[:TEXT_LIMIT])
        put(self, "message", message)
        put(self, "stacktrace", trace)
        put(self, "fingerprint", derived)
        is_cut |= len(name) > TEXT_LIMIT
        put(self, "truncated", bool(self.truncated) or is_cut)

    @classmethod
    def of(cls, *, reason: str, message: str = "") -> Failure:
        """
        Return a failure that was no exception: a bounce, a refusal, an HTTP 400.

        >>> Failure.of(reason="email_error", message="mailbox full").exception_type
        ''
        """
        return cls(reason=reason, message=message)

    @classmethod
    def from_exception(
        cls,
        exception: BaseException,
        *,
        reason: str = ErrorReason.UNCLASSIFIED,
        redact: Callable[[str], str] | None = None,
        store_messages: bool = True,
    ) -> Failure:
        """
        Return what an exception tells, whatever it is; this never raises.

        Args:
            exception: type, message, causes, contexts, notes and group members are
                kept with their frames; no local variable is.
            reason: the short code for its kind.
            redact: applied to the texts before they are cut, to each exception's own
                lines at once; what it breaks on is not kept at all.
            store_messages: False keeps types and frames only: no message, no note.
        """
        reason = as_name("reason", reason)
        try:
            return cls._captured(exception, reason, redact, store_messages)
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001  # a host's exception may refuse to be read
            name = object.__repr__(exception).partition(" ")[0].lstrip("<")
            name = storable(name)[:TEXT_LIMIT]
            mark = fingerprint_of((reason, name))
            return Failure.from_store(reason, name, "", None, mark, True)

    @classmethod
    def _captured(
        cls,
        exception: BaseException,
        reason: str,
        redact: Callable[[str], str] | None,
        store_messages: bool,  # noqa: FBT001  # as it was given
    ) -> Failure:
        trace = stacktrace_of(exception, redact=redact, store_messages=store_messages)
        message, is_long = bounded_source(trace.message, 4 * MESSAGE_LIMIT)
        if redact is not None:
            message = storable(str.__str__(redacted_text(redact, message)))
        message, is_message_cut = cut_end(message, MESSAGE_LIMIT)
        text, is_text_cut = cut_middle(trace.text, STACKTRACE_LIMIT)
        return Failure.from_store(
            reason,
            storable(type_name(exception)[:TEXT_LIMIT])[:TEXT_LIMIT],
            message,
            text,
            fingerprint_of((reason, *trace.signature)),
            trace.is_cut or is_long or is_message_cut or is_text_cut,
        )

    @staticmethod
    def from_store(
        reason: str,
        exception_type: str,
        message: str,
        stacktrace: str | None,
        fingerprint: str,
        truncated: bool,  # noqa: FBT001  # a row's columns, in their order
    ) -> Failure:
        """Return a failure from values stored earlier, without checking them again."""
        blank = _blank()
        blank.reason = REASONS.get(reason, reason)
        blank.exception_type = exception_type
        blank.message = message
        blank.stacktrace = stacktrace
        blank.fingerprint = fingerprint
        blank.truncated = truncated
        blank.__class__ = Failure
        failure: Failure = blank
        return failure

    def frames(self, *packages: str) -> tuple[Frame, ...]:
        """
        Return the frames of the stacktrace in its order, the innermost last.

        Args:
            packages: dotted names such as `host.mail`: the frames of these, wherever
                they are installed. Without any: the host's own code, which is neither
                in the standard library nor in an installed package.
        """
        return tuple(
            frame
            for frame in frames_in(self.stacktrace or "")
            if (
                any(is_in(package, frame.path) for package in packages)
                if packages
                else not (is_library(frame.path) or is_installed(frame.path))
            )
        )

    def redacted(self, redact: Callable[[str], str]) -> Failure:
        """
        Return the same failure with its texts redacted.

        Members of groups are redacted without the margins beside them, which would
        tear a secret from its key.
        """
        message, trace = redacted_text(redact, self.message), self.stacktrace
        if trace:
            trace = rewritten(trace, lambda block: redacted_text(redact, block))
        if message == self.message and trace == self.stacktrace:
            return self
        message, trace, is_cut = _bounded(message, trace)
        return self._with_texts(message, trace, is_cut=is_cut)

    def without_messages(self) -> Failure:
        """
        Return types and frames only: what is not recognised as either is left out.

        The fingerprint stays.
        """
        trace = self.stacktrace
        return self._with_texts("", trace and without_messages(trace))

    def without_stacktrace(self) -> Failure:
        """Return what a list shows of this failure."""
        return self if self.stacktrace is None else self._with_texts(self.message, None)

    def scrubbed(self) -> Failure:
        """Return the facts: reason, exception type, fingerprint; no text of it."""
        return self._with_texts("", None)

    def _with_texts(
        self, message: str, stacktrace: str | None, *, is_cut: bool = False
    ) -> Failure:
        """Return the same kind of failure with texts that were checked before."""
        return Failure.from_store(
            self.reason,
            self.exception_type,
            message,
            stacktrace,
            self.fingerprint,
            self.truncated or is_cut,
        )

    def __str__(self) -> str:
        said = ": ".join(part for part in (self.exception_type, self.message) if part)
        return f"{self.reason} ({said})" if said else str(self.reason)


_blank = blank_of(Failure)
