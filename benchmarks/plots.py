"""Lines on two logarithmic axes, as SVG: cost against size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

import attrs

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 420, 80, 210, 48, 56
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
GREY = "#888888"


@attrs.frozen
class Line:
    """Be one series: points (size, microseconds); a floor's is dashed."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: str
    is_dashed: bool = False


@attrs.frozen
class Axis:
    """Map values to pixels, logarithmically, over whole decades."""

    low: int
    high: int
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float) -> Axis:
        """Return the axis that has room for all values."""
        low = math.floor(math.log10(min(values)))
        high = math.ceil(math.log10(max(values)))
        return cls(low, max(high, low + 1), start, end)

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def decades(self) -> Iterator[float]:
        """Yield the values with a label."""
        for exponent in range(self.low, self.high + 1):
            yield 10.0**exponent


def drawn(title: str, lines: Sequence[Line]) -> str:
    """Return the SVG of some lines."""
    points = [point for line in lines for point in line.points]
    x = Axis.over([size for size, _ in points], LEFT, WIDTH - RIGHT)
    y = Axis.over([cost for _, cost in points], HEIGHT - BOTTOM, TOP)
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    font = 'font-family="sans-serif" font-size="12"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(LEFT, TOP - 20, title, "start", "font-size:15px"),
        *_grid(x, y),
        *(part for at, line in enumerate(lines) for part in _line(line, at, x, y)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def colours(names: Sequence[str]) -> Mapping[str, str]:
    """Return a colour for each name."""
    return {name: COLOURS[at % len(COLOURS)] for at, name in enumerate(names)}


def _grid(x: Axis, y: Axis) -> Iterator[str]:
    for size in x.decades():
        at = x.at(size)
        yield _stroke(at, y.start, at, y.end, "#dddddd")
        yield _text(at, y.start + 18, f"{size:,.0f}".replace(",", " "), "middle")
    for cost in y.decades():
        at = y.at(cost)
        yield _stroke(x.start, at, x.end, at, "#dddddd")
        yield _text(x.start - 8, at + 4, _duration(cost), "end")
    yield _text((x.start + x.end) / 2, y.start + 40, "actions stored", "middle")


def _line(line: Line, number: int, x: Axis, y: Axis) -> Iterator[str]:
    path = " ".join(f"{x.at(size):.1f},{y.at(cost):.1f}" for size, cost in line.points)
    dashes = ' stroke-dasharray="6 4"' if line.is_dashed else ""
    stroke = f'stroke="{line.colour}" stroke-width="2"{dashes}'
    yield f'<polyline points="{path}" fill="none" {stroke}/>'
    for size, cost in line.points:
        at = f'cx="{x.at(size):.1f}" cy="{y.at(cost):.1f}"'
        yield f'<circle {at} r="3" fill="{line.colour}"/>'
    top = TOP + 8 + number * 20
    left = WIDTH - RIGHT + 20
    yield (f'<line x1="{left}" y1="{top}" x2="{left + 26}" y2="{top}" {stroke}/>')
    yield _text(left + 34, top + 4, line.name, "start")


def _stroke(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str, style: str = "") -> str:
    at = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {at} style="{style}">{escape(text)}</text>'


def _duration(microseconds: float) -> str:
    if microseconds >= 1_000_000:
        return f"{microseconds / 1_000_000:g} s"
    if microseconds >= 1_000:
        return f"{microseconds / 1_000:g} ms"
    return f"{microseconds:g} µs"
