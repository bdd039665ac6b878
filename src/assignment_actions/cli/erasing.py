"""How scrub, erase and purge run: tried first, agreed to, then watched."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import attrs

from assignment_actions.cli.consent import Consent
from assignment_actions.cli.erased import DONE, Erased, Remains, what
from assignment_actions.cli.journals import Journals, open_journals
from assignment_actions.cli.progress import progress
from assignment_actions.cli.render import counted
from assignment_actions.cli.settings import (
    CommandError,
    Settings,
    Status,
    public_url,
    sqlite_file,
)
from assignment_actions.domain.erasure import ErasureReport, Progress
from assignment_actions.domain.errors import StorageError
from assignment_actions.domain.recorder import ActionRecorder


class Work(Protocol):
    """Be scrub, erase or purge with all that was asked."""

    def __call__(self, *, dry_run: bool, on_progress: Progress) -> ErasureReport:
        """Do it, or try it."""
        ...


_LOSS = {
    "scrub": "their messages, stacktraces, details and actors go, their keys become"
    " digests, the facts stay",
    "erase": "nothing of them stays",
    "purge": "nothing of them stays",
}
_OPEN = {
    "scrub": "whoever completes what is in progress stores texts again, so run this"
    " once more afterwards",
    "erase": "whoever completes what was in progress is told that nothing is stored",
    "purge": "whoever completes what was in progress is told that nothing is stored",
}
_SERVERS = (
    "The server keeps what was deleted until it vacuums or purges it, and in its logs"
    " and replicas as long as it keeps those."
)
_ELSEWHERE = "Backups, and log files of the host, keep what they hold."


@contextmanager
def open_recorder(
    settings: Settings, journals: Sequence[Path]
) -> Iterator[tuple[ActionRecorder, Sequence[Remains]]]:
    """
    Yield a recorder on the database and on the host's journals, and what they hide.

    It is not closed as a recorder is: what waits in a journal is for `replay`.
    """
    opened = open_journals(journals)
    try:
        repository = settings.open()
        try:
            journal = opened if journals else None
            yield ActionRecorder(repository, journal=journal), _hidden(opened)
        finally:
            repository.close()
    finally:
        opened.close()


def carried_out(
    work: Work,
    consent: Consent,
    settings: Settings,
    *,
    terms: Sequence[str] = (),
    remains: Sequence[Remains] = (),
) -> Erased:
    """
    Run a change as agreed: its dry run, then the question, then the change.

    Args:
        work: the change.
        consent: whether it may be made.
        settings: where.
        terms: what it is done by, said before the question and with the answer.
        remains: what this run cannot do, beside what every run cannot do.

    Raises:
        CommandError: the answer was no; nothing was changed.
    """
    run = _Run(work, settings, terms, remains)
    if consent.is_dry_run:
        return run.watched("Counting", is_dry_run=True)
    if consent.is_given:
        return run.watched("Working", is_dry_run=False)
    plan = run.watched("Counting", is_dry_run=True)
    if plan.error is not None or not (plan.report.actions or plan.report.kept):
        return plan
    report = plan.report
    waiting = f" and {counted(report.kept, 'waiting outcome')}" if report.kept else ""
    consent.ask(
        *terms,
        f"About to {report.kind} {what(report)}{waiting} in {plan.database}:"
        f" {_LOSS[report.kind]}. This cannot be undone.",
    )
    return run.watched("Working", is_dry_run=False, total=plan.report.actions)


@attrs.define
class _Run:
    work: Work
    settings: Settings
    terms: Sequence[str]
    remains: Sequence[Remains]
    report: ErasureReport | None = None

    def watched(
        self, doing: str, *, is_dry_run: bool, total: int | None = None
    ) -> Erased:
        """Run to the end, or tell how far it came."""
        self.report = None
        with progress(doing, total) as tell:

            def so_far(report: ErasureReport) -> None:
                self.report = report
                tell(report.actions)

            try:
                report = self.work(dry_run=is_dry_run, on_progress=so_far)
            except (KeyboardInterrupt, OSError, StorageError) as error:
                return self._stopped(error)
        return self._erased(report, None)

    def _stopped(self, error: KeyboardInterrupt | OSError | StorageError) -> Erased:
        is_interrupt = isinstance(error, KeyboardInterrupt)
        why = "interrupted" if is_interrupt else str(error)
        status = Status.INTERRUPTED if is_interrupt else Status.STORAGE
        report = self.report
        if report is None:
            raise CommandError(f"{why}; run it again to go on", status) from error
        done = f"{what(report)} {DONE[report.kind]} before"
        if report.is_dry_run:
            done = "nothing was changed"
        stopped = CommandError(f"{why}; {done}; run it again to go on", status)
        return self._erased(report, stopped)

    def _erased(self, report: ErasureReport, error: CommandError | None) -> Erased:
        is_changed = not report.is_dry_run and bool(report.actions or report.kept)
        return Erased(
            report=report,
            database=public_url(self.settings.url),
            terms=self.terms,
            remains=[*self._remains(report, is_changed=is_changed), *self.remains],
            error=error,
        )

    def _remains(self, report: ErasureReport, *, is_changed: bool) -> Iterator[Remains]:
        """Yield what this run cannot do."""
        if report.in_progress:
            open_ones = counted(report.in_progress, "action")
            yield Remains(f"{open_ones} not completed yet: {_OPEN[report.kind]}.")
        if is_changed:
            yield _in_the_database(self.settings.url)
            yield Remains(_ELSEWHERE)


def _hidden(journals: Journals) -> list[Remains]:
    if not journals.unreadable:
        return []
    lines = counted(len(journals.unreadable), "line")
    return [Remains(f"{lines} of the journals cannot be read: look at them yourself.")]


def _in_the_database(url: str) -> Remains:
    if not url.startswith("sqlite"):
        return Remains(_SERVERS)
    file = shlex.quote(str(sqlite_file(url) or "FILE"))
    return Remains(
        "SQLite keeps deleted text in the file until:",
        f"sqlite3 {file} 'VACUUM; PRAGMA wal_checkpoint(TRUNCATE)'",
    )
