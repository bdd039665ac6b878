"""R2: an action comes back equal to what was stored, to the last blank."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from assignment_actions.domain.action import Action
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.domain.vocabulary import ActionType, ErrorReason
from assignment_actions.testing.contract.mixture import an_id
from assignment_actions.testing.factories import MOMENT, a_failure, a_moment, an_action

FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
BEHIND = timezone(timedelta(hours=-5))
AHEAD = timezone(timedelta(hours=5, minutes=45))

ACTIONS: dict[str, dict[str, Any]] = {
    "one microsecond": {"created_at": MOMENT.replace(microsecond=1)},
    "the last microsecond": {"created_at": MOMENT.replace(microsecond=999_999)},
    "no microsecond": {"created_at": MOMENT.replace(microsecond=0)},
    "before 1970": {"created_at": datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)},
    "the first moment": {"created_at": FIRST, "overdue_at": FIRST},
    "the last moment": {"created_at": LAST, "overdue_at": LAST},
    "overdue": {"overdue_at": a_moment(microseconds=7)},
    "succeeded": {"status": "succeeded", "completed_at": a_moment(microseconds=7)},
    "completed before it began": {
        "status": "succeeded",
        "completed_at": a_moment(-86_400),
    },
    "late": {"status": "succeeded", "unknown_at": a_moment(0.5)},
    "failed late": {"status": "failed", "unknown_at": a_moment(0.5)},
    "unknown": {"status": "unknown"},
    "unknown for a reason": {"status": "unknown", "failure": a_failure()},
    "unknown since nobody knows when": {"status": "unknown", "unknown_at": None},
    "overdue and done": {"status": "succeeded", "overdue_at": a_moment(9)},
    "the last attempt": {"key": "k", "attempt": 2**31 - 1},
    "an attempt without a key": {"attempt": 3},
    "the longest type": {"action_type": "a" * 64},
    **{f"id of version {n}": {"id": an_id(8 + n - 1)} for n in range(1, 9)},
    "nil id": {"id": UUID(int=0)},
    "max id": {"id": UUID(int=2**128 - 1)},
}

TEXTS = {
    "capital": "Ann",
    "trailing blank": "ann ",
    "leading blank": " ann",
    "only a blank": " ",
    "line ends": "a\r\nb\tc\n",
    "quotes": "\"'`\\%_;--$1:name",
    "control character": "\x01\x1b\x7f",
    "composed": "\N{LATIN SMALL LETTER E WITH ACUTE}",
    "decomposed": "e\N{COMBINING ACUTE ACCENT}",
    "right to left": "\N{HEBREW LETTER ALEF}\N{RIGHT-TO-LEFT MARK}",
    "noncharacter": "\uffff\U0010ffff",
    "255 emoji": "\N{SMILING FACE WITH SUNGLASSES}" * 255,
    "number": "007",
    "null": "null",
}

FAILURES: dict[str, Failure] = {
    "bare": Failure(reason="unclassified"),
    "empty stacktrace": a_failure(stacktrace=""),
    "no stacktrace": a_failure(stacktrace=None),
    "truncated": a_failure(truncated=True),
    "longest names": a_failure(
        reason="r" * 64, exception_type="\N{PILE OF POO}" * 255, fingerprint="f" * 64
    ),
    "4 KiB message of emoji": a_failure(message="\N{PILE OF POO}" * 1024),
    "32 KiB stacktrace of emoji": a_failure(stacktrace="\N{PILE OF POO}" * 8192),
    "70 kB stacktrace": a_failure(stacktrace="line\n" * 14_000),
    "NUL": a_failure(message="a\0b", stacktrace="\0", exception_type="\0"),
    "lone surrogates": a_failure(message="\ud83d", stacktrace="\ude00\ud83d"),
    "trailing blanks": a_failure(message=" m \n", stacktrace="s \n \n"),
    "a reason nobody knows": a_failure(reason="retired_reason"),
}

DETAILS: dict[str, dict[str, Any]] = {
    "empty": {},
    "NUL": {"a\0b": "\0"},
    "lone surrogates": {"\ud83d": ["\ude00", "\ud83d\ude00"]},
    "an escape that is none": {"text": "\\u0000 \\ud83d \\\\u0000"},
    "emoji": {"\N{PILE OF POO}": "\N{PILE OF POO}" * 200},
    "nested": {"a": [{"b": [[], {}, [None, True, False]]}]},
    "order of keys": {"b": 1, "a": {"z": 1, "y": 2}, "": 3, "B": 4},
    "near keys": {"k": 1, "K": 2, "k ": 3},
    "floats": {"f": [0.1, 1e308, 5e-324, -0.0, 1.0, 1e16, 0.1 + 0.2, 2.0**53]},
    "integers": {"i": [0, -1, 2**53 + 1, 2**63, -(2**64), 10**40, True, 1]},
    "texts like values": {"t": ["1", "1.0", "true", "null", ""]},
    "16 KiB": {"t": "x" * (16 * 1024 - len('{"t":""}'))},
    "16 KiB of emoji": {"t": "\N{PILE OF POO}" * (4 * 1024 - 2)},
}


class FidelityClauses:
    """What every question promises about what comes back."""

    @pytest.mark.parametrize("name", ACTIONS)
    def test_r2_an_action_comes_back_equal(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R2: every field comes back as it was stored, by every question."""
        changes = ACTIONS[name]
        assert_kept(repository, an_action(**changes))

    @pytest.mark.parametrize("name", TEXTS)
    @pytest.mark.parametrize("field", ["key", "actor"])
    def test_r2_a_text_comes_back_equal(
        self, repository: ActionRepository, field: str, name: str
    ) -> None:
        """R2: keys and actors keep letter case, blanks and every character."""
        assert_kept(repository, an_action(**{field: TEXTS[name]}))

    @pytest.mark.parametrize("name", FAILURES)
    def test_r2_a_failure_comes_back_equal(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R2: 32 KiB of any Unicode; what no store can hold was made safe before."""
        assert_kept(repository, an_action(status="failed", failure=FAILURES[name]))

    @pytest.mark.parametrize("name", FAILURES)
    def test_r2_a_completions_failure_comes_back_equal(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R2: what `complete` stores is kept as faithfully as what `add` does."""
        started = an_action()
        repository.add(started)
        failed = started.fail(FAILURES[name], at=a_moment(microseconds=1))
        repository.complete(failed)

        assert failed == repository.get(started.id)

    @pytest.mark.parametrize("name", DETAILS)
    def test_r2_details_come_back_exactly(
        self, repository: ActionRepository, name: str
    ) -> None:
        """R2: details come back as the same JSON: 1 is not 1.0 and not true."""
        action = an_action(details=DETAILS[name])
        repository.add(action)

        found = repository.get(action.id)

        assert found is not None
        assert exact(DETAILS[name]) == exact(found.details)

    @pytest.mark.parametrize("zone", [BEHIND, AHEAD], ids=str)
    def test_r2_another_time_zone_is_the_same_instant(
        self, repository: ActionRepository, zone: timezone
    ) -> None:
        """R2: a time given in another zone comes back as the same instant."""
        at = a_moment(3600).astimezone(zone)
        changes = dict.fromkeys(("created_at", "completed_at", "overdue_at"), at)
        action = an_action(status="succeeded", unknown_at=at, **changes)
        repository.add(action)

        found = repository.get(action.id)

        assert found is not None
        assert [a_moment(3600)] * 4 == times(found)

    def test_r2_times_come_back_in_utc(self, repository: ActionRepository) -> None:
        """R2: every time that comes back is aware and in UTC."""
        action = an_action(
            status="succeeded", overdue_at=a_moment(1), unknown_at=a_moment(2)
        )
        repository.add(action)

        found = repository.get(action.id)

        assert found is not None
        assert [timedelta(0)] * 4 == [time.utcoffset() for time in times(found)]
        assert found.created_at.tzinfo is UTC

    def test_r2_known_words_come_back_as_members(
        self, repository: ActionRepository
    ) -> None:
        """R2: built-in types and reasons are members of their enums again."""
        action = an_action(status="failed")
        repository.add(action)

        found = repository.get(action.id)

        assert found is not None
        assert found.failure is not None
        assert isinstance(found.action_type, ActionType)
        assert isinstance(found.failure.reason, ErrorReason)

    def test_r2_words_nobody_knows_are_plain_text(
        self, repository: ActionRepository
    ) -> None:
        """R2: a type or reason nobody knows any more is read as plain text."""
        action = an_action(
            action_type="retired_type",
            status="failed",
            failure=a_failure(reason="retired_reason"),
        )
        repository.add(action)

        found = repository.get(action.id)

        assert found is not None
        assert found.failure is not None
        assert (str, str) == (type(found.action_type), type(found.failure.reason))


def assert_kept(repository: ActionRepository, action: Action) -> None:
    """Assert that an action comes back equal from each question that returns it."""
    repository.add(action)
    listed, asked = action.without_stacktrace(), [action.assignment_id]

    assert action == repository.get(action.id)
    assert [listed] == list(repository.timelines(asked)[action.assignment_id])
    assert [listed] == list(repository.find(ActionFilter(), 2))
    if action.status == "succeeded":
        assert {action.assignment_id: action} == repository.latest_successes(asked)


def exact(details: object) -> str:
    """Return details as text, in which 1, 1.0 and true are three things."""
    return json.dumps(details, sort_keys=True)


def times(action: Action) -> list[datetime]:
    """Return all times of an action that has all of them."""
    found = (
        action.created_at,
        action.completed_at,
        action.overdue_at,
        action.unknown_at,
    )
    return [time for time in found if time is not None]
