"""The domain's verbs as statements, in whatever transactions they are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from assignment_actions.adapters.sql.errors import DuplicateRowError
from assignment_actions.adapters.sql.mapping import blank_row
from assignment_actions.adapters.sql.running import Rows, Runner, Statement
from assignment_actions.adapters.sql.statements import Statements, Way
from assignment_actions.adapters.sql.transactions import T, Transactions
from assignment_actions.domain.action import Action, ActionStatus
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
        require_kind(self._tables.kind, [action.assignment_id for action in actions])
        try:
            if len(actions) == 1:
                self._add_one(actions[0])
            else:
                self._add_many(actions)
        except DuplicateRowError as error:
            self._refuse(actions, is_repeat=error.is_repeat)

    def _add_one(self, action: Action) -> None:
        row = self._mapper.row_of(action)
        statement = self._statements.insert_one(str(action.status), tuple(row))
        self._transactions.change("add", lambda one: one.change(statement, row))

    def _add_many(self, actions: Sequence[Action]) -> None:
        insert_many = self._transactions.flavour.insert_many
        statement, row_of = self._statements.insert, self._mapper.whole_row_of
        blank = blank_row(self._tables.actions.c.keys())

        def work(connection: Connection) -> None:
            rows = (row_of(action, blank) for action in actions)
            insert_many(connection, statement, rows, len(actions))

        self._transactions.write("add", work, is_many=True)

    def complete(self, action: Action, /) -> bool:
        """Store an outcome by one conditional write, no read before it."""
        if not action.status.replaces:
            raise ValueError("status must be an outcome, got in_progress")
        require_kind(self._tables.kind, [action.assignment_id])
        outcome = self._mapper.outcome_of(action)
        statement = self._statements.complete(str(action.status), tuple(outcome))
        at, at_id = self._mapper.identity_of(action)
        parameters = {**outcome, "at_assignment_id": at, "at_id": at_id}
        tries: list[None] = []

        def work(runner: Runner) -> int:
            tries.append(None)
            return runner.change(statement, parameters)

        if self._transactions.change("complete", work) == 1:
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
        statement = self._statements.get
        rows = self._rows("get", statement, parameters)
        return self._mapper.action_of(rows[0]) if rows else None

    def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,
        statuses: Collection[ActionStatus] | None = None,
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        """Return a timeline for every id: one query per 10 000 ids."""
        require_kind(self._tables.kind, assignment_ids)
        more = {} if types is None else {"types": [str.__str__(one) for one in types]}
        has_types = types is not None
        stored_in = None if statuses is None else frozenset(statuses)
        if stored_in == frozenset():  # SQLAlchemy folds it and the parameters away
            return dict.fromkeys(assignment_ids, Timeline())
        action_of = self._mapper.action_of
        if len(assignment_ids) == 1:
            (only,) = assignment_ids
            parameters = {"id": self._mapper.put_id(only), **more}
            statement = self._statements.timeline(
                has_types=has_types, statuses=stored_in
            )
            rows = self._rows("timelines", statement, parameters)
            return {only: Timeline.in_order([action_of(row, only) for row in rows])}
        given = self._by_stored_id(assignment_ids)
        statement = self._statements.timelines(has_types=has_types, statuses=stored_in)
        chunks = chunks_of(list(given), IDS_PER_STATEMENT)
        asked = [{"ids": chunk, **more} for chunk in chunks]
        found: dict[Any, list[Action]] = {}
        for row in self._rows("timelines", statement, *asked):
            stored = row[0]
            found.setdefault(stored, []).append(action_of(row, given[stored]))
        return {
            one: Timeline.in_order(found.get(stored, ()))
            for stored, one in given.items()
        }

    def latest_successes(
        self,
        assignment_ids: Collection[AssignmentId],
        action_type: str | None = None,
        /,
    ) -> Mapping[AssignmentId, Action]:
        """Return the latest success of each id that has one: one query per 10 000."""
        require_kind(self._tables.kind, assignment_ids)
        if len(assignment_ids) == 1:
            (only,) = assignment_ids
            return self._latest_of_one(only, action_type)
        given = self._by_stored_id(assignment_ids)
        success_of = self._mapper.success_of
        rows = self._latest_of_many(list(given), action_type)
        latest = {row[0]: success_of(row, given[row[0]]) for row in rows}
        return {one: latest[key] for key, one in given.items() if key in latest}

    def _latest_of_one(
        self, only: AssignmentId, action_type: str | None
    ) -> Mapping[AssignmentId, Action]:
        statement = self._statements.latest(has_type=action_type is not None)
        parameters = {"id": self._mapper.put_id(only)}
        if action_type is not None:
            parameters["action_type"] = str.__str__(action_type)
        rows = self._rows("latest_successes", statement, parameters)
        return {only: self._mapper.success_of(rows[0], only)} if rows else {}

    def _latest_of_many(self, ids: Sequence[Any], action_type: str | None) -> Rows:
        latest_of_many = self._transactions.flavour.latest_of_many
        tables = self._tables

        def work(runner: Runner) -> Rows:
            return [
                row
                for chunk in chunks_of(ids, IDS_PER_STATEMENT)
                for row in latest_of_many(
                    runner, tables.actions, tables.kind, chunk, action_type
                )
            ]

        return self._transactions.ask("latest_successes", work)

    def find(
        self,
        action_filter: ActionFilter,
        limit: int,
        after: Cursor | None = None,
        before: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        """Return at most `limit` that match, newest first: one query per 10 000 ids."""
        place = after or before
        way: Way = "before" if before else "after" if after else "from the end"
        asked = self._asked(action_filter, place)
        statement = self._statements.find(action_filter, limit, way)
        action_of = self._mapper.action_of
        found = [action_of(row) for row in self._rows("find", statement, *asked)]
        if before is not None:
            return sorted(found, key=Cursor.of)[:limit][::-1]
        return found if len(asked) == 1 else newest(found, limit)

    def count(self, action_filter: ActionFilter, /) -> int:
        """Return how many actions match: one query per 10 000 ids."""
        statement = self._statements.count(action_filter)
        asked = self._asked(action_filter)
        return sum(int(count) for (count,) in self._rows("count", statement, *asked))

    def count_by(
        self, action_filter: ActionFilter, dimension: Dimension, /
    ) -> Mapping[str, int]:
        """Return how many match, by one dimension: one query per 10 000 ids."""
        get_day = self._transactions.flavour.get_day
        statement = self._statements.count_by(action_filter, dimension)
        asked = self._asked(action_filter)
        counts: Counter[str] = Counter()
        for value, count in self._rows("count_by", statement, *asked):
            counts[get_day(value) if dimension == "day" else value] += count
        return counts

    def failure_groups(
        self,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        /,
    ) -> Sequence[FailureGroup]:
        """Return the failed actions by fingerprint: one query."""
        flavour, parameters = self._transactions.flavour, dict[str, Any]()
        if types is not None:
            parameters["types"] = [str.__str__(one) for one in types]
        if since is not None:
            parameters["since"] = flavour.put_time(since)
        statement = self._statements.failure_groups(
            has_types=types is not None, has_since=since is not None
        )
        rows = self._rows("failure_groups", statement, parameters)
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

    def _rows(
        self, operation: str, statement: Statement, *asked: Mapping[str, Any]
    ) -> Rows:
        """Return the rows of one statement, asked once for each chunk of ids."""
        if not asked:
            return []
        if len(asked) == 1:
            return self._transactions.ask(
                operation, lambda runner: runner.rows(statement, asked[0])
            )
        return self._transactions.ask(
            operation,
            lambda runner: [
                row for one in asked for row in runner.rows(statement, one)
            ],
        )

    def _by_stored_id(
        self, assignment_ids: Collection[AssignmentId]
    ) -> dict[Any, AssignmentId]:
        """Return the ids by their stored form, each once, in the order given."""
        put = self._mapper.put_id
        return {put(one): one for one in assignment_ids}

    def _asked(
        self, action_filter: ActionFilter, place: Cursor | None = None
    ) -> list[dict[str, Any]]:
        """Return the parameters of a filter, once for each 10 000 ids."""
        values_of, wanted = self._statements.values_of, action_filter.assignment_ids
        if place is not None:
            require_kind(self._tables.kind, [place.assignment_id])
        if wanted is None:
            return [values_of(action_filter, None, place)]
        require_kind(self._tables.kind, wanted)
        chunks = chunks_of(list(self._by_stored_id(wanted)), IDS_PER_STATEMENT)
        return [values_of(action_filter, chunk, place) for chunk in chunks]


def newest(actions: Iterable[Action], limit: int) -> list[Action]:
    """Return at most `limit` of what several statements found, newest first."""
    return sorted(actions, key=Cursor.of, reverse=True)[:limit]


def chunks_of(values: Sequence[T], size: int) -> Iterator[list[T]]:
    """Yield at most `size` of the values at a time."""
    for start in range(0, len(values), size):
        yield list(values[start : start + size])
