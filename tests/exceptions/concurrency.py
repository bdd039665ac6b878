"""Tasks, threads, pools and interrupts."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from typing import Any

from exceptions.cases import Cases, Provoke
from exceptions.world import World

from assignment_actions import ErrorReason

ASYNCIO, FUTURES, THREADS = Cases("asyncio"), Cases("futures"), Cases("threads")
INTERRUPTS = Cases("interrupt", reason=ErrorReason.INTERRUPTED)
PATIENCE = 0.01


# -- asyncio -----------------------------------------------------------------------


def loop(work: Callable[[], Coroutine[Any, Any, None]]) -> Provoke:
    """Return what runs a coroutine function."""

    def provoke(_: World) -> None:
        asyncio.run(work())

    provoke.__name__ = work.__name__
    return provoke


async def _fail() -> None:
    raise ValueError("in a task")


@ASYNCIO.of("TimeoutError", reason=ErrorReason.TIMEOUT)
@loop
async def given_up() -> None:
    async with asyncio.timeout(PATIENCE):
        await asyncio.sleep(60)


@ASYNCIO.of("TimeoutError", reason=ErrorReason.TIMEOUT)
@loop
async def waited_for() -> None:
    await asyncio.wait_for(asyncio.Event().wait(), PATIENCE)


@ASYNCIO.of("asyncio.exceptions.CancelledError", reason=ErrorReason.INTERRUPTED)
@loop
async def cancelled() -> None:
    task = asyncio.create_task(asyncio.sleep(60))
    asyncio.get_running_loop().call_soon(task.cancel)
    await task


@ASYNCIO.of("asyncio.exceptions.InvalidStateError")
@loop
async def no_result_yet() -> None:
    asyncio.get_running_loop().create_future().result()


@ASYNCIO.of("asyncio.exceptions.IncompleteReadError")
@loop
async def ends_too_early() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"half")
    reader.feed_eof()
    await reader.readexactly(8)


@ASYNCIO.of("asyncio.exceptions.LimitOverrunError")
@loop
async def no_end_in_sight() -> None:
    reader = asyncio.StreamReader(limit=10)
    reader.feed_data(bytes(100))
    await reader.readuntil(b"\n")


@ASYNCIO.of("asyncio.queues.QueueEmpty")
@loop
async def nothing_queued() -> None:
    asyncio.Queue[int]().get_nowait()


@ASYNCIO.of("asyncio.queues.QueueFull")
@loop
async def queue_is_full() -> None:
    waiting = asyncio.Queue[int](1)
    for number in range(2):
        waiting.put_nowait(number)


@ASYNCIO.of("RuntimeError")
@loop
async def loop_in_a_loop() -> None:
    work = asyncio.sleep(0)
    with contextlib.closing(work):
        asyncio.run(work)


@ASYNCIO.of("RuntimeError")
@loop
async def awaited_twice() -> None:
    work = asyncio.sleep(0)
    await work
    await work


@ASYNCIO.of("ExceptionGroup")
@loop
async def tasks_fail() -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_fail())
        tasks.create_task(_fail())


@ASYNCIO.of("ExceptionGroup", reason=ErrorReason.TIMEOUT)
@loop
async def tasks_time_out() -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(asyncio.wait_for(asyncio.sleep(60), PATIENCE))


@ASYNCIO.of("asyncio.exceptions.BrokenBarrierError")
@loop
async def barrier_is_broken() -> None:
    barrier = asyncio.Barrier(2)
    await barrier.abort()
    await barrier.wait()


@ASYNCIO.of("StopAsyncIteration")
@loop
async def generator_is_exhausted() -> None:
    async def nothing() -> AsyncIterator[int]:
        for number in range(0):
            yield number

    await anext(nothing())


def _never(_: World) -> None:
    made: Coroutine[Any, Any, None] = asyncio.sleep(0)
    made.close()
    asyncio.run(made)


ASYNCIO.add("closed_coroutine", "RuntimeError", _never)


# -- threads and pools -------------------------------------------------------------


@FUTURES.of("ValueError")
def fails_in_a_thread(_: World) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int, "no number").result()


@FUTURES.of("TimeoutError", reason=ErrorReason.TIMEOUT)
def no_result_in_time(_: World) -> None:
    Future[int]().result(timeout=PATIENCE)


@FUTURES.of("concurrent.futures._base.CancelledError", reason=ErrorReason.INTERRUPTED)
def future_is_cancelled(_: World) -> None:
    future = Future[int]()
    future.cancel()
    future.result()


@FUTURES.of("concurrent.futures._base.InvalidStateError")
def result_set_twice(_: World) -> None:
    future = Future[int]()
    for number in range(2):
        future.set_result(number)


@FUTURES.of("RuntimeError")
def pool_is_closed(_: World) -> None:
    with ThreadPoolExecutor(1) as pool:
        pass
    pool.submit(int)


def _processes() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


@FUTURES.of("ValueError")
def fails_in_a_process(_: World) -> None:
    with _processes() as pool:
        pool.submit(int, "no number").result()


@FUTURES.of(
    "concurrent.futures.process.BrokenProcessPool", reason=ErrorReason.INTERRUPTED
)
def process_dies(_: World) -> None:
    with _processes() as pool:
        pool.submit(os._exit, 1).result()


@FUTURES.of("multiprocessing.context.TimeoutError", reason=ErrorReason.TIMEOUT)
def pool_is_too_slow(_: World) -> None:
    asked = threading.Event()
    with ThreadPool(1) as pool:
        try:
            pool.apply_async(asked.wait, (60,)).get(PATIENCE)
        finally:
            asked.set()


THREADS.add("nothing_queued", "_queue.Empty", lambda _: queue.Queue[int]().get(False))
THREADS.add("not_held", "RuntimeError", lambda _: threading.Lock().release())


@THREADS.of("queue.Full")
def queue_is_full_too(_: World) -> None:
    waiting = queue.Queue[int](1)
    for number in range(2):
        waiting.put(number, timeout=PATIENCE)


@THREADS.of("threading.BrokenBarrierError")
def too_few_came(_: World) -> None:
    threading.Barrier(2).wait(PATIENCE)


@THREADS.of("RuntimeError")
def started_twice(_: World) -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    thread.start()


# -- interrupts --------------------------------------------------------------------


@INTERRUPTS.of("KeyboardInterrupt")
def control_c(_: World) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


@INTERRUPTS.of("GeneratorExit")
def generator_is_closed(_: World) -> None:
    seen: list[BaseException] = []

    def numbers() -> Generator[int]:
        try:
            yield 1
        except GeneratorExit as error:
            seen.append(error)
            raise

    one = numbers()
    next(one)
    one.close()
    raise seen[0]


@INTERRUPTS.of("BaseExceptionGroup")
def several_interrupts(_: World) -> None:
    raise BaseExceptionGroup("all left", [KeyboardInterrupt(), SystemExit(1)])


@INTERRUPTS.of("BaseExceptionGroup")
def interrupt_among_failures(_: World) -> None:
    raise BaseExceptionGroup("mixed", [KeyboardInterrupt(), ValueError("no")])


INTERRUPTS.add("exit", "SystemExit", lambda _: sys.exit("enough"))
