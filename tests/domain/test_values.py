from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from uuid import UUID

import pytest
from domain.samples import ASSIGNMENT, T0
from hypothesis import given
from hypothesis import strategies as st

from assignment_actions.domain.values import (
    as_assignment_id,
    as_ids,
    as_int,
    as_name,
    as_text,
    as_utc,
    as_uuid,
    kind_of,
    require_kind,
    storable,
)


class Colour(StrEnum):
    RED = "red"


class Number(IntEnum):
    ONE = 1


class TestStorable:
    def test_keeps_ordinary_text(self) -> None:
        """Text that every store holds is returned as it is."""
        text = "café 😀 \x01\t\n"

        assert text is storable(text)

    def test_escapes_what_some_store_refuses(self) -> None:
        """NUL and lone surrogates are written as escapes."""
        assert storable("a\x00b\ud83dc") == r"a\x00b\ud83dc"

    @given(st.text(st.characters(exclude_categories=[])))
    def test_result_can_be_stored(self, text: str) -> None:
        """Whatever comes in, the result encodes as UTF-8 and holds no NUL."""
        assert b"\x00" not in storable(text).encode()


class TestAsUtc:
    def test_keeps_the_instant(self) -> None:
        """Another zone becomes UTC at the same instant, microseconds kept."""
        west = datetime(2026, 1, 1, 3, 4, 5, 6, timezone(timedelta(hours=-5)))

        result = as_utc("at", west)

        assert datetime(2026, 1, 1, 8, 4, 5, 6, UTC) == result
        assert UTC is result.tzinfo

    def test_refuses_naive(self) -> None:
        """A naive time is refused, never guessed."""
        with pytest.raises(
            ValueError, match=r"at must be an aware datetime, got naive"
        ):
            as_utc("at", datetime(2026, 1, 1))  # noqa: DTZ001  # what is refused

    @pytest.mark.parametrize("value", [None, 0, "2026-01-01", T0.date()])
    def test_refuses_other_types(self, value: object) -> None:
        """Nothing but a datetime is a time."""
        with pytest.raises(TypeError, match="at must be a datetime, got"):
            as_utc("at", value)

    @pytest.mark.parametrize(
        ("extreme", "hours"),
        [(datetime.min, 1), (datetime.max, -1)],  # noqa: DTZ901
    )
    def test_refuses_what_utc_cannot_say(self, extreme: datetime, hours: int) -> None:
        """A moment outside the calendar in UTC is a ValueError that names the field."""
        zone = timezone(timedelta(hours=hours))

        with pytest.raises(ValueError, match="at must be within the years 1 to 9999"):
            as_utc("at", extreme.replace(tzinfo=zone))


class TestAsText:
    @pytest.mark.parametrize("text", ["a", "x" * 255, " blanks kept "])
    def test_accepts_one_to_limit(self, text: str) -> None:
        """Text of 1 to 255 characters comes back equal."""
        assert text == as_text("key", text)

    def test_returns_a_plain_str(self) -> None:
        """A member of a host's enum becomes plain text."""
        assert str is type(as_text("key", Colour.RED))

    def test_says_field_limit_and_value(self) -> None:
        """The message names the field, the limit and the length, and is short."""
        with pytest.raises(ValueError, match="key must have 1 to 255") as caught:
            as_text("key", "x" * 300)

        assert f"got 300: '{'x' * 40}…'" in str(caught.value)

    def test_refuses_nothing(self) -> None:
        """Empty text is refused."""
        with pytest.raises(ValueError, match=r"key must have 1 to 255 .* got 0: ''"):
            as_text("key", "")

    @pytest.mark.parametrize("text", ["a\x00", "\ud800"])
    def test_refuses_what_no_store_holds(self, text: str) -> None:
        """NUL and lone surrogates are refused where text must come back as given."""
        with pytest.raises(ValueError, match="key must not contain NUL or a lone"):
            as_text("key", text)

    def test_refuses_other_types(self) -> None:
        """Bytes are no text."""
        with pytest.raises(TypeError, match="key must be a str, got b'a'"):
            as_text("key", b"a")


