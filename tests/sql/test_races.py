"""Two processes of eight threads on the same work: one wins, nobody is lied to."""

from __future__ import annotations

from collections import Counter
from uuid import uuid4

import pytest
from sql.races import PROCESSES, THREADS, race

from assignment_actions import ActionFilter, ActionRecorder, ActionStatus
from assignment_actions.adapters.sql import SqlActionRepository

RIVALS = PROCESSES * THREADS


class TestRaces:
    def test_five_hundred_actions_are_completed_once_each(
        self, shared_repository: SqlActionRepository, shared_store_url: str
    ) -> None:
        """Of 16 rivals exactly one completes each action; the others are told so."""
        recorder = ActionRecorder(shared_repository)
        actions = [recorder.start(uuid4(), "notified") for _ in range(500)]

        answers = race(
            shared_store_url, "uuid_", "complete", [action.id for action in actions]
        )

        assert {"won": 500, "late": 500 * (RIVALS - 1)} == Counter(answers)
        assert {"succeeded": 500} == recorder.history.count_by(ActionFilter(), "status")

    def test_one_key_has_one_effect(
        self, shared_repository: SqlActionRepository, shared_store_url: str
    ) -> None:
        """Of 16 rivals under one key exactly one runs its block, as attempt 1."""
        ids = [uuid4() for _ in range(50)]

        answers = race(shared_store_url, "uuid_", "notify", ids)

        stored = list(ActionRecorder(shared_repository).history.iterate(ActionFilter()))
        assert {"effect": 50, "refused": 50 * (RIVALS - 1)} == Counter(answers)
        assert [(1, ActionStatus.SUCCEEDED)] * 50 == [
            (one.attempt, one.status) for one in stored
        ]


class TestPlainStarts:
    @pytest.mark.parametrize("store", ["mariadb"])
    def test_plain_starts_never_deadlock(
        self, store: str, request: pytest.FixtureRequest
    ) -> None:
        """The server counts no deadlock while 16 rivals start actions side by side."""
        url = request.getfixturevalue("url_of")(store)
        repository = request.getfixturevalue("repositories").empty(url)
        ids = [uuid4() for _ in range(40)]
        before = _deadlocks(repository)

        answers = race(url, "uuid_", "start", ids)

        assert {"started": 40 * RIVALS} == Counter(answers)
        assert before == _deadlocks(repository)


def _deadlocks(repository: SqlActionRepository) -> int:
    with repository.engine.connect() as connection:
        row = connection.exec_driver_sql("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")
        return int(row.one()[1])
