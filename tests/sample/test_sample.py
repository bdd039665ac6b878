"""The bundled sample, and how its rows become ours."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import attrs

from assignment_actions import ActionStatus
from assignment_actions.cli.sample import load_sample
from sample.asking import SAMPLE, sample_history

ACTIONS = [action for sample in SAMPLE for action in sample.actions]


class TestLoadSample:
    def test_all_are_there(self) -> None:
        """The sample has 56 histories of 264 actions, each with an id of its own."""
        assert (56, 264) == (len(SAMPLE), len(ACTIONS))
        assert 56 == len({sample.assignment_id for sample in SAMPLE})
        assert 264 == len({action.id for action in ACTIONS})

    def test_again_is_equal_and_not_shared(self) -> None:
        """Loading twice gives equal histories that share nothing that can change."""
        first, second = load_sample(), load_sample()
        assert first == second
        first[-1].actions.clear()
        assert first != second

    def test_imports(self) -> None:
        """Reading the sample needs neither typer nor rich."""
        code = """
import sys
from assignment_actions.cli.sample import load_sample
print(len(load_sample()), {"typer", "rich"} & set(sys.modules))
"""
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "56 set()\n" == done.stdout


class TestSampleHistory:
    def test_assignment(self) -> None:
        """A history tells its assignment's id, state and allocation."""
        sample = sample_history(3)
        assert UUID("890d19af-f679-4868-a16c-6ebb694970db") == sample.assignment_id
        assert "accepted" == sample.state
        assert datetime(2024, 3, 3, 2, 31, tzinfo=UTC) == sample.allocated_at
        assert ("empty",) == sample.tags
        assert [] == sample.actions

    def test_actions_are_of_the_assignment(self) -> None:
        """All actions of a history are about its assignment, in insertion order."""
        for sample in SAMPLE:
            assert {sample.assignment_id} >= {
                one.assignment_id for one in sample.actions
            }
        shuffled = [
            sample
            for sample in SAMPLE
            if sample.actions != sorted(sample.actions, key=lambda one: one.created_at)
        ]
        assert len(shuffled) > 10

    def test_not_allocated(self) -> None:
        """An assignment that was never allocated has no allocation."""
        row = {**sample_history(3).assignment, "allocated_at": None}
        assert attrs.evolve(sample_history(3), assignment=row).allocated_at is None


class TestRows:
    def test_statuses(self) -> None:
        """A reason means failed, else a completion succeeded, else in progress."""
        assert {
            ActionStatus.SUCCEEDED: 165,
            ActionStatus.FAILED: 69,
            ActionStatus.IN_PROGRESS: 30,
        } == Counter(action.status for action in ACTIONS)

    def test_failed_at(self) -> None:
        """A failure is completed when it was created, if nothing else is known; T2."""
        failed = [action for action in ACTIONS if action.failure is not None]
        at_once = [
            action for action in failed if action.completed_at == action.created_at
        ]
        assert (69, 64) == (len(failed), len(at_once))

    def test_reasons(self) -> None:
        """Reasons are kept; the one empty reason is unclassified."""
        assert {
            "email_error": 44,
            "internal_api_error": 14,
            "enrollment_error": 10,
            "unclassified": 1,
        } == Counter(str(action.failure.reason) for action in ACTIONS if action.failure)

    def test_texts(self) -> None:
        """The message is the first line of the traceback, which is kept as it is."""
        failures = [one.failure for one in ACTIONS if one.failure is not None]
        for failure in failures:
            assert failure.stacktrace is not None
            assert failure.stacktrace.split("\n")[0] == failure.message
        assert {
            "",
            "boom",
            "délai dépassé ✉",
            "Braze 400: invalid recipient",
            'HTTPError("503 Server Error")',
            200 * "x",
        } == {failure.message for failure in failures}

    def test_cut_traces(self) -> None:
        """A trace longer than the 200 characters of the sample is said to be cut."""
        lengths: dict[bool, set[int]] = {True: set(), False: set()}
        for action in ACTIONS:
            if action.failure is not None and action.failure.stacktrace is not None:
                trace = action.failure.stacktrace
                lengths[action.failure.truncated].add(len(trace))
        assert {True: {188, 200}, False: {1, 5, 16, 29, 30}} == lengths
