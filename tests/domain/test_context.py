import asyncio
import contextvars
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import Any

import anyio.to_thread
import pytest
from domain.recorders import everything, recorder
from domain.samples import BOUNCE, action

from assignment_actions import Action, ActionRecorder, recording_context
from assignment_actions.adapters.memory import AsyncInMemoryActionRepository
from assignment_actions.domain.async_recorder import AsyncActionRecorder
from assignment_actions.domain.context import AROUND
from assignment_actions.domain.details import DETAILS_LIMIT

Said = tuple[str | None, Mapping[str, Any]]
NOTHING: Said = (None, {})


def said(made: ActionRecorder | None = None, **given: Any) -> Said:
    """Return actor and details of an action that is recorded here."""
    return of((made or recorder()).record_success(1, "notified", **given))


def of(stored: Action) -> Said:
    return stored.actor, stored.details


def large(key: str, size: int) -> dict[str, str]:
    """Return details whose canonical JSON has so many bytes."""
    return {key: "x" * (size - len(f'{{"{key}":""}}'))}


class TestInside:
    def test_what_is_recorded_has_it(self) -> None:
        """Inside, an action has the actor and the details; outside it has neither."""
        with recording_context(actor="admin:7", details={"request_id": "r-1"}):
            inside = said()

        assert ("admin:7", {"request_id": "r-1"}) == inside
        assert said() == NOTHING

    @pytest.mark.parametrize(
        "way",
        ["recording", "recorded", "start", "record_success", "record_failure"],
    )
    def test_every_way_to_start(self, way: str) -> None:
        """Each way to start an action takes it over, a joined recorder's as well."""
        for made in (recorder(), recorder().joined_to(object())):

            @made.recorded("notified")
            def notify(assignment_id: int) -> None: ...

            with recording_context(actor="a", details={"n": 1}):
                match way:
                    case "recording":
                        with made.recording(1, "notified"):
                            pass
                    case "recorded":
                        notify(1)
                    case "start":
                        made.start(1, "notified")
                    case "record_success":
                        made.record_success(1, "notified")
                    case "record_failure":
                        made.record_failure(1, "notified", BOUNCE)

            assert [("a", {"n": 1})] == [of(one) for one in everything(made)]

    def test_asynchronous_recorder(self) -> None:
        """The recorder for an event loop takes it over where each action starts."""
        made = AsyncActionRecorder(AsyncInMemoryActionRepository())

        async def main() -> list[Said]:
            with recording_context(actor="a", details={"n": 1}):
                async with made.recording(1, "notified", actor="own") as block:
                    pass
                return [
                    of(block.action),
                    of(await made.start(1, "notified", details={"n": 2})),
                    of(await made.record_success(1, "notified")),
                    of(await made.record_failure(1, "notified", BOUNCE)),
                ]

        expected = [
            ("own", {"n": 1}),
            ("a", {"n": 2}),
            ("a", {"n": 1}),
            ("a", {"n": 1}),
        ]
        assert expected == asyncio.run(main())

    def test_counts_where_it_starts(self) -> None:
        """A recording takes over what is said where its block is entered."""
        made = recorder()
        with recording_context(actor="where it is made"):
            block = made.recording(1, "notified")
        with recording_context(actor="where it is entered"):
            block.__enter__()
        with recording_context(actor="where it ends", details={"n": 1}):
            block.succeed()

        assert [("where it is entered", {})] == [of(one) for one in everything(made)]

    def test_imported_actions_stay(self) -> None:
        """What `record_many` stores is stored as it is."""
        made = recorder()
        with recording_context(actor="admin:7", details={"n": 1}):
            made.record_many([action()])

        assert [NOTHING] == [of(one) for one in everything(made)]

    def test_nothing_said(self) -> None:
        """A context without actor and details changes nothing."""
        with recording_context():
            assert said() == NOTHING
            assert ("a", {"n": 1}) == said(actor="a", details={"n": 1})


