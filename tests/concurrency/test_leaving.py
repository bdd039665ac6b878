"""Every odd way to leave a recording: twice cancelled, hanging, closed, abandoned."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from concurrency.waiting import (
    AbsentRepository,
    GatedRepository,
    TransactionalRepository,
    WaitingRepository,
)
from domain.outages import HostTransaction
from domain.samples import ASSIGNMENT, OTHER

from assignment_actions import Action, AsyncActionRecorder
from assignment_actions.adapters.journal import FileJournal
from assignment_actions.domain import concurrency
from assignment_actions.domain.awaited import AwaitedActionRepository

BACKENDS = ("asyncio", "trio")


def watched(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run it in asyncio; what the event loop would only log is an error."""
    complaints = list[dict[str, Any]]()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        await work()

    asyncio.run(main())
    gc.collect()
    assert [] == complaints


def kept_by(recorder: AsyncActionRecorder) -> list[str]:
    """Return the statuses of what waits for a flush."""
    return [str(action.status) for action in recorder._journal]


def seen(actions: list[Action]) -> list[tuple[str, str | None]]:
    """Return status and reason of each."""
    return [
        (str(one.status), None if one.failure is None else str(one.failure.reason))
        for one in actions
    ]


async def sleeping_block(recorder: AsyncActionRecorder) -> None:
    """Be a block that ends only by being cancelled."""
    async with recorder.recording(ASSIGNMENT, "notified"):
        await anyio.sleep_forever()


async def cancelled_block(recorder: AsyncActionRecorder) -> None:
    """Be a block that is cancelled."""
    with anyio.CancelScope() as scope:
        async with recorder.recording(ASSIGNMENT, "notified"):
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught


async def turns(count: int = 5) -> None:
    """Let others have some turns."""
    for _ in range(count):
        await asyncio.sleep(0.002)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> float:
    """Return the bound of shielded work, made short."""
    monkeypatch.setattr(concurrency, "SHIELD_SECONDS", 0.02)
    return 0.02


@pytest.fixture
def repository() -> WaitingRepository:
    """Return an empty repository that waits."""
    return WaitingRepository()


@pytest.fixture
def recorder(repository: WaitingRepository) -> AsyncActionRecorder:
    """Return a recorder on it."""
    return AsyncActionRecorder(repository)


class TestCancelledAgain:
    def test_the_outcome_is_stored_however_often(
        self, recorder: AsyncActionRecorder, repository: WaitingRepository
    ) -> None:
        """Cancelled in its block, and at every step of its end: it is unknown."""

        async def work() -> None:
            task = asyncio.create_task(sleeping_block(recorder))
            await turns()
            while not task.done():
                task.cancel()
                await asyncio.sleep(0)
            assert task.cancelled()
            assert task.cancelling() > 2

        watched(work)
        assert [("unknown", "interrupted")] == seen(repository.stored)

    def test_the_newest_cancellation_goes_on(self) -> None:
        """A child's cancellation may be caught: the caller's own is seen after it."""
        caught = list[str]()
        repository = GatedRepository("complete")
        recorder = AsyncActionRecorder(repository)

        async def block() -> None:
            child = asyncio.create_task(asyncio.sleep(60))
            asyncio.get_running_loop().call_soon(child.cancel)
            try:
                async with recorder.recording(ASSIGNMENT, "notified"):
                    await child
            except asyncio.CancelledError as error:
                caught.extend(error.args)
                raise

        async def work() -> None:
            task = asyncio.create_task(block())
            await repository.reached["complete"].wait()
            task.cancel("by its caller")
            repository.gates["complete"].set()
            with suppress(asyncio.CancelledError):
                await task
            assert task.cancelled()

        watched(work)
        assert ["by its caller"] == caught
        assert [("unknown", "interrupted")] == seen(repository.stored)


