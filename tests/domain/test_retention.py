from datetime import timedelta
from typing import Any

import pytest
from domain.samples import ASSIGNMENT, OTHER, action, at, failed, succeeded, unknown

from assignment_actions import ActionFilter, Retention, RetentionPolicy
from assignment_actions.domain.action import Action

DAY = timedelta(days=1)


class TestRetention:
    @pytest.mark.parametrize(
        ("one", "is_covered"),
        [(succeeded(), True), (failed(), True), (unknown(), True), (action(), False)],
        ids=["succeeded", "failed", "unknown", "in_progress"],
    )
    def test_running_work_is_left_alone(self, one: Action, *, is_covered: bool) -> None:
        """A rule without statuses is about all but what is in progress."""
        assert is_covered == Retention(DAY).covers(one)

    def test_named_statuses(self) -> None:
        """What is in progress is covered where it is named."""
        assert Retention(DAY, statuses=["in_progress"]).covers(action())
        assert not Retention(DAY, statuses=["in_progress"]).covers(failed())

    def test_types(self) -> None:
        """A rule may be about some types, retired ones too."""
        rule = Retention(DAY, types=["automatic_cancellation"])

        assert rule.covers(succeeded(action_type="automatic_cancellation"))
        assert not rule.covers(succeeded())

    def test_expired(self) -> None:
        """Expired is what was created earlier than the age, to the microsecond."""
        wanted = Retention(DAY, statuses=["failed"]).expired(at(86400))

        assert wanted == ActionFilter(statuses=["failed"], created_before=at(0))

    def test_for_ever(self) -> None:
        """Nothing expires that is kept for ever, or longer than the calendar lasts."""
        assert Retention(None).expired(at(0)) is None
        assert Retention(timedelta.max).expired(at(0)) is None

    @pytest.mark.parametrize(
        ("given", "error", "said"),
        [
            ({"keep_for": 90}, TypeError, "keep_for must be a timedelta or None"),
            ({"keep_for": -DAY}, ValueError, "keep_for must not be negative"),
            ({"keep_for": DAY, "statuses": ["done"]}, ValueError, "statuses must be"),
            ({"keep_for": DAY, "statuses": "failed"}, TypeError, "statuses must be a"),
            ({"keep_for": DAY, "types": "notified"}, TypeError, "types must be a"),
            ({"keep_for": DAY, "types": ["No"]}, ValueError, "types must be lower"),
        ],
        ids=["int", "negative", "status", "statuses", "types", "type"],
    )
    def test_bad_rules(
        self, given: dict[str, Any], error: type[Exception], said: str
    ) -> None:
        """A rule that makes no sense is refused by the name of its field."""
        with pytest.raises(error, match=said):
            Retention(**given)


class TestPolicy:
    def test_the_first_rule_decides(self) -> None:
        """Where several rules cover an action, only the first one counts."""
        forever, year = Retention(None, types=["redeemed"]), Retention(DAY)
        policy = RetentionPolicy([forever, year])
        redeemed = succeeded(action_type="redeemed")

        assert policy.decides(forever, redeemed)
        assert not policy.decides(year, redeemed)
        assert policy.decides(year, succeeded())
        assert not policy.decides(year, action())
        assert [year] == [rule for rule, _ in policy.expired(at(0))]

    def test_hold(self) -> None:
        """Assignments on hold are kept."""
        policy = RetentionPolicy([], hold=[ASSIGNMENT])

        assert policy.holds(succeeded())
        assert not policy.holds(succeeded(assignment_id=OTHER))

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"rules": Retention(DAY)}, "rules must be a collection"),
            ({"rules": [DAY]}, "rules must be Retention objects"),
            ({"rules": [], "hold": "4711"}, "hold must be a collection"),
            ({"rules": [], "hold": [1.5]}, "hold must be a UUID, an int or a str"),
        ],
        ids=["rule", "timedelta", "text", "float"],
    )
    def test_bad_policies(self, given: dict[str, Any], said: str) -> None:
        """A policy that makes no sense is refused by the name of its field."""
        with pytest.raises(TypeError, match=said):
            RetentionPolicy(**given)
