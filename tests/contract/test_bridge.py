"""The bridge itself: what is awaited for a synchronous caller, and how that ends."""

from __future__ import annotations

import asyncio
import copy
import gc
import signal
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, Self

import pytest

from assignment_actions import AsyncInMemoryActionRepository
from assignment_actions.testing import Blocking, EventLoopThread
from assignment_actions.testing.contract.awaiting import require_awaited

PLACE = ContextVar("PLACE", default="nowhere")
NAME = "assignment_actions.testing"


class Thing:
    """Be async in all the ways that the bridge knows."""

    def __init__(self, other: object = None) -> None:
        self.other = other
        self.said: list[str] = []

    @property
    def inner(self) -> Thing:
        return Thing(self)

    def joined_to(self, other: object) -> Thing:
        return Thing(other)

    async def place(self) -> tuple[str, str]:
        return threading.current_thread().name, PLACE.get()

    async def raising(self, error: BaseException) -> None:
        await asyncio.sleep(0)
        raise error

    async def chained(self) -> None:
        try:
            raise KeyError("inner")  # noqa: TRY301  # it is handled here
        except KeyError:
            raise ValueError("outer")  # noqa: B904  # the context is what this is about

    async def raising_in_a_task(self, error: BaseException) -> None:
        await asyncio.create_task(self.raising(error))

    async def raising_ours(self) -> None:
        raise OurError

    async def counting(self) -> AsyncIterator[int]:
        try:
            for number in range(3):
                await asyncio.sleep(0)
                yield number
        finally:
            self.said.append("closed")

    async def all_of(self, items: Iterable[int] | AsyncIterator[int]) -> list[int]:
        if isinstance(items, AsyncIterator):
            return [one async for one in items]
        return list(items)

    async def at_once(self, meeting: Meeting) -> int:
        return await meeting.join()

    async def forever(self, began: Callable[[], object]) -> None:
        began()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.said.append("cancelled")

    async def stubborn(self, press: Callable[[], object]) -> None:
        with suppress(asyncio.CancelledError):
            press()
            await asyncio.Event().wait()
        self.said.append("cancelled once")
        press()
        await asyncio.Event().wait()

    async def abandon(self) -> None:
        self.task = asyncio.create_task(self.forever(lambda: None))
        await asyncio.sleep(0)

    def decorator(self) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            assert asyncio.iscoroutinefunction(function)

            async def decorated(*args: object) -> list[object]:
                return ["decorated", await function(*args)]

            return decorated

        return decorate