class TestHangingStore:
    @pytest.mark.parametrize("backend", BACKENDS)
    @pytest.mark.usefixtures("short")
    def test_the_end_is_cut_off_and_kept(self, backend: str) -> None:
        """The caller waits no longer than the bound; the outcome waits for flush."""

        async def main() -> None:
            repository = GatedRepository("complete")
            recorder = AsyncActionRecorder(repository)
            with anyio.fail_after(30):
                await cancelled_block(recorder)
                assert ["unknown"] == kept_by(recorder)
                repository.gates["complete"].set()
                assert 1 == await recorder.flush()
            assert [("unknown", "interrupted")] == seen(repository.stored)

        anyio.run(main, backend=backend)

    @pytest.mark.usefixtures("short")
    def test_a_cancellation_that_is_not_repeated_is_bounded_too(self) -> None:
        """`Task.cancel` comes once: the end of the block is bounded all the same."""

        async def work() -> None:
            repository = GatedRepository("complete")
            recorder = AsyncActionRecorder(repository)
            task = asyncio.create_task(sleeping_block(recorder))
            await turns()
            task.cancel()
            assert ({task}, set()) == await asyncio.wait([task], timeout=30)
            assert task.cancelled()
            assert ["unknown"] == kept_by(recorder)

        watched(work)

    @pytest.mark.parametrize("is_done_first", [False, True])
    @pytest.mark.usefixtures("short")
    def test_a_start_that_is_cut_off_is_kept_as_failed(
        self,
        is_done_first: bool,  # noqa: FBT001  # a parameter of the test
    ) -> None:
        """Nobody knows whether it was stored: a flush makes it failed either way."""

        async def work() -> None:
            repository = GatedRepository("add", is_done_first=is_done_first)
            recorder = AsyncActionRecorder(repository)
            task = asyncio.create_task(sleeping_block(recorder))
            await repository.reached["add"].wait()
            task.cancel()
            assert ({task}, set()) == await asyncio.wait([task], timeout=30)
            assert task.cancelled()
            assert ["failed"] == kept_by(recorder)
            repository.gates["add"].set()
            await recorder.flush()
            assert [("failed", "interrupted")] == seen(repository.stored)

        watched(work)

    @pytest.mark.usefixtures("short")
    def test_storing_that_it_never_began_is_bounded(self) -> None:
        """Where the start was stored, but its failure hangs, that is kept."""

        async def work() -> None:
            repository = GatedRepository("add", "complete")
            recorder = AsyncActionRecorder(repository)
            task = asyncio.create_task(sleeping_block(recorder))
            await repository.reached["add"].wait()
            task.cancel()
            repository.gates["add"].set()
            assert ({task}, set()) == await asyncio.wait([task], timeout=30)
            assert task.cancelled()
            assert ["failed"] == kept_by(recorder)

        watched(work)

    @pytest.mark.parametrize("backend", BACKENDS)
    @pytest.mark.usefixtures("short")
    def test_a_slow_store_is_no_error_where_nobody_is_cancelled(
        self, backend: str
    ) -> None:
        """The bound counts from a cancellation, not from the beginning."""
        repository = WaitingRepository(before=0.06)

        async def main() -> None:
            recorder = AsyncActionRecorder(repository)
            async with recorder.recording(ASSIGNMENT, "notified"):
                pass

        anyio.run(main, backend=backend)
        assert [("succeeded", None)] == seen(repository.stored)


class TestAbsentStore:
    @pytest.mark.parametrize("backend", BACKENDS)
    def test_the_outcome_is_kept_until_it_is_back(self, backend: str) -> None:
        """Cancelled while the store is out of reach: flush stores it."""

        async def main() -> None:
            repository = AbsentRepository()
            recorder = AsyncActionRecorder(repository)
            with anyio.CancelScope() as scope:
                async with recorder.recording(ASSIGNMENT, "notified"):
                    repository.is_away = True
                    scope.cancel()
                    await anyio.sleep_forever()
            assert scope.cancelled_caught
            assert ["unknown"] == kept_by(recorder)
            repository.is_away = False
            assert 1 == await recorder.flush()
            assert [("unknown", "interrupted")] == seen(repository.stored)

        anyio.run(main, backend=backend)

    def test_a_start_whose_failure_cannot_be_stored_is_kept(self) -> None:
        """Cancelled in its start, and the store goes away: flush stores that later."""

        async def work() -> None:
            repository = AbsentRepository(after=0.005)
            recorder = AsyncActionRecorder(repository)
            task = asyncio.create_task(sleeping_block(recorder))
            while not repository.stored:  # noqa: ASYNC110  # at this very step
                await asyncio.sleep(0)
            repository.is_away = True
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            assert ["failed"] == kept_by(recorder)
            repository.is_away = False
            await recorder.flush()
            assert [("failed", "interrupted")] == seen(repository.stored)

        watched(work)


