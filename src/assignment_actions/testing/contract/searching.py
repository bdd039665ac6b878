"""R97, R98: every text is found wherever it stands, and nothing else is."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

import pytest

from assignment_actions.domain.filters import ActionFilter, Cursor
from assignment_actions.domain.leftovers import leftovers
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.domain.values import scrubbed_key
from assignment_actions.testing.contract.filtering import EMPTY, FILTERS
from assignment_actions.testing.contract.mixture import (
    HERE,
    THERE,
    a_mixture,
    an_id,
    newest_first,
)
from assignment_actions.testing.contract.reading import emptied
from assignment_actions.testing.contract.scrubbed_keys import LOOK_ALIKES
from assignment_actions.testing.contract.scrubbing import (
    TEXTS_ALONE,
    TRIES,
    facts_of,
)
from assignment_actions.testing.contract.sought import (
    EMOJI,
    NEAR_MISSES,
    PLACES,
    UNSTORABLE,
    holding,
)
from assignment_actions.testing.factories import a_failure, a_moment, an_action

ALL = ActionFilter()
MAIL = "jo@example.com"


class SearchingClauses:
    """What `search` promises."""

    def test_r4_a_returned_search_is_the_callers(
        self, repository: ActionRepository
    ) -> None:
        """R4: to empty what was found changes nothing stored."""
        repository.add(action := an_action(actor=MAIL))
        emptied(repository.search(ALL, [MAIL], 9))

        assert [action] == list(repository.search(ALL, [MAIL], 9))

    @pytest.mark.parametrize("name", PLACES)
    def test_r97_a_text_is_found_in_every_column(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R97: wherever a text stands, the action that holds it is found."""
        action = an_action(status="unknown", **PLACES[name])
        repository.add(action, an_action(status="failed", key="k", actor="ann"))

        found = repository.search(ALL, ["ought_her"], 9)

        assert [action] == list(found)
        assert (name,) == leftovers(found[0], ["ought_her"])

    @pytest.mark.parametrize("name", NEAR_MISSES)
    def test_r97_texts_compare_by_code_point(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R97: letter case, blanks, accents and wildcards stand for themselves."""
        stored, sought, is_found = NEAR_MISSES[name]
        actions = [
            an_action(created_at=a_moment(-at), **changes)
            for at, changes in enumerate(holding(stored))
        ]
        repository.add(*actions)

        expected = actions if is_found else []

        assert expected == list(repository.search(ALL, [sought], 9))

    @pytest.mark.parametrize("name", UNSTORABLE)
    def test_r97_what_was_made_storable_is_found(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R97: a text that no store keeps as it is, is found by what it was."""
        text = UNSTORABLE[name]
        actions = [
            an_action(created_at=a_moment(-at), **changes)
            for at, changes in enumerate(holding(f"so {text} it is"))
            if "key" not in changes and "actor" not in changes
        ]
        repository.add(*actions)

        assert actions == list(repository.search(ALL, [text], 9))

    @pytest.mark.parametrize("place", ["message", "stacktrace"])
    def test_r97_long_texts_are_found(
        self, repository: ActionRepository, place: str
    ) -> None:
        """R97: the whole of a large text may be sought, and its last letters."""
        text = EMOJI * 900 + "the end"
        action = an_action(status="failed", failure=a_failure(**{place: text}))
        repository.add(action)

        assert [action] == list(repository.search(ALL, [text], 9))
        assert [action] == list(repository.search(ALL, ["he end"], 9))
        assert [] == list(repository.search(ALL, [f"{text}."], 9))

    def test_r97_a_text_ends_with_its_field(self, repository: ActionRepository) -> None:
        """R97: what begins in one field does not go on in the next."""
        repository.add(an_action(key="ab", actor="cd", details={"ef": "gh"}))

        for text in ("abcd", "ab cd", "bc", "ab\ncd", "cdef", 'ef":"gh', '{"ef'):
            assert [] == list(repository.search(ALL, [text], 9))

    def test_r97_a_uuid_is_no_text(self, repository: ActionRepository) -> None:
        """R97: an id is a fact, and is sought by other questions."""
        repository.add(action := an_action(key="k"))

        for one in (action.id, action.assignment_id):
            assert [] == list(repository.search(ALL, [str(one)], 9))

    def test_r97_any_of_the_texts(self, repository: ActionRepository) -> None:
        """R97: an action is found, once, if it holds one of them or several."""
        first = an_action(key="one", actor="two", created_at=a_moment(1))
        second = an_action(details={"n": "two"})
        repository.add(first, second, an_action(key="three"))

        assert [first, second] == list(repository.search(ALL, ["one", "two"], 9))
        assert [first] == list(repository.search(ALL, ["nobody", "one", "two"], 1))

    def test_r97_hundreds_of_texts(self, repository: ActionRepository) -> None:
        """R97: as many texts may be sought at once as learners are erased."""
        texts = [f"learner-{number}@example.com" for number in range(500)]
        actions = [
            an_action(actor=texts[at], created_at=a_moment(-at)) for at in (0, 250, 499)
        ]
        repository.add(*actions, an_action(actor="learner-500@example.com"))

        assert actions == list(repository.search(ALL, texts, 9))

    def test_r97_no_texts_find_nothing(self, repository: ActionRepository) -> None:
        """R97: any of no texts stands nowhere."""
        repository.add(an_action(key="k"))

        assert [] == list(repository.search(ALL, [], 9))
        assert [] == list(repository.search(ALL, set(), 9))

    @pytest.mark.parametrize("name", TEXTS_ALONE)
    def test_r97_without_texts_what_scrub_would_remove(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R97: with None an action is found for any text that is no fact."""
        action = an_action(status="unknown", **TEXTS_ALONE[name])
        repository.add(action, an_action(status="unknown"))

        assert [action] == list(repository.search(ALL, None, 9))
        repository.scrub(action)
        assert [] == list(repository.search(ALL, None, 9))

    @pytest.mark.parametrize("name", TRIES)
    def test_r97_facts_are_no_leftovers(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R97: with None an action that holds nothing but facts is not found."""
        repository.add(facts_of(an_action(**TRIES[name], key="k")))

        assert [] == list(repository.search(ALL, None, 9))

    @pytest.mark.parametrize("name", LOOK_ALIKES)
    def test_r97_a_key_that_looks_scrubbed_is_a_text(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R97: with None only a key that is its own digest is a fact."""
        action = an_action(key=LOOK_ALIKES[name])
        repository.add(action, an_action(key=scrubbed_key("k")))

        assert [action] == list(repository.search(ALL, None, 9))

    @pytest.mark.parametrize("name", [*FILTERS, *EMPTY])
    def test_r97_only_what_the_filter_matches(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R97: what is found holds a text, or any, and the filter matches it."""
        wanted = (FILTERS | EMPTY)[name]
        repository.add(*(mixture := a_mixture()))
        matching = newest_first([one for one in mixture if wanted.matches(one)])

        for texts in (None, ["ann", "timeout"]):
            assert [one.id for one in matching if leftovers(one, texts)] == [
                one.id for one in repository.search(wanted, texts, 99)
            ]

    @pytest.mark.parametrize("texts", [None, ["mailbox full"]], ids=repr)
    def test_r98_stacktraces_come_along(
        self, repository: ActionRepository, texts: list[str] | None
    ) -> None:
        """R98: what is found is whole, as `get` has it."""
        action = an_action(status="failed")
        repository.add(action)

        assert [action] == list(repository.search(ALL, texts, 9))
        assert action == repository.get(action.id)

    @pytest.mark.parametrize("texts", [None, ["notified", "ann"]], ids=repr)
    @pytest.mark.parametrize("limit", [1, 2, 3, 99])
    def test_r98_pages_lose_and_repeat_nothing(
        self, repository: ActionRepository, limit: int, texts: list[str] | None
    ) -> None:
        """R98: page after page gives everything once, the newest first."""
        mixture = a_mixture()
        repository.add(*mixture)
        expected = newest_first([one for one in mixture if leftovers(one, texts)])

        found = [*repository.search(ALL, texts, limit)]
        page = found
        while page and len(found) <= len(mixture):
            page = [*repository.search(ALL, texts, limit, Cursor.of(page[-1]))]
            found = found + page

        assert expected == [one.without_stacktrace() for one in found]

    def test_r98_one_id_of_several_assignments(
        self, repository: ActionRepository
    ) -> None:
        """R98: the same id of several assignments is found for each, one by one."""
        actions = [
            an_action(UUID(int=n << 120), id=an_id(9), actor=MAIL)
            for n in (255, 128, 127)
        ]
        repository.add(*actions)

        assert actions == list(repository.search(ALL, [MAIL], 9))
        for before, one in pairwise(actions):
            assert [one] == list(repository.search(ALL, [MAIL], 1, Cursor.of(before)))

    @pytest.mark.parametrize("texts", [None, [MAIL]], ids=repr)
    def test_r98_a_place_may_be_between_what_is_found(
        self, repository: ActionRepository, texts: list[str] | None
    ) -> None:
        """R98: from any place, stored or not, what comes strictly later."""
        actions = [
            an_action(
                HERE if step % 2 else THERE,
                id=an_id(step),
                created_at=a_moment(-step),
                actor=MAIL if step % 2 else None,
            )
            for step in range(1, 6)
        ]
        repository.add(*actions)

        for step, action in enumerate(actions, 1):
            later = [one for one in actions[step:] if one.actor]
            assert later == list(repository.search(ALL, texts, 9, Cursor.of(action)))

    @pytest.mark.parametrize("texts", [None, [MAIL]], ids=repr)
    def test_r98_limit_0_returns_none(
        self, repository: ActionRepository, texts: list[str] | None
    ) -> None:
        """R98: at most no action is no action."""
        repository.add(an_action(actor=MAIL))

        assert [] == list(repository.search(ALL, texts, 0))
