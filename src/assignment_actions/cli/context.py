"""What the commands share: their settings, an open history, and how they answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import RenderableType

from assignment_actions.cli import json_output
from assignment_actions.cli.settings import CommandError, Settings
from assignment_actions.cli.terminal import show
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.history import ActionHistory
from assignment_actions.domain.values import as_text
from assignment_actions.domain.vocabulary import ActionType

_ANYWHERE = (
    "--db, --json, --assignment-ids, --table-prefix and --schema may stand anywhere;"
    " assignment-actions --help explains them."
)

Assignment = Annotated[
    str, typer.Argument(metavar="ASSIGNMENT", help="The id of the assignment.")
]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Consider only what happened since: 7d, 36h, 2026-11-22 (UTC) or"
        " 2026-11-22T08:00:00Z.",
    ),
]
Types = Annotated[
    list[str] | None,
    typer.Option("--type", metavar="TYPE", help="Only this type; may be repeated."),
]


def as_types(given: Sequence[str] | None) -> list[str] | None:
    """Return the types given, None where none is: then all are meant."""
    try:
        return [as_text("--type", one) for one in given or ()] or None
    except ValueError as error:
        raise CommandError(str(error)) from None


def epilog(*examples: str, note: str = "") -> str:
    """Return what ends a command's help."""
    lines = ["Examples:", *(f"  assignment-actions {one}" for one in examples)]
    return "\n\n".join(["\n".join(lines), *([note] if note else []), _ANYWHERE])


def settings_of(ctx: typer.Context) -> Settings:
    """Return the options that every command takes."""
    settings = ctx.find_object(Settings)
    assert settings is not None
    return settings


@contextmanager
def open_history(ctx: typer.Context) -> Iterator[ActionHistory]:
    """Yield the history in the database that was asked for."""
    repository = settings_of(ctx).open()
    try:
        yield ActionHistory(repository)
    finally:
        repository.close()


def answer(
    ctx: typer.Context, document: json_output.Document, rendered: RenderableType
) -> None:
    """Print the answer for programs or for people, as was asked."""
    if settings_of(ctx).as_json:
        print(json_output.as_json(document))  # noqa: T201  # it is the answer
    else:
        show(rendered)


def note_unknown_type(history: ActionHistory, action_type: str) -> None:
    """Warn where a type is neither built in nor recorded: it may be misspelt."""
    if action_type in set(ActionType):
        return
    if not history.count(ActionFilter(action_types=[action_type])):
        known = ", ".join(history.count_by(ActionFilter(), "action_type"))
        typer.echo(
            f"note: nothing of type {action_type!r} is recorded about any assignment;"
            f" recorded are: {known or 'none'}",
            err=True,
        )
