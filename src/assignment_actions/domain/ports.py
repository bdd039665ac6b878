"""
What the domain asks of the world: a repository, a journal, a clock, ids, a redactor.

Objects need not inherit from these; a type checker compares the signatures. Each
clause of `ActionRepository` has a short id; the test of
`assignment_actions.testing.RepositoryContract` that enforces it carries the same id.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.filters import ActionFilter, Cursor, Dimension
from assignment_actions.domain.groups import FailureGroup
from assignment_actions.domain.timeline import Timeline
from assignment_actions.domain.values import AssignmentId


class Clock(Protocol):
    """Tell the time: an aware datetime."""

    def __call__(self) -> datetime:
        """Return the present."""
        ...


class IdFactory(Protocol):
    """Make the id of an action created at a moment; no id is made twice."""

    def __call__(self, created_at: datetime, /) -> UUID:
        """Return a new id."""
        ...


class Redactor(Protocol):
    """
    Return a text without what must not be kept.

    Idempotent. Where it raises or returns no str, nothing of the text is kept.
    """

    def __call__(self, text: str, /) -> str:
        """Return what may be kept of the text."""
        ...


def utc_now() -> datetime:
    """Return the present: the default `Clock`."""
    return datetime.now(UTC)


class ActionRepository(Protocol):
    """
    Keep actions, and find them again.

    For every method:

    R1 Order. One assignment's actions come in total order `(created_at, id)`. Across
       assignments the newest come first: descending `(created_at, id, assignment_id)`.
    R2 Fidelity. An action comes back equal to what was stored: microseconds, UTC, text
       to the last blank and letter case, 32 KiB of any Unicode but NUL and lone
       surrogates, JSON details. Types nobody knows any more are plain text.
    R3 Lists leave stacktraces out (`failure.stacktrace is None`); only `get` and
       `search` load them.
    R4 No aliasing. What was returned or given never changes what is stored.
    R5 One kind of assignment id (UUID, int or str) per repository: another kind is a
       TypeError, in questions too.
    R6 Errors. Whatever the store raises arrives as `StorageError` with the cause
       attached; nothing is left half done.
    R7 Threads may share a repository.
    """

    def add(self, /, *actions: Action) -> None:
        """
        Store new actions, all or nothing (R10).

        R11 Identity is (assignment_id, id): a second one is refused, nothing is
            overwritten. The same id for two assignments is two actions.
        R12 Keys: (assignment_id, action_type, key, attempt) is stored once; without a
            key there is no such bound.

        Raises:
            DuplicateActionError: R11 or R12; `refused` is the action given, `action`
                the stored one, None where the caller's snapshot cannot see it.
            StorageError: nothing was stored, as far as anybody knows.
        """
        ...

    def complete(self, action: Action, /) -> bool:
        """
        Store an outcome by compare-and-set; tell whether it was stored.

        R20 Stored only where the stored status is one of `action.status.replaces`:
            a final one stands for ever; exactly one of many rivals wins.
        R21 What is stored afterwards is `stored.replaced_by(action)`: outcome and
            details new, `unknown_at` kept once set, all else as it was.
        R22 False, and nothing changed, where it is refused or nothing is stored under
            (assignment_id, id).
        R23 An action in progress is no outcome: ValueError.
        """
        ...

    def get(self, action_id: UUID, /) -> Action | None:
        """
        Return the whole action with its stacktrace, None where there is none (R30).

        Where a host gave one id to several assignments: the first in `(created_at,
        assignment_id)`.
        """
        ...

    def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,
        statuses: Collection[ActionStatus] | None = None,
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        """
        Return a timeline for every id, in the order asked (R40).

        R41 Empty where nothing happened. R42 `types` narrows; none of them: empty. R102
        So do `statuses`, by the stored status: what is overdue is in progress.
        """
        ...

    def latest_successes(
        self,
        assignment_ids: Collection[AssignmentId],
        action_type: str | None = None,
        /,
    ) -> Mapping[AssignmentId, Action]:
        """
        Return the latest success of each id that has one, in the order asked (R50).

        R51 The latest is the greatest `(completed_at, created_at, id)`, of the type if
            one is given.
        """
        ...

    def find(
        self,
        action_filter: ActionFilter,
        limit: int,
        after: Cursor | None = None,
        before: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        """
        Return at most `limit` of the actions that the filter matches, newest first.

        R60 `ActionFilter.matches` is the meaning. R61 `after`: only those that come
        strictly later in this order. R62 `limit` 0 returns none.

        R100 `before`: only those that come strictly earlier in this order. R101 Of
        these the `limit` nearest to the place, the newest first as ever. No caller
        gives both places.
        """
        ...

    def count(self, action_filter: ActionFilter, /) -> int:
        """Return how many actions the filter matches (R70)."""
        ...

    def count_by(
        self, action_filter: ActionFilter, dimension: Dimension, /
    ) -> Mapping[str, int]:
        """
        Return how many of them there are by `dimension_of` (R71).

        R72 Values nothing counts under are absent. The order is the caller's affair.
        """
        ...

    def failure_groups(
        self,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        /,
    ) -> Sequence[FailureGroup]:
        """
        Return the failed actions of these types by fingerprint (R73).

        `group_failures` is the meaning: kinds that failed at or after `since`, each
        with its first failure at all. The order is the caller's affair.
        """
        ...

    def scrub(self, /, *actions: Action) -> int:
        """
        Keep only the facts of what is stored under these actions' identities (R91).

        R92 What is stored afterwards is `stored.scrubbed()`, whatever `actions` say
            beside their identities.
        R93 All or nothing. What is not stored is passed over.
        R94 Returns how many changed: one scrubbed before does not count.
        """
        ...

    def delete(self, /, *actions: Action, status: str | None = None) -> int:
        """
        Remove what is stored under these actions' identities, all or nothing (R95).

        R96 Returns how many were there. Identity and key are free again.
        R99 With a status only those that are stored in it at that moment.
        """
        ...

    def search(
        self,
        action_filter: ActionFilter,
        texts: Collection[str] | None,
        limit: int,
        after: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        """
        Return at most `limit` of the actions that match and hold a text (R97).

        `leftovers` is the meaning: any of `texts`, wherever text is kept; with None
        whatever `scrub` would remove. R98 They come with their stacktraces, the newest
        first, and only those strictly after a place, as in `find`.
        """
        ...

    def joined_to(self, transaction: Any, /) -> JoinedActionRepository:
        """
        Return this repository inside the caller's transaction (R80).

        R81 It never commits and never rolls the caller's transaction back; an error of
            ours leaves that transaction usable where the engine can.
        R82 A store without transactions joins nothing and behaves as ever.
        """
        ...

    def close(self) -> None:
        """Give back what the repository itself opened; again is harmless (R90)."""
        ...


class JoinedActionRepository(ActionRepository, Protocol):
    """Be a repository inside a transaction that somebody else ends."""

    @property
    def is_open(self) -> bool:
        """
        Tell whether the transaction it last wrote in is still undecided (R83).

        False once it was committed or rolled back, before anything was written, and
        always where there are no transactions.
        """
        ...


class AsyncActionRepository(Protocol):
    """
    Keep actions, and find them again, without making an event loop wait.

    `ActionRepository` verb by verb and clause by clause, awaited. A cancelled question
    leaves nothing behind; a cancelled write may or may not have been stored.
    """

    async def add(self, /, *actions: Action) -> None:
        """Store new actions, all or nothing."""
        ...

    async def complete(self, action: Action, /) -> bool:
        """Store an outcome by compare-and-set; tell whether it was stored."""
        ...

    async def get(self, action_id: UUID, /) -> Action | None:
        """Return the whole action with its stacktrace, None where there is none."""
        ...

    async def timelines(
        self,
        assignment_ids: Collection[AssignmentId],
        types: Collection[str] | None = None,
        statuses: Collection[ActionStatus] | None = None,
        /,
    ) -> Mapping[AssignmentId, Timeline]:
        """Return a timeline for every id, in the order asked."""
        ...

    async def latest_successes(
        self,
        assignment_ids: Collection[AssignmentId],
        action_type: str | None = None,
        /,
    ) -> Mapping[AssignmentId, Action]:
        """Return the latest success of each id that has one, in the order asked."""
        ...

    async def find(
        self,
        action_filter: ActionFilter,
        limit: int,
        after: Cursor | None = None,
        before: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        """Return at most `limit` of the actions that match, newest first."""
        ...

    async def count(self, action_filter: ActionFilter, /) -> int:
        """Return how many actions the filter matches."""
        ...

    async def count_by(
        self, action_filter: ActionFilter, dimension: Dimension, /
    ) -> Mapping[str, int]:
        """Return how many of them there are by `dimension_of`."""
        ...

    async def failure_groups(
        self,
        types: Collection[str] | None = None,
        since: datetime | None = None,
        /,
    ) -> Sequence[FailureGroup]:
        """Return the failed actions of these types by fingerprint."""
        ...

    async def scrub(self, /, *actions: Action) -> int:
        """Keep only the facts of these actions; return how many changed."""
        ...

    async def delete(self, /, *actions: Action, status: str | None = None) -> int:
        """Remove these actions; return how many were there."""
        ...

    async def search(
        self,
        action_filter: ActionFilter,
        texts: Collection[str] | None,
        limit: int,
        after: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        """Return at most `limit` of the actions that match and hold a text."""
        ...

    def joined_to(self, transaction: Any, /) -> AsyncJoinedActionRepository:
        """Return this repository inside the caller's transaction; nothing is sent."""
        ...

    async def close(self) -> None:
        """Give back what the repository itself opened; again is harmless."""
        ...


