"""Causes, contexts and groups: long ones, deep ones, and circles."""

from __future__ import annotations

from typing import Any

from exceptions.cases import Cases
from exceptions.hostile import (
    MEGABYTE,
    BrokenTextError,
    LateError,
    raised,
    raising,
    raising_new,
)
from exceptions.world import World

from assignment_actions import ErrorReason

GROUPS, CHAINS = Cases("group"), Cases("chain")


# -- causes and contexts -----------------------------------------------------------


@CHAINS.of("RuntimeError")
def wrapped_by_the_host(_: World) -> None:
    try:
        raising(TimeoutError("smtp"))
    except TimeoutError as error:
        raise RuntimeError("could not remind") from error


@CHAINS.of("RuntimeError")
def cause_left_out(_: World) -> None:
    try:
        raising(TimeoutError("smtp"))
    except TimeoutError:
        raise RuntimeError("could not remind") from None


@CHAINS.of("KeyError")
def while_handling_another(_: World) -> None:
    try:
        raising(TimeoutError("smtp"))
    except TimeoutError:
        raising(KeyError("template"))


@CHAINS.of("ValueError")
def its_own_cause(_: World) -> None:
    error = ValueError("myself")
    error.__cause__ = error
    raise error


@CHAINS.of("ValueError")
def causes_in_a_circle(_: World) -> None:
    one, other, third = ValueError("one"), KeyError("other"), OSError("third")
    one.__cause__, other.__context__, third.__cause__ = other, third, one
    raise one


@CHAINS.of("ValueError")
def ten_thousand_causes(_: World) -> None:
    error = ValueError(0)
    for number in range(1, 10_000):
        error, error.__cause__ = ValueError(number), error
    raise error


@CHAINS.of("ValueError")
def ten_thousand_contexts(_: World) -> None:
    error = ValueError(0)
    for number in range(1, 10_000):
        following = ValueError(number)
        following.__context__ = error
        error = following
    raise error


@CHAINS.of("ValueError")
def causes_of_a_megabyte(_: World) -> None:
    error = ValueError("a" * MEGABYTE)
    for _more in range(20):
        following = ValueError("b" * MEGABYTE)
        following.__cause__ = error
        error = following
    raise error


@CHAINS.of("ValueError")
def cause_cannot_be_printed(_: World) -> None:
    raise ValueError("because of that") from BrokenTextError()


# -- groups ------------------------------------------------------------------------


def nested(depth: int, leaf: Exception) -> Exception:
    """Return groups within groups."""
    for _ in range(depth):
        leaf = ExceptionGroup("one more", [leaf])
    return leaf


def doubled(depth: int) -> Exception:
    """Return a group that holds the same smaller one twice, and so on."""
    group: Exception = TimeoutError("late")
    for _ in range(depth):
        group = ExceptionGroup("twice", [group, group])
    return group


class OwnGroup(ExceptionGroup[Exception]):
    """Hold members that are never the same."""

    @property
    def exceptions(self) -> Any:
        return (self,)


def late() -> Exception:
    """Return a time-out that was raised."""
    return raised(TimeoutError("late"))


def members(*given: Exception) -> ExceptionGroup[Exception]:
    """Return a group."""
    return ExceptionGroup("several", given)


for name, reason, make in (
    ("all_late", "timeout", lambda: members(late(), raised(LateError()))),
    ("mixed", None, lambda: members(late(), raised(ValueError("broken")))),
    ("nested", "timeout", lambda: members(nested(3, late()), late())),
    ("ten_deep", "timeout", lambda: nested(10, late())),
    ("two_thousand_deep", None, lambda: nested(2000, late())),
    ("a_thousand", "timeout", lambda: members(*map(TimeoutError, range(1000)))),
    ("too_many", None, lambda: members(*map(TimeoutError, range(1001)))),
    ("doubled_ten_times", "timeout", lambda: doubled(10)),
    ("doubled_fifty_times", None, lambda: doubled(50)),
    ("large_members", None, lambda: members(*[ValueError("v" * MEGABYTE)] * 30)),
    ("long_message", "timeout", lambda: ExceptionGroup("m" * MEGABYTE, [late()])),
    ("odd_characters", None, lambda: ExceptionGroup("\0\ud800", [ValueError("\0")])),
):
    GROUPS.add(name, "ExceptionGroup", raising_new(make), reason=reason)
GROUPS.add(
    "members_of_its_own",
    f"{__name__}.OwnGroup",
    lambda _: raising(OwnGroup("own", [ValueError()])),
)


@GROUPS.of("ExceptionGroup")
def with_causes_in_a_circle(_: World) -> None:
    member = ValueError("member")
    group = ExceptionGroup("group", [member])
    member.__cause__ = group
    raise group


@GROUPS.of("ExceptionGroup", reason=ErrorReason.TIMEOUT)
def what_is_left_of_it(_: World) -> None:
    try:
        raise ExceptionGroup("mixed", [TimeoutError("late"), ValueError("broken")])
    except* ValueError:
        pass
