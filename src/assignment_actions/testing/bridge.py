"""
The bridge from synchronous tests to async adapters, so that one contract is for both.

An event loop runs in a thread of its own. What a test calls is awaited there while the
test waits: the rival threads of the contract become rival tasks of one loop.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Coroutine,
    Iterator,
)
from concurrent.futures import Future
from contextlib import aclosing, suppress
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar

T = TypeVar("T")
_Ended = tuple[Any, BaseException | None]

_END = object()


class EventLoopThread:
    """
    Be an event loop in a thread of its own, for the length of a `with` statement.

    >>> with EventLoopThread() as loop:
    ...     loop.run(asyncio.sleep(0, result="done"))
    'done'
    """

    is_running: bool = False

    def __enter__(self) -> Self:
        self.is_running = True
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._serve, name="assignment_actions.testing", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Cancel what is left in the loop, and end its thread."""
        self.is_running = False
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """
        Return what a coroutine returns in the loop; what it raises goes on.

        It sees the context variables of the caller. A caller who is interrupted while
        waiting cancels it and waits for its end; one who is interrupted again does not.

        Raises:
            RuntimeError: the loop does not run, or would wait for itself.
        """
        if not self.is_running or threading.current_thread() is self._thread:
            work.close()
            said = "would wait for itself" if self.is_running else "does not run"
            raise RuntimeError(f"the event loop {said}")
        result, error = self._ended(work)
        if error is None:
            return result  # type: ignore[no-any-return]  # what the coroutine returns
        try:
            _raise(error)
        finally:
            del error  # else it would hold this frame, and this frame would hold it

    def _ended(self, work: Coroutine[Any, Any, Any]) -> _Ended:
        ended: Future[_Ended] = Future()
        tasks: list[asyncio.Task[_Ended]] = []  # a loop holds its tasks weakly

        async def end() -> _Ended:
            try:
                return await work, None
            except BaseException as error:  # noqa: BLE001  # the caller's to handle
                return None, error

        def begin() -> None:
            tasks.append(self._loop.create_task(end()))
            tasks[0].add_done_callback(lambda task: ended.set_result(task.result()))

        def cancel() -> None:
            if tasks:  # in a second step: the first of the task's own comes before
                self._loop.call_soon(tasks[0].cancel)
            else:
                work.close()
                ended.set_result((None, None))

        try:
            self._loop.call_soon_threadsafe(begin)
            return ended.result()
        except BaseException:  # only of this thread: an interrupt
            self._loop.call_soon_threadsafe(cancel)
            ended.result()
            raise

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            loop = runner.get_loop()
            while self.is_running:
                # Whoever awaits a task gets these too; they need not end the loop.
                with suppress(KeyboardInterrupt, SystemExit):
                    loop.run_forever()


class Blocking:
    """
    Be an async object for synchronous callers.

    Whatever is called is awaited in the loop. Async generators become iterators, async
    context managers synchronous ones; what else is async or can be called comes back
    wrapped, and is unwrapped where it is an argument. An iterator is read, and a
    decorated function called, in a thread, so that they may call in turn.

    Args:
        wrapped: an async repository, recorder, history, transaction; or a function or
            class that returns one.
        loop: where it lives.

    >>> from assignment_actions import AsyncInMemoryActionRepository
    >>> from assignment_actions.testing import an_action
    >>> with EventLoopThread() as loop:
    ...     repository = Blocking(AsyncInMemoryActionRepository(), loop)
    ...     repository.get(an_action().id) is None
    True
    """

    __slots__ = ("_loop", "_wrapped")

    def __init__(self, wrapped: Any, loop: EventLoopThread) -> None:
        self._wrapped = wrapped
        self._loop = loop

    def __repr__(self) -> str:
        return f"Blocking({self._wrapped!r})"

    def __eq__(self, other: object) -> bool:
        return bool(self._wrapped == _unwrapped(other))

    def __hash__(self) -> int:
        return hash(self._wrapped)

    def __getattr__(self, name: str) -> Any:
        if name in Blocking.__slots__:  # while it is copied
            raise AttributeError(name)
        return self._bridged(getattr(self._wrapped, name))

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call it, and wait for what it returns."""
        given = _awaited if _is_decorator(self._wrapped) else _unwrapped
        return self._bridged(
            self._wrapped(
                *(given(one) for one in args),
                **{name: given(one) for name, one in kwargs.items()},
            )
        )

    def __enter__(self) -> Any:
        return self._bridged(self._wrapped.__aenter__())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        async def leave() -> AsyncGenerator[bool | None, None]:
            leaving: Callable[..., Any] = self._wrapped.__aexit__
            if exception is None:
                yield await leaving(None, None, None)
            else:
                try:  # handled here, it is the context of what is raised next
                    raise exception  # noqa: TRY301  # by nobody else
                except BaseException:  # noqa: BLE001  # the caller raises it again
                    exception.with_traceback(traceback)
                    yield await leaving(kind, exception, traceback)

        async def left() -> bool | None:
            # A generator, because that may wait when it is closed, as the caller may;
            # a coroutine that is closed may not.
            async with aclosing(leave()) as answers:
                return await anext(answers)

        return self._loop.run(left())

    def _bridged(self, value: Any) -> Any:
        if inspect.iscoroutine(value):
            return self._bridged(self._loop.run(value))
        if isinstance(value, AsyncGenerator):
            return self._each(value)
        if callable(value) or _is_async(type(value)):  # type: ignore[arg-type]  # it is hashable
            return Blocking(value, self._loop)
        return value

    def _each(self, items: AsyncGenerator[Any, None]) -> Iterator[Any]:
        async def next_one() -> Any:
            return await anext(items, _END)

        try:
            while (item := self._loop.run(next_one())) is not _END:
                yield self._bridged(item)
        finally:
            if self._loop.is_running:  # else the loop has closed it
                self._loop.run(items.aclose())


@functools.cache
def _is_async(kind: type[Any]) -> bool:
    """Tell whether anything of such objects is awaited."""
    return any(_is_awaited(getattr(kind, name, None)) for name in dir(kind))


def _is_awaited(function: object) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def _is_decorator(value: object) -> bool:
    return inspect.isfunction(value) and not _is_awaited(value)


def _unwrapped(value: Any) -> Any:
    """Return what an async callee can do with an argument."""
    if isinstance(value, Blocking):
        return value._wrapped  # noqa: SLF001  # its own
    return _read_in_a_thread(value) if isinstance(value, Iterator) else value


async def _read_in_a_thread(items: Iterator[Any]) -> AsyncIterator[Any]:
    while (item := await asyncio.to_thread(next, items, _END)) is not _END:
        yield item


def _awaited(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function as a coroutine function, so that it can be decorated."""

    @functools.wraps(function)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        return await asyncio.to_thread(function, *args, **kwargs)

    return awaited


def _raise(error: BaseException) -> NoReturn:
    """Raise what was raised in the loop, with the context it has there."""
    context = error.__context__
    try:
        raise error
    finally:
        if context is not None:
            error.__context__ = context
        del error
