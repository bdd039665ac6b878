"""Ctrl-C inside a write: the next one works, and nothing is half stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from sqlalchemy import event

from assignment_actions import ActionFilter, ActionRecorder
from assignment_actions.adapters.sql import SqlActionRepository


@contextmanager
def interrupted(
    repository: SqlActionRepository, moment: str, word: str
) -> Iterator[None]:
    """Interrupt the next statement that contains the word."""
    armed = [True]

    def interrupt(*arguments: object) -> None:
        if armed and word in str(arguments[2]):
            armed.clear()
            raise KeyboardInterrupt(word)

    event.listen(repository.engine, moment, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt, match=word):
            yield
    finally:
        event.remove(repository.engine, moment, interrupt)


MOMENTS = ("before_cursor_execute", "after_cursor_execute")


class TestOwnEngine:
    @pytest.mark.parametrize("moment", MOMENTS)
    @pytest.mark.parametrize("word", ["begin", "INSERT"])
    def test_an_interrupted_batch_leaves_nothing(
        self, sql_repository: SqlActionRepository, moment: str, word: str
    ) -> None:
        """Nothing of the batch is stored, and the next call neither waits nor fails."""
        recorder = ActionRecorder(sql_repository)
        said = sql_repository._transactions.flavour.begin if word == "begin" else word
        batch = [recorder._rules.started(uuid4(), "notified") for _ in range(3)]

        with interrupted(sql_repository, moment, said):
            recorder.record_many(batch)
        after = recorder.record_success(uuid4(), "notified")
        recorder.record_many(recorder._rules.started(uuid4(), "notified") for _ in "ab")

        stored = sql_repository.find(ActionFilter(), 10)
        assert 3 == len(stored)
        assert after.id in {one.id for one in stored}

    @pytest.mark.parametrize("moment", MOMENTS)
    def test_an_interrupted_read_loses_nothing(
        self, sql_repository: SqlActionRepository, moment: str
    ) -> None:
        """What was stored is still there, in memory too."""
        recorder = ActionRecorder(sql_repository)
        action = recorder.record_success(uuid4(), "notified")

        with interrupted(sql_repository, moment, "SELECT"):
            recorder.history.get(action.id)

        assert action == recorder.history.get(action.id)
