"""
The testing kit: the contract that every adapter passes, and what tests are made of.

An adapter's whole test file::

    class TestMyRepository(RepositoryContract, RecordingContract, JoinsNothingContract):
        @pytest.fixture
        def repository(self):
            return MyRepository()


    TestMyMachine = repository_machine(MyRepository).TestCase

A store with transactions takes `TransactionContract` in place of
`JoinsNothingContract`; one that can be out of reach takes `OutageContract` too.

It is public API: a new clause arrives in a minor release, with a note to authors of
adapters. Needs the extra `testing`.
"""

try:
    import hypothesis  # noqa: F401
    import pytest
except ImportError as _error:
    raise ImportError(
        f"assignment_actions.testing needs {_error.name}:"
        " pip install 'assignment-actions[testing]'",
        name=_error.name,
    ) from _error

# Before the first import: without it an installed suite prints no values on failure.
pytest.register_assert_rewrite(
    "assignment_actions.testing.contract", "assignment_actions.testing.machine"
)

from assignment_actions.testing.contract import (  # noqa: E402
    IntIdContract,
    JoinsNothingContract,
    OutageContract,
    RecordingContract,
    RepositoryContract,
    StrIdContract,
    TransactionContract,
)
from assignment_actions.testing.factories import (  # noqa: E402
    MOMENT,
    FixedClock,
    a_failure,
    a_moment,
    an_action,
    an_assignment_id,
)
from assignment_actions.testing.machine import repository_machine  # noqa: E402
from assignment_actions.testing.strategies import (  # noqa: E402
    actions,
    details,
    failures,
    filters,
    moments,
    texts,
    uuids,
)

__all__ = [
    "MOMENT",
    "FixedClock",
    "IntIdContract",
    "JoinsNothingContract",
    "OutageContract",
    "RecordingContract",
    "RepositoryContract",
    "StrIdContract",
    "TransactionContract",
    "a_failure",
    "a_moment",
    "actions",
    "an_action",
    "an_assignment_id",
    "details",
    "failures",
    "filters",
    "moments",
    "repository_machine",
    "texts",
    "uuids",
]
