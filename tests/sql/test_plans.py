"""Which index answers a question."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sql.plans import caught, sqlite_plan

from assignment_actions import ActionFilter, ActionRecorder, DuplicateActionError
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.domain.filters import Cursor

T0 = datetime(2026, 1, 1, tzinfo=UTC)
TABLE = "uuid_assignment_actions"


class TestSqlite:
    @pytest.mark.parametrize(
        ("wanted", "index"),
        [
            (ActionFilter(overdue_before=T0), "overdue"),
            (ActionFilter(statuses=["failed"], completed_from=T0), "failed"),
            (ActionFilter(statuses=["failed"], completed_before=T0), "failed"),
            (
                ActionFilter(
                    assignment_ids=[uuid4()], action_types=["notified"], key="k"
                ),
                "try",
            ),
            (ActionFilter(statuses=["unknown"]), "unknown"),
            (ActionFilter(statuses=["succeeded"], completed_from=T0), "page"),
            (ActionFilter(), "page"),
        ],
    )
    @pytest.mark.parametrize("after", [None, Cursor(T0, uuid4(), uuid4())])
    def test_a_page_is_found_by_the_index_made_for_it(
        self,
        sqlite_file: SqlActionRepository,
        wanted: ActionFilter,
        index: str,
        after: Cursor | None,
    ) -> None:
        """An index that saves the sorting does not win over one that finds less."""
        with caught(sqlite_file) as seen:
            sqlite_file.find(wanted, 10, after)

        assert f"INDEX {TABLE}_{index} " in f"{sqlite_plan(sqlite_file, seen)} "

    def test_holders_of_many_keys_are_looked_up(
        self, sqlite_file: SqlActionRepository
    ) -> None:
        """Naming what a refused batch collides with scans nothing."""
        recorder = ActionRecorder(sqlite_file)
        batch = [
            recorder._rules.started(uuid4(), "notified", key="k") for _ in range(200)
        ]
        sqlite_file.add(*batch)

        with caught(sqlite_file) as seen, pytest.raises(DuplicateActionError):
            sqlite_file.add(*batch)

        plan = sqlite_plan(sqlite_file, seen)
        assert f"INDEX {TABLE}_try (" in plan
        assert "(assignment_id=? AND id=?)" in plan
        assert "SCAN" not in plan
