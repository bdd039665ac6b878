import asyncio
import functools
import gc
import inspect
import sys
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
)
from contextlib import aclosing, asynccontextmanager
from typing import Any, ParamSpec, TypeVar, assert_type
from uuid import UUID

import pytest
from domain.samples import ASSIGNMENT, OTHER, ManualClock

from assignment_actions import Action, ActionFilter, recording_context
from assignment_actions.adapters.memory import AsyncInMemoryActionRepository
from assignment_actions.domain.async_recorder import AsyncActionRecorder
from assignment_actions.domain.errors import DuplicateActionError

P = ParamSpec("P")
T = TypeVar("T")


def recorder() -> AsyncActionRecorder:
    """Return a recorder at T0 on an empty memory repository."""
    return AsyncActionRecorder(AsyncInMemoryActionRepository(), clock=ManualClock())


async def everything(of: AsyncActionRecorder) -> list[Action]:
    """Return all that is stored, newest first."""
    return [one async for one in of.history.iterate(ActionFilter())]


async def statuses(of: AsyncActionRecorder) -> list[str]:
    """Return the status of all that is stored."""
    return [one.status for one in await everything(of)]


async def ended(of: AsyncActionRecorder) -> Action:
    """Return the one action once it is in progress no longer."""
    for _ in range(1000):
        (stored,) = await everything(of)
        if stored.status != "in_progress":
            return stored
        await asyncio.sleep(0.001)
    raise AssertionError(stored)


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a test's coroutine; what the loop only logs is an error here."""
    complaints = list[dict[str, Any]]()

    async def main() -> T:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        return await work()

    result = asyncio.run(main())
    assert complaints == []
    return result


