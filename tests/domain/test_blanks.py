import weakref
from typing import Any
from uuid import UUID

import attrs
import pytest
from domain.samples import ASSIGNMENT, T0

from assignment_actions import Action, Failure
from assignment_actions.domain.blanks import blank_of
from assignment_actions.domain.details import NO_DETAILS


@attrs.frozen
class Point:
    x: int
    y: int = attrs.field(default=0)

    def __attrs_post_init__(self) -> None:
        if self.y < 0:
            raise ValueError("y must be 0 or more")


def stored_failure() -> Failure:
    return Failure.from_store("email_error", "OSError", "full", None, "f" * 32, False)


def stored_action() -> Action:
    return Action.from_store(
        id=UUID(int=1),
        assignment_id=ASSIGNMENT,
        action_type="notified",
        status="failed",
        created_at=T0,
        completed_at=T0,
        failure=stored_failure(),
        key=None,
        attempt=1,
        actor=None,
        details=NO_DETAILS,
        overdue_at=None,
        unknown_at=None,
    )


class TestBlank:
    def test_becomes_the_frozen_class(self) -> None:
        """A blank that is filled equals an instance that was made in the usual way."""
        blank = blank_of(Point)()
        blank.x, blank.y = 1, 2
        blank.__class__ = Point

        assert Point(1, 2) == blank
        assert hash(Point(1, 2)) == hash(blank)

    def test_is_not_checked(self) -> None:
        """A blank takes what its class would refuse."""
        blank = blank_of(Point)()
        blank.y = -1

        assert -1 == blank.y


@pytest.mark.parametrize("make", [stored_action, stored_failure])
class TestStored:
    def test_is_of_the_class_itself(self, make: Any) -> None:
        """What comes from a store is an Action or a Failure, and nothing below it."""
        assert type(make()) in (Action, Failure)

    def test_is_frozen(self, make: Any) -> None:
        """What comes from a store cannot be changed, by no field and no other name."""
        made = make()

        for name in (*attrs.asdict(made, recurse=False), "another"):
            with pytest.raises(attrs.exceptions.FrozenInstanceError):
                setattr(made, name, None)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            del made.truncated

    def test_has_every_field(self, make: Any) -> None:
        """No slot of what comes from a store is left empty."""
        fields = attrs.fields(type(make()))

        assert [one.name for one in fields] == list(attrs.asdict(make(), recurse=False))

    def test_can_be_referred_to_weakly(self, make: Any) -> None:
        """What comes from a store can be the key of a weak mapping."""
        made = make()

        assert made is weakref.ref(made)()
