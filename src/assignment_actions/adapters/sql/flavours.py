"""Which flavour a database is."""

from __future__ import annotations

from sqlalchemy import Dialect

from assignment_actions.adapters.sql.flavour import Flavour
from assignment_actions.adapters.sql.mysql import Mysql
from assignment_actions.adapters.sql.postgresql import (
    Postgresql,
    PostgresqlThroughAsyncpg,
)
from assignment_actions.adapters.sql.sqlite import Sqlite

_MYSQL = Mysql()
_ASYNCPG = PostgresqlThroughAsyncpg()
_FLAVOURS: dict[str, Flavour] = {
    "sqlite": Sqlite(),
    "postgresql": Postgresql(),
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
}


def flavour_of(dialect: Dialect) -> Flavour:
    """
    Return what is known about a database.

    Raises:
        ValueError: it is none of the supported ones.
    """
    flavour = _FLAVOURS.get(dialect.name)
    if flavour is None:
        raise ValueError(
            f"engine must be on one of {', '.join(sorted(_FLAVOURS))},"
            f" got {dialect.name!r}"
        )
    return _ASYNCPG if dialect.driver == "asyncpg" else flavour
