"""R12, R60, R91: a key and its digest are one key."""

from __future__ import annotations

import pytest

from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.domain.values import scrubbed_key
from assignment_actions.testing.contract.adding import refusal
from assignment_actions.testing.contract.fidelity import TEXTS
from assignment_actions.testing.contract.scrubbing import facts_of
from assignment_actions.testing.factories import a_moment, an_action

DIGEST = scrubbed_key("k")

LOOK_ALIKES = {
    "the word alone": "scrubbed-",
    "one letter less": DIGEST[:-1],
    "one letter more": f"{DIGEST}0",
    "capitals": DIGEST.upper(),
    "a letter that is none": f"{DIGEST[:-1]}g",
    "a blank before": f" {DIGEST}",
    "a blank behind": f"{DIGEST} ",
    "a line end": f"{DIGEST}\n",
    "digits of another script": f"{DIGEST[:-1]}\N{ARABIC-INDIC DIGIT THREE}",
    "another sign": DIGEST.replace("-", "_"),
}
"""Keys that are no digests, though they look much like one."""

KEYS = TEXTS | LOOK_ALIKES


class ScrubbedKeyClauses:
    """What is left of a key, and what it still stands for."""

    @pytest.mark.parametrize("name", KEYS)
    def test_r91_a_key_becomes_its_digest(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R91: whatever the key is, `scrubbed_key` says what is left of it."""
        action = an_action(key=KEYS[name])
        repository.add(action)

        assert 1 == repository.scrub(action)
        assert facts_of(action) == repository.get(action.id)

    @pytest.mark.parametrize("key", ["k", DIGEST], ids=["given", "scrubbed"])
    def test_r12_a_scrubbed_key_is_taken(
        self, repository: ActionRepository, key: str
    ) -> None:
        """R12: nothing is stored again under a key, or its digest, once scrubbed."""
        stored = an_action(status="succeeded", key="k", actor="ann")
        second = an_action(stored.assignment_id, key=key)
        repository.add(stored)
        repository.scrub(stored)

        error = refusal(repository, second)

        assert (facts_of(stored), second) == (error.action, error.refused)
        assert repository.get(second.id) is None

    def test_r12_a_digest_is_the_key_it_was_made_of(
        self, repository: ActionRepository
    ) -> None:
        """R12: where the key stands as given, its digest is taken too."""
        stored = an_action(status="succeeded", key="k")
        repository.add(stored)

        assert (
            stored
            == refusal(repository, an_action(stored.assignment_id, key=DIGEST)).action
        )

    def test_r12_the_next_attempt_follows_a_scrubbed_one(
        self, repository: ActionRepository
    ) -> None:
        """R12: another attempt under the key is stored; the key finds both."""
        first = an_action(status="failed", key="k")
        repository.add(first)
        repository.scrub(first)
        second = an_action(
            first.assignment_id, key="k", attempt=2, created_at=a_moment(1)
        )
        repository.add(second)

        found = repository.timelines([first.assignment_id])[first.assignment_id]

        assert [facts_of(first), second] == list(found.with_key("k"))
        assert [facts_of(first), second] == list(found.with_key(DIGEST))

    @pytest.mark.parametrize("asked", ["k", DIGEST], ids=["given", "digest"])
    @pytest.mark.parametrize("is_scrubbed", [False, True], ids=["whole", "scrubbed"])
    def test_r60_a_key_is_found_scrubbed_or_not(
        self,
        repository: ActionRepository,
        is_scrubbed: bool,  # noqa: FBT001  # a case
        asked: str,
    ) -> None:
        """R60: a key and its digest are one, in the filter and in the store."""
        action = an_action(key="k")
        repository.add(action, an_action(key="K"))
        if is_scrubbed:
            repository.scrub(action)
        wanted = ActionFilter(key=asked)

        assert [action.id] == [one.id for one in repository.find(wanted, 9)]
        assert 1 == repository.count(wanted)
