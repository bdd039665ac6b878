"""How far long work has come: a bar on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

LONG = 200


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """
    Yield what is told how much is done by now.

    A bar shows it on stderr where that is a terminal, and where it is much.

    Args:
        what: is done.
        total: how much there is to do, None where nobody knows.
    """
    console = Console(file=sys.stderr)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    bar = Progress(*columns, console=console, transient=True)
    task = bar.add_task(what, total=total)
    is_seen = sys.stderr.isatty() and console.is_interactive

    def tell(done: int) -> None:
        bar.update(task, completed=done)
        if is_seen and max(done, total or 0) >= LONG:
            bar.start()

    try:
        yield tell
    finally:
        if bar.live.is_started:
            bar.stop()
