"""
Erasure: scrub, erase and purge in batches, and proof that nothing was left.

Coroutines; a store that does not wait runs them by `result_of`.
"""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import aclosing
from datetime import datetime
from typing import Literal

import attrs

from assignment_actions.domain.action import Action
from assignment_actions.domain.filters import ActionFilter, Cursor
from assignment_actions.domain.leftovers import leftovers
from assignment_actions.domain.ports import AsyncActionRepository, OutcomeJournal
from assignment_actions.domain.retention import RetentionPolicy
from assignment_actions.domain.values import AssignmentId, scrubbed_key

ERASURE_BATCH = 500
"""How many actions one transaction changes: few, so that nobody waits for it long."""

IDS_AT_ONCE = 1000
"""How many assignments one question is about: they are sorted for each batch."""

LEFTOVERS_LIMIT = 1000

ErasureKind = Literal["scrub", "erase", "purge"]
Verb = Callable[..., Awaitable[int]]
Try = tuple[AssignmentId, str, str]
Find = Callable[[ActionFilter, Cursor | None], Awaitable[Sequence[Action]]]


@attrs.frozen(kw_only=True)
class ErasureReport:
    """
    Tell what was erased: what, how many, when and by whom; no text, no assignment id.

    `actions` were changed or removed (in a dry run: would be). `assignments` is how
    many were asked about, None for `purge`. `in_progress` of the actions seen were not
    completed yet, unknown ones among them: whoever completes one that was scrubbed
    stores its outcome with texts, so ask again. `held` would be purged but for the
    hold. `kept` outcomes that wait in the journal were changed as well.
    """

    kind: ErasureKind
    actor: str | None
    is_dry_run: bool
    started_at: datetime
    ended_at: datetime
    assignments: int | None = None
    actions: int = 0
    in_progress: int = 0
    held: int = 0
    kept: int = 0

    def as_details(self) -> dict[str, object]:
        """
        Return this report as a JSON object, for the `details` of an action or a log.

        All but the actor, who is the action's own.
        """
        report = attrs.asdict(self, filter=lambda field, _: field.name != "actor")
        times = {name: report[name].isoformat() for name in ("started_at", "ended_at")}
        return report | times

    def with_batch(
        self, actions: Sequence[Action], count: int, held: int, ended_at: datetime
    ) -> ErasureReport:
        """Return this report with one more batch: `count` of the actions changed."""
        is_open = (not one.status.is_final for one in actions)
        return attrs.evolve(
            self,
            actions=self.actions + count,
            in_progress=self.in_progress + sum(is_open),
            held=self.held + held,
            ended_at=ended_at,
        )


Progress = Callable[[ErasureReport], object]


@attrs.frozen
class Leftover:
    """
    Be one place where something stands that should be gone.

    `action` has its facts alone. It is None where a text stands in the journal, and
    where a part of that cannot be read: nobody can tell whom it is about.
    """

    where: Literal["store", "journal"]
    fields: Sequence[str]
    action: Action | None = attrs.field(default=None, repr=False)


