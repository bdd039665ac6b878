"""The floor's SQL: one text per statement, which is the same on every database."""
# ruff: noqa: S608  # SQL by hand is the point, and the table's name is our own

from __future__ import annotations

import attrs

from benchmarks.workloads import TYPE

STORED = (
    *("assignment_id", "id", "action_type", "status", "created_at", "completed_at"),
    *("unknown_at", "overdue_at", "attempt", "actor", "details", "reason"),
    *("exception_type", "message", "fingerprint", "truncated", "stacktrace"),
)
"""The columns that loading fills; the others stay NULL."""

LISTED = (
    *("id", "action_type", "status", "created_at", "completed_at", "unknown_at"),
    *("overdue_at", "idempotency_key", "attempt", "actor", "details", "reason"),
    *("exception_type", "message", "fingerprint", "truncated"),
)
"""What a list shows of one assignment; of many, the assignment's id comes last."""

SUCCESS = (
    *("id", "action_type", "created_at", "completed_at", "unknown_at"),
    *("overdue_at", "idempotency_key", "attempt", "actor", "details"),
)
"""What a success has beside its status: there is no failure to load."""

LATEST_FIRST = "completed_at DESC, created_at DESC, id DESC"


@attrs.frozen
class FloorSql:
    """Be the texts for one table, with `?` or `%s` for a parameter."""

    table: str
    mark: str = "?"

    @property
    def begin(self) -> str:
        """Insert an action in progress: id of the assignment, id, two times."""
        return self._p(
            f"INSERT INTO {self.table} (assignment_id, id, action_type, status,"
            " created_at, overdue_at, attempt, details, truncated)"
            f" VALUES (?, ?, '{TYPE}', 'in_progress', ?, ?, 1, '{{}}', false)"
        )

    @property
    def succeed(self) -> str:
        """Complete it if nobody else has: time, id of the assignment, id."""
        return self._p(
            f"UPDATE {self.table} SET status = 'succeeded', completed_at = ?"
            " WHERE assignment_id = ? AND id = ?"
            " AND status IN ('in_progress', 'unknown')"
        )

    @property
    def record(self) -> str:
        """Insert a success: id of the assignment, id, two times."""
        return self._p(
            f"INSERT INTO {self.table} (assignment_id, id, action_type, status,"
            " created_at, completed_at, attempt, details, truncated)"
            f" VALUES (?, ?, '{TYPE}', 'succeeded', ?, ?, 1, '{{}}', false)"
        )

    @property
    def store(self) -> str:
        """Insert the values of `STORED`."""
        values = ", ".join([self.mark] * len(STORED))
        return f"INSERT INTO {self.table} ({', '.join(STORED)}) VALUES ({values})"

    @property
    def latest(self) -> str:
        """Select the latest success of an assignment."""
        return self._p(
            f"SELECT {', '.join(SUCCESS)} FROM {self.table} WHERE assignment_id = ?"
            f" AND status = 'succeeded' ORDER BY {LATEST_FIRST} LIMIT 1"
        )

    @property
    def timeline(self) -> str:
        """Select an assignment's actions in order."""
        return self._p(
            f"SELECT {', '.join(LISTED)} FROM {self.table} WHERE assignment_id = ?"
            " ORDER BY created_at, id"
        )

    @property
    def failures(self) -> str:
        """Select an assignment's failures in order."""
        return self._p(
            f"SELECT {', '.join(LISTED)} FROM {self.table} WHERE assignment_id = ?"
            " AND status = 'failed' ORDER BY created_at, id"
        )

    def timelines(self, ids: str) -> str:
        """Select the actions of the assignments among `ids`, in order."""
        return self._p(
            f"SELECT {', '.join(LISTED)}, assignment_id FROM {self.table}"
            f" WHERE assignment_id {ids} ORDER BY assignment_id, created_at, id"
        )

    def newest(self, where: str = "") -> str:
        """Select the newest actions of all, or where a condition holds: a limit."""
        return self._p(
            f"SELECT {', '.join(LISTED)}, assignment_id FROM {self.table} {where}"
            " ORDER BY created_at DESC, id DESC, assignment_id DESC LIMIT ?"
        )

    def _p(self, text: str) -> str:
        return text.replace("?", self.mark)
