"""An import by a process of its own, which tells what it took."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs

from assignment_actions import Action, ActionRecorder, Failure
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.testing import MOMENT, an_action

PER_ASSIGNMENT = 10
FRAMES = "".join(
    f'  File "/srv/app/assignments/step_{at}.py", line {at * 7}, in step_{at}\n'
    f"    return send(message, to=learner.address, attempt={at})\n"
    for at in range(22)
)
STATUS = Path("/proc/self/status")


@attrs.frozen
class Report:
    """What an import stored, and what it took."""

    stored: int
    told: int
    megabytes: float
    seconds: float


def made(count: int, one_fails_in: int) -> Iterator[Action]:
    """Yield actions, of which some failed, each with a stacktrace of 3 KB."""
    for number in range(count):
        yield an_action(
            UUID(int=number // PER_ASSIGNMENT),
            created_at=MOMENT + timedelta(seconds=number),
            details={} if number % 3 else {"channel": "email", "try": number},
            **(succeeded() if number % one_fails_in else failed(number)),
        )


def succeeded() -> dict[str, Any]:
    """Return what makes an action a success."""
    return {"status": "succeeded"}


def failed(number: int) -> dict[str, Any]:
    """Return what makes an action a failure of its own."""
    message = f"connection unexpectedly closed by relay {number}"
    failure = Failure(
        reason="email_error",
        exception_type="smtplib.SMTPServerDisconnected",
        message=message,
        stacktrace=f"Traceback (most recent call last):\n{FRAMES}{message}\n",
        fingerprint=f"{number % 40:032x}",
    )
    return {"status": "failed", "failure": failure}


def imported(url: str, count: int, one_fails_in: int) -> Report:
    """Import so many actions in a fresh process."""
    done = subprocess.run(
        [sys.executable, __file__, url, str(count), str(one_fails_in)],
        check=True,
        capture_output=True,
        text=True,
    )
    return Report(**json.loads(done.stdout))


def peak() -> int:
    """Return the most memory this process ever had, in bytes."""
    lines = STATUS.read_text().splitlines()
    said = next(line for line in lines if line.startswith("VmHWM:"))
    return int(said.split()[1]) * 1024


def main(url: str, count: str, one_fails_in: str) -> None:
    """Import, and print a report."""
    repository = SqlActionRepository.from_url(url, table_prefix="uuid_")
    recorder = ActionRecorder(repository)
    last = made(int(count) + 100, int(one_fails_in))
    first = [next(last) for _ in range(100)]
    recorder.record_many(first)
    told, start, began = 0, peak(), time.perf_counter()

    def tell(stored: int) -> None:
        nonlocal told
        told = stored

    stored = recorder.record_many(last, on_progress=tell)
    seconds = time.perf_counter() - began
    megabytes = (peak() - start) / 1_000_000
    print(json.dumps(attrs.asdict(Report(stored, told, megabytes, seconds))))
    repository.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
