"""How answers look to a person."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import attrs
from rich.console import (
    Console,
    ConsoleOptions,
    Group,
    RenderableType,
    RenderResult,
)
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assignment_actions.cli.terminal import one_line, printable, text
from assignment_actions.domain.action import Action
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.groups import FailureGroup
from assignment_actions.domain.timeline import Outcome, Timeline, Verdict
from assignment_actions.domain.values import AssignmentId

LOOKS = {
    "succeeded": ("✓", "green"),
    "failed": ("✗", "red"),
    "in_progress": ("…", "yellow"),
    "unknown": ("?", "magenta"),
    "overdue": ("?", "magenta"),
}
VERDICTS = {
    Verdict.YES: LOOKS["succeeded"],
    Verdict.NO: LOOKS["failed"],
    Verdict.IN_PROGRESS: LOOKS["in_progress"],
    Verdict.UNKNOWN: LOOKS["unknown"],
}
_ENTRY_WIDTH = 96
_LEAD = re.compile(r"[^,:]*")  # Yes, No, Not yet, Nobody knows


def time_of(moment: datetime | None) -> str:
    """Return a moment to the second, in UTC."""
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def took(duration: timedelta) -> str:
    """
    Return a duration as people say it.

    >>> took(timedelta(milliseconds=12)), took(timedelta(seconds=75))
    ('12 ms', '1 min 15 s')
    """
    seconds = round(duration.total_seconds(), 1)
    if duration < timedelta(seconds=1):
        return f"{duration / timedelta(milliseconds=1):.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} days"


def standing(action: Action, now: datetime) -> str:
    """Return the status of an action, or that it is overdue."""
    return "overdue" if action.is_overdue(now) else str(action.status)


def timeline(
    assignment_id: AssignmentId, actions: Timeline, now: datetime
) -> RenderableType:
    """Return the actions of one assignment, oldest first."""
    if not actions:
        return text(f"Nothing is recorded about assignment {assignment_id}.")
    counts = {
        "failed": len(actions.failures()),
        "in progress or unknown": len(actions.in_progress()) + len(actions.unknown()),
    }
    notes = [f"{count} {what}" for what, count in counts.items() if count]
    heading = Text.assemble(
        "Assignment ",
        text(assignment_id, "bold"),
        "  ",
        ", ".join([counted(len(actions), "action"), *notes]),
        "  (times are UTC)",
    )
    return Group(heading, "", *(Entry(action, now) for action in actions))


@attrs.frozen
class Entry:
    """Be one action of a list: a line, and what there is to say below it."""

    action: Action
    now: datetime
    has_assignment: bool = False

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        has_room = options.max_width >= _ENTRY_WIDTH
        action, failure = self.action, self.action.failure
        yield _line(action, self.now, has_id=has_room)
        below = [] if has_room else [text(f"action {action.id}", "dim")]
        if self.has_assignment:
            below.append(text(f"assignment {action.assignment_id}"))
        if failure is not None:
            below.append(why(failure))
        if notes := _notes(action, self.now):
            below.append(text(" · ".join(notes), "dim"))
        for one in below:
            yield Padding(one, (0, 0, 0, 23 if has_room else 4))


def _line(action: Action, now: datetime, *, has_id: bool) -> Text:
    state = standing(action, now)
    symbol, style = LOOKS[state]
    line = Text.assemble(
        (time_of(action.created_at), "dim"),
        f"  {symbol} ",
        text(f"{action.action_type!s:<22}", "bold"),
        (f"  {state:<11}", style),
        (f"  {action.id}" if has_id else "", "dim"),
    )
    line.stylize(style, 21, 22)
    return line


def why(failure: Failure) -> Text:
    """Return what went wrong in a line or two."""
    said = one_line(failure.message)
    said = said if len(said) <= 160 else f"{said[:160]}…"
    return Text.assemble(
        (printable(str(failure.reason)), "red"),
        " " if failure.exception_type or said else "",
        text(failure.exception_type, "bold"),
        ": " if failure.exception_type and said else "",
        said,
    )


def _notes(action: Action, now: datetime) -> list[str]:
    notes = []
    if action.key is not None:
        notes += [f"attempt {action.attempt}", f"key {action.key}"]
    if action.duration:
        notes.append(f"took {took(action.duration)}")
    if action.is_late:
        notes.append("reported late: it was unknown before")
    if action.overdue_at is not None and action.is_overdue(now):
        notes.append(f"nobody has heard of it since {time_of(action.overdue_at)}")
    return notes


def outcome(answer: Outcome) -> Text:
    """Return the plain sentence that answers."""
    symbol, style = VERDICTS[answer.verdict]
    sentence = text(f"{symbol} {one_line(answer)}")
    lead = _LEAD.match(sentence.plain)
    sentence.stylize(f"bold {style}", 0, lead.end() if lead else 0)
    return sentence


def failure_groups(groups: Iterable[FailureGroup]) -> RenderableType:
    """Return the kinds of failure, the most frequent first."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for group in groups:
        grid.add_row(f"{group.count:>4}x", Group(*_group_lines(group)))
    return grid if grid.row_count else text("No failures are recorded.", "green")


def _group_lines(group: FailureGroup) -> Iterable[Text]:
    first, last = time_of(group.first_seen), time_of(group.last_seen)
    span = f"at {last}" if first == last else f"from {first} to {last}"
    newest = group.example
    if newest.failure is not None:
        yield why(newest.failure)
    yield text(f"in {counted(group.assignments, 'assignment')}, {span} UTC", "dim")
    yield text(f"newest: {newest.action_type}, action {newest.id}", "dim")


def overdue(actions: Iterable[Action], now: datetime) -> RenderableType:
    """Return what hangs, newest first."""
    entries = [Entry(action, now, has_assignment=True) for action in actions]
    if not entries:
        return text("Nothing is overdue.", "green")
    return Group(
        text(f"{counted(len(entries), 'action')} overdue: nobody knows how it ended."),
        "",
        *entries,
    )


def counted(count: int, what: str) -> str:
    """
    Return a count with its noun.

    >>> counted(1, "action"), counted(2, "action")
    ('1 action', '2 actions')
    """
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
