"""Whether a change may be made: tried only, agreed to before, or asked about here."""

from __future__ import annotations

import sys

import attrs

from assignment_actions.cli.settings import CommandError, Status
from assignment_actions.cli.terminal import printable

_YES = frozenset({"y", "yes"})


@attrs.frozen(kw_only=True)
class Consent:
    """Be what `--dry-run` and `--yes` say."""

    is_dry_run: bool
    is_given: bool

    def require_somebody(self) -> None:
        """
        Refuse where it would have to be asked for, and nobody is there.

        Raises:
            CommandError: there is no terminal.
        """
        is_there = sys.stdin.isatty() and sys.stderr.isatty()
        if not (self.is_dry_run or self.is_given or is_there):
            raise CommandError(
                "this cannot be undone, and there is no terminal to ask at: give"
                " --dry-run to see what it would do, --yes to do it"
            )

    def ask(self, *what: str) -> None:
        """
        Say what is about to be done, and ask.

        Raises:
            CommandError: the answer is not yes.
        """
        sys.stderr.write("".join(f"{printable(one)}\n" for one in what))
        sys.stderr.write("Go on? [y/N] ")
        sys.stderr.flush()
        try:
            said = sys.stdin.readline()
        except KeyboardInterrupt:
            said = ""
        if said.strip().lower() not in _YES:
            raise CommandError("nothing was changed", Status.INTERRUPTED)
