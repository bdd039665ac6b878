"""The contract tells right from wrong: a contract nobody saw fail is decoration."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from contract.broken import ALL_BROKEN
from contract.broken.completing import CompletesBlindly, DropsUnknownAt
from contract.broken.counting import CountsEverything
from contract.broken.deleting import KeepsDeletedKeys, RemembersDeletedSuccesses
from contract.broken.finding import CursorIncludesItself
from contract.broken.grouping import GroupsTheUnknown, SeesOnlyWhatIsAskedAbout
from contract.broken.paging import GoesBackByTimeAndId, GoesBackToTheBeginning
from contract.broken.reading import (
    IgnoresStatuses,
    LatestIsNotNull,
    LoadsStacktraces,
    TimelinesInInsertOrder,
)
from contract.broken.refusing import OverwritesDuplicates
from contract.broken.right import Broken
from contract.broken.scrubbing import DropsScrubbedKeys, KeepsScrubbedStacktraces
from contract.broken.searching import SearchesWithoutCase, SearchesWithWildcards
from contract.broken.storing import DropsMicroseconds
from contract.broken_suites import BRIDGED, InThreads
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from assignment_actions.testing import (
    Blocking,
    EventLoopThread,
    JoinsNothingContract,
    RepositoryContract,
    repository_machine,
)

SUITES = Path(__file__).with_name("broken_suites.py")
QUICK = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)

THOROUGH = settings(QUICK, max_examples=1500)  # ends with the first history that tells

Verdicts = Mapping[tuple[str, str], set[str]]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    """Return how each test ended on each adapter: one run of pytest for all."""
    report = tmp_path_factory.mktemp("bites") / "report.xml"
    named = [
        f"{SUITES}::Test{prefix}{adapter.__name__}::{test}"
        for prefix, adapters in (("", ALL_BROKEN), ("Async", BRIDGED))
        for adapter in adapters
        for test in adapter.caught_by
    ]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "--tb=no", "-rN", "--noconftest"),
            *("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist"),
            *(
                f"--junitxml={report}",
                f"{SUITES}::TestBroken",
                f"{SUITES}::TestAsyncBroken",
            ),
            *named,
        ],
        cwd=SUITES.parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    return read(report)


def read(report: Path) -> Verdicts:
    """Return from a report how the cases of each test ended."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for case in ET.parse(report).iter("testcase"):
        suite = case.attrib["classname"].rpartition(".")[2].removeprefix("Test")
        ended = next((it.tag for it in case if it.tag != "properties"), "passed")
        found[suite, case.attrib["name"].partition("[")[0]].add(ended)
    return found


def caught_in(verdicts: Verdicts, prefix: str, adapter: type[Broken]) -> list[str]:
    """Return which of the tests that should tell of an adapter did."""
    return [
        test
        for test in adapter.caught_by
        if "failure" in verdicts[prefix + adapter.__name__, test]
    ]


class TestContract:
    @pytest.mark.parametrize("name", ["Broken", "AsyncBroken"])
    def test_the_unbroken_adapter_passes_every_test(
        self, verdicts: Verdicts, name: str
    ) -> None:
        """By the same runner, the adapter that all others are made of passes."""
        ended = {test: how for (suite, test), how in verdicts.items() if suite == name}
        named = {
            one
            for contract in (RepositoryContract, JoinsNothingContract)
            for one in dir(contract)
            if one.startswith("test_")
        }

        assert named == set(ended)
        assert {"passed"} == set().union(*ended.values())

    @pytest.mark.parametrize("adapter", ALL_BROKEN, ids=lambda it: it.__name__)
    def test_a_broken_adapter_fails_the_tests_it_should(
        self, verdicts: Verdicts, adapter: type[Broken]
    ) -> None:
        """Each adapter that breaks one clause fails the tests that are about it."""
        assert adapter.caught_by
        assert list(adapter.caught_by) == caught_in(verdicts, "", adapter)

    @pytest.mark.parametrize("adapter", BRIDGED, ids=lambda it: it.__name__)
    def test_the_bridge_hides_nothing(
        self, verdicts: Verdicts, adapter: type[Broken]
    ) -> None:
        """What is broken fails the same tests where it is awaited."""
        assert list(adapter.caught_by) == caught_in(verdicts, "Async", adapter)


class TestMachine:
    def test_the_unbroken_adapter_passes(self) -> None:
        """With the same effort, the machine finds nothing wrong where nothing is."""
        run_state_machine_as_test(repository_machine(Broken), settings=QUICK)

    @pytest.mark.parametrize(
        "adapter",
        [
            CompletesBlindly,
            CountsEverything,
            CursorIncludesItself,
            DropsMicroseconds,
            DropsScrubbedKeys,
            DropsUnknownAt,
            GoesBackByTimeAndId,
            GoesBackToTheBeginning,
            GroupsTheUnknown,
            IgnoresStatuses,
            KeepsDeletedKeys,
            KeepsScrubbedStacktraces,
            LatestIsNotNull,
            LoadsStacktraces,
            OverwritesDuplicates,
            RemembersDeletedSuccesses,
            SearchesWithWildcards,
            SearchesWithoutCase,
            SeesOnlyWhatIsAskedAbout,
            TimelinesInInsertOrder,
        ],
        ids=lambda it: it.__name__,
    )
    def test_a_broken_adapter_is_found_out(self, adapter: type[Broken]) -> None:
        """The machine finds a history in which a broken adapter answers otherwise."""
        with pytest.raises(AssertionError):
            run_state_machine_as_test(repository_machine(adapter), settings=THOROUGH)

    @pytest.mark.parametrize(
        "adapter", [CompletesBlindly, LatestIsNotNull], ids=lambda it: it.__name__
    )
    def test_the_bridge_hides_nothing(self, adapter: type[Broken]) -> None:
        """The machine finds out what is awaited as well."""
        with EventLoopThread() as loop:
            machine = repository_machine(lambda: Blocking(InThreads(adapter()), loop))
            with pytest.raises(AssertionError):
                run_state_machine_as_test(machine, settings=THOROUGH)
