"""The SQL repository, on SQLAlchemy Core: SQLite, PostgreSQL and MariaDB or MySQL."""

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

__all__ = ["JoinedSqlActionRepository", "SqlActionRepository"]
