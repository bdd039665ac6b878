"""Adapters that scrub too little, too much or something else."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import attrs
from contract.broken.right import Broken

from assignment_actions import Action, ActionFilter, InMemoryActionRepository
from assignment_actions.domain.filters import Cursor
from assignment_actions.domain.values import scrubbed_key


class KeepsScrubbedStacktraces(Broken):
    """Forgets the column that lists never load."""

    caught_by = ("test_r91_facts_stay_and_texts_go",)

    def as_scrubbed(self, stored: Action) -> Action:
        facts, failure = stored.scrubbed(), stored.failure
        if failure is None or facts.failure is None:
            return facts
        kept = attrs.evolve(facts.failure, stacktrace=failure.stacktrace)
        return attrs.evolve(facts, failure=kept)


class KeepsScrubbedKeys(Broken):
    """Leaves the key as the host gave it."""

    caught_by = ("test_r91_facts_stay_and_texts_go",)

    def as_scrubbed(self, stored: Action) -> Action:
        return attrs.evolve(stored.scrubbed(), key=stored.key)


class DropsScrubbedKeys(Broken):
    """Sets the key to NULL, and so forgets what was done under it."""

    caught_by = ("test_r12_a_scrubbed_key_is_taken",)

    def as_scrubbed(self, stored: Action) -> Action:
        for claim in stored.claims[1:]:
            self._key_holders.pop(claim, None)
        return attrs.evolve(stored.scrubbed(), key=None)


class FreesScrubbedKeys(Broken):
    """Keeps keys unique as they are stored: a digest is another key."""

    caught_by = ("test_r12_a_scrubbed_key_is_taken",)

    def as_scrubbed(self, stored: Action) -> Action:
        for claim in stored.claims[1:]:
            self._key_holders.pop(claim, None)
        return stored.scrubbed()


class TakesDigestsForOtherKeys(Broken):
    """Keeps keys unique as they are given: the digest of a stored key is another."""

    caught_by = ("test_r12_a_digest_is_the_key_it_was_made_of",)

    def _require_new(self, actions: Sequence[Action]) -> None:
        super()._require_new(
            [
                attrs.evolve(one, key=None)
                if one.key == scrubbed_key(one.key or "")
                else one
                for one in actions
            ]
        )


class ForgetsScrubbedReasons(Broken):
    """Takes the reason for a text."""

    caught_by = ("test_r91_facts_stay_and_texts_go",)

    def as_scrubbed(self, stored: Action) -> Action:
        facts = stored.scrubbed()
        if facts.failure is None:
            return facts
        failure = attrs.evolve(facts.failure, reason="unclassified")
        return attrs.evolve(facts, failure=failure)


class ScrubsHalfABatch(Broken):
    """Commits each action of a batch on its own."""

    caught_by = ("test_r93_a_wrong_kind_changes_nothing",)

    def scrub(self, /, *actions: Action) -> int:
        return sum([super(ScrubsHalfABatch, self).scrub(one) for one in actions])


class CountsWhatItScrubbedBefore(Broken):
    """Counts the rows that a statement matched, not those that it changed."""

    caught_by = ("test_r94_again_is_no_change",)

    def scrub(self, /, *actions: Action) -> int:
        super().scrub(*actions)
        given = {(one.assignment_id, one.id) for one in actions}
        return sum(one in self._actions for one in given)


class CountsWhatItScrubsTwice(Broken):
    """Counts an action as often as it was given."""

    caught_by = ("test_r94_given_twice_it_counts_once",)

    def scrub(self, /, *actions: Action) -> int:
        before = dict(self._actions)
        super().scrub(*actions)
        given = [(one.assignment_id, one.id) for one in actions]
        return sum(before.get(it) is not self._actions.get(it) for it in given)


class ScrubsWhatItWasGiven(Broken):
    """Writes the facts of the action it was given over the stored one."""

    caught_by = ("test_r92_only_the_identity_given_counts",)

    def scrub(self, /, *actions: Action) -> int:
        count = super().scrub(*actions)
        for one in actions:
            if (one.assignment_id, one.id) in self._actions:
                self._replace(one.scrubbed())
        return count


class ScrubsTheIdEverywhere(Broken):
    """Forgets that one id may be several assignments'."""

    caught_by = ("test_r91_what_is_not_named_stays",)

    def scrub(self, /, *actions: Action) -> int:
        alike = [
            self._actions[identity]
            for one in actions
            for identity in self._actions.with_id(one.id)
        ]
        return super().scrub(*actions, *alike)


class ScrubsOverCompletions(Broken):
    """Reads an action, takes its time, and writes the facts of what it had read."""

    caught_by = ("test_r92_a_rivals_completion_is_not_lost",)

    def scrub(self, /, *actions: Action) -> int:
        identities = [(one.assignment_id, one.id) for one in actions]
        read = {it: self._actions[it] for it in identities if it in self._actions}
        time.sleep(0.01)
        count = InMemoryActionRepository.scrub(self, *actions)
        for stored in read.values():
            self._replace(stored.scrubbed())
        return count

    def complete(self, action: Action, /) -> bool:
        time.sleep(0.003)  # those who scrub at the same moment have read by now
        return super().complete(action)


class FindsKeysAsGiven(Broken):
    """Compares a key with what is stored, digest or not."""

    caught_by = ("test_r60_a_key_is_found_scrubbed_or_not",)

    def _newest_first(
        self, action_filter: ActionFilter, after: Cursor | None = None
    ) -> Iterator[Action]:
        found = super()._newest_first(action_filter, after)
        key = action_filter.key
        return (one for one in found if key is None or one.key == key)
