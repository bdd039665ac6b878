"""The commands: each asks the history, and shows the answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from assignment_actions.cli import json_output, privacy, purge, render
from assignment_actions.cli.context import (
    Assignment,
    Since,
    Types,
    answer,
    as_types,
    epilog,
    note_unknown_type,
    open_history,
    settings_of,
)
from assignment_actions.cli.failures import SHOWN, Failures
from assignment_actions.cli.settings import (
    DB_VARIABLE,
    DEFAULT_URL,
    CommandError,
    IdKind,
    Settings,
    Status,
    moment,
    public_url,
)
from assignment_actions.cli.sheet import action_sheet
from assignment_actions.cli.terminal import text
from assignment_actions.domain.timeline import Verdict

_STATUSES: dict[Verdict, Status] = {
    Verdict.YES: Status.YES,
    Verdict.NO: Status.NO,
    Verdict.IN_PROGRESS: Status.IN_PROGRESS,
    Verdict.UNKNOWN: Status.UNKNOWN,
}


app: typer.Typer = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "New here? Run: assignment-actions demo\n\n"
        "Exit status: 0 done. outcome answers 0 yes, 1 no, 2 in progress, 3 unknown;"
        " verify 0 nothing is left, 1 something is. Above that: 64 wrong usage, 66 no"
        " such action or file, 69 the database or its driver is not available,"
        " 70 a defect, 73 cannot create, 75 replay left something,"
        " 130 interrupted, 141 the output was closed."
    ),
)
schema_app: typer.Typer = typer.Typer(
    help="Create the tables, or check that they are current."
)
app.add_typer(schema_app, name="schema")
app.add_typer(privacy.app)
app.add_typer(purge.app)


@app.callback(invoke_without_command=True)
def common(
    ctx: typer.Context,
    db: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help=f"The database: SQLite, PostgreSQL or MySQL/MariaDB. Otherwise"
            f" ${DB_VARIABLE}, otherwise {DEFAULT_URL}.",
        ),
    ] = None,
    as_json: Annotated[  # noqa: FBT002  # an option, never positional
        bool, typer.Option("--json", help="Answer with JSON, for programs.")
    ] = False,
    assignment_ids: Annotated[
        IdKind, typer.Option(help="The kind of assignment id in this database.")
    ] = IdKind.UUID,
    table_prefix: Annotated[
        str,
        typer.Option(metavar="TEXT", help="What the names of the tables begin with."),
    ] = "",
    schema: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The database schema that holds the tables."),
    ] = None,
) -> int | None:
    """Was it done, when, and if not, why not? Ask the record of assignment actions."""
    ctx.obj = Settings(
        db=db,
        as_json=as_json,
        assignment_ids=assignment_ids,
        table_prefix=table_prefix,
        schema=schema,
    )
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
        raise typer.Exit(Status.USAGE)
    return None


@app.command(
    epilog=epilog("demo", "demo --json", "demo --db sqlite:///look.sqlite3 --force")
)
def demo(
    ctx: typer.Context,
    force: Annotated[  # noqa: FBT002  # an option, never positional
        bool, typer.Option("--force", help="Replace a file that is not a demo's own.")
    ] = False,
) -> None:
    """
    Show what this is good for: real mails, real failures, and a killed process.

    Takes some five seconds. Writes assignment_actions_demo.sqlite3 in the working
    folder, or the database that --db names.
    """
    from assignment_actions.cli.demo import run_demo  # noqa: PLC0415  # rarely needed

    run_demo(settings_of(ctx), is_forced=force)


@app.command(epilog=epilog("timeline 7c9e…", "timeline 7c9e… --type notified --json"))
def timeline(
    ctx: typer.Context,
    assignment: Assignment,
    type_: Types = None,
) -> None:
    """Show everything that was done about one assignment, in order."""
    assignment_id = settings_of(ctx).assignment_id(assignment)
    with open_history(ctx) as history:
        actions = history.timeline(assignment_id, as_types(type_))
        now = history.now()
    answer(
        ctx,
        json_output.timeline_document(assignment_id, actions, now),
        render.timeline(assignment_id, actions, now),
    )


@app.command(
    epilog=epilog(
        "outcome 7c9e… notified",
        "outcome 7c9e… reminded --since 7d && echo reminded this week",
        note="Exit status: 0 yes, 1 no, 2 in progress, 3 unknown; above 3 an error.",
    )
)
def outcome(
    ctx: typer.Context,
    assignment: Assignment,
    action_type: Annotated[
        str, typer.Argument(metavar="TYPE", help="What was to be done, as in notified.")
    ],
    since: Since = None,
    key: Annotated[
        str | None, typer.Option(help="Consider only the tries under this key.")
    ] = None,
) -> int:
    """Answer whether something was done about an assignment, and if not, why not."""
    assignment_id = settings_of(ctx).assignment_id(assignment)
    with open_history(ctx) as history:
        now = history.now()
        start = None if since is None else moment(since, now)
        found = history.outcome(assignment_id, action_type, since=start, key=key)
        if found.action is None:
            note_unknown_type(history, action_type)
    answer(
        ctx,
        json_output.outcome_document(assignment_id, action_type, found, now),
        render.outcome(found),
    )
    return _STATUSES[found.verdict]


@app.command(epilog=epilog("show 0199b2c4…", "show 0199b2c4… --own"))
def show(
    ctx: typer.Context,
    action: Annotated[
        str, typer.Argument(metavar="ACTION", help="The id of the action.")
    ],
    own: Annotated[  # noqa: FBT002  # an option, never positional
        bool,
        typer.Option(
            "--own", help="Of the stacktrace only the frames of the host's own code."
        ),
    ] = False,
    frames: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PACKAGE",
            help="Of the stacktrace only the frames of this package, as in host.mail;"
            " may be repeated.",
        ),
    ] = None,
) -> None:
    """Show one action with its evidence, and the stacktrace if it failed."""
    try:
        action_id = UUID(action)
    except ValueError:
        raise CommandError(f"ACTION must be a UUID, got {action!r}") from None
    if own and frames:
        raise CommandError("give --own or --frames, not both")
    with open_history(ctx) as history:
        found = history.get(action_id)
        now = history.now()
    packages = (frames or []) if own or frames else None
    answer(
        ctx,
        json_output.action_sheet_document(found, now, packages),
        action_sheet(found, now, packages),
    )


@app.command(
    epilog=epilog(
        "failures", "failures --since 30d --type notified", "failures --json | jq ."
    )
)
def failures(
    ctx: typer.Context,
    since: Since = None,
    type_: Types = None,
    limit: Annotated[
        int, typer.Option(min=1, help="Show at most this many kinds over time.")
    ] = SHOWN,
) -> None:
    """
    Show what fails, by kind, the most frequent first, and how often over time.

    Without --since all kinds ever recorded, and the last seven days of each.
    """
    with open_history(ctx) as history:
        start = None if since is None else moment(since, history.now())
        found = Failures.ask(history, since=start, types=as_types(type_), limit=limit)
        if not found.groups:
            for name in type_ or ():
                note_unknown_type(history, name)
    answer(ctx, found.document(), found)


@app.command(epilog=epilog("overdue", "overdue --limit 10 --json"))
def overdue(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many.")] = 100,
) -> None:
    """Show what hangs: in progress for longer than it may be, newest first."""
    with open_history(ctx) as history:
        actions = history.overdue(limit=limit)
        now = history.now()
    answer(
        ctx,
        json_output.overdue_document(actions, now),
        render.overdue(actions, now),
    )


@app.command(
    epilog=epilog(
        "replay /var/lib/host/outcomes.jsonl",
        note="Exit status: 0 nothing is left; 69 the database is not available; 75"
        " something is left, or a line cannot be read.",
    )
)
def replay(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What a FileJournal has written.")
    ],
) -> int:
    """
    Store the outcomes that a process could not store; again is harmless.

    What is stored leaves the file. The process may go on using it meanwhile.
    """
    from assignment_actions.cli.replay import replay as run  # noqa: PLC0415  # rare

    done = run(settings_of(ctx), file)
    answer(ctx, done.document(), done.answer())
    if done.error is not None:
        raise done.error
    return done.status


@schema_app.command("create", epilog=epilog("schema create"))
def schema_create(ctx: typer.Context) -> None:
    """Create the tables where they are missing; what is there stays."""
    repository = settings_of(ctx).open(is_new=True)
    try:
        repository.create_schema()
    finally:
        repository.close()
    _answer_schema(ctx, "created")


@schema_app.command("check", epilog=epilog("schema check"))
def schema_check(ctx: typer.Context) -> None:
    """Check that the tables are there, and of this version."""
    settings_of(ctx).open().close()
    _answer_schema(ctx, "current")


def _answer_schema(ctx: typer.Context, state: str) -> None:
    database = public_url(settings_of(ctx).url)
    answer(
        ctx,
        {"database": database, "schema": state},
        text(f"The tables in {database} are {state}."),
    )
