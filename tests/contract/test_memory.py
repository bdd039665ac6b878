"""The in-memory repository under the whole contract."""

from __future__ import annotations

from uuid import UUID

import pytest

from assignment_actions import InMemoryActionRepository
from assignment_actions.testing import (
    IntIdContract,
    JoinsNothingContract,
    RecordingContract,
    RepositoryContract,
    StrIdContract,
    repository_machine,
)


class TestInMemoryActionRepository(RepositoryContract, JoinsNothingContract):
    @pytest.fixture
    def repository(self) -> InMemoryActionRepository:
        return InMemoryActionRepository(assignment_id_type=UUID)


class TestUntoldKind(RepositoryContract):
    @pytest.fixture
    def repository(self) -> InMemoryActionRepository:
        return InMemoryActionRepository()


class TestRecording(RecordingContract):
    @pytest.fixture
    def repository(self) -> InMemoryActionRepository:
        return InMemoryActionRepository()


class TestIntIds(IntIdContract):
    @pytest.fixture
    def repository(self) -> InMemoryActionRepository:
        return InMemoryActionRepository(assignment_id_type=int)


class TestStrIds(StrIdContract):
    @pytest.fixture
    def repository(self) -> InMemoryActionRepository:
        return InMemoryActionRepository(assignment_id_type=str)


TestMachine = repository_machine(InMemoryActionRepository).TestCase
