"""Blanks: frozen entities from stored values, slot by slot, without a check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def blank_of(frozen: type) -> Callable[[], Any]:
    """
    Return what makes empty instances of a frozen class with slots, open to be filled.

    Set every slot, then set `__class__` to the frozen class: from then on it cannot be
    changed. Python sets a slot of such a blank several times faster than
    `object.__setattr__` sets one of the frozen class.

    Args:
        frozen: has `__slots__` and no `__dict__`; a subclass would be as large.
    """
    return type(
        f"_Blank{frozen.__name__}",
        (frozen,),
        {
            "__slots__": (),
            "__init__": object.__init__,
            "__setattr__": object.__setattr__,
            "__delattr__": object.__delattr__,
        },
    )
