"""Writers that fight over rows from different nodes, and what each was told."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import attrs
from cluster.nodes import Node
from sqlalchemy import make_url

from assignment_actions import (
    Action,
    ActionAlreadyCompletedError,
    ActionRecorder,
    DuplicateActionError,
    StorageError,
)
from assignment_actions.adapters.journal import FileJournal
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.adapters.sql.mysql import Mysql

ROUND = 0.25
"""So many seconds long all writers want one key and one completion, then go alone."""

PREFIX = "writers_"
KEY = "once"
KEYED = UUID(int=1)


class DeliberateError(Exception):
    """What a writer's own code raises."""


@attrs.frozen
class Told:
    """
    What a writer was told of one try.

    Attributes:
        actor: stored with the action, another one for each try.
        assignment_id: what the try was about.
        status: the outcome of its block; "duplicate" where the key refused it,
            "refused" where its start could not be stored.
    """

    actor: str
    assignment_id: UUID
    status: str


@attrs.frozen
class Finish:
    """
    What a writer was told of its completing of a shared action.

    Attributes:
        action_id: which.
        outcome: what it wanted to store, as `outcome_of` says it.
        answer: "won", "late" or "doubtful", which is a StorageError.
    """

    action_id: UUID
    outcome: str
    answer: str


class CountingMysql(Mysql):
    """Count errors where it is decided whether to try again: on every path."""

    def __init__(self) -> None:
        self.codes: Counter[int] = Counter()

    def is_retryable(self, error: BaseException) -> bool:
        self.codes[code_of(error)] += 1
        return super().is_retryable(error)


@attrs.define
class Seen:
    """What one writer saw."""

    codes: Counter[int]
    """The server's errors by number, but for the last of five in a row."""
    told: list[Told] = attrs.field(factory=list)
    finishes: list[Finish] = attrs.field(factory=list)
    given_up: Counter[int] = attrs.field(factory=Counter)
    """Those that became a StorageError for this writer."""
    wrongs: list[str] = attrs.field(factory=list)


class Writer:
    """One host of the library, that speaks to one node."""

    def __init__(
        self, number: int, node: Node, shared: Sequence[Action], folder: Path
    ) -> None:
        self.node = node
        self.journal = folder / f"writer{number}.jsonl"
        self._repository = repository_on(node, prefix=PREFIX)
        self.seen = Seen(counting(self._repository))
        self.recorder = ActionRecorder(
            self._repository, journal=FileJournal(self.journal)
        )
        self._number, self._shared = number, shared
        self._chance = random.Random(number)
        self._tries = itertools.count()

    def run(self, begun: float, is_over: threading.Event) -> None:
        """Record until it is over."""
        try:
            while not is_over.is_set():
                current = int((time.monotonic() - begun) / ROUND)
                end = begun + (current + 1) * ROUND
                self._fight_for_a_key(uuid5(KEYED, str(current)))
                self._fight_for_a_completion(current)
                self._record(uuid4(), None, until=end)
                _sleep(end)
        except BaseException as error:  # what no block may let out
            self.seen.wrongs.append(repr(error))
            raise

    @contextmanager
    def block(self) -> Iterator[None]:
        """Keep a block of its own open meanwhile."""
        told = Told(f"block:{uuid4()}", uuid4(), "succeeded")
        with self.recorder.recording(told.assignment_id, "notified", actor=told.actor):
            yield
        self.seen.told.append(told)

    def close(self) -> None:
        """Close its connections."""
        self.recorder.close()
        self._repository.close()

    def _record(self, assignment_id: UUID, key: str | None, *, until: float) -> str:
        actor = f"writer:{self._number}:{next(self._tries)}"
        status = "failed" if self._chance.random() < 0.3 else "succeeded"
        has_begun = False
        try:
            with self.recorder.recording(
                assignment_id, "notified", key=key, actor=actor
            ):
                has_begun = True
                _sleep(until)
                if status == "failed":
                    _fail()
        except DeliberateError:
            pass
        except DuplicateActionError:
            status = "duplicate"
        except StorageError as error:
            status = "refused"
            self._give_up(error)
            if has_begun:
                self.seen.wrongs.append("StorageError after the block had begun")
        self.seen.told.append(Told(actor, assignment_id, status))
        return status

    def _fight_for_a_key(self, assignment_id: UUID) -> None:
        status = "failed"
        while status == "failed":
            status = self._record(assignment_id, KEY, until=0)

    def _fight_for_a_completion(self, current: int) -> None:
        if current >= len(self._shared):
            return
        action = self._shared[current]
        status = self._chance.choice(["succeeded", "failed"])
        mine = {"writer": self._number}
        try:
            if status == "succeeded":
                self.recorder.succeed(action, details=mine)
            else:
                self.recorder.fail(action, DeliberateError("mine"), details=mine)
        except ActionAlreadyCompletedError:
            answer = "late"
        except StorageError as error:
            answer = "doubtful"
            self._give_up(error)
        else:
            answer = "won"
        outcome = f"{status} by {self._number}"
        self.seen.finishes.append(Finish(action.id, outcome, answer))

    def _give_up(self, error: StorageError) -> None:
        self.seen.given_up[code_of(error.__cause__)] += 1


def _sleep(until: float) -> None:
    time.sleep(max(0, until - time.monotonic()))


def _fail() -> None:
    raise DeliberateError("mine")


def outcome_of(action: Action) -> str:
    """Return who completed a shared action, and how."""
    return f"{action.status} by {action.details.get('writer')}"


def repository_on(
    node: Node, *, prefix: str = "", sync_wait: int = 0
) -> SqlActionRepository:
    """Return a repository on a node, that waits for the other nodes' writes or not."""
    url = make_url(node.url)
    if sync_wait:
        setting = f"SET wsrep_sync_wait = {sync_wait}"
        url = url.update_query_dict({"init_command": setting})
    return SqlActionRepository.from_url(url, table_prefix=prefix)


def counting(repository: SqlActionRepository) -> Counter[int]:
    """Return what counts the errors of a repository by number from now on."""
    flavour = CountingMysql()
    repository._transactions.flavour = flavour
    return flavour.codes


def code_of(error: BaseException | None) -> int:
    """Return the server's number of an error, 0 where there is none."""
    code = Mysql().code(error)
    return code if isinstance(code, int) else 0
