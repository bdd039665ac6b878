"""R6: what a store that cannot be reached comes to."""

from __future__ import annotations

from typing import Any

import pytest

from assignment_actions.domain.errors import StorageError
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.testing.factories import a_failure, an_action


class OutageClauses:
    """What every verb raises where the store is out of reach."""

    @pytest.mark.parametrize(
        "verb",
        [
            *("add", "complete", "get", "find", "count"),
            *("failure_groups", "scrub", "delete", "search"),
        ],
    )
    def test_r6_what_the_store_raises_is_a_storage_error(
        self, unreachable: ActionRepository, verb: str
    ) -> None:
        """R6: the store's exception arrives as StorageError with its cause."""
        action = an_action(status="failed", failure=a_failure())
        arguments: dict[str, tuple[Any, ...]] = {
            "add": (action,),
            "complete": (action,),
            "get": (action.id,),
            "find": (ActionFilter(), 1),
            "count": (ActionFilter(),),
            "failure_groups": (),
            "scrub": (action,),
            "delete": (action,),
            "search": (ActionFilter(), None, 1),
        }

        with pytest.raises(StorageError) as caught:
            getattr(unreachable, verb)(*arguments[verb])

        assert caught.value.__cause__ is not None
