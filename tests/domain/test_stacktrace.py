import itertools
import sys
import traceback
import types
from functools import partial
from typing import Any

import pytest
from domain import faults

from assignment_actions.domain.stacktrace import (
    EXCEPTIONS,
    fingerprint_of,
    message_of,
    stacktrace_of,
    type_name,
)


class TestTypeName:
    def test_builtin(self) -> None:
        """A builtin is named without its module."""
        assert type_name(ValueError()) == "ValueError"

    def test_qualified(self) -> None:
        """Any other type is named with its module."""
        assert type_name(faults.OddError()) == "domain.faults.OddError"


class TestMessageOf:
    def test_text(self) -> None:
        """The message is what str() says."""
        assert message_of(KeyError("a")) == "'a'"

    @pytest.mark.parametrize("kind", [faults.UnprintableError, faults.OddError])
    def test_placeholder(self, kind: type[Exception]) -> None:
        """An exception whose __str__ breaks is named instead."""
        assert f"<unprintable {kind.__name__} object>" == message_of(kind())


class TestChain:
    def test_never_raised(self) -> None:
        """An exception without frames is its type and message."""
        trace = stacktrace_of(ValueError("no"))

        assert trace.text == "ValueError: no\n"
        assert not trace.is_cut

    def test_no_message(self) -> None:
        """An exception without a message is its type (regression: T5)."""
        assert stacktrace_of(ValueError()).text == "ValueError\n"

    @pytest.mark.parametrize(
        "fault",
        [
            faults.with_cause,
            faults.with_context,
            faults.with_suppressed_context,
        ],
    )
    def test_as_python_prints_it(self, fault: Any) -> None:
        """Cause, context and suppression come out as in Python's own traceback."""
        error = faults.caught(fault)

        printed = "".join(traceback.format_exception(error)).splitlines()
        expected = [line for line in printed if set(line) - set(" ^~")]
        written = [line for line in stacktrace_of(error).text.splitlines() if line]

        assert expected == written

    def test_notes(self) -> None:
        """Notes follow the message (regression: T5)."""
        error = ValueError("no")
        error.add_note("learner 7")
        error.__notes__.append(object())  # type: ignore[arg-type]  # what is tested

        assert (
            stacktrace_of(error).text == "ValueError: no\nlearner 7\n<class 'object'>\n"
        )

    @pytest.mark.parametrize("notes", [None, 5, "text"])
    def test_notes_that_are_no_list(self, notes: Any) -> None:
        """Whatever somebody put in the place of notes is left out."""
        error = ValueError("no")
        error.__notes__ = notes

        assert stacktrace_of(error).text == "ValueError: no\n"

    def test_notes_that_cannot_be_read(self) -> None:
        """Notes that raise are left out."""
        trace = stacktrace_of(faults.UnnotableError("no"))

        assert trace.text == "domain.faults.UnnotableError: no\n"

    def test_cycle_of_causes(self) -> None:
        """A cycle of causes is written once."""
        first, second = ValueError("first"), ValueError("second")
        first.__cause__, second.__cause__ = second, first

        text = stacktrace_of(first).text

        assert text.count("ValueError: first") == 1
        assert text.count("ValueError: second") == 1

    def test_long_chain(self) -> None:
        """A chain of causes longer than the bound is cut at its far end."""
        error: BaseException = ValueError("number 0")
        for number in range(1, 200):
            later = ValueError(f"number {number}")
            later.__cause__, error = error, later

        trace = stacktrace_of(error)

        assert trace.is_cut
        assert trace.text.count("ValueError: number") == EXCEPTIONS
        assert trace.text.endswith("ValueError: number 199\n")


class TestGroups:
    def test_members_of_members(self) -> None:
        """Every member is written, with its own cause, at every depth (T5)."""
        error = faults.caught(faults.with_cause)
        inner = BaseExceptionGroup("inner", [error, OSError("x")])
        text = stacktrace_of(BaseExceptionGroup("outer", [KeyError("k"), inner])).text

        assert "ExceptionGroup: outer (2 sub-exceptions)" in text
        assert "  | KeyError: 'k'" in text
        assert "  |   | ZeroDivisionError: division by zero" in text
        assert "  |   | RuntimeError: could not notify" in text
        assert "  |   | OSError: x" in text

    def test_too_many_members(self) -> None:
        """Members beyond 32 are left out, and `is_cut` says so."""
        group = ExceptionGroup("many", [ValueError(f"m{i}") for i in range(100)])

        trace = stacktrace_of(group)

        assert trace.is_cut
        assert trace.text.count("ValueError: m") == 32
        assert "+---- 1 of 100 ----" in trace.text

    def test_too_deep(self) -> None:
        """Groups nested deeper than 12 are left out, and `is_cut` says so."""
        group: ExceptionGroup[Exception] = ExceptionGroup(
            "end", [ValueError("deepest")]
        )
        for _ in range(20):
            group = ExceptionGroup("level", [group])

        trace = stacktrace_of(group)

        assert trace.is_cut
        assert "deepest" not in trace.text

    def test_exceptions_in_all(self) -> None:
        """Wide and deep groups together are bounded too."""
        group: ExceptionGroup[Exception] = ExceptionGroup("g", [ValueError("v")] * 32)
        for number in range(6):
            group = ExceptionGroup(
                "g", [group, *(ValueError(f"{number} {i}") for i in range(31))]
            )

        trace = stacktrace_of(group)

        assert trace.is_cut
        assert trace.text.count("Error: ") <= EXCEPTIONS


