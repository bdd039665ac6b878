import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest
from domain.recorders import everything, recorder
from domain.samples import (
    ASSIGNMENT,
    OTHER,
)

from assignment_actions import (
    DuplicateActionError,
)


class TestRecorded:
    def test_records_each_call(self) -> None:
        """A call is recorded about the argument that names the assignment."""
        made = recorder()

        @made.recorded("notified", actor="worker")
        def notify(text: str, assignment_id: UUID = ASSIGNMENT) -> str:
            """Say it."""
            return f"{text} {assignment_id}"

        assert notify("hi") == f"hi {ASSIGNMENT}"
        (stored,) = everything(made)
        assert (ASSIGNMENT, "succeeded", "worker") == (
            stored.assignment_id,
            stored.status,
            stored.actor,
        )
        assert ("notify", "Say it.") == (notify.__name__, notify.__doc__)

    def test_other_argument_names(self) -> None:
        """The names of the arguments for assignment and key are the host's (T8, T9)."""
        made = recorder()

        @made.recorded("reminded", "uuid", key="day")
        def remind(day: str, *, uuid: UUID) -> None:
            raise LookupError(day, uuid)

        with pytest.raises(LookupError):
            remind("monday", uuid=OTHER)
        (stored,) = everything(made)
        assert (OTHER, "monday", "failed") == (
            stored.assignment_id,
            stored.key,
            stored.status,
        )

    def test_does_not_call_twice(self) -> None:
        """With a key that has succeeded the function is not called."""
        made, calls = recorder(), list[tuple[int, str]]()

        @made.recorded("notified", key="key")
        def notify(assignment_id: int, key: str) -> None:
            calls.append((assignment_id, key))

        notify(1, "k")
        with pytest.raises(DuplicateActionError):
            notify(1, "k")
        assert calls == [(1, "k")]

    def test_refuses_what_is_not_done_on_return(self) -> None:
        """Coroutine functions and generators are refused where they are decorated."""

        async def coroutine(assignment_id: int) -> None:
            await asyncio.sleep(assignment_id)

        async def asynchronous(assignment_id: int) -> AsyncIterator[int]:
            yield assignment_id

        def generator(assignment_id: int) -> Iterator[int]:
            yield assignment_id

        for function in (coroutine, asynchronous, generator):
            with pytest.raises(TypeError, match="has not done its work when the call"):
                recorder().recorded("notified")(function)

    @pytest.mark.parametrize(
        ("given", "missing"), [({}, "assignment_id"), ({"key": "day"}, "assignment_id")]
    )
    def test_missing_argument(self, given: dict[str, str], missing: str) -> None:
        """A function without the argument is refused, naming those it has."""

        def notify(learner: int) -> int:
            return learner

        with pytest.raises(ValueError, match=f"{missing!r}; it has: learner"):
            recorder().recorded("notified", **given)(notify)  # type: ignore[arg-type]

    def test_no_arguments_at_all(self) -> None:
        """A function without arguments is told so."""
        with pytest.raises(ValueError, match="it has: none"):
            recorder().recorded("notified")(lambda: None)

    def test_unknown_type(self) -> None:
        """An unknown type is refused where it is decorated."""
        with pytest.raises(ValueError, match="'shipped' is unknown"):
            recorder().recorded("shipped")
