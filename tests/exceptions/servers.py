"""Servers on this machine that answer, refuse, fall silent and break off."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, TCPServer, ThreadingTCPServer
from ssl import SSLContext

HOST = "127.0.0.1"
HANG_UP, SILENCE, RESET = "hang up", "silence", "reset"
"""What a server does instead of replying."""

Talk = Callable[[StreamRequestHandler], object]


@contextmanager
def serving(talk: Talk) -> Iterator[int]:
    """Yield the port of a server that talks so to whoever comes."""

    class Conversation(StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):  # the other side may vanish at any moment
                talk(self)

    with running(_Server((HOST, 0), Conversation)) as port:
        yield port


class _Server(ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def running(server: TCPServer) -> Iterator[int]:
    """Yield the port of a server that runs in a thread."""
    thread = threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True)
    thread.start()
    try:
        yield server.socket.getsockname()[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def behave(peer: StreamRequestHandler, reply: str | bytes) -> bool:
    """Send a reply, or do what stands instead of one; tell whether to go on."""
    if reply == RESET:
        peer.request.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        os.close(peer.request.detach())
    elif reply == SILENCE:
        peer.rfile.read()  # returns when the other side has gone
    elif reply != HANG_UP:
        peer.wfile.write(f"{reply}\r\n".encode() if isinstance(reply, str) else reply)
        peer.wfile.flush()
        return True
    return False


_SMTP = {
    "hello": "220 mail.invalid ready",
    "ehlo": "250 mail.invalid",
    "helo": "250 mail.invalid",
    "mail": "250 OK",
    "rcpt": "250 OK",
    "data": "354 end with a dot",
    "dot": "250 accepted",
    "quit": "221 bye",
}


def smtp(**replies: str) -> Talk:
    """Return a mail server that gives these replies by command, others politely."""
    given: Mapping[str, str] = {**_SMTP, **replies}

    def talk(peer: StreamRequestHandler) -> None:
        goes_on = behave(peer, given["hello"])
        while goes_on and (line := peer.rfile.readline()):
            command = line[:4].strip().decode("ascii", "replace").lower()
            goes_on = behave(peer, given.get(command, "502 not implemented"))
            if goes_on and command == "data" and given["data"].startswith("354"):
                while peer.rfile.readline() not in (b".\r\n", b""):
                    pass
                goes_on = behave(peer, given["dot"])

    return talk


def replying(*replies: str | bytes) -> Talk:
    """Return a server that reads the head of a request, then behaves so, and ends."""

    def talk(peer: StreamRequestHandler) -> None:
        while peer.rfile.readline() not in (b"\r\n", b""):
            pass
        for reply in replies:
            if not behave(peer, reply):
                return

    return talk


def within_tls(context: SSLContext, talk: Talk) -> Talk:
    """Return a server that talks so behind a certificate."""

    def secret_talk(peer: StreamRequestHandler) -> None:
        with context.wrap_socket(peer.request, server_side=True) as secret:
            peer.request = peer.connection = secret
            with secret.makefile("rb") as reads, secret.makefile("wb") as writes:
                peer.rfile, peer.wfile = reads, writes
                talk(peer)

    return secret_talk


@contextmanager
def crowded() -> Iterator[int]:
    """Yield the port of a server whose queue is full: connecting to it never ends."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((HOST, 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@contextmanager
def deaf() -> Iterator[int]:
    """Yield the port of a server that lets others connect, and never reads."""
    with socket.create_server((HOST, 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def nobody() -> Iterator[int]:
    """Yield a port that is taken, and where nobody listens."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        yield taken.getsockname()[1]


class Pages(BaseHTTPRequestHandler):
    """Answer /status/404 with that status, /redirect with itself, all else briefly."""

    def do_GET(self) -> None:
        """Answer."""
        _, what, *rest = self.path.split("/")
        self.send_response(int(rest[0]) if what == "status" else _STATUS.get(what, 200))
        for name, value in _HEADERS.get(what, ()):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(_BODIES.get(what, b"so it is\n"))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


_STATUS = {"redirect": 302}
_HEADERS = {
    "redirect": [("Location", "/redirect")],
    "gzip": [("Content-Encoding", "gzip")],
}
_BODIES = {"xml": b"<Error><Code>Broken", "gzip": b"this is no gzip"}


class _WebServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: the other side may vanish at any moment."""


def pages() -> ThreadingHTTPServer:
    """Return a web server, not yet running."""
    return _WebServer((HOST, 0), Pages)