class TestWhoWins:
    def test_explicit_wins(self) -> None:
        """What is given where it is recorded wins; details do so key by key."""
        with recording_context(actor="a", details={"n": 1, "m": {"deep": 1}}):
            found = said(actor="own", details={"m": {"other": 2}, "o": 3})

        assert ("own", {"n": 1, "m": {"other": 2}, "o": 3}) == found

    def test_explicit_none(self) -> None:
        """None means that nothing is said there: what is said around it stays."""
        with recording_context(actor="a", details={"n": 1}):
            assert ("a", {"n": 1}) == said(actor=None, details=None)
            assert ("a", {"n": None}) == said(details={"n": None})

    def test_inner_wins(self) -> None:
        """Contexts add up, the inner one wins, and leaving it brings back the outer."""
        with recording_context(actor="outer", details={"n": 1, "m": 1}):
            with recording_context(details={"m": 2}):
                assert ("outer", {"n": 1, "m": 2}) == said()
                with recording_context(actor="inner", details={"o": 3}):
                    assert ("inner", {"n": 1, "m": 2, "o": 3}) == said()
            assert ("outer", {"n": 1, "m": 1}) == said()

    def test_left_by_an_exception(self) -> None:
        """An exception leaves the context too, and goes on."""
        with pytest.raises(LookupError), recording_context(actor="a"):
            raise LookupError

        assert said() == NOTHING


class TestChecks:
    @pytest.mark.parametrize(
        ("given", "error", "text"),
        [
            ({"actor": ""}, ValueError, "actor must have 1 to 255 characters, got 0"),
            ({"actor": "x" * 256}, ValueError, "actor must have 1 to 255 .* got 256"),
            ({"actor": 7}, TypeError, "actor must be a str, got 7"),
            ({"details": [1]}, TypeError, r"details must be a mapping, got \[1\]"),
            ({"details": {"n": {1}}}, TypeError, "details.n must be a JSON value"),
            (
                {"details": large("n", DETAILS_LIMIT + 1)},
                ValueError,
                "details must be at most 16384 bytes of JSON, got 16385",
            ),
        ],
        ids=["empty", "long", "no-str", "no-mapping", "no-json", "large"],
    )
    def test_arguments(
        self, given: dict[str, Any], error: type[Exception], text: str
    ) -> None:
        """Bad arguments are refused where the context is made, with their limit."""
        with pytest.raises(error, match=text):
            recording_context(**given)

    def test_too_large_together(self) -> None:
        """Contexts too large together are refused where the inner one is entered."""
        with recording_context(actor="a", details=large("n", DETAILS_LIMIT)):
            with pytest.raises(ValueError, match="details must be at most 16384 bytes"):
                recording_context(details={"m": 1}).__enter__()
            with recording_context(details={"n": 1}):
                assert ("a", {"n": 1}) == said()

    def test_too_large_with_the_given(self) -> None:
        """Given details too large together with those around them are refused."""
        made = recorder()
        with recording_context(details=large("n", DETAILS_LIMIT)):
            with pytest.raises(ValueError, match="details must be at most 16384 bytes"):
                said(made, details={"m": 1})
            with pytest.raises(TypeError, match="details must be a mapping, got 5"):
                said(made, details=5)

        assert everything(made) == []

    def test_frozen(self) -> None:
        """Changing what was given changes nothing later on."""
        given = {"tags": ["a"]}
        with recording_context(details=given):
            given["tags"].append("b")
            given["more"] = []
            assert (None, {"tags": ["a"]}) == said()

    def test_redacted(self) -> None:
        """Actor and details pass the redactor as if they were given."""
        with recording_context(actor="jo@example.com", details={"password": "hush"}):
            assert ("[email]", {"password": "[redacted]"}) == said()
            assert ("jo@example.com", {"password": "hush"}) == said(
                recorder(redact=None)
            )


