"""Functions that fail in the ways that a host's code fails."""

from collections.abc import Callable


def caught(function: Callable[..., object], *args: object) -> BaseException:
    """Return what a function raises."""
    try:
        function(*args)
    except BaseException as error:  # noqa: BLE001  # whatever it is
        return error
    raise AssertionError("nothing was raised")


def divide(number: int) -> float:
    """Fail with ZeroDivisionError, for every number."""
    hidden = "local-" + "value"
    return number / (len(hidden) - 11)


def with_cause() -> None:
    """Fail with a cause."""
    try:
        divide(1)
    except ZeroDivisionError as error:
        raise RuntimeError("could not notify") from error


def with_context() -> None:
    """Fail while another failure is handled."""
    try:
        divide(1)
    except ZeroDivisionError:
        raise RuntimeError("could not notify")  # noqa: B904  # what is tested


def with_suppressed_context() -> None:
    """Fail, and say that the first failure does not matter."""
    try:
        divide(1)
    except ZeroDivisionError:
        raise RuntimeError("could not notify") from None


def recursive(depth: int) -> None:
    """Fail that many calls down."""
    if depth == 0:
        raise ValueError("bottom")
    recursive(depth - 1)


def two_places(*, first: bool) -> None:
    """Fail with one type in one function, at one of two lines."""
    if first:
        raise LookupError("here")
    raise LookupError("there")


class UnprintableError(Exception):
    """Refuse to say what happened."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


class OddError(Exception):
    """Say what happened with something that is no text."""

    def __str__(self) -> str:
        return 5  # type: ignore[return-value]  # noqa: PLE0307  # what is tested


class UnnotableError(Exception):
    """Refuse to show notes."""

    @property
    def __notes__(self) -> list[str]:  # type: ignore[override]  # what is tested
        raise RuntimeError("no notes")
