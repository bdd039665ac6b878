"""Numbers for people."""

from __future__ import annotations

from benchmarks.measuring import Spread


def spaced(number: int) -> str:
    """Return a number with its thousands apart."""
    return f"{number:,}".replace(",", " ")


def told(spread: Spread) -> str:
    """Return a ratio with its quartiles."""
    return f"{_ratio(spread.median)} ({_ratio(spread.low)} … {_ratio(spread.high)})"


def duration(seconds: float) -> str:
    """Return a time in a fitting unit."""
    micros = seconds * 1e6
    if micros < 10:
        return f"{micros:.1f} µs"
    return f"{micros:.0f} µs" if micros < 1000 else f"{micros / 1000:.2f} ms"


def megabytes(size: float) -> str:
    """Return bytes as megabytes."""
    return f"{size / 1e6:.1f} MB"


def _ratio(value: float) -> str:
    if value < 0.1:
        return f"{value:.4f}"
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"
