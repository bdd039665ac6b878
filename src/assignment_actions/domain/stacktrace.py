"""Write an exception down: chain, notes, groups and frames, never a local variable."""

from __future__ import annotations

import linecache
from collections import deque
from collections.abc import Iterator
from hashlib import blake2b
from types import TracebackType
from typing import TYPE_CHECKING

import attrs

from assignment_actions.domain.values import storable

if TYPE_CHECKING:
    from collections.abc import Iterable

MESSAGE_LIMIT = 4 * 1024
STACKTRACE_LIMIT = 32 * 1024

FRAMES_FIRST, FRAMES_LAST = 12, 36
NOTES, MEMBERS, DEPTH, EXCEPTIONS = 16, 32, 12, 64
SOURCE_LIMIT = 256
WORD_LIMIT = 1024

_OWN_FRAMES = "assignment_actions.domain."
_CAUSE = (
    "\nThe above exception was the direct cause of the following exception:\n",
    "\nDuring handling of the above exception, another exception occurred:\n",
)


def type_name(exception: BaseException) -> str:
    """Return the qualified name of an exception's type, without `builtins`."""
    kind = type(exception)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def message_of(exception: BaseException) -> str:
    """Return `str(exception)`, or a placeholder where that raises."""
    try:
        return str.__str__(str(exception))
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  # a host's __str__ may raise anything
        return f"<unprintable {type(exception).__qualname__} object>"


def cut_end(text: str, limit: int) -> tuple[str, bool]:
    """Return the beginning of a text in at most `limit` UTF-8 bytes; was it cut?"""
    if len(text) * 4 <= limit:
        return text, False
    data = text[: limit + 1].encode()
    if len(data) <= limit and len(text) <= limit:
        return text, False
    mark = "… [cut]"
    room = max(0, limit - len(mark.encode()))
    kept = data[:room].decode(errors="ignore")
    return _whole_words(kept) + mark, True


