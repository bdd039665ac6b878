"""Read a stacktrace given as text: its frames, its types, and what may be a message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Literal, NamedTuple

import attrs

CAUSE = "The above exception was the direct cause of the following exception:"
CONTEXT = "During handling of the above exception, another exception occurred:"
HEADER = "Traceback (most recent call last):"
GROUP_HEADER = f"Exception Group {HEADER}"
CUT_MARK = "  [… cut …]"

_MARGIN = re.compile(r"(?: *[|+] )*")
_BEGINS_WITH_MARGIN = re.compile(r"\n *[|+] ")
_FRAME = re.compile(r'[ \t]*File "(.*)", line ([0-9]{1,9}), in (.*)')
_MARK = re.compile(
    r" *(?:\[(?:… (?:[0-9]+ frames|earlier exceptions) left out …"
    r"|Previous line repeated [0-9]+ more times?)\]"
    r"|and [0-9]+ more exceptions?|\.\.\. \(max_group_depth is [0-9]+\))"
)
_BORDER = re.compile(r" *(?:\+-)?\+-+(?: (?:[0-9]+(?: of [0-9]+)?|\.\.\.) -+)?")
_TYPE = re.compile(r"([^\W\d][\w.<>]*)(?::\s.*|:?)")
_CERTAINLY_A_TYPE = re.compile(
    r".*(?:Error|Exception|Group|Warning|Interrupt|Exit|Iteration)"
)
_LIBRARY = re.compile(
    r"<frozen |/lib(?:64)?/(?:python|pypy)3[0-9.]*t?/|\\Lib\\|python3[0-9]+\.zip[/\\]"
)
_INSTALLED = re.compile(r"[/\\](?:site|dist)-packages[/\\]")


@attrs.frozen
class Frame:
    """
    A place in a stacktrace: a call that was under way, or what failed.

    `path` is as the text shows it, `function` without its class, `source` the line
    without its indentation, empty where none is shown.
    """

    path: str
    line: int
    function: str
    source: str = ""


Kind = Literal[
    "header", "frame", "source", "mark", "type", "link", "border", "cut", "other"
]
"""What a line is; a mark tells what is left out, a border begins or ends a member."""

_State = Literal["start", "headed", "frames", "message", "opened", "cut"]

_AFTER: dict[Kind, _State] = {
    "header": "headed",
    "frame": "frames",
    "type": "message",
    "link": "opened",
    "border": "opened",
    "cut": "cut",
}
_FRAMES_FOLLOW = ("start", "headed", "frames", "cut")
_A_TYPE_FOLLOWS = ("start", "headed", "frames", "opened")


class Line(NamedTuple):
    """A line of a stacktrace: the margin of a group's member, what it is, the rest."""

    margin: str
    kind: Kind
    text: str


def lines_of(stacktrace: str) -> Iterator[Line]:
    """
    Tell of each line what it is, in linear time.

    A message may look like anything: frames count only where a header, the beginning
    or a cut is above them, and in doubt a line is `other`.
    """
    reader = _Reader()
    return map(reader.read, stacktrace.split("\n"))


