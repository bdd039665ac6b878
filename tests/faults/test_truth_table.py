"""Whatever a host's transaction comes to, the record is true: the table."""

from __future__ import annotations

import ast
import asyncio
import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from itertools import product
from pathlib import Path
from types import ModuleType
from uuid import UUID, uuid4

import pytest
from architecture.test_twins import text_of
from faults import async_truth, truth
from faults.truth import ENDINGS, KILLS, MODES, HostError
from sqlalchemy import create_engine, text
from stores import (
    ASYNC_STORES,
    SHARED_ASYNC_STORES,
    SHARED_STORES,
    Repositories,
    async_url_of,
)

from assignment_actions import ActionRecorder, StorageError
from assignment_actions.domain.ports import utc_now

Answer = tuple[str, bool]
Ask = Callable[[UUID], Answer]
StoreUrl = Callable[[str], str]

TABLE = Path(__file__).parents[2] / "docs" / "transactions.md"
WRITE = "ASSIGNMENT_ACTIONS_WRITE_DOCS"
PREFIX = "uuid_"
CELLS = list(product(MODES, KILLS))

# What is promised: the answer to "did it happen?", and whether the host's row is there.
# "unknown" of a killed process is told once the action is overdue; "nothing" is there
# where the host's transaction took the whole action with it.
OWN = {
    "commits": ("yes", True),
    "rolls back with an exception": ("no", False),
    "rolls back silently": ("yes", False),
    "forgets to commit": ("yes", False),
    "is aborted by an error it swallows": ("yes", True),
    "is interrupted before its commit": ("unknown", False),
    "before the effect": ("unknown", False),
    "during the effect": ("unknown", False),
    "between effect and completion": ("unknown", True),
    "after the completion, before the commit": ("unknown", True),
    "after the commit": ("unknown", True),
}
JOINED = {
    "commits": ("yes", True),
    "rolls back with an exception": ("no", False),
    "rolls back silently": ("unknown", False),
    "forgets to commit": ("unknown", False),
    "is aborted by an error it swallows": ("yes", True),
    "is interrupted before its commit": ("unknown", False),
    "before the effect": ("unknown", False),
    "during the effect": ("unknown", False),
    "between effect and completion": ("unknown", False),
    "after the completion, before the commit": ("unknown", False),
    "after the commit": ("yes", True),
}
COMMITTED = ("commits", "is aborted by an error it swallows", "after the commit")
PART = {
    ending: ("yes", True) if ending in COMMITTED else ("nothing", False)
    for ending in (*ENDINGS, *KILLS)
}
WAYS = {"own": OWN, "joined": JOINED, "part": PART}
# PostgreSQL alone aborts a transaction on an error: the commit then rolls back, and a
# joined completion is refused, which leaves the block as a StorageError.
ABORTED = "is aborted by an error it swallows"
ON_POSTGRESQL = {"own": "yes", "joined": "no", "part": "nothing"}
PROMISED: dict[tuple[str, str, str], Answer] = {
    (store, mode, ending): answer
    for store in SHARED_STORES
    for mode in MODES
    for ending, answer in WAYS[mode.split()[0]].items()
} | {
    ("postgresql", mode, ABORTED): (ON_POSTGRESQL[mode.split()[0]], False)
    for mode in MODES
}


@pytest.fixture(params=SHARED_STORES)
def store(request: pytest.FixtureRequest) -> str:
    """Return the name of each store in turn."""
    return str(request.param)


@pytest.fixture
def url(store: str, url_of: StoreUrl) -> str:
    """Return the URL of that store."""
    return url_of(store)


@pytest.fixture
def async_urls(store: str, url_of: StoreUrl) -> dict[str, str]:
    """Return the URLs of the same store by its async drivers."""
    return {
        driver: async_url_of(driver, url_of)
        for driver in SHARED_ASYNC_STORES
        if ASYNC_STORES[driver][0] == store
    }


@pytest.fixture
def ask(url: str, repositories: Repositories) -> Iterator[Ask]:
    """Yield what tells the answer when all is overdue, and if the effect is there."""
    history = ActionRecorder(repositories.empty(url)).history
    host = create_engine(url)
    with host.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS orders (id VARCHAR(36))"))

    def answer(one: UUID) -> Answer:
        timeline = history.timeline(one)
        later = utc_now() + timedelta(hours=2)
        verdict = timeline.outcome("redeemed", now=later).verdict if timeline else None
        with host.connect() as connection:
            statement = text("SELECT count(*) FROM orders WHERE id = :id")
            count = connection.execute(statement, {"id": str(one)}).scalar_one()
        assert len(timeline) <= 1
        return str(verdict or "nothing"), bool(count)

    yield answer
    host.dispose()


def played(url: str, mode: str, ask: Ask) -> dict[str, Answer]:
    """Return the answer after each ending, asked before anything else is done."""
    found = {}
    with truth.made(url, PREFIX) as (recorder, host):
        for ending in ENDINGS:
            one = uuid4()
            with suppress(HostError, StorageError, KeyboardInterrupt):
                truth.play(recorder, host, mode, ending, one)
            found[ending] = ask(one)
    return found


