"""FileJournal: outcomes that wait for the store, in a file that outlives us."""

from __future__ import annotations

import errno
import os
import stat
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from assignment_actions.adapters.journal.index import Index, Place
from assignment_actions.adapters.journal.lines import (
    KeptLine,
    digest_of,
    is_in_line,
    kept_line,
    parsed,
    stored_line,
)
from assignment_actions.domain.action import Action
from assignment_actions.domain.errors import StorageError
from assignment_actions.domain.kept import KeptOutcome, KeptOutcomes, at_once, logger
from assignment_actions.domain.ports import OutcomeJournal

try:
    import fcntl
except ImportError:  # no POSIX: one process per file
    fcntl = None  # type: ignore[assignment]

_MODE = 0o600
_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)

Store = Callable[[Action], bool]


class FileJournal:
    """
    Keep outcomes in a file of JSON Lines until the store takes them.

    Each is one `write` at the file's end, then `fsync`: what was kept survives a kill,
    and the machine. A new journal on the same path holds what was left. Threads may
    share one, and on POSIX all processes of one machine (forked or not) may share a
    file, though not on NFS; elsewhere give each process its own. What it holds in
    memory is where a line stands, not the action.

    Nothing but the disk bounds it. It shrinks as soon as half of its lines are settled,
    and is empty when all are. Where it cannot be written, at most 1 000 outcomes wait
    in memory instead, which is logged at ERROR: a full disk is no user's affair.

    Args:
        path: made with mode 0600 where it is missing, in a folder that only the service
            may write. The texts in it passed the redactor, and are personal data still.

    Raises:
        OSError: it cannot be opened, is a symbolic link, or is no regular file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path: Path = Path(path).absolute()
        self._lock = threading.RLock()
        self._file: int | None = None
        self._index = Index()
        self._dues: dict[str, Callable[[], bool]] = {}
        self._handed: set[str] = set()
        self._unwritten = KeptOutcomes()
        _renew_in_children(self)
        with self._opened():
            pass

    @property
    def path(self) -> Path:
        """Return the file."""
        return self._path

    @property
    def unreadable(self) -> Sequence[int]:
        """Return the numbers of the lines that could not be read; they stay there."""
        return tuple(self._index.unreadable)

    @property
    def is_ours(self) -> bool:
        """Tell whether any line of the file is one of a journal, or there is none."""
        return self._index.lines > len(self._index.unreadable) or not self._index.lines

    def __len__(self) -> int:
        return len(self._index.left) + len(self._unwritten)

    def __iter__(self) -> Iterator[Action]:
        with self._opened():
            digests = list(self._index.left)
        for digest in digests:
            with self._opened() as file:
                place = self._index.left.get(digest)
                line = None if place is None else _line_at(file, place)
            if line is not None:
                yield line.action
        yield from self._unwritten

    def keep(
        self,
        action: Action,
        is_due: Callable[[], bool] = at_once,
        /,
        *,
        is_new: bool = False,
    ) -> None:
        """Keep one more, on disk when this returns."""
        if not (is_new or action.status.replaces):
            raise ValueError("status must be an outcome, got in_progress")
        line = kept_line(action, is_new=is_new)
        try:
            with self._opened() as file:
                self._write(file, line)
                os.fsync(file)
                self._read_on(file)
                self._dues[next(reversed(self._index.left))] = is_due
        except OSError as error:
            logger.error(
                "%s cannot be written (%s): the outcome of action %s (%s) waits in"
                " memory, and is lost with this process",
                self._path,
                error,
                action.id,
                action.status,
            )
            self._unwritten.keep(action, is_due, is_new=is_new)

    def store_each(
        self, complete: Store, add: Store, limit: int | None = None, /
    ) -> int:
        """
        Hand each outcome that is due over, oldest first; count those stored.

        No lock is held meanwhile. Two processes may hand over the same one: storing it
        twice is harmless.

        Raises:
            StorageError: the file cannot be read, beside whatever storing raises.
        """
        count = self._unwritten.store_each(complete, add, limit)
        try:
            with self._opened():
                digests = list(self._index.left)[:limit]
            for digest in digests:
                count += self._hand_over(digest, complete, add)
            if digests:
                self._shorten()
        except OSError as error:
            raise StorageError("flush", f"{self._path}: {error}") from error
        return count

    def rewrite(self, change: Callable[[Action], Action | None], /) -> int:
        """
        Put what `change` returns in the place of each; None drops it.

        The whole file is written anew, without what was settled before, under the
        file's lock; lines that cannot be read stay. Raises StorageError where it
        cannot be written: then nothing has changed.
        """
        renamed: dict[str, str | None] = {}
        try:
            with self._opened() as file:
                if self._index.lines:
                    self._replace(file, self._changed_lines(file, change, renamed))
                for old, new in renamed.items():
                    is_due = self._dues.pop(old, None)
                    if is_due is not None and new is not None:
                        self._dues[new] = is_due
            with self._opened():  # the new one
                pass
        except OSError as error:
            raise StorageError("rewrite", f"{self._path}: {error}") from error
        return len(renamed) + self._unwritten.rewrite(change)

    def holds(self, text: str, /) -> bool:
        """Tell whether a text stands in the file, settled lines included, or beside."""
        with self._opened() as file, open(file, "rb", closefd=False) as stream:
            stream.seek(0)
            is_there = any(is_in_line(text, line) for line in stream)
        return is_there or self._unwritten.holds(text)

    def close(self) -> None:
        """Close the file; what is left in it stays, which is logged."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None
            left = len(self._index.left)
        if left:
            logger.warning("%d outcomes wait in %s", left, self._path)
        self._unwritten.close()

    # -- the file ----------------------------------------------------------------------

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """Yield the file, nobody else's for the moment, and read to its end."""
        with self._lock:
            try:
                file = self._current()
                self._read_on(file)
                yield file
            finally:
                if self._file is not None and fcntl is not None:
                    fcntl.flock(self._file, fcntl.LOCK_UN)

    def _current(self) -> int:
        """Return the file that stands at the path now, locked."""
        while True:
            if self._file is None:
                self._file = _open(self._path)
                self._index = Index()
            if fcntl is not None:
                fcntl.flock(self._file, fcntl.LOCK_EX)
            if _is_at(self._path, self._file):
                return self._file
            os.close(self._file)  # another process has put a shorter one in its place
            self._file = None

    def _read_on(self, file: int) -> None:
        with open(file, "rb", closefd=False) as stream:
            errors = self._index.read_on(stream)
        for number, error in errors.items():
            logger.error(
                "line %d of %s cannot be read, and stays there: %s",
                number,
                self._path,
                error,
            )

    def _write(self, file: int, line: bytes) -> None:
        """Append a line by one system call; nothing of it where that fails."""
        data = b"\n" + line if self._index.is_torn else line
        written = 0
        try:
            written = os.write(file, data)
        finally:
            if written < len(data):
                os.ftruncate(file, self._index.size)
        if written < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _shorten(self) -> None:
        """Leave the settled lines out, once they are half of the file."""
        with self._opened() as file:
            if 0 < self._index.lines <= 2 * self._index.settled:
                try:
                    self._replace(file, self._kept_lines(file))
                except OSError as error:
                    logger.warning("%s cannot be shortened: %s", self._path, error)

    def _kept_lines(self, file: int) -> Iterator[bytes]:
        """Yield what is left to store and what cannot be read, in the file's order."""
        with open(file, "rb", closefd=False) as source:
            for place in self._index.places_kept():
                source.seek(place.start)
                yield source.read(place.size).rstrip(b"\n") + b"\n"

    def _changed_lines(
        self,
        file: int,
        change: Callable[[Action], Action | None],
        renamed: dict[str, str | None],
    ) -> Iterator[bytes]:
        """Yield the same with each action changed; note the digests that change."""
        for line in self._kept_lines(file):
            try:
                kept = parsed(line)
            except ValueError:
                yield line
                continue
            assert isinstance(kept, KeptLine)
            action = change(kept.action)
            if action is kept.action:
                yield line
                continue
            renamed[kept.digest] = None
            if action is not None:
                new = kept_line(action, is_new=kept.is_new)
                renamed[kept.digest] = digest_of(new)
                yield new

    def _replace(self, file: int, lines: Iterator[bytes]) -> None:
        """Put another file in its place: at every moment one of the two is there."""
        shorter = self._path.with_name(f"{self._path.name}.new")
        shorter.unlink(missing_ok=True)  # of a process that was killed here
        new = os.open(shorter, _FLAGS | os.O_CREAT | os.O_EXCL, _MODE)
        try:
            with os.fdopen(new, "wb") as target:
                target.writelines(lines)
                target.flush()
                _give_as_it_was(new, os.fstat(file))
                os.fsync(new)
        except BaseException:
            shorter.unlink(missing_ok=True)  # it holds texts
            raise
        shorter.replace(self._path)  # whoever waits for the old one's lock looks again
        _sync_folder(self._path.parent)

    # -- handing over ------------------------------------------------------------------

    def _hand_over(self, digest: str, complete: Store, add: Store) -> bool:
        kept = self._claimed(digest)
        if kept is None:
            return False
        try:
            if not kept.is_due():
                return False
            is_stored = (add if kept.is_new else complete)(kept.action)
            with self._opened() as file:
                self._write(file, stored_line(digest))  # lost, it is only tried again
                self._dues.pop(digest, None)
        except BaseException:
            with self._lock:
                self._index.put_last(digest)
            raise
        finally:
            self._handed.discard(digest)
        return is_stored

    def _claimed(self, digest: str) -> KeptOutcome | None:
        """Return what one thread may hand over now, None where another does."""
        with self._opened() as file:
            place = self._index.left.get(digest)
            if place is None or digest in self._handed:
                return None
            line = _line_at(file, place)
            self._handed.add(digest)
            return KeptOutcome(
                line.action, self._dues.get(digest, at_once), line.is_new
            )

    def _renew(self) -> None:
        """Start afresh in the child of a fork: its parent's lock is not its own."""
        self._lock = threading.RLock()
        if self._file is not None:
            with suppress(OSError):
                os.close(self._file)
        self._file = None
        self._dues, self._handed = {}, set()
        self._unwritten = KeptOutcomes()


