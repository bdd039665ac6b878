"""Where the demo writes: a fresh database that belongs to it, and no other."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import attrs

from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.cli.settings import (
    CommandError,
    IdKind,
    Settings,
    Status,
    sqlite_file,
)
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.history import ActionHistory

DEMO_URL = "sqlite:///assignment_actions_demo.sqlite3"

# SQLite keeps four bytes in a file's header for the application whose file it is.
_APPLICATION_ID = int.from_bytes(b"aadm")
_APPLICATION_ID_AT = slice(68, 72)


def demo_settings(settings: Settings) -> Settings:
    """
    Return the settings of the demo's own database.

    The environment's database is left alone: the demo writes only where it is told to.
    """
    if settings.assignment_ids is not IdKind.UUID:
        raise CommandError("the demo's assignments have UUIDs; omit --assignment-ids")
    url = settings.db or DEMO_URL
    if url.startswith("sqlite") and sqlite_file(url) is None:
        raise CommandError("the demo needs a database that two processes can open")
    return attrs.evolve(settings, db=url)


def open_fresh(settings: Settings, *, is_forced: bool) -> SqlActionRepository:
    """
    Return an empty database with its tables.

    An SQLite file of an earlier demo is replaced, any other only if `is_forced`. On a
    server nothing is ever removed.

    Raises:
        CommandError: the file is not the demo's, or the tables are not empty.
    """
    path = sqlite_file(settings.url)
    if path is not None:
        _make_room(path, is_forced=is_forced)
    repository = settings.open(is_new=True)
    try:
        repository.create_schema()
        _require_empty(repository)
    except BaseException:
        repository.close()
        raise
    return repository


def _require_empty(repository: SqlActionRepository) -> None:
    if ActionHistory(repository).count(ActionFilter()):
        raise CommandError(
            "the demo needs empty tables, and these hold actions; give it others with"
            " --table-prefix demo_",
            Status.CANNOT_CREATE,
        )


def _make_room(path: Path, *, is_forced: bool) -> None:
    try:
        if path.exists() and not (is_forced or _is_ours(path)):
            raise CommandError(
                f"{path} exists and is not a demo's; --force replaces it",
                Status.CANNOT_CREATE,
            )
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            with suppress(FileNotFoundError):
                path.with_name(name).unlink()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    except (OSError, sqlite3.Error) as error:
        raise CommandError(
            f"cannot write {path}: {error}", Status.CANNOT_CREATE
        ) from error


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        header = file.read(100)
    return header[_APPLICATION_ID_AT] == _APPLICATION_ID.to_bytes(4)
