"""The recorder's promises about exceptions nobody foresaw: all are stored."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from assignment_actions.domain.action import Action
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.recorder import ActionRecorder
from assignment_actions.testing.factories import an_assignment_id

DEPTH = 10_000


class HostileExceptions:
    """What is kept of an exception, and that it goes on untouched."""

    def test_causes_notes_and_groups_are_kept(self, recorder: ActionRecorder) -> None:
        """Every exception of a tree is stored: type, message, note and frame."""
        failure = recorded(recorder, raise_tree)

        assert "ExceptionGroup" == failure.exception_type
        for part in (
            "ConnectionError: the cause",
            "a note on the cause",
            "direct cause of",
            "KeyError: 'the context'",
            "During handling of",
            "ValueError: the first member",
            "a note on the group",
            "ZeroDivisionError: the inner member",
            "in raise_cause",
            "in raise_tree",
        ):
            assert part in (failure.stacktrace or "")

    def test_a_message_of_5_megabytes_is_cut(self, recorder: ActionRecorder) -> None:
        """A huge message is bounded to 4 KiB; both texts are kept, and it is said."""
        failure = recorded(recorder, raiser(ValueError("start " + "x" * 5_000_000)))

        assert failure.message.startswith("start ")
        assert len(failure.message.encode()) <= 4 * 1024
        assert len((failure.stacktrace or "").encode()) <= 32 * 1024
        assert failure.truncated is True

    @pytest.mark.parametrize(
        ("text", "stored"),
        [
            ("a\0b", "a\\x00b"),
            ("\ud83d and \ude00", "\\ud83d and \\ude00"),
            ("\N{PILE OF POO}" * 900, "\N{PILE OF POO}" * 900),
            ("\x1b[31m\r\n\t\x7f", "\x1b[31m\r\n\t\x7f"),
            ("", ""),
        ],
        ids=["NUL", "lone surrogates", "emoji", "control characters", "nothing"],
    )
    def test_odd_characters_are_stored(
        self, recorder: ActionRecorder, text: str, stored: str
    ) -> None:
        """No character keeps a failure from being stored; escapes stand for the two."""
        failure = recorded(recorder, raiser(RuntimeError(text)))

        assert (stored, False) == (failure.message, failure.truncated)

    def test_an_exception_that_cannot_be_printed_is_stored(
        self, recorder: ActionRecorder
    ) -> None:
        """Where str() of an exception raises, its type and frames are stored."""
        failure = recorded(recorder, raiser(UnprintableError()))

        assert failure.exception_type.endswith("UnprintableError")
        assert "unprintable" in failure.message

    def test_a_recursion_of_10_000_is_stored(self, recorder: ActionRecorder) -> None:
        """Ten thousand frames are cut in the middle; both ends are kept."""
        with deep_stack():
            failure = in_a_thread(lambda: recorded(recorder, lambda: descend(DEPTH)))

        trace = failure.stacktrace or ""

        assert ("RecursionError", True) == (failure.exception_type, failure.truncated)
        assert "frames left out" in trace
        assert ("in recorded" in trace, "in descend" in trace) == (True, True)
        assert len(trace.encode()) <= 32 * 1024

    def test_a_loop_of_causes_ends(self, recorder: ActionRecorder) -> None:
        """Exceptions that cause each other are each written once."""
        first, second = ValueError("first"), KeyError("second")
        first.__cause__, second.__cause__ = second, first

        failure = recorded(recorder, raiser(first))

        assert 1 == (failure.stacktrace or "").count("ValueError: first")
        assert 1 == (failure.stacktrace or "").count("KeyError: 'second'")

    def test_a_chain_of_a_thousand_is_bounded(self, recorder: ActionRecorder) -> None:
        """A long chain of causes keeps its newest end, and says that it was cut."""
        error: Exception = ValueError("number 0")
        for number in range(1, 1_000):
            cause, error = error, ValueError(f"number {number}")
            error.__cause__ = cause

        failure = recorded(recorder, raiser(error))

        assert ("number 999", True) == (failure.message, failure.truncated)
        assert "ValueError: number 999" in (failure.stacktrace or "")

    def test_a_deep_nest_of_groups_is_bounded(self, recorder: ActionRecorder) -> None:
        """Groups in groups, hundreds deep, are bounded like all else."""
        error: Exception = ValueError("innermost")
        for number in range(300):
            error = ExceptionGroup(f"group {number}", [error])

        failure = recorded(recorder, raiser(error))

        assert failure.truncated is True
        assert "group 299" in (failure.stacktrace or "")


class UnprintableError(Exception):
    """Raise when asked for a text."""

    def __str__(self) -> str:
        raise RuntimeError("no text for you")


def recorded(recorder: ActionRecorder, work: Callable[[], object]) -> Failure:
    """Record work that raises; return its stored failure, the exception untouched."""
    raised: list[BaseException] = []
    actions: list[Action] = []

    def noted() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)
            raise

    with (  # noqa: PT012  # what is recorded is the block
        pytest.raises(BaseException) as caught,  # noqa: PT011  # whatever it is
        recorder.recording(an_assignment_id(), "notified") as recording,
    ):
        actions.append(recording.action)
        noted()

    assert raised[0] is caught.value
    failure = recorder.history.get(actions[0].id).failure
    assert failure is not None
    return failure


def raiser(error: Exception) -> Callable[[], object]:
    """Return a function that raises an exception."""

    def work() -> None:
        raise error

    return work


def raise_cause() -> None:
    """Raise what is the cause of another exception."""
    try:
        os.environ.copy().pop("the context")
    except KeyError:
        error = ConnectionError("the cause")
        error.add_note("a note on the cause")
        raise error  # noqa: B904  # the context is what this is about


def raise_tree() -> None:
    """Raise a group with a cause, a context, notes and a group inside."""
    try:
        raise_cause()
    except ConnectionError as cause:
        inner = ExceptionGroup("inner", [ZeroDivisionError("the inner member")])
        group = ExceptionGroup("outer", [ValueError("the first member"), inner])
        group.add_note("a note on the group")
        raise group from cause


def descend(depth: int) -> None:
    """Recurse by two functions in turn, until the stack is as deep as asked."""
    if depth <= 0:
        raise RecursionError("the bottom")
    go_deeper(depth - 1)


def go_deeper(depth: int) -> None:
    """Be the other function."""
    descend(depth - 1)


@contextmanager
def deep_stack() -> Iterator[None]:
    """Allow a deep recursion in threads that start inside."""
    limit, size = sys.getrecursionlimit(), threading.stack_size(256 * 1024 * 1024)
    sys.setrecursionlimit(2 * DEPTH)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)


def in_a_thread(work: Callable[[], Failure]) -> Failure:
    """Return what work answers in a thread of its own."""
    answers: list[Failure] = []
    thread = threading.Thread(target=lambda: answers.append(work()))
    thread.start()
    thread.join()
    return answers[0]
