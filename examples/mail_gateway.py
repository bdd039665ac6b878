"""
A stand-in for a mail provider, for the examples and their tests; loopback only.

`POST /messages` takes a message, `GET /messages/{id}` tells whether it was taken: 200
or 404. Run: python -m examples.mail_gateway
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 8025


class MailGateway(ThreadingHTTPServer):
    """
    Take messages, each under an id of its sender's choice.

    `taken` are the ids in order, twice what came twice. While `is_full` it answers
    nothing but 503. While `may_answer` is not set it takes messages, and its answers
    wait.
    """

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.taken: list[str] = []
        self.is_full = False
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.has_taken = threading.Event()

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: MailGateway

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        gateway = self.server
        if gateway.is_full:
            self._answer(503)
            return
        gateway.taken.append(message["id"])
        gateway.has_taken.set()
        gateway.may_answer.wait(60)
        self._answer(202)

    def do_GET(self) -> None:
        gateway, wanted = self.server, self.path.rpartition("/")[2]
        if gateway.is_full:
            self._answer(503)
        else:
            self._answer(200 if wanted in gateway.taken else 404)

    def _answer(self, status: int) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
        except ConnectionError:
            pass  # who asked went away

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def open_gateway() -> Iterator[MailGateway]:
    """Run a gateway on a free port, in a thread of its own."""
    with MailGateway() as gateway:
        thread = threading.Thread(target=gateway.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield gateway
        finally:
            gateway.may_answer.set()
            gateway.shutdown()
            thread.join()


if __name__ == "__main__":
    with MailGateway(PORT) as own:
        print(f"takes every message at {own.url}/messages; Ctrl-C ends it")
        own.serve_forever()
