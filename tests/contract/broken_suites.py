"""The contract on each broken adapter; run by `test_contract_bites`, not by itself."""

from __future__ import annotations

from uuid import UUID

import pytest
from contract.broken import ALL_BROKEN
from contract.broken.right import Broken

from assignment_actions.testing import JoinsNothingContract, RepositoryContract


def suite_of(adapter: type[Broken]) -> type[RepositoryContract]:
    """Return the test class that an author of this adapter would write."""

    class Suite(RepositoryContract, JoinsNothingContract):
        @pytest.fixture
        def repository(self) -> Broken:
            return adapter(assignment_id_type=UUID)

    return Suite


ADAPTERS: tuple[type[Broken], ...] = (Broken, *ALL_BROKEN)
for each in ADAPTERS:
    globals()[f"Test{each.__name__}"] = suite_of(each)
