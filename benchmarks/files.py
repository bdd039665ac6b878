"""The report as files: Markdown, every figure as JSON, the plots as SVG."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.plots import Line, colours, drawn
from benchmarks.report import Run, lines_of, markdown
from benchmarks.stores import DATABASES


def write(run: Run, folder: Path) -> list[Path]:
    """Write the report, named by date and mode; return what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{run.date}-{run.plan.mode}"
    plots = list(_plots(run, folder, name))
    report, figures = folder / f"{name}.md", folder / f"{name}.json"
    report.write_text(markdown(run, [one.name for one in plots]), encoding="utf-8")
    figures.write_text(_figures(run), encoding="utf-8")
    return [report, figures, *plots]


def _figures(run: Run) -> str:
    found = {
        "date": run.date,
        "mode": run.plan.mode,
        "machine": dict(run.machine),
        "load": list(run.busy),
        "rounds": run.plan.pace.rounds,
        "size": run.plan.size,
        "results": [
            {
                "section": one.section,
                "kind": one.kind,
                "work": one.work,
                "title": one.title,
                "statements": dict(one.statements),
                "figures": {
                    name: [float(f"{value:.4g}") for value in times]
                    for name, times in one.times.items()
                },
            }
            for one in run.results
        ],
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _plots(run: Run, folder: Path, name: str) -> Sequence[Path]:
    written = []
    growing = {one.work: one.title for one in run.results if one.kind == "growth"}
    for work, title in growing.items():
        path = folder / f"{name}-{work.lower().replace(' ', '-')}.svg"
        path.write_text(drawn(f"{work}: {title}", _lines(run, work)), encoding="utf-8")
        written.append(path)
    return written


def _lines(run: Run, work: str) -> list[Line]:
    points: dict[str, list[tuple[float, float]]] = {}
    for series, size, micros in lines_of(run.results, work):
        points.setdefault(series, []).append((float(size), micros))
    colour = colours(DATABASES)
    return [
        Line(
            series,
            sorted(found),
            colour[series.split(" ")[0]],
            is_dashed=series.endswith("floor"),
        )
        for series, found in points.items()
    ]