class TestAsName:
    @pytest.mark.parametrize("name", ["a", "learner_linked", "step2", "a" * 64])
    def test_accepts_lower_snake_case(self, name: str) -> None:
        """Lower snake case of at most 64 characters is a name."""
        assert name == as_name("reason", name)

    def test_keeps_enum_members(self) -> None:
        """A host's enum member stays that member."""
        assert Colour.RED is as_name("reason", Colour.RED)

    @pytest.mark.parametrize("name", ["A", "1a", "_a", "a-b", "a b", "a\n", "é", "aé"])
    def test_refuses_other_spellings(self, name: str) -> None:
        """Anything but lower snake case is refused, and the rule is named."""
        with pytest.raises(ValueError, match="reason must be lower snake case"):
            as_name("reason", name)

    def test_refuses_more_than_64(self) -> None:
        """65 characters are refused."""
        with pytest.raises(ValueError, match=r"reason must have 1 to 64 .* got 65"):
            as_name("reason", "a" * 65)


class TestAsUuid:
    def test_accepts_any_version(self) -> None:
        """Any UUID is an id."""
        assert UUID(int=0) == as_uuid("id", UUID(int=0))

    def test_refuses_its_text(self) -> None:
        """The text of a UUID is no UUID."""
        with pytest.raises(TypeError, match=r"id must be a uuid\.UUID, got '11111"):
            as_uuid("id", str(ASSIGNMENT))


class TestAsInt:
    @pytest.mark.parametrize("value", [1, 9])
    def test_bounds_are_inclusive(self, value: int) -> None:
        """Both bounds are accepted."""
        assert value == as_int("n", value, low=1, high=9)

    @pytest.mark.parametrize("value", [0, 10])
    def test_names_both_bounds(self, value: int) -> None:
        """What lies outside is refused with both bounds and the value."""
        with pytest.raises(ValueError, match=f"n must be between 1 and 9, got {value}"):
            as_int("n", value, low=1, high=9)

    @pytest.mark.parametrize("value", [True, 1.0, "1", None])
    def test_refuses_other_types(self, value: object) -> None:
        """A bool is no int here, nor is anything else."""
        with pytest.raises(TypeError, match="n must be an int, got"):
            as_int("n", value, low=1, high=9)

    def test_returns_a_plain_int(self) -> None:
        """A member of an IntEnum becomes a plain int."""
        assert int is type(as_int("n", Number.ONE, low=1, high=9))


class TestAsAssignmentId:
    @pytest.mark.parametrize(
        "value", [ASSIGNMENT, -(2**63), 2**63 - 1, "course-v1:x", "é" * 255]
    )
    def test_accepts_three_kinds(self, value: object) -> None:
        """A UUID, a 64-bit int and a str of at most 255 characters are ids."""
        assert value == as_assignment_id(value)

    @pytest.mark.parametrize("value", [2**63, -(2**63) - 1, "", "x" * 256, "\x00"])
    def test_refuses_what_does_not_fit(self, value: object) -> None:
        """An id out of bounds is a ValueError that names the field."""
        with pytest.raises(ValueError, match="assignment_id must"):
            as_assignment_id(value)

    @pytest.mark.parametrize("value", [True, None, 1.5, b"x", ("a",)])
    def test_refuses_other_types(self, value: object) -> None:
        """Anything else, a bool too, is a TypeError."""
        with pytest.raises(TypeError, match="assignment_id must be a UUID, an int or"):
            as_assignment_id(value)


class TestAsIds:
    def test_any_iterable(self) -> None:
        """What can be read once is enough; each id comes once, as asked."""
        assert ["b", "a"] == as_ids(iter(["b", "a", "b"]))

    @pytest.mark.parametrize("given", ["ab", b"ab", 7], ids=repr)
    def test_no_single_id(self, given: object) -> None:
        """One id is no collection of ids, and a text is one id."""
        with pytest.raises(TypeError, match="ids must be a collection, got"):
            as_ids(given)  # type: ignore[arg-type]  # what is tested


class TestKinds:
    @pytest.mark.parametrize(
        ("value", "kind"), [(ASSIGNMENT, UUID), (1, int), ("a", str)]
    )
    def test_kind_of(self, value: UUID | int | str, kind: type) -> None:
        """Each id is of one of the three kinds."""
        assert kind is kind_of(value)

    def test_require_kind_refuses_others(self) -> None:
        """An id of another kind than the repository's is named."""
        require_kind(int, [1, 2])

        with pytest.raises(
            TypeError, match="must be a int in this repository, got '3'"
        ):
            require_kind(int, [1, "3"])
