"""All the tests that an adapter needs, and one about what is its own."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from assignment_actions import ActionFilter
from assignment_actions.testing import (
    IntIdContract,
    JoinsNothingContract,
    OutageContract,
    RecordingContract,
    RepositoryContract,
    StrIdContract,
    an_action,
    repository_machine,
)
from examples.third_party_adapter.json_lines import JsonLinesActionRepository


class TestJsonLines(RepositoryContract, JoinsNothingContract):
    """Hold the adapter to every clause."""

    @pytest.fixture
    def repository(self, tmp_path: Path) -> JsonLinesActionRepository:
        return JsonLinesActionRepository(tmp_path / "actions.jsonl")


class TestOutOfReach(OutageContract):
    """Hold the adapter to what a missing folder comes to."""

    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> JsonLinesActionRepository:
        return JsonLinesActionRepository(tmp_path / "no such folder" / "actions.jsonl")


class TestRecording(RecordingContract):
    """Hold the recorder's promises on it."""

    @pytest.fixture
    def repository(self, tmp_path: Path) -> JsonLinesActionRepository:
        return JsonLinesActionRepository(tmp_path / "actions.jsonl")


class TestIntIds(IntIdContract):
    """Hold it to what int ids promise."""

    @pytest.fixture
    def repository(self, tmp_path: Path) -> JsonLinesActionRepository:
        return JsonLinesActionRepository(tmp_path / "it.jsonl", assignment_id_type=int)


class TestStrIds(StrIdContract):
    """Hold it to what str ids promise."""

    @pytest.fixture
    def repository(self, tmp_path: Path) -> JsonLinesActionRepository:
        return JsonLinesActionRepository(tmp_path / "it.jsonl", assignment_id_type=str)


class Temporary(JsonLinesActionRepository):
    """Be a repository whose file is gone when it is closed."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        super().__init__(Path(self._folder.name, "actions.jsonl"))

    def close(self) -> None:
        self._folder.cleanup()


TestMachine = repository_machine(Temporary).TestCase


class TestFile:
    """What only a file of JSON lines can do."""

    def test_two_repositories_share_a_file(self, tmp_path: Path) -> None:
        """What one repository stores, another on the same file finds."""
        one, other = (
            JsonLinesActionRepository(tmp_path / "actions.jsonl") for _ in range(2)
        )
        first, second = an_action(), an_action()
        one.add(first)
        other.add(second)

        assert first == other.get(first.id)
        assert second == one.get(second.id)

    def test_a_call_that_was_cut_short_never_was(self, tmp_path: Path) -> None:
        """A line without its end is skipped, and overwritten by the next call."""
        path = tmp_path / "actions.jsonl"
        JsonLinesActionRepository(path).add(an_action())
        with path.open("ab") as file:
            file.write(b'[{"id": "0190')

        repository = JsonLinesActionRepository(path)
        repository.add(an_action())

        assert 2 == repository.count(ActionFilter())
        assert 2 == JsonLinesActionRepository(path).count(ActionFilter())
