"""What the demo's record answers afterwards, for programs and for people."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

import attrs

from assignment_actions.cli.json_output import (
    Document,
    action_document,
    outcome_document,
)
from assignment_actions.cli.sample import SampleHistory
from assignment_actions.cli.settings import Settings, public_url
from assignment_actions.domain.action import Action
from assignment_actions.domain.errors import DuplicateActionError, OutcomeUnknownError
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.groups import FailureGroup
from assignment_actions.domain.history import ActionHistory
from assignment_actions.domain.timeline import Outcome, Timeline
from assignment_actions.domain.vocabulary import ActionType
from assignment_actions.openedx import AssignmentFacts, AssignmentSummary, summaries

ACTOR = "demo"


@attrs.frozen(kw_only=True)
class Cast:
    """Who plays in the demo."""

    welcome: tuple[SampleHistory, SampleHistory]
    refused: SampleHistory
    offline: SampleHistory
    untouched: SampleHistory
    killed: SampleHistory

    def __iter__(self) -> Iterator[SampleHistory]:
        yield from (*self.welcome, self.refused, self.offline, self.killed)
        yield self.untouched


@attrs.frozen(kw_only=True)
class DemoRun:
    """What was done, and what the mail server counted by itself."""

    histories: list[SampleHistory]
    cast: Cast
    imported: int
    began_at: datetime
    mails_accepted: tuple[str, ...]
    mails_refused: int
    duplicate: DuplicateActionError
    unknown: OutcomeUnknownError
    killed_status: int

    @property
    def most_mails(self) -> int:
        """Return how many mails the luckiest learner got, as the server counted."""
        return max(Counter(self.mails_accepted).values())


@attrs.frozen
class Question:
    """One question that the demo puts to the record, and the answer."""

    name: str
    asked_about: SampleHistory
    action_type: ActionType
    outcome: Outcome


@attrs.frozen(kw_only=True)
class DemoAnswers:
    """Everything that the record answers after the demo."""

    now: datetime
    questions: list[Question]
    recorded: Mapping[str, int]
    offline: Timeline
    refused: Action
    page: Mapping[UUID, AssignmentSummary]
    groups: tuple[FailureGroup, ...]
    new_groups: tuple[FailureGroup, ...]
    overdue: tuple[Action, ...]


def answers(run: DemoRun, history: ActionHistory) -> DemoAnswers:
    """Ask the record."""
    questions = _questions(run.cast, history)
    refused = next(one.outcome.action for one in questions if one.name == "refused")
    assert refused is not None
    facts = {
        one.assignment_id: AssignmentFacts(
            state=one.state, allocated_at=one.allocated_at
        )
        for one in run.histories
    }
    return DemoAnswers(
        now=history.now(),
        questions=questions,
        recorded=history.count_by(ActionFilter(actors=[ACTOR]), "status"),
        offline=history.timeline(run.cast.offline.assignment_id),
        refused=history.get(refused.id),
        page=summaries(history, facts),
        groups=history.failure_groups(),
        new_groups=history.failure_groups(since=run.began_at),
        overdue=history.overdue(),
    )


def _questions(cast: Cast, history: ActionHistory) -> list[Question]:
    notified = ActionType.NOTIFIED
    asked = {
        "accepted": (cast.welcome[0], notified),
        "refused": (cast.refused, notified),
        "retried": (cast.offline, notified),
        "killed": (cast.killed, ActionType.REMINDED),
        "never_attempted": (cast.untouched, notified),
    }
    return [
        Question(name, one, kind, history.outcome(one.assignment_id, kind))
        for name, (one, kind) in asked.items()
    ]


def document(
    run: DemoRun, found: DemoAnswers, settings: Settings, seconds: float
) -> Document:
    """Return the summary for programs."""
    states = Counter(str(one.learner_state or "none") for one in found.page.values())
    return {
        "database": database_of(settings),
        "assignments": len(run.histories),
        "imported": run.imported,
        "recorded": dict(found.recorded),
        "mails_accepted": len(run.mails_accepted),
        "most_mails_to_one_learner": run.most_mails,
        "mails_refused": run.mails_refused,
        "killed_status": run.killed_status,
        "refused_duplicate": str(run.duplicate),
        "refused_unknown": str(run.unknown),
        "outcomes": {
            one.name: outcome_document(
                one.asked_about.assignment_id, one.action_type, one.outcome, found.now
            )
            for one in found.questions
        },
        "overdue": [action_document(one, found.now) for one in found.overdue],
        "learner_states": dict(states),
        "failures": sum(group.count for group in found.groups),
        "failure_groups": len(found.groups),
        "next_commands": next_commands(run, found, settings),
        "seconds": round(seconds, 3),
    }


def database_of(settings: Settings) -> str:
    """Return the database's URL without its password."""
    return public_url(settings.url)


def program() -> str:
    """Return how the shell of this folder finds the program."""
    name = "assignment-actions"
    beside = Path(sys.executable).with_name(name)
    if shutil.which(name) is not None or not beside.exists():
        return name
    folder = Path.cwd()
    return str(beside.relative_to(folder) if beside.is_relative_to(folder) else beside)


def next_commands(run: DemoRun, found: DemoAnswers, settings: Settings) -> list[str]:
    """Return commands to try next; they work as they stand, but for a password."""
    has_password = database_of(settings) != settings.url
    options = {
        "--db": None if has_password else settings.url,
        "--table-prefix": settings.table_prefix,
        "--schema": settings.schema,
    }
    given = [word for pair in options.items() if pair[1] for word in pair]
    cast = run.cast
    commands = [
        ["outcome", str(cast.refused.assignment_id), "notified"],
        ["timeline", str(cast.killed.assignment_id)],
        ["show", str(found.refused.id)],
        ["overdue"],
        ["failures", "--since", "1h"],
    ]
    return [shlex.join([program(), *command, *map(str, given)]) for command in commands]