class TestRefusedStart:
    def test_the_cancellation_wins_and_nothing_is_stored(self) -> None:
        """Cancelled while its start is refused: what was stored stays as it is."""
        repository = GatedRepository("add")
        recorder = AsyncActionRecorder(repository)

        async def block() -> None:
            async with recorder.recording(ASSIGNMENT, "notified", key="mail-1"):
                raise AssertionError

        async def work() -> None:
            other = AsyncActionRecorder(AwaitedActionRepository(repository._awaited))
            await other.record_success(ASSIGNMENT, "notified", key="mail-1")
            task = asyncio.create_task(block())
            await repository.reached["add"].wait()
            task.cancel()
            repository.gates["add"].set()
            await asyncio.wait([task])
            assert task.cancelled()
            assert [] == kept_by(recorder)

        watched(work)
        assert [("succeeded", None)] == seen(repository.stored)


class TestOwnExceptionAndCancellation:
    def test_failed_is_stored_and_the_cancellation_goes_on(
        self, recorder: AsyncActionRecorder, repository: WaitingRepository
    ) -> None:
        """Cancelled while a failure is stored: its exception is the context."""
        raised = list[BaseException]()

        async def block() -> None:
            try:
                async with recorder.recording(ASSIGNMENT, "notified"):
                    asyncio.get_running_loop().call_later(0.001, tasks[0].cancel)
                    raise ValueError("full")  # noqa: TRY301  # the block's own
            except BaseException as error:
                raised.append(error)
                raise

        async def work() -> None:
            repository.before = 0.005
            tasks.append(asyncio.create_task(block()))
            with pytest.raises(asyncio.CancelledError):
                await tasks[0]

        tasks = list[asyncio.Task[None]]()
        watched(work)
        (error,) = raised
        contexts = list[type[BaseException]]()
        inner: BaseException | None = error
        while inner is not None:
            contexts.append(type(inner))
            inner = inner.__context__
        assert [asyncio.CancelledError, ValueError] == contexts
        assert [("failed", "unclassified")] == seen(repository.stored)


class TestSeveral:
    @pytest.mark.parametrize("backend", BACKENDS)
    def test_nested_ones_are_both_unknown(self, backend: str) -> None:
        """A cancellation leaves both blocks, the inner one first."""
        repository = WaitingRepository()

        async def main() -> None:
            recorder = AsyncActionRecorder(repository)
            with anyio.CancelScope() as scope:
                async with (
                    recorder.recording(ASSIGNMENT, "notified"),
                    recorder.recording(ASSIGNMENT, "notified"),
                ):
                    scope.cancel()
                    await anyio.sleep_forever()
            assert scope.cancelled_caught

        anyio.run(main, backend=backend)
        assert [("unknown", "interrupted")] * 2 == seen(repository.stored)

    def test_two_in_one_group(
        self, recorder: AsyncActionRecorder, repository: WaitingRepository
    ) -> None:
        """One raises and is failed; the other is cancelled for it, and unknown."""

        async def failing() -> None:
            async with recorder.recording(OTHER, "notified"):
                await turns()
                raise ValueError("full")

        async def work() -> None:
            with pytest.raises(ExceptionGroup) as group:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(sleeping_block(recorder))
                    tasks.create_task(failing())
            assert [ValueError] == [type(one) for one in group.value.exceptions]

        watched(work)
        expected = [("failed", "unclassified"), ("unknown", "interrupted")]
        assert expected == sorted(seen(repository.stored))

    def test_a_recorded_coroutine_function(
        self, recorder: AsyncActionRecorder, repository: WaitingRepository
    ) -> None:
        """A cancelled call of a decorated function is unknown."""

        @recorder.recorded("notified")
        async def notify(assignment_id: object) -> None:  # noqa: ARG001
            timeouts[0].reschedule(0)
            await anyio.sleep_forever()

        async def work() -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(None) as timeout:
                    timeouts.append(timeout)
                    await notify(ASSIGNMENT)

        timeouts = list[asyncio.Timeout]()
        watched(work)
        assert [("unknown", "interrupted")] == seen(repository.stored)


