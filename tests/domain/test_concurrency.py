import asyncio
import runpy
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from assignment_actions import StorageError
from assignment_actions.domain import concurrency
from assignment_actions.domain.awaited import awaited, result_of
from assignment_actions.domain.concurrency import (
    JOURNAL_THREADS,
    PAUSE_AFTER,
    Streamed,
    from_thread,
    in_thread,
    to_the_end,
    unless_busy,
)

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


async def failing() -> None:
    await anyio.lowlevel.checkpoint()
    raise LookupError("in the work")


async def answering() -> int:
    await anyio.lowlevel.checkpoint()
    return 7


class TestResultOf:
    def test_what_never_waits(self) -> None:
        """A coroutine that waits for nothing is run through."""
        assert 3 == result_of(awaited(max)(1, 3))  # type: ignore[arg-type]  # a coroutine

    def test_what_raises(self) -> None:
        """What it raises goes on."""
        with pytest.raises(ValueError, match="max"):
            result_of(awaited(max)([]))  # type: ignore[arg-type]  # a coroutine

    def test_what_waits(self) -> None:
        """One that waits is closed, and who could await it is named."""
        closed: list[str] = []

        async def waiting() -> None:
            try:
                await asyncio.sleep(0)
            finally:
                closed.append("closed")

        with pytest.raises(RuntimeError, match="it waits for an event loop"):
            result_of(waiting())
        assert ["closed"] == closed


class TestToTheEnd:
    @BACKENDS
    def test_returns_what_the_work_returns(self, backend: Any) -> None:
        """Where nobody is cancelled it is an `await`."""
        assert 7 == anyio.run(lambda: to_the_end(answering()), backend=backend)

    @BACKENDS
    def test_raises_what_the_work_raises(self, backend: Any) -> None:
        """So it is where the work fails: in no group, with no other context."""
        with pytest.raises(LookupError, match="in the work") as caught:
            anyio.run(lambda: to_the_end(failing()), backend=backend)

        assert caught.value.__context__ is None

    @BACKENDS
    def test_the_cancellation_wins_over_an_error(self, backend: Any) -> None:
        """Who is cancelled while the work fails is cancelled."""
        reached: list[str] = []

        async def work() -> None:
            with anyio.CancelScope() as scope:

                async def cancelling() -> None:
                    scope.cancel()
                    await failing()

                await to_the_end(cancelling())
                reached.append("went on")
            assert scope.cancelled_caught

        anyio.run(work, backend=backend)
        assert [] == reached

    def test_what_begins_inside_is_not_inside(self) -> None:
        """A task that a shielded one begins has a shield of its own for its writes."""
        ended: list[str] = []

        async def write() -> None:
            await asyncio.sleep(0.01)
            ended.append("write")

        async def begin() -> asyncio.Task[None]:
            return asyncio.create_task(to_the_end(write()))

        async def work() -> None:
            task = await to_the_end(begin())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()

        asyncio.run(work())
        assert ["write"] == ended

    def test_without_an_event_loop(self) -> None:
        """Without one the work is closed, with no warning that nobody awaited it."""
        shielding = to_the_end(answering())

        with pytest.raises(RuntimeError):
            shielding.send(None)


class TestThreads:
    @BACKENDS
    def test_out_of_the_loop_and_back(self, backend: Any) -> None:
        """What waits for a disk is called in a thread, and calls the loop from it."""

        async def name() -> str:
            return threading.current_thread().name

        def call() -> tuple[str, str]:
            return threading.current_thread().name, from_thread(name)()

        in_a_thread, on_the_loop = anyio.run(lambda: in_thread(call), backend=backend)

        assert threading.main_thread().name == on_the_loop != in_a_thread

    def test_a_thread_that_nobody_awaits_calls_nothing(self) -> None:
        """The loop may have ended, and would never answer: it is a StorageError."""
        goes_on, raised = threading.Event(), list[Exception]()

        async def never() -> None:
            raise AssertionError("it was called")

        def call() -> None:
            goes_on.wait()
            try:
                from_thread(never)()
            except StorageError as error:
                raised.append(error)

        async def work() -> None:
            task = asyncio.create_task(in_thread(call))
            await asyncio.sleep(0.02)
            task.cancel()
            await asyncio.wait([task])
            goes_on.set()
            await asyncio.sleep(0.02)

        asyncio.run(work())
        assert ["flush failed: the event loop goes on without it"] == [
            *map(str, raised)
        ]

    def test_where_all_are_busy(self) -> None:
        """What others do already is left to them."""
        gate, done = threading.Event(), list[str]()

        async def more() -> None:
            done.append("more")

        async def work() -> None:
            tasks = [
                asyncio.create_task(in_thread(gate.wait))
                for _ in range(JOURNAL_THREADS)
            ]
            await asyncio.sleep(0.02)
            await unless_busy(more())
            gate.set()
            await asyncio.wait(tasks)
            assert [] == done
            await unless_busy(more())

        asyncio.run(work())
        assert ["more"] == done


class TestStreamed:
    @BACKENDS
    @pytest.mark.parametrize("kind", ["plain", "awaited"])
    def test_others_have_their_turn(self, backend: Any, kind: str) -> None:
        """Of either kind of stream each item comes, and others run meanwhile."""
        count = 3 * PAUSE_AFTER
        turns: list[int] = []

        async def stream() -> AsyncIterator[int]:
            for number in range(count):
                yield number

        async def other() -> None:
            while True:
                turns.append(1)
                await anyio.lowlevel.checkpoint()

        async def work() -> list[int]:
            async with anyio.create_task_group() as group:
                group.start_soon(other)
                given = stream() if kind == "awaited" else range(count)
                found = [one async for one in Streamed(given)]
                group.cancel_scope.cancel()
            return found

        assert list(range(count)) == anyio.run(work, backend=backend)
        assert len(turns) >= 2


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without anyio the error says which extra to install."""
    monkeypatch.setitem(sys.modules, "anyio", None)

    with pytest.raises(ImportError, match=r"assignment-actions\[async\]"):
        runpy.run_path(str(concurrency.__file__))
