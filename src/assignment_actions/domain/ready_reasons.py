"""What the exceptions of well-known libraries mean, by name: nothing is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from errno import ETIMEDOUT
from types import MappingProxyType, TracebackType
from typing import Any

from assignment_actions.domain.vocabulary import ErrorReason

ReasonRule = str | Callable[[Any], str | None]
"""A reason, or what is asked for one: None means: not mine, ask the next class."""

_TIME_OUT_STATUSES = (408, 504)
_TIME_OUT_SQLSTATES = ("57014", "55P03")  # statement cancelled, lock not available
_TIME_OUT_MYSQL = (1205, 3024, 1969)  # lock wait, statement: MySQL's, MariaDB's
_TIME_OUT_SQLITE = (5, 6)  # busy, locked

_SPEAKERS: Mapping[str, str] = MappingProxyType(
    {
        "smtplib": ErrorReason.EMAIL_ERROR,
        **dict.fromkeys(
            (
                "aiohttp.client",
                "aiohttp.client_proto",
                "aiohttp.client_reqrep",
                "aiohttp.connector",
                "botocore",
                "http.client",
                "httpcore",
                "httpx",
                "requests",
                "urllib",
                "urllib3",
            ),
            ErrorReason.INTERNAL_API_ERROR,
        ),
    }
)
"""By module or package: what was going on where its frame is in the traceback."""


def qualified(kind: type) -> str:
    """Return the name that a class has in the table below."""
    return f"{kind.__module__}.{kind.__qualname__}"


def attribute_of(value: object, path: str) -> object:
    """
    Return where a dotted path leads: names of attributes, keys of a dict, positions.

    None where nothing is there, or where it refuses to be read.
    """
    try:
        for name in path.split("."):
            if isinstance(value, dict):
                value = value.get(name)
            elif isinstance(value, (list, tuple)) and name.isdecimal():
                value = value[int(name)]
            else:
                value = getattr(value, name, None)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  # a foreign property may raise anything
        return None
    return value


def _is_time_out(wrapped: object) -> bool:
    """Tell whether an exception inside another is a time-out by the table below."""
    for kind in type(wrapped).__mro__:
        rule = READY_REASONS.get(qualified(kind))
        reason = rule if rule is None or isinstance(rule, str) else rule(wrapped)
        if reason is not None:
            return reason == ErrorReason.TIMEOUT
    return False


def _hides_time_out(exception: BaseException) -> bool:
    """Tell whether the library that raised it made it of a time-out of its own."""
    context = attribute_of(exception, "__context__")
    caught_in = attribute_of(context, "__traceback__.tb_frame.f_globals.__name__")
    library = type(exception).__module__.partition(".")[0]
    return (
        isinstance(context, TimeoutError)
        and isinstance(caught_in, str)
        and caught_in.partition(".")[0] == library
    )


def _of_api(*, status: str = "", wrapped: str = "") -> ReasonRule:
    """Return the rule for a client's exception: where its status or its cause is."""

    def rule(exception: BaseException) -> str:
        is_late = attribute_of(exception, status) in _TIME_OUT_STATUSES
        if is_late or _is_time_out(attribute_of(exception, wrapped)):
            return ErrorReason.TIMEOUT
        return ErrorReason.INTERNAL_API_ERROR

    return rule


def _of_mail(exception: BaseException) -> str:
    if _hides_time_out(exception):
        return ErrorReason.TIMEOUT
    return ErrorReason.EMAIL_ERROR


def _of_driver(exception: object) -> str | None:
    """Return `timeout` where a database says so, in its own code, or its driver."""
    sqlite = attribute_of(exception, "sqlite_errorcode")
    is_late = (
        attribute_of(exception, "sqlstate") in _TIME_OUT_SQLSTATES
        or attribute_of(exception, "pgcode") in _TIME_OUT_SQLSTATES
        or attribute_of(exception, "args.0") in _TIME_OUT_MYSQL
        or (isinstance(sqlite, int) and sqlite & 0xFF in _TIME_OUT_SQLITE)
        or (isinstance(exception, BaseException) and _hides_time_out(exception))
    )
    return ErrorReason.TIMEOUT if is_late else None


