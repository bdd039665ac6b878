"""One action with all that is known about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from json import dumps

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from assignment_actions.cli import render
from assignment_actions.cli.terminal import printable, text
from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.frames import Frame


def action_sheet(
    action: Action, now: datetime, packages: Sequence[str] | None = None
) -> RenderableType:
    """
    Return everything that is known about one action.

    Args:
        action: with its stacktrace.
        now: decides whether it is overdue.
        packages: show only frames of these; of the host's own code where it is empty.
    """
    state = render.standing(action, now)
    symbol, style = render.LOOKS[state]
    heading = Text.assemble(
        (f"{symbol} ", style), text(action.action_type, "bold"), "  ", (state, style)
    )
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in _facts(action):
        grid.add_row(name, text(value))
    return Group(
        heading, Padding(grid, (1, 0, 0, 2)), *_failure_sheet(action.failure, packages)
    )


def _facts(action: Action) -> Iterable[tuple[str, str]]:
    def at(moment: datetime | None) -> str:
        return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S.%f} UTC"

    completed = at(action.completed_at)
    if action.duration:
        completed += f" (took {render.took(action.duration)})"
    is_open = action.status is ActionStatus.IN_PROGRESS
    facts = {
        "action": str(action.id),
        "assignment": str(action.assignment_id),
        "created": at(action.created_at),
        "completed": completed,
        "overdue": at(action.overdue_at) if is_open else "",
        "unknown": at(action.unknown_at),
        "key": action.key or "",
        "attempt": str(action.attempt) if action.key else "",
        "actor": action.actor or "",
        "details": dumps(action.details, ensure_ascii=False) if action.details else "",
    }
    return ((name, value) for name, value in facts.items() if value)


def _failure_sheet(
    failure: Failure | None, packages: Sequence[str] | None
) -> Iterable[RenderableType]:
    if failure is None:
        return
    yield ""
    yield render.why(failure)
    if failure.stacktrace is None:
        yield text("No stacktrace was recorded.", "dim")
        return
    yield ""
    if packages is None:
        yield _code(failure.stacktrace)
    else:
        yield from _frames(failure, packages)
    if failure.truncated:
        yield text("Parts were cut when it was recorded.", "dim")


def _frames(failure: Failure, packages: Sequence[str]) -> Iterable[RenderableType]:
    whose = " or ".join(packages) or "the host's own code"
    frames = failure.frames(*packages)
    if not frames:
        yield text(f"No frame is in {whose}; without the option all are shown.", "dim")
        return
    yield text(f"Frames in {whose}, the innermost last:", "dim")
    yield _code("\n".join(map(_frame, frames)))


def _frame(frame: Frame) -> str:
    place = f'  File "{frame.path}", line {frame.line}, in {frame.function}'
    return f"{place}\n    {frame.source}" if frame.source else place


def _code(trace: str) -> Syntax:
    return Syntax(
        printable(trace.rstrip("\n")),
        "pytb",
        theme="ansi_dark",
        background_color="default",
        word_wrap=True,
    )