class TestFrames:
    def test_never_a_local_variable(self) -> None:
        """The value of a local variable appears nowhere."""
        text = stacktrace_of(faults.caught(faults.divide, 12345)).text

        assert "local-value" not in text
        assert "12345" not in text
        assert "return number / (len(hidden) - 11)" in text

    def test_deep_recursion(self) -> None:
        """Of thousands of frames both ends are kept, and the number of the others."""
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(6_000)
        try:
            error = faults.caught(faults.recursive, 4_000)
        finally:
            sys.setrecursionlimit(limit)

        trace = stacktrace_of(error)

        assert trace.is_cut
        assert "frames left out …]" in trace.text
        assert trace.text.count('  File "') == 48
        assert trace.text.endswith("ValueError: bottom\n")

    def test_recursion_error(self) -> None:
        """A RecursionError is written like any other."""
        error = faults.caught(faults.recursive, 10**9)

        assert "RecursionError: maximum recursion depth" in stacktrace_of(error).text

    def test_syntax_error(self) -> None:
        """A syntax error says where, and never shows the source as a frame."""
        error = faults.caught(compile, "a = = b", "<template>", "exec")

        assert stacktrace_of(error).text.endswith(
            "SyntaxError: invalid syntax (<template>, line 1)\n"
        )

    def test_code_without_source(self) -> None:
        """A frame whose source nobody has is a frame without a line."""
        error = faults.caught(eval, compile("1/0", "<odd\ud800>", "eval"))

        assert (
            '  File "<odd\\ud800>", line 1, in <module>\n' in stacktrace_of(error).text
        )

    def test_loader_that_breaks(self) -> None:
        """A loader that cannot give its source does not hide the failure."""

        class Loader:
            def get_source(self, name: str) -> str:
                raise RuntimeError(name)

        names = {"__name__": "gone", "__loader__": Loader()}
        error = faults.caught(eval, compile("1/0", "gone.py", "eval"), names)

        assert stacktrace_of(error).text.endswith(
            '  File "gone.py", line 1, in <module>\n'
            "ZeroDivisionError: division by zero\n"
        )

    @pytest.mark.parametrize("name", ["assignment_actions.domain.recorder", 5, "host"])
    def test_own_frames_at_the_outer_end(self, name: object) -> None:
        """Frames of the recorder around the host's code are left out, no others."""
        module = types.ModuleType("own")
        module.__dict__["__name__"] = name
        module.__dict__["fault"] = lambda: faults.divide(1)
        code = compile("def outer():\n    fault()\n", "own.py", "exec")
        exec(code, module.__dict__)

        error = faults.caught(module.outer)
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next

        text = stacktrace_of(error).text
        assert ("own.py" in text) is (name in (5, "host"))
        assert "in divide" in text


class TestSize:
    def test_huge_message(self) -> None:
        """A message of 5 MB is cut, and `is_cut` says so."""
        trace = stacktrace_of(ValueError("word " * 1_000_000))

        assert trace.is_cut
        assert len(trace.text) < 5_000

    def test_many_large_messages(self) -> None:
        """Once much has been written, later messages are short."""
        members = [ValueError(f"{i} " + "word " * 2_000) for i in range(32)]

        trace = stacktrace_of(ExceptionGroup("large", members))

        assert trace.is_cut
        assert len(trace.text) < 100_000

    def test_too_many_notes(self) -> None:
        """Notes beyond 16 are left out, and `is_cut` says so."""
        error = ValueError("no")
        for number in range(20):
            error.add_note(f"note {number}")

        trace = stacktrace_of(error)

        assert trace.is_cut
        assert trace.text.count("note ") == 16


class TestSignature:
    def test_messages_and_lines_do_not_count(self) -> None:
        """The same fault with another message and line is of one kind."""
        here, there = (
            stacktrace_of(faults.caught(partial(faults.two_places, first=one)))
            for one in (True, False)
        )

        assert here.text != there.text
        assert here.signature == there.signature

    def test_depth_of_recursion_does_not_count(self) -> None:
        """A recursion is of one kind at whatever depth it fails."""
        one, two = (
            stacktrace_of(faults.caught(faults.recursive, depth)) for depth in (3, 9)
        )

        assert one.signature == two.signature

    def test_different_faults_differ(self) -> None:
        """Other types, places or causes are other kinds."""
        kinds = [
            stacktrace_of(faults.caught(fault)).signature
            for fault in (
                partial(faults.divide, 1),
                faults.with_cause,
                faults.with_suppressed_context,
                partial(faults.recursive, 0),
            )
        ]

        for one, other in itertools.combinations(kinds, 2):
            assert one != other


class TestFingerprintOf:
    def test_is_versioned_and_short(self) -> None:
        """It fits the column and says which rule made it."""
        made = fingerprint_of(["a", "b"])

        assert made.startswith("1-")
        assert len(made) == 26

    def test_parts_count_by_their_borders(self) -> None:
        """Joining parts differently gives another fingerprint; odd text is no error."""
        assert fingerprint_of(["a", "b"]) != fingerprint_of(["ab"])
        assert fingerprint_of(["\ud800"]) != fingerprint_of(["\ud801"])
