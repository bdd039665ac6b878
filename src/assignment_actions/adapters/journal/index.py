"""What a journal's file holds, as far as it was read: places, never the actions."""

from __future__ import annotations

from typing import BinaryIO
from uuid import UUID

import attrs

from assignment_actions.adapters.journal.lines import KeptLine, StoredLine, parsed
from assignment_actions.domain.values import AssignmentId

Identity = tuple[AssignmentId, UUID]


@attrs.frozen(order=True)
class Place:
    """Be where a line stands."""

    start: int
    size: int


@attrs.define
class Index:
    """
    Know which lines of a file are left to store.

    `size` is how much was read, `is_torn` tells that its last line has no end.
    `left` is in the order of the file, by digest; `unreadable` by number.
    """

    size: int = 0
    lines: int = 0
    is_torn: bool = False
    left: dict[str, Place] = attrs.field(factory=dict)
    unreadable: dict[int, Place] = attrs.field(factory=dict)
    _identities: dict[str, Identity] = attrs.field(factory=dict)
    _newest: dict[Identity, str] = attrs.field(factory=dict)

    @property
    def settled(self) -> int:
        """Return how many lines say nothing any more."""
        return self.lines - len(self.left) - len(self.unreadable)

    def read_on(self, stream: BinaryIO) -> dict[int, ValueError]:
        """Read what was written since; return what cannot be read, by line number."""
        stream.seek(self.size)
        errors: dict[int, ValueError] = {}
        for line in stream:
            place = Place(self.size, len(line))
            self.size += len(line)
            ends_torn_one = self.is_torn and line == b"\n"
            self.is_torn = not line.endswith(b"\n")
            if ends_torn_one:
                continue
            self.lines += 1
            try:
                self._take(parsed(line), place)
            except ValueError as error:
                self.unreadable[self.lines] = place
                errors[self.lines] = error
        return errors

    def settle(self, digest: str) -> None:
        """Forget a line that is done with."""
        if self.left.pop(digest, None) is not None:
            identity = self._identities.pop(digest)
            self._newest.pop(identity)

    def put_last(self, digest: str) -> None:
        """Let a line wait behind all others."""
        if digest in self.left:
            self.left[digest] = self.left.pop(digest)

    def places_kept(self) -> list[Place]:
        """Return the lines that a shorter file must hold, in their order."""
        return sorted([*self.left.values(), *self.unreadable.values()])

    def _take(self, line: KeptLine | StoredLine, place: Place) -> None:
        if isinstance(line, StoredLine):
            self.settle(line.digest)
            return
        identity = line.action.assignment_id, line.action.id
        if identity in self._newest:  # the newest state of one action is enough
            self.settle(self._newest[identity])
        self.left[line.digest] = place
        self._identities[line.digest] = identity
        self._newest[identity] = line.digest
