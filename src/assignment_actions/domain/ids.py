"""
UUID version 7 from a given moment (RFC 9562, section 5.7).

The standard library's `uuid7()` (Python 3.14) and the backports take the present; an
action's id is made from its `created_at`, which a host may give. Hence these few lines,
tested against the RFC's vector.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, SafeUUID

import attrs

from assignment_actions.domain.blanks import blank_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TAIL = 2**62 - 1
_UNKNOWN = SafeUUID.unknown

_blank = blank_of(UUID)


def uuid7(milliseconds: int, fraction: int, tail: int) -> UUID:
    """Return a UUID version 7 of 48 bits of time, 12 of its fraction and 62 others."""
    return uuid_of((milliseconds << 16 | 7 << 12 | fraction) << 64 | 2 << 62 | tail)


def uuid_of(number: int) -> UUID:
    """Return the UUID of 128 bits, unchecked: UUID's own constructor costs thrice."""
    blank = _blank()
    blank.int = number
    blank.is_safe = _UNKNOWN
    blank.__class__ = UUID
    made: UUID = blank
    return made


@attrs.define
class Uuid7Factory:
    """
    Make ids that sort by `created_at`, and increase within one moment.

    The 12 bits after the milliseconds hold the microseconds (RFC 9562, section 6.2,
    method 3); the last 62 are one counter (method 2) that begins at random and takes
    random steps, so that processes, forked ones too, go their own ways; after half a
    billion ids it may begin again at 0. Thread-safe without a lock: the child of a fork
    would find one taken for ever. Moments before 1970 count as 1970.
    """

    _tail: int = attrs.field(factory=lambda: secrets.randbits(61))
    _numbers: Iterator[int] = attrs.field(
        factory=itertools.count, init=False, repr=False, eq=False
    )

    def __call__(self, created_at: datetime, /) -> UUID:
        """Return the next id for this moment."""
        micros = (created_at - _EPOCH) // _MICROSECOND
        milliseconds, rest = divmod(micros, 1000) if micros > 0 else (0, 0)
        return uuid7(milliseconds, (rest << 12) // 1000, self._next_tail())

    def _next_tail(self) -> int:
        number = next(self._numbers)  # one thread's alone
        return (self._tail + (number << 32) + secrets.randbits(32)) & _TAIL