def _of_statement(exception: BaseException) -> str | None:
    driver = attribute_of(exception, "orig")
    return ErrorReason.TIMEOUT if _is_time_out(driver) else _of_driver(driver)


def _of_process(exception: BaseException) -> str | None:
    status = attribute_of(exception, "returncode")
    is_killed = isinstance(status, int) and status < 0
    return ErrorReason.INTERRUPTED if is_killed else None


def _of_system(exception: BaseException) -> str | None:
    """Return who was talking when the operating system refused; not about a file."""
    if attribute_of(exception, "errno") == ETIMEDOUT:
        return ErrorReason.TIMEOUT
    if attribute_of(exception, "filename") is not None:
        return None
    return _speaker(attribute_of(exception, "__traceback__"))


def _speaker(traceback: object) -> str | None:
    """Return what the innermost frame of a library that talks to others stands for."""
    found = None
    while isinstance(traceback, TracebackType):
        name = traceback.tb_frame.f_globals.get("__name__")
        if isinstance(name, str):
            top = name.partition(".")[0]
            found = _SPEAKERS.get(name) or _SPEAKERS.get(top) or found
        traceback = traceback.tb_next
    return found


READY_REASONS: Mapping[str, ReasonRule] = MappingProxyType(
    {
        "builtins.TimeoutError": ErrorReason.TIMEOUT,
        "builtins.OSError": _of_system,
        "builtins.Exception": ErrorReason.UNCLASSIFIED,
        "builtins.BaseException": ErrorReason.INTERRUPTED,
        "concurrent.futures._base.BrokenExecutor": ErrorReason.INTERRUPTED,
        "concurrent.futures._base.CancelledError": ErrorReason.INTERRUPTED,
        "http.client.HTTPException": ErrorReason.INTERNAL_API_ERROR,
        "multiprocessing.context.TimeoutError": ErrorReason.TIMEOUT,
        "smtplib.SMTPException": _of_mail,
        "sqlite3.Error": _of_driver,
        "subprocess.CalledProcessError": _of_process,
        "subprocess.TimeoutExpired": ErrorReason.TIMEOUT,
        "urllib.error.HTTPError": _of_api(status="code"),
        "urllib.error.URLError": _of_api(wrapped="reason"),
        # -- other libraries, most of them clients of an API
        "aiohttp.client_exceptions.ClientError": _of_api(status="status"),
        "aiohttp.client_exceptions.ServerTimeoutError": ErrorReason.TIMEOUT,
        "botocore.exceptions.BotoCoreError": ErrorReason.INTERNAL_API_ERROR,
        "botocore.exceptions.ClientError": _of_api(
            status="response.ResponseMetadata.HTTPStatusCode"
        ),
        "botocore.exceptions.ConnectTimeoutError": ErrorReason.TIMEOUT,
        "botocore.exceptions.ReadTimeoutError": ErrorReason.TIMEOUT,
        "botocore.parsers.ResponseParserError": ErrorReason.INTERNAL_API_ERROR,
        "httpx.HTTPError": _of_api(status="response.status_code"),
        "httpx.TimeoutException": ErrorReason.TIMEOUT,
        "psycopg.Error": _of_driver,
        "psycopg.errors.ConnectionTimeout": ErrorReason.TIMEOUT,
        "pymysql.err.MySQLError": _of_driver,
        "requests.exceptions.RequestException": _of_api(
            status="response.status_code", wrapped="args.0"
        ),
        "requests.exceptions.Timeout": ErrorReason.TIMEOUT,
        "sqlalchemy.exc.DBAPIError": _of_statement,
        "sqlalchemy.exc.TimeoutError": ErrorReason.TIMEOUT,
        "urllib3.exceptions.HTTPError": ErrorReason.INTERNAL_API_ERROR,
        "urllib3.exceptions.MaxRetryError": _of_api(wrapped="reason"),
        # a time-out by its bases only: a refused connection is one, too
        "urllib3.exceptions.NewConnectionError": ErrorReason.INTERNAL_API_ERROR,
        "urllib3.exceptions.TimeoutError": ErrorReason.TIMEOUT,
    }
)
"""A rule by the qualified name of its class; a class without one asks its bases."""
