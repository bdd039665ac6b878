"""Words for what was done and why it failed; hosts add their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

import attrs

from assignment_actions.domain.values import as_name


class ActionType(StrEnum):
    """Name what was done, as a past participle; a host adds a StrEnum of its own."""

    LEARNER_LINKED = "learner_linked"
    NOTIFIED = "notified"
    REMINDED = "reminded"
    REDEEMED = "redeemed"
    CANCELLED = "cancelled"
    CANCELLED_ACKNOWLEDGED = "cancelled_acknowledged"
    EXPIRED = "expired"
    EXPIRED_ACKNOWLEDGED = "expired_acknowledged"
    REVERSED = "reversed"


class ErrorReason(StrEnum):
    """Name the kind of a failure in a short code; a host adds a StrEnum of its own."""

    EMAIL_ERROR = "email_error"
    INTERNAL_API_ERROR = "internal_api_error"
    ENROLLMENT_ERROR = "enrollment_error"
    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"
    UNCLASSIFIED = "unclassified"


BUILT_IN: Mapping[str, ActionType] = MappingProxyType(
    {str(member): member for member in ActionType}
)

REASONS: Mapping[str, ErrorReason] = MappingProxyType(
    {str(member): member for member in ErrorReason}
)

VocabularyLike = type[StrEnum] | Iterable[type[StrEnum] | str]
"""A StrEnum, or several StrEnums and plain names."""


def _words(given: VocabularyLike) -> Iterable[str]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise TypeError(f"vocabulary must be StrEnums or names, got {given!r}")
    for word in given:
        if isinstance(word, str):
            yield word
        elif isinstance(word, type) and issubclass(word, StrEnum):
            yield from word
        else:
            raise TypeError(f"vocabulary must be StrEnums or names, got {word!r}")


@attrs.frozen
class Vocabulary:
    """The action types that may be written: the nine built in, and the host's."""

    types: Mapping[str, str]

    @classmethod
    def of(cls, words: VocabularyLike | Vocabulary = ()) -> Vocabulary:
        """
        Return the built-in types with the host's own beside them.

        A vocabulary made before is returned as it is.

        Raises:
            TypeError, ValueError: a name is not lower snake case of at most 64.
        """
        if isinstance(words, Vocabulary):
            return words
        known: dict[str, str] = dict(BUILT_IN)
        for word in _words(words):
            name = as_name("action_type", word)
            known.setdefault(str(name), name)
        return cls(MappingProxyType(known))

    def require(self, action_type: str) -> str:
        """
        Return the known member for a type that is about to be written.

        Raises:
            ValueError: nobody knows it; the message names those that are known.
        """
        if isinstance(action_type, str) and action_type in self.types:
            return self.types[action_type]
        name = as_name("action_type", action_type)
        raise ValueError(
            f"action_type {str(name)!r} is unknown;"
            f" known are: {', '.join(sorted(self.types))}"
        )

    def read(self, action_type: str) -> str:
        """Return the known member, or the plain text that nobody knows any more."""
        return self.types.get(action_type, action_type)

    @property
    def is_built_in(self) -> bool:
        """Tell whether the host added nothing."""
        return len(self.types) == len(BUILT_IN)
