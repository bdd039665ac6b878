"""The command `purge`: what is older than its rule allows goes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from assignment_actions.cli.consent import Consent
from assignment_actions.cli.context import (
    answer,
    epilog,
    note_unknown_type,
    settings_of,
)
from assignment_actions.cli.lines import ids_of
from assignment_actions.cli.privacy import (
    PANEL,
    STATUSES,
    Actor,
    BatchSize,
    DryRun,
    Yes,
    named,
)
from assignment_actions.domain.erasure import ERASURE_BATCH

_RULES = (
    "RULE is AGE for everything not in progress, or STATUS=AGE, TYPE=AGE,"
    " STATUS:TYPE=AGE; several with commas. AGE is 36h, 90d, 12w or forever. A word"
    " that names a status (in_progress, succeeded, failed, unknown) is a status, any"
    " other a type; a type of such a name is written :failed=90d. The first rule that"
    " fits decides, so the special ones come first."
)
_POLICY = """A policy file:
  hold = ["7c9e6679-7425-40de-944b-e07fc1f90ae7"]
  [\\[rules]]
  keep_for = "90d"
  statuses = ["failed"]   # leave out for all but in_progress
  types = ["reminded"]    # leave out for all"""

app: typer.Typer = typer.Typer()


@app.command(
    rich_help_panel=PANEL,
    epilog=epilog(
        "purge --keep redeemed=forever --keep failed,unknown=90d --keep 730d --dry-run",
        "purge --policy retention.toml --hold 7c9e… --yes",
        note=f"{_RULES}\n\n{_POLICY}\n\n{STATUSES}",
    ),
)
def purge(
    ctx: typer.Context,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE",
            help="How long to keep what; repeated, the first rule that fits decides.",
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The rules as TOML, instead of --keep."),
    ] = None,
    hold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ASSIGNMENT", help="Keep all of this one; may be repeated."
        ),
    ] = None,
    hold_from_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="More to keep all of, one id per line."),
    ] = None,
    actor: Actor = None,
    dry_run: DryRun = False,  # noqa: FBT002  # an option, never positional
    yes: Yes = False,  # noqa: FBT002  # as above
    batch_size: BatchSize = ERASURE_BATCH,
) -> None:
    """
    Remove what is older than its rule allows; what no rule is about is kept.

    Ages count from when an action was created.
    """
    from assignment_actions.cli import erasing, retention  # noqa: PLC0415  # rare

    consent = Consent(is_dry_run=dry_run, is_given=yes)
    settings = settings_of(ctx)
    held = ids_of(settings, hold, hold_from_file, "--hold-from-file")
    wanted = retention.policy_of(keep or (), policy, held, settings)
    consent.require_somebody()
    rules = [retention.said(rule) for rule in wanted.rules]
    with erasing.open_recorder(settings, ()) as (recorder, _):
        for name in retention.types_of(wanted):
            note_unknown_type(recorder.history, name)
        done = erasing.carried_out(
            partial(recorder.purge, wanted, actor=named(actor), batch_size=batch_size),
            consent,
            settings,
            terms=[f"Rule {number}: {one}." for number, one in enumerate(rules, 1)],
        )
    document = {**done.document(), "rules": rules, "hold": len(wanted.hold)}
    answer(ctx, document, done.answer())
    if done.error is not None:
        raise done.error
