"""How many statements a call sends, counted where drivers are given them."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

import psycopg
import pymysql.cursors  # type: ignore[import-untyped]  # PyMySQL has no types

_OF_PYTHON: frozenset[CodeType] = frozenset(
    {
        psycopg.Cursor.execute.__code__,
        psycopg.Cursor.executemany.__code__,
        pymysql.cursors.Cursor.execute.__code__,
    }
)
_OF_SQLITE = (sqlite3.Connection, sqlite3.Cursor)


def statements_of(call: Callable[..., object], *arguments: Any) -> int:
    """
    Return how many statements one call gives to sqlite3, psycopg and PyMySQL.

    It is Python's profiler that sees them, so all count alike, whichever way they come.
    """
    count = 0

    def see(frame: FrameType, event: str, called: Any) -> None:
        nonlocal count
        if event == "call":
            count += frame.f_code in _OF_PYTHON
        elif event == "c_call" and called.__name__ in ("execute", "executemany"):
            count += isinstance(called.__self__, _OF_SQLITE)

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        call(*arguments)
    finally:
        sys.setprofile(before)
    return count
