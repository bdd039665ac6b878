"""Exceptions nobody expects: huge, unprintable, refusing to be read."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

from exceptions.cases import Cases, Provoke
from exceptions.world import World

from assignment_actions import ActionNotFoundError, ErrorReason, StorageError

HOSTILE = Cases("hostile")
MEGABYTE = 1_000_000


def raising(error: BaseException) -> Any:
    """Raise it."""
    raise error


def raising_new(make: Callable[[], BaseException]) -> Provoke:
    """Return what raises an exception made for it."""
    return lambda _: raising(make())


def raised(error: Exception) -> Exception:
    """Return an exception that was raised, with its traceback."""
    with contextlib.suppress(Exception):
        raise error
    return error


def here(name: str) -> str:
    """Return the qualified name of something in this module."""
    return f"{__name__}.{name}"


class BrokenTextError(Exception):
    """Raise when printed."""

    def __str__(self) -> str:
        raise ValueError("no text")


class NoTextError(Exception):
    """Print as something that is no text."""

    def __str__(self) -> Any:
        return self.args


class Text(str):
    """Be a text that answers for itself."""

    __slots__ = ()

    def __str__(self) -> str:
        raise ValueError("no")

    def encode(self, *_: object) -> bytes:
        raise ValueError("no")


class OwnTextError(Exception):
    """Print as a text of its own kind."""

    def __str__(self) -> str:
        return Text("text of its own kind")


class EndlessReprError(Exception):
    """Hold itself, and print its arguments."""

    def __init__(self) -> None:
        super().__init__(self)


class UnpicklableError(Exception):
    """Need an argument that unpickling does not give."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} {other}")


class NoInitError(Exception):
    """Forget to call the one it is derived from."""

    def __init__(self, why: object) -> None:
        self.why = why


class SlottedError(Exception):
    """Hold its state in slots."""

    __slots__ = ("code",)


class ClosedError(Exception):
    """Refuse every attribute."""

    def __getattribute__(self, name: str) -> Any:
        raise ValueError("not to be read")


class ExitsWhenReadError(OSError):
    """Leave the process when asked for the number or the notes, or printed."""

    def __getattribute__(self, name: str) -> Any:
        if name in ("errno", "__notes__"):
            raise SystemExit(3)
        return super().__getattribute__(name)

    def __str__(self) -> str:
        raise SystemExit(3)


class NoHash(type):
    """Be a type that cannot be looked up."""

    def __eq__(cls, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # that is what is wrong with it


class NoHashTimeoutError(TimeoutError, metaclass=NoHash):
    """Be a time-out of such a type."""


class ManyBasesError(ConnectionError, ValueError, KeyError):
    """Be many things."""


class LateError(TimeoutError):
    """Be a host's own time-out."""


def noted(notes: Any) -> Exception:
    """Return an exception with notes."""
    error = ValueError("with notes")
    error.__notes__ = notes
    return error


def named(name: str, module: Any = "school") -> type[Exception]:
    """Return an exception type of that name."""
    return type(name, (Exception,), {"__module__": module})


for name, kind, make in (
    ("text_raises", here("BrokenTextError"), BrokenTextError),
    ("text_is_none", here("NoTextError"), NoTextError),
    ("text_of_its_own", here("OwnTextError"), OwnTextError),
    ("holds_itself", here("EndlessReprError"), EndlessReprError),
    ("unpicklable", here("UnpicklableError"), lambda: UnpicklableError(1, 2)),
    ("no_init", here("NoInitError"), lambda: NoInitError(threading.Lock())),
    ("slots", here("SlottedError"), SlottedError),
    ("many_bases", here("ManyBasesError"), lambda: ManyBasesError("a")),
    ("no_message", "ValueError", ValueError),
    ("message_of_5_mb", "ValueError", lambda: ValueError("a long story " * 400_000)),
    ("one_word_of_5_mb", "ValueError", lambda: ValueError("a" * 5 * MEGABYTE)),
    ("bytes_of_5_mb", "ValueError", lambda: ValueError(bytes(5 * MEGABYTE))),
    ("lines_by_the_thousand", "ValueError", lambda: ValueError("line\n" * 100_000)),
    ("nul", "ValueError", lambda: ValueError("a\0b\0" * 3000)),
    ("lone_surrogate", "ValueError", lambda: ValueError("a\ud800b" * 3000)),
    ("emoji", "ValueError", lambda: ValueError("\U0001f393" * 10_000)),
    (
        "terminal_codes",
        "ValueError",
        lambda: ValueError("\x1b[31mred\x1b[0m\r\x07\x85\u2028"),
    ),
    ("arguments_of_all_kinds", "Exception", lambda: Exception(1, None, [{}], object)),
    ("notes_by_the_thousand", "ValueError", lambda: noted(["note " * 100] * 5000)),
    ("note_of_5_mb", "ValueError", lambda: noted(["n" * 5 * MEGABYTE])),
    ("notes_are_no_list", "ValueError", lambda: noted(42)),
    ("notes_are_no_text", "ValueError", lambda: noted([None, 5, b"a", ["n"]])),
    ("notes_of_odd_characters", "ValueError", lambda: noted(["\0\ud800\n" * 100])),
    (
        "name_of_odd_characters",
        "sch\\ud800ool.OddError",
        named("OddError", "sch\ud800ool"),
    ),
    (
        "module_is_no_text",
        "<unknown>.NoModuleError",
        named("NoModuleError", None),
    ),
    ("made_at_run_time", "school.MadeError", lambda: named("MadeError")("made")),
    ("refuses_everything", here("ClosedError"), ClosedError),
    ("exits_when_read", here("ExitsWhenReadError"), ExitsWhenReadError),
):
    HOSTILE.add(
        name,
        kind,
        raising_new(make),
    )
HOSTILE.add(
    "name_of_9000_characters",
    f"school.{'N' * 9000}"[:255],
    lambda _: raising(named("N" * 9000)()),
)

for make in (LateError, NoHashTimeoutError):
    HOSTILE.add(
        "own_time_out" if make is LateError else "type_without_a_hash",
        here(make.__name__),
        raising_new(make),
        reason=ErrorReason.TIMEOUT,
    )


@HOSTILE.of("ValueError")
def raised_in_a_thread(_: World) -> None:
    caught: list[BaseException] = []

    def work() -> None:
        caught.append(raised(ValueError("in a thread")))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    raise caught[0]


@HOSTILE.of("ValueError")
def without_a_traceback(_: World) -> None:
    raise ValueError("made elsewhere").with_traceback(None)


@HOSTILE.of("ZeroDivisionError")
def from_text(_: World) -> None:
    exec(compile("\n" * 500 + "1 / 0", "<from a text\ud800>", "exec"), {})


@HOSTILE.of("ZeroDivisionError")
def seven_hundred_calls_deep(_: World) -> None:
    def call(n: int) -> float:
        return 1 / n if n == 0 else call(n - 1)

    call(700)


@HOSTILE.of("ValueError")
def raised_a_hundred_times(_: World) -> None:
    error = ValueError("again")
    for _again in range(100):
        raised(error)
    raise error


@HOSTILE.of("assignment_actions.domain.errors.StorageError")
def our_own(_: World) -> None:
    raise StorageError("add", "the disk is full") from OSError(28, "No space left")


@HOSTILE.of("assignment_actions.domain.errors.ActionNotFoundError")
def our_own_too(_: World) -> None:
    raise ActionNotFoundError(UUID(int=5))
