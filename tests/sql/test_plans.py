"""Which index answers a question."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sql.plans import analyse, caught, plan, sqlite_plan

from assignment_actions import ActionFilter, ActionRecorder, DuplicateActionError
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.domain.filters import Cursor
from assignment_actions.testing import a_failure, an_action

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


@pytest.fixture
def populated(shared_repository: SqlActionRepository) -> SqlActionRepository:
    """Return a repository in which every third of 900 actions failed, in ten ways."""
    shared_repository.add(
        *(
            an_action(
                uuid4(),
                status="failed" if number % 3 == 0 else "succeeded",
                created_at=T0 + timedelta(minutes=number),
                **(
                    {"failure": a_failure(fingerprint=f"kind {number % 10}")}
                    if number % 3 == 0
                    else {}
                ),
            )
            for number in range(900)
        )
    )
    analyse(shared_repository, TABLE)
    return shared_repository


class TestFailureGroups:
    @pytest.mark.parametrize("types", [None, ["notified"]], ids=["any", "types"])
    def test_the_ends_of_a_kind_are_looked_up(
        self, populated: SqlActionRepository, types: list[str] | None
    ) -> None:
        """First and newest failure of a kind are the ends of a range of one index."""
        with caught(populated) as seen:
            groups = populated.failure_groups(types)

        lines = plan(populated, seen).splitlines()
        ends = [at for at, line in enumerate(lines) if " oldest" in line]
        ends += [at for at, line in enumerate(lines) if " newest" in line]
        assert (10, 3) == (len(groups), len(ends))
        for at in ends:
            around = " ".join(lines[at - 1 : at + 2])
            assert f"{TABLE}_kind" in lines[at]
            assert not {"Sort", "filesort", "ORDER"} & set(around.split())

    def test_the_last_week_costs_its_own_failures(
        self, populated: SqlActionRepository
    ) -> None:
        """What failed since a moment is counted without reading all that ever did."""
        with caught(populated) as seen:
            groups = populated.failure_groups(None, T0 + timedelta(minutes=890))

        looked_up = plan(populated, seen)
        assert 3 == sum(group.count for group in groups)
        assert f"{TABLE}_failed" in looked_up or "ANY(fingerprint)" in looked_up


class TestErasure:
    @pytest.mark.parametrize("verb", ["scrub", "delete"])
    def test_rows_are_looked_up_by_their_key(
        self, populated: SqlActionRepository, verb: str
    ) -> None:
        """Neither verb reads, and so locks, anything but what it is given."""
        actions = populated.find(ActionFilter(), 50)
        with caught(populated) as seen:
            getattr(populated, verb)(*actions)

        word = "UPDATE" if verb == "scrub" else "DELETE"
        looked_up = plan(populated, seen, word)
        keys = ("autoindex", f"{TABLE}_pk", f"{TABLE}_id", "PRIMARY")
        assert any(key in looked_up for key in keys)
        assert "SCAN" not in looked_up
        assert "Seq Scan" not in looked_up
        assert " index " not in looked_up