def cut_middle(text: str, limit: int) -> tuple[str, bool]:
    """Return both ends of a text in at most `limit` UTF-8 bytes; was it cut?"""
    if len(text) * 4 <= limit:
        return text, False
    data = text.encode()
    if len(data) <= limit:
        return text, False
    mark = "\n  [… cut …]\n"
    room = max(0, limit - len(mark.encode()))
    head = data[: room // 3].decode(errors="ignore")
    tail = data[len(data) - (room - room // 3) :].decode(errors="ignore")
    line = tail.find("\n", 0, 4 * WORD_LIMIT) + 1
    tail = tail[line:] if line else _whole_words(tail[::-1])[::-1]
    return _whole_words(head) + mark + tail, True


def _whole_words(text: str) -> str:
    """Drop the last, possibly halved word: half a secret matches no rule."""
    return text[: max(text.rfind(" "), text.rfind("\n"), len(text) - WORD_LIMIT, 0)]


@attrs.define
class Stacktrace:
    """An exception as text, with what identifies its kind."""

    text: str
    is_cut: bool
    signature: tuple[str, ...]


def stacktrace_of(exception: BaseException) -> Stacktrace:
    """
    Return the text of an exception, in the order Python prints it.

    Bounded whatever the exception: per exception 12 outer and 36 inner frames and 16
    notes, 32 members per group, 64 exceptions in all. Frames of the recorder itself
    at the outer end are left out. A cycle of causes is written once.
    """
    writer = _Writer()
    lines = [*writer.chain(exception, depth=0)]
    return Stacktrace("\n".join(lines) + "\n", writer.is_cut, tuple(writer.signature))


def fingerprint_of(parts: Iterable[str]) -> str:
    """Return a short, versioned hash of what identifies a kind of failure."""
    digest = blake2b("\0".join(parts).encode(errors="backslashreplace"), digest_size=12)
    return f"1-{digest.hexdigest()}"


class _Writer:
    """Writes one exception tree; counts what it wrote, and notes what it left out."""

    def __init__(self) -> None:
        self.is_cut = False
        self.signature: list[str] = []
        self._seen: set[int] = set()
        self._written = self._size = 0

    def chain(self, exception: BaseException, *, depth: int) -> Iterator[str]:
        """Write causes and contexts first, the exception itself last."""
        links: list[tuple[BaseException, str]] = []
        current: BaseException | None = exception
        while current is not None and id(current) not in self._seen:
            if self._written >= EXCEPTIONS:
                self.is_cut = True
                break
            self._written += 1
            self._seen.add(id(current))
            is_cause = current.__cause__ is not None
            links.append((current, _CAUSE[0] if is_cause else _CAUSE[1]))
            if is_cause:
                current = current.__cause__
            else:
                current = None if current.__suppress_context__ else current.__context__
        links.reverse()
        for index, (link, _) in enumerate(links):
            yield from self._one(link, depth=depth)
            if index + 1 < len(links):
                yield links[index + 1][1]

    def _one(self, exception: BaseException, *, depth: int) -> Iterator[str]:
        name = type_name(exception)
        self.signature.append(name)
        if exception.__traceback__ is not None:
            yield "Traceback (most recent call last):"
            yield from self._frames(exception.__traceback__)
        message = self._bounded(message_of(exception))
        yield f"{name}: {message}" if message else name
        yield from self._notes(exception)
        if isinstance(exception, BaseExceptionGroup):
            yield from self._members(exception, depth=depth)

    def _notes(self, exception: BaseException) -> Iterator[str]:
        try:
            notes = getattr(exception, "__notes__", None)
        except Exception:  # noqa: BLE001  # a host's property may raise anything
            notes = None
        if not isinstance(notes, (list, tuple)):
            return
        self.is_cut |= len(notes) > NOTES
        for note in notes[:NOTES]:
            text = str.__str__(note) if isinstance(note, str) else repr(type(note))
            yield self._bounded(text)

    def _members(
        self, group: BaseExceptionGroup[BaseException], *, depth: int
    ) -> Iterator[str]:
        members = group.exceptions
        if depth >= DEPTH or len(members) > MEMBERS:
            self.is_cut = True
        own, kinds = self.signature, set[str]()
        for number, member in enumerate(members[:MEMBERS] if depth < DEPTH else (), 1):
            self.signature = []
            yield f"  +---- {number} of {len(members)} ----"
            for text in self.chain(member, depth=depth + 1):
                yield from (f"  | {line}" for line in text.split("\n"))
            kinds.add("\n".join(self.signature))
        # Each kind of member once: more of the same is no other fault.
        self.signature = [*own, *sorted(kinds)]
        yield "  +----"

    def _frames(self, traceback: TracebackType) -> Iterator[str]:
        first: list[TracebackType] = []
        last: deque[TracebackType] = deque(maxlen=FRAMES_LAST)
        total = 0
        current: TracebackType | None = traceback
        while current is not None:
            if total or not _is_own(current):
                (first if total < FRAMES_FIRST else last).append(current)
                total += 1
            current = current.tb_next
        left_out = total - len(first) - len(last)
        for frame in first:
            yield from self._frame(frame)
        if left_out:
            self.is_cut = True
            yield f"  [… {left_out} frames left out …]"
        for frame in last:
            yield from self._frame(frame)

    def _frame(self, traceback: TracebackType) -> Iterator[str]:
        frame, line = traceback.tb_frame, traceback.tb_lineno
        code = frame.f_code
        file = code.co_filename.replace("\\", "/").rpartition("/")[2]
        place = f"{file}:{code.co_name}"
        if self.signature[-1] != place:
            self.signature.append(place)
        yield storable(f'  File "{code.co_filename}", line {line}, in {code.co_name}')
        try:
            source = linecache.getline(code.co_filename, line, frame.f_globals).strip()
        except Exception:  # noqa: BLE001  # a loader's get_source may raise anything
            source = ""
        if source:
            yield f"    {bounded_source(source, SOURCE_LIMIT)[0]}"

    def _bounded(self, text: str) -> str:
        """Bound one message or note; short ones only, once much has been written."""
        limit = MESSAGE_LIMIT if self._size < STACKTRACE_LIMIT else SOURCE_LIMIT
        bounded, is_cut = bounded_source(text, limit)
        self.is_cut |= is_cut
        self._size += len(bounded)
        return bounded


def bounded_source(text: str, limit: int) -> tuple[str, bool]:
    """Return a storable beginning of a text that may still hold secrets."""
    if len(text) <= limit:
        return storable(text), False
    return storable(_whole_words(text[:limit])) + "… [cut]", True


def _is_own(traceback: TracebackType) -> bool:
    name = traceback.tb_frame.f_globals.get("__name__", "")
    return isinstance(name, str) and name.startswith(_OWN_FRAMES)
