"""Cases: how a real exception is provoked, and what is expected of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs
from exceptions.world import World

from assignment_actions import ErrorReason

Provoke = Callable[[World], object]


@attrs.frozen
class Case:
    """
    Be one exception that really happens.

    `kinds` are the qualified types it may have: some differ by version.
    """

    name: str
    kinds: tuple[str, ...]
    reason: str
    provoke: Provoke
    needs: tuple[str, ...] = ()


@attrs.define
class Cases:
    """Collect the cases of one subject; `reason` holds where nothing else is said."""

    subject: str
    reason: str = ErrorReason.UNCLASSIFIED
    needs: tuple[str, ...] = ()
    _cases: list[Case] = attrs.field(factory=list)

    def __iter__(self) -> Iterator[Case]:
        return iter(self._cases)

    def of(
        self, *kinds: str, reason: str | None = None, needs: Sequence[str] | None = None
    ) -> Callable[[Provoke], Provoke]:
        """Return a decorator that adds the function below it."""

        def add(provoke: Provoke) -> Provoke:
            self.add(provoke.__name__, kinds, provoke, reason=reason, needs=needs)
            return provoke

        return add

    def add(
        self,
        name: str,
        kinds: str | tuple[str, ...],
        provoke: Provoke,
        *,
        reason: str | None = None,
        needs: Sequence[str] | None = None,
    ) -> None:
        """Add a case of one line."""
        self._cases.append(
            Case(
                name=f"{self.subject}-{name}",
                kinds=(kinds,) if isinstance(kinds, str) else kinds,
                reason=reason or self.reason,
                provoke=provoke,
                needs=self.needs if needs is None else tuple(needs),
            )
        )
