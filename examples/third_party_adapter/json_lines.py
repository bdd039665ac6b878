"""
An adapter of somebody else's: actions in one file of JSON lines, for a small tool.

A line holds what one call stored, as a list of actions; the last line about an action
holds. So a call is all or nothing: a line without its end is a call that never was.
Erasing writes the file anew, under another first line: nothing of the old one is left.
Several threads and processes may share a file, where there is `fcntl`.
"""

from __future__ import annotations

import fcntl
import heapq
import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID, uuid4

import attrs

from assignment_actions import (
    Action,
    ActionFilter,
    ActionRepository,
    ActionStatus,
    DuplicateActionError,
    Failure,
    FailureGroup,
    StorageError,
    Timeline,
)
from assignment_actions.domain.filters import Cursor, Dimension, dimension_of
from assignment_actions.domain.groups import group_failures
from assignment_actions.domain.leftovers import leftovers
from assignment_actions.domain.values import AssignmentId, require_kind

TIMES = ("created_at", "completed_at", "overdue_at", "unknown_at")


class JsonLinesActionRepository:
    """
    Keep actions in a file of JSON lines, and all of them in memory too.

    Args:
        path: the file; it is made when something is asked or stored.
        assignment_id_type: UUID, int or str.
    """

    def __init__(
        self, path: Path, *, assignment_id_type: type[UUID | int | str] = UUID
    ) -> None:
        self._path = path
        self._kind = assignment_id_type
        self._lock = threading.Lock()
        self._first = b""
        self._read_to = 0
        self._actions: dict[Any, Action] = {}
        self._tries: dict[Any, Action] = {}

    @property
    def is_open(self) -> bool:
        """Tell that no transaction is ever open here."""
        return False

    def add(self, /, *actions: Action) -> None:
        """Store new actions, all or nothing."""
        require_kind(self._kind, (action.assignment_id for action in actions))
        with self._up_to_date("add", fcntl.LOCK_EX) as file:
            batch: dict[Any, Action] = {}
            for action in actions:
                for claim in action.claims:
                    taken = batch.get(claim) or self._holder(claim)
                    if taken is not None:
                        raise DuplicateActionError(taken, action)
                    batch[claim] = action
            self._append(file, actions)

    def complete(self, action: Action, /) -> bool:
        """Store an outcome by compare-and-set; tell whether it was stored."""
        if not action.status.replaces:
            raise ValueError("status must be an outcome, got in_progress")
        require_kind(self._kind, [action.assignment_id])
        with self._up_to_date("complete", fcntl.LOCK_EX) as file:
            stored = self._actions.get((action.assignment_id, action.id))
            replaced = None if stored is None else stored.replaced_by(action)
            if replaced is None:
                return False
            self._append(file, [replaced])
            return True

    def get(self, action_id: UUID, /) -> Action | None:
        """Return the whole action, None where there is none."""
        found = (it for it in self._all("get") if it.id == action_id)
        return min(found, key=Cursor.of, default=None)

    def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,
        statuses: Collection[ActionStatus] | None = None,
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        """Return a timeline for every id, in the order asked."""
        wanted = ActionFilter(
            assignment_ids=assignment_ids, action_types=types, statuses=statuses
        )
        found: dict[AssignmentId, list[Action]] = {one: [] for one in assignment_ids}
        for action in self._matching("timelines", wanted):
            found[action.assignment_id].append(action.without_stacktrace())
        return {one: Timeline(actions) for one, actions in found.items()}

    def latest_successes(
        self,
        assignment_ids: Collection[AssignmentId],
        action_type: str | None = None,
        /,
    ) -> Mapping[AssignmentId, Action]:
        """Return the latest success of each id that has one, in the order asked."""
        return {
            one: latest
            for one, timeline in self.timelines(assignment_ids).items()
            if (latest := timeline.latest_successful(action_type)) is not None
        }

    def find(
        self,
        action_filter: ActionFilter,
        limit: int,
        after: Cursor | None = None,
        before: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        """Return at most `limit` of the actions that match, newest first."""
        require_kind(self._kind, (one.assignment_id for one in (after, before) if one))
        rest = (
            action
            for action in self._matching("find", action_filter)
            if (after is None or Cursor.of(action) < after)
            and (before is None or Cursor.of(action) > before)
        )
        if before is None:
            page = heapq.nlargest(limit, rest, key=Cursor.of)
        else:
            page = heapq.nsmallest(limit, rest, key=Cursor.of)[::-1]
        return [action.without_stacktrace() for action in page]

    def count(self, action_filter: ActionFilter, /) -> int:
        """Return how many actions match."""
        return len(self._matching("count", action_filter))

    def count_by(
        self, action_filter: ActionFilter, dimension: Dimension, /
    ) -> Mapping[str, int]:
        """Return how many actions match, by one dimension."""
        found = self._matching("count_by", action_filter)
        values = (dimension_of(action, dimension) for action in found)
        return Counter(value for value in values if value is not None)

    def failure_groups(
        self,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        /,
    ) -> Sequence[FailureGroup]:
        """Return the failed actions by fingerprint."""
        failed = ActionFilter(statuses=["failed"], action_types=types)
        found = self._matching("failure_groups", failed)
        return group_failures((one.without_stacktrace() for one in found), since)

    def scrub(self, /, *actions: Action) -> int:
        """Keep only the facts of these; return how many changed."""
        return self._rewrite("scrub", actions, Action.scrubbed)

    def delete(self, /, *actions: Action, status: str | None = None) -> int:
        """Remove these; return how many were there."""

        def without(stored: Action) -> Action | None:
            return None if status in (None, stored.status) else stored

        return self._rewrite("delete", actions, without)

    def search(
        self,
        action_filter: ActionFilter,
        texts: Collection[str] | None,
        limit: int,
        after: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        """Return at most `limit` of the actions that match and hold a text."""
        require_kind(self._kind, [after.assignment_id] if after else ())
        found = (
            action
            for action in self._matching("search", action_filter)
            if (after is None or Cursor.of(action) < after) and leftovers(action, texts)
        )
        return heapq.nlargest(limit, found, key=Cursor.of)

    def joined_to(self, transaction: Any, /) -> JsonLinesActionRepository:
        """Return this repository: there is no transaction to join."""
        del transaction
        return self

    def close(self) -> None:
        """Do nothing: the file is open only while something is done."""

    # -- behind ------------------------------------------------------------------------

    @contextmanager
    def _up_to_date(self, operation: str, lock: int) -> Iterator[IO[bytes]]:
        """Lock the file, and read what others have appended since."""
        try:
            with self._lock, self._path.open("a+b") as file:
                fcntl.flock(file, lock)
                self._read_on(file)
                yield file
        except OSError as error:
            raise StorageError(operation, str(error)) from error

    def _read_on(self, file: IO[bytes]) -> None:
        file.seek(0)
        first = file.readline()
        if first != self._first:  # another has written it anew
            self._first, self._read_to = first, len(first)
            self._actions, self._tries = {}, {}
        file.seek(self._read_to)
        for line in file:
            if line.endswith(b"\n"):
                self._read_to += len(line)
                self._take(map(loaded, json.loads(line)))

    def _append(self, file: IO[bytes], actions: Sequence[Action]) -> None:
        if not self._first:
            self._first = f'"{uuid4()}"\n'.encode()
            file.truncate(0)
            file.write(self._first)
            self._read_to = len(self._first)
        line = json.dumps([dumped(action) for action in actions]).encode() + b"\n"
        file.truncate(self._read_to)  # a line whose writer died has no end
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
        self._read_to += len(line)
        self._take(actions)

    def _rewrite(
        self,
        operation: str,
        actions: Sequence[Action],
        change: Callable[[Action], Action | None],
    ) -> int:
        require_kind(self._kind, (action.assignment_id for action in actions))
        with self._up_to_date(operation, fcntl.LOCK_EX) as file:
            left, count = dict(self._actions), 0
            for identity in {action.claims[0] for action in actions} & left.keys():
                changed = change(left[identity])
                count += changed is not left[identity]
                if changed is None:
                    del left[identity]
                else:
                    left[identity] = changed
            if count:
                self._first = b""
                self._actions, self._tries = {}, {}
                self._append(file, [*left.values()])
            return count

    def _take(self, actions: Iterable[Action]) -> None:
        for action in actions:
            identity, *tries = action.claims
            self._actions[identity] = action
            self._tries.update(dict.fromkeys(tries, action))

    def _holder(self, claim: Any) -> Action | None:
        return self._actions.get(claim) or self._tries.get(claim)

    def _all(self, operation: str) -> list[Action]:
        with self._up_to_date(operation, fcntl.LOCK_SH):
            return [*self._actions.values()]

    def _matching(self, operation: str, action_filter: ActionFilter) -> list[Action]:
        require_kind(self._kind, action_filter.assignment_ids or ())
        return [*filter(action_filter.matches, self._all(operation))]


def dumped(action: Action) -> dict[str, Any]:
    """Return an action as JSON has it."""
    row = attrs.asdict(action, recurse=False)
    one = action.assignment_id
    return row | {
        "id": action.id.hex,
        "assignment_id": {"uuid": one.hex} if isinstance(one, UUID) else one,
        "failure": action.failure and attrs.asdict(action.failure),
        **{name: row[name] and row[name].isoformat() for name in TIMES},
    }


def loaded(row: dict[str, Any]) -> Action:
    """Return the action that `dumped` wrote down."""
    one = row["assignment_id"]
    changes = {
        "id": UUID(row["id"]),
        "assignment_id": UUID(one["uuid"]) if isinstance(one, dict) else one,
        "failure": row["failure"] and Failure(**row["failure"]),
        **{name: row[name] and datetime.fromisoformat(row[name]) for name in TIMES},
    }
    return Action(**row | changes)


_: type[ActionRepository] = JsonLinesActionRepository
