"""A way to a server that can lose an answer: the statement is done, nobody says so."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import URL

CHUNK = 65_536


class LossyProxy:
    """
    Forward what is said to a server and what it answers, on a port of this machine.

    `lose_next_answer` lets the next request through; when it is answered, the
    connection is closed instead.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._is_armed = threading.Event()
        self._is_asked = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def lose_next_answer(self) -> None:
        """Arm the proxy, once."""
        self._is_armed.set()

    @property
    def is_armed(self) -> bool:
        """Tell whether no answer has been lost yet."""
        return self._is_armed.is_set()

    def close(self) -> None:
        """Accept nobody any more."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            for ends in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._forward, args=ends, daemon=True).start()

    def _forward(
        self,
        source: socket.socket,
        target: socket.socket,
        is_request: bool,  # noqa: FBT001  # which way
    ) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                if is_request and self._is_armed.is_set():
                    self._is_asked.set()
                elif not is_request and self._is_asked.is_set():
                    self._is_armed.clear()
                    self._is_asked.clear()
                    break
                target.sendall(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextmanager
def lossy(url: URL) -> Iterator[tuple[LossyProxy, URL]]:
    """Yield a proxy before a server, and the URL that leads through it."""
    assert url.host is not None
    assert url.port is not None
    proxy = LossyProxy(url.host, url.port)
    try:
        yield proxy, url.set(host="127.0.0.1", port=proxy.port)
    finally:
        proxy.close()