class Meeting:
    """Let several tasks wait for each other."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.all_here = asyncio.Event()

    async def join(self) -> int:
        self.count -= 1
        if not self.count:
            self.all_here.set()
        await self.all_here.wait()
        return self.count


class Block:
    """Be an async context manager that notes how its block ended."""

    def __init__(
        self, answer: BaseException | None = None, *, swallows: bool = False
    ) -> None:
        self.answer = answer
        self.swallows = swallows
        self.left: BaseException | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: object, exception: BaseException | None, traceback: object
    ) -> bool:
        await asyncio.sleep(0)
        self.left = exception
        if self.answer is not None:
            raise self.answer
        return self.swallows


@pytest.fixture
def loop() -> Iterator[EventLoopThread]:
    with EventLoopThread() as loop:
        yield loop


@pytest.fixture
def thing(loop: EventLoopThread) -> Any:
    return Blocking(Thing(), loop)


class TestCalls:
    def test_a_coroutine_runs_in_the_loop(self, thing: Any) -> None:
        """It runs in the loop's thread, and sees the caller's context variables."""
        token = PLACE.set("here")
        try:
            assert (NAME, "here") == thing.place()
        finally:
            PLACE.reset(token)

    @pytest.mark.parametrize(
        "error",
        [
            ValueError("no"),
            KeyboardInterrupt("no"),
            SystemExit(3),
            asyncio.CancelledError("no"),
        ],
        ids=repr,
    )
    @pytest.mark.parametrize("verb", ["raising", "raising_in_a_task"])
    def test_what_is_raised_is_the_same(
        self, thing: Any, verb: str, error: BaseException
    ) -> None:
        """An exception of any kind arrives itself, and the loop goes on."""
        with pytest.raises(type(error)) as caught:
            getattr(thing, verb)(error)

        assert caught.value is error
        assert NAME == thing.place()[0]

    def test_the_context_of_what_is_raised_is_kept(self, thing: Any) -> None:
        """What was being handled in the loop is the context, not what is so here."""
        try:
            raise TypeError("elsewhere")  # noqa: TRY301  # it is handled here
        except TypeError:
            with pytest.raises(ValueError, match="outer") as caught:
                thing.chained()

        assert isinstance(caught.value.__context__, KeyError)

    def test_threads_become_tasks(self, thing: Any, loop: EventLoopThread) -> None:
        """What threads call at once happens at once, in one loop."""

        async def make() -> Meeting:
            return Meeting(3)

        meeting, answers = loop.run(make()), list[int]()
        threads = [
            threading.Thread(target=lambda: answers.append(thing.at_once(meeting)))
            for _ in range(3)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

        assert [0, 0, 0] == answers

    def test_a_call_inside_the_loop_is_refused(
        self, thing: Any, loop: EventLoopThread
    ) -> None:
        """It would wait for itself; it is told so at once."""

        async def call() -> None:
            thing.place()

        with pytest.raises(RuntimeError, match="would wait for itself"):
            loop.run(call())


class TestWrapping:
    def test_what_is_async_is_wrapped(self, thing: Any) -> None:
        """Async objects come back wrapped, from attributes and calls; data does not."""
        assert isinstance(thing.inner, Blocking)
        assert NAME == thing.inner.joined_to(None).place()[0]
        assert [] == thing.said
        assert type(thing.said) is list

    def test_arguments_are_unwrapped(self, thing: Any, loop: EventLoopThread) -> None:
        """What is wrapped arrives as what it is, in a constructor too."""
        other = Thing()
        wrapped = Blocking(other, loop)

        assert wrapped == thing.joined_to(wrapped).other
        assert wrapped == Blocking(Thing, loop)(other=wrapped).other
        assert wrapped != thing
        assert hash(other) == hash(wrapped)
        assert repr(other) in repr(wrapped)

    def test_it_can_be_copied(self, thing: Any) -> None:
        """A copy is the same object, wrapped."""
        assert thing == copy.copy(thing)

    def test_an_absent_attribute_is_absent(self, thing: Any) -> None:
        """It raises what the object itself would."""
        with pytest.raises(AttributeError, match=r"'Thing' .* 'nothing'"):
            _ = thing.nothing

    def test_an_iterator_may_call_in_turn(self, thing: Any) -> None:
        """What an argument yields is asked for outside the loop; a list is given."""
        items = (int(thing.place()[0] == NAME) + one for one in range(3))

        assert [1, 2, 3] == thing.all_of(items)
        assert [1, 2, 3] == thing.all_of([1, 2, 3])

    def test_a_decorated_function_may_call_in_turn(self, thing: Any) -> None:
        """A function becomes a coroutine function for an async decorator."""
        decorate: Callable[[Callable[..., Any]], Any] = thing.decorator()

        @decorate
        def work(number: int) -> tuple[int, str]:
            return number, thing.place()[0]

        assert ["decorated", (7, NAME)] == work(7)


class TestGenerators:
    def test_an_async_generator_is_iterated(self, thing: Any) -> None:
        """It yields the same and is closed at its end."""
        assert ([0, 1, 2], ["closed"]) == (list(thing.counting()), thing.said)

    def test_closing_closes_the_other(self, thing: Any) -> None:
        """Who stops early closes the generator in the loop, at once."""
        items = thing.counting()

        assert (0, []) == (next(items), thing.said)
        items.close()
        assert ["closed"] == thing.said


class TestBlocks:
    def test_a_block_that_returns(self, loop: EventLoopThread) -> None:
        """It is entered and left in the loop."""
        block = Block()
        with Blocking(block, loop) as entered:
            assert Blocking(block, loop) == entered

        assert block.left is None

    @pytest.mark.parametrize(
        "kind", [ValueError, KeyboardInterrupt, StopIteration, GeneratorExit]
    )
    @pytest.mark.parametrize("is_swallowed", [False, True])
    def test_a_block_that_raises(
        self, loop: EventLoopThread, kind: type[BaseException], *, is_swallowed: bool
    ) -> None:
        """Its exception is handed over itself, and goes on unless it is swallowed."""
        block, error = Block(swallows=is_swallowed), kind()
        raised: list[BaseException] = []
        try:
            with Blocking(block, loop):
                raise error  # noqa: TRY301  # it is handled here
        except BaseException as caught:  # noqa: BLE001  # any kind
            raised.append(caught)

        assert block.left is error
        assert ([] if is_swallowed else [error]) == raised
        assert __file__ == error.__traceback__.tb_frame.f_code.co_filename  # type: ignore[union-attr]  # it was raised
        assert error.__traceback__.tb_next is None  # type: ignore[union-attr]

    def test_what_leaving_raises_replaces_it(self, loop: EventLoopThread) -> None:
        """An exception of `__aexit__` goes on, with the block's as its context."""
        inner, outer = ValueError("inner"), TypeError("outer")
        with pytest.raises(TypeError) as caught, Blocking(Block(outer), loop):
            raise inner

        assert (outer, inner) == (caught.value, caught.value.__context__)
        assert inner.__context__ is None