@attrs.frozen
class ErasureCheck:
    """
    Tell what of some assignments, and of some texts, is still stored.

    `actions` of the assignments are stored: none after `erase`, their facts after
    `scrub`. `leftovers` name the places where more than facts, or one of the texts,
    was found: at most 1 000 of each thousand assignments, and of the texts.
    """

    actions: int
    leftovers: Sequence[Leftover]

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing but facts was found."""
        return not self.leftovers


@attrs.define(kw_only=True)
class Erasure:
    """
    Be one run: it reads in keyset order, and changes a batch per transaction.

    What was changed stays changed wherever the run ends, and another run goes on from
    there: what is gone is not found again, and what was scrubbed is not counted again.
    """

    repository: AsyncActionRepository
    report: ErasureReport
    now: Callable[[], datetime]
    batch_size: int
    on_progress: Progress | None

    async def scrub(
        self, ids: Sequence[AssignmentId], journal: OutcomeJournal | None
    ) -> ErasureReport:
        """Keep only the facts about these assignments."""
        wanted = frozenset(ids)
        self._journal(
            journal, lambda one: one.scrubbed() if one.assignment_id in wanted else one
        )
        if self.report.is_dry_run:
            return await self._each_of(ids, self.repository.scrub, self._unscrubbed)
        return await self._each_of(ids, self.repository.scrub, self._found)

    async def erase(
        self, ids: Sequence[AssignmentId], journal: OutcomeJournal | None
    ) -> ErasureReport:
        """Remove all actions of these assignments."""
        wanted = frozenset(ids)
        self._journal(journal, lambda one: None if one.assignment_id in wanted else one)
        return await self._each_of(ids, self.repository.delete, self._found)

    async def purge(
        self, policy: RetentionPolicy, journal: OutcomeJournal | None
    ) -> ErasureReport:
        """Remove what a policy lets expire."""
        self._journal(journal, lambda one: one)  # leaves out what was settled
        for rule, wanted in policy.expired(self.report.started_at):
            async with aclosing(_pages(wanted, self._found)) as pages:
                async for page in pages:
                    expired = [one for one in page if policy.decides(rule, one)]
                    free = [one for one in expired if not policy.holds(one)]
                    free = await self._not_needed(free, policy)
                    await self._change(free, self._delete, len(expired) - len(free))
        return self.report

    # -- behind ------------------------------------------------------------------------

    async def _not_needed(
        self, actions: Sequence[Action], policy: RetentionPolicy
    ) -> list[Action]:
        """Return those under no key, and those whose every try expires as well."""
        keyed = [one for one in actions if one.key is not None]
        kept: set[Try] = set()
        if keyed:
            ids = {one.assignment_id for one in keyed}
            types = {str(one.action_type) for one in keyed}
            timelines = await self.repository.timelines(ids, types)
            for timeline in timelines.values():
                kept |= {
                    _try_of(one)
                    for one in timeline
                    if not policy.lets_go(one, self.report.started_at)
                }
        return [one for one in actions if one.key is None or _try_of(one) not in kept]

    async def _delete(self, *actions: Action) -> int:
        """Remove them, but not what was completed since it was read."""
        final = [one for one in actions if one.status.is_final]
        count = await self.repository.delete(*final) if final else 0
        for status in {one.status for one in actions} - {one.status for one in final}:
            some = [one for one in actions if one.status is status]
            count += await self.repository.delete(*some, status=status)
        return count

    def _journal(
        self,
        journal: OutcomeJournal | None,
        change: Callable[[Action], Action | None],
    ) -> None:
        if journal is None:
            return
        if self.report.is_dry_run:
            kept = sum(change(one) is not one for one in journal)
        else:
            kept = journal.rewrite(change)
        self.report = attrs.evolve(self.report, kept=kept)

    async def _each_of(
        self, ids: Sequence[AssignmentId], verb: Verb, find: Find
    ) -> ErasureReport:
        for start in range(0, len(ids), IDS_AT_ONCE):
            some = ActionFilter(assignment_ids=ids[start : start + IDS_AT_ONCE])
            async with aclosing(_pages(some, find)) as pages:
                async for page in pages:
                    await self._change(page, verb)
        return self.report

    async def _found(
        self, wanted: ActionFilter, after: Cursor | None
    ) -> Sequence[Action]:
        return await self.repository.find(wanted, self.batch_size, after)

    async def _unscrubbed(
        self, wanted: ActionFilter, after: Cursor | None
    ) -> Sequence[Action]:
        return await self.repository.search(wanted, None, self.batch_size, after)

    async def _change(
        self, actions: Sequence[Action], verb: Verb, held: int = 0
    ) -> None:
        """Change one batch, all or nothing, and say so."""
        count = len(actions)
        if actions and not self.report.is_dry_run:
            count = await verb(*actions)
        self.report = self.report.with_batch(actions, count, held, self.now())
        if self.on_progress is not None:
            self.on_progress(self.report)


def _try_of(action: Action) -> Try:
    key = action.key or ""
    return action.assignment_id, str(action.action_type), scrubbed_key(key)


async def _pages(wanted: ActionFilter, find: Find) -> AsyncGenerator[Sequence[Action]]:
    after = None
    while page := await find(wanted, after):
        yield page
        after = Cursor.of(page[-1])


def as_sought(texts: Iterable[str]) -> list[str]:
    """Return texts to look for, each once; an empty one stands everywhere."""
    if isinstance(texts, (str, bytes)) or not isinstance(texts, Iterable):
        raise TypeError(f"texts must be a collection, got {texts!r}")
    sought = list(dict.fromkeys(texts))
    for text in sought:
        if not isinstance(text, str):
            raise TypeError(f"texts must be str, got {text!r}")
        if not text.strip():
            raise ValueError(f"texts must not be blank, got {text!r}")
    return sought


async def checked(
    repository: AsyncActionRepository,
    journal: OutcomeJournal | None,
    ids: Sequence[AssignmentId],
    texts: Sequence[str],
) -> ErasureCheck:
    """Search the store and the journal for what should be gone."""
    count, found = 0, list[Leftover]()
    for start in range(0, len(ids), IDS_AT_ONCE):
        some = ActionFilter(assignment_ids=ids[start : start + IDS_AT_ONCE])
        count += await repository.count(some)
        found += await _in_store(repository, some, None)
    if texts:
        found += await _in_store(repository, ActionFilter(), texts)
    if journal is not None:
        found += _in_journal(journal, frozenset(ids), texts)
    return ErasureCheck(count, tuple(found))


async def _in_store(
    repository: AsyncActionRepository,
    wanted: ActionFilter,
    texts: Sequence[str] | None,
) -> list[Leftover]:
    async def find(some: ActionFilter, after: Cursor | None) -> Sequence[Action]:
        return await repository.search(some, texts, ERASURE_BATCH, after)

    found: list[Leftover] = []
    async with aclosing(_pages(wanted, find)) as pages:
        async for page in pages:
            found += [
                Leftover("store", leftovers(action, texts), action.scrubbed())
                for action in page
            ]
            if len(found) >= LEFTOVERS_LIMIT:
                break
    return found[:LEFTOVERS_LIMIT]


def _in_journal(
    journal: OutcomeJournal, ids: Collection[AssignmentId], texts: Sequence[str]
) -> Iterator[Leftover]:
    for action in journal:
        if action.assignment_id in ids and leftovers(action):
            yield Leftover("journal", leftovers(action), action.scrubbed())
    if any(map(journal.holds, texts)) or (ids and journal.unreadable):
        yield Leftover("journal", ())