class TestThreadsAndTasks:
    def test_a_thread_of_its_own(self) -> None:
        """A bare thread begins without any context, and its own stays in it."""
        found = list[Said]()

        def work() -> None:
            found.append(said())
            recording_context(actor="thread").__enter__()

        with recording_context(actor="main"):
            thread = Thread(target=work)
            thread.start()
            thread.join()
            found.append(said())

        assert [NOTHING, ("main", {})] == found

    def test_threads_of_a_loop(self) -> None:
        """`asyncio.to_thread` and anyio's threads inherit the context."""

        async def main() -> list[Said]:
            with recording_context(actor="a"):
                return [
                    await asyncio.to_thread(said),
                    await anyio.to_thread.run_sync(said),
                ]

        assert [("a", {}), ("a", {})] == asyncio.run(main())

    def test_tasks_do_not_mix(self) -> None:
        """Tasks side by side have each their own, over that of their group."""

        async def work(number: int) -> Said:
            with recording_context(details={"task": number}):
                await asyncio.sleep(0)
                return said()

        async def main() -> list[Said]:
            with recording_context(actor="group"):
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(work(number)) for number in range(20)]
                assert ("group", {}) == said()
            return [task.result() for task in tasks]

        expected = [("group", {"task": number}) for number in range(20)]
        assert expected == asyncio.run(main())

    def test_a_task_that_stays(self) -> None:
        """A task keeps what it inherited when that is left outside."""

        async def main() -> Said:
            async def work() -> Said:
                await left.wait()
                return said()

            left = asyncio.Event()
            with recording_context(actor="request"):
                task = asyncio.create_task(work())
            left.set()
            return await task

        assert ("request", {}) == asyncio.run(main())

    def test_one_object_for_all(self) -> None:
        """One object is entered by many threads, and inside itself, without mixing."""
        worker = recording_context(actor="worker", details={"n": 1})
        with worker, recording_context(actor="other"):
            with worker:
                assert ("worker", {"n": 1}) == said()
            assert ("other", {"n": 1}) == said()

        def work(number: int) -> list[Said]:
            with worker, recording_context(details={"n": number}), worker:
                innermost = said()
            with worker:
                return [innermost, said()]

        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(work, range(40)))

        assert [[("worker", {"n": 1})] * 2] * 40 == found
        assert said() == NOTHING


class TestLeftElsewhere:
    def test_where_it_was_not_entered(self) -> None:
        """Left in a context where it was not entered, it does no harm there."""
        entered, other = contextvars.copy_context(), contextvars.copy_context()
        block = recording_context(actor="a")
        entered.run(block.__enter__)

        def leave() -> Said:
            with recording_context(actor="other's"):
                block.__exit__(None, None, None)
                return said()

        assert ("other's", {}) == other.run(leave)
        assert ("a", {}) == entered.run(said)

    def test_where_it_was_inherited(self) -> None:
        """Left in a copy of the context it was entered in, it is left there."""
        block = recording_context(actor="a")
        with recording_context(actor="outer"), block:
            copy = contextvars.copy_context()
            copy.run(block.__exit__, None, None, None)
            assert ("a", {}) == said()

        assert ("outer", {}) == copy.run(said)

    def test_a_dependency_in_threads(self) -> None:
        """A generator begun in one thread and ended in another ends quietly."""

        def dependency() -> Iterator[Said]:
            with recording_context(actor="a"):
                yield said()

        async def main() -> list[Said | None]:
            steps = dependency()
            return [
                await asyncio.to_thread(next, steps),
                await asyncio.to_thread(next, steps, None),
                said(),
            ]

        assert [("a", {}), None, NOTHING] == asyncio.run(main())

    def test_an_abandoned_async_generator(self) -> None:
        """One that the loop closes in a task of its own ends quietly."""
        complaints = list[Any]()

        async def dependency() -> AsyncIterator[Said]:
            with recording_context(actor="a"):
                yield said()

        async def main() -> Said:
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda _, context: complaints.append(context))
            steps = dependency()
            return await asyncio.create_task(anext(steps))  # type: ignore[arg-type]

        assert ("a", {}) == asyncio.run(main())
        assert complaints == []

    def test_in_another_order(self) -> None:
        """Whatever the order in which they are left, nothing stays behind."""
        first = recording_context(actor="first", details={"n": 1})
        second = recording_context(actor="second", details={"m": 2})
        first.__enter__()
        second.__enter__()

        first.__exit__(None, None, None)
        assert ("second", {"m": 2}) == said()
        second.__exit__(None, None, None)
        assert said() == NOTHING
        assert AROUND.get() == ()


def test_the_package_loads_no_event_loop() -> None:
    """Importing the package does not load asyncio."""
    script = "import sys, assignment_actions; print('asyncio' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "False"
