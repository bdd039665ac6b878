from collections.abc import Callable
from functools import partial
from threading import Thread

import pytest
from domain.samples import OTHER, failed, succeeded

from assignment_actions import Action, Failure, StorageError
from assignment_actions.domain.kept import KeptOutcomes

NAME = "Jo Doe"


def scrubbed(one: Action) -> Action:
    return one.scrubbed()


def dropped(_: Action) -> None:
    return None


def filled(*numbers: int) -> KeptOutcomes:
    """Return outcomes kept in this order, each with a name in it."""
    kept = KeptOutcomes()
    for number in numbers:
        kept.keep(succeeded(number, actor=NAME))
    return kept


def numbers(kept: KeptOutcomes) -> list[int]:
    """Return the numbers of what is kept, in their order."""
    return [one.id.int for one in kept]


class TestRewrite:
    def test_each_in_its_place(self) -> None:
        """Each is what `change` made of it; the order stays."""
        kept = filled(1, 2, 3)

        assert 1 == kept.rewrite(lambda one: one.scrubbed() if one.id.int == 2 else one)
        assert [1, 2, 3] == numbers(kept)
        assert [NAME, None, NAME] == [one.actor for one in kept]

    def test_none_drops_it(self) -> None:
        """What `change` returns None for is kept no longer."""
        kept = filled(1, 2, 3)

        assert 2 == kept.rewrite(lambda one: one if one.id.int == 2 else None)
        assert ([2], 1) == (numbers(kept), len(kept))

    def test_counts_what_changed(self) -> None:
        """What is returned as it was did not change; nor does an empty journal."""
        kept = filled(1, 2)

        assert [0, 2, 0, 2, 0] == [
            kept.rewrite(change)
            for change in (lambda one: one, scrubbed, scrubbed, dropped, dropped)
        ]

    def test_one_id_of_two_assignments(self) -> None:
        """The same id of another assignment is another outcome."""
        kept = filled(1)
        kept.keep(succeeded(1, actor=NAME, assignment_id=OTHER))

        assert 1 == kept.rewrite(
            lambda one: None if one.assignment_id == OTHER else one
        )
        assert [succeeded(1, actor=NAME)] == list(kept)

    def test_is_due_when_it_was(self) -> None:
        """What waits for the host's transaction waits as well when it is changed."""
        kept = KeptOutcomes()
        kept.keep(succeeded(1, actor=NAME), lambda: False)
        kept.rewrite(scrubbed)

        assert 0 == kept.store_each(lambda _: True)
        assert [1] == numbers(kept)

    def test_is_added_where_its_start_was_not_stored(self) -> None:
        """What was new stays new: it is handed to `add`."""
        kept = KeptOutcomes()
        kept.keep(succeeded(1, actor=NAME), is_new=True)
        kept.rewrite(scrubbed)

        assert 1 == kept.store_each(lambda _: False, lambda _: True)

    def test_a_change_that_raises(self) -> None:
        """Where `change` raises, that goes on, and nothing is lost."""

        def change(one: Action) -> Action:
            raise LookupError(one.id)

        kept = filled(1, 2)
        with pytest.raises(LookupError):
            kept.rewrite(change)
        assert [1, 2] == numbers(kept)
        assert 2 == kept.rewrite(scrubbed)

    def test_while_others_keep(self) -> None:
        """Threads that keep meanwhile lose nothing."""
        kept = KeptOutcomes()

        def keep(first: int) -> None:
            for number in range(first, first + 50):
                kept.keep(succeeded(number, actor=NAME))

        threads = [Thread(target=partial(keep, first)) for first in (1, 51)]
        for thread in threads:
            thread.start()
        for _ in range(50):
            kept.rewrite(scrubbed)
        for thread in threads:
            thread.join()
        kept.rewrite(scrubbed)

        assert list(range(1, 101)) == sorted(numbers(kept))
        assert not kept.holds(NAME)


class TestWhileItIsStored:
    @pytest.mark.parametrize("change", [scrubbed, dropped])
    def test_it_does_not_come_back_whole(
        self, change: Callable[[Action], Action | None]
    ) -> None:
        """What the store refuses while it is scrubbed or dropped stays so."""
        kept = filled(1, 2)

        def store(_: Action) -> bool:
            kept.rewrite(change)
            raise StorageError("complete")

        with pytest.raises(StorageError):
            kept.store_each(store)
        assert not kept.holds(NAME)
        assert (0 if change is dropped else 2) == len(kept)

    def test_what_is_not_due_is_changed_too(self) -> None:
        """So does what turns out to be not due while it is scrubbed."""
        kept = KeptOutcomes()

        def is_due() -> bool:
            kept.rewrite(scrubbed)
            return False

        kept.keep(succeeded(1, actor=NAME), is_due)

        assert 0 == kept.store_each(lambda _: True)
        assert [None] == [one.actor for one in kept]


class TestHolds:
    @pytest.mark.parametrize(
        "one",
        [
            succeeded(1, key=NAME),
            succeeded(1, actor=f"by {NAME}"),
            succeeded(1, assignment_id=NAME),
            succeeded(1, details={"n": [NAME]}),
            failed(1, failure=Failure.of(reason="timeout", message=NAME)),
            failed(1, failure=Failure(reason="timeout", stacktrace=f"\n{NAME}\n")),
        ],
        ids=["key", "actor", "assignment_id", "details", "message", "stacktrace"],
    )
    def test_every_field(self, one: Action) -> None:
        """A text is found wherever it stands, letter case as it is."""
        kept = KeptOutcomes()
        kept.keep(succeeded(2))
        assert not kept.holds(NAME)
        kept.keep(one)

        assert (True, False) == (kept.holds(NAME), kept.holds(NAME.upper()))

    def test_nothing(self) -> None:
        """Where nothing is kept no text is."""
        assert not KeptOutcomes().holds(NAME)
