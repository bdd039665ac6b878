from __future__ import annotations

import smtplib
import socket

import pytest

from assignment_actions.cli.demo_mail import send_mail
from assignment_actions.cli.smtp_server import HOST, SmtpServer


class TestSmtpServer:
    def test_counts_what_it_takes(self) -> None:
        """Every mail taken is counted by its recipient, in order."""
        with SmtpServer() as server:
            send_mail(server.port, "one@example.com", "first")
            send_mail(server.port, "two@example.com", "second")
            assert ["one@example.com", "two@example.com"] == server.accepted

    def test_refuses_whom_it_does_not_know(self) -> None:
        """A refused recipient is a 550 to smtplib, and nothing is taken."""
        with SmtpServer(refused=["no@example.com"]) as server:
            with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
                send_mail(server.port, "no@example.com", "lost")
            assert caught.value.recipients["no@example.com"][0] == 550
            assert (1, []) == (server.refusals, server.accepted)

    def test_goes_away_and_comes_back(self) -> None:
        """While it is away the system refuses connections; then it has its old port."""
        with SmtpServer() as server:
            port = server.port
            server.go_away()
            with pytest.raises(ConnectionRefusedError):
                send_mail(port, "one@example.com", "too early")
            server.come_up()
            send_mail(port, "one@example.com", "now")
            assert ["one@example.com"] == server.accepted

    def test_keeps_silent_about_what_it_took(self) -> None:
        """A mail can be taken without its sender ever hearing of it."""
        with SmtpServer(silent_for=["one@example.com"]) as server:
            with smtplib.SMTP(HOST, server.port, timeout=1) as smtp:
                smtp.mail("me@example.com")
                smtp.rcpt("one@example.com")
                with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
                    smtp.data(b"hello")
                smtp.close()
            assert (True, ["one@example.com"]) == (
                server.kept_silent.is_set(),
                server.accepted,
            )

    def test_takes_no_mail_that_breaks_off(self) -> None:
        """A message without its final dot was not taken."""
        with SmtpServer() as server:
            with socket.create_connection((HOST, server.port), timeout=5) as client:
                replies = client.makefile("rb")
                for line in ("HELO me", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"):
                    client.sendall(f"{line}\r\n".encode())
                    replies.readline()
                client.sendall(b"half a mess")
                replies.close()
            assert [] == server.accepted

    def test_refuses_commands_out_of_order(self) -> None:
        """DATA without a recipient is a bad sequence."""
        with (
            SmtpServer() as server,
            smtplib.SMTP(HOST, server.port, timeout=5) as smtp,
        ):
            assert smtp.docmd("DATA")[0] == 503
