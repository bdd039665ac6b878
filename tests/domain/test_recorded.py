import functools
import gc
import inspect
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import closing, contextmanager
from typing import assert_type
from uuid import UUID

import pytest
from domain.recorders import everything, recorder
from domain.samples import (
    ASSIGNMENT,
    OTHER,
)

from assignment_actions import ActionRecorder, DuplicateActionError


async def coroutine(assignment_id: int) -> int:
    return assignment_id


async def asynchronous(assignment_id: int) -> AsyncIterator[int]:
    yield assignment_id


class Sender:
    """An object that is called like a coroutine function."""

    async def __call__(self, assignment_id: int) -> int:
        return assignment_id


def statuses(of: ActionRecorder) -> list[str]:
    """Return the status of all that is stored."""
    return [one.status for one in everything(of)]


class TestRecorded:
    def test_records_each_call(self) -> None:
        """A call is recorded about the argument that names the assignment."""
        made = recorder()

        @made.recorded("notified", actor="worker")
        def notify(text: str, assignment_id: UUID = ASSIGNMENT) -> str:
            """Say it."""
            return f"{text} {assignment_id}"

        assert notify("hi") == f"hi {ASSIGNMENT}"
        (stored,) = everything(made)
        assert (ASSIGNMENT, "succeeded", "worker") == (
            stored.assignment_id,
            stored.status,
            stored.actor,
        )
        assert ("notify", "Say it.") == (notify.__name__, notify.__doc__)

    def test_other_argument_names(self) -> None:
        """The names of the arguments for assignment and key are the host's (T8, T9)."""
        made = recorder()

        @made.recorded("reminded", "uuid", key="day")
        def remind(day: str, *, uuid: UUID) -> None:
            raise LookupError(day, uuid)

        with pytest.raises(LookupError):
            remind("monday", uuid=OTHER)
        (stored,) = everything(made)
        assert (OTHER, "monday", "failed") == (
            stored.assignment_id,
            stored.key,
            stored.status,
        )

    def test_does_not_call_twice(self) -> None:
        """With a key that has succeeded the function is not called."""
        made, calls = recorder(), list[tuple[int, str]]()

        @made.recorded("notified", key="key")
        def notify(assignment_id: int, key: str) -> None:
            calls.append((assignment_id, key))

        notify(1, "k")
        with pytest.raises(DuplicateActionError):
            notify(1, "k")
        assert calls == [(1, "k")]

    @pytest.mark.parametrize(
        "function",
        [
            coroutine,
            asynchronous,
            Sender(),
            functools.partial(coroutine),
            functools.partial(Sender()),
            staticmethod(coroutine),
        ],
        ids=["coroutine", "generator", "object", "partial", "partial-object", "static"],
    )
    def test_refuses_what_waits(self, function: Callable[[int], object]) -> None:
        """What waits for an event loop is refused, naming the other decorator."""
        told = (
            "is asynchronous, its work waits for an event loop:"
            " decorate it with AsyncActionRecorder.recorded"
        )
        with pytest.raises(TypeError, match=told):
            recorder().recorded("notified")(function)

    def test_a_class_is_called_plainly(self) -> None:
        """A class may have instances that are awaited: to call it makes one."""
        made = recorder()

        @made.recorded("notified")
        class Task(Sender):
            def __init__(self, assignment_id: int) -> None:
                self.assignment_id = assignment_id

        assert 1 == Task(1).assignment_id
        assert ["succeeded"] == statuses(made)

    @pytest.mark.parametrize(
        ("given", "missing"), [({}, "assignment_id"), ({"key": "day"}, "assignment_id")]
    )
    def test_missing_argument(self, given: dict[str, str], missing: str) -> None:
        """A function without the argument is refused, naming those it has."""

        def notify(learner: int) -> int:
            return learner

        with pytest.raises(ValueError, match=f"{missing!r}; it has: learner"):
            recorder().recorded("notified", **given)(notify)  # type: ignore[arg-type]

    def test_no_arguments_at_all(self) -> None:
        """A function without arguments is told so."""
        with pytest.raises(ValueError, match="it has: none"):
            recorder().recorded("notified")(lambda: None)

    def test_unknown_type(self) -> None:
        """An unknown type is refused where it is decorated."""
        with pytest.raises(ValueError, match="'shipped' is unknown"):
            recorder().recorded("shipped")


