"""The async in-memory repository under the whole contract, the same as the other."""

from __future__ import annotations

from uuid import UUID

import pytest

from assignment_actions.adapters.memory import AsyncInMemoryActionRepository
from assignment_actions.testing import (
    AsyncContract,
    Blocking,
    EventLoopThread,
    IntIdContract,
    JoinsNothingContract,
    RecordingContract,
    RepositoryContract,
    StrIdContract,
    repository_machine,
)


class TestAsyncInMemoryActionRepository(
    AsyncContract, RepositoryContract, JoinsNothingContract
):
    @pytest.fixture
    def async_repository(self) -> AsyncInMemoryActionRepository:
        return AsyncInMemoryActionRepository(assignment_id_type=UUID)


class TestUntoldKind(AsyncContract, RepositoryContract):
    @pytest.fixture
    def async_repository(self) -> AsyncInMemoryActionRepository:
        return AsyncInMemoryActionRepository()


class TestRecording(AsyncContract, RecordingContract):
    @pytest.fixture
    def async_repository(self) -> AsyncInMemoryActionRepository:
        return AsyncInMemoryActionRepository()


class TestIntIds(AsyncContract, IntIdContract):
    @pytest.fixture
    def async_repository(self) -> AsyncInMemoryActionRepository:
        return AsyncInMemoryActionRepository(assignment_id_type=int)


class TestStrIds(AsyncContract, StrIdContract):
    @pytest.fixture
    def async_repository(self) -> AsyncInMemoryActionRepository:
        return AsyncInMemoryActionRepository(assignment_id_type=str)


class TestMachine:
    def test_every_history_has_the_same_answers(self) -> None:
        """Whatever is done in whatever order, it answers as the meaning does."""
        with EventLoopThread() as loop:
            machine = repository_machine(
                lambda: Blocking(AsyncInMemoryActionRepository(), loop)
            )

            machine.TestCase().runTest()
