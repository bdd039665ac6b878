"""The paths whose instructions are counted: the same inputs in every run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from assignment_actions import (
    Action,
    ActionFilter,
    ActionRecorder,
    ActionRepository,
    AsyncActionRecorder,
    AsyncInMemoryActionRepository,
    Failure,
    InMemoryActionRepository,
)
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.domain.redaction import redact_defaults
from assignment_actions.openedx import summarise
from assignment_actions.testing.factories import a_moment
from benchmarks.capture import distinct, raised
from benchmarks.instructions import COUNTED, WARM
from benchmarks.population import PAGE, PER_ASSIGNMENT, Population
from benchmarks.workloads import TYPE

SIZE, DEPTH = 2_000, 10
NOW = a_moment()
EVERYTHING = ActionFilter()
Path_ = tuple[str, Callable[[], object]]


def every_path() -> Iterator[Path_]:
    """Yield name and call of each path."""
    population = Population(SIZE)
    actions = _actions(population)
    yield from _writing()
    yield from _awaited()
    yield from _in_memory(population, actions)
    yield from _on_sqlite(population, actions)
    yield from _of_failures(actions)


def _actions(population: Population) -> list[Action]:
    return [row.action() for row in population.rows()]


def _recorder(repository: ActionRepository) -> ActionRecorder:
    """Return a recorder whose clock stands still and whose ids only count."""
    numbers = count(1)
    return ActionRecorder(
        repository, clock=lambda: NOW, ids=lambda _: UUID(int=next(numbers))
    )


def _writing() -> Iterator[Path_]:
    memory = _recorder(InMemoryActionRepository())
    new = (UUID(int=number << 64) for number in count(1))
    yield (
        "start + succeed, in memory",
        lambda: memory.succeed(memory.start(next(new), TYPE)),
    )
    yield "record_success, in memory", lambda: memory.record_success(next(new), TYPE)
    with ExitStack() as stack:
        sql = _recorder(_a_store(stack))
        yield (
            "start + succeed, SQLite in memory",
            lambda: sql.succeed(sql.start(next(new), TYPE)),
        )
        populations = (Population(1_000, seed=seed) for seed in count(2))
        many = iter([_actions(next(populations)) for _ in range(WARM + COUNTED)])
        yield (
            "record_many of 1 000, SQLite in memory",
            lambda: sql.record_many(next(many)),
        )


def _awaited() -> Iterator[Path_]:
    """Yield what the async recorder executes, the event loop's own steps included."""
    numbers = count(1)
    memory = AsyncActionRecorder(
        AsyncInMemoryActionRepository(),
        clock=lambda: NOW,
        ids=lambda _: UUID(int=next(numbers)),
    )
    new = (UUID(int=number << 64) for number in count(1))

    async def steps() -> None:
        await memory.succeed(await memory.start(next(new), TYPE))

    async def block() -> None:
        async with memory.recording(next(new), TYPE):
            pass

    async def nothing() -> None:
        """Be the loop's own share, which the others' figures have in them."""

    with asyncio.Runner() as runner:
        run = runner.get_loop().run_until_complete
        yield "an event loop that runs nothing", lambda: run(nothing())
        yield "start + succeed awaited, in memory", lambda: run(steps())
        yield "recording block awaited, in memory", lambda: run(block())


def _in_memory(population: Population, actions: list[Action]) -> Iterator[Path_]:
    memory = _recorder(InMemoryActionRepository())
    memory.record_many(actions)
    history, one = memory.history, population.ids[7]
    yield "latest_successful, in memory", lambda: history.latest_successful(one)
    yield "timeline of one, in memory", lambda: history.timeline(one)
    timeline, facts = history.timeline(one), population.facts([one])[one]
    yield (
        f"summarise a timeline of {PER_ASSIGNMENT}",
        lambda: summarise(timeline, facts, now=NOW),
    )


def _on_sqlite(population: Population, actions: list[Action]) -> Iterator[Path_]:
    with ExitStack() as stack:
        recorder = _recorder(_a_store(stack))
        recorder.record_many(actions)
        history, ids = recorder.history, population.ids[:PAGE]
        yield (
            "latest_successful, SQLite in memory",
            lambda: history.latest_successful(ids[0]),
        )
        yield (
            f"latest_successful_of {PAGE}, SQLite in memory",
            lambda: history.latest_successful_of(ids),
        )
        yield (
            f"timelines of {PAGE}, {PAGE * PER_ASSIGNMENT} rows, SQLite in memory",
            lambda: history.timelines(ids),
        )
        newest = history.find(EVERYTHING, limit=PAGE)
        yield (
            f"find a page of {PAGE} after a cursor, SQLite in memory",
            lambda: history.find(EVERYTHING, limit=PAGE, after=newest.next_cursor),
        )


def _of_failures(actions: list[Action]) -> Iterator[Path_]:
    with TemporaryDirectory() as folder:
        error = raised(distinct(DEPTH), Path(folder, "steps.py"))
        yield f"capture at depth {DEPTH}", lambda: Failure.from_exception(error)
    texts = (one.failure.stacktrace for one in actions if one.failure)
    stacktrace = next(text for text in texts if text)
    yield "redact its stacktrace", lambda: redact_defaults(stacktrace)


def _a_store(stack: ExitStack) -> ActionRepository:
    repository = SqlActionRepository.from_url("sqlite://")
    stack.callback(repository.close)
    repository.create_schema()
    return repository
