"""What a host that watches SQLAlchemy must not miss, where its paths are not taken."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import Connection, Dialect, Engine
from sqlalchemy.exc import DBAPIError

_EVENTS = (
    *("before_cursor_execute", "after_cursor_execute"),
    *("before_execute", "after_execute", "engine_connect"),
)


def is_watched(target: Engine | Connection) -> bool:
    """
    Tell whether somebody listens to what is run here, or has it logged.

    That is: to statements or cursors before or after they run, or to `engine_connect`.
    """
    if target.engine.logger.isEnabledFor(logging.INFO):
        return True
    if not getattr(target, "_has_events", True):  # nobody has ever listened
        return False
    return any(getattr(target.dispatch, name) for name in _EVENTS)


def as_sqlalchemy(
    error: Exception, dialect: Dialect, connection: Any, text: str | None = None
) -> Exception:
    """Return a driver's error as SQLAlchemy raises it, without any parameter."""
    is_lost = dialect.is_disconnect(error, connection, None)  # type: ignore[arg-type]  # a driver's
    return DBAPIError.instance(
        text,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=is_lost,
        dialect=dialect,
    )
