"""The tables of a report: one kind of result, one kind of table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from benchmarks.contest import Result
from benchmarks.goals import DEEPEST_PAGE, FIRST_PAGE, OURS, PYTHON
from benchmarks.measuring import Spread, ratio
from benchmarks.wording import duration, megabytes, spaced, told

NONE = "—"
SHAPES_TITLE = "Ways to ask that explain a figure"
OWN_COLUMNS = (
    *(OURS, "ours, host's engine", "ours, joined", "ours, in memory"),
    *("SQLAlchemy ORM", "Django", "+ simple-history", "+ auditlog"),
    *("eventsourcing", "celery-results"),
)
BESIDE_PAGES = ("ours, host's engine", "ours, joined", "ours, in memory")
"""In the main table only: they ask a page as our own engine does."""


def of_database(results: Sequence[Result], section: str) -> str:
    """Return the tables of one database, empty if it has none."""
    results = [one for one in results if one.section == section]
    if not results:
        return ""
    parts = [f"## {section}\n", _main(results), *_page(results)]
    parts += [_shapes(results)]
    parts += [_TABLES[one.kind](one) for one in results if one.kind in _TABLES]
    return "\n".join(part for part in parts if part)


def _main(results: Sequence[Result]) -> str:
    main = [one for one in results if one.kind == "main"]
    names = [name for name in OWN_COLUMNS if any(name in one.times for one in main)]
    head = ("work", "floor", *names)
    rows = []
    for one in main:
        floor = duration(Spread.of(one.times["floor"]).median)
        cells = [_cell(one, name) for name in names]
        rows.append((f"{one.work}: {one.title}", floor, *cells))
    return table(head, rows) if rows else ""


def _cell(result: Result, name: str) -> str:
    if name not in result.times:
        return NONE
    return told(ratio(result.times, name, "floor"))


def _shapes(results: Sequence[Result]) -> str:
    rows = []
    for one in results:
        others = [name for name in one.times if name not in (*OWN_COLUMNS, "floor")]
        for name in others if one.kind == "main" and not one.statements else ():
            to_ours = told(ratio(one.times, name, OURS))
            to_floor = told(ratio(one.times, name, "floor"))
            took = duration(Spread.of(one.times[name]).median)
            rows.append((f"{one.work}: {one.title}", name, took, to_floor, to_ours))
    if not rows:
        return ""
    head = ("work", "asked as", "takes", "to the floor", "to ours")
    return f"{SHAPES_TITLE}:\n\n{table(head, rows)}"


def _growth(result: Result) -> str:
    sizes = sorted({int(name.partition("@")[2]) for name in result.times})
    rows = []
    for size in sizes:
        floor, own = f"floor@{size}", f"{OURS}@{size}"
        rows.append(
            (
                spaced(size),
                duration(Spread.of(result.times[floor]).median),
                duration(Spread.of(result.times[own]).median),
                told(ratio(result.times, own, floor)),
                told(ratio(result.times, own, f"{OURS}@{sizes[0]}")),
            )
        )
    head = ("actions", "floor", OURS, "ours to the floor", "ours to the smallest")
    return f"{result.work}, by size:\n\n{table(head, rows)}"


def _hot(result: Result) -> str:
    rows = [
        (
            name,
            duration(Spread.of(result.times[name]).median),
            duration(Spread.of(result.times[f"{name}, hot"]).median),
            told(ratio(result.times, f"{name}, hot", name)),
        )
        for name in ("floor", OURS)
    ]
    head = ("", "an ordinary one", "the hot one", "ratio")
    return f"{result.work}: {result.title}:\n\n{table(head, rows)}"


def _pages(result: Result) -> str:
    rows = [
        (
            name,
            duration(Spread.of(result.times[f"{name}, {FIRST_PAGE}"]).median),
            duration(Spread.of(result.times[f"{name}, {DEEPEST_PAGE}"]).median),
            told(
                ratio(result.times, f"{name}, {DEEPEST_PAGE}", f"{name}, {FIRST_PAGE}")
            ),
        )
        for name in ("floor", OURS)
    ]
    head = ("", "page 1", "the deepest", "ratio")
    return f"{result.work}: {result.title}:\n\n{table(head, rows)}"


def _rates(result: Result) -> str:
    rows = [
        (
            name,
            f"{spaced(round(1 / Spread.of(times).median))} rows/s",
            duration(Spread.of(times).median),
            told(ratio(result.times, name, next(iter(result.times)))),
        )
        for name, times in result.times.items()
    ]
    head = ("recorded by", "rate", "per row", "ratio")
    return f"{result.work}: {result.title}:\n\n{table(head, rows)}"


def _sizes(result: Result) -> str:
    return f"{result.title}: {Spread.of(result.times['on disk']).median:.0f}\n"


def _peaks(result: Result) -> str:
    rows = [
        (name, megabytes(max(peaks)), megabytes(min(peaks)))
        for name, peaks in result.times.items()
    ]
    head = ("recorded by", "most", "least")
    return f"{result.work}: {result.title}:\n\n{table(head, rows)}"


def _page(results: Sequence[Result]) -> Iterator[str]:
    """Yield how a page of assignments can be asked about, statements counted."""
    rows = []
    for one in results:
        for name, count in one.statements.items():
            if name in BESIDE_PAGES:
                continue
            took = duration(Spread.of(one.times[name]).median)
            to_ours = told(ratio(one.times, name, OURS))
            title = f"{one.work}: {one.title}"
            rows.append((title, name, str(count), took, to_ours))
    if rows:
        head = ("work", "asked as", "statements", "takes", "to ours")
        yield f"A page of 100 assignments, statements counted:\n\n{table(head, rows)}"


def of_capture(results: Sequence[Result]) -> str:
    """Return what capturing a failure costs."""
    rows = []
    for one in results:
        if one.kind == "capture":
            python, *others = one.times
            took = duration(Spread.of(one.times[python]).median)
            ratios = [told(ratio(one.times, name, python)) for name in others]
            rows.append((one.title, took, *ratios))
    if not rows:
        return ""
    head = ("capture", PYTHON, "ours", "ours, redacted")
    return f"## failures\n\n{table(head, rows)}"


def of_memory(results: Sequence[Result]) -> str:
    """Return what recording in memory costs."""
    for one in results:
        if one.kind == "memory":
            base = next(iter(one.times))
            rows = [
                (
                    name,
                    duration(Spread.of(times).median),
                    told(ratio(one.times, name, base)),
                )
                for name, times in one.times.items()
            ]
            return f"## in memory\n\n{table(('record one', 'takes', 'ratio'), rows)}"
    return ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


_TABLES: Mapping[str, Callable[[Result], str]] = MappingProxyType(
    {
        "growth": _growth,
        "hot": _hot,
        "pages": _pages,
        "loading": _rates,
        "size": _sizes,
        "adding": _rates,
        "streamed": _rates,
        "peak": _peaks,
    }
)