class _Reader:
    def __init__(self) -> None:
        self._state: _State = "start"
        self._margin = ""
        self._source: str | None = None

    def read(self, line: str) -> Line:
        indent, self._source = self._source, None
        if indent is not None and line.startswith(indent):
            return Line(self._margin, "source", line[len(self._margin) :])
        text = self._without_margin(line)
        kind = self._kind(text)
        if kind == "frame":
            self._source = line[: line.index("File")] + " "
        self._state = _AFTER.get(kind) or self._after_other(kind, text)
        return Line(self._margin, kind, text)

    def _without_margin(self, line: str) -> str:
        found = _MARGIN.match(line)
        margin = found[0] if found else ""
        text = line[len(margin) :]
        if (
            self._state == "message"
            and line.startswith(self._margin)
            and text not in (HEADER, GROUP_HEADER, CAUSE, CONTEXT)
        ):
            return line[len(self._margin) :]  # a message may have margins of its own
        self._margin = margin
        return text

    def _kind(self, text: str) -> Kind:
        if text in (HEADER, GROUP_HEADER):
            return "header"
        if text in (CAUSE, CONTEXT):
            return "link"
        if text == CUT_MARK:
            return "cut"
        if _BORDER.fullmatch(text):
            return "border"
        if self._state in _FRAMES_FOLLOW and _FRAME.fullmatch(text):
            return "frame"
        if self._state != "message" and _MARK.fullmatch(text):
            return "mark"
        return "type" if self._is_type(text) else "other"

    def _is_type(self, text: str) -> bool:
        found = _TYPE.fullmatch(text)
        if found is None:
            return False
        if self._state == "frames" and "." in found[1]:
            return True
        return self._state in _A_TYPE_FOLLOWS and bool(
            _CERTAINLY_A_TYPE.fullmatch(found[1])
        )

    def _after_other(self, kind: Kind, text: str) -> _State:
        state = self._state
        if kind != "other" or not text.strip():
            return state
        if state == "start" and text.startswith("Traceback"):
            return "headed"
        is_beside_frames = state in ("frames", "cut") and text[0] in " \t"
        return state if is_beside_frames else "message"


def name_in(text: str) -> str:
    """Return the type that a line of kind `type` names, without the message."""
    return text.partition(":")[0]


def frames_in(stacktrace: str) -> Iterator[Frame]:
    """Return the frames that a stacktrace shows, in the order of the text."""
    frame: Frame | None = None
    for line in lines_of(f"{stacktrace}\n"):
        if frame is not None:
            is_source = line.kind == "source"
            yield attrs.evolve(frame, source=line.text.strip()) if is_source else frame
        frame = frame_of(line)


def frame_of(line: Line) -> Frame | None:
    """Return the frame that a line shows, without its source."""
    found = _FRAME.fullmatch(line.text) if line.kind == "frame" else None
    return found and Frame(found[1], int(found[2]), found[3].strip())


def is_library(path: str) -> bool:
    """Tell by its path whether a file belongs to the standard library."""
    return bool(_LIBRARY.search(path)) and not _INSTALLED.search(path)


def is_installed(path: str) -> bool:
    """Tell by its path whether a file belongs to an installed package."""
    return bool(_INSTALLED.search(path))


def is_in(package: str, path: str) -> bool:
    r"""
    Tell whether a file lies in a package, wherever that is installed.

    >>> is_in("host.mail", r"C:\app\host\mail\smtp.py")
    True
    """
    *folders, file = re.split(r"[/\\]", path)
    parts, names = [*folders, file.partition(".")[0]], package.split(".")
    return any(
        parts[start : start + len(names)] == names
        for start in range(len(parts) - len(names) + 1)
    )


def without_messages(stacktrace: str) -> str:
    """Return frames, sources, types and structure of a stacktrace; in doubt nothing."""
    kept: list[str] = []
    for line in lines_of(stacktrace):
        if line.kind == "type":
            kept.append(line.margin + name_in(line.text))
        elif line.kind == "link":
            kept += [line.margin, line.margin + line.text, line.margin]
        elif line.kind != "other":
            kept.append(line.margin + line.text)
    return "".join(f"{line}\n" for line in kept)


def rewritten(stacktrace: str, write: Callable[[str], str]) -> str:
    """Return a stacktrace whose blocks were written anew, each without its margin."""
    if not _BEGINS_WITH_MARGIN.search(f"\n{stacktrace}"):
        return write(stacktrace)
    written: list[str] = []
    for margin, block in groupby(lines_of(stacktrace), lambda line: line.margin):
        text = write("\n".join(line.text for line in block))
        written.append(margin + text.replace("\n", f"\n{margin}"))
    return "\n".join(written)
