import base64
import copy
import json
import pickle
import string
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

import pytest
from domain.samples import ASSIGNMENT, OTHER, T0, action, at, failed, succeeded, unknown
from hypothesis import given
from hypothesis import strategies as st

from assignment_actions import Action, ActionFilter, ActionStatus, Failure, Page
from assignment_actions.domain.filters import (
    Cursor,
    as_dimension,
    dimension_of,
    ordered_counts,
)

COLLECTIONS = (
    "assignment_ids",
    "action_types",
    "statuses",
    "reasons",
    "exception_types",
    "fingerprints",
    "actors",
)
TIMES = (
    "created_from",
    "created_before",
    "completed_from",
    "completed_before",
    "overdue_before",
)
LATE = Failure(reason="timeout", exception_type="TimeoutError", fingerprint="f")
SAMPLES = (
    action(1, overdue_at=at(2), actor="jo"),
    action(2, assignment_id=OTHER, action_type="reminded", created_at=at(1)),
    succeeded(3, key="k"),
    failed(4, created_at=at(2), completed_at=at(3)),
    failed(5, failure=LATE, actor="mary", completed_at=at(2)),
    unknown(6, failure=LATE, overdue_at=T0, key="k"),
)
VALUES: dict[str, list[Any]] = {
    "assignment_ids": [ASSIGNMENT, OTHER],
    "action_types": ["notified", "reminded", "retired"],
    "statuses": list(ActionStatus),
    "reasons": ["timeout", "email_error"],
    "exception_types": ["TimeoutError", "OSError"],
    "fingerprints": ["f", "g"],
    "actors": ["jo", "mary"],
}


def some(name: str) -> st.SearchStrategy[Any]:
    """Return nothing, or a collection of a field's values."""
    return st.none() | st.lists(st.sampled_from(VALUES[name]), max_size=2)


FILTERS = st.fixed_dictionaries(
    {name: some(name) for name in COLLECTIONS}
    | {name: st.none() | st.integers(0, 4).map(at) for name in TIMES}
    | {"key": st.none() | st.just("k")}
)


def naive_match(one: Action, wanted: dict[str, Any]) -> bool:
    """Say the contract's sentence about filters once more, field by field."""
    failure = one.failure
    values = {
        "assignment_ids": one.assignment_id,
        "action_types": one.action_type,
        "statuses": one.status,
        "reasons": failure.reason if failure else None,
        "exception_types": failure.exception_type if failure else None,
        "fingerprints": failure.fingerprint if failure else None,
        "actors": one.actor,
    }
    if any(wanted[n] is not None and v not in wanted[n] for n, v in values.items()):
        return False
    if wanted["key"] is not None and one.key != wanted["key"]:
        return False
    for name, moment in (("created", one.created_at), ("completed", one.completed_at)):
        start, end = wanted[f"{name}_from"], wanted[f"{name}_before"]
        if start is not None and (moment is None or moment < start):
            return False
        if end is not None and (moment is None or moment >= end):
            return False
    due = wanted["overdue_before"]
    return due is None or (
        one.status == "in_progress"
        and one.overdue_at is not None
        and one.overdue_at <= due
    )


class TestMatches:
    @given(FILTERS)
    def test_is_the_contracts_sentence(self, wanted: dict[str, Any]) -> None:
        """None means all, empty means none, time ranges are half open."""
        made = ActionFilter(**wanted)

        expected = [one.id for one in SAMPLES if naive_match(one, wanted)]
        assert expected == [one.id for one in SAMPLES if made.matches(one)]

    def test_everything(self) -> None:
        """A filter without conditions matches all."""
        assert all(map(ActionFilter().matches, SAMPLES))

    @pytest.mark.parametrize("field", ["completed_from", "completed_before"])
    def test_not_completed(self, field: str) -> None:
        """What is not completed lies in no range of completions."""
        made: dict[str, Any] = {field: at(2)}

        assert not ActionFilter(**made).matches(action())

    @pytest.mark.parametrize("field", COLLECTIONS)
    def test_nothing(self, field: str) -> None:
        """An empty collection matches none."""
        empty: dict[str, Any] = {field: []}

        assert not any(map(ActionFilter(**empty).matches, SAMPLES))


