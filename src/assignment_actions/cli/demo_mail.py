"""The demo's mail: sent for real, by this process and by one that gets killed."""

from __future__ import annotations

import json
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID, uuid4

from assignment_actions.cli.demo_report import ACTOR
from assignment_actions.cli.settings import CommandError, IdKind, Settings, Status
from assignment_actions.cli.smtp_server import HOST
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.domain.recorder import ActionRecorder
from assignment_actions.domain.vocabulary import ActionType, ErrorReason

REMINDER_OVERDUE_AFTER = timedelta(seconds=1)
_WORKER_PATIENCE = 20.0


def demo_recorder(repository: ActionRepository) -> ActionRecorder:
    """Return a recorder as a host would make it: its reasons, its patience."""
    return ActionRecorder(
        repository,
        reasons={OSError: ErrorReason.EMAIL_ERROR},  # smtplib's exceptions too
        overdue_after={ActionType.REMINDED: REMINDER_OVERDUE_AFTER},
    )


def send_mail(port: int, recipient: str, subject: str) -> str:
    """
    Send one mail; return the id that it carries.

    Raises:
        smtplib.SMTPException, OSError: it was refused, or nobody is there.
    """
    mail_id = uuid4().hex
    message = EmailMessage()
    message["From"] = "courses@demo.invalid"
    message["To"] = recipient
    message["Subject"] = subject
    message["Message-ID"] = f"<{mail_id}@demo.invalid>"
    message.set_content(f"{subject}.\n")
    with smtplib.SMTP(HOST, port, local_hostname="demo.invalid", timeout=10) as smtp:
        smtp.send_message(message)
    return mail_id


def remind_and_get_killed(
    settings: Settings, port: int, task: Mapping[str, str], is_sent: threading.Event
) -> int:
    """
    Let another process send a reminder, and kill it before it knows how that went.

    Args:
        settings: where it records.
        port: the mail server's.
        task: assignment_id, key and recipient.
        is_sent: set by the mail server once it has the mail.

    Returns:
        The process's exit status: that of a killed one.
    """
    order = {
        **task,
        "port": port,
        "url": settings.url,
        "table_prefix": settings.table_prefix,
        "schema": settings.schema,
    }
    with subprocess.Popen(  # noqa: S603  # our own interpreter and module
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(order))
            process.stdin.close()
            deadline = time.monotonic() + _WORKER_PATIENCE
            while not is_sent.wait(0.02) and process.poll() is None:
                if time.monotonic() > deadline:
                    break
        finally:
            process.kill()
        if not is_sent.is_set():
            assert process.stderr is not None
            last = process.stderr.read().strip().rpartition("\n")[2]
            message = f"the demo's second process sent no mail: {last}"
            raise CommandError(message, Status.INTERNAL)
    return process.returncode


def _work() -> None:
    """Send the reminder that standard input orders; nothing secret is in arguments."""
    order = json.load(sys.stdin)
    settings = Settings(
        db=order["url"],
        assignment_ids=IdKind.UUID,
        table_prefix=order["table_prefix"],
        schema=order["schema"],
    )
    recorder = demo_recorder(settings.open())
    with recorder.recording(
        UUID(order["assignment_id"]),
        ActionType.REMINDED,
        key=order["key"],
        actor=ACTOR,
    ):
        send_mail(order["port"], order["recipient"], "Your course is waiting")


if __name__ == "__main__":
    _work()
