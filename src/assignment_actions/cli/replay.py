"""The command `replay`: what a process could not store is stored from its journal."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import attrs
from rich.text import Text

from assignment_actions.adapters.journal import FileJournal
from assignment_actions.cli.json_output import Document
from assignment_actions.cli.progress import progress
from assignment_actions.cli.settings import CommandError, Settings, Status
from assignment_actions.cli.terminal import text
from assignment_actions.domain.awaited import AwaitedActionRepository, result_of
from assignment_actions.domain.errors import StorageError
from assignment_actions.domain.ports import ActionRepository, utc_now
from assignment_actions.domain.settling import Settlement, settle, settle_new

LEFT = 75


@attrs.frozen
class Replayed:
    """Be what became of the outcomes in a journal."""

    path: Path
    counts: Counter[Settlement]
    left: int
    unreadable: tuple[int, ...]
    error: StorageError | None

    @property
    def status(self) -> int:
        """Return 0 where nothing is left, above 3 otherwise."""
        if self.error is not None:
            return Status.STORAGE
        return LEFT if self.left or self.unreadable else Status.YES

    def document(self) -> Document:
        """Return the answer for programs."""
        return {
            "journal": str(self.path),
            **{str(one): self.counts[one] for one in Settlement},
            "left": self.left,
            "unreadable_lines": list(self.unreadable),
        }

    def answer(self) -> Text:
        """Return the answer for a person."""
        counts = self.counts
        stored, already = (
            counts[Settlement.STORED],
            counts[Settlement.ALREADY_STORED],
        )
        said = f"{stored} stored, {already} were stored already"
        lines = [f"{said}, {self.left} are left in {self.path}."]
        if refused := counts[Settlement.REFUSED]:
            lines.append(f"{refused} refused: the database knows better, see above.")
        if self.unreadable:
            numbers = ", ".join(map(str, self.unreadable))
            lines.append(f"Lines that cannot be read stay there: {numbers}.")
        return text("\n".join(lines))


def replay(settings: Settings, path: Path) -> Replayed:
    """
    Store what a journal holds; again is harmless.

    Raises:
        CommandError: there is no such journal, it cannot be opened, or it is about
            another kind of assignment ids.
    """
    if not path.exists():  # opening would make it
        raise CommandError(f"there is no journal at {path}", Status.NOT_FOUND)
    repository = settings.open()
    try:
        journal = FileJournal(path)
        try:
            return _replayed(journal, repository)
        finally:
            journal.close()
    except OSError as error:
        raise CommandError(f"FILE: {error}", Status.NOT_FOUND) from None
    except TypeError as error:
        raise CommandError(f"{error}; for others give --assignment-ids") from None
    finally:
        repository.close()


def _replayed(journal: FileJournal, repository: ActionRepository) -> Replayed:
    counts: Counter[Settlement] = Counter()
    awaited, error = AwaitedActionRepository(repository), None
    with progress("Replaying", len(journal)) as tell:

        def counted(settlement: Settlement) -> bool:
            counts[settlement] += 1
            tell(counts.total())
            return settlement is not Settlement.REFUSED

        try:
            journal.store_each(
                lambda action: counted(result_of(settle(awaited, action))),
                lambda action: counted(
                    result_of(settle_new(awaited, action, utc_now()))
                ),
            )
        except StorageError as broken:
            error = broken
    return Replayed(
        journal.path, counts, len(journal), tuple(journal.unreadable), error
    )