async def async_played(url: str, mode: str, ask: Ask) -> dict[str, Answer]:
    """Return the same from async code; each is a task, for one is cancelled."""
    found = {}
    async with async_truth.made(url, PREFIX) as (recorder, host):
        for ending in ENDINGS:
            one = uuid4()
            playing = async_truth.play(recorder, host, mode, ending, one)
            with suppress(HostError, StorageError, asyncio.CancelledError):
                await asyncio.create_task(playing)
            found[ending] = ask(one)
    return found


def killed(
    columns: Sequence[tuple[ModuleType, str]], ask: Ask
) -> list[dict[tuple[str, str], Answer]]:
    """Return the answers after each kill by SIGKILL, of all columns at once."""
    ids = [[uuid4() for _ in CELLS] for _ in columns]

    def run(column: tuple[ModuleType, str], ids: list[UUID]) -> None:
        script, url = column
        subprocess.run(
            [sys.executable, "-m", script.__name__, url, PREFIX, *map(str, ids)],
            cwd=Path(__file__).parents[1],
            check=True,
            timeout=120,
        )

    with ThreadPoolExecutor() as threads:
        list(threads.map(run, columns, ids))
    return [
        {cell: ask(one) for cell, one in zip(CELLS, each, strict=True)} for each in ids
    ]


class TestTruth:
    @pytest.mark.parametrize("mode", MODES)
    def test_every_ending(
        self, store: str, url: str, async_urls: dict[str, str], ask: Ask, mode: str
    ) -> None:
        """However the host's transaction ends, both colours answer as promised."""
        found = played(url, mode, ask)
        async_found = {
            driver: asyncio.run(async_played(async_url, mode, ask))
            for driver, async_url in async_urls.items()
        }

        assert {ending: PROMISED[store, mode, ending] for ending in ENDINGS} == found
        assert dict.fromkeys(async_urls, found) == async_found

    def test_every_kill(
        self, store: str, url: str, async_urls: dict[str, str], ask: Ask
    ) -> None:
        """Wherever the process is killed, neither colour makes a success up."""
        async_columns = [(async_truth, one) for one in async_urls.values()]

        found, *async_found = killed([(truth, url), *async_columns], ask)

        assert {cell: PROMISED[store, *cell] for cell in CELLS} == found
        assert dict.fromkeys(async_urls, found) == dict(
            zip(async_urls, async_found, strict=True)
        )

    @pytest.mark.parametrize(
        "scenario",
        ["host_of", "begun", "effect", "complete", "play", "die", "made", "die_of"],
    )
    def test_both_colours_do_the_same(self, scenario: str) -> None:
        """Without `async` and `await` both columns are made by one text."""
        plain, twin = (
            text_of(ast.parse(inspect.getsource(getattr(module, scenario))))
            for module in (truth, async_truth)
        )

        for name in ("asynccontextmanager", "create_async_engine"):
            twin = twin.replace(name, name.replace("async_", "").replace("async", ""))
        assert plain == twin


def table() -> str:
    """Return what is promised as the document that users read."""
    head = "| the host | own | joined | part |\n|---|---|---|---|\n"
    return head + "".join(
        f"| {'is killed ' if ending in KILLS else ''}{ending} | "
        + " | ".join(cell(way, ending) for way in WAYS)
        + " |\n"
        for ending in (*ENDINGS, *KILLS)
    )


def cell(way: str, ending: str) -> str:
    """Return the answer of connections and sessions, once where databases agree."""
    said = {
        store: PROMISED[store, mode, ending][0]
        for store in SHARED_STORES
        for mode in MODES
        if mode.startswith(way)
    }
    if len(set(said.values())) == 1:
        return said["postgresql"]
    return f"{said['sqlite_file']} (PostgreSQL: {said['postgresql']})"


def test_the_document_shows_this_table() -> None:
    """The table that users read is the one that these tests prove."""
    if os.environ.get(WRITE):
        before, _, _ = TABLE.read_text().partition("| the host |")
        TABLE.write_text(before + table())

    assert table() in TABLE.read_text()


@pytest.mark.parametrize(
    ("row", "mode", "yes"),
    [
        ("around it: own transactions", "own", "succeeded"),
        ("joined_to=session", "joined session", "succeeded"),
        ("joined_to(connection_or_session)", "part of a session", "as recorded"),
    ],
    ids=["own", "joined", "part"],
)
def test_the_readme_promises_the_same(row: str, mode: str, yes: str) -> None:
    """The short table that newcomers read says what these tests prove."""
    lines = (TABLE.parents[1] / "README.md").read_text().splitlines()
    [line] = [one for one in lines if one.startswith("|") and row in one]
    said = [cell.strip(" *") for cell in line.strip("|").split("|")][1:]
    words = {"yes": yes, "no": "failed", "unknown": "unknown", "nothing": "nothing"}

    promised = [
        words[PROMISED["mariadb", mode, ending][0]]
        for ending in (*ENDINGS[:3], "during the effect")
    ]

    assert len(promised) == len(said)
    assert all(word in cell for word, cell in zip(promised, said, strict=True))
