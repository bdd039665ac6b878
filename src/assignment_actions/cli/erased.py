"""What became of a scrub, an erase or a purge, and what it leaves to others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs
from rich.console import Group, RenderableType
from rich.table import Table

from assignment_actions.cli.json_output import Document, erasure_document
from assignment_actions.cli.render import counted
from assignment_actions.cli.settings import CommandError
from assignment_actions.cli.terminal import Command, one_line, text
from assignment_actions.domain.erasure import ErasureReport

DONE = {"scrub": "scrubbed", "erase": "erased", "purge": "purged"}


@attrs.frozen
class Remains:
    """Be what a run leaves for somebody else to do, if possible by a command."""

    sentence: str
    command: str = ""

    def __str__(self) -> str:
        return f"{self.sentence} {self.command}".rstrip()


@attrs.frozen(kw_only=True)
class Erased:
    """Be what a run did, as far as it came."""

    report: ErasureReport
    database: str
    terms: Sequence[str]
    remains: Sequence[Remains]
    error: CommandError | None = None

    def document(self) -> Document:
        """Return the answer for programs."""
        return {
            "database": self.database,
            **erasure_document(self.report),
            "is_complete": self.error is None,
            "remains": [str(one) for one in self.remains],
        }

    def answer(self) -> RenderableType:
        """Return the answer for a person."""
        sentences = map(text, [*self.terms, *self._sentences()])
        return Group(*sentences, *remaining(self.remains))

    def _sentences(self) -> Iterator[str]:
        report = self.report
        if report.is_dry_run:
            yield f"{what(report)} would be {DONE[report.kind]}; nothing was changed."
        else:
            by = f" by {one_line(report.actor)}" if report.actor else ""
            yield f"{what(report)} {DONE[report.kind]}{by}."
        would = "would be changed" if report.is_dry_run else "changed"
        if report.kept:
            waiting = counted(report.kept, "outcome")
            yield f"{waiting} waiting in journals {would} too."
        if report.held:
            yield f"{counted(report.held, 'action')} kept: on hold."


def remaining(remains: Iterable[Remains]) -> Iterator[RenderableType]:
    """Yield what is left to do as a list, its commands to copy."""
    for one in remains:
        grid = Table.grid(padding=(0, 1))
        grid.add_row("-", text(one.sentence))
        yield grid
        if one.command:
            yield Command(one.command)


def what(report: ErasureReport) -> str:
    """Return how much a report is about."""
    actions = counted(report.actions, "action")
    if report.assignments is None:
        return actions
    return f"{actions} of {counted(report.assignments, 'assignment')}"
