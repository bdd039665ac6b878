"""What the tests of the journal share: a store, a full disk, children, threads."""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from assignment_actions import Action, StorageError
from assignment_actions.adapters.journal import FileJournal


def stored_by(journal: FileJournal) -> list[Action]:
    """Return what a store that takes everything is handed."""
    handed: list[Action] = []

    def store(one: Action) -> bool:
        handed.append(one)
        return True

    journal.store_each(store, store)
    return handed


def broken(_: Action) -> bool:
    raise StorageError("complete")


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Let the operating system refuse to make any file larger, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def forked(work: Callable[[], object]) -> int:
    """Do something in a child of this process; return the child's id."""
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return child


def run_all(works: Iterable[Callable[[], object]]) -> None:
    """Run all at once, each in a thread; the first error is raised."""
    errors: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # raised below
            errors.append(error)

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
