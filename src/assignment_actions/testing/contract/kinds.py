"""R5: one kind of assignment id per repository; what int and str ids promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from assignment_actions.domain.filters import ActionFilter, Cursor
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.domain.values import AssignmentId
from assignment_actions.testing.contract.mixture import an_id, shuffled
from assignment_actions.testing.contract.sought import NEAR_MISSES
from assignment_actions.testing.factories import (
    a_moment,
    an_action,
    an_assignment_id,
)

Ask = Callable[[ActionRepository, Any], object]


def a_place(assignment_id: Any) -> Cursor:
    """Return a place in the order, at an assignment."""
    return Cursor(a_moment(), an_id(9), assignment_id)


VERBS: dict[str, Ask] = {
    "add": lambda it, wrong: it.add(an_action(wrong)),
    "complete": lambda it, wrong: it.complete(an_action(wrong, status="succeeded")),
    "timelines": lambda it, wrong: it.timelines([wrong]),
    "latest_successes": lambda it, wrong: it.latest_successes([wrong], "notified"),
    "find": lambda it, wrong: it.find(ActionFilter(assignment_ids=[wrong]), 1),
    "find after": lambda it, wrong: it.find(ActionFilter(), 1, a_place(wrong)),
    "find before": lambda it, wrong: it.find(ActionFilter(), 1, None, a_place(wrong)),
    "count": lambda it, wrong: it.count(ActionFilter(assignment_ids=[wrong])),
    "count_by": lambda it, wrong: it.count_by(
        ActionFilter(assignment_ids=[wrong]), "status"
    ),
    "scrub": lambda it, wrong: it.scrub(an_action(wrong)),
    "delete": lambda it, wrong: it.delete(an_action(wrong)),
    "search": lambda it, wrong: it.search(
        ActionFilter(assignment_ids=[wrong]), ["text"], 1
    ),
    "search after": lambda it, wrong: it.search(
        ActionFilter(), None, 1, a_place(wrong)
    ),
    "search for leftovers": lambda it, wrong: it.search(
        ActionFilter(assignment_ids=[wrong]), None, 1
    ),
}

INTS = [-(2**63), -(2**31), -1, 0, 1, 9, 10, 2**31, 2**53 + 1, 2**63 - 1]

STRS = sorted(
    [
        "0",
        "10",
        "9",
        "A",
        "a",
        "a ",
        "a  ",
        "ab",
        " a",
        "B",
        "b",
        "ss",
        "\N{LATIN SMALL LETTER SHARP S}",
        "\N{LATIN SMALL LETTER E WITH ACUTE}",
        "e\N{COMBINING ACUTE ACCENT}",
        "\uffee",
        "\N{PILE OF POO}",
        "\N{PILE OF POO}" * 255,
        "a" * 255,
        "course-v1:edX+Demo%_'\"\\",
    ]
)


class KindClauses:
    """What a repository for UUIDs refuses."""

    @pytest.mark.parametrize("verb", VERBS)
    @pytest.mark.parametrize("wrong", [7, "7"], ids=repr)
    def test_r5_another_kind_is_a_type_error(
        self, repository: ActionRepository, verb: str, wrong: AssignmentId
    ) -> None:
        """R5: an int or a str is refused where assignments are UUIDs."""
        repository.add(an_action())

        with pytest.raises(TypeError, match="assignment_id"):
            VERBS[verb](repository, wrong)

    def test_r5_a_uuid_as_text_is_another_kind(
        self, repository: ActionRepository
    ) -> None:
        """R5: the text of a UUID is no UUID, not even of one that is stored."""
        repository.add(action := an_action())

        with pytest.raises(TypeError, match="assignment_id"):
            repository.timelines([str(action.assignment_id)])

    def test_r5_a_batch_of_two_kinds_is_refused_whole(
        self, repository: ActionRepository
    ) -> None:
        """R5: where one action of a batch is of another kind, none is stored."""
        with pytest.raises(TypeError, match="assignment_id"):
            repository.add(an_action(), an_action(7))

        assert 0 == repository.count(ActionFilter())

    def test_r5_one_wrong_id_among_many_is_refused(
        self, repository: ActionRepository
    ) -> None:
        """R5: every id of a question is looked at."""
        repository.add(action := an_action())

        with pytest.raises(TypeError, match="assignment_id"):
            repository.timelines([action.assignment_id, 7])


class IntIdClauses:
    """What a repository for ints promises."""

    @pytest.mark.parametrize("assignment_id", INTS)
    def test_r2_an_int_comes_back(
        self, repository: ActionRepository, assignment_id: int
    ) -> None:
        """R2: all 64 bits of an id come back, negative ones too, as an int."""
        assert_found(repository, assignment_id, among=INTS)

    def test_r1_ints_break_ties_by_their_value(
        self, repository: ActionRepository
    ) -> None:
        """R1: at one time and id, the greater number comes first."""
        assert_ordered(repository, INTS)

    @pytest.mark.parametrize("verb", VERBS)
    @pytest.mark.parametrize("wrong", ["7", an_assignment_id()], ids=["str", "UUID"])
    def test_r5_another_kind_is_a_type_error(
        self, repository: ActionRepository, verb: str, wrong: AssignmentId
    ) -> None:
        """R5: a str or a UUID is refused where assignments are ints."""
        repository.add(an_action(7))

        with pytest.raises(TypeError, match="assignment_id"):
            VERBS[verb](repository, wrong)

    def test_r73_every_int_is_an_assignment(self, repository: ActionRepository) -> None:
        """R73: failures of as many assignments as there are ids, near ones too."""
        assert_affected(repository, INTS)

    def test_r97_a_number_is_no_text(self, repository: ActionRepository) -> None:
        """R97: an assignment id that is a number is a fact."""
        repository.add(an_action(4711, key="k"))

        assert [] == list(repository.search(ActionFilter(), ["4711"], 9))

    def test_r96_an_int_is_erased_alone(self, repository: ActionRepository) -> None:
        """R96: to scrub or delete what is about one id touches no near one."""
        assert_erased_one_by_one(repository, INTS)


class StrIdClauses:
    """What a repository for strs promises."""

    @pytest.mark.parametrize("assignment_id", STRS, ids=ascii)
    def test_r2_a_str_comes_back(
        self, repository: ActionRepository, assignment_id: str
    ) -> None:
        """R2: letter case, blanks and accents tell two ids apart; 255 of any letter."""
        assert_found(repository, assignment_id, among=STRS)

    def test_r1_strs_break_ties_by_code_point(
        self, repository: ActionRepository
    ) -> None:
        """R1: at one time and id, the order is that of code points, not of a locale."""
        assert_ordered(repository, STRS)

    @pytest.mark.parametrize("verb", VERBS)
    @pytest.mark.parametrize("wrong", [7, an_assignment_id()], ids=["int", "UUID"])
    def test_r5_another_kind_is_a_type_error(
        self, repository: ActionRepository, verb: str, wrong: AssignmentId
    ) -> None:
        """R5: an int or a UUID is refused where assignments are strs."""
        repository.add(an_action("7"))

        with pytest.raises(TypeError, match="assignment_id"):
            VERBS[verb](repository, wrong)

    def test_r73_every_str_is_an_assignment(self, repository: ActionRepository) -> None:
        """R73: failures of as many assignments as there are ids, near ones too."""
        assert_affected(repository, STRS)

    def test_r96_a_str_is_erased_alone(self, repository: ActionRepository) -> None:
        """R96: to scrub or delete what is about one id touches no near one."""
        assert_erased_one_by_one(repository, STRS)

    @pytest.mark.parametrize("name", NEAR_MISSES)
    def test_r97_a_text_is_found_in_an_assignment_id(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R97: an assignment id that is a text is searched like any other."""
        stored, sought, is_found = NEAR_MISSES[name]
        repository.add(action := an_action(stored))

        expected = [action] if is_found else []

        assert expected == list(repository.search(ActionFilter(), [sought], 9))

    def test_r97_an_assignment_id_is_a_fact(self, repository: ActionRepository) -> None:
        """R97: with None it is no leftover: scrubbing does not remove it."""
        repository.add(an_action("jo@example.com"))

        assert [] == list(repository.search(ActionFilter(), None, 9))


