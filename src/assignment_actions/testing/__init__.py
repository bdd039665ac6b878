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

An async adapter is held to the same, awaited in an event loop that runs in a thread of
its own; `RecordingContract` then drives `AsyncActionRecorder` (extra `async`)::

    class TestMyAsyncRepository(
        AsyncContract, RepositoryContract, RecordingContract, JoinsNothingContract
    ):
        @pytest.fixture
        def async_repository(self):
            return MyAsyncRepository()


    def test_my_machine():
        with EventLoopThread() as loop:
            machine = repository_machine(lambda: Blocking(MyAsyncRepository(), loop))
            machine.TestCase().runTest()

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

from assignment_actions.testing.bridge import (  # noqa: E402
    Blocking,
    EventLoopThread,
)
from assignment_actions.testing.contract import (  # noqa: E402
    AsyncContract,
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
    "AsyncContract",
    "Blocking",
    "EventLoopThread",
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
