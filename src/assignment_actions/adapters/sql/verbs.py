"""The domain's verbs as statements, in whatever transactions they are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from assignment_actions.adapters.sql.errors import DuplicateRowError
from assignment_actions.adapters.sql.statements import Statements
from assignment_actions.adapters.sql.transactions import T, Transactions
from assignment_actions.domain.action import Action
from assignment_actions.domain.errors import DuplicateActionError
from assignment_actions.domain.filters import ActionFilter, Cursor, Dimension
from assignment_actions.domain.groups import FailureGroup
from assignment_actions.domain.rules import first_duplicate
from assignment_actions.domain.timeline import Timeline
from assignment_actions.domain.values import AssignmentId, require_kind

IDS_PER_STATEMENT = 10_000
HOLDERS_PER_STATEMENT = 200


class SqlVerbs:
    """The verbs of the port; they decide nothing."""

    def __init__(self, statements: Statements, transactions: Transactions) -> None:
        self._statements = statements
        self._tables = statements.tables
        self._mapper = statements.mapper
        self._transactions = transactions

    # -- writing -----------------------------------------------------------------------

    def add(self, /, *actions: Action) -> None:
        """Store new actions, all or nothing: one statement, one transaction."""
        if not actions:
            return
        require_kind(self._tables.kind, (action.assignment_id for action in actions))
        rows = [self._mapper.row_of(action) for action in actions]
        parameters: Any = rows if len(rows) > 1 else rows[0]
        try:
            self._transactions.write(
                "add",
                lambda connection: connection.execute(
                    self._statements.insert, parameters
                ),
                is_many=len(rows) > 1,
            )
        except DuplicateRowError as error:
            self._refuse(actions, is_repeat=error.is_repeat)

    def complete(self, action: Action, /) -> bool:
        """Store an outcome by one conditional write, no read before it."""
        if not action.status.replaces:
            raise ValueError("status must be an outcome, got in_progress")
        require_kind(self._tables.kind, [action.assignment_id])
        statement = self._statements.complete(action.status)
        parameters = self._mapper.completion_of(action)
        tries: list[None] = []

        def work(connection: Connection) -> bool:
            tries.append(None)
            return connection.execute(statement, parameters).rowcount == 1

        if self._transactions.write("complete", work):
            return True
        if len(tries) == 1:
            return False
        # A try before this one lost its connection: it may have done the work.
        stored = self._holders("complete", [action])
        return any(one.is_same_outcome(action) for one in stored)

    def _refuse(self, actions: Sequence[Action], *, is_repeat: bool) -> None:
        """Say which action is stored already, unless our own lost try stored all."""
        holders = self._holders("add", actions)
        stored = {claim: one for one in holders for claim in one.claims}
        if is_repeat and all(stored.get(one.claims[0]) == one for one in actions):
            return
        found = first_duplicate(actions, stored.get)
        taken, refused = (None, actions[0]) if found is None else found
        raise DuplicateActionError(taken, refused)

    def _holders(self, operation: str, actions: Sequence[Action]) -> list[Action]:
        own = self._transactions
        is_locking = own.is_joined and own.flavour.needs_locking_read

        def work(connection: Connection) -> list[Action]:
            return [
                self._mapper.action_of(row)
                for chunk in chunks_of(actions, HOLDERS_PER_STATEMENT)
                for row in connection.execute(
                    self._statements.holders(chunk, is_locking=is_locking)
                )
            ]

        return own.read(operation, work)

    # -- reading -----------------------------------------------------------------------

    def get(self, action_id: UUID, /) -> Action | None:
        """Return the whole action, None where there is none: one query."""
        parameters = {"id": self._transactions.flavour.put_uuid(action_id)}
        row = self._transactions.read(
            "get",
            lambda connection: connection.execute(
                self._statements.get, parameters
            ).first(),
        )
        return None if row is None else self._mapper.action_of(row)

    def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        """Return a timeline for every id: one query per 10 000 ids."""
        chunks = self._stored_ids(assignment_ids)
        statement = self._statements.timelines(has_types=types is not None)
        more = {} if types is None else {"types": [str(one) for one in types]}

        def work(connection: Connection) -> list[Action]:
            return [
                self._mapper.action_of(row)
                for chunk in chunks
                for row in connection.execute(statement, {"ids": chunk, **more})
            ]

        found = self._transactions.read("timelines", work)
        by_id = {
            key: Timeline.in_order(actions)
            for key, actions in groupby(found, key=attrgetter("assignment_id"))
        }
        return {one: by_id.get(one) or Timeline() for one in assignment_ids}

    def latest_successes(
        self,
        assignment_ids: Collection[AssignmentId],
        action_type: str | None = None,
        /,
    ) -> Mapping[AssignmentId, Action]:
        """Return the latest success of each id that has one: one query per 10 000."""
        chunks = self._stored_ids(assignment_ids)

        def work(connection: Connection) -> list[Action]:
            return [
                self._mapper.action_of(row)
                for chunk in chunks
                for row in self._latest(connection, chunk, action_type)
            ]

        found = {
            action.assignment_id: action
            for action in self._transactions.read("latest_successes", work)
        }
        return {one: found[one] for one in assignment_ids if one in found}

    def _latest(
        self, connection: Connection, ids: Sequence[Any], action_type: str | None
    ) -> Sequence[Sequence[Any]]:
        if len(ids) > 1:
            return self._transactions.flavour.latest_of_many(
                connection, self._tables.actions, self._tables.kind, ids, action_type
            )
        statement = self._statements.latest(has_type=action_type is not None)
        parameters = {"id": ids[0]}
        if action_type is not None:
            parameters["action_type"] = str(action_type)
        return connection.execute(statement, parameters).all()

    def find(
        self, action_filter: ActionFilter, limit: int, after: Cursor | None = None, /
    ) -> Sequence[Action]:
        """Return at most `limit` that match, newest first: one query per 10 000 ids."""
        if after is not None:
            require_kind(self._tables.kind, [after.assignment_id])
        chunks = self._filtered_ids(action_filter)

        def work(connection: Connection) -> list[Action]:
            return [
                self._mapper.action_of(row)
                for chunk in chunks
                for row in connection.execute(
                    self._statements.find(action_filter, chunk, limit, after)
                )
            ]

        found = self._transactions.read("find", work)
        return found if len(chunks) == 1 else newest(found, limit)

    def count(self, action_filter: ActionFilter, /) -> int:
        """Return how many actions match: one query per 10 000 ids."""
        chunks = self._filtered_ids(action_filter)

        def work(connection: Connection) -> int:
            counts = (
                connection.execute(self._statements.count(action_filter, chunk))
                for chunk in chunks
            )
            return sum(int(count.scalar_one()) for count in counts)

        return self._transactions.read("count", work)

    def count_by(
        self, action_filter: ActionFilter, dimension: Dimension, /
    ) -> Mapping[str, int]:
        """Return how many match, by one dimension: one query per 10 000 ids."""
        get_day = self._transactions.flavour.get_day
        chunks = self._filtered_ids(action_filter)

        def work(connection: Connection) -> Counter[str]:
            counts: Counter[str] = Counter()
            for chunk in chunks:
                statement = self._statements.count_by(action_filter, chunk, dimension)
                for value, count in connection.execute(statement):
                    counts[get_day(value) if dimension == "day" else value] += count
            return counts

        return self._transactions.read("count_by", work)

    def failure_groups(
        self,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        /,
    ) -> Sequence[FailureGroup]:
        """Return the failed actions by fingerprint: one query."""
        flavour, parameters = self._transactions.flavour, dict[str, Any]()
        if types is not None:
            parameters["types"] = [str(one) for one in types]
        if since is not None:
            parameters["since"] = flavour.put_time(since)
        statement = self._statements.failure_groups(
            has_types=types is not None, has_since=since is not None
        )
        rows = self._transactions.read(
            "failure_groups",
            lambda connection: connection.execute(statement, parameters).all(),
        )
        return [
            FailureGroup.of(
                self._mapper.action_of(columns),
                count=count,
                assignments=assignments,
                first_seen=flavour.get_time(first_seen),
                since=since,
            )
            for count, assignments, first_seen, *columns in rows
        ]

    # -- behind ------------------------------------------------------------------------

    def _stored_ids(self, assignment_ids: Collection[AssignmentId]) -> list[list[Any]]:
        require_kind(self._tables.kind, assignment_ids)
        put = self._mapper.put_id
        unique = dict.fromkeys(assignment_ids)
        return list(chunks_of([put(one) for one in unique], IDS_PER_STATEMENT))

    def _filtered_ids(self, action_filter: ActionFilter) -> Sequence[list[Any] | None]:
        wanted = action_filter.assignment_ids
        return [None] if wanted is None else self._stored_ids(wanted)


def newest(actions: Iterable[Action], limit: int) -> list[Action]:
    """Return at most `limit` of what several statements found, newest first."""
    return sorted(actions, key=Cursor.of, reverse=True)[:limit]


def chunks_of(values: Sequence[T], size: int) -> Iterator[list[T]]:
    """Yield at most `size` of the values at a time."""
    for start in range(0, len(values), size):
        yield list(values[start : start + size])