def assert_affected(repository: ActionRepository, ids: list[Any]) -> None:
    """Assert that a failure of each of these ids affects an assignment of its own."""
    repository.add(*(an_action(one, status="failed") for one in ids for _ in range(2)))

    (group,) = repository.failure_groups()

    assert (2 * len(ids), len(ids)) == (group.count, group.assignments)


def assert_erased_one_by_one(repository: ActionRepository, ids: list[Any]) -> None:
    """Assert that each of these ids is scrubbed, then deleted, without any other."""
    left = [an_action(one, id=an_id(9), actor="ann") for one in reversed(ids)]
    repository.add(*left)
    while left:
        erased = left.pop(0)

        assert (1, 1) == (repository.scrub(erased), repository.delete(erased))
        assert left == list(repository.find(ActionFilter(), 99))


def assert_found(
    repository: ActionRepository, one: int | str, *, among: list[Any]
) -> None:
    """Assert that every question by one id answers about it, and about no near one."""
    actions = [an_action(other, status="succeeded") for other in among]
    expected = actions[among.index(one)]
    repository.add(*actions)
    wanted = ActionFilter(assignment_ids=[one])

    assert expected == repository.get(expected.id)
    assert {one: [expected]} == {
        key: list(timeline) for key, timeline in repository.timelines([one]).items()
    }
    assert {one: expected} == repository.latest_successes([one])
    assert ([expected], 1) == ([*repository.find(wanted, 9)], repository.count(wanted))
    assert type(one) is type(repository.find(wanted, 9)[0].assignment_id)


def assert_ordered(repository: ActionRepository, ascending: list[Any]) -> None:
    """Assert that pages of one go through ids by their order, and back again."""
    actions = [an_action(one, id=an_id(9)) for one in ascending]
    repository.add(*shuffled(actions))
    found = [*repository.find(ActionFilter(), 1)]
    for _ in ascending[1:]:
        found += repository.find(ActionFilter(), 1, Cursor.of(found[-1]))
    back = [found[-1]]
    for _ in ascending[1:]:
        back += repository.find(ActionFilter(), 1, None, Cursor.of(back[-1]))

    assert ascending[::-1] == [action.assignment_id for action in found]
    assert found[::-1] == back
    assert actions[0] == repository.get(an_id(9))
