"""Adapters that miss what they search for, or find what is not there."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from contract.broken.right import Broken

from assignment_actions import Action, ActionFilter
from assignment_actions.domain.details import canonical_json
from assignment_actions.domain.filters import Cursor
from assignment_actions.domain.leftovers import as_kept_in, leftovers
from assignment_actions.domain.values import storable


def fields_of(action: Action) -> dict[str, str]:
    """Return the texts of an action by field, as they are stored."""
    failure = action.failure
    found = {
        "action_type": str(action.action_type),
        "key": action.key,
        "actor": action.actor,
        "details": canonical_json(action.details) if action.details else None,
    }
    if failure is not None:
        found |= {
            "reason": str(failure.reason),
            "exception_type": failure.exception_type,
            "message": failure.message,
            "fingerprint": failure.fingerprint,
            "stacktrace": failure.stacktrace,
        }
    return {field: text for field, text in found.items() if text}


class SearchesWithoutCase(Broken):
    """Searches with LIKE, or in a collation that folds letter case."""

    caught_by = (
        "test_r97_texts_compare_by_code_point",
        "test_r97_only_what_the_filter_matches",
    )

    def holds(self, action: Action, texts: Collection[str] | None) -> bool:
        return super().holds(action, texts) or any(
            as_kept_in(field, text).casefold() in stored.casefold()
            for field, stored in fields_of(action).items()
            for text in texts or ()
        )


class SearchesWithWildcards(Broken):
    """Puts a text into a LIKE pattern as it is."""

    caught_by = ("test_r97_texts_compare_by_code_point",)

    def holds(self, action: Action, texts: Collection[str] | None) -> bool:
        return super().holds(action, texts) or any(
            re.search(pattern_of(as_kept_in(field, text)), stored, re.DOTALL)
            for field, stored in fields_of(action).items()
            for text in texts or ()
        )


def pattern_of(text: str) -> str:
    """Return what LIKE makes of a text."""
    return re.escape(text).replace("%", ".*").replace("_", ".")


class SearchesDetailsAsTheyAre(Broken):
    """Looks for the text itself in JSON, which has escapes."""

    caught_by = (
        "test_r97_texts_compare_by_code_point",
        "test_r97_what_was_made_storable_is_found",
    )

    def holds(self, action: Action, texts: Collection[str] | None) -> bool:
        found = leftovers(action, texts)
        if texts is None or found != ("details",):
            return bool(found)
        return any(text in canonical_json(action.details) for text in texts)


class SearchesTextsAsTheyWere(Broken):
    """Looks for what no store can hold, and so was stored in another way."""

    caught_by = ("test_r97_what_was_made_storable_is_found",)

    def holds(self, action: Action, texts: Collection[str] | None) -> bool:
        return super().holds(
            action, texts and [one for one in texts if one == storable(one)]
        )


class ForgetsAColumn(Broken):
    """Was written before failures had fingerprints."""

    caught_by = ("test_r97_a_text_is_found_in_every_column",)

    def holds(self, action: Action, texts: Collection[str] | None) -> bool:
        return bool({*leftovers(action, texts)} - {"fingerprint"})


class SearchesAllFieldsAsOne(Broken):
    """Concatenates what it searches."""

    caught_by = ("test_r97_a_text_ends_with_its_field",)

    def holds(self, action: Action, texts: Collection[str] | None) -> bool:
        whole = "".join(fields_of(action).values())
        return super().holds(action, texts) or any(
            text in whole for text in texts or ()
        )


class SearchesIds(Broken):
    """Takes ids for texts."""

    caught_by = ("test_r97_a_uuid_is_no_text",)

    def holds(self, action: Action, texts: Collection[str] | None) -> bool:
        ids = f"{action.id} {action.assignment_id}"
        return super().holds(action, texts) or any(text in ids for text in texts or ())


class SearchesForAll(Broken):
    """Puts AND between the texts."""

    caught_by = ("test_r97_any_of_the_texts", "test_r97_hundreds_of_texts")

    def holds(self, action: Action, texts: Collection[str] | None) -> bool:
        if not texts:
            return super().holds(action, texts)
        return all(super(SearchesForAll, self).holds(action, [it]) for it in texts)


class SearchesForTheFirst(Broken):
    """Looks for as many texts as one statement takes, and forgets the rest."""

    caught_by = ("test_r97_hundreds_of_texts",)

    def holds(self, action: Action, texts: Collection[str] | None) -> bool:
        return super().holds(action, texts and list(texts)[:99])


class TakesNoTextsForNone(Broken):
    """Does not tell no texts from none given."""

    caught_by = ("test_r97_no_texts_find_nothing",)

    def holds(self, action: Action, texts: Collection[str] | None) -> bool:
        return super().holds(action, texts or None)


class TakesLookAlikesForDigests(Broken):
    """Takes a key for scrubbed that begins as one does."""

    caught_by = ("test_r97_a_key_that_looks_scrubbed_is_a_text",)

    def holds(self, action: Action, texts: Collection[str] | None) -> bool:
        found = leftovers(action, texts)
        is_digest = texts is None and (action.key or "").startswith("scrubbed-")
        return bool({*found} - {"key"} if is_digest else found)


class FindsFactsToScrub(Broken):
    """Takes every key for a text."""

    caught_by = (
        "test_r97_without_texts_what_scrub_would_remove",
        "test_r97_facts_are_no_leftovers",
    )

    def holds(self, action: Action, texts: Collection[str] | None) -> bool:
        return super().holds(action, texts) or (
            texts is None and action.key is not None
        )


class SearchesWithoutStacktraces(Broken):
    """Returns what a list shows."""

    caught_by = ("test_r98_stacktraces_come_along",)

    def search(
        self,
        action_filter: ActionFilter,
        texts: Collection[str] | None,
        limit: int,
        after: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        found = super().search(action_filter, texts, limit, after)
        return [one.without_stacktrace() for one in found]


class SearchesAPage(Broken):
    """Looks for the text in a page of all actions, not for a page of those found."""

    caught_by = ("test_r98_pages_lose_and_repeat_nothing",)

    def search(
        self,
        action_filter: ActionFilter,
        texts: Collection[str] | None,
        limit: int,
        after: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        page = [one.id for one in self.find(action_filter, limit, after)]
        found = super().search(action_filter, texts, limit, after)
        return [one for one in found if one.id in page]


class SearchesEverything(Broken):
    """Does not look at the filter."""

    caught_by = ("test_r97_only_what_the_filter_matches",)

    def search(
        self,
        action_filter: ActionFilter,
        texts: Collection[str] | None,
        limit: int,
        after: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        ids = action_filter.assignment_ids
        wanted = ActionFilter(assignment_ids=ids)
        return super().search(wanted, texts, limit, after)


class SearchesFromTheCursor(Broken):
    """Goes on at the cursor, not after it."""

    caught_by = (
        "test_r98_a_place_may_be_between_what_is_found",
        "test_r98_one_id_of_several_assignments",
        "test_r98_pages_lose_and_repeat_nothing",
    )

    def search(
        self,
        action_filter: ActionFilter,
        texts: Collection[str] | None,
        limit: int,
        after: Cursor | None = None,
        /,
    ) -> Sequence[Action]:
        found = super().search(action_filter, texts, 10**6)
        rest = [it for it in found if after is None or Cursor.of(it) <= after]
        return rest[:limit]
