"""A full disk under SQLite: a clear error, no harm, and on it goes with room."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from faults.conftest import Count
from sqlalchemy import text

from assignment_actions import ActionFilter, ActionRecorder, StorageError
from assignment_actions.adapters.sql import SqlActionRepository

ROOM = 2 * 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder on a disk of 2 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def repository(small_disk: Path) -> Iterator[SqlActionRepository]:
    """Yield a repository on that disk."""
    repository = SqlActionRepository.from_url(f"sqlite:///{small_disk / 'a.sqlite3'}")
    repository.create_schema()
    yield repository
    repository.close()


def fill(folder: Path) -> Path:
    """Take all the room that is left."""
    filler = folder / "filler"
    with (
        filler.open("wb", buffering=0) as file,
        pytest.raises(OSError, match="No space left"),
    ):
        while True:
            file.write(b"x" * 4096)
    return filler


def integrity(repository: SqlActionRepository) -> str:
    """Return SQLite's own verdict on the file."""
    with repository.engine.connect() as connection:
        check = connection.execute(text("PRAGMA integrity_check"))
        return str(check.scalar_one())


class TestDiskFull:
    def test_a_start_without_room_is_a_clear_error(
        self, repository: SqlActionRepository, small_disk: Path
    ) -> None:
        """Nothing was done yet, the error says why, and the file is whole."""
        recorder = ActionRecorder(repository)
        before = recorder.record_success(uuid4(), "notified")
        filler = fill(small_disk)

        with pytest.raises(StorageError, match="database or disk is full"):
            for _ in range(2000):  # SQLite may still have some room of its own
                recorder.start(uuid4(), "notified", details={"a": "x" * 9000})

        assert "ok" == integrity(repository)
        filler.unlink()
        after = recorder.record_success(uuid4(), "notified")
        assert {before.id, after.id} <= {
            one.id for one in recorder.history.iterate(ActionFilter())
        }

    def test_an_outcome_without_room_is_kept(
        self, repository: SqlActionRepository, small_disk: Path, count: Count
    ) -> None:
        """The block's result stands; its outcome is stored when there is room."""
        recorder = ActionRecorder(repository)

        with recorder.recording(uuid4(), "notified") as recording:
            filler = fill(small_disk)
            with pytest.raises(StorageError):
                for _ in range(2000):
                    recorder.start(uuid4(), "reminded", details={"a": "x" * 9000})
            recording.add_details(evidence="x" * 9000)

        assert "in_progress" == recorder.history.get(recording.action.id).status
        filler.unlink()
        assert 1 == recorder.flush()
        assert "succeeded" == recorder.history.get(recording.action.id).status
        assert "ok" == integrity(repository)
        count(
            "sqlite: the disk is full",
            "StorageError, the file is ok, 1 kept and stored",
        )
