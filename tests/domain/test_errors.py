import copy
import pickle
from typing import Any

import pytest
from domain.samples import action, failed, succeeded, unknown

from assignment_actions import (
    ActionAlreadyCompletedError,
    ActionNotFoundError,
    AssignmentActionsError,
    DuplicateActionError,
    OutcomeUnknownError,
    StorageError,
)

ID = action().id
ERRORS = [
    ActionNotFoundError(ID),
    ActionAlreadyCompletedError(action_id=ID, status="failed"),
    DuplicateActionError(succeeded(2, key="k"), action(key="k")),
    DuplicateActionError(None, action(key="k")),
    OutcomeUnknownError(unknown(key="k", details={"a": [1]})),
    StorageError("add", "connection refused"),
    StorageError(operation="complete", transaction_lost=True),
]


@pytest.mark.parametrize("error", ERRORS, ids=map(str, range(7)))
class TestEvery:
    def test_has_the_one_base(self, error: Exception) -> None:
        """One except clause catches every error of ours."""
        assert isinstance(error, AssignmentActionsError)

    @pytest.mark.parametrize(
        "again", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))]
    )
    def test_survives_pickle_and_copy(self, error: Exception, again: Any) -> None:
        """Type, fields, message and notes survive; the message does not nest itself."""
        error.__notes__ = ["noted"]

        result = again(error)

        assert type(error) is type(result)
        assert error.args == result.args
        assert str(error) == str(result)
        assert result.__notes__ == ["noted"]


class TestMessages:
    def test_not_found(self) -> None:
        """It is a LookupError that names the id."""
        assert isinstance(ERRORS[0], LookupError)
        assert f"no action with id {ID} is stored" == str(ERRORS[0])

    def test_already_completed(self) -> None:
        """It names the outcome that stands."""
        assert f"action {ID} is already completed: failed" == str(ERRORS[1])

    def test_duplicate_key(self) -> None:
        """It names type, key, assignment, and the try that is stored."""
        said = str(ERRORS[2])

        assert said.startswith("'notified' with key 'k' is already recorded for")
        assert said.endswith(
            "attempt 1 is succeeded (action " + str(succeeded(2).id) + ")"
        )

    def test_duplicate_that_cannot_be_seen(self) -> None:
        """It says so where the caller's snapshot cannot see the stored try."""
        assert str(ERRORS[3]).endswith("a try that this transaction cannot see")

    def test_duplicate_id(self) -> None:
        """It says that the id is taken, not the key."""
        said = str(DuplicateActionError(failed(1), action(1)))

        assert said.startswith(
            f"an action with id {ID} is already stored for assignment"
        )

    def test_outcome_unknown(self) -> None:
        """It says what to do."""
        said = str(ERRORS[4])

        assert "attempt 1 of 'notified' with key 'k'" in said
        assert said.endswith("complete it, or pass retry_unknown=True")

    def test_storage(self) -> None:
        """It names the operation and the reason, and tells a lost transaction."""
        assert str(ERRORS[5]) == "add failed: connection refused"
        assert str(ERRORS[6]) == (
            "complete failed: the store is broken;"
            " the whole transaction was rolled back"
        )


class TestIdentity:
    def test_equal_fields_are_two_errors(self) -> None:
        """Two errors are never equal, so that a chain of causes cannot collapse."""
        first, second = ActionNotFoundError(ID), ActionNotFoundError(ID)

        assert first != second
        assert len({first, second}) == 2