class TestInsideAHostsTransaction:
    @pytest.mark.parametrize("backend", BACKENDS)
    def test_a_joined_recording_is_unknown_if_the_host_commits(
        self, backend: str
    ) -> None:
        """Its start and its outcome are the host's: nothing is kept beside it."""
        repository = TransactionalRepository()

        async def main() -> None:
            recorder = AsyncActionRecorder(repository)
            transaction = HostTransaction()
            await cancelled_block(recorder.joined_to(transaction))
            assert [] == seen(repository.stored)
            transaction.commit()
            assert [] == kept_by(recorder)

        anyio.run(main, backend=backend)
        assert [("unknown", "interrupted")] == seen(repository.stored)

    def test_a_start_that_is_cut_off_is_the_hosts_alone(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing of it is kept: a flush would make it a fact after a rollback."""
        monkeypatch.setattr(concurrency, "SHIELD_SECONDS", 0.001)
        repository = TransactionalRepository()

        async def work() -> None:
            recorder = AsyncActionRecorder(repository)
            joined = recorder.joined_to(HostTransaction())
            task = asyncio.create_task(sleeping_block(joined))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            assert [] == kept_by(recorder)

        watched(work)
        assert [] == repository.stored

    def test_a_coroutine_that_is_closed_leaves_it_to_the_host(self) -> None:
        """It must not wait, and nothing is kept beside the host's transaction."""
        repository = TransactionalRepository()

        async def work() -> None:
            recorder = AsyncActionRecorder(repository)
            transaction = HostTransaction()
            block = sleeping_block(recorder.joined_to(transaction))
            await entered(block)
            block.close()
            assert [] == kept_by(recorder)
            transaction.commit()

        watched(work)
        assert [("in_progress", None)] == seen(repository.stored)

    def test_a_generator_that_is_closed_says_so_inside(self) -> None:
        """It may wait: that nobody knows is part of the host's transaction."""
        repository = TransactionalRepository()

        async def work() -> None:
            recorder = AsyncActionRecorder(repository)
            transaction = HostTransaction()
            generator = items(recorder.joined_to(transaction))
            await anext(generator)
            await generator.aclose()
            assert [] == kept_by(recorder)
            transaction.commit()

        watched(work)
        assert [("unknown", "interrupted")] == seen(repository.stored)

    def test_an_end_that_is_cut_off_is_the_hosts_alone(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing of it is kept either."""
        repository = TransactionalRepository()

        async def work() -> None:
            recorder = AsyncActionRecorder(repository)
            transaction = HostTransaction()
            task = asyncio.create_task(sleeping_block(recorder.joined_to(transaction)))
            await turns(20)
            monkeypatch.setattr(concurrency, "SHIELD_SECONDS", 0.001)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            assert [] == kept_by(recorder)
            transaction.commit()

        watched(work)
        assert [("in_progress", None)] == seen(repository.stored)

    @pytest.mark.parametrize("backend", BACKENDS)
    @pytest.mark.parametrize("ending", ["commit", "rollback"])
    def test_a_joined_success_that_is_cancelled(
        self, ending: str, backend: str
    ) -> None:
        """It runs to its end; the host's commit makes it true, a rollback unknown."""
        repository = TransactionalRepository()

        async def main() -> None:
            recorder = AsyncActionRecorder(repository)
            transaction = HostTransaction()
            with anyio.CancelScope() as scope:
                async with recorder.recording(ASSIGNMENT, "notified") as recording:
                    scope.deadline = anyio.current_time() + 0.002
                    await recording.succeed(joined_to=transaction)
            assert scope.cancelled_caught
            assert [("in_progress", None)] == seen(repository.stored)
            getattr(transaction, ending)()
            await recorder.flush()

        anyio.run(main, backend=backend)
        expected = {
            "commit": ("succeeded", None),
            "rollback": ("unknown", "interrupted"),
        }
        assert [expected[ending]] == seen(repository.stored)


async def items(recorder: AsyncActionRecorder) -> AsyncGenerator[int, None]:
    """Yield from inside a recording."""
    async with recorder.recording(ASSIGNMENT, "notified"):
        yield 1
        yield 2


async def items_on_a_stack(
    recorder: AsyncActionRecorder,
) -> AsyncGenerator[int, None]:
    """Yield the same where something else leaves the recording."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(recorder.recording(ASSIGNMENT, "notified"))
        yield 1


class TestCutOff:
    @pytest.mark.usefixtures("short")
    def test_an_explicit_success_is_kept(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Said inside the block, and cut off by the bound: it is kept, and logged."""
        repository = GatedRepository("complete")
        recorder = AsyncActionRecorder(repository)

        async def block() -> None:
            async with recorder.recording(ASSIGNMENT, "notified") as recording:
                await recording.succeed(details={"n": 1})

        async def work() -> None:
            task = asyncio.create_task(block())
            await repository.reached["complete"].wait()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            assert ["succeeded"] == kept_by(recorder)
            repository.gates["complete"].set()
            assert 1 == await recorder.flush()

        watched(work)
        assert [("succeeded", None)] == seen(repository.stored)
        assert {"n": 1} == repository.stored[0].details
        assert "it is kept for flush()" in caplog.text

    def test_all_are_kept_where_the_store_is_away(self, tmp_path: Path) -> None:
        """However many end at once, and the event loop with them: none is lost."""
        repository = AbsentRepository()
        journal = FileJournal(tmp_path / "journal")
        recorder = AsyncActionRecorder(repository, journal=journal)

        async def work() -> None:
            tasks = [asyncio.create_task(sleeping_block(recorder)) for _ in range(100)]
            await turns(20)
            repository.is_away = True
            for task in tasks:
                task.cancel()
            await asyncio.sleep(0)

        watched(work)
        assert 100 == len(journal)
        journal.close()


class TestKeptStart:
    def test_cancelled_while_it_is_kept(self) -> None:
        """A start that waits in the journal waits there as one that never began."""
        repository = AbsentRepository()
        repository.is_away = True

        async def work() -> None:
            recorder = AsyncActionRecorder(repository, on_start_failure="journal")
            task = asyncio.create_task(sleeping_block(recorder))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            assert ["failed"] == kept_by(recorder)
            repository.is_away = False
            assert 1 == await recorder.flush()

        watched(work)
        assert [("failed", "interrupted")] == seen(repository.stored)


class TestGenerators:
    @pytest.mark.parametrize("each", [items, items_on_a_stack], ids=["block", "stack"])
    def test_one_that_is_closed_is_stored_at_once(
        self,
        recorder: AsyncActionRecorder,
        repository: WaitingRepository,
        each: Callable[[AsyncActionRecorder], AsyncGenerator[int, None]],
    ) -> None:
        """It may wait while it is closed: nothing is kept."""

        async def work() -> None:
            generator = each(recorder)
            await anext(generator)
            await generator.aclose()
            assert [("unknown", "interrupted")] == seen(repository.stored)
            assert [] == kept_by(recorder)

        watched(work)

    def test_one_that_is_abandoned_is_closed_by_the_event_loop(
        self, recorder: AsyncActionRecorder, repository: WaitingRepository
    ) -> None:
        """It is collected in the middle: the loop closes it, so it is unknown."""

        async def work() -> None:
            async for _ in items(recorder):
                break
            gc.collect()
            await turns(20)
            assert [("unknown", "interrupted")] == seen(repository.stored)

        watched(work)

    def test_one_that_the_end_of_the_event_loop_closes(
        self, recorder: AsyncActionRecorder, repository: WaitingRepository
    ) -> None:
        """A generator that is held to the end is closed with the loop."""
        held = list[AsyncGenerator[int, None]]()

        async def work() -> None:
            held.append(items(recorder))
            await anext(held[0])

        watched(work)
        assert [("unknown", "interrupted")] == seen(repository.stored)


class TestClosedCoroutine:
    def test_it_does_not_wait_although_a_loop_runs(
        self, recorder: AsyncActionRecorder
    ) -> None:
        """Closed by hand in its block: the outcome is kept, and a flush stores it."""

        async def work() -> None:
            block = sleeping_block(recorder)
            await entered(block)
            block.close()
            assert ["unknown"] == kept_by(recorder)
            assert 1 == await recorder.flush()

        watched(work)

    def test_it_does_not_wait_in_its_start(
        self, recorder: AsyncActionRecorder, repository: WaitingRepository
    ) -> None:
        """Closed by hand while its start is stored: it is failed, sooner or later."""

        async def work() -> None:
            block = sleeping_block(recorder)
            block.send(None)
            block.close()
            assert ["failed"] == kept_by(recorder)
            await turns(20)
            await recorder.flush()
            assert [("failed", "interrupted")] == seen(repository.stored)

        watched(work)

    def test_without_any_event_loop(
        self, recorder: AsyncActionRecorder, repository: WaitingRepository
    ) -> None:
        """A coroutine that outlives its loop: kept, no warning, for another loop."""
        loop = asyncio.new_event_loop()
        block = sleeping_block(recorder)
        task = loop.create_task(block)
        loop.run_until_complete(turns())
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # on purpose
        loop.close()
        block.close()
        gc.collect()
        assert ["unknown"] == kept_by(recorder)
        assert 1 == asyncio.run(recorder.flush())
        assert [("unknown", "interrupted")] == seen(repository.stored)


async def entered(block: Coroutine[Any, Any, None]) -> None:
    """Drive a coroutine by hand until it waits in its block, no longer in the start."""
    waiting = block.send(None)
    while block.cr_await.__name__ != "sleep_forever":  # type: ignore[attr-defined]  # native
        await asyncio.wait([waiting])
        waiting = block.send(None)


class TestEndOfTheEventLoop:
    @pytest.fixture
    def journal(self, tmp_path: Path) -> Iterator[FileJournal]:
        """Yield a journal in a file."""
        journal = FileJournal(tmp_path / "journal")
        yield journal
        journal.close()

    @pytest.mark.parametrize("steps", range(0, 40, 2))
    def test_nothing_is_lost_with_background_tasks(
        self, journal: FileJournal, steps: int
    ) -> None:
        """`asyncio.run` cancels all tasks, ours too: each is settled or in the file."""
        repository = WaitingRepository(after=0)
        recorder = AsyncActionRecorder(repository, journal=journal)

        async def short_block(number: int) -> None:
            async with recorder.recording(ASSIGNMENT, "notified"):
                for _ in range(number):
                    await asyncio.sleep(0)

        async def main() -> None:
            tasks = [asyncio.ensure_future(short_block(one)) for one in range(20)]
            for _ in range(steps):
                await asyncio.sleep(0)
            assert tasks

        asyncio.run(main())
        open_ones = {one.id for one in repository.stored if one.status == "in_progress"}
        assert open_ones <= {one.id for one in journal}
        asyncio.run(recorder.flush())
        assert not {one for one in repository.stored if one.status == "in_progress"}

    def test_work_whose_task_never_began_is_done_all_the_same(
        self, recorder: AsyncActionRecorder, repository: WaitingRepository
    ) -> None:
        """All tasks are cancelled right after a block's end: it has succeeded."""

        async def block() -> None:
            async with recorder.recording(ASSIGNMENT, "notified"):
                asyncio.get_running_loop().call_soon(cancel_all)

        def cancel_all() -> None:
            for task in asyncio.all_tasks() - before:
                task.cancel()

        async def work() -> None:
            before.update(asyncio.all_tasks())
            task = asyncio.create_task(block())
            await asyncio.wait([task])
            assert task.cancelled()
            assert [("succeeded", None)] == seen(repository.stored)

        before = set[asyncio.Task[Any]]()
        watched(work)

    def test_only_the_work_is_cancelled(
        self, recorder: AsyncActionRecorder, repository: WaitingRepository
    ) -> None:
        """Somebody cancels the storing alone: the block's result wins, it is kept."""

        async def work() -> None:
            repository.before = 0.005
            mine = asyncio.all_tasks()
            async with recorder.recording(ASSIGNMENT, "notified"):
                asyncio.get_running_loop().call_later(
                    0.002,
                    lambda: [task.cancel() for task in asyncio.all_tasks() - mine],
                )
            assert ["succeeded"] == kept_by(recorder)
            assert 1 == await recorder.flush()

        watched(work)
        assert [("succeeded", None)] == seen(repository.stored)


class TestToTheEnd:
    def test_without_an_event_loop(self) -> None:
        """It says so, and leaves no coroutine that was never awaited."""
        work = turns()
        with pytest.raises(RuntimeError):
            concurrency.to_the_end(work).send(None)
        assert "CORO_CLOSED" == inspect.getcoroutinestate(work)

    def test_a_task_that_is_cancelled_before_its_first_step(self) -> None:
        """The work alone is cancelled: it is begun again, and its result returned."""

        async def answer() -> int:
            return 42

        async def work() -> None:
            mine = asyncio.all_tasks()
            asyncio.get_running_loop().call_soon(
                lambda: [task.cancel() for task in asyncio.all_tasks() - mine]
            )
            assert 42 == await concurrency.to_the_end(answer())

        watched(work)


INTERRUPTED = """
    import asyncio, sys
    from assignment_actions import ActionFilter, AsyncActionRecorder
    from concurrency.waiting import WaitingRepository
    from domain.samples import ASSIGNMENT

    repository = WaitingRepository()
    recorder = AsyncActionRecorder(repository)

    async def main():
        async with recorder.recording(ASSIGNMENT, "notified"):
            print("entered", flush=True)
            await asyncio.sleep(60)

    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        (action,) = repository.stored
        print(action.status, action.failure.reason)
"""


class TestInterrupt:
    def test_a_real_one(self) -> None:
        """Ctrl-C while a block waits: unknown, and the interrupt goes on."""
        tests = str(Path(__file__).parents[1])
        with subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(INTERRUPTED)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": tests},
        ) as child:
            assert child.stdout is not None
            assert "entered\n" == child.stdout.readline()
            child.send_signal(signal.SIGINT)
            assert "unknown interrupted\n" == child.stdout.read()
        assert 0 == child.returncode
