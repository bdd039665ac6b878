"""What both recorders are made of, whether they wait or not."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import timedelta
from inspect import iscoroutinefunction
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Literal, TypeVar

from assignment_actions.domain.action import Action
from assignment_actions.domain.async_history import AsyncActionHistory
from assignment_actions.domain.erasure import (
    Erasure,
    ErasureKind,
    ErasureReport,
    Progress,
)
from assignment_actions.domain.ids import Uuid7Factory
from assignment_actions.domain.kept import KeptOutcomes, at_once, logger
from assignment_actions.domain.ports import (
    AsyncActionRepository,
    Clock,
    IdFactory,
    OutcomeJournal,
    Redactor,
    utc_now,
)
from assignment_actions.domain.ready_reasons import ReasonRule
from assignment_actions.domain.reconcile import (
    AsyncProbe,
    Probe,
    ReconcileReport,
    Reconciliation,
)
from assignment_actions.domain.redaction import redact_defaults
from assignment_actions.domain.rules import OVERDUE_AFTER, WritingRules
from assignment_actions.domain.values import INT32_MAX, as_int, as_text
from assignment_actions.domain.vocabulary import Vocabulary, VocabularyLike

R = TypeVar("R")
J = TypeVar("J")

FLUSHED_ON_THE_SIDE = 100

OnStartFailure = Literal["raise", "journal"]
_START_FAILURES = ("raise", "journal")

_new_id = Uuid7Factory()


class RecorderOf(ABC, Generic[R, J]):
    """Be a repository, the rules of writing, and a journal for what must wait."""

    _awaits: ClassVar[bool]
    """Whether the repository's verbs are coroutine functions."""

    def __init__(
        self,
        repository: R,
        *,
        clock: Clock = utc_now,
        ids: IdFactory = _new_id,
        vocabulary: VocabularyLike = (),
        reasons: Mapping[Any, ReasonRule] = MappingProxyType({}),
        redact: Redactor | None = redact_defaults,
        overdue_after: timedelta | Mapping[Any, timedelta] = OVERDUE_AFTER,
        store_messages: bool = True,
        journal: OutcomeJournal | None = None,
        on_start_failure: OnStartFailure = "raise",
    ) -> None:
        if on_start_failure not in _START_FAILURES:
            raise ValueError(
                f"on_start_failure must be one of {', '.join(_START_FAILURES)},"
                f" got {on_start_failure!r}"
            )
        if iscoroutinefunction(getattr(repository, "add", None)) is not self._awaits:
            raise TypeError(
                f"repository must be {'async' if self._awaits else 'synchronous'},"
                f" got {type(repository).__name__};"
                f" {'' if self._awaits else 'Async'}ActionRecorder takes that"
            )
        self._repository = repository
        self._rules = WritingRules(
            clock=clock,
            ids=ids,
            vocabulary=Vocabulary.of(vocabulary),
            reasons=reasons,
            redact=redact,
            overdue_after=overdue_after,
            store_messages=bool(store_messages),
        )
        self._joined: J | None = None
        self._journal: OutcomeJournal = KeptOutcomes() if journal is None else journal
        self._keeps_starts = on_start_failure == "journal"

    @property
    @abstractmethod
    def _awaited(self) -> AsyncActionRepository:
        """Return the repository for what is written once, for both."""

    @property
    def _own_journal(self) -> OutcomeJournal | None:
        """Return the journal, None inside a host's transaction."""
        return self._journal if self._joined is None else None

    def _reconciliation(
        self,
        store: Callable[[Action], Awaitable[Action]],
        probe: Probe | AsyncProbe,
        types: Collection[str] | None,
        share: tuple[int, int],
        limit: int | None,
        on_progress: Callable[[ReconcileReport], object] | None,
    ) -> Reconciliation:
        if self._joined is not None:
            raise ValueError(
                "reconcile writes in transactions of its own:"
                " call it on a recorder that is not joined"
            )
        rules = self._rules
        return Reconciliation(
            history=AsyncActionHistory(
                self._awaited, clock=rules.clock, vocabulary=rules.vocabulary
            ),
            rules=rules,
            store=store,
            probe=probe,
            types=types,
            share=share,
            limit=limit,
            on_progress=on_progress,
        )

    def _erasure(
        self,
        kind: ErasureKind,
        actor: str | None,
        dry_run: bool,  # noqa: FBT001  # private, and passed on as it came
        batch_size: int,
        on_progress: Progress | None,
        assignments: int | None = None,
    ) -> Erasure:
        now = self._rules.now()
        report = ErasureReport(
            kind=kind,
            actor=None if actor is None else as_text("actor", actor),
            is_dry_run=bool(dry_run),
            started_at=now,
            ended_at=now,
            assignments=assignments,
        )
        return Erasure(
            repository=self._awaited,
            report=report,
            now=self._rules.now,
            batch_size=as_int("batch_size", batch_size, low=1, high=INT32_MAX),
            on_progress=on_progress,
        )

    def _keep(
        self,
        action: Action,
        is_due: Callable[[], bool] = at_once,
        *,
        is_new: bool = False,
    ) -> bool:
        """Keep an outcome for later; a journal that breaks disturbs nobody."""
        try:
            self._journal.keep(action, is_due, is_new=is_new)
        except Exception as error:  # noqa: BLE001  # the user's result wins
            said = f"lost: action {action.id} is {action.status}"
            logger.error(  # redacted, so not as it is
                self._rules.as_logged(f"{said}, and the journal is broken", error)
            )
            return False
        return True

    def _log_kept_start(self, action: Action, error: Exception) -> None:
        logger.error(
            "assignment_actions could not store the start of action %s (%s):"
            " %s; it is kept for flush(), and its block runs",
            action.id,
            action.action_type,
            self._rules.clean_text(str(error)),
        )