def press_ctrl_c() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


class TestInterrupts:
    def test_an_interrupt_cancels_what_is_waited_for(self, thing: Any) -> None:
        """Ctrl-C goes on once that has ended; the next call works."""
        with pytest.raises(KeyboardInterrupt):
            thing.forever(press_ctrl_c)

        assert ["cancelled"] == thing.said
        assert NAME == thing.place()[0]

    def test_an_interrupt_may_come_before_it_begins(
        self, thing: Any, loop: EventLoopThread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What was not handed to the loop yet never begins, and nobody waits for it."""
        hand_over = loop._loop.call_soon_threadsafe

        def interrupted(*_: object) -> None:
            monkeypatch.setattr(loop._loop, "call_soon_threadsafe", hand_over)
            raise KeyboardInterrupt

        monkeypatch.setattr(loop._loop, "call_soon_threadsafe", interrupted)
        with pytest.raises(KeyboardInterrupt):
            thing.raising_ours()

        assert NAME == thing.place()[0]

    def test_a_second_interrupt_waits_no_longer(self, thing: Any) -> None:
        """What does not end when it is cancelled is left to the end of the loop."""
        with pytest.raises(KeyboardInterrupt):
            thing.stubborn(press_ctrl_c)

        assert ["cancelled once"] == thing.said
        assert NAME == thing.place()[0]


class TestEnd:
    def test_the_thread_ends(self) -> None:
        """Nothing of it is left: no thread, and no loop that is open."""
        before = threading.enumerate()
        with EventLoopThread() as loop:
            assert NAME in {one.name for one in threading.enumerate()}
            inside = loop.run(running_loop())

        assert inside.is_closed()
        assert before == threading.enumerate()

    def test_what_is_left_is_cancelled(self) -> None:
        """A task that nobody awaited is cancelled, and waited for."""
        thing = Thing()
        with EventLoopThread() as loop:
            Blocking(thing, loop).abandon()

        assert ["cancelled"] == thing.said

    def test_a_generator_that_is_left_is_closed(self) -> None:
        """The loop closes it; that its iterator goes later is harmless."""
        thing = Thing()
        with EventLoopThread() as loop:
            items = Blocking(thing, loop).counting()
            assert 0 == next(items)

        assert ["closed"] == thing.said
        items.close()

    def test_afterwards_calls_are_refused(self) -> None:
        """Who calls later, or before, is told so; nothing is left unawaited."""
        loop = EventLoopThread()
        thing = Blocking(Thing(), loop)
        with pytest.raises(RuntimeError, match="does not run"):
            thing.place()
        with loop:
            assert NAME == thing.place()[0]

        with pytest.raises(RuntimeError, match="does not run"):
            thing.place()

    def test_nothing_is_kept_of_a_call(self, thing: Any, loop: EventLoopThread) -> None:
        """What was raised can go as soon as the caller lets go, and so can the task."""
        gc.disable()
        try:
            reference = raised_by(thing)

            assert reference() is None
        finally:
            gc.enable()
        assert 1 == loop.run(count_tasks())


class OurError(Exception):
    """Be an exception that can be referred to weakly."""


def raised_by(thing: Any) -> weakref.ref[OurError]:
    try:
        thing.raising_ours()
    except OurError as error:
        return weakref.ref(error)
    raise AssertionError("nothing was raised")


async def running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


async def count_tasks() -> int:
    return len(asyncio.all_tasks())


class TestRequireAwaited:
    def test_a_verb_that_is_not_awaited(self) -> None:
        """The bridge would call it all the same, so the kit looks first."""

        class HalfAsync(AsyncInMemoryActionRepository):
            def count(self, *_: object) -> int:  # type: ignore[override]  # so
                return 7

        with pytest.raises(pytest.fail.Exception, match="must be `async def`: count"):
            require_awaited(HalfAsync())

        require_awaited(AsyncInMemoryActionRepository())
