"""The testing kit itself: what it covers, and what it says when it cannot."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignment_actions import Action, ActionFilter, ActionStatus, Failure
from assignment_actions.domain import ports
from assignment_actions.testing import (
    MOMENT,
    FixedClock,
    JoinsNothingContract,
    OutageContract,
    RepositoryContract,
    TransactionContract,
    actions,
    an_action,
    failures,
    filters,
    moments,
    texts,
    uuids,
)

CLAUSES = {
    int(it) for it in re.findall(r"\bR(\d+)\b", Path(ports.__file__).read_text())
}
TESTS = {
    name: getattr(contract, name)
    for contract in (
        RepositoryContract,
        TransactionContract,
        JoinsNothingContract,
        OutageContract,
    )
    for name in dir(contract)
    if re.match(r"test_r\d+_", name)
}


LABELS, WORDS = st.just("k"), st.just("a")
FILTERS = filters(
    assignment_ids=uuids(),
    times=moments(),
    types=WORDS,
    labels=LABELS,
    reasons=WORDS,
    exception_types=WORDS,
    fingerprints=WORDS,
)


class TestClauses:
    def test_every_clause_has_a_test(self) -> None:
        """Each clause of the port is enforced by a test that carries its id."""
        enforced = {
            int(it) for name in TESTS for it in re.findall(r"^test_r(\d+)_", name)
        }

        assert {*CLAUSES} - enforced == set()

    def test_every_test_states_its_clause(self) -> None:
        """Each test is named after a clause of the port and says it in a sentence."""
        for name, test in TESTS.items():
            clause = name.split("_")[1].upper()

            assert int(clause[1:]) in CLAUSES
            assert test.__doc__.startswith(f"{clause}: ")

    def test_no_test_names_a_database(self) -> None:
        """What is particular to one engine is no part of the contract."""
        folder = Path(sys.modules[RepositoryContract.__module__].__file__ or "").parent
        text = "".join(it.read_text().lower() for it in folder.glob("*.py"))

        assert re.findall(r"sqlite|postgres|maria|mysql|sqlalchemy", text) == []


class TestImport:
    @pytest.mark.parametrize("missing", ["pytest", "hypothesis"])
    def test_a_missing_extra_is_named(self, missing: str) -> None:
        """Without pytest or Hypothesis the error says which extra to install."""
        code = (
            f"import sys; sys.modules[{missing!r}] = None\n"
            "import assignment_actions.testing"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )

        assert done.returncode == 1
        assert f"assignment_actions.testing needs {missing}" in done.stderr
        assert "pip install 'assignment-actions[testing]'" in done.stderr

    def test_a_failing_clause_shows_its_values(self, tmp_path: Path) -> None:
        """The kit's asserts are rewritten: a failure shows what was and should be."""
        suite = tmp_path / "test_wrong.py"
        suite.write_text(WRONG)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", suite],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

        assert "assert 0 == 7" in done.stdout

    def test_the_one_fixture_is_asked_for(self, tmp_path: Path) -> None:
        """A suite that forgot its repository is told which fixture to override."""
        suite = tmp_path / "test_bare.py"
        suite.write_text(BARE)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", suite],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

        assert "TestBare must override the fixture `repository`" in done.stdout


WRONG = """
import pytest
from assignment_actions import InMemoryActionRepository
from assignment_actions.testing import RepositoryContract

class Wrong(InMemoryActionRepository):
    def count(self, action_filter, /):
        return 7

class TestWrong(RepositoryContract):
    @pytest.fixture
    def repository(self):
        return Wrong()
"""

BARE = """
from assignment_actions.testing import RepositoryContract

class TestBare(RepositoryContract):
    pass
"""


class TestFactories:
    @pytest.mark.parametrize("status", ActionStatus)
    def test_a_status_is_enough(self, status: ActionStatus) -> None:
        """What a status requires is filled in."""
        action = an_action(status=status)

        assert action.status is status
        assert (action.completed_at is not None) is status.is_final

    def test_the_clock_stands_still(self) -> None:
        """A fixed clock goes on when it is told to, and only then."""
        clock = FixedClock()

        assert [clock(), clock()] == [MOMENT, MOMENT]
        assert clock.advance(hours=1, microseconds=1) == clock()
        assert clock() - MOMENT == timedelta(hours=1, microseconds=1)


class TestStrategies:
    @given(action=actions())
    def test_actions_are_unlike_each_other(self, action: Action) -> None:
        """Whatever is drawn is an action that equals itself, and no other."""
        assert action == attrs.evolve(action)
        assert action != an_action()

    @given(wanted=FILTERS)
    def test_filters_are_made_of_the_values_given(self, wanted: ActionFilter) -> None:
        """A filter holds values that a test works with, and no others."""
        assert set(wanted.actors or ()) <= {"k"}
        assert set(wanted.action_types or ()) <= {"a"}
        assert wanted.key in (None, "k")

    @given(text=texts())
    def test_texts_fit_every_field(self, text: str) -> None:
        """A text may be a key, an actor and an assignment id."""
        action = an_action(text, key=text, actor=text)

        assert [text] * 3 == [action.key, action.actor, action.assignment_id]

    @given(failure=failures())
    def test_failures_are_storable(self, failure: Failure) -> None:
        """A failure holds no NUL, and no lone surrogate that has no UTF-8."""
        text = failure.message + (failure.stacktrace or "") + failure.exception_type

        assert text == text.encode().decode().replace("\0", "")