def _open(path: Path) -> int:
    is_new = not path.exists()
    file = os.open(path, _FLAGS | os.O_APPEND | os.O_CREAT, _MODE)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "a journal must be a regular file", str(path))
    if is_new:
        _sync_folder(path.parent)
    return file


def _line_at(file: int, place: Place) -> KeptLine:
    with open(file, "rb", closefd=False) as stream:
        stream.seek(place.start)
        line = parsed(stream.read(place.size))
    assert isinstance(line, KeptLine)
    return line


def _is_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.stat(follow_symlinks=False), os.fstat(file))
    except FileNotFoundError:
        return False


def _give_as_it_was(file: int, was: os.stat_result) -> None:
    """Let the service read on after an operator, as root, has replayed its file."""
    if hasattr(os, "fchown"):
        os.fchmod(file, stat.S_IMODE(was.st_mode))
        with suppress(PermissionError):
            os.fchown(file, was.st_uid, was.st_gid)


def _sync_folder(folder: Path) -> None:
    """Let a new name survive the machine, where a folder can be synced."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _renew_in_children(journal: FileJournal) -> None:
    reference = weakref.ref(journal)

    def renew() -> None:
        found = reference()
        if found is not None:
            found._renew()  # noqa: SLF001  # of this module

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=renew)


_: type[OutcomeJournal] = FileJournal
