"""
The contract as pytest classes; a test's name begins with the clause it enforces.

`RepositoryContract` and `RecordingContract` are for every adapter, and so is one of
`TransactionContract` and `JoinsNothingContract`. Every fixture a class names must be
overridden; no test is skipped. `AsyncContract` before them holds an async adapter to
the same.
"""

from __future__ import annotations

from typing import Any

import pytest

from assignment_actions.domain.ports import ActionRepository
from assignment_actions.domain.recorder import ActionRecorder
from assignment_actions.testing.contract.adding import AddingClauses
from assignment_actions.testing.contract.awaiting import AsyncContract
from assignment_actions.testing.contract.completing import CompletingClauses
from assignment_actions.testing.contract.counting import CountingClauses
from assignment_actions.testing.contract.deleting import DeletingClauses
from assignment_actions.testing.contract.erasing import ErasingClauses
from assignment_actions.testing.contract.fidelity import FidelityClauses
from assignment_actions.testing.contract.finding import FindingClauses
from assignment_actions.testing.contract.group_examples import GroupExampleClauses
from assignment_actions.testing.contract.grouping import GroupingClauses
from assignment_actions.testing.contract.hostile import HostileExceptions
from assignment_actions.testing.contract.joining import (
    ClosingClauses,
    JoinsNothingClauses,
    TransactionClauses,
)
from assignment_actions.testing.contract.keys import KeyRules
from assignment_actions.testing.contract.kinds import (
    IntIdClauses,
    KindClauses,
    StrIdClauses,
)
from assignment_actions.testing.contract.many import ManyAndRedacted
from assignment_actions.testing.contract.outages import OutageClauses
from assignment_actions.testing.contract.paging import PagingClauses
from assignment_actions.testing.contract.planted import PlantedRules
from assignment_actions.testing.contract.privacy import ErasureRules
from assignment_actions.testing.contract.reading import ReadingClauses
from assignment_actions.testing.contract.recording import RecordingRules
from assignment_actions.testing.contract.retention import RetentionRules
from assignment_actions.testing.contract.rivals import RivalClauses
from assignment_actions.testing.contract.scrubbed_keys import ScrubbedKeyClauses
from assignment_actions.testing.contract.scrubbing import ScrubbingClauses
from assignment_actions.testing.contract.searching import SearchingClauses
from assignment_actions.testing.contract.successes import SuccessClauses
from assignment_actions.testing.contract.transactions import (
    JoinsNothingRules,
    TransactionRules,
)
from assignment_actions.testing.contract.waiting import WaitingRules
from assignment_actions.testing.factories import FixedClock


class _Fixtures:
    """The fixture of every contract."""

    @pytest.fixture
    def repository(self) -> Any:  # an override may return or yield
        """Return an empty repository; every adapter overrides this."""
        pytest.fail(f"{type(self).__name__} must override the fixture `repository`")


class _RecorderFixtures(_Fixtures):
    """The fixtures of contracts that record."""

    @pytest.fixture
    def clock(self) -> FixedClock:
        """Return the clock that the recorder reads."""
        return FixedClock()

    @pytest.fixture
    def make_recorder(self) -> Any:  # a class or a function
        """Return what makes a recorder; `AsyncContract` overrides this."""
        return ActionRecorder

    @pytest.fixture
    def recorder(
        self,
        make_recorder: type[ActionRecorder],
        repository: ActionRepository,
        clock: FixedClock,
    ) -> ActionRecorder:
        """Return a recorder on the repository."""
        return make_recorder(repository, clock=clock)


class RepositoryContract(
    _Fixtures,
    AddingClauses,
    ClosingClauses,
    CompletingClauses,
    CountingClauses,
    DeletingClauses,
    ErasingClauses,
    FidelityClauses,
    FindingClauses,
    GroupExampleClauses,
    GroupingClauses,
    KindClauses,
    PagingClauses,
    ReadingClauses,
    RivalClauses,
    ScrubbedKeyClauses,
    ScrubbingClauses,
    SearchingClauses,
    SuccessClauses,
):
    """
    Hold an adapter to the clauses of `ActionRepository`.

    Override the fixture `repository`: an empty repository for UUID assignment ids.
    """


class RecordingContract(
    _RecorderFixtures,
    ErasureRules,
    HostileExceptions,
    KeyRules,
    ManyAndRedacted,
    PlantedRules,
    RecordingRules,
    RetentionRules,
    WaitingRules,
):
    """
    Hold the recorder's promises on an adapter.

    Override the fixture `repository`: an empty repository for UUID assignment ids.
    """


class TransactionContract(_RecorderFixtures, TransactionClauses, TransactionRules):
    """
    Hold an adapter with transactions to R80 to R83, and the recorder's promises there.

    Override the fixtures `repository`, and `transaction`: what `joined_to` joins, with
    `commit()` and `rollback()`, on the same store, nothing written in it yet.
    """

    @pytest.fixture
    def transaction(self) -> Any:  # an override may return or yield
        """Return what `joined_to` joins; every adapter overrides this."""
        pytest.fail(f"{type(self).__name__} must override the fixture `transaction`")


class JoinsNothingContract(_RecorderFixtures, JoinsNothingClauses, JoinsNothingRules):
    """
    Hold an adapter without transactions to R80 to R83: host code runs unchanged.

    Override the fixture `repository`: an empty repository for UUID assignment ids.
    """

    @pytest.fixture
    def transaction(self) -> object:
        """Return something that a host would join elsewhere."""
        return object()


class OutageContract(OutageClauses):
    """
    Hold an adapter whose store can be out of reach to R6.

    Override the fixture `unreachable`: a repository whose store cannot be reached.
    """

    @pytest.fixture
    def unreachable(self) -> Any:  # an override may return or yield
        """Return a repository out of reach; every adapter overrides this."""
        pytest.fail(f"{type(self).__name__} must override the fixture `unreachable`")


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


__all__ = [
    "AsyncContract",
    "IntIdContract",
    "JoinsNothingContract",
    "OutageContract",
    "RecordingContract",
    "RepositoryContract",
    "StrIdContract",
    "TransactionContract",
]
