import logging

import pytest
from domain.samples import succeeded

from assignment_actions import Action, StorageError
from assignment_actions.domain.kept import KeptOutcomes


def stored_by(kept: KeptOutcomes) -> list[int]:
    """Return the numbers of the outcomes that a working store is handed."""
    numbers: list[int] = []

    def store(one: Action) -> bool:
        numbers.append(one.id.int)
        return True

    kept.store_each(store)
    return numbers


def broken(_: Action) -> bool:
    raise StorageError("complete")


def filled(*numbers: int, limit: int = 3) -> KeptOutcomes:
    """Return outcomes kept in this order."""
    kept = KeptOutcomes(limit=limit)
    for number in numbers:
        kept.keep(succeeded(number))
    return kept


class TestKeep:
    def test_oldest_first_and_once(self) -> None:
        """Outcomes are handed over in their order, and only once."""
        kept = filled(1, 2)

        assert stored_by(kept) == [1, 2]
        assert len(kept) == 0

    def test_bounded(self, caplog: pytest.LogCaptureFixture) -> None:
        """One too many: the oldest is lost, and logged as an error."""
        kept = filled(1, 2, 3, 4)

        assert stored_by(kept) == [2, 3, 4]
        assert [logging.ERROR] == [record.levelno for record in caplog.records]
        assert f"lost: action {succeeded(1).id} is succeeded" in caplog.text


class TestStoreEach:
    def test_counts_what_was_stored(self) -> None:
        """Only what the store took counts."""
        assert filled(1, 2, 3).store_each(lambda one: one.id.int != 2) == 2

    def test_an_error_keeps_the_rest(self) -> None:
        """Where the store fails, that outcome stays, behind all later ones."""
        kept = filled(1, 2)

        with pytest.raises(StorageError):
            kept.store_each(broken)

        assert stored_by(kept) == [2, 1]

    def test_not_due(self) -> None:
        """What is not due yet stays, and stands in nobody's way."""
        kept, is_decided = filled(), False
        kept.keep(succeeded(1), lambda: is_decided)
        kept.keep(succeeded(2))

        assert stored_by(kept) == [2]
        is_decided = True
        assert stored_by(kept) == [1]

    def test_a_question_that_raises(self) -> None:
        """An outcome is not lost where asking whether it is due raises."""
        kept = filled()

        def is_due() -> bool:
            raise StorageError("is_open")

        kept.keep(succeeded(1), is_due)

        with pytest.raises(StorageError):
            stored_by(kept)
        assert len(kept) == 1

    def test_emptied_meanwhile(self) -> None:
        """What another thread took meanwhile is not handed over again."""
        kept = filled(1, 2)
        handed: list[int] = []

        def store(one: Action) -> bool:
            handed.extend([one.id.int, *stored_by(kept)])
            return True

        assert kept.store_each(store) == 1
        assert handed == [1, 2]
