from typing import Any

import pytest
from domain.samples import ASSIGNMENT, BOUNCE, action, at, failed, succeeded, unknown
from hypothesis import given
from hypothesis import strategies as st

from assignment_actions import Action, ActionFilter, Failure, Timeline
from assignment_actions.domain.values import is_same_key, scrubbed_key

PRIVATE: dict[str, Any] = {"key": "2026-11-22", "actor": "jo", "details": {"to": "jo"}}
WHOLE = failed(
    failure=Failure(
        reason="timeout",
        exception_type="TimeoutError",
        message="jo did not answer",
        stacktrace='  File "mail.py", line 3, in send',
        truncated=True,
    ),
    attempt=2,
    overdue_at=at(9),
    unknown_at=at(5),
    **PRIVATE,
)


class TestScrubbed:
    def test_texts_are_gone(self) -> None:
        """Message, stacktrace, details and actor are removed, the key is a digest."""
        facts = WHOLE.scrubbed()

        assert facts.failure is not None
        assert ("", None) == (facts.failure.message, facts.failure.stacktrace)
        assert (None, {}) == (facts.actor, facts.details)
        assert facts.key == scrubbed_key("2026-11-22")

    def test_facts_stay(self) -> None:
        """Identity, type, status, times, attempt and the kind of failure are facts."""
        facts = WHOLE.scrubbed()

        for field in (
            *("id", "assignment_id", "action_type", "status", "created_at", "attempt"),
            *("completed_at", "overdue_at", "unknown_at"),
        ):
            assert getattr(WHOLE, field) == getattr(facts, field)
        for field in ("reason", "exception_type", "fingerprint", "truncated"):
            assert getattr(WHOLE.failure, field) == getattr(facts.failure, field)

    @pytest.mark.parametrize(
        "one",
        [action(), succeeded(), unknown(), failed(failure=BOUNCE), WHOLE],
        ids=["in_progress", "succeeded", "unknown", "failed", "whole"],
    )
    def test_twice_is_once(self, one: Action) -> None:
        """What was scrubbed before is returned as it is."""
        facts = one.scrubbed()

        assert facts is facts.scrubbed()

    def test_nothing_private_nothing_done(self) -> None:
        """An action that holds facts alone is the same object."""
        one = succeeded()

        assert one is one.scrubbed()

    def test_claims_stay(self) -> None:
        """A scrubbed key still holds its attempt: nothing starts again under it."""
        assert WHOLE.claims == WHOLE.scrubbed().claims


class TestKeys:
    @given(st.text(min_size=1, max_size=255))
    def test_of_a_digest(self, key: str) -> None:
        """The digest of a digest is itself."""
        try:
            digest = scrubbed_key(key)
        except UnicodeEncodeError:  # a lone surrogate, which no key may hold
            return

        assert digest == scrubbed_key(digest)
        assert is_same_key(key, digest)
        assert is_same_key(digest, key)

    def test_others_differ(self) -> None:
        """No key, and another key, are not the same."""
        assert not is_same_key(None, "a")
        assert not is_same_key("a", "A")
        assert not is_same_key(scrubbed_key("a"), "b")

    @pytest.mark.parametrize("key", ["2026-11-22", scrubbed_key("2026-11-22")])
    def test_found_by_its_key(self, key: str) -> None:
        """A timeline and a filter find a scrubbed action by the key it had."""
        facts = WHOLE.scrubbed()

        assert [facts] == list(Timeline([facts]).with_key(key))
        assert ActionFilter(assignment_ids=[ASSIGNMENT], key=key).matches(facts)
        assert ActionFilter(key=key).matches(WHOLE)
