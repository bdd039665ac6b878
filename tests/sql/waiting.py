"""Whether somebody waits for a row; imported by tests, so it holds none."""

from __future__ import annotations

import time

import pytest

from assignment_actions.adapters.sql import SqlActionRepository

_WAITING = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()",
    "mariadb": "SELECT count(*) FROM information_schema.innodb_trx"
    " WHERE trx_state = 'LOCK WAIT'",
}


def wait_for_lock(repository: SqlActionRepository) -> None:
    """Return once somebody waits; at once on SQLite, where one waits to begin."""
    asked = _WAITING.get(repository.engine.dialect.name)
    if asked is None:
        return
    with repository.engine.connect() as connection:
        for _ in range(50):
            if connection.exec_driver_sql(asked).scalar_one():
                return
            time.sleep(0.2)  # the server answers from memory when asked more often
    pytest.fail("nobody waits")
