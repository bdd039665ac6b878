"""A small SMTP server on the loopback interface: the demo sends its mail to it."""

from __future__ import annotations

import threading
from collections.abc import Collection
from contextlib import suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Self

HOST = "127.0.0.1"


class SmtpServer:
    """
    Accept mail, refuse some recipients, go away and come back.

    Args:
        refused: recipients that do not exist here: 550.
        silent_for: recipients whose mail is accepted without ever saying so: whoever
            sent it cannot know.

    `accepted` holds the recipient of every mail taken, in order. It is this server's
    own count: what the senders believe does not matter here.
    """

    def __init__(
        self, *, refused: Collection[str] = (), silent_for: Collection[str] = ()
    ) -> None:
        self.refused: frozenset[str] = frozenset(refused)
        self.silent_for: frozenset[str] = frozenset(silent_for)
        self.accepted: list[str] = []
        self.refusals = 0
        self.kept_silent: threading.Event = threading.Event()
        self.port: int = 0
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        self.come_up()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_away()

    def come_up(self) -> None:
        """Listen, on the port it had before if it had one."""
        self._server = server = _Server((HOST, self.port), _Session)
        server.mailbox = self
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def go_away(self) -> None:
        """Close the listening socket: whoever connects now is refused by the system."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    mailbox: SmtpServer


class _Session(StreamRequestHandler):
    """Be one conversation, of the commands that smtplib speaks (RFC 5321)."""

    timeout = 30
    server: _Server

    def handle(self) -> None:
        with suppress(OSError):  # the other side may vanish at any moment
            self._converse()

    def _converse(self) -> None:
        recipients: list[str] = []
        self._say("220 demo.invalid ready")
        while line := self.rfile.readline(1000):
            command, _, rest = line.decode("ascii", "replace").strip().partition(" ")
            match command.upper():
                case "EHLO" | "HELO":
                    self._say("250 demo.invalid")
                case "MAIL" | "RSET" | "NOOP":
                    recipients.clear()
                    self._say("250 OK")
                case "RCPT":
                    self._meet(rest.partition("<")[2].partition(">")[0], recipients)
                case "DATA" if recipients:
                    if not self._take(recipients):
                        return
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("503 bad sequence of commands")

    def _meet(self, recipient: str, recipients: list[str]) -> None:
        mailbox = self.server.mailbox
        if recipient in mailbox.refused:
            mailbox.refusals += 1
            self._say(f"550 5.1.1 <{recipient}>: no such mailbox here")
        else:
            recipients.append(recipient)
            self._say("250 OK")

    def _take(self, recipients: list[str]) -> bool:
        """Take a message; tell whether the conversation goes on."""
        mailbox = self.server.mailbox
        self._say("354 end with a dot")
        while line := self.rfile.readline():
            if line == b".\r\n":
                break
        else:
            return False
        mailbox.accepted.extend(recipients)
        if mailbox.silent_for.intersection(recipients):
            mailbox.kept_silent.set()
            self.rfile.readline()  # returns when the other side is gone
            return False
        self._say("250 2.0.0 accepted")
        recipients.clear()
        return True

    def _say(self, reply: str) -> None:
        self.wfile.write(f"{reply}\r\n".encode("ascii", "replace"))
