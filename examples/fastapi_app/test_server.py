"""The application under a real server: as started by hand, and as left by clients."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import httpx
import pytest

from assignment_actions import Action, ActionFilter, ActionHistory
from assignment_actions.adapters.sql import SqlActionRepository
from examples.fastapi_app.assignments import Assignment
from examples.mail_gateway import MailGateway

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@attrs.frozen(kw_only=True)
class Server:
    """Be uvicorn in a process of its own, with a database file."""

    process: subprocess.Popen[bytes]
    log: Path
    database: Path

    @property
    def port(self) -> int:
        """Return where it listens."""
        found = re.search(r"running on http://127\.0\.0\.1:(\d+)", self.logged())
        return int(found[1]) if found else 0

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    def logged(self) -> str:
        """Return what it has said so far."""
        return self.log.read_text("utf-8")

    def recorded(self) -> list[Action]:
        """Return all actions in the database, newest first."""
        repository = SqlActionRepository.from_url(f"sqlite:///{self.database}")
        try:
            return list(ActionHistory(repository).iterate(ActionFilter()))
        finally:
            repository.close()

    def send(self, path: str) -> socket.socket:
        """Begin a request whose answer nobody waits for."""
        client = socket.create_connection(("127.0.0.1", self.port))
        client.sendall(
            f"POST {path} HTTP/1.1\r\nHost: app\r\nContent-Length: 0\r\n\r\n".encode()
        )
        return client


def command(module: str) -> list[str]:
    """Return the command by which the README runs a module."""
    readme = (HERE / "README.md").read_text("utf-8")
    found = re.search(rf"^python (-m {re.escape(module)}.*)$", readme, re.MULTILINE)
    assert found, f"the README does not run {module}"
    return [sys.executable, *found[1].split()]


@pytest.fixture
def environment(tmp_path: Path, gateway: MailGateway) -> dict[str, str]:
    """Return where the application keeps its actions, and whom it asks to send mail."""
    return {
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'actions.sqlite3'}",
        "MAIL_URL": gateway.url,
        "PYTHONWARNINGS": "error",
    }


@pytest.fixture
def server(tmp_path: Path, environment: dict[str, str]) -> Iterator[Server]:
    """Return the application as the README starts it, on a free port."""
    log = tmp_path / "log.txt"
    options = ["--port", "0", "--timeout-graceful-shutdown", "1"]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  # our own command
            [*command("uvicorn"), *options, "--log-level", "trace"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
        )
    one = Server(process=process, log=log, database=tmp_path / "actions.sqlite3")
    try:
        until(lambda: one.port or process.poll() is not None)
        assert one.port, one.logged()
        yield one
    finally:
        process.kill()
        process.wait()


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "waited for a minute"
        time.sleep(0.02)


class TestByHand:
    """As a newcomer starts it."""

    def test_remind_and_look(
        self, server: Server, assignment: Assignment, gateway: MailGateway
    ) -> None:
        """Remind twice, and the pages show it."""
        with httpx.Client(base_url=server.url, trust_env=False) as client:
            path = f"/assignments/{assignment.id}"
            answers = [client.post(f"{path}/reminders") for _ in range(2)]
            assert [201, 409] == [one.status_code for one in answers]
            assert 1 == len(gateway.taken)
            page = client.get("/", follow_redirects=True).text
            assert 100 == page.count('<th role="rowheader" scope="row">')
            assert 1 == page.count('<span class="status succeeded">succeeded</span>')
            assert "Yes, reminded succeeded at " in client.get(path).text
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(60)
        assert "Application shutdown complete." in server.logged()
        assert "Traceback" not in server.logged()

    def test_seed(self, server: Server, environment: dict[str, str]) -> None:
        """What the seed records is on the pages, real stacktraces too; once is all."""
        counts = []
        for _ in range(2):
            done = subprocess.run(  # noqa: S603  # our own command
                command("examples.fastapi_app.seed"),
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )
            assert "100 assignments have a history.\n" == done.stdout
            counts.append(len(server.recorded()))
        assert counts[0] == counts[1] > 300
        with httpx.Client(base_url=server.url, trust_env=False) as client:
            page = client.get("/assignments").text
            assert "nothing yet" not in page
            words = ("failed", "succeeded", "unknown")
            assert set(words) == set(re.findall(r'class="status (\w+)"', page))
            failures = client.get("/failures").text
            found = re.search(r'href="(/assignments/[^"]*)">', failures)
            assert found
            assert "Traceback (most recent call last):" in client.get(found[1]).text


class TestLeft:
    """Clients that go away, and a server that stops, in the middle of a request."""

    def test_plain_request(
        self, server: Server, assignment: Assignment, gateway: MailGateway
    ) -> None:
        """A plain request runs on without its client, and is recorded as it ended."""
        gateway.may_answer.clear()
        client = server.send(f"/assignments/{assignment.id}/reminders")
        assert gateway.has_taken.wait(60)
        client.close()
        until(lambda: "HTTP connection lost" in server.logged())
        gateway.may_answer.set()
        until(lambda: statuses(server) == ["succeeded"])

    def test_stream(self, server: Server, gateway: MailGateway) -> None:
        """A stream is cancelled: of the one under way nobody knows, the rest wait."""
        gateway.may_answer.clear()
        client = server.send("/reminders")
        assert gateway.has_taken.wait(60)
        client.close()
        until(lambda: statuses(server) == ["unknown"])
        gateway.may_answer.set()
        (action,) = server.recorded()
        assert action.failure is not None
        assert "interrupted" == action.failure.reason
        assert 1 == len(gateway.taken)
        answer = httpx.post(
            f"{server.url}/assignments/{action.assignment_id}/reminders",
            trust_env=False,
        )
        assert 409 == answer.status_code

    def test_server_stops(
        self, server: Server, assignment: Assignment, gateway: MailGateway
    ) -> None:
        """A server that stops cancels what takes too long, and nobody knows of it."""
        gateway.may_answer.clear()
        with server.send(f"/assignments/{assignment.id}/reminders"):
            assert gateway.has_taken.wait(60)
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(60)
        assert "Application shutdown complete." in server.logged()
        assert ["unknown"] == statuses(server)


def statuses(server: Server) -> list[str]:
    """Return the status of each action recorded."""
    return [action.status for action in server.recorded()]