class AsyncJoinedActionRepository(AsyncActionRepository, Protocol):
    """Be a repository inside a transaction that somebody else ends."""

    @property
    def is_open(self) -> bool:
        """Tell whether the transaction it last wrote in is still undecided."""
        ...


class OutcomeJournal(Protocol):
    """
    Keep what could not be stored, until it can be; several threads share it.

    One journal belongs to one repository. What bounds it is the journal's own affair.
    """

    def keep(
        self,
        action: Action,
        is_due: Callable[[], bool] = ...,
        /,
        *,
        is_new: bool = False,
    ) -> None:
        """
        Keep one more; it replaces what is kept of the same action (J1).

        Args:
            action: an outcome, or a start that could not be stored.
            is_due: tells whether storing it may be tried.
            is_new: its start was not stored, as far as anybody knows.
        """
        ...

    def store_each(
        self,
        complete: Callable[[Action], bool],
        add: Callable[[Action], bool],
        limit: int | None = None,
        /,
    ) -> int:
        """
        Hand what is due over, oldest first; return how many were stored (J2).

        J3 New ones go to `add`, all others to `complete`; both tell whether it is
           stored. Whatever they tell, it is kept no longer.
        J4 Where they raise, the round ends. That one stays, behind the others, so that
           it cannot block them.
        J5 At most `limit` are tried.
        """
        ...

    def rewrite(self, change: Callable[[Action], Action | None], /) -> int:
        """
        Put what `change` returns in the place of each that is kept (J7).

        None drops it. Nothing of what stood there before is left where the journal
        keeps things. Returns how many changed.
        """
        ...

    def holds(self, text: str, /) -> bool:
        """Tell whether a text stands anywhere in it, unreadable parts included (J8)."""
        ...

    @property
    def unreadable(self) -> Sequence[int]:
        """Return the numbers of the parts that cannot be read, nor rewritten (J9)."""
        ...

    def __len__(self) -> int:
        """Return how many are kept, as far as this process knows."""
        ...

    def __iter__(self) -> Iterator[Action]:
        """Yield those that are kept, each in its newest state."""
        ...

    def close(self) -> None:
        """Give back what it opened, and log what is lost or left (J6)."""
        ...
