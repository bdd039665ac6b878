"""
Whatever comes in: no crash, no hang, nothing unbounded.

A short form runs with the other tests. `make fuzz` goes on for ten minutes, and says
how many inputs were tried; ASSIGNMENT_ACTIONS_FUZZ is the seconds for each target.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from fuzz import inputs
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from assignment_actions import (
    ActionRecorder,
    Failure,
    InMemoryActionRepository,
    StorageError,
)
from assignment_actions.adapters.journal import FileJournal
from assignment_actions.adapters.journal.lines import parsed
from assignment_actions.cli.run import run
from assignment_actions.domain.details import (
    DETAILS_LIMIT,
    as_details,
    canonical_json,
    from_canonical_json,
)
from assignment_actions.domain.filters import Cursor
from assignment_actions.domain.redaction import redact_defaults, redacted_details

SECONDS = float(os.environ.get("ASSIGNMENT_ACTIONS_FUZZ", "0"))
EXAMPLES = 200 if SECONDS else 30
HANG = 20
STATUSES = {*range(5), 64, 66, 69, 70, 73, 75, 130, 141} - {70}  # 70 is a defect

tried: Counter[str] = Counter()


@contextmanager
def watched() -> Iterator[None]:
    """End an input that does not end by itself."""

    def hangs(*_: object) -> None:
        raise AssertionError(f"it has not ended after {HANG} s")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.setitimer(signal.ITIMER_REAL, HANG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fuzz(
    name: str, strategy: SearchStrategy[Any], check: Callable[[Any], None]
) -> None:
    """Try inputs: a few, or as many as there is time for."""
    end, round_ = time.monotonic() + SECONDS, 0
    while round_ == 0 or time.monotonic() < end:

        @seed(round_)
        @settings(
            max_examples=EXAMPLES,
            phases=[Phase.generate, Phase.shrink],
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def attempt(value: Any) -> None:
            tried[name] += 1
            with watched():
                check(value)

        attempt()
        round_ += 1


def storable(text: str) -> bool:
    """Tell whether every store can hold a text."""
    text.encode()
    return "\0" not in text


class TestFuzz:
    def test_capture(self) -> None:
        """Any exception becomes a bounded, storable, picklable failure."""

        def check(error: BaseException) -> None:
            failure = Failure.from_exception(
                inputs.raised(error, len(repr(type(error))) % 70),
                redact=redact_defaults,
            )
            assert len(failure.message.encode()) <= 4 * 1024
            assert len((failure.stacktrace or "").encode()) <= 32 * 1024
            assert len(failure.exception_type) <= 255
            assert storable(failure.message + (failure.stacktrace or ""))
            assert failure == pickle.loads(pickle.dumps(failure))
            assert len(failure.frames()) <= 32 * 1024 / 10
            assert failure.without_messages().message == ""

        fuzz("capture", inputs.exceptions(), check)

    def test_redaction(self) -> None:
        """Any text comes out redacted, no longer than it can be, and only once."""

        def check(text: str) -> None:
            once = redact_defaults(text)
            assert len(once) <= 8 * len(text) + 64
            assert once == redact_defaults(once)

        fuzz("redaction", inputs.texts(), check)

    def test_details(self) -> None:
        """Any object is refused by name, or becomes bounded JSON that comes back."""

        def check(value: object) -> None:
            try:
                details = as_details({"value": value})
            except (TypeError, ValueError):
                return
            text = canonical_json(details)
            assert details == from_canonical_json(text)
            assert len(text.encode()) <= DETAILS_LIMIT
            clean = redacted_details(redact_defaults, details)
            assert len(canonical_json(clean).encode()) <= DETAILS_LIMIT

        fuzz("details", inputs.objects(), check)

    def test_cursors(self) -> None:
        """Any text is a cursor of ours, or a ValueError."""

        def check(text: str) -> None:
            with pytest.raises(ValueError, match="after must be"):
                Cursor.decode(text)

        fuzz("cursors", inputs.texts(), check)

    def test_command_line(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Any command line ends with a status that is documented, never a defect."""
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("ASSIGNMENT_ACTIONS_DB", "sqlite:///fuzz.sqlite3")
        assert run(["schema", "create"]) == 0

        def check(words: list[str]) -> None:
            with Path(os.devnull).open() as nothing:
                monkeypatch.setattr(sys, "stdin", nothing)
                status = run(words)
            said = capsys.readouterr()
            assert status in STATUSES, said.err
            assert len(said.out) + len(said.err) < 100_000
            assert "Traceback" not in said.err

        fuzz("command line", inputs.arguments(), check)

    def test_journal(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """Any file opens as a journal; what cannot be read stays in it."""
        path = tmp_path / "journal"

        def check(content: bytes) -> None:
            caplog.clear()
            path.write_bytes(content)
            journal = FileJournal(path)
            recorder = ActionRecorder(InMemoryActionRepository(), journal=journal)
            journal.holds("secret")
            journal.rewrite(lambda action: action.scrubbed())
            with suppress(
                StorageError, TypeError
            ):  # ids of another kind than the first
                recorder.flush()
            recorder.close()
            assert path.stat().st_size <= 2 * len(content) + 4096

        fuzz("journal", inputs.journals(), check)

    def test_lines(self) -> None:
        """Any bytes are a line of a journal, or a ValueError."""

        def check(content: bytes) -> None:
            for line in content.split(b"\n"):
                with suppress(ValueError):
                    parsed(line)

        fuzz("lines", inputs.journals(), check)


@pytest.fixture(autouse=True, scope="module")
def told(request: pytest.FixtureRequest) -> Iterator[None]:
    """Say at the end how many inputs were tried."""
    yield
    if SECONDS:
        lines = (f"{name:14} {count:>9,} inputs" for name, count in tried.items())
        capture = request.config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            print("", *lines, f"{'in all':14} {tried.total():>9,} inputs", sep="\n")
