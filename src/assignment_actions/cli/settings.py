"""What every command is told, what it may exit with, and how it opens the store."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote
from uuid import UUID

import attrs

from assignment_actions.domain.errors import StorageError
from assignment_actions.domain.redaction import redact_defaults
from assignment_actions.domain.values import AssignmentId, as_assignment_id

if TYPE_CHECKING:
    from assignment_actions.adapters.sql import SqlActionRepository

DB_VARIABLE = "ASSIGNMENT_ACTIONS_DB"
DEFAULT_URL = "sqlite:///assignment_actions.sqlite3"

# Up to the last @, as people write it, and up to the first, as SQLAlchemy reads it.
_PASSWORDS = (
    re.compile(r"://[^:@/]*:(.+)@", re.DOTALL),
    re.compile(r"://[^:@/]*:([^@]+)@"),
)
_SECRET_NAME = re.compile(r"(?i)pass|pwd|secret|token|key")
_AGO = re.compile(r"(?P<count>\d{1,6})(?P<unit>[mhdw])\Z")
_INT = re.compile(r"-?[0-9]{1,19}\Z")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Status(IntEnum):
    """Name the exit statuses; those of `outcome` are the four verdicts."""

    YES = 0
    NO = 1
    IN_PROGRESS = 2
    UNKNOWN = 3
    USAGE = 64
    NOT_FOUND = 66
    STORAGE = 69
    INTERNAL = 70
    CANNOT_CREATE = 73
    INTERRUPTED = 130
    PIPE_CLOSED = 141


@attrs.define(eq=False, slots=False)
class CommandError(Exception):
    """Say in one line why a command cannot do what was asked."""

    message: str
    status: Status = Status.USAGE

    def __str__(self) -> str:
        return self.message


class IdKind(StrEnum):
    """Name the three kinds of assignment id."""

    UUID = "uuid"
    INT = "int"
    STR = "str"


_TYPES: dict[IdKind, type[UUID | int | str]] = {
    IdKind.UUID: UUID,
    IdKind.INT: int,
    IdKind.STR: str,
}


def _int(text: str) -> int:
    if not _INT.match(text):  # int() takes "1_0" and digits of other scripts
        raise ValueError(f"an int, got {text!r}")
    return int(text)


_READ: dict[IdKind, Callable[[str], UUID | int | str]] = {
    IdKind.UUID: UUID,
    IdKind.INT: _int,
    IdKind.STR: str,
}


@attrs.frozen(kw_only=True)
class Settings:
    """
    Be the options that every command takes.

    `db` is what `--db` says and None where it was not given: the demo writes, and so
    never takes its database from the environment.
    """

    db: str | None = None
    assignment_ids: IdKind = IdKind.UUID
    table_prefix: str = ""
    schema: str | None = None
    as_json: bool = False

    @property
    def url(self) -> str:
        """Return the database asked for; it may hold a password, so never show it."""
        return self.db or os.environ.get(DB_VARIABLE) or DEFAULT_URL

    def assignment_id(self, text: str) -> AssignmentId:
        """Return an assignment id of the kind that this database keeps."""
        kind = self.assignment_ids
        try:
            return as_assignment_id(_READ[kind](text))
        except ValueError as error:
            name = {IdKind.UUID: "a UUID", IdKind.INT: "an int of 64 bits"}
            other = "" if kind is IdKind.STR else "; for others give --assignment-ids"
            raise CommandError(
                f"ASSIGNMENT must be {name.get(kind, str(error))}, got {text!r}{other}"
            ) from None

    def open(self, *, is_new: bool = False) -> SqlActionRepository:
        """
        Open the database, and unless `is_new` require that it is there and current.

        Raises:
            CommandError: the URL is none, its driver or SQLite file is missing, nobody
                answers, or the schema is missing or of another version.
        """
        if not is_new:
            _require_file(self.url)
        repository = self._repository()
        if is_new:
            return repository
        try:
            repository.check_schema()
        except StorageError as error:
            repository.close()
            hint = "make it with `assignment-actions schema create`"
            message = str(error).replace("call create_schema()", hint)
            raise CommandError(message, Status.STORAGE) from error
        return repository

    def _repository(self) -> SqlActionRepository:
        from sqlalchemy.exc import ArgumentError  # noqa: PLC0415  # slow to load

        from assignment_actions.adapters.sql import (  # noqa: PLC0415  # as above
            SqlActionRepository,
        )

        try:
            return SqlActionRepository.from_url(
                self.url,
                table_prefix=self.table_prefix,
                schema=self.schema,
                assignment_id_type=_TYPES[self.assignment_ids],
            )
        except ImportError as error:  # a driver; the message names it
            raise CommandError(str(error), Status.STORAGE) from None
        except (ArgumentError, TypeError, ValueError) as error:
            raise CommandError(f"--db, --table-prefix or --schema: {error}") from None


def sqlite_file(url: str) -> Path | None:
    """Return the file that an SQLite URL names, None for every other URL."""
    scheme, _, rest = url.partition("://")
    name = unquote(rest.partition("?")[0]).removeprefix("/")
    if scheme.partition("+")[0] != "sqlite" or name in {"", ":memory:"}:
        return None
    return None if name.startswith("file:") else Path(name)


def _require_file(url: str) -> None:
    """Refuse to read from an SQLite file that opening would create."""
    path = sqlite_file(url)
    if path is not None and not path.exists():
        raise CommandError(
            f"there is no database at {path}; name yours with --db or {DB_VARIABLE},"
            " make one with `assignment-actions schema create`, or see"
            " `assignment-actions demo`",
            Status.STORAGE,
        )


def without_secrets(text: str, *urls: str | None) -> str:
    """
    Return a text without the passwords of these URLs, however they are written.

    >>> url = "postgresql://jo:p%40ss@db/app"
    >>> without_secrets("cannot log in with p@ss at postgresql://jo:p%40ss@db", url)
    'cannot log in with [redacted] at postgresql://jo:[redacted]@db'
    """
    found = [pattern.search(url or "") for url in urls for pattern in _PASSWORDS]
    for password in [one[1] for one in found if one]:
        plain = unquote(password)
        for secret in (password, plain, quote(plain, safe=""), quote_plus(plain)):
            text = text.replace(secret, "[redacted]")
    return redact_defaults(text)


def public_url(url: str) -> str:
    """
    Return a URL as it may be shown: no password, neither before the host nor after ?.

    >>> public_url("postgresql://jo:secret@db/app?sslpassword=secret")
    'postgresql://jo:***@db/app?sslpassword=hidden'
    """
    from sqlalchemy import make_url  # noqa: PLC0415  # slow to load

    parsed = make_url(url)
    hidden = {name: "hidden" for name in parsed.query if _SECRET_NAME.search(name)}
    shown = parsed.update_query_dict(hidden) if hidden else parsed
    return shown.render_as_string(hide_password=True)


def moment(text: str, now: datetime) -> datetime:
    """
    Return a moment from ISO 8601 with its zone, a UTC date, or a time ago.

    >>> moment("2d", datetime(2026, 11, 22, tzinfo=UTC)).isoformat()
    '2026-11-20T00:00:00+00:00'

    Raises:
        CommandError: it is none of these.
    """
    try:
        if ago := _AGO.match(text):
            return now - timedelta(**{_UNITS[ago["unit"]]: int(ago["count"])})
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        given = datetime.fromisoformat(text)
        if given.tzinfo is not None:
            return given.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise CommandError(
        "--since must be a time ago (90m, 36h, 7d, 2w), a UTC date (2026-11-22) or a"
        f" time with its zone (2026-11-22T08:00:00Z), got {text!r}"
    )
