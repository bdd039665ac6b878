"""Several journals of one repository, as one: erasure covers what waits in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import attrs

from assignment_actions.adapters.journal import FileJournal
from assignment_actions.cli.settings import CommandError, Status
from assignment_actions.domain.action import Action
from assignment_actions.domain.kept import at_once
from assignment_actions.domain.ports import OutcomeJournal


@attrs.frozen
class Journals:
    """Be the journals of several processes; a new outcome waits in the first."""

    parts: Sequence[FileJournal]

    @property
    def unreadable(self) -> Sequence[int]:
        """Return the lines that cannot be read: neither seen nor changed."""
        return [line for one in self.parts for line in one.unreadable]

    def keep(
        self,
        action: Action,
        is_due: Callable[[], bool] = at_once,
        /,
        *,
        is_new: bool = False,
    ) -> None:
        """Keep one more in the first journal."""
        self.parts[0].keep(action, is_due, is_new=is_new)

    def store_each(
        self,
        complete: Callable[[Action], bool],
        add: Callable[[Action], bool],
        limit: int | None = None,
        /,
    ) -> int:
        """Hand over what is due in each journal, at most `limit` of each."""
        return sum(one.store_each(complete, add, limit) for one in self.parts)

    def rewrite(self, change: Callable[[Action], Action | None], /) -> int:
        """Put what `change` returns in the place of each; None drops it."""
        return sum(one.rewrite(change) for one in self.parts)

    def holds(self, text: str, /) -> bool:
        """Tell whether a text stands anywhere in one of them."""
        return any(one.holds(text) for one in self.parts)

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __iter__(self) -> Iterator[Action]:
        return chain.from_iterable(self.parts)

    def close(self) -> None:
        """Close all of them."""
        for one in self.parts:
            one.close()


_: type[OutcomeJournal] = Journals


def open_journals(paths: Sequence[Path]) -> Journals:
    """
    Open the journals at these paths; none is made.

    Raises:
        CommandError: there is none, or it cannot be opened.
    """
    parts: list[FileJournal] = []
    try:
        for path in dict.fromkeys(one.absolute() for one in paths):
            path.lstat()  # opening would make it
            parts.append(FileJournal(path))
            if parts[-1].unreadable and not parts[-1].is_ours:
                Journals(parts).close()
                raise CommandError(
                    f"--journal: {path} holds no line of a journal", Status.USAGE
                )
    except OSError as error:
        Journals(parts).close()
        raise CommandError(f"--journal: {error}", Status.NOT_FOUND) from None
    return Journals(parts)
