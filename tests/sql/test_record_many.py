"""Imports: streamed, in flat memory, all or nothing by batch, and going on after."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sql.importing import STATUS, imported, made

from assignment_actions import (
    Action,
    ActionFilter,
    ActionRecorder,
    ActionRepository,
    DuplicateActionError,
    InMemoryActionRepository,
    StorageError,
)
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.domain.batches import BATCH_SIZE, BATCH_TEXT, text_size
from assignment_actions.testing import a_failure, an_action

MANY = int(os.environ.get("ASSIGNMENT_ACTIONS_MANY", "20000"))
MEGABYTES = 60
"""What an import may take; its actions together, at the least, take twice as much."""

ALL = ActionFilter()
StoreUrl = Callable[[str], str]


@pytest.fixture
def recorder(any_repository: ActionRepository) -> ActionRecorder:
    """Return a recorder on each store there is, in turn."""
    return ActionRecorder(any_repository)


def stored(recorder: ActionRecorder) -> set[object]:
    """Return the ids of all that is stored."""
    return {one.id for one in recorder.history.iterate(ALL)}


class TestStreaming:
    def test_no_more_than_a_batch_ahead(self, recorder: ActionRecorder) -> None:
        """When a batch is stored, nothing of the next one has been taken."""
        taken, seen = 0, list[tuple[int, int, int]]()

        def stream() -> Iterator[Action]:
            nonlocal taken
            for one in made(25, one_fails_in=5):
                taken += 1
                yield one

        count = recorder.record_many(
            stream(),
            batch_size=10,
            on_progress=lambda told: seen.append(
                (told, taken, recorder.history.count(ALL))
            ),
        )

        assert 25 == count
        assert [(10, 10, 10), (20, 20, 20), (25, 25, 25)] == seen

    def test_long_texts_end_a_batch_early(self) -> None:
        """So many characters of text are a batch, however few the actions are."""
        long = a_failure(stacktrace="  x\n" * 8000, message="y")
        one = an_action(status="failed", failure=long, details={"a": "b" * 8000})
        most = BATCH_TEXT // text_size(one) + 1
        told: list[int] = []
        recorder = ActionRecorder(InMemoryActionRepository(), redact=None)

        recorder.record_many(
            (
                an_action(status="failed", failure=long, details=one.details)
                for _ in range(most + 1)
            ),
            on_progress=told.append,
        )

        assert most < BATCH_SIZE
        assert [most, most + 1] == told

    @pytest.mark.skipif(not STATUS.exists(), reason="the peak is read from /proc")
    def test_memory_stays_flat(
        self, shared_store_url: str, shared_repository: SqlActionRepository
    ) -> None:
        """A large import needs little more memory than a small one."""
        every = 1 if MANY <= 20_000 else 10
        report = imported(shared_store_url, MANY, one_fails_in=every)

        print(
            f"{shared_repository.engine.dialect.name}: {report.stored} imported,"
            f" {report.stored / report.seconds:.0f} per second,"
            f" {report.megabytes:.1f} MB above the start"
        )
        assert MANY == report.stored == report.told
        assert MANY + 100 == shared_repository.count(ALL)
        assert report.megabytes < MEGABYTES


class TestRefusals:
    def test_a_duplicate_refuses_its_batch(self, recorder: ActionRecorder) -> None:
        """Batches before it are stored, nothing of its own, nothing after it."""
        actions = list(made(50, one_fails_in=5))
        actions[25] = an_action(actions[3].assignment_id, id=actions[3].id)
        told: list[int] = []

        with pytest.raises(DuplicateActionError) as caught:
            recorder.record_many(actions, batch_size=10, on_progress=told.append)

        assert actions[25] == caught.value.refused
        assert str(actions[3].id) in str(caught.value)
        assert ["record_many had stored 20 actions before"] == caught.value.__notes__
        assert [10, 20] == told
        assert {one.id for one in actions[:20]} == stored(recorder)

    def test_many_duplicates(self, recorder: ActionRecorder) -> None:
        """Of many in a batch the first in its order is the one that is named."""
        actions = list(made(30, one_fails_in=5))
        recorder.record_many(actions[12:30:2])

        with pytest.raises(DuplicateActionError) as caught:
            recorder.record_many(actions, batch_size=10)

        assert actions[12] == caught.value.refused
        assert actions[12].id == getattr(caught.value.action, "id", None)

    def test_a_host_can_go_on(self, recorder: ActionRecorder) -> None:
        """Without what is stored, and what was refused, the import goes on."""
        actions = list(made(40, one_fails_in=5))
        recorder.record_many([actions[17], actions[18], actions[31]])
        rest, refused, told = actions, list[object](), 0

        def tell(count: int) -> None:
            nonlocal told
            told = count

        while True:
            told = 0
            try:
                recorder.record_many(rest, batch_size=7, on_progress=tell)
                break
            except DuplicateActionError as error:
                refused.append(error.refused.id)
                rest = [one for one in rest[told:] if one.id != error.refused.id]

        assert [actions[at].id for at in (17, 18, 31)] == refused
        assert {one.id for one in actions} == stored(recorder)

    @pytest.mark.parametrize(
        ("item", "error"),
        [
            ("no action", TypeError),
            (an_action(action_type="shipped"), ValueError),
        ],
        ids=["no action", "an unknown type"],
    )
    def test_a_bad_item(
        self, recorder: ActionRecorder, item: Action, error: type[Exception]
    ) -> None:
        """What is no action, or of a type nobody knows, is named by its position."""
        actions = list(made(30, one_fails_in=5))
        actions[17] = item

        with pytest.raises(error) as caught:
            recorder.record_many(actions, batch_size=10)

        assert [
            "at position 17 of the actions, counted from 0",
            "record_many had stored 10 actions before",
        ] == caught.value.__notes__
        assert {one.id for one in actions[:10]} == stored(recorder)

    def test_a_source_that_breaks(self, recorder: ActionRecorder) -> None:
        """What the host's own stream raises goes on; whole batches are stored."""

        def stream() -> Iterator[Action]:
            yield from made(15, one_fails_in=5)
            raise OSError("the file ends here")

        with pytest.raises(OSError, match="the file ends here"):
            recorder.record_many(stream(), batch_size=10)

        assert 10 == recorder.history.count(ALL)


