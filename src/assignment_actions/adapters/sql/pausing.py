"""How to wait: a thread sleeps, an event loop goes on with its other tasks."""

from __future__ import annotations

import asyncio
import time

from sqlalchemy import Dialect
from sqlalchemy.util import await_only


def pause(dialect: Dialect, seconds: float) -> None:
    """Wait as the driver of a dialect does."""
    if dialect.is_async:
        await_only(asyncio.sleep(seconds))
    else:
        time.sleep(seconds)