class Stop(Exception):  # noqa: N818  # it asks for something
    """What is thrown into a generator in these tests."""


def echo(assignment_id: int, seen: list[str]) -> Generator[str, str | None, str]:
    """Answer whatever is sent or thrown in, and tell how it ended."""
    try:
        answer = f"{assignment_id} begins"
        while True:
            try:
                got = yield answer
            except Stop as stop:
                answer = f"caught {stop}"
            else:
                if got == "end":
                    return "the end"
                answer = f"got {got}"
    finally:
        seen.append("cleaned up")


class Pages:
    """An object that is called like a generator function."""

    def __call__(self, assignment_id: int) -> Iterator[int]:
        yield assignment_id


class TestGenerators:
    def test_around_the_whole_iteration(self) -> None:
        """One recording, from the first item asked for to the end."""
        made = recorder()

        @made.recorded("notified", actor="worker")
        def pages(assignment_id: int) -> Iterator[int]:
            """Yield pages."""
            yield from range(assignment_id, assignment_id + 3)

        iterated = pages(5)
        assert [] == statuses(made)
        seen = [(assert_type(page, int), *statuses(made)) for page in iterated]
        assert [(5, "in_progress"), (6, "in_progress"), (7, "in_progress")] == seen
        (stored,) = everything(made)
        assert (5, "succeeded", "worker") == (
            stored.assignment_id,
            stored.status,
            stored.actor,
        )
        assert inspect.isgeneratorfunction(pages)
        assert ("pages", "Yield pages.") == (pages.__name__, pages.__doc__)

    def test_passes_everything_on(self) -> None:
        """What is sent and thrown in reaches the function; its answers come out."""
        made, seen = recorder(), list[str]()
        talk = made.recorded("notified")(echo)(1, seen)

        assert "1 begins" == next(talk)
        assert "got hello" == talk.send("hello")
        assert "caught once" == talk.throw(Stop("once"))
        with pytest.raises(StopIteration, match="the end"):
            talk.send("end")
        assert ["succeeded"] == statuses(made)
        assert ["cleaned up"] == seen

    def test_fails(self) -> None:
        """An exception that it does not catch is a failure, and goes on."""
        made = recorder()
        talk = made.recorded("notified")(echo)(1, [])
        next(talk)

        with pytest.raises(OSError, match="full"):
            talk.throw(OSError("full"))
        assert ["failed"] == statuses(made)

    def test_closed_early(self) -> None:
        """One that is closed early is unknown, after the function has cleaned up."""
        made, seen = recorder(), list[str]()
        with closing(made.recorded("notified")(echo)(1, seen)) as talk:
            next(talk)

        (stored,) = everything(made)
        assert "unknown" == stored.status
        assert stored.failure is not None
        assert "interrupted" == stored.failure.reason
        assert ["cleaned up"] == seen

    def test_abandoned(self) -> None:
        """One that nobody holds any more is unknown."""
        made = recorder()
        for _ in made.recorded("notified")(echo)(1, []):
            break

        gc.collect()
        assert ["unknown"] == statuses(made)

    def test_never_begun(self) -> None:
        """One of which no item was asked for leaves nothing."""
        made = recorder()
        made.recorded("notified")(echo)(1, []).close()

        assert [] == statuses(made)

    @pytest.mark.parametrize(
        "function",
        [Pages(), Pages().__call__, functools.partial(Pages())],
        ids=["object", "method", "partial"],
    )
    def test_called_like_one(self, function: Callable[[int], Iterator[int]]) -> None:
        """Whatever is called like a generator function is decorated as one."""
        made = recorder()
        iterated = made.recorded("notified")(function)(7)

        assert [] == statuses(made)
        assert [7] == list(iterated)
        assert ["succeeded"] == statuses(made)

    def test_as_a_context_manager(self) -> None:
        """Under `contextmanager` the recording is around the host's block."""
        made = recorder()

        @contextmanager
        @made.recorded("notified")
        def connected(assignment_id: int) -> Iterator[int]:
            yield assignment_id

        with connected(1) as one:
            assert 1 == one
        with pytest.raises(LookupError), connected(2):
            raise LookupError
        assert ["failed", "succeeded"] == sorted(statuses(made))
