"""Mail that is refused, by servers that really refuse it."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from exceptions.cases import Cases, Provoke
from exceptions.servers import (
    HANG_UP,
    HOST,
    RESET,
    SILENCE,
    Talk,
    crowded,
    nobody,
    serving,
    smtp,
    within_tls,
)
from exceptions.world import World

from assignment_actions import ErrorReason
from assignment_actions.cli.smtp_server import SmtpServer

MAIL = Cases("mail", reason=ErrorReason.EMAIL_ERROR)

SENDER, LEARNER = "courses@school.invalid", "jo@school.invalid"
TEXT = "Subject: Your course\r\n\r\nis waiting.\r\n"
PATIENCE = 0.1


@contextmanager
def a_client(talk: Talk, **given: Any) -> Iterator[smtplib.SMTP]:
    """Connect to a server that talks so."""
    with (
        serving(talk) as port,
        smtplib.SMTP(HOST, port, local_hostname="here.invalid", **given) as client,
    ):
        yield client


def sending(replies: Mapping[str, str], timeout: float = 5) -> Provoke:
    """Return what sends a mail through a server that gives these replies."""

    def provoke(_: World) -> None:
        with a_client(smtp(**replies), timeout=timeout) as client:
            client.sendmail(SENDER, [LEARNER], TEXT)

    return provoke


@MAIL.of("smtplib.SMTPRecipientsRefused")
def recipient_refused(_: World) -> None:
    with (
        SmtpServer(refused=[LEARNER]) as server,
        smtplib.SMTP(HOST, server.port, local_hostname="here.invalid") as client,
    ):
        client.sendmail(SENDER, [LEARNER], TEXT)


for name, kind, replies in (
    ("sender_refused", "SMTPSenderRefused", {"mail": "553 sender not allowed"}),
    ("data_refused", "SMTPDataError", {"data": "451 not now"}),
    ("content_refused", "SMTPDataError", {"dot": "554 looks like spam"}),
    (
        "hello_refused",
        "SMTPHeloError",
        {"ehlo": "502 not implemented", "helo": "550 who are you?"},
    ),
    ("greeting_refused", "SMTPConnectError", {"hello": "554 go away"}),
    ("busy", "SMTPConnectError", {"hello": "421 too many connections"}),
    ("not_a_mail_server", "SMTPConnectError", {"hello": "SSH-2.0-OpenSSH_9.2"}),
    ("ends_at_once", "SMTPServerDisconnected", {"hello": HANG_UP}),
    ("ends_in_the_middle", "SMTPServerDisconnected", {"rcpt": HANG_UP}),
    ("ends_while_taking", "SMTPServerDisconnected", {"dot": HANG_UP}),
    ("reset_in_the_middle", "SMTPServerDisconnected", {"rcpt": RESET}),
    ("endless_reply", "SMTPResponseException", {"mail": "250 " + "a" * 9000}),
):
    MAIL.add(name, f"smtplib.{kind}", sending(replies))

for name, silent in (("silent_at_once", "hello"), ("silent_in_the_middle", "dot")):
    MAIL.add(
        name,
        "smtplib.SMTPServerDisconnected",
        sending({silent: SILENCE}, PATIENCE),
        reason=ErrorReason.TIMEOUT,
    )


@MAIL.of("smtplib.SMTPAuthenticationError")
def wrong_password(_: World) -> None:
    talk = smtp(ehlo="250-mail.invalid\r\n250 AUTH PLAIN", auth="535 wrong password")
    with a_client(talk) as client:
        client.login("courses", "invented")


@MAIL.of("smtplib.SMTPNotSupportedError")
def no_login(_: World) -> None:
    with a_client(smtp()) as client:
        client.login("courses", "invented")


@MAIL.of("smtplib.SMTPNotSupportedError")
def no_encryption(_: World) -> None:
    with a_client(smtp()) as client:
        client.starttls()


@MAIL.of("smtplib.SMTPResponseException")
def encryption_refused(_: World) -> None:
    talk = smtp(ehlo="250-mail.invalid\r\n250 STARTTLS", star="454 not now")
    with a_client(talk) as client:
        client.starttls()


@MAIL.of("ssl.SSLCertVerificationError")
def certificate_not_trusted(world: World) -> None:
    talk = within_tls(world.certified("mail.invalid"), smtp())
    with serving(talk) as port:
        smtplib.SMTP_SSL(HOST, port, context=ssl.create_default_context())


@MAIL.of("ssl.SSLError")
def encrypted_to_a_plain_server(_: World) -> None:
    with serving(smtp()) as port:
        smtplib.SMTP_SSL(HOST, port)


@MAIL.of("smtplib.SMTPServerDisconnected")
def never_connected(_: World) -> None:
    smtplib.SMTP().noop()


@MAIL.of("ConnectionRefusedError")
def nobody_there(_: World) -> None:
    with nobody() as port:
        smtplib.SMTP(HOST, port)


@MAIL.of("socket.gaierror")
def unknown_host(_: World) -> None:
    smtplib.SMTP("::1%nowhere", 25)


@MAIL.of("OSError")
def port_is_no_number(_: World) -> None:
    smtplib.SMTP(f"{HOST}:mail")


@MAIL.of("FileNotFoundError")
def no_local_mail_server(world: World) -> None:
    smtplib.LMTP(str(world.folder / "nobody"))


@MAIL.of("TimeoutError", reason=ErrorReason.TIMEOUT)
def cannot_connect(_: World) -> None:
    with crowded() as port:
        smtplib.SMTP(HOST, port, timeout=PATIENCE)


@MAIL.of("UnicodeEncodeError", reason=ErrorReason.UNCLASSIFIED)
def address_is_not_ascii(_: World) -> None:
    with a_client(smtp()) as client:
        client.sendmail(SENDER, ["jö@school.invalid"], TEXT)


@MAIL.of("ValueError", reason=ErrorReason.UNCLASSIFIED)
def command_with_a_line_break(_: World) -> None:
    with a_client(smtp()) as client:
        client.putcmd("NOOP\r\nRCPT")
