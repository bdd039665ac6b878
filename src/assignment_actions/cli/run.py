"""Run the application: every error becomes one line and a status above 3."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from assignment_actions.cli import how_to_install
from assignment_actions.cli.app import app
from assignment_actions.cli.settings import (
    DB_VARIABLE,
    CommandError,
    Status,
    without_secrets,
)
from assignment_actions.cli.terminal import one_line, prepare_help, replace_unencodable
from assignment_actions.domain.errors import ActionNotFoundError, StorageError

PROGRAM = "assignment-actions"

# click.ClickException, wherever this version of Typer keeps it.
_ClickError: type[Exception] = typer.BadParameter.__mro__[2]
_FLAGS = frozenset({"--json"})
_OPTIONS = frozenset({"--db", "--assignment-ids", "--table-prefix", "--schema"})


def run(argv: Sequence[str]) -> int:
    """Run one command; return its status."""
    replace_unencodable()
    prepare_help()
    arguments = hoisted(argv)
    try:
        status = app(arguments, prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
    except (
        BrokenPipeError,
        SystemExit,
    ):  # Typer and Rich exit where our reader has gone
        return _pipe_closed()
    except (KeyboardInterrupt, typer.Abort):
        return _refuse("interrupted", Status.INTERRUPTED, arguments)
    except Exception as error:  # noqa: BLE001  # status 1 would say no
        return _refuse(*_explained(error), arguments)
    return status if isinstance(status, int) else Status.YES


def hoisted(argv: Sequence[str]) -> list[str]:
    """
    Return the arguments with the options of every command before the command.

    >>> hoisted(["timeline", "7", "--json", "--db", "sqlite:///a.sqlite3"])
    ['--json', '--db', 'sqlite:///a.sqlite3', 'timeline', '7']
    """
    common: list[str] = []
    others: list[str] = []
    given = iter(argv)
    for argument in given:
        if argument == "--":
            return [*common, *others, argument, *given]
        if argument in _FLAGS or argument.partition("=")[0] in _OPTIONS:
            value = [next(given, "")] if argument in _OPTIONS else []
            if value == [""]:  # what is missing, the parser says
                others.append(argument)
            else:
                common += [argument, *value]
        else:
            others.append(argument)
    return common + others


def _explained(error: Exception) -> tuple[str, Status]:
    if isinstance(error, CommandError):
        return str(error), error.status
    if isinstance(error, ActionNotFoundError):
        return str(error), Status.NOT_FOUND
    if isinstance(error, StorageError):
        return str(error), Status.STORAGE
    if isinstance(error, _ClickError):
        message = getattr(error, "format_message", error.__str__)()
        return f"{message} (see {PROGRAM} --help)", Status.USAGE
    if isinstance(error, ModuleNotFoundError):
        return how_to_install(error), Status.STORAGE
    return f"internal error: {type(error).__name__}: {error}", Status.INTERNAL


def _refuse(message: str, status: Status, arguments: Sequence[str]) -> int:
    urls = [argument.removeprefix("--db=") for argument in arguments]
    safe = without_secrets(message, *urls, os.environ.get(DB_VARIABLE))
    sys.stderr.write(f"{PROGRAM}: {one_line(safe)}\n")
    return status


def _pipe_closed() -> int:
    """Keep the interpreter from complaining about the closed pipe once more."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
    os.close(sink)
    return Status.PIPE_CLOSED
