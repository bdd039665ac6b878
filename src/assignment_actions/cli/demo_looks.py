"""How the demo's answers look to a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import chain

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from assignment_actions.cli import render
from assignment_actions.cli.demo_report import (
    DemoAnswers,
    DemoRun,
    database_of,
    next_commands,
)
from assignment_actions.cli.settings import Settings
from assignment_actions.cli.sheet import action_sheet
from assignment_actions.cli.terminal import Command, text
from assignment_actions.domain.action import ActionStatus
from assignment_actions.openedx import AssignmentSummary

_PAGE = 10
_GROUPS = 3
_COLUMNS = ("learner", "state", "learner is", "last done", "at (UTC)", "seen")
_STATE_STYLES = {"waiting": "green", "failed": "red", "unknown": "magenta"}


def heading(title: str) -> RenderableType:
    """Return a title above a section."""
    rule = Rule(text(f"{title} ", "bold"), align="left", style="dim")
    return Padding(rule, (1, 0, 0, 0))


def looks(run: DemoRun, found: DemoAnswers, settings: Settings) -> RenderableType:
    """Return what a person sees: questions, and what the record answers."""
    sections = (
        [heading(title), Padding(body, (0, 0, 0, 2))]
        for title, body in _sections(run, found)
    )
    return Group(
        *chain.from_iterable(sections),
        heading("Your turn"),
        *_invitation(run, found, settings),
    )


def _sections(run: DemoRun, found: DemoAnswers) -> Iterable[tuple[str, RenderableType]]:
    cast, now = run.cast, found.now
    yield "Did it happen? If not, why not?", _verdicts(run, found)
    yield (
        f"What happened to learner {cast.offline.number}'s assignment?",
        render.timeline(cast.offline.assignment_id, found.offline, now),
    )
    yield (
        f"Why exactly was learner {cast.refused.number} not notified?",
        action_sheet(found.refused, now),
    )
    shown = f"{_PAGE} of {len(run.histories)} assignments"
    yield f"What does an admin's page show? ({shown})", _page(run, found)
    yield "What fails?", _failures(found)


def _verdicts(run: DemoRun, found: DemoAnswers) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for one in found.questions:
        asked = f"learner {one.asked_about.number} {one.action_type}?"
        grid.add_row(text(asked), render.outcome(one.outcome))
    taken, sent = len(run.mails_accepted), found.recorded[ActionStatus.SUCCEEDED]
    proof = (
        f"The mail server's own count: {taken} mails taken, {run.mails_refused}"
        f" refused, at most {run.most_mails} for each learner."
        f" The record says {sent} sent. The"
        " other is the killed process's: its mail had left before it could say so."
    )
    return Group(grid, "", text(proof, "dim"))


def _page(run: DemoRun, found: DemoAnswers) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in _COLUMNS:
        table.add_column(name, no_wrap=True)
    table.add_column("failures not made good")
    players = list(run.cast)
    others = [one for one in run.histories if one not in players and one.actions]
    for one in [*players, *others][:_PAGE]:
        summary = found.page[one.assignment_id]
        table.add_row(
            str(one.number),
            one.state,
            _learner_state(summary),
            str(summary.recent_action),
            render.time_of(summary.recent_action_at),
            {None: "", True: "yes", False: "no"}[summary.learner_acknowledged],
            _unresolved(summary),
        )
    return table


def _learner_state(summary: AssignmentSummary) -> Text:
    state = str(summary.learner_state or "")
    return text(state, _STATE_STYLES.get(state, ""))


def _unresolved(summary: AssignmentSummary) -> Text:
    kinds = Counter(
        f"{action.action_type}: {action.failure.reason}"
        for action in summary.unresolved_failures
        if action.failure is not None
    )
    said = [kind if count == 1 else f"{count} {kind}" for kind, count in kinds.items()]
    return text(", ".join(said), "red")


def _failures(found: DemoAnswers) -> RenderableType:
    count = render.counted(len(found.groups), "kind")
    return Group(
        text(f"In all, the most frequent {_GROUPS} of {count}:", "dim"),
        render.failure_groups(found.groups[:_GROUPS]),
        "",
        text("Since this demo began:", "dim"),
        render.failure_groups(found.new_groups),
    )


def _invitation(
    run: DemoRun, found: DemoAnswers, settings: Settings
) -> Iterable[RenderableType]:
    database = database_of(settings)
    more = "" if database == settings.url else " (give --db as you did before)"
    yield Padding(
        text(f"The record is in {database}. Ask it yourself{more}:"), (0, 0, 1, 2)
    )
    yield from map(Command, next_commands(run, found, settings))
