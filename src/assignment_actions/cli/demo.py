"""The demo: real mail to a real server that refuses, goes away, and comes back."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import chain

import attrs

from assignment_actions.cli.demo_file import demo_settings, open_fresh
from assignment_actions.cli.demo_looks import heading, looks
from assignment_actions.cli.demo_mail import (
    demo_recorder,
    remind_and_get_killed,
    send_mail,
)
from assignment_actions.cli.demo_report import ACTOR, Cast, DemoRun, answers, document
from assignment_actions.cli.json_output import as_json
from assignment_actions.cli.sample import SampleHistory, load_sample
from assignment_actions.cli.settings import Settings
from assignment_actions.cli.smtp_server import SmtpServer
from assignment_actions.cli.terminal import show, text
from assignment_actions.domain.errors import DuplicateActionError, OutcomeUnknownError
from assignment_actions.domain.recorder import ActionRecorder
from assignment_actions.domain.vocabulary import ActionType

Say = Callable[[str], None]


def run_demo(settings: Settings, *, is_forced: bool) -> None:
    """
    Do real work on a fresh database, then show what its record answers.

    Raises:
        CommandError: the database is not the demo's to write.
    """
    began = time.monotonic()
    own = demo_settings(settings)
    repository = open_fresh(own, is_forced=is_forced)
    recorder = demo_recorder(repository)
    if not own.as_json:
        show(heading("What happens, for real"))
    try:
        run = _perform(own, recorder, _silence if own.as_json else _tell)
        found = answers(run, recorder.history)
    finally:
        recorder.close()
    if own.as_json:
        seconds = time.monotonic() - began
        print(as_json(document(run, found, own, seconds)))  # noqa: T201  # the answer
    else:
        show(looks(run, found, own))


def _tell(said: str) -> None:
    show(text(f"  {said}"))


def _silence(_: str) -> None:
    """Say nothing: a program listens."""


def cast_of(histories: list[SampleHistory]) -> Cast:
    """Choose who plays: allocated assignments that nobody was notified of yet."""
    allocated = [one for one in histories if one.state == "allocated"]
    unnotified = [one for one in allocated if ActionType.NOTIFIED not in _types_of(one)]
    notified = next(
        one
        for one in allocated
        if ActionType.NOTIFIED in _types_of(one)
        and ActionType.REMINDED not in _types_of(one)
    )
    first, second, refused, offline, untouched = unnotified[:5]
    return Cast(
        welcome=(first, second),
        refused=refused,
        offline=offline,
        untouched=untouched,
        killed=notified,
    )


def _types_of(history: SampleHistory) -> set[str]:
    return {action.action_type for action in history.actions}


def _perform(settings: Settings, recorder: ActionRecorder, say: Say) -> DemoRun:
    histories = load_sample()
    cast = cast_of(histories)
    say(f"Loading {len(histories)} real histories of an Open edX backend.")
    began_at = datetime.now(UTC)
    imported = recorder.record_many(chain.from_iterable(h.actions for h in histories))
    with SmtpServer(
        refused=[_address(cast.refused)], silent_for=[_address(cast.killed)]
    ) as server:
        acts = _Acts(recorder, server, say)
        acts.notify_all(cast)
        acts.lose_the_server(cast)
        duplicate = acts.click_twice(cast)
        exit_status, unknown = acts.get_killed(settings, cast)
    return DemoRun(
        histories=histories,
        cast=cast,
        imported=imported,
        began_at=began_at,
        mails_accepted=tuple(server.accepted),
        mails_refused=server.refusals,
        duplicate=duplicate,
        unknown=unknown,
        killed_status=exit_status,
    )


@attrs.frozen
class _Acts:
    """What happens, one act after the other."""

    recorder: ActionRecorder
    server: SmtpServer
    say: Say

    def notify_all(self, cast: Cast) -> None:
        """Notify three learners; the mail server refuses one."""
        self.say(f"A mail server listens on 127.0.0.1:{self.server.port}.")
        for history in (*cast.welcome, cast.refused):
            self._try_to_notify(history)

    def lose_the_server(self, cast: Cast) -> None:
        """Fail to reach the server, then try again under the same key."""
        self.server.go_away()
        self.say("The mail server goes away.")
        self._try_to_notify(cast.offline)
        self.server.come_up()
        self.say("The mail server is back; the same key is tried again.")
        self._try_to_notify(cast.offline)

    def click_twice(self, cast: Cast) -> DuplicateActionError:
        """Notify somebody twice; the second call is refused before its mail."""
        self.say("Somebody presses the button a second time.")
        try:
            self._notify(cast.welcome[0])
        except DuplicateActionError as error:
            self.say("  ✗ refused: it was done; no second mail is sent")
            return error
        raise AssertionError("a second mail was sent under one key")

    def get_killed(
        self, settings: Settings, cast: Cast
    ) -> tuple[int, OutcomeUnknownError]:
        """Kill a process after its mail left, then try its key again."""
        history = cast.killed
        learner = f"learner {history.number}"
        self.say(f"Another process sends {learner} a reminder, and is killed.")
        key = f"{datetime.now(UTC):%Y-%m-%d}"
        task = {
            "assignment_id": str(history.assignment_id),
            "key": key,
            "recipient": _address(history),
        }
        status = remind_and_get_killed(
            settings, self.server.port, task, self.server.kept_silent
        )
        self._wait_until_overdue()
        self.say("  ? it went silent: nobody knows whether the reminder was sent")
        try:
            self.recorder.start(history.assignment_id, ActionType.REMINDED, key=key)
        except OutcomeUnknownError as error:
            self.say("  ✗ trying again is refused: it may have been sent already")
            return status, error
        raise AssertionError("a second try began while the first is unknown")

    def _wait_until_overdue(self) -> None:
        """Wait for the one action in progress that was given a second."""
        history = self.recorder.history
        deadline = time.monotonic() + 10
        while not history.overdue(limit=1) and time.monotonic() < deadline:
            time.sleep(0.05)

    def _try_to_notify(self, history: SampleHistory) -> None:
        learner = f"learner {history.number}"
        try:
            attempt = self._notify(history)
        except (smtplib.SMTPException, OSError) as error:
            self.say(f"  ✗ {learner}: {type(error).__name__}")
        else:
            again = f" (attempt {attempt})" if attempt > 1 else ""
            self.say(f"  ✓ {learner}: notified{again}")

    def _notify(self, history: SampleHistory) -> int:
        """Notify of this allocation, at most once; return the attempt."""
        with self.recorder.recording(
            history.assignment_id,
            ActionType.NOTIFIED,
            key=f"allocated {history.allocated_at:%Y-%m-%d}",
            actor=ACTOR,
            details={"course": history.assignment["content_key"]},
        ) as recording:
            mail_id = send_mail(
                self.server.port, _address(history), "You were assigned a course"
            )
            recording.add_details(mail_id=mail_id)
        return recording.action.attempt


def _address(history: SampleHistory) -> str:
    return str(history.assignment["learner_email"])
