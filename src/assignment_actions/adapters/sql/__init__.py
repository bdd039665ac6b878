"""
The SQL repositories, on SQLAlchemy Core: SQLite, PostgreSQL and MariaDB or MySQL.

The async ones load when they are first asked for: they need greenlet.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

try:
    import sqlalchemy as _sqlalchemy  # noqa: F401
except ImportError as _error:
    raise ImportError(
        "assignment_actions.adapters.sql needs SQLAlchemy:"
        " pip install 'assignment-actions[sql]'"
    ) from _error

from assignment_actions.adapters.sql.repository import (
    JoinedSqlActionRepository,
    SqlActionRepository,
)

if TYPE_CHECKING:
    from assignment_actions.adapters.sql.async_repository import (
        AsyncJoinedSqlActionRepository,
        AsyncSqlActionRepository,
    )

__all__ = [
    "AsyncJoinedSqlActionRepository",
    "AsyncSqlActionRepository",
    "JoinedSqlActionRepository",
    "SqlActionRepository",
]

_ASYNC = ("AsyncJoinedSqlActionRepository", "AsyncSqlActionRepository")


def __getattr__(name: str) -> Any:
    if name not in _ASYNC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if importlib.util.find_spec("greenlet") is None:
        raise ImportError(
            f"{name} needs greenlet: pip install 'assignment-actions[aiosqlite]',"
            " [asyncpg] or [asyncmy], or [postgresql,async] for psycopg",
            name="greenlet",
        )
    from assignment_actions.adapters.sql import async_repository  # noqa: PLC0415

    return getattr(async_repository, name)
