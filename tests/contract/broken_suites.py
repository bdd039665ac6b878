"""The contract on each broken adapter; run by `test_contract_bites`, not by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar
from uuid import UUID

import pytest
from contract.broken import ALL_BROKEN
from contract.broken.completing import CompletesBlindly, RacesToComplete
from contract.broken.deleting import KeepsDeletedKeys
from contract.broken.finding import CursorIncludesItself
from contract.broken.reading import LoadsStacktraces
from contract.broken.refusing import OverwritesDuplicates
from contract.broken.right import Broken
from contract.broken.storing import DropsMicroseconds

from assignment_actions.domain.awaited import AwaitedActionRepository
from assignment_actions.testing import (
    AsyncContract,
    JoinsNothingContract,
    RepositoryContract,
)

P = ParamSpec("P")
T = TypeVar("T")


class InThreads(AwaitedActionRepository):
    """Answer each call in a thread: what is awaited at once happens at once."""

    async def _run(
        self, verb: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await asyncio.to_thread(verb, *args, **kwargs)


def suite_of(adapter: type[Broken]) -> type[RepositoryContract]:
    """Return the test class that an author of this adapter would write."""

    class Suite(RepositoryContract, JoinsNothingContract):
        @pytest.fixture
        def repository(self) -> Broken:
            return adapter(assignment_id_type=UUID)

    return Suite


def async_suite_of(adapter: type[Broken]) -> type[RepositoryContract]:
    """Return the test class for the same adapter, awaited."""

    class Suite(AsyncContract, RepositoryContract, JoinsNothingContract):
        @pytest.fixture
        def async_repository(self) -> InThreads:
            return InThreads(adapter(assignment_id_type=UUID))

    return Suite


BRIDGED: tuple[type[Broken], ...] = (
    CompletesBlindly,
    CursorIncludesItself,
    DropsMicroseconds,
    KeepsDeletedKeys,
    LoadsStacktraces,
    OverwritesDuplicates,
    RacesToComplete,
)
"""Those that are run through the bridge too."""

ADAPTERS: tuple[type[Broken], ...] = (Broken, *ALL_BROKEN)
for each in ADAPTERS:
    globals()[f"Test{each.__name__}"] = suite_of(each)
    if each is Broken or each in BRIDGED:
        globals()[f"TestAsync{each.__name__}"] = async_suite_of(each)
