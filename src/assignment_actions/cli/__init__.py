"""The command line; importing this loads nothing that the `cli` extra brings."""

from __future__ import annotations

import sys
from collections.abc import Sequence

_UNAVAILABLE = 69


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run one command and return its exit status.

    Args:
        argv: the arguments after the program's name; by default this process's own.

    Returns:
        What the command answered (`outcome`: 0 yes, 1 no, 2 in progress, 3 unknown), or
        a status above 3 with one line on stderr that says what is wrong.
    """
    try:
        from assignment_actions.cli.run import run  # noqa: PLC0415  # an extra
    except ModuleNotFoundError as missing:
        sys.stderr.write(f"assignment-actions: {how_to_install(missing)}\n")
        return _UNAVAILABLE
    return run(sys.argv[1:] if argv is None else argv)


def how_to_install(missing: ModuleNotFoundError) -> str:
    """Return which extra brings what is missing."""
    return (
        f"the command line needs {missing.name}, which is not installed;"
        " install it with: pip install 'assignment-actions[cli]'"
    )
