import copy
import json
import pickle
from collections import UserDict
from enum import IntEnum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignment_actions.domain.details import (
    DEPTH_LIMIT,
    DETAILS_LIMIT,
    NO_DETAILS,
    FrozenDict,
    FrozenList,
    as_details,
    canonical_json,
    from_canonical_json,
    merged,
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


class Channel(StrEnum):
    EMAIL = "email"


class Level(IntEnum):
    HIGH = 3


def nested(levels: int) -> dict[str, Any]:
    """Return a list inside a list …, so many levels below the mapping."""
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return {"a": value}


def kinds(value: Any) -> Any:
    """Return the same tree with the class of each value in its place."""
    if isinstance(value, dict):
        return FrozenDict is type(value), {key: kinds(value[key]) for key in value}
    if isinstance(value, list):
        return FrozenList is type(value), [kinds(item) for item in value]
    return type(value)


class TestNormalisation:
    def test_none_and_empty_are_one_object(self) -> None:
        """No details at all cost nothing."""
        assert NO_DETAILS is as_details(None)
        assert NO_DETAILS is as_details({})

    def test_tuples_become_lists(self) -> None:
        """A tuple is stored as the list that JSON reads back."""
        assert as_details({"to": ("a", ("b",))}) == {"to": ["a", ["b"]]}

    def test_subclasses_become_plain_values(self) -> None:
        """Enum members become the str and int they are."""
        details = as_details({Channel.EMAIL: Level.HIGH, "via": Channel.EMAIL})

        assert [str, str] == [type(key) for key in details]
        assert [int, str] == [type(value) for value in details.values()]

    def test_accepts_any_mapping(self) -> None:
        """A mapping need not be a dict."""
        assert as_details(UserDict({"a": UserDict({"b": 1})})) == {"a": {"b": 1}}

    def test_is_done_once(self) -> None:
        """Details that were normalised before are returned as they are."""
        details = as_details({"a": 1})

        assert details is as_details(details)

    def test_does_not_alias_what_was_given(self) -> None:
        """What the caller changes later changes no details."""
        given_list = [1]
        details = as_details({"a": given_list})

        given_list.append(2)

        assert details == {"a": [1]}


class TestRefusals:
    @pytest.mark.parametrize("value", [[], "text", 5, [("a", 1)]])
    def test_no_mapping(self, value: Any) -> None:
        """Only a mapping is details."""
        with pytest.raises(TypeError, match="details must be a mapping, got"):
            as_details(value)

    def test_key_that_is_no_text(self) -> None:
        """A key must be text, and the message says where it is not."""
        with pytest.raises(
            TypeError, match=r"a key of details\.a must be a str, got 1"
        ):
            as_details({"a": {1: 2}})

    @pytest.mark.parametrize("value", [object(), {1}, b"x", 1j])
    def test_value_that_is_not_json(self, value: object) -> None:
        """A value that is not JSON is named by its path."""
        with pytest.raises(TypeError, match=r"details\.a\[1\] must be a JSON value"):
            as_details({"a": [0, value]})

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
    def test_number_that_is_not_finite(self, value: float) -> None:
        """A number must be finite."""
        with pytest.raises(ValueError, match=r"details\.a must be a finite number"):
            as_details({"a": value})

    def test_depth(self) -> None:
        """32 levels below the mapping are accepted, 33 refused."""
        as_details(nested(DEPTH_LIMIT))

        with pytest.raises(ValueError, match="details must nest at most 32 levels"):
            as_details(nested(DEPTH_LIMIT + 1))

    def test_cycle(self) -> None:
        """Details that contain themselves are refused, not followed for ever."""
        endless: dict[str, Any] = {}
        endless["self"] = endless

        with pytest.raises(ValueError, match="nest at most 32 levels deep"):
            as_details(endless)

    def test_size_in_bytes(self) -> None:
        """16 KiB of UTF-8 are accepted, one byte more is refused."""
        room = DETAILS_LIMIT - len('{"a":""}')
        as_details({"a": "é" * (room // 2)})

        with pytest.raises(ValueError, match="at most 16384 bytes of JSON, got 16385"):
            as_details({"a": "x" * (room + 1)})


class TestImmutability:
    @pytest.mark.parametrize(
        "change",
        [
            lambda d: d.__setitem__("a", 1),
            lambda d: d.__delitem__("a"),
            lambda d: d.__ior__({"b": 1}),
            lambda d: d.clear(),
            lambda d: d.pop("a"),
            lambda d: d.popitem(),
            lambda d: d.setdefault("b", 1),
            lambda d: d.update(b=1),
            lambda d: d["a"].__setitem__(0, 9),
            lambda d: d["a"].__delitem__(0),
            lambda d: d["a"].__iadd__([1]),
            lambda d: d["a"].__imul__(2),
            lambda d: d["a"].append(1),
            lambda d: d["a"].clear(),
            lambda d: d["a"].extend([1]),
            lambda d: d["a"].insert(0, 1),
            lambda d: d["a"].pop(),
            lambda d: d["a"].remove(1),
            lambda d: d["a"].reverse(),
            lambda d: d["a"].sort(),
        ],
        ids=map(str, range(20)),
    )
    def test_no_method_changes_them(self, change: Any) -> None:
        """Every way to change details is refused, nested ones too."""
        details = as_details({"a": [1, 2]})

        with pytest.raises(TypeError, match="details are immutable"):
            change(details)

        assert details == {"a": [1, 2]}

    @pytest.mark.parametrize(
        "again",
        [copy.copy, copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d))],
        ids=["copy", "deepcopy", "pickle"],
    )
    def test_copies_stay_immutable(self, again: Any) -> None:
        """A copy and a pickle are equal and as immutable."""
        details = as_details({"a": [{"b": 1}]})

        result = again(details)

        assert details == result
        assert FrozenDict is type(result)
        assert FrozenList is type(result["a"])
        assert FrozenDict is type(result["a"][0])


class TestMerged:
    def test_new_over_old(self) -> None:
        """New details are laid over the old ones."""
        assert merged({"a": 1, "b": 2}, {"b": 3}) == {"a": 1, "b": 3}

    def test_nothing_new(self) -> None:
        """Without new details the old ones are returned as they are."""
        old = as_details({"a": 1})

        assert old is merged(old, None)

    def test_limit_holds_for_the_sum(self) -> None:
        """Two halves that are too large together are refused."""
        half = {"a": "x" * 10_000}

        with pytest.raises(ValueError, match="at most 16384 bytes"):
            merged(half, {"b": "x" * 10_000})


class TestCanonicalJson:
    def test_is_one_text(self) -> None:
        """Keys are sorted, blanks left out, letters kept."""
        assert (
            canonical_json({"b": [1, 2.5, None, True], "a": "é"})
            == '{"a":"é","b":[1,2.5,null,true]}'
        )

    def test_lone_surrogates_can_be_stored(self) -> None:
        """A lone surrogate is written as a JSON escape and comes back."""
        details = as_details({"a": "\ud83d!"})

        text = canonical_json(details)

        assert text.encode() == rb'{"a":"\ud83d!"}'
        assert details == from_canonical_json(text)

    def test_what_is_no_object_is_not_read(self) -> None:
        """A row that somebody has written otherwise is no action's."""
        with pytest.raises(AssertionError):
            from_canonical_json("[]")
        with pytest.raises(ValueError, match="must hold finite numbers, got NaN"):
            from_canonical_json('{"a":NaN}')

    def test_empty_is_the_one_object(self) -> None:
        """Empty details read back cost nothing."""
        assert NO_DETAILS is from_canonical_json(canonical_json({}))

    @given(st.dictionaries(st.text(max_size=8), JSON, max_size=5))
    def test_round_trip(self, value: dict[str, Any]) -> None:
        """Whatever is accepted comes back equal, with equal text, and immutable."""
        details = as_details(value)
        text = canonical_json(details)

        again = from_canonical_json(text)

        assert json.loads(json.dumps(value)) == details == again
        assert text == canonical_json(again)
        assert kinds(details) == kinds(again)
