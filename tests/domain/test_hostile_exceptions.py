"""Exceptions that refuse to be read: capture never raises, and never replaces them."""

import linecache
import sys
from collections.abc import Callable, Iterator
from types import CodeType, TracebackType
from typing import Any, NoReturn, Self

import pytest
from domain import faults
from domain.outages import FlakyRepository
from domain.recorders import everything, recorder

from assignment_actions import ActionRecorder, Failure
from assignment_actions.domain.redaction import redact_defaults


class Raising:
    """Raise whenever it is read as a property."""

    def __get__(self, *_: object) -> Any:
        raise ValueError("not to be read")


class Meta(type):
    """Compare equal and have no hash."""

    def __eq__(cls, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class EvilList(list[str]):
    """Raise when measured."""

    def __len__(self) -> int:
        raise ValueError("not to be measured")


class ExitsWhenPrintedError(Exception):
    """Leave the process when printed."""

    def __str__(self) -> str:
        raise SystemExit(3)


class NotesRefusedError(Exception):
    """Have notes that cannot be measured."""

    def __init__(self) -> None:
        self.__notes__ = EvilList(["a"])


class CauseRefusedError(Exception):
    """Have a cause that cannot be read."""

    __cause__ = Raising()


class TracebackRefusedError(Exception):
    """Have a traceback that cannot be read."""

    __traceback__ = Raising()


class UnhashableError(Exception, metaclass=Meta):
    """Be of a type without a hash."""


class PretendsError(Exception):
    """Say that it is a group."""

    __class__ = ExceptionGroup  # type: ignore[assignment]


class ClosedError(Exception):
    """Refuse every attribute."""

    def __getattribute__(self, name: str) -> Any:
        raise ValueError("not to be read")


class MemoryRefusedError(Exception):
    """Have no memory left for a text."""

    def __str__(self) -> str:
        raise MemoryError


class RecursesWhenPrintedError(Exception):
    """Never come to the end of a text."""

    def __str__(self) -> str:
        return str(self)


class NumberWhenPrintedError(Exception):
    """Be a number when printed."""

    def __str__(self) -> str:
        return 5  # type: ignore[return-value]  # noqa: PLE0307  # what is tested


class OddText(str):
    """Be a text that cannot be handled as one."""

    __slots__ = ()

    def __str__(self) -> str:
        raise ValueError("not to be read")

    def __len__(self) -> int:
        raise ValueError("not to be measured")

    def __format__(self, spec: str) -> str:
        raise ValueError(spec)


class OddTextWhenPrintedError(Exception):
    """Be an odd text when printed, in a note, too."""

    def __init__(self) -> None:
        self.__notes__ = [OddText("a"), 5, b"b", None]  # type: ignore[list-item]

    def __str__(self) -> str:
        return OddText("odd")


class EndlessNotes(list[str]):
    """Never end."""

    def __iter__(self) -> Iterator[str]:
        while True:
            yield "again"


class EndlessNotesError(Exception):
    """Have notes without an end."""

    def __init__(self) -> None:
        self.__notes__ = EndlessNotes(["a"])


class NotesByNameError(Exception):
    """Have one text in the place of notes."""

    __notes__ = "abc"  # type: ignore[assignment]


class SyntaxRefusedError(SyntaxError):
    """Be a syntax error that cannot say where it is."""

    lineno = Raising()


class OddSyntaxError(SyntaxError):
    """Be a syntax error in a line, a text and a file of odd types."""

    def __init__(self) -> None:
        super().__init__("odd")
        self.lineno = 10**5_000
        self.text = object()  # type: ignore[assignment]
        self.filename = b"file"  # type: ignore[assignment]


class ContextRefusedError(Exception):
    """Have neither a context nor a word on whether it counts."""

    __context__ = Raising()
    __suppress_context__ = Raising()


class StrangeGroupError(ExceptionGroup[Exception]):
    """Say that its members are something else."""

    exceptions = Raising()

    def __new__(cls) -> Self:
        return super().__new__(cls, "strange", [ValueError("member")])


class NamedByMeta(type):
    """Refuse to tell a name, a module or anything else."""

    def __repr__(cls) -> str:
        raise ValueError("not to be shown")

    def __getattribute__(cls, name: str) -> Any:
        raise ValueError(name)


NamelessError = NamedByMeta("NamelessError", (Exception,), {})


class NotedByItsTypeError(Exception):
    """Have a note whose type cannot be shown."""

    def __init__(self) -> None:
        self.__notes__ = [NamelessError()]


HOSTILE = [
    ExitsWhenPrintedError,
    NotesRefusedError,
    CauseRefusedError,
    TracebackRefusedError,
    UnhashableError,
    PretendsError,
    ClosedError,
    MemoryRefusedError,
    RecursesWhenPrintedError,
    NumberWhenPrintedError,
    OddTextWhenPrintedError,
    NotesByNameError,
    SyntaxRefusedError,
    OddSyntaxError,
    ContextRefusedError,
    StrangeGroupError,
    NotedByItsTypeError,
]


def named(name: str) -> BaseException:
    """Return an exception whose type has a name."""
    made: BaseException = type(name, (Exception,), {})()
    return made


def group_of_depth(depth: int) -> BaseException:
    """Return a group of a group of a group."""
    group: Exception = ValueError("deepest")
    for number in range(depth):
        group = ExceptionGroup(f"level {number}", [group])
    return group


def member_caused_by_its_group() -> BaseException:
    """Return a group whose member was caused by the group, and by itself."""
    member, other = ValueError("member"), KeyError("other")
    group = ExceptionGroup("group", [member, other, member])
    member.__cause__, other.__context__ = group, other
    other.__cause__ = other
    return group


def code_named(**names: str) -> BaseException:
    """Return what code with an odd file or function raises."""
    code: CodeType = compile("1/0", "a.py", "eval").replace(**names)  # type: ignore[arg-type]
    return faults.caught(eval, code)


def without_names() -> BaseException:
    """Return what code raises whose module has an odd name."""
    return faults.caught(eval, compile("1/0", "a.py", "eval"), {"__name__": OddText()})


def loaded_by(get_source: Callable[[str], object]) -> BaseException:
    """Return what code raises whose loader gives an odd source."""

    class Loader:
        def get_source(self, name: str) -> object:
            return get_source(name)

    names = {"__name__": "odd", "__loader__": Loader()}
    return faults.caught(eval, compile("1/0", "odd-source.py", "eval"), names)


def refused(name: str) -> NoReturn:
    """Refuse to give a source."""
    raise ImportError(name)


def at_line(number: int) -> BaseException:
    """Return an exception with a traceback that was made by hand."""
    traceback = TracebackType(None, sys._getframe(), 0, number)
    return ValueError("made").with_traceback(traceback)


ODD: dict[str, Callable[[], BaseException]] = {
    "5 MB": lambda: ValueError("x " * 2_500_000),
    "5 MB without a blank": lambda: ValueError("x" * 5_000_000),
    "5 MB of emoji": lambda: ValueError("\N{PILE OF POO}" * 1_250_000),
    "name of 10 000": lambda: named("E" * 10_000),
    "name of two lines": lambda: named("Two\nLines"),
    "name of an emoji": lambda: named("\N{PILE OF POO}\x1b[31m"),
    "depth of 100": lambda: group_of_depth(100),
    "notes without an end": EndlessNotesError,
    "a member's own group": member_caused_by_its_group,
    "memory": lambda: faults.caught(bytearray, sys.maxsize),
    "path with lines": lambda: code_named(co_filename='/srv/a\n  File "b", line 1, in'),
    "path of surrogates": lambda: code_named(co_filename="\ud83d\udca9/\0.py"),
    "path of 1 MB": lambda: code_named(co_filename="a/" * 500_000),
    "no path": lambda: code_named(co_filename=""),
    "function with lines": lambda: code_named(co_name="a\nb", co_qualname="\n"),
    "function of 1 MB": lambda: code_named(
        co_name="f" * 10**6, co_qualname="g" * 10**6
    ),
    "odd module": without_names,
    "no source": lambda: loaded_by(refused),
    "source of bytes": lambda: loaded_by(lambda name: name.encode()),
    "source of a number": lambda: loaded_by(len),
    "source of 1 MB": lambda: loaded_by(lambda _: "x" * 10**6),
    "line 0": lambda: at_line(0),
    "line -5": lambda: at_line(-5),
    "line 2 000 000 000": lambda: at_line(2 * 10**9),
}


@pytest.fixture
def no_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the sources of other tests: several loaders have one path."""
    monkeypatch.setattr(linecache, "cache", {})


@pytest.mark.usefixtures("no_sources")
class TestOdd:
    @pytest.mark.parametrize("odd", ODD)
    @pytest.mark.parametrize("redact", [None, redact_defaults], ids=["", "redacted"])
    def test_is_captured_and_bounded(
        self, odd: str, redact: Callable[[str], str] | None
    ) -> None:
        """Its type and its frames are kept, in bounds that every store has."""
        error = ODD[odd]()

        failure = Failure.from_exception(error, redact=redact)
        bare = Failure.from_exception(error, redact=redact, store_messages=False)

        assert failure.exception_type
        assert failure.stacktrace
        assert bare.stacktrace
        for one in (failure, bare, failure.without_messages()):
            text = one.stacktrace or ""
            assert text.endswith("\n") or not text
            assert len(text.encode()) <= 32 * 1024
            assert len(one.message.encode()) <= 4 * 1024
            assert len(one.exception_type) <= 255
            assert "\0" not in text
        assert failure.fingerprint == bare.fingerprint

    @pytest.mark.parametrize("odd", ["5 MB", "name of 10 000", "depth of 100"])
    def test_tells_that_it_was_cut(self, odd: str) -> None:
        """What did not fit is not passed over in silence."""
        assert Failure.from_exception(ODD[odd]()).truncated

    def test_names_cannot_make_up_frames(self) -> None:
        """A path with line ends is one line."""
        failure = Failure.from_exception(ODD["path with lines"]())

        (frame,) = [one for one in failure.frames() if one.path.startswith("/srv/a")]
        assert frame.line == 1


class TestNoRoom:
    def test_near_the_recursion_limit(self) -> None:
        """With a few frames of room there is a failure, with some more a whole one."""
        Failure.from_exception(ValueError("loaded"))
        room = 0
        captured: dict[int, Failure] = {}

        def descend() -> None:
            nonlocal room
            try:
                descend()
            except RecursionError as error:
                room += 1
                if 10 <= room < 60:
                    captured[room] = Failure.from_exception(error)
                raise

        with pytest.raises(RecursionError):
            descend()

        assert 50 == len(captured)
        assert {"RecursionError"} == {one.exception_type for one in captured.values()}
        assert "in descend" in (captured[59].stacktrace or "")


class TestInterrupted:
    def test_a_real_interrupt_goes_on(self) -> None:
        """Control-C while an exception is printed is nobody's broken `__str__`."""

        class SlowError(Exception):
            def __str__(self) -> str:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            Failure.from_exception(SlowError())

    def test_while_notes_are_read(self) -> None:
        """Nor is it while the notes of an exception are read."""

        class NotingError(Exception):
            def __getattribute__(self, name: str) -> object:
                if name == "__notes__":
                    raise KeyboardInterrupt
                return super().__getattribute__(name)

        with pytest.raises(KeyboardInterrupt):
            Failure.from_exception(NotingError())


def left_by(
    outer: ActionRecorder, raised: Exception, flaky: FlakyRepository | None = None
) -> object:
    """Return what leaves a block that raises, the store being out of reach if asked."""
    try:
        with outer.recording(1, "notified"):
            if flaky is not None:
                flaky.outages = 1
            raise raised  # noqa: TRY301  # through the block is the point
    except Exception as caught:  # noqa: BLE001  # whatever it is, it is compared
        return caught


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda kind: kind.__name__)
class TestHostile:
    def test_capture_never_raises(self, hostile: type[Exception]) -> None:
        """Whatever can be told of it is told: at least its type."""
        failure = Failure.from_exception(hostile())

        assert hostile.__name__ in failure.exception_type
        assert hostile.__name__ in (failure.stacktrace or "")

    def test_it_goes_on_as_it_was(self, hostile: type[Exception]) -> None:
        """The very same exception leaves the block, and its failure is stored."""
        outer, raised = recorder(), hostile()

        caught = left_by(outer, raised)

        assert caught is raised
        (stored,) = everything(outer)
        assert "failed" == stored.status

    def test_it_goes_on_through_an_outage(self, hostile: type[Exception]) -> None:
        """Also where the outcome has to be kept, and is logged with its context."""
        repository = FlakyRepository()
        outer, raised = recorder(repository), hostile()

        caught = left_by(outer, raised, repository)

        assert caught is raised
        assert 1 == outer.flush()
