import asyncio

from assignment_actions.domain.batches import (
    BATCH_TEXT,
    async_batches,
    batches,
    text_size,
)
from assignment_actions.domain.concurrency import Streamed
from assignment_actions.testing import a_failure, an_action

LONG = an_action(
    status="failed", failure=a_failure(message="", stacktrace="  x\n" * 8000)
)


class TestBatches:
    def test_so_many(self) -> None:
        """A batch has its size, the last one what is left, and none is empty."""
        actions = [an_action() for _ in range(6)]

        for count, sizes in ((0, []), (5, [2, 2, 1]), (6, [2, 2, 2])):
            stream = batches(actions[:count], lambda one: one, 2)

            assert sizes == [len(batch) for batch in stream]

    def test_awaited(self) -> None:
        """A stream that has to be waited for is cut the same way."""
        actions = [an_action() for _ in range(6)]

        async def sizes(count: int) -> list[int]:
            stream = async_batches(Streamed(actions[:count]), lambda one: one, 2)
            return [len(batch) async for batch in stream]

        for count, expected in ((0, []), (5, [2, 2, 1]), (6, [2, 2, 2])):
            assert expected == asyncio.run(sizes(count))

    def test_so_much_text(self) -> None:
        """A batch ends with the action whose texts fill it; the next begins empty."""
        most = -(-BATCH_TEXT // text_size(LONG))
        stream = batches([LONG] * (2 * most + 1), lambda one: one, 10**6)

        assert [most, most, 1] == [len(batch) for batch in stream]

    def test_one_is_held(self) -> None:
        """A batch is emptied when the next one is asked for."""
        stream = batches([an_action() for _ in range(3)], lambda one: one, 2)
        first = next(stream)
        assert 2 == len(first)

        second = next(stream)
        assert 1 == len(second)
        assert first is second


class TestTextSize:
    def test_of_what_has_none(self) -> None:
        """An action without failure and details has no texts to count."""
        assert 0 == text_size(an_action())

    def test_of_failures_and_details(self) -> None:
        """Messages, stacktraces and details count."""
        failure = a_failure(message="12345", stacktrace=None)

        assert 5 == text_size(an_action(status="failed", failure=failure))
        assert 32_000 == text_size(LONG)
        assert 100 < text_size(an_action(details={"a": 100 * "b"})) < 120
