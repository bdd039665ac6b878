"""The verbs of erasure as statements, a batch in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import product

from sqlalchemy import Connection

from assignment_actions.adapters.sql.facts import Facts
from assignment_actions.adapters.sql.statements import Way
from assignment_actions.adapters.sql.verbs import SqlVerbs, chunks_of, newest
from assignment_actions.domain.action import Action
from assignment_actions.domain.filters import ActionFilter, Cursor
from assignment_actions.domain.values import require_kind

ROWS_PER_STATEMENT = 1000
TEXTS_PER_STATEMENT = 50


class SqlErasingVerbs(SqlVerbs):
    """All verbs of the port."""

    def scrub(self, /, *actions: Action) -> int:
        """
        Keep only the facts of these; return how many changed.

        One transaction, one statement per 1 000 rows. Where the answer to it was lost
        and it is run again, what the first run changed does not count.
        """
        return self._change("scrub", actions, self._statements.facts)

    def delete(self, /, *actions: Action, status: str | None = None) -> int:
        """Remove these; return how many were there; statements and count as above."""
        return self._change("delete", actions, None, status)

    def search(
        self,
        action_filter: ActionFilter,
        texts: Collection[str] | None,
        limit: int,
        after: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        """
        Return at most `limit` of the actions that match and hold a text.

        One query per 10 000 ids and 50 texts.
        """
        asked = self._asked(action_filter, after)
        sought: list[list[str] | None] = [None]
        if texts is not None:
            sought = list(chunks_of(list(texts), TEXTS_PER_STATEMENT))
        way: Way = "after" if after else "from the end"
        statements = [
            self._statements.search(action_filter, some, limit, way) for some in sought
        ]

        def work(connection: Connection) -> list[Action]:
            found: list[Action] = []
            for statement, values in product(statements, asked):
                rows = connection.execute(statement, values)
                more = map(self._mapper.action_of, rows)
                unique = {one.claims[0]: one for one in (*found, *more)}
                found = newest(unique.values(), limit)
            return found

        return self._transactions.read("search", work) if asked and sought else []

    # -- behind ------------------------------------------------------------------------

    def _change(
        self,
        operation: str,
        actions: Sequence[Action],
        facts: Facts | None,
        status: str | None = None,
    ) -> int:
        tables, flavour = self._tables, self._transactions.flavour
        require_kind(tables.kind, (action.assignment_id for action in actions))
        if not actions:
            return 0
        identities = sorted({self._mapper.identity_of(one) for one in actions})

        def work(connection: Connection) -> int:
            return sum(
                flavour.change_each(
                    connection, tables.actions, tables.kind, chunk, facts, status
                )
                for chunk in chunks_of(identities, ROWS_PER_STATEMENT)
            )

        return self._transactions.write(operation, work, is_many=True)
