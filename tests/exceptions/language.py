"""What the interpreter raises: names, types, limits, imports, protocols."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import importlib
import math
import sys
import warnings
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import attrs
from exceptions.cases import Cases
from exceptions.world import World

LANGUAGE = Cases("python")

NOTHING: Any = None
UNBOUND = "def later():\n    print(n)\n    n = 1\nlater()"


class Stage(enum.Enum):
    PACKED = "packed"


class Abstract(ABC):
    @abstractmethod
    def work(self) -> None:
        """Work."""


@attrs.frozen
class Frozen:
    n: int = attrs.field(default=1, validator=attrs.validators.instance_of(int))


@dataclasses.dataclass(frozen=True)
class FrozenData:
    n: int = 1


class Slotted:
    __slots__ = ("n",)


def _deeper(n: int) -> int:
    return _deeper(n + 1) + 1


def _one_way(n: int) -> int:
    return _and_back(n + 1) + 1


def _and_back(n: int) -> int:
    return _one_way(n + 1) + 1


def _any(thing: Any) -> Any:
    """Return a thing of which the type checker knows nothing."""
    return thing


def _assert(truth: object) -> None:
    assert truth, "it should hold"


def _warn(category: type[Warning]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.warn("this becomes an exception", category, stacklevel=1)


def _unpack(given: Any) -> object:
    a, b = given
    return a, b


def _object_of(kind: Any, *given: object) -> object:
    return kind(*given)


def _set(thing: Any) -> None:
    thing.n = 2


for name, kind, provoke in (
    ("no_key", "KeyError", lambda _: {"a": 1}[NOTHING]),
    ("no_index", "IndexError", lambda _: [1, 2][math.factorial(3)]),
    ("no_attribute", "AttributeError", lambda _: NOTHING.send()),
    ("no_attribute_in_module", "AttributeError", lambda _: _any(sys).nothing),
    ("not_callable", "TypeError", lambda _: NOTHING()),
    ("too_many_arguments", "TypeError", lambda _: _object_of(_one_way, 1, 2)),
    ("mixed_types", "TypeError", lambda _: 1 + NOTHING),
    ("not_hashable", "TypeError", lambda _: {_object_of(list)}),
    ("not_iterable", "TypeError", lambda _: list(NOTHING)),
    ("too_few_to_unpack", "ValueError", lambda _: _unpack([1])),
    ("unknown_name", "NameError", lambda _: eval("nothing_of_that_name", {})),
    ("unbound", "UnboundLocalError", lambda _: exec(UNBOUND, {})),
    ("assertion", "AssertionError", lambda _: _assert(NOTHING)),
    ("by_zero", "ZeroDivisionError", lambda _: 1 // int(False)),
    ("too_large", "OverflowError", lambda _: math.exp(1e6)),
    ("domain", "ValueError", lambda _: math.sqrt(-1)),
    (
        "no_module",
        "ModuleNotFoundError",
        lambda _: importlib.import_module("nothing_there"),
    ),
    ("no_memory", "MemoryError", lambda _: bytearray(sys.maxsize - 100)),
    ("too_deep", "RecursionError", lambda _: _deeper(0)),
    ("too_deep_in_turns", "RecursionError", lambda _: _one_way(0)),
    ("not_in_enum", "ValueError", lambda _: Stage("sent")),
    ("abstract", "TypeError", lambda _: _object_of(Abstract)),
    ("frozen", "attr.exceptions.FrozenInstanceError", lambda _: _set(Frozen())),
    ("frozen_data", "dataclasses.FrozenInstanceError", lambda _: _set(FrozenData())),
    ("validator", "TypeError", lambda _: _object_of(Frozen, "a")),
    (
        "not_attrs",
        "attr.exceptions.NotAnAttrsClassError",
        lambda _: attrs.fields(_any(Stage)),
    ),
    ("no_slot", "AttributeError", lambda _: setattr(Slotted(), "m", 1)),
    ("not_set", "AttributeError", lambda _: _any(Slotted()).n),
    ("warning", "UserWarning", lambda _: _warn(UserWarning)),
    ("deprecation", "DeprecationWarning", lambda _: _warn(DeprecationWarning)),
    ("end_of_iterator", "StopIteration", lambda _: next(iter(()))),
    ("sequence_as_key", "TypeError", lambda _: _any({})[[]]),
):
    LANGUAGE.add(name, kind, provoke)


@LANGUAGE.of("ImportError")
def nothing_of_that_name_in_it(_: World) -> None:
    exec("from math import nothing", {})


@LANGUAGE.of("RuntimeError")
def generator_stops_with_stop_iteration(_: World) -> None:
    ends = (next(iter(())) for _ in range(1))
    list(ends)


@LANGUAGE.of("ValueError")
def generator_runs_already(_: World) -> None:
    def itself() -> Iterator[int]:
        yield next(one)

    one = itself()
    next(one)


@LANGUAGE.of("RuntimeError")
def grows_while_read(_: World) -> None:
    numbers = {1: 1}
    for number in numbers:
        numbers[number + 1] = 1


@LANGUAGE.of("ReferenceError")
def gone(_: World) -> None:
    class Short:
        n = 1

    one = Short()
    proxy = weakref.proxy(one)
    del one
    print(proxy.n)


@LANGUAGE.of("BufferError")
def in_use(_: World) -> None:
    data = bytearray(2)
    with memoryview(data):
        data.append(1)


@LANGUAGE.of("RuntimeError")
def manager_does_not_stop(_: World) -> None:
    @contextlib.contextmanager
    def endless() -> Iterator[None]:
        yield
        yield

    with endless():
        pass


@LANGUAGE.of("NotImplementedError")
def not_yet(_: World) -> None:
    raise NotImplementedError


@LANGUAGE.of("TypeError")
def raised_no_exception(_: World) -> None:
    raise NOTHING
