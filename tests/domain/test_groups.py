from enum import StrEnum

import pytest
from domain.recorders import history_of
from domain.samples import (
    ASSIGNMENT,
    OTHER,
    T0,
    action,
    at,
    failed,
    succeeded,
    unknown,
)

from assignment_actions import (
    Action,
    ActionHistory,
    ActionType,
    Failure,
    InMemoryActionRepository,
)
from assignment_actions.domain.groups import group_failures

pytestmark = pytest.mark.usefixtures("colour")


class Greeting(StrEnum):
    GREETED = "greeted"


SMTP = Failure.of(reason="email_error", message="mailbox full")
SLOW = Failure.of(reason="timeout", message="no answer")


def holding(*actions: Action) -> InMemoryActionRepository:
    """Return a repository that holds these."""
    repository = InMemoryActionRepository()
    repository.add(*actions)
    return repository


def history(*actions: Action) -> ActionHistory:
    """Return a history of these."""
    return history_of(holding(*actions))


class TestGroups:
    def test_by_kind(self) -> None:
        """Failures of one fingerprint are one group, the most frequent first."""
        groups = history(
            failed(1, failure=SLOW),
            failed(2, failure=SMTP),
            failed(3, failure=SMTP, completed_at=at(9), assignment_id=OTHER),
        ).failure_groups()

        assert ["email_error", "timeout"] == [group.reason for group in groups]
        assert [2, 1] == [group.count for group in groups]
        assert [2, 1] == [group.assignments for group in groups]
        assert (at(1), at(9)) == (groups[0].first_seen, groups[0].last_seen)
        assert 3 == groups[0].example.id.int
        assert SMTP.fingerprint == groups[0].fingerprint

    def test_failures_alone(self) -> None:
        """What is unknown did not fail, whatever interrupted it."""
        assert () == history(unknown(failure=SLOW), action(2)).failure_groups()
        assert [] == group_failures([unknown(failure=SLOW), succeeded(2)])

    def test_since(self) -> None:
        """What failed before counts no more, but tells since when."""
        kinds = history(
            failed(1, failure=SMTP),
            failed(2, failure=SMTP, completed_at=at(5)),
            failed(3, failure=SLOW, completed_at=at(5)),
            failed(4, failure=Failure.of(reason="gone"), completed_at=at(4)),
        )

        groups = kinds.failure_groups(since=at(5))

        assert {"email_error": at(1), "timeout": at(5)} == {
            group.reason: group.first_seen for group in groups
        }
        assert [1, 1] == [group.count for group in groups]
        assert {"email_error": False, "timeout": True} == {
            group.reason: group.is_new for group in groups
        }

    def test_nothing_is_new_since_ever(self) -> None:
        """Without a moment to compare with, no kind is called new."""
        (group,) = history(failed()).failure_groups()

        assert group.is_new is False

    def test_types(self) -> None:
        """Only failures of the types asked for count, also for the first one."""
        kinds = history(
            failed(1, failure=SMTP),
            failed(2, failure=SMTP, completed_at=at(5), action_type="reminded"),
        )

        (group,) = kinds.failure_groups(types=[ActionType.REMINDED], since=T0)

        assert (1, at(5), True) == (group.count, group.first_seen, group.is_new)
        assert () == kinds.failure_groups(types=[])

    def test_the_newest_is_the_example(self) -> None:
        """Equal completions are told apart by the total order."""
        same = [
            failed(3, failure=SMTP),
            failed(4, failure=SMTP),
            failed(2, failure=SMTP, created_at=at(1)),
            failed(2, failure=SMTP, created_at=at(1), assignment_id=OTHER),
        ]

        (group,) = group_failures(same)

        assert (OTHER, 2) == (group.example.assignment_id, group.example.id.int)
        assert ASSIGNMENT < OTHER

    def test_a_hosts_own_type(self) -> None:
        """The example's type is the host's own member, where it has one."""
        kinds = history_of(
            holding(
                failed(1, failure=SMTP, action_type="greeted"),
                failed(2, failure=SLOW),
            ),
            vocabulary=Greeting,
        ).failure_groups()

        assert {Greeting.GREETED, ActionType.NOTIFIED} == {
            group.example.action_type for group in kinds
        }
        assert {Greeting, ActionType} == {
            type(group.example.action_type) for group in kinds
        }
