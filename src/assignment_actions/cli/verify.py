"""The command `verify`: proof that what should be gone is gone."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import attrs
from rich.console import Console, Group, RenderableType
from rich.text import Text

from assignment_actions.cli.erased import Remains, remaining
from assignment_actions.cli.erasing import open_recorder
from assignment_actions.cli.json_output import Document, leftover_document
from assignment_actions.cli.render import counted
from assignment_actions.cli.settings import CommandError, Settings, Status
from assignment_actions.cli.terminal import text
from assignment_actions.domain.erasure import (
    LEFTOVERS_LIMIT,
    ErasureCheck,
    Leftover,
)
from assignment_actions.domain.values import AssignmentId

_SHOWN = 50


@attrs.frozen(kw_only=True)
class Verified:
    """Be what was looked for, and what was found; no text is shown."""

    check: ErasureCheck
    assignments: int
    texts: int
    remains: Sequence[Remains]

    @property
    def status(self) -> Status:
        """Return 0 where nothing is left, 1 where something is."""
        return Status.YES if self.check.is_clean else Status.NO

    @property
    def is_all(self) -> bool:
        """Tell whether nothing can be left beyond what was found."""
        return len(self.check.leftovers) < LEFTOVERS_LIMIT

    def document(self) -> Document:
        """Return the answer for programs."""
        return {
            "is_clean": self.check.is_clean,
            "assignments": self.assignments,
            "texts": self.texts,
            "actions": self.check.actions,
            "is_all": self.is_all,
            "leftovers": [leftover_document(one) for one in self.check.leftovers],
            "remains": [str(one) for one in self.remains],
        }

    def answer(self) -> RenderableType:
        """Return the answer for a person."""
        return Group(*self._lines(), *remaining(self.remains))

    def _lines(self) -> Iterator[Text]:
        found = self.check.leftovers
        if not found:
            yield Text.assemble(("✓ ", "green"), self._clean())
        else:
            least = "" if self.is_all else "at least "
            places = counted(len(found), "place")
            yield Text.assemble(
                ("✗ ", "red"),
                f"Something is left in {least}{places}: where, action, fields",
            )
            yield from map(_line, found[:_SHOWN])
            if len(found) > _SHOWN:
                yield text(f"  and {len(found) - _SHOWN} more: --json has them", "dim")

    def _clean(self) -> str:
        said = []
        if self.assignments:
            actions = counted(self.check.actions, "action")
            of = f"of {counted(self.assignments, 'assignment')}"
            facts = f"{actions} {of} stored, facts only" if self.check.actions else ""
            said.append(facts or f"no action {of} is stored")
        if self.texts:
            said.append(f"{counted(self.texts, 'text')} found nowhere")
        return f"Nothing is left: {'; '.join(said)}."


def verified(
    settings: Settings,
    ids: Sequence[AssignmentId],
    texts: Sequence[str],
    journals: Sequence[Path],
) -> Verified:
    """
    Search the database and the journals.

    Raises:
        CommandError: a journal cannot be read, or a text is blank.
    """
    with open_recorder(settings, journals) as (recorder, hidden):
        console = Console(file=sys.stderr)
        try:
            with console.status("Searching") if sys.stderr.isatty() else nullcontext():
                check = recorder.verify_erased(ids, texts)
        except OSError as error:
            raise CommandError(f"--journal: {error}", Status.STORAGE) from None
    return Verified(
        check=check,
        assignments=len(set(ids)),
        texts=len(set(texts)),
        remains=hidden,
    )


def _line(leftover: Leftover) -> Text:
    action = leftover.action
    which = "-" if action is None else str(action.id)
    fields = ", ".join(leftover.fields) or "a line that is no action asked about"
    return text(f"  {leftover.where:<7}  {which:<36}  {fields}")