class TestFields:
    @pytest.mark.parametrize("field", COLLECTIONS)
    @pytest.mark.parametrize("value", ["notified", b"x", 5])
    def test_collections(self, field: str, value: Any) -> None:
        """One value where several belong is refused by the field's name."""
        wrong: dict[str, Any] = {field: value}

        with pytest.raises(TypeError, match=f"{field} must be a collection, got"):
            ActionFilter(**wrong)

    @pytest.mark.parametrize("field", [one for one in COLLECTIONS if one != "statuses"])
    def test_items(self, field: str) -> None:
        """An item of another type is refused by the field's name."""
        wrong: dict[str, Any] = {field: [None]}

        with pytest.raises(TypeError, match=f"{field} must be a"):
            ActionFilter(**wrong)

    @pytest.mark.parametrize("field", ["action_types", "actors", "fingerprints"])
    def test_limit(self, field: str) -> None:
        """More than 10 000 values are refused by field and limit; ids may be more."""
        many: dict[str, Any] = {field: [str(number) for number in range(10_001)]}
        ids = range(10_001)

        with pytest.raises(ValueError, match=f"{field} must have at most 10000"):
            ActionFilter(**many)
        assert 10_001 == len(ActionFilter(assignment_ids=ids).assignment_ids or ())

    def test_statuses(self) -> None:
        """A status that is none is refused, naming those there are."""
        with pytest.raises(ValueError, match="statuses must be one of in_pro"):
            ActionFilter(statuses=["done"])

    @pytest.mark.parametrize("field", TIMES)
    def test_naive_times(self, field: str) -> None:
        """A naive time is refused by the field's name."""
        wrong: dict[str, Any] = {field: datetime(2026, 1, 1)}  # noqa: DTZ001

        with pytest.raises(ValueError, match=f"{field} must be an aware datetime"):
            ActionFilter(**wrong)

    def test_key(self) -> None:
        """A key is bounded as it is in an action."""
        with pytest.raises(ValueError, match="key must have 1 to 255"):
            ActionFilter(key="")

    @pytest.mark.parametrize(
        "again",
        [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))],
        ids=["copy", "deepcopy", "pickle"],
    )
    def test_copies_are_equal(self, again: Any) -> None:
        """Filters and pages survive copy and pickle, and can be hashed."""
        made = ActionFilter(statuses=["failed"], created_from=T0)
        page = Page((failed(),), "next")

        assert made == again(made)
        assert hash(made) == hash(again(made))
        assert page == again(page)


def forged(body: bytes) -> str:
    """Return a cursor with a correct check over any content."""
    check = blake2b(body, digest_size=6).digest()
    return base64.urlsafe_b64encode(b"1" + check + body).decode()


PLACES = (UUID(int=9), 5, "an-assignment")


def is_refused(text: Any) -> bool:
    """Tell whether a text is no cursor."""
    try:
        Cursor.decode(text)
    except ValueError:
        return True
    return False


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.just("uuid") | st.text(), inner, max_size=2)
    ),
)


