"""
The contract as pytest classes; a test's name begins with the clause it enforces.

Every class needs one fixture, `repository`. What an adapter's store can do more is told
by two optional ones, `transaction` and `unreachable`.
"""

from __future__ import annotations

from typing import Any

import pytest

from assignment_actions.domain.ports import ActionRepository
from assignment_actions.domain.recorder import ActionRecorder
from assignment_actions.testing.contract.adding import AddingClauses
from assignment_actions.testing.contract.completing import CompletingClauses
from assignment_actions.testing.contract.counting import CountingClauses
from assignment_actions.testing.contract.fidelity import FidelityClauses
from assignment_actions.testing.contract.finding import FindingClauses
from assignment_actions.testing.contract.hostile import HostileExceptions
from assignment_actions.testing.contract.joining import JoiningClauses
from assignment_actions.testing.contract.keys import KeyRules
from assignment_actions.testing.contract.kinds import (
    IntIdClauses,
    KindClauses,
    StrIdClauses,
)
from assignment_actions.testing.contract.many import ManyAndRedacted
from assignment_actions.testing.contract.reading import ReadingClauses
from assignment_actions.testing.contract.recording import RecordingRules
from assignment_actions.testing.contract.rivals import RivalClauses
from assignment_actions.testing.contract.successes import SuccessClauses
from assignment_actions.testing.contract.transactions import TransactionRules
from assignment_actions.testing.factories import FixedClock


class _Fixtures:
    """The fixtures of every contract; only `repository` must be overridden."""

    @pytest.fixture
    def repository(self) -> Any:  # an override may return or yield
        """Return an empty repository; every adapter overrides this."""
        pytest.fail(f"{type(self).__name__} must override the fixture `repository`")

    @pytest.fixture
    def transaction(self, repository: ActionRepository) -> Any:  # noqa: ARG002
        """
        Return what `joined_to` joins: None where a store has no transactions.

        Otherwise an object with `commit()` and `rollback()` on the same store, such as
        a connection, in whose transaction nothing was written yet.
        """
        return None


class RepositoryContract(
    _Fixtures,
    AddingClauses,
    CompletingClauses,
    CountingClauses,
    FidelityClauses,
    FindingClauses,
    JoiningClauses,
    KindClauses,
    ReadingClauses,
    RivalClauses,
    SuccessClauses,
):
    """
    Hold an adapter to every clause of `ActionRepository`.

    Override the fixture `repository`: an empty repository for UUID assignment ids.
    Optional: `transaction`, and `unreachable`, a repository whose store cannot be
    reached.
    """

    @pytest.fixture
    def unreachable(self) -> Any:
        """Return a repository whose store is out of reach; None where none can be."""
        return None


class RecordingContract(
    _Fixtures,
    HostileExceptions,
    KeyRules,
    ManyAndRedacted,
    RecordingRules,
    TransactionRules,
):
    """
    Hold the recorder's promises on an adapter.

    Override the fixture `repository`: an empty repository for UUID assignment ids.
    Optional: `transaction`.
    """

    @pytest.fixture
    def clock(self) -> FixedClock:
        """Return the clock that the recorder reads."""
        return FixedClock()

    @pytest.fixture
    def recorder(
        self, repository: ActionRepository, clock: FixedClock
    ) -> ActionRecorder:
        """Return a recorder on the repository."""
        return ActionRecorder(repository, clock=clock)


class IntIdContract(_Fixtures, IntIdClauses):
    """
    Hold an adapter to what is particular to int assignment ids.

    Override the fixture `repository`: an empty repository for int assignment ids.
    """


class StrIdContract(_Fixtures, StrIdClauses):
    """
    Hold an adapter to what is particular to str assignment ids.

    Override the fixture `repository`: an empty repository for str assignment ids.
    """
