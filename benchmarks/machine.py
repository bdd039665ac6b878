"""What a run ran on: versions and sizes, no names and no paths."""

from __future__ import annotations

import os
import platform
import resource
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.stores import DATABASES, AbsentError, version_of

PACKAGES = (
    *("assignment-actions", "attrs", "SQLAlchemy", "psycopg", "PyMySQL", "Django"),
    *("aiosqlite", "asyncpg", "asyncmy", "greenlet", "anyio"),
    *("django-simple-history", "django-auditlog", "django-celery-results"),
    *("eventsourcing",),
)
_TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}


def described(databases: Sequence[str] = DATABASES) -> dict[str, str]:
    """Return versions and sizes by name, "absent" for what is not there."""
    return {
        "processors": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        **{_TITLES[one]: _database(one) for one in DATABASES if one in databases},
        **{name: _package(name) for name in PACKAGES},
    }


def peak_memory() -> int:
    """
    Return the most bytes that this process has held, since its program began.

    `getrusage` alone would tell of the parent too, on Linux.
    """
    status = Path("/proc/self/status")
    if status.exists():
        told = status.read_text(encoding="ascii", errors="replace")
        return int(told.partition("VmHWM:")[2].split()[0]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def load() -> str:
    """Return how busy the machine was in the last minute, where that is known."""
    if not hasattr(os, "getloadavg"):
        return "unknown"
    return f"{os.getloadavg()[0]:.1f}"


def absences(machine: Mapping[str, str]) -> list[str]:
    """Return what was not there."""
    return [name for name, told in machine.items() if told == "absent"]


def _database(name: str) -> str:
    try:
        return version_of(name).split(" ")[0].partition("-")[0]
    except AbsentError:
        return "absent"


def _package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
