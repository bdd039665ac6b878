"""The commands: each asks the history, and shows the answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import RenderableType

from assignment_actions.cli import json_output, render
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
from assignment_actions.cli.terminal import show as shown
from assignment_actions.cli.terminal import text
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.history import ActionHistory
from assignment_actions.domain.timeline import Outcome, Verdict
from assignment_actions.domain.vocabulary import ActionType

_ANYWHERE = (
    "--db, --json, --assignment-ids, --table-prefix and --schema may stand anywhere;"
    " assignment-actions --help explains them."
)
_STATUSES: dict[Verdict, Status] = {
    Verdict.YES: Status.YES,
    Verdict.NO: Status.NO,
    Verdict.IN_PROGRESS: Status.IN_PROGRESS,
    Verdict.UNKNOWN: Status.UNKNOWN,
}


def _epilog(*examples: str, note: str = "") -> str:
    """Return what ends a command's help."""
    lines = ["Examples:", *(f"  assignment-actions {one}" for one in examples)]
    return "\n\n".join(["\n".join(lines), *([note] if note else []), _ANYWHERE])


app: typer.Typer = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "New here? Run: assignment-actions demo\n\n"
        "Exit status: 0 done. outcome answers 0 yes, 1 no, 2 in progress, 3 unknown."
        " Above that: 64 wrong usage, 66 no such action, 69 the database or its driver"
        " is not available, 70 a defect, 73 cannot create, 75 replay left something,"
        " 130 interrupted, 141 the output was closed."
    ),
)
schema_app: typer.Typer = typer.Typer(
    help="Create the tables, or check that they are current."
)
app.add_typer(schema_app, name="schema")

Assignment = Annotated[
    str, typer.Argument(metavar="ASSIGNMENT", help="The id of the assignment.")
]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Consider only what happened since: 7d, 36h, 2026-11-22 (UTC) or"
        " 2026-11-22T08:00:00Z.",
    ),
]


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
    epilog=_epilog("demo", "demo --json", "demo --db sqlite:///look.sqlite3 --force")
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

    run_demo(_settings(ctx), is_forced=force)


@app.command(epilog=_epilog("timeline 7c9e…", "timeline 7c9e… --type notified --json"))
def timeline(
    ctx: typer.Context,
    assignment: Assignment,
    type_: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="Only this type; may be repeated."),
    ] = None,
) -> None:
    """Show everything that was done about one assignment, in order."""
    assignment_id = _settings(ctx).assignment_id(assignment)
    with _history(ctx) as history:
        actions = history.timeline(assignment_id, type_ or None)
        now = history.now()
    _answer(
        ctx,
        json_output.timeline_document(assignment_id, actions, now),
        render.timeline(assignment_id, actions, now),
    )


@app.command(
    epilog=_epilog(
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
    assignment_id = _settings(ctx).assignment_id(assignment)
    with _history(ctx) as history:
        now = history.now()
        start = None if since is None else moment(since, now)
        answer = history.outcome(assignment_id, action_type, since=start, key=key)
        _hint_at_unknown_type(history, action_type, answer)
    _answer(
        ctx,
        json_output.outcome_document(assignment_id, action_type, answer, now),
        render.outcome(answer),
    )
    return _STATUSES[answer.verdict]


@app.command(epilog=_epilog("show 0199b2c4…", "show 0199b2c4… --json"))
def show(
    ctx: typer.Context,
    action: Annotated[
        str, typer.Argument(metavar="ACTION", help="The id of the action.")
    ],
) -> None:
    """Show one action with its evidence, and the stacktrace if it failed."""
    try:
        action_id = UUID(action)
    except ValueError:
        raise CommandError(f"ACTION must be a UUID, got {action!r}") from None
    with _history(ctx) as history:
        found = history.get(action_id)
        now = history.now()
    _answer(
        ctx,
        json_output.action_document(found, now),
        render.action_sheet(found, now),
    )


@app.command(epilog=_epilog("failures", "failures --since 7d", "failures --json"))
def failures(ctx: typer.Context, since: Since = None) -> None:
    """Show what fails, by kind, the most frequent first."""
    with _history(ctx) as history:
        now = history.now()
        start = None if since is None else moment(since, now)
        groups = history.failure_groups(since=start)
    _answer(
        ctx,
        json_output.failures_document(groups, start, now),
        render.failure_groups(groups),
    )


@app.command(epilog=_epilog("overdue", "overdue --limit 10 --json"))
def overdue(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many.")] = 100,
) -> None:
    """Show what hangs: in progress for longer than it may be, newest first."""
    with _history(ctx) as history:
        actions = history.overdue(limit=limit)
        now = history.now()
    _answer(
        ctx,
        json_output.overdue_document(actions, now),
        render.overdue(actions, now),
    )


@app.command(
    epilog=_epilog(
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

    done = run(_settings(ctx), file)
    _answer(ctx, done.document(), done.answer())
    if done.error is not None:
        raise done.error
    return done.status


@schema_app.command("create", epilog=_epilog("schema create"))
def schema_create(ctx: typer.Context) -> None:
    """Create the tables where they are missing; what is there stays."""
    repository = _settings(ctx).open(is_new=True)
    try:
        repository.create_schema()
    finally:
        repository.close()
    _answer_schema(ctx, "created")


@schema_app.command("check", epilog=_epilog("schema check"))
def schema_check(ctx: typer.Context) -> None:
    """Check that the tables are there, and of this version."""
    _settings(ctx).open().close()
    _answer_schema(ctx, "current")


def _settings(ctx: typer.Context) -> Settings:
    settings = ctx.find_object(Settings)
    assert settings is not None
    return settings


@contextmanager
def _history(ctx: typer.Context) -> Iterator[ActionHistory]:
    repository = _settings(ctx).open()
    try:
        yield ActionHistory(repository)
    finally:
        repository.close()


def _answer(
    ctx: typer.Context, document: json_output.Document, answer: RenderableType
) -> None:
    if _settings(ctx).as_json:
        print(json_output.as_json(document))  # noqa: T201  # it is the answer
    else:
        shown(answer)


def _answer_schema(ctx: typer.Context, state: str) -> None:
    database = public_url(_settings(ctx).url)
    _answer(
        ctx,
        {"database": database, "schema": state},
        text(f"The tables in {database} are {state}."),
    )


def _hint_at_unknown_type(
    history: ActionHistory, action_type: str, answer: Outcome
) -> None:
    """Warn where a misspelt type would make a convincing no."""
    if answer.action is not None or action_type in set(ActionType):
        return
    if not history.count(ActionFilter(action_types=[action_type])):
        known = ", ".join(history.count_by(ActionFilter(), "action_type"))
        typer.echo(
            f"note: nothing of type {action_type!r} is recorded about any assignment;"
            f" recorded are: {known or 'none'}",
            err=True,
        )
