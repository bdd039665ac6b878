"""The worker in a process of its own: it is stopped in the middle, and run again."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import attrs
import pytest

from assignment_actions import Action, ActionFilter, ActionHistory
from assignment_actions.adapters.sql import SqlActionRepository
from examples.asyncio_worker.worker import TASKS
from examples.mail_gateway import MailGateway, open_gateway

ROOT = Path(__file__).parent.parent.parent
JOBS = 20


@attrs.frozen(kw_only=True)
class Worker:
    """Start workers that share a database file and a list of jobs."""

    folder: Path
    mail_url: str
    jobs: list[UUID]

    @property
    def file(self) -> Path:
        """Return the database file."""
        return self.folder / "actions.sqlite3"

    def start(self) -> subprocess.Popen[str]:
        """Start a worker."""
        path = self.folder / "jobs.txt"
        path.write_text("".join(f"{job}\n" for job in self.jobs), "utf-8")
        return subprocess.Popen(  # noqa: S603  # our own command
            [sys.executable, "-m", "examples.asyncio_worker.worker", str(path)],
            cwd=ROOT,
            env={
                "DATABASE_URL": f"sqlite+aiosqlite:///{self.file}",
                "MAIL_URL": self.mail_url,
                "PYTHONWARNINGS": "error",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self) -> list[str]:
        """Run a worker to its end; return what it printed."""
        return printed(self.start())

    def recorded(self) -> list[Action]:
        """Return all actions, newest first."""
        repository = SqlActionRepository.from_url(f"sqlite:///{self.file}")
        try:
            return list(ActionHistory(repository).iterate(ActionFilter()))
        finally:
            repository.close()

    def statuses(self) -> Counter[str]:
        """Return how many actions have each status."""
        return Counter(str(action.status) for action in self.recorded())


@pytest.fixture
def gateway() -> Iterator[MailGateway]:
    """Return a mail provider that takes every message."""
    with open_gateway() as opened:
        yield opened


@pytest.fixture
def worker(tmp_path: Path, gateway: MailGateway) -> Worker:
    """Return a worker with 20 jobs, which sends its mail to the gateway."""
    jobs = [uuid4() for _ in range(JOBS)]
    return Worker(folder=tmp_path, mail_url=gateway.url, jobs=jobs)


def printed(process: subprocess.Popen[str]) -> list[str]:
    """Wait for a worker; it must end well and warn of nothing."""
    output, errors = process.communicate(timeout=60)
    assert (0, "") == (process.returncode, errors)
    return output.splitlines()


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "waited for a minute"
        time.sleep(0.01)


class TestWorker:
    """Each job is done once."""

    def test_all(self, worker: Worker, gateway: MailGateway) -> None:
        """Every job is done; run again, none is done again."""
        lines = worker.run()
        assert "settled: 0 had happened, 0 had not, 0 are unknown" == lines[0]
        assert sorted(f"{job} done" for job in worker.jobs) == sorted(lines[1:])
        again = worker.run()
        assert sorted(
            f"{job} was done before, or is under way" for job in worker.jobs
        ) == (sorted(again[1:]))
        assert JOBS == len(gateway.taken) == len(set(gateway.taken))

    @pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
    def test_stopped(
        self, worker: Worker, gateway: MailGateway, stop: signal.Signals
    ) -> None:
        """Stopped in the middle: unknown, then asked about; nothing is done twice."""
        gateway.may_answer.clear()
        process = worker.start()
        until(lambda: len(gateway.taken) == TASKS)
        process.send_signal(stop)
        assert "stopped" == printed(process)[-1]
        assert {"unknown": TASKS} == worker.statuses()
        lost = gateway.taken.pop()  # as if it had never arrived
        gateway.may_answer.set()
        lines = worker.run()
        assert f"settled: {TASKS - 1} had happened, 1 had not" in lines[0]
        assert TASKS - 1 == sum("was done before" in line for line in lines)
        assert {"succeeded": JOBS, "failed": 1} == worker.statuses()
        assert 1 == gateway.taken.count(lost)
        assert JOBS == len(gateway.taken) == len(set(gateway.taken))

    def test_nobody_can_tell(self, worker: Worker, gateway: MailGateway) -> None:
        """While the provider cannot be asked, nothing is done twice by guessing."""
        gateway.may_answer.clear()
        process = worker.start()
        until(lambda: len(gateway.taken) == TASKS)
        process.send_signal(signal.SIGTERM)
        printed(process)
        gateway.may_answer.set()
        gateway.is_full = True
        output, logged = worker.start().communicate(timeout=60)
        assert TASKS == logged.count("the probe failed for action")
        lines = output.splitlines()
        assert f"settled: 0 had happened, 0 had not, {TASKS} are unknown" == lines[0]
        assert TASKS == sum(line.endswith("left alone") for line in lines)
        assert JOBS - TASKS == sum(line.endswith("HTTPStatusError") for line in lines)
        assert {"unknown": TASKS, "failed": JOBS - TASKS} == worker.statuses()
        gateway.is_full = False
        worker.run()
        assert JOBS == worker.statuses()["succeeded"]
        assert JOBS == len(gateway.taken) == len(set(gateway.taken))

    def test_refused(self, worker: Worker, gateway: MailGateway) -> None:
        """What the provider refuses has failed, and is tried again by the next run."""
        gateway.is_full = True
        lines = worker.run()
        assert JOBS == sum(line.endswith("failed: HTTPStatusError") for line in lines)
        assert {"failed": JOBS} == worker.statuses()
        gateway.is_full = False
        worker.run()
        assert {"failed": JOBS, "succeeded": JOBS} == worker.statuses()
