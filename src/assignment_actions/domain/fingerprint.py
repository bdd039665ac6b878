"""
Name the kind of a failure: equal for one fault, different for different faults.

Types and places count, and the line of source that failed. Messages, line numbers,
literals, addresses, machine paths, the standard library, the depth of a recursion and
the number of equal members of a group do not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import TypeVar

import attrs

from assignment_actions.domain.frames import (
    Frame,
    frame_of,
    is_library,
    lines_of,
    name_in,
)

T = TypeVar("T")

LIBRARY = "~"
RECURSION = "RecursionError"
PLACES_FIRST, PLACES_LAST = 32, 96
SOURCE_READ = 1024

# What a line of source loses: strings, numbers and addresses, comments, blanks.
_ACCIDENTAL = re.compile(
    r"(?:\b[rbuftRBUFT]{1,2})?(?:\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?)"
    r"|\b[0-9][\w.]*|#.*|\s+"
)
_NUMBERS = re.compile(r"0x[0-9a-fA-F]+|[0-9]+")
_INLINED = re.compile(r"<(?:list|set|dict)comp>\.")


def fingerprint_of(parts: Iterable[str]) -> str:
    """Return a short, versioned hash of what identifies a kind of failure."""
    digest = blake2b("\0".join(parts).encode(errors="backslashreplace"), digest_size=12)
    return f"2-{digest.hexdigest()}"


def file_name(path: str, module: str = "") -> str:
    r"""
    Return what names a file on every machine; the library's begin with `LIBRARY`.

    >>> file_name("/srv/host/mail/tasks.py", "host.mail.tasks")
    'host.mail/tasks.py'
    >>> file_name(r"C:\Python311\Lib\smtplib.py")
    '~smtplib.py'
    """
    if path.startswith("<"):
        path = _NUMBERS.sub("", path)
        return f"{LIBRARY}{path}" if is_library(path) else path
    file = path.replace("\\", "/").rpartition("/")[2]
    if is_library(path):
        return f"{LIBRARY}{file}"
    package, _, name = module.rpartition(".")
    return f"{package}/{file}" if package and file.startswith(f"{name}.") else file


def identity(name: str, places: Sequence[str], source: str) -> str:
    """
    Return what identifies one exception.

    Args:
        name: its qualified type.
        places: `file_name:function` of its frames, the innermost last.
        source: the line of the innermost frame that is not the library's.
    """
    text = "\n".join(dict.fromkeys(places))
    is_recursion = name == RECURSION
    if is_recursion or LIBRARY in text or "comp>" in text:
        text = "\n".join(dict.fromkeys(_telling(places, is_recursion=is_recursion)))
    line = "" if is_recursion else _ACCIDENTAL.sub("", source[:SOURCE_READ])
    return f"{name}\n{text}\n{line}"


def _telling(places: Sequence[str], *, is_recursion: bool) -> Iterator[str]:
    """Leave out the library, and the frames that Python 3.12 has no more."""
    own = [place for place in places if not place.startswith(LIBRARY)] or places
    if is_recursion:  # where it ends is chance, what recurs is the fault
        own = sorted(place for place, n in Counter(own).items() if n > 1) or own
    for place in own:
        if not place.endswith("comp>"):
            yield _INLINED.sub("", place)


def at_both_ends(items: Sequence[T]) -> Sequence[T]:
    """Return at most `PLACES_FIRST` outer and `PLACES_LAST` inner items."""
    if len(items) <= PLACES_FIRST + PLACES_LAST:
        return items
    return [*items[:PLACES_FIRST], *items[-PLACES_LAST:]]


def identity_of_group(name: str, members: Iterable[str]) -> str:
    """Return what identifies a group: each kind of member once, in whatever order."""
    return "\n+ ".join((name, *sorted(set(members))))


def fingerprint_of_text(reason: str, exception_type: str, stacktrace: str) -> str:
    """
    Return the fingerprint of a stacktrace given as text, by the same rules.

    A text tells neither modules nor classes of functions, so that it differs from the
    fingerprint of the exception itself.
    """
    chain: dict[str, None] = {}
    members: set[str] = set()
    for margin, name, frames in _exceptions_in(stacktrace):
        found = _identity_of_text(name, frames)
        if margin:
            members.add(found)
        else:
            chain[found] = None
    whole = identity_of_group("", members)
    return fingerprint_of((str(reason), exception_type, *chain, whole))


def _exceptions_in(stacktrace: str) -> Iterator[tuple[str, str, list[Frame]]]:
    """Return the margin, the type and the frames of each exception in a text."""
    frames: list[Frame] = []
    margin = ""
    for line in lines_of(stacktrace):
        frame = frame_of(line)
        if frame is not None:
            frames.append(frame)
            margin = line.margin
        elif line.kind == "source":
            frames[-1] = attrs.evolve(frames[-1], source=line.text)
        elif line.kind == "type":
            yield line.margin, name_in(line.text), frames
            frames = []
    if frames:
        yield margin, "", frames


def _identity_of_text(name: str, frames: Sequence[Frame]) -> str:
    own = [frame for frame in frames if not is_library(frame.path)] or frames
    places = [f"{file_name(frame.path)}:{frame.function}" for frame in frames]
    return identity(name, places, own[-1].source if own else "")
