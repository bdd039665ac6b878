"""Exceptions that refuse to be read: capture never raises, and never replaces them."""

from typing import Any

import pytest
from domain.outages import FlakyRepository
from domain.recorders import everything, recorder

from assignment_actions import ActionRecorder, Failure


class Raising:
    """Raise whenever it is read as a property."""

    def __get__(self, *_: object) -> Any:
        raise ValueError("not to be read")


class Meta(type):
    """Compare equal and have no hash."""

    def __eq__(cls, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class EvilList(list[str]):
    """Raise when measured."""

    def __len__(self) -> int:
        raise ValueError("not to be measured")


class ExitsWhenPrintedError(Exception):
    """Leave the process when printed."""

    def __str__(self) -> str:
        raise SystemExit(3)


class NotesRefusedError(Exception):
    """Have notes that cannot be measured."""

    def __init__(self) -> None:
        self.__notes__ = EvilList(["a"])


class CauseRefusedError(Exception):
    """Have a cause that cannot be read."""

    __cause__ = Raising()


class TracebackRefusedError(Exception):
    """Have a traceback that cannot be read."""

    __traceback__ = Raising()


class UnhashableError(Exception, metaclass=Meta):
    """Be of a type without a hash."""


class PretendsError(Exception):
    """Say that it is a group."""

    __class__ = ExceptionGroup  # type: ignore[assignment]


class ClosedError(Exception):
    """Refuse every attribute."""

    def __getattribute__(self, name: str) -> Any:
        raise ValueError("not to be read")


HOSTILE = [
    ExitsWhenPrintedError,
    NotesRefusedError,
    CauseRefusedError,
    TracebackRefusedError,
    UnhashableError,
    PretendsError,
    ClosedError,
]


class TestInterrupted:
    def test_a_real_interrupt_goes_on(self) -> None:
        """Control-C while an exception is printed is nobody's broken `__str__`."""

        class SlowError(Exception):
            def __str__(self) -> str:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            Failure.from_exception(SlowError())


def left_by(
    outer: ActionRecorder, raised: Exception, flaky: FlakyRepository | None = None
) -> object:
    """Return what leaves a block that raises, the store being out of reach if asked."""
    try:
        with outer.recording(1, "notified"):
            if flaky is not None:
                flaky.outages = 1
            raise raised  # noqa: TRY301  # through the block is the point
    except Exception as caught:  # noqa: BLE001  # whatever it is, it is compared
        return caught


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda kind: kind.__name__)
class TestHostile:
    def test_capture_never_raises(self, hostile: type[Exception]) -> None:
        """Whatever can be told of it is told: at least its type."""
        failure = Failure.from_exception(hostile())

        assert hostile.__name__ in failure.exception_type

    def test_it_goes_on_as_it_was(self, hostile: type[Exception]) -> None:
        """The very same exception leaves the block, and its failure is stored."""
        outer, raised = recorder(), hostile()

        caught = left_by(outer, raised)

        assert caught is raised
        (stored,) = everything(outer)
        assert "failed" == stored.status

    def test_it_goes_on_through_an_outage(self, hostile: type[Exception]) -> None:
        """Also where the outcome has to be kept, and is logged with its context."""
        repository = FlakyRepository()
        outer, raised = recorder(repository), hostile()

        caught = left_by(outer, raised, repository)

        assert caught is raised
        assert 1 == outer.flush()
