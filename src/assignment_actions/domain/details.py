"""Details: one small immutable JSON object of evidence that travels with an action."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""What a JSON document can hold."""

DETAILS_LIMIT = 16 * 1024
DEPTH_LIMIT = 32

_SURROGATE = re.compile("[\ud800-\udfff]")


def _refuse(*_: object, **__: object) -> NoReturn:
    raise TypeError("details are immutable; pass new ones to a transition instead")


class FrozenDict(dict[str, Any]):
    """A dict that equals an ordinary one and cannot be changed."""

    __slots__ = ()
    __setitem__: Any = _refuse
    __delitem__: Any = _refuse
    __ior__: Any = _refuse
    clear: Any = _refuse
    pop: Any = _refuse
    popitem: Any = _refuse
    setdefault: Any = _refuse
    update: Any = _refuse

    def __reduce__(self) -> tuple[type[FrozenDict], tuple[dict[str, Any]]]:
        return FrozenDict, (dict(self),)


class FrozenList(list[Any]):
    """A list that equals an ordinary one and cannot be changed."""

    __slots__ = ()
    __setitem__: Any = _refuse
    __delitem__: Any = _refuse
    __iadd__: Any = _refuse
    __imul__: Any = _refuse
    append: Any = _refuse
    clear: Any = _refuse
    extend: Any = _refuse
    insert: Any = _refuse
    pop: Any = _refuse
    remove: Any = _refuse
    reverse: Any = _refuse
    sort: Any = _refuse

    def __reduce__(self) -> tuple[type[FrozenList], tuple[list[Any]]]:
        return FrozenList, (list(self),)


NO_DETAILS = FrozenDict()


def as_details(value: Mapping[str, object] | None) -> FrozenDict:
    """
    Return the immutable, normalised form of a JSON object.

    Tuples become lists, str and int subclasses plain values.

    Raises:
        TypeError: it is no mapping, a key is no str, or a value is not JSON.
        ValueError: a number is not finite, it nests deeper than 32 levels, or its
            canonical JSON is larger than 16 KiB.
    """
    if value is None:
        return NO_DETAILS
    if type(value) is FrozenDict:
        return value
    if not isinstance(value, Mapping):
        raise TypeError(f"details must be a mapping, got {value!r}")
    if not value:
        return NO_DETAILS
    frozen = _freeze(value, "details", 0)
    assert isinstance(frozen, FrozenDict)
    size = len(canonical_json(frozen).encode())
    if size > DETAILS_LIMIT:
        raise ValueError(
            f"details must be at most {DETAILS_LIMIT} bytes of JSON, got {size}"
        )
    return frozen


def merged(old: Mapping[str, object], new: Mapping[str, object] | None) -> FrozenDict:
    """Return the old details with the new ones laid over them."""
    return as_details(old) if not new else as_details({**old, **new})


def canonical_json(details: Mapping[str, object]) -> str:
    """Return the one text form: sorted keys, no blanks, safe for every store."""
    text = json.dumps(
        details,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )
    return escaped_surrogates(text)


def escaped_surrogates(text: str) -> str:
    """Write lone surrogates as JSON does: no store keeps them as they are."""
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def from_canonical_json(text: str) -> FrozenDict:
    """Return the details that `canonical_json` wrote; they are not checked again."""
    if text == "{}":
        return NO_DETAILS
    details = _decode(text)
    assert isinstance(details, FrozenDict)
    return details


def _frozen_object(found: dict[str, Any]) -> FrozenDict:
    """Return an object just read, in which those inside it are frozen already."""
    for key, value in found.items():
        if type(value) is list:
            found[key] = _frozen_list(value)
    return FrozenDict(found)


def _frozen_list(found: list[Any]) -> FrozenList:
    return FrozenList(
        _frozen_list(item) if type(item) is list else item for item in found
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"details must hold finite numbers, got {name}")


_decode = json.JSONDecoder(
    object_hook=_frozen_object, parse_constant=_refuse_constant
).decode


def _plain(text: str) -> str:
    """Return a plain str, in which two halves of one character are that character."""
    if not _SURROGATE.search(text):
        return str.__str__(text)
    return text.encode("utf-16-le", "surrogatepass").decode(
        "utf-16-le", "surrogatepass"
    )


def _freeze(value: object, path: str, depth: int) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _plain(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{path} must be a finite number, got {value!r}")
        return float(value)
    if depth > DEPTH_LIMIT:
        raise ValueError(f"details must nest at most {DEPTH_LIMIT} levels deep")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"a key of {path} must be a str, got {key!r}")
        return FrozenDict(
            (_plain(key), _freeze(item, f"{path}.{key}", depth + 1))
            for key, item in value.items()
        )
    if isinstance(value, (list, tuple)):
        return FrozenList(
            _freeze(item, f"{path}[{index}]", depth + 1)
            for index, item in enumerate(value)
        )
    raise TypeError(f"{path} must be a JSON value, got {value!r}")
