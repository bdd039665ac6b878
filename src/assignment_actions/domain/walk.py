"""Walk along a traceback: the frames to show, and the places that identify it."""

from __future__ import annotations

import linecache
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from types import FrameType, TracebackType

from assignment_actions.domain.cuts import bounded_source, on_one_line
from assignment_actions.domain.fingerprint import (
    LIBRARY,
    RECURSION,
    at_both_ends,
    file_name,
    identity,
)
from assignment_actions.domain.values import TEXT_LIMIT

FRAMES_FIRST, FRAMES_LAST, REPEATED = 12, 36, 3
SOURCE_LIMIT = 256
PATH_LIMIT = 512

_OWN_FRAMES = "assignment_actions.domain."


class Files:
    """What is known of the files of one exception tree; nothing is kept after it."""

    def __init__(self) -> None:
        self.heads: dict[str, tuple[str, list[str]]] = {}
        self.names: dict[str, str] = {}

    def head(self, frame: FrameType) -> tuple[str, list[str]]:
        """Return how the line of a frame begins, and the source of its file."""
        path = frame.f_code.co_filename
        head = f'  File "{on_one_line(path, PATH_LIMIT)}", line '
        self.heads[path] = found = (head, _source(frame))
        return found

    def name(self, frame: FrameType) -> str:
        """Return what names the file of a frame in fingerprints."""
        path = frame.f_code.co_filename
        self.names[path] = found = file_name(path, _module(frame))
        return found


class Walk:
    """The frames of one traceback, those of the recorder around them left out."""

    def __init__(self, traceback: TracebackType | None, files: Files) -> None:
        self._files = files
        self._steps = _steps(traceback)
        self._codes = [id(step.tb_frame.f_code) for step in self._steps]
        # each code once, in the order in which it was first entered
        self._entered = dict(zip(self._codes, self._steps, strict=True))

    def lines(self) -> tuple[list[str], bool]:
        """Return the frames to show, with their sources; was one left out?"""
        heads = self._files.heads
        shown, is_cut = self._shown()
        lines: list[str] = []
        for step in shown:  # calls as little as it can: this is most of a capture
            if isinstance(step, str):
                lines.append(step)
                continue
            frame, number = step.tb_frame, step.tb_lineno or 0
            code = frame.f_code
            head, source = heads.get(code.co_filename) or self._files.head(frame)
            name = code.co_name
            if len(name) > TEXT_LIMIT or "\n" in name:
                name = on_one_line(name, TEXT_LIMIT)
            line = source[number - 1].strip() if 0 < number <= len(source) else ""
            if len(line) > SOURCE_LIMIT:
                line = bounded_source(line, SOURCE_LIMIT)[0]
            place = f"{head}{number}, in {name}"
            lines.append(f"{place}\n    {line}" if line else place)
        return lines, is_cut

    def _shown(self) -> tuple[Sequence[TracebackType | str], bool]:
        """Return both ends; of what repeats itself three times and their number."""
        steps = self._steps
        first: Iterable[TracebackType | str]
        last: Iterable[TracebackType | str]
        if len(self._entered) == len(steps):
            first, last = steps[:FRAMES_FIRST], steps[FRAMES_FIRST:][-FRAMES_LAST:]
            left_out = max(0, len(steps) - FRAMES_FIRST - FRAMES_LAST)
        else:
            lines = [step.tb_lineno for step in steps]
            keys = [*zip(self._codes, lines, strict=True)]
            outer = _runs(keys, FRAMES_FIRST)
            inner = _runs(reversed(keys[sum(outer) :]), FRAMES_LAST)[::-1]
            left_out = len(steps) - sum(outer) - sum(inner)
            first = _repeated(steps, outer)
            last = _repeated(steps[sum(outer) + left_out :], inner)
        gap = [f"  [… {left_out} frames left out …]"] if left_out else []
        return [*first, *gap, *last], left_out > 0

    def identity(self, name: str) -> str:
        """Return what identifies an exception of this type that came this way."""
        names = self._files.names
        steps = self._steps if name == RECURSION else [*self._entered.values()]
        places: list[str] = []
        for step in at_both_ends(steps):
            frame = step.tb_frame
            code = frame.f_code
            file = names.get(code.co_filename) or self._files.name(frame)
            places.append(f"{file}:{code.co_qualname}")
        return identity(name, places, self._failing_line())

    def _failing_line(self) -> str:
        """Return the line of the innermost frame that is not the library's."""
        if not self._steps:
            return ""
        failing = next(filter(self._is_own, reversed(self._steps)), self._steps[-1])
        frame, number = failing.tb_frame, failing.tb_lineno or 0
        path = frame.f_code.co_filename
        source = (self._files.heads.get(path) or self._files.head(frame))[1]
        return source[number - 1] if 0 < number <= len(source) else ""

    def _is_own(self, step: TracebackType) -> bool:
        frame = step.tb_frame
        name = self._files.names.get(frame.f_code.co_filename)
        return not (name or self._files.name(frame)).startswith(LIBRARY)


def _runs(keys: Iterable[object], limit: int) -> list[int]:
    """Return the lengths of the first runs of equal keys, enough to show `limit`."""
    lengths: list[int] = []
    for _, run in groupby(keys):
        lengths.append(len([*run]))
        limit -= min(lengths[-1], REPEATED)
        if limit <= 0:
            break
    return lengths


def _repeated(
    steps: Sequence[TracebackType], lengths: Iterable[int]
) -> Iterator[TracebackType | str]:
    """Return the first of each run, and as Python does how many more there are."""
    start = 0
    for length in lengths:
        yield from steps[start : start + min(length, REPEATED)]
        start += length
        if length > REPEATED:
            more = length - REPEATED
            times = "times" if more > 1 else "time"
            yield f"  [Previous line repeated {more} more {times}]"


def _steps(traceback: TracebackType | None) -> list[TracebackType]:
    steps: list[TracebackType] = []
    while traceback is not None:
        steps.append(traceback)
        traceback = traceback.tb_next
    for start, step in enumerate(steps):
        if not _module(step.tb_frame).startswith(_OWN_FRAMES):
            return steps[start:] if start else steps
    return steps


def _module(frame: FrameType) -> str:
    name = frame.f_globals.get("__name__")
    if name == "__main__":  # `python -m` keeps the module's own name elsewhere
        name = getattr(frame.f_globals.get("__spec__"), "name", name)
    return name if isinstance(name, str) else ""


def _source(frame: FrameType) -> list[str]:
    try:
        return linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    except Exception:  # noqa: BLE001  # a loader's get_source may raise anything
        return []
