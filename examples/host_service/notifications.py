"""A host's own service: it notifies learners, and leaves a record of every try."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import attrs

from assignment_actions import ActionRecorder, ActionType, DuplicateActionError, Outcome

SendMail = Callable[[str, str], str]
"""Send a text to an address; return the message's id, raise if it is not taken."""


@attrs.frozen(kw_only=True)
class Assignment:
    """Be the host's own row: this library knows nothing of it but its id."""

    id: UUID
    learner_email: str
    title: str
    allocated_at: datetime


@attrs.frozen
class NotificationService:
    """
    Notify learners of their assignments.

    Args:
        recorder: where every try is recorded; on the in-memory store in unit tests.
        send_mail: the host's way to send mail.
    """

    recorder: ActionRecorder
    send_mail: SendMail

    def notify(self, assignment: Assignment, *, actor: str | None = None) -> bool:
        """
        Notify the learner once per allocation, however often this is called.

        Calling again after a failure is the retry: another attempt under the same key.

        Returns:
            True if a mail was sent now, False if one was sent before or is under way.

        Raises:
            OutcomeUnknownError: an earlier try was interrupted; the mail may be out.
            Exception: whatever `send_mail` raised; it is recorded.
        """
        text = f"You have been assigned {assignment.title}."
        try:
            with self.recorder.recording(
                assignment.id,
                ActionType.NOTIFIED,
                key=assignment.allocated_at.isoformat(),
                actor=actor,
            ) as recording:
                message_id = self.send_mail(assignment.learner_email, text)
                recording.add_details(message_id=message_id)
        except DuplicateActionError:
            return False
        return True

    def was_notified(self, assignment: Assignment) -> Outcome:
        """Answer support: was the learner notified of the present allocation?"""
        return self.recorder.history.outcome(
            assignment.id, ActionType.NOTIFIED, since=assignment.allocated_at
        )