def logged(function: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Decorate as hosts do: with another function around the function."""

    @functools.wraps(function)
    async def inner(*args: P.args, **kwargs: P.kwargs) -> T:
        return await function(*args, **kwargs)

    return inner


class Sender:
    """An object that is called like an asynchronous function."""

    async def __call__(self, assignment_id: int) -> int:
        await asyncio.sleep(0)
        return assignment_id

    async def each(self, assignment_id: int) -> AsyncIterator[int]:
        yield assignment_id


MARKED = list[Callable[[int], Awaitable[int]]]()
if sys.version_info >= (3, 12):  # which knows marks: a plain function says what it is

    @inspect.markcoroutinefunction
    def marked(assignment_id: int) -> Awaitable[int]:
        return Sender()(assignment_id)

    MARKED.append(marked)


class TestCoroutines:
    def test_records_each_call(self) -> None:
        """A call is recorded about the argument that names the assignment."""
        made = recorder()

        @made.recorded("notified", actor="worker")
        async def notify(text: str, assignment_id: UUID = ASSIGNMENT) -> str:
            """Say it."""
            (stored,) = await everything(made)
            return f"{text} {stored.status} {assignment_id}"

        async def main() -> None:
            said = assert_type(await notify("hi"), str)
            assert f"hi in_progress {ASSIGNMENT}" == said
            (stored,) = await everything(made)
            assert (ASSIGNMENT, "succeeded", "worker") == (
                stored.assignment_id,
                stored.status,
                stored.actor,
            )

        run(main)

    def test_looks_like_the_function(self) -> None:
        """What is decorated keeps its kind, signature, name and docstring."""

        async def notify(assignment_id: UUID, *, day: str = "monday") -> int:
            """Say it."""
            return len(f"{assignment_id} {day}")

        decorated = recorder().recorded("notified")(notify)

        assert inspect.iscoroutinefunction(decorated)
        assert not inspect.isasyncgenfunction(decorated)
        assert inspect.signature(notify) == inspect.signature(decorated)
        assert ("notify", "Say it.") == (decorated.__name__, decorated.__doc__)

    def test_wrong_arguments(self) -> None:
        """A call with wrong arguments is a TypeError, and records nothing."""
        made = recorder()

        @made.recorded("notified")
        async def notify(assignment_id: int) -> None: ...

        async def main() -> None:
            with pytest.raises(TypeError, match="assignment_id"):
                await notify()  # type: ignore[call-arg]
            assert [] == await statuses(made)

        run(main)

    def test_fails_with_its_exception(self) -> None:
        """An exception goes on, and the action under its key has failed."""
        made = recorder()

        @made.recorded("reminded", "uuid", key="day")
        async def remind(day: str, *, uuid: UUID) -> None:
            await asyncio.sleep(0)
            raise LookupError(day, uuid)

        async def main() -> None:
            with pytest.raises(LookupError):
                await remind("monday", uuid=OTHER)
            (stored,) = await everything(made)
            assert (OTHER, "monday", "failed") == (
                stored.assignment_id,
                stored.key,
                stored.status,
            )

        run(main)

    def test_does_not_call_twice(self) -> None:
        """With a key that has succeeded the function is not called."""
        made, calls = recorder(), list[str]()

        @made.recorded("notified", key="key")
        async def notify(assignment_id: int, key: str) -> None:
            calls.append(f"{assignment_id} {key}")

        async def main() -> None:
            await notify(1, "k")
            with pytest.raises(DuplicateActionError):
                await notify(1, "k")
            assert calls == ["1 k"]

        run(main)

    def test_cancelled(self) -> None:
        """A cancelled call is unknown, and the cancellation goes on."""
        made = recorder()

        @made.recorded("notified")
        async def notify(assignment_id: int) -> None:
            await asyncio.sleep(3600 * assignment_id)

        async def main() -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await notify(1)
            assert ["unknown"] == await statuses(made)

        run(main)

    def test_context_of_the_caller(self) -> None:
        """The actor and the details are those said around where it is awaited."""
        made = recorder()

        @made.recorded("notified")
        async def notify(assignment_id: int) -> None: ...

        async def one(number: int) -> None:
            with recording_context(actor=f"actor:{number}", details={"n": number}):
                await notify(number)

        async def main() -> None:
            async with asyncio.TaskGroup() as group:
                for number in range(10):
                    group.create_task(one(number))
            assert {(n, f"actor:{n}", n) for n in range(10)} == {
                (stored.assignment_id, stored.actor, stored.details["n"])
                for stored in await everything(made)
            }

        run(main)


class TestWhatIsTaken:
    @pytest.mark.parametrize(
        "function",
        [
            Sender(),
            Sender().__call__,
            functools.partial(Sender().__call__),
            functools.partial(Sender()),
            functools.partial(functools.partial(Sender.__call__), Sender()),
            logged(Sender().__call__),
            staticmethod(logged(Sender().__call__)),
            *MARKED,
        ],
        ids=[
            *("object", "method", "partial", "partial-of-object", "nested-partial"),
            *("decorated", "static", *("marked" for _ in MARKED)),
        ],
    )
    def test_coroutine_functions(self, function: Callable[[int], Any]) -> None:
        """Whatever is called like a coroutine function is decorated as one."""
        made = recorder()
        decorated = made.recorded("notified")(function)

        async def main() -> None:
            assert await decorated(7) == 7
            assert ["succeeded"] == await statuses(made)

        assert inspect.iscoroutinefunction(decorated)
        run(main)

    @pytest.mark.parametrize(
        "function",
        [Sender().each, functools.partial(Sender().each)],
        ids=["method", "partial"],
    )
    def test_generator_functions(self, function: Callable[[int], Any]) -> None:
        """Whatever is called like an async generator function is decorated as one."""
        made = recorder()
        decorated = made.recorded("notified")(function)

        async def main() -> None:
            assert [item async for item in decorated(7)] == [7]
            assert ["succeeded"] == await statuses(made)

        assert inspect.isasyncgenfunction(decorated)
        run(main)

    def test_refuses_what_does_not_wait(self) -> None:
        """Plain functions and generators are refused, naming the other decorator."""

        def plain(assignment_id: int) -> int:
            return assignment_id

        def generator(assignment_id: int) -> Iterator[int]:
            yield assignment_id

        told = "is no asynchronous function: decorate it with ActionRecorder.recorded"
        for function in (plain, generator, Sender, functools.partial(plain)):
            with pytest.raises(TypeError, match=told):
                recorder().recorded("notified")(function)

    def test_missing_argument(self) -> None:
        """A function without the argument is refused, naming those it has."""

        async def notify(learner: int) -> int:
            return learner

        with pytest.raises(ValueError, match="notify has no argument named 'key'; it "):
            recorder().recorded("notified", "learner", key="key")(notify)

    def test_unknown_type(self) -> None:
        """An unknown type is refused where it is decorated."""
        with pytest.raises(ValueError, match="'shipped' is unknown"):
            recorder().recorded("shipped")


class Stop(Exception):  # noqa: N818  # it asks for something
    """What is thrown into a generator in these tests."""


async def echo(assignment_id: int, seen: list[str]) -> AsyncGenerator[str, str | None]:
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
                    return
                if got == "fail":
                    raise LookupError(got)
                answer = f"got {got}"
    finally:
        for _ in range(3):
            await asyncio.sleep(0)
        seen.append("cleaned up")


class TestGenerators:
    def test_around_the_whole_iteration(self) -> None:
        """One recording, from the first item asked for to the end."""
        made = recorder()

        @made.recorded("notified")
        async def pages(assignment_id: int) -> AsyncGenerator[int]:
            """Yield pages."""
            for number in range(3):
                await asyncio.sleep(0)
                yield assignment_id + number

        async def main() -> None:
            iterated, seen = pages(5), list[list[str]]()
            assert [] == await statuses(made)
            numbers = list[int]()
            async for number in iterated:
                numbers.append(assert_type(number, int))
                seen.append(await statuses(made))
            assert [5, 6, 7] == numbers
            assert [["in_progress"]] * 3 == seen
            assert ["succeeded"] == await statuses(made)

        assert inspect.isasyncgenfunction(pages)
        assert not inspect.iscoroutinefunction(pages)
        assert "Yield pages." == pages.__doc__
        run(main)

    def test_passes_everything_on(self) -> None:
        """What is sent and thrown in reaches the function; its answers come out."""

        async def talk(to: AsyncGenerator[str, str | None]) -> list[str]:
            answers = [
                await anext(to),
                await to.asend("hello"),
                await to.athrow(Stop("once")),
                await anext(to),
                await to.athrow(Stop("again")),
            ]
            with pytest.raises(StopAsyncIteration):
                await to.asend("end")
            with pytest.raises(StopAsyncIteration):
                await anext(to)
            return answers

        async def main() -> None:
            made, seen = recorder(), list[str]()
            answers = await talk(made.recorded("notified")(echo)(1, seen))
            assert await talk(echo(1, [])) == answers
            assert ["1 begins", "got hello", "caught once", "got None"] == answers[:4]
            assert ["succeeded"] == await statuses(made)
            assert ["cleaned up"] == seen

        run(main)

    def test_ends_at_once(self) -> None:
        """A generator without any item has succeeded."""
        made = recorder()

        @made.recorded("notified")
        async def nothing(assignment_id: int) -> AsyncIterator[int]:
            for number in range(-assignment_id):
                yield number

        async def main() -> None:
            assert [item async for item in nothing(1)] == []
            assert ["succeeded"] == await statuses(made)

        run(main)

    @pytest.mark.parametrize(
        ("thrown", "error"),
        [(None, LookupError), (OSError("full"), OSError), (StopAsyncIteration(), None)],
        ids=["its-own", "thrown-in", "stop-thrown-in"],
    )
    def test_fails(
        self, thrown: Exception | None, error: type[Exception] | None
    ) -> None:
        """An exception of its own, or one thrown in and not caught, is a failure."""
        made = recorder()

        async def main() -> None:
            iterated = made.recorded("notified")(echo)(1, [])
            await anext(iterated)
            # Python makes of a StopAsyncIteration inside a generator a RuntimeError.
            with pytest.raises(error or RuntimeError):
                await (iterated.athrow(thrown) if thrown else iterated.asend("fail"))
            assert ["failed"] == await statuses(made)

        run(main)

    def test_closed_early(self) -> None:
        """One that is closed early is unknown, after the function has cleaned up."""
        made, seen = recorder(), list[str]()

        async def main() -> None:
            async with aclosing(made.recorded("notified")(echo)(1, seen)) as iterated:
                await anext(iterated)
            (stored,) = await everything(made)
            assert "unknown" == stored.status
            assert stored.failure is not None
            assert "interrupted" == stored.failure.reason
            assert ["cleaned up"] == seen

        run(main)

    def test_closed_before_it_began(self) -> None:
        """One that is closed before its first item leaves nothing."""
        made = recorder()

        async def main() -> None:
            iterated = made.recorded("notified")(echo)(1, [])
            await iterated.aclose()
            assert [] == await statuses(made)

        run(main)

    def test_breaks_while_it_is_closed(self) -> None:
        """What goes wrong while it is closed goes on, and is a failure."""
        made = recorder()

        @made.recorded("notified")
        async def stubborn(assignment_id: int) -> AsyncGenerator[int]:
            try:
                yield assignment_id
            finally:
                yield assignment_id + 1

        async def main() -> None:
            iterated = stubborn(1)
            await anext(iterated)
            with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
                await iterated.aclose()
            assert ["failed"] == await statuses(made)
            await iterated.aclose()

        run(main)

    @pytest.mark.parametrize("in_a_cycle", [False, True], ids=["plain", "cycle"])
    def test_abandoned(self, in_a_cycle: bool) -> None:  # noqa: FBT001  # parametrized
        """One that nobody holds any more is unknown, and cleans up in the end."""
        made, seen = recorder(), list[str]()

        async def main() -> None:
            iterated = made.recorded("notified")(echo)(1, seen)
            async for _ in iterated:
                break
            if in_a_cycle:
                cycle: list[Any] = [iterated]
                cycle.append(cycle)
                del cycle
            del iterated
            gc.collect()
            assert "unknown" == (await ended(made)).status
            assert ["cleaned up"] == seen

        run(main)

    def test_left_to_the_end_of_the_loop(self) -> None:
        """One that is still held when the loop ends is unknown; the loop is content."""
        for _ in range(5):  # in which order a loop closes generators is anybody's guess
            made, seen, held = recorder(), list[str](), list[Any]()

            async def main() -> None:
                held.append(made.recorded("notified")(echo)(1, seen))  # noqa: B023
                await anext(held[0])  # noqa: B023

            run(main)
            assert ["unknown"] == asyncio.run(statuses(made))
            assert ["cleaned up"] == seen

    def test_cancelled(self) -> None:
        """A cancellation inside it makes it unknown, and goes on."""
        made = recorder()

        @made.recorded("notified")
        async def slow(assignment_id: int) -> AsyncIterator[int]:
            yield assignment_id
            await asyncio.sleep(3600)

        async def main() -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    async for _ in slow(1):
                        pass
            assert ["unknown"] == await statuses(made)

        run(main)

    def test_as_a_context_manager(self) -> None:
        """Under `asynccontextmanager` the recording is around the host's block."""
        made = recorder()

        @asynccontextmanager
        @made.recorded("notified")
        async def connected(assignment_id: int) -> AsyncIterator[int]:
            yield assignment_id

        async def main() -> None:
            async with connected(1) as one:
                assert 1 == one
            with pytest.raises(LookupError):
                async with connected(2):
                    raise LookupError
            assert ["failed", "succeeded"] == sorted(await statuses(made))

        run(main)


def test_the_loop_knows_its_own_generators() -> None:
    """A generator that is begun inside another one leaves the loop's hooks alone."""
    made, hooks = recorder(), list[Any]()

    async def main() -> None:
        hooks.append(sys.get_asyncgen_hooks())
        async for _ in made.recorded("notified")(Sender().each)(1):
            hooks.append(sys.get_asyncgen_hooks())

    run(main)
    assert hooks[0] == hooks[1]