class TestCursor:
    @given(
        st.datetimes(),
        st.uuids(),
        st.uuids()
        | st.integers(-(2**63), 2**63 - 1)
        | st.text(min_size=1, max_size=20),
    )
    def test_round_trip(self, moment: datetime, number: UUID, about: Any) -> None:
        """Any place comes back from its text, for all three kinds of ids."""
        place = Cursor(moment.replace(tzinfo=T0.tzinfo), number, about)

        if not (isinstance(about, str) and "\0" in about):
            assert place == Cursor.decode(place.encode())

    @given(st.text() | st.binary().map(lambda data: base64.b64encode(data).decode()))
    def test_garbage(self, text: str) -> None:
        """Whatever text is no cursor of ours is a ValueError, never another error."""
        with pytest.raises(ValueError, match="after must be a next_cursor or prev"):
            Cursor.decode(text)

    @given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
    def test_forged(self, body: bytes) -> None:
        """Content that never was a place is refused although its check is right."""
        with pytest.raises(ValueError, match="after must be a next_cursor or prev"):
            Cursor.decode(forged(body))

    @pytest.mark.parametrize(
        "content",
        [
            [10**30, "0" * 32, 1],
            [0, 5, 1],
            [0, "0" * 32, {"id": 1}],
            [0, "0" * 32, {"uuid": 5}],
            [0, "0" * 32, None],
            [0, "0" * 32, 2**63],
            [0, "not hexadecimal", 1],
            [None, "0" * 32, 1],
            "[" * 100_000,
        ],
        ids=map(str, range(9)),
    )
    def test_nearly_a_place(self, content: Any) -> None:
        """Each part of a forged place is checked."""
        body = content if isinstance(content, str) else json.dumps(content)

        with pytest.raises(ValueError, match="after must be a next_cursor or prev"):
            Cursor.decode(forged(body.encode()))

    @pytest.mark.parametrize("about", PLACES, ids=type)
    def test_one_other_character(self, about: Any) -> None:
        """A cursor in which any character is another one is refused."""
        text = Cursor(T0, UUID(int=7), about).encode()
        others = string.ascii_letters + string.digits + "-_+/=\n .\0é"

        for place, right in enumerate(text):
            for other in others.replace(right, ""):
                assert is_refused(text[:place] + other + text[place + 1 :])

    @pytest.mark.parametrize("about", PLACES, ids=type)
    def test_more_or_less(self, about: Any) -> None:
        """A cursor of which a part is gone, doubled, moved or added is refused."""
        text = Cursor(T0, UUID(int=7), about).encode()

        for end in range(len(text)):
            start, rest = text[:end], text[end:]
            assert is_refused(start)
            assert is_refused(rest[1:])
            assert is_refused(start + rest[1:])
            assert is_refused(start + rest[0] + rest)
            assert not start or is_refused(rest + start)
        for more in ("=", "==", "A", "AAAA", " ", "\n", "\r\n", "\0", text):
            assert is_refused(text + more)
            assert is_refused(more + text)

    @pytest.mark.parametrize("about", PLACES, ids=type)
    def test_another_spelling(self, about: Any) -> None:
        """A cursor means one place, and one text means a cursor."""
        text = Cursor(T0, UUID(int=7), about).encode()
        data = base64.urlsafe_b64decode(text)
        spelt = {
            *(text.lower(), text.upper(), text.swapcase(), text.rstrip("="), ""),
            *(base64.b64encode(data).decode(), base64.b32encode(data).decode()),
            *(data.hex(), data.decode("latin-1"), f"'{text}'"),
        } - {text}

        assert all(map(is_refused, spelt))
        assert all(map(is_refused, (text.encode(), bytearray(text.encode()), [text])))

    @pytest.mark.parametrize(
        "body",
        [
            f'[0, "{"0" * 32}",1]',
            f'[0,"{"0" * 32}",1] ',
            f'[0.0,"{"0" * 32}",1]',
            f'[false,"{"0" * 32}",1]',
            f'[-0,"{"0" * 32}",1]',
            f'[0,"{"0" * 31}A",1]',
            f'[0,"{{{"0" * 32}}}",1]',
            f'[0,"{"0" * 32}","\\u0061"]',
            f'[0,"{"0" * 32}",{{"uuid":"{"0" * 32}","more":1}}]',
        ],
    )
    def test_another_spelling_of_the_place(self, body: str) -> None:
        """A place that is not written as we write it is refused with a right check."""
        assert is_refused(forged(body.encode()))
        assert not is_refused(forged(f'[0,"{"0" * 32}",1]'.encode()))

    @pytest.mark.parametrize("version", [0, 2, 9])
    def test_another_version(self, version: int) -> None:
        """A cursor of another release is refused by its version."""
        data = base64.urlsafe_b64decode(Cursor.of(action()).encode())
        text = base64.urlsafe_b64encode(str(version).encode() + data[1:]).decode()

        with pytest.raises(ValueError, match=f"of version {version}, known is version"):
            Cursor.decode(text)

    @pytest.mark.parametrize("about", ["\N{PILE OF POO}" * 255, "\N{SNOWMAN}" * 255])
    def test_the_longest(self, about: str) -> None:
        """The longest assignment id still makes a cursor."""
        place = Cursor(T0, UUID(int=7), about)

        assert place == Cursor.decode(place.encode())

    def test_too_long(self) -> None:
        """What is longer than any cursor is refused unread, and not shown whole."""
        body = '[0,"' + "0" * 32 + '","' + "a" * 10_000_000 + '"]'

        with pytest.raises(ValueError, match="more than 8192 characters") as caught:
            Cursor.decode(forged(body.encode()))

        assert len(str(caught.value)) < 250

    def test_field(self) -> None:
        """An error calls the cursor what its caller does."""
        with pytest.raises(ValueError, match="before must be a next_cursor or prev"):
            Cursor.decode("x", field="before")

    def test_moved(self) -> None:
        """A place moves in time, as far as time goes."""
        place = Cursor.of(action())
        last = Cursor(datetime.max.replace(tzinfo=UTC), place.id, ASSIGNMENT)

        assert Cursor(at(1), place.id, ASSIGNMENT) == place.moved(timedelta(seconds=1))
        assert last is last.moved(timedelta(microseconds=1))

    @pytest.mark.parametrize("value", [None, 5, {}])
    def test_no_text(self, value: Any) -> None:
        """What is no text is no cursor."""
        with pytest.raises(ValueError, match="after must be a next_cursor or prev"):
            Cursor.decode(value)


class TestDimensions:
    @pytest.mark.parametrize(
        ("dimension", "expected"),
        [
            ("action_type", "notified"),
            ("status", "failed"),
            ("day", "2026-11-22"),
            ("reason", "timeout"),
            ("fingerprint", "f"),
        ],
    )
    def test_of_a_failure(self, dimension: Any, expected: str) -> None:
        """An action counts under one plain text of each dimension."""
        value = dimension_of(failed(failure=LATE), dimension)

        assert expected == value
        assert str is type(value)

    @pytest.mark.parametrize("dimension", ["reason", "fingerprint"])
    def test_without_a_failure(self, dimension: Any) -> None:
        """Without a failure there is nothing to count by."""
        assert dimension_of(succeeded(), dimension) is None

    def test_unknown_dimension(self) -> None:
        """A dimension that is none is refused, naming those there are."""
        assert as_dimension("day") == "day"

        with pytest.raises(ValueError, match="must be one of action_type, day, fing"):
            as_dimension("month")

    def test_order(self) -> None:
        """Days ascend; all else comes with the most first, then by name."""
        counts = {"b": 1, "c": 2, "a": 1}

        assert ["a", "b", "c"] == list(ordered_counts("day", counts))
        assert ["c", "a", "b"] == list(ordered_counts("reason", counts))
