import re
import traceback
import types
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from domain import faults

from assignment_actions.domain.redaction import REMOVED
from assignment_actions.domain.stacktrace import (
    EXCEPTIONS,
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

    def test_no_module(self) -> None:
        """A type whose module is no text, or gone, is named as Python names it."""
        odd = type("OddError", (Exception,), {"__module__": 5})
        names: dict[str, Any] = {}
        exec("Lost = type('LostError', (Exception,), {})", names)

        assert type_name(odd()) == "<unknown>.OddError"
        assert type_name(names["Lost"]()) == "<unknown>.LostError"


class TestMessageOf:
    def test_text(self) -> None:
        """The message is what str() says."""
        assert message_of(KeyError("a")) == "'a'"

    @pytest.mark.parametrize("kind", [faults.UnprintableError, faults.OddError])
    def test_placeholder(self, kind: type[Exception]) -> None:
        """An exception whose __str__ breaks is named instead."""
        assert f"<unprintable {kind.__name__} object>" == message_of(kind())


def raise_group(*members: BaseException) -> None:
    """Raise a group."""
    raise BaseExceptionGroup("several", members)


def with_notes() -> None:
    """Raise an exception with notes of several lines."""
    error = ValueError("two\nlines\n\nand an end\n")
    error.add_note("a note\n  of two lines")
    error.add_note("")
    raise error


def group_with_cause() -> None:
    """Raise a group of groups, from a cause, with a note, while another is handled."""
    inner = faults.caught(raise_group, faults.caught(faults.with_cause), OSError("x"))
    try:
        raise_group(KeyError("k"), inner, faults.caught(with_notes))
    except BaseExceptionGroup as group:
        group.add_note("a note")
        raise LookupError("after it") from group


def fibonacci(number: int) -> int:
    """Recurse by two calls on one line, and fail."""
    if not number:
        raise ValueError("bottom")
    return fibonacci(number - 1) + fibonacci(number - 2)


def is_even(number: int) -> bool:
    """Recurse by way of another function, and fail."""
    if not number:
        raise ValueError("bottom")
    return is_odd(number - 1)


def is_odd(number: int) -> bool:
    """Recurse by way of another function."""
    return is_even(number - 1)


ORDINARY: dict[str, Callable[[], object]] = {
    "cause": faults.with_cause,
    "context": faults.with_context,
    "suppressed context": faults.with_suppressed_context,
    "notes": with_notes,
    "no message": partial(int, "x"),
    "key": partial(dict[str, str]().__getitem__, "x"),
    "members": lambda: raise_group(ValueError("a"), faults.caught(with_notes)),
    "members of members": group_with_cause,
    "group at the end": lambda: raise_group(OSError(), ExceptionGroup("", [OSError()])),
    "recursion of 3": partial(faults.recursive, 3),
    "recursion of 4": partial(faults.recursive, 4),
    "recursion of 500": partial(faults.recursive, 500),
    "endless recursion": partial(faults.recursive, 10**9),
    "two calls on one line": partial(fibonacci, 40),
    "mutual recursion": partial(is_even, 20),
    "syntax": partial(compile, "a = = b", "<template>", "exec"),
    "indentation": partial(compile, "if a:\n    b\n   c", "<template>", "exec"),
}


def python_text(error: BaseException) -> str:
    """Return what Python prints, without the lines that only hold carets."""
    lines = "".join(traceback.format_exception(error)).splitlines(keepends=True)
    return "".join(line for line in lines if not set(line.strip(" |\n")) & set("^~"))


class TestLikePython:
    @pytest.mark.parametrize("fault", ORDINARY)
    def test_same_text(self, fault: str) -> None:
        """
        An ordinary exception reads as in Python's own traceback, without carets.

        What differs, each with a test of its own below: bounds, notes that are no
        text, the text of what cannot be printed, `__main__` in names of types, line
        ends in paths, a context that members of a group share.
        """
        error = faults.caught(ORDINARY[fault])

        assert python_text(error) == stacktrace_of(error).text

    def test_never_raised_group(self) -> None:
        """A group without frames has its members drawn all the same."""
        group = ExceptionGroup("g", [ValueError("a"), ExceptionGroup("h", [OSError()])])

        assert python_text(group) == stacktrace_of(group).text

    @pytest.mark.parametrize(
        "parts",
        [
            ("no line", ("<template>", None, None, None)),
            ("no text", ("<template>", 5, None, None)),
            ("no file", (None, 5, 1, "a = = b")),
            (None, ("<template>", 5, 1, "a = = b")),
        ],
        ids=["line", "text", "file", "message"],
    )
    def test_incomplete_syntax_error(self, parts: tuple[Any, ...]) -> None:
        """Of where a syntax error is, what is known is shown."""
        error = SyntaxError(*parts)

        assert python_text(error) == stacktrace_of(error).text

    def test_a_type_of_the_main_module(self) -> None:
        """The module `__main__` is named, so that one type has one name everywhere."""
        error = type("HostError", (Exception,), {"__module__": "__main__"})("no")

        assert "HostError: no\n" == python_text(error)
        assert "__main__.HostError: no\n" == stacktrace_of(error).text

    def test_a_context_that_members_share(self) -> None:
        """Each member has the context; Python prints it with one of them only."""
        context = KeyError("context")
        members = [ValueError("a"), ValueError("b")]
        for member in members:
            member.__context__ = context

        text = stacktrace_of(ExceptionGroup("g", members)).text

        assert 2 == text.count("KeyError: 'context'")


class TestChain:
    def test_never_raised(self) -> None:
        """An exception without frames is its type and message."""
        trace = stacktrace_of(ValueError("no"))

        assert trace.text == "ValueError: no\n"
        assert not trace.is_cut

    def test_no_message(self) -> None:
        """An exception without a message is its type (regression: T5)."""
        assert stacktrace_of(ValueError()).text == "ValueError\n"

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
        assert trace.text.startswith("[… earlier exceptions left out …]\n")
        assert trace.text.endswith("ValueError: number 199\n")


class TestGroups:
    def test_members_of_members(self) -> None:
        """Every member is written, with its own cause, at every depth (T5)."""
        error = faults.caught(faults.with_cause)
        inner = BaseExceptionGroup("inner", [error, OSError("x")])
        text = stacktrace_of(BaseExceptionGroup("outer", [KeyError("k"), inner])).text

        assert "ExceptionGroup: outer (2 sub-exceptions)" in text
        assert "    | KeyError: 'k'" in text
        assert "      | ZeroDivisionError: division by zero" in text
        assert "      | RuntimeError: could not notify" in text
        assert "      | OSError: x" in text

    def test_too_many_members(self) -> None:
        """Members beyond 32 are left out, and `is_cut` says so."""
        group = ExceptionGroup("many", [ValueError(f"m{i}") for i in range(100)])

        trace = stacktrace_of(group)

        assert trace.is_cut
        assert trace.text.count("ValueError: m") == 32
        assert "    | and 68 more exceptions\n    +------" in trace.text

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
        assert "... (max_group_depth is 12)" in trace.text

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

    def test_deep_stack(self) -> None:
        """Of many frames both ends are kept, and the number of the others."""
        functions = "".join(
            f"def step_{number}(): step_{number + 1}()\n" for number in range(500)
        )
        names: dict[str, Any] = {}
        exec(compile(f"{functions}def step_500(): 1/0", "steps.py", "exec"), names)

        trace = stacktrace_of(faults.caught(names["step_0"]))

        assert trace.is_cut
        assert "in step_10\n  [… 454 frames left out …]\n" in trace.text
        assert trace.text.count('  File "') == 48
        assert "in step_500\nZeroDivisionError" in trace.text

    def test_deep_mutual_recursion(self) -> None:
        """Where several functions recur, both ends are kept as well."""
        trace = stacktrace_of(faults.caught(is_even, 200))

        assert trace.is_cut
        assert "[… 154 frames left out …]" in trace.text
        assert trace.text.count('  File "') == 48

    def test_recursion_is_no_cut(self) -> None:
        """A call that repeats itself is written three times, and how often it is."""
        trace = stacktrace_of(faults.caught(faults.recursive, 900))

        assert not trace.is_cut
        assert "[Previous line repeated 897 more times]" in trace.text

    def test_recursion_between_other_frames(self) -> None:
        """Repetitions at both ends and in the middle are told by their numbers."""

        def descend(number: int, then: Callable[[], object]) -> object:
            return descend(number - 1, then) if number else then()

        def there(number: int) -> object:
            return back(number - 1) if number else descend(30, with_notes)

        def back(number: int) -> object:
            return there(number)

        trace = stacktrace_of(faults.caught(descend, 30, partial(there, 90)))

        assert 2 == trace.text.count("[Previous line repeated 28 more times]")
        assert "frames left out" in trace.text

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


class TestRedaction:
    def test_each_block_once_and_whole(self) -> None:
        """The redactor sees each exception's own lines, with nothing beside them."""
        seen: list[str] = []

        def redact(text: str) -> str:
            seen.append(text)
            return text

        error = faults.caught(group_with_cause)

        assert stacktrace_of(error).text == stacktrace_of(error, redact=redact).text
        assert 8 == len(seen)
        for text in seen:
            assert not [line for line in text.split("\n") if line[:4] == "  | "]
            assert "Traceback" not in text

    def test_a_secret_on_the_line_after_its_key(self) -> None:
        """It is found in a member of a group, where a margin is between the two."""
        error = ExceptionGroup("g", [ValueError("password =\n  hunter2")])

        text = stacktrace_of(error, redact=partial(re.sub, r"=\s+\w+", "= x")).text

        assert "    | ValueError: password = x\n" in text

    def test_a_redactor_that_raises_loses_one_block(self) -> None:
        """Of a block on which it breaks the type is left; all others are whole."""

        def redact(text: str) -> str:
            if "division" in text:
                raise RuntimeError(text)
            return text

        text = stacktrace_of(faults.caught(faults.with_cause), redact=redact).text

        assert text.startswith(f"ZeroDivisionError: {REMOVED}\n\nThe above")
        assert text.endswith("RuntimeError: could not notify\n")
        assert "in divide" not in text

    def test_a_redactor_that_writes_lines(self) -> None:
        """What it writes stays beside the margin, and becomes storable."""
        error = ExceptionGroup("g", [ValueError("a")])

        text = stacktrace_of(error, redact=lambda _: "one\ntwo\0").text

        assert (
            "  | one\n  | two\\x00\n  +-+---------------- 1 ----------------\n"
            "    | one\n    | two\\x00\n    +------------------------------------\n"
        ) == text


class TestWithoutMessages:
    def test_types_and_frames_only(self) -> None:
        """No message and no note is written; chain and group are as ever."""
        error = faults.caught(group_with_cause)

        text = stacktrace_of(error, store_messages=False).text

        for said in ("(3 sub", "a note", "lines", "'k'", "OSError: x", "by zero"):
            assert said not in text
        assert 5 == text.count("+---------------- ")
        assert "raise RuntimeError" in text
        assert "    | KeyError\n    +----------------" in text

    def test_a_syntax_error_shows_no_text(self) -> None:
        """What could not be compiled is the host's data, not its code."""
        error = faults.caught(ORDINARY["syntax"])

        text = stacktrace_of(error, store_messages=False).text

        assert text.endswith("SyntaxError\n")
        assert "a = = b" not in text

    def test_nobody_is_asked_for_a_message(self) -> None:
        """`__str__` is not even called."""

        class AskedError(Exception):
            def __str__(self) -> str:
                raise KeyboardInterrupt

        assert stacktrace_of(AskedError(), store_messages=False).message == ""