class TestProgress:
    def test_nothing_to_tell(self, recorder: ActionRecorder) -> None:
        """Where nothing is stored, nothing is told."""
        told: list[int] = []

        assert 0 == recorder.record_many([], on_progress=told.append)
        assert [] == told

    def test_that_raises(self, recorder: ActionRecorder) -> None:
        """What it raises ends the import; what was stored stays."""

        def full(_: int) -> None:
            raise InterruptedError("stop")

        with pytest.raises(InterruptedError, match="stop"):
            recorder.record_many(made(30, 5), batch_size=10, on_progress=full)

        assert 10 == recorder.history.count(ALL)

    def test_that_is_none(self, recorder: ActionRecorder) -> None:
        """What cannot be called is refused before anything is stored."""
        with pytest.raises(TypeError, match="on_progress must be callable, got 7"):
            recorder.record_many(made(1, 5), on_progress=7)  # type: ignore[arg-type]  # the test

        assert 0 == recorder.history.count(ALL)


class TestOutages:
    def test_the_store_is_out_of_reach(self, tmp_path: Path) -> None:
        """A storage error says how many were stored before."""
        repository = SqlActionRepository.from_url(
            f"sqlite:///{tmp_path / 'none.sqlite3'}"
        )

        with pytest.raises(StorageError) as caught:
            ActionRecorder(repository).record_many(made(3, 5))

        repository.close()
        assert "record_many had stored 0 actions before" in caught.value.__notes__
