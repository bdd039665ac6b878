"""The command `failures`: what fails, how often over time, and an example of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from itertools import chain

import attrs
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assignment_actions.cli.json_output import Document, failures_document
from assignment_actions.cli.render import counted
from assignment_actions.cli.sparkline import days_of_a_part, parts, sparkline
from assignment_actions.cli.terminal import Command, one_line, text
from assignment_actions.domain.action import ActionStatus
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.groups import FailureGroup
from assignment_actions.domain.history import ActionHistory

SHOWN = 20
_WEEK = timedelta(days=6)  # and today
_WIDE = 100
_FEW_MARKS, _MANY_MARKS = 8, 28
PerDay = Mapping[str, int]


@attrs.frozen(kw_only=True)
class Failures:
    """
    Be the kinds of failure, and for the first of them their counts per day.

    `since` is what was asked; `start` is where the counts per day begin.
    """

    groups: Sequence[FailureGroup]
    per_day: Mapping[str, PerDay]
    since: datetime | None
    start: datetime
    now: datetime

    @classmethod
    def ask(
        cls,
        history: ActionHistory,
        *,
        since: datetime | None,
        types: Collection[str] | None,
        limit: int,
    ) -> Failures:
        """Ask for the groups, and once for each of those that are shown."""
        now = history.now()
        week = datetime.combine((now - _WEEK).date(), time(), now.tzinfo)
        start = week if since is None else min(since, now)
        groups = history.failure_groups(since=since, types=types)
        return cls(
            groups=groups,
            per_day={
                one.fingerprint: history.count_by(
                    ActionFilter(
                        fingerprints=[one.fingerprint],
                        statuses=[ActionStatus.FAILED],
                        action_types=types,
                        completed_from=start,
                    ),
                    "day",
                )
                for one in groups[:limit]
            },
            since=since,
            start=start,
            now=now,
        )

    def is_new(self, group: FailureGroup) -> bool:
        """Tell whether a kind was never seen before the days that are shown."""
        return group.first_seen >= self.start

    def document(self) -> Document:
        """Return the answer for programs."""
        return failures_document(
            self.groups, self.per_day, since=self.since, start=self.start, now=self.now
        )

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        if not self.groups:
            yield text("No failures are recorded.", "green")
            return
        marks = _MANY_MARKS if options.max_width >= _WIDE else _FEW_MARKS
        rows = [
            _Row(one, self.is_new(one), self._counts(one, marks), options.ascii_only)
            for one in self.groups
            if one.fingerprint in self.per_day
        ]
        yield self._heading(marks)
        yield ""
        if _needed(rows) <= options.max_width:
            yield _as_table(rows)
        else:
            yield from chain.from_iterable(row.entry() for row in rows)
        if more := len(self.groups) - len(rows):
            said = (
                f"{counted(more, 'more kind')}: --limit {len(self.groups)} shows all."
            )
            yield text(said, "dim")
        yield text("Why exactly, with its stacktrace:", "dim")
        yield Command(f"assignment-actions show {rows[0].group.example.id}")

    def _heading(self, marks: int) -> Text:
        kinds = counted(len(self.groups), "kind")
        failures = counted(sum(one.count for one in self.groups), "failure")
        since = "" if self.since is None else f" since {_minute(self.since)} UTC"
        days = days_of_a_part(self.start.date(), self.now.date(), marks)
        each = "a day" if days == 1 else f"{days} days"
        return Text.assemble(
            (f"{kinds} of failure", "bold"),
            f"{since}, {failures}\n",
            f"Trend: {self.start:%Y-%m-%d} to {self.now:%Y-%m-%d} (UTC)",
            f", a mark is {each}",
        )

    def _counts(self, group: FailureGroup, marks: int) -> Sequence[int]:
        per_day = self.per_day[group.fingerprint]
        return parts(per_day, self.start.date(), self.now.date(), marks)


@attrs.frozen
class _Row:
    group: FailureGroup
    is_new: bool
    counts: Sequence[int]
    is_ascii: bool

    def what(self) -> Iterator[Text]:
        """Yield what fails, as the newest one says it, and the id of that."""
        group = self.group
        yield Text.assemble(
            text(group.reason, "red"),
            " " if group.exception_type else "",
            text(group.exception_type, "bold"),
        )
        failure = group.example.failure
        if failure is not None and failure.message:
            message = text(one_line(failure.message[:400]))
            message.no_wrap, message.overflow = True, "ellipsis"
            yield message
        yield Text(str(group.example.id), "dim", no_wrap=True)

    def trend(self) -> Text:
        """Return the counts as marks, and the greatest as a number."""
        line = text(sparkline(self.counts, is_ascii=self.is_ascii), "yellow")
        if greatest := max(self.counts):
            line.append(f"\nmax {greatest}", "dim")
        return line

    def cells(self) -> tuple[RenderableType, ...]:
        """Return the row of a table."""
        group = self.group
        count = text(f"{group.count}", "bold")
        if self.is_new:
            count.append("\nnew", "yellow")
        seen = f"{_minute(group.first_seen)}\n{_minute(group.last_seen)}"
        what = Group(*self.what(), "")
        return count, text(group.assignments), what, self.trend(), seen

    def entry(self) -> Iterator[RenderableType]:
        """Yield the same as an entry of a list."""
        group = self.group
        affected = counted(group.assignments, "assignment")
        new = ("  new", "yellow") if self.is_new else ""
        yield Text.assemble((f"{group.count}x", "bold"), f" in {affected}", new)
        first, last = _minute(group.first_seen), _minute(group.last_seen)
        lines = [
            *self.what(),
            Text(" ").join(self.trend().split("\n")),
            text(f"{first} to {last}\n", "dim"),
        ]
        yield Padding(Group(*lines), (0, 0, 0, 2))


def _as_table(rows: Iterable[_Row]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("count", justify="right", no_wrap=True)
    table.add_column("affects", justify="right", no_wrap=True)
    table.add_column("what fails, and the newest")
    table.add_column("trend", no_wrap=True)
    table.add_column("first seen\nlast seen", no_wrap=True)
    for row in rows:
        table.add_row(*row.cells())
    return table


def _needed(rows: Iterable[_Row]) -> int:
    """Return how wide a table must be to show every id whole."""
    counts = max(len(f"{row.group.count}") for row in rows)
    affected = max(len(f"{row.group.assignments}") for row in rows)
    trends = max(len(one) for row in rows for one in row.trend().plain.split("\n"))
    return sum([max(counts, 5), max(affected, 7), 36, max(trends, 5), 16, 4 * 2])


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
