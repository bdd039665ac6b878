"""The commands that take away what is kept about somebody, and the proof of it."""

from __future__ import annotations

import getpass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from assignment_actions.cli.consent import Consent
from assignment_actions.cli.context import (
    answer,
    epilog,
    settings_of,
)
from assignment_actions.cli.lines import STDIN, ids_of, texts_of
from assignment_actions.cli.settings import CommandError
from assignment_actions.domain.erasure import ERASURE_BATCH
from assignment_actions.domain.values import as_text

PANEL = "Privacy"
STATUSES = (
    "Exit status: 0 done, or nothing to do; 64 wrong usage, nothing was changed; 66 no"
    " such file; 69 the database broke off, and 130 interrupted, or the answer was no:"
    " what was done stays done, and the same command goes on."
)
app: typer.Typer = typer.Typer()

Assignments = Annotated[
    list[str] | None,
    typer.Argument(metavar="ASSIGNMENT", help="The ids of the assignments."),
]
FromFile = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="More ids, one per line; - is standard input."),
]
Journals = Annotated[
    list[Path] | None,
    typer.Option(
        "--journal",
        metavar="FILE",
        help="A FileJournal of the host: what waits in it is covered too; may be"
        " repeated.",
    ),
]
Actor = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Who asked for it, for the report; by default your login, '' is nobody.",
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Change nothing; tell what would change.")
]
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Do not ask; needed without a terminal.")
]
BatchSize = Annotated[
    int,
    typer.Option(
        min=1, max=100_000, help="How many actions one transaction changes at most."
    ),
]


@app.command(
    rich_help_panel=PANEL,
    epilog=epilog(
        "scrub 7c9e… --dry-run",
        "scrub --from-file ids.txt --actor officer:3 --journal outcomes.jsonl --yes",
        note=STATUSES,
    ),
)
def scrub(
    ctx: typer.Context,
    assignments: Assignments = None,
    from_file: FromFile = None,
    actor: Actor = None,
    journals: Journals = None,
    dry_run: DryRun = False,  # noqa: FBT002  # an option, never positional
    yes: Yes = False,  # noqa: FBT002  # as above
    batch_size: BatchSize = ERASURE_BATCH,
) -> None:
    """
    Keep only the facts about some assignments: type, times, status, reason.

    Messages, stacktraces, details and actors are removed, keys become
    digests; every question has the answer it had.
    """
    _of_assignments(
        ctx,
        "scrub",
        assignments,
        from_file,
        actor,
        journals,
        Consent(is_dry_run=dry_run, is_given=yes),
        batch_size,
    )


@app.command(
    rich_help_panel=PANEL,
    epilog=epilog("erase 7c9e… --dry-run", "erase --from-file - --yes", note=STATUSES),
)
def erase(
    ctx: typer.Context,
    assignments: Assignments = None,
    from_file: FromFile = None,
    actor: Actor = None,
    journals: Journals = None,
    dry_run: DryRun = False,  # noqa: FBT002  # an option, never positional
    yes: Yes = False,  # noqa: FBT002  # as above
    batch_size: BatchSize = ERASURE_BATCH,
) -> None:
    """
    Remove all actions of some assignments.

    Their keys are free again: what was done under one may be started again.
    """
    _of_assignments(
        ctx,
        "erase",
        assignments,
        from_file,
        actor,
        journals,
        Consent(is_dry_run=dry_run, is_given=yes),
        batch_size,
    )


@app.command(
    rich_help_panel=PANEL,
    epilog=epilog(
        "verify 7c9e…",
        "verify --from-file ids.txt --texts-from-file texts.txt --journal out.jsonl",
        note="Exit status: 0 nothing is left, 1 something is; above 3 an error.",
    ),
)
def verify(
    ctx: typer.Context,
    assignments: Assignments = None,
    from_file: FromFile = None,
    texts: Annotated[
        list[str] | None,
        typer.Option(
            "--text",
            metavar="TEXT",
            help="Must stand nowhere, as it is written, letter case included; may be"
            " repeated. Whoever can list processes can read it here: rather use"
            " --texts-from-file.",
        ),
    ] = None,
    texts_from_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="More texts, one per line; - is standard input."
        ),
    ] = None,
    journals: Journals = None,
) -> int:
    """
    Search every column and the journals for what should be gone; shows no text.

    Of the assignments nothing but facts may be left. The texts may stand
    nowhere, whatever the assignment: one walk through the whole table.
    """
    from assignment_actions.cli.verify import verified  # noqa: PLC0415  # rare

    if from_file == texts_from_file == STDIN:
        raise CommandError("standard input holds ids or texts, not both")
    settings = settings_of(ctx)
    ids = ids_of(settings, assignments, from_file, "--from-file")
    if not all(map(str.strip, texts or ())):
        raise CommandError("--text must not be blank: that stands everywhere")
    sought = [*(texts or ()), *texts_of(texts_from_file, "--texts-from-file")]
    if not (ids or sought):
        raise CommandError("name at least one ASSIGNMENT, or a text with --text")
    found = verified(settings, ids, sought, journals or ())
    answer(ctx, found.document(), found.answer())
    return found.status


def _of_assignments(
    ctx: typer.Context,
    kind: Literal["scrub", "erase"],
    assignments: list[str] | None,
    from_file: str | None,
    actor: str | None,
    journals: list[Path] | None,
    consent: Consent,
    batch_size: int,
) -> None:
    from assignment_actions.cli import erasing  # noqa: PLC0415  # rarely needed

    if not assignments and from_file is None:
        raise CommandError(
            "name at least one ASSIGNMENT, or a file of them with --from-file"
        )
    consent.require_somebody()
    settings = settings_of(ctx)
    ids = ids_of(settings, assignments, from_file, "--from-file")
    with erasing.open_recorder(settings, journals or ()) as (recorder, hidden):
        verb = {"scrub": recorder.scrub, "erase": recorder.erase}[kind]
        work = partial(verb, ids, actor=named(actor), batch_size=batch_size)
        done = erasing.carried_out(work, consent, settings, remains=hidden)
    answer(ctx, done.document(), done.answer())
    if done.error is not None:
        raise done.error


def named(name: str | None) -> str | None:
    """Return who asked for it: the login where nothing is said, None for ''."""
    if name is None:
        try:
            name = getpass.getuser()
        except (ImportError, KeyError, OSError):  # no such user, as in many containers
            return None
    try:
        return as_text("actor", name) if name else None
    except ValueError as error:
        raise CommandError(f"--actor: {error}") from None
