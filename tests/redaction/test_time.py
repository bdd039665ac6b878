"""No text makes the rules slow: the time grows with the length, and not faster."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redaction.hostile import HOSTILE

from assignment_actions.domain.redacting.patterns import Lazy
from assignment_actions.domain.redacting.redaction_rules import (
    ALL_RULES,
    RedactionRules,
)

SMALL, TIMES = 4 * 1024, 8
BOUND = 24  # linear is 8, quadratic 64
LONGEST_REPEAT = 160
RULES = RedactionRules(rules=ALL_RULES, values=["hunter2"], keys=["matricule"])

parser: Any = importlib.import_module("re._parser")  # not typed
constants: Any = importlib.import_module("re._constants")
BACKTRACKING = (constants.MAX_REPEAT, constants.MIN_REPEAT)
REPEATS = (*BACKTRACKING, constants.POSSESSIVE_REPEAT)


def cpu(text: str, tries: int) -> float:
    """Return the least processor time that one call took."""

    def once() -> float:
        start = time.process_time_ns()
        RULES(text)
        return float(time.process_time_ns() - start)

    return min(once() for _ in range(tries))


def growth(make: Callable[[int], str], tries: int = 3) -> float:
    """Return by how much more time a text takes that is eight times as long."""
    small, large = make(SMALL), make(SMALL * TIMES)
    return cpu(large, tries) / max(cpu(small, 3 * tries), 1)


@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_the_length(name: str) -> None:
    """Eight times the text takes about eight times as long, far from sixty-four."""
    RULES("a")

    # Once is enough where it is short; else it is measured with more care.
    assert any(growth(HOSTILE[name], tries) < BOUND for tries in (1, 3, 3, 3))


def lazies(value: object) -> Iterator[Lazy]:
    """Return the patterns in a value, however deep."""
    if isinstance(value, Lazy):
        yield value
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from lazies(one)


def patterns() -> list[str]:
    """Return the source of every pattern there is."""
    modules = [
        module
        for name, module in sorted(sys.modules.items())
        if name.startswith("assignment_actions.domain.")
    ]
    keys, scouts = RULES._key_values, RULES._scouts
    own = [keys._key, keys._hint, scouts._any, scouts._each]
    held = [own, *(list(vars(module).values()) for module in modules)]
    return sorted({one.source for one in lazies(held)})


def repeats(
    node: Any, *, inside_possessive: bool = False
) -> Iterator[tuple[Any, int, int, bool]]:
    """Return every repeat: which kind, least, most, and whether in a possessive one."""
    if isinstance(node, parser.SubPattern):
        for op, argument in node.data:
            is_possessive = inside_possessive or op in (
                constants.POSSESSIVE_REPEAT,
                constants.ATOMIC_GROUP,
            )
            if op in REPEATS:
                low, high, _ = argument
                yield op, int(low), int(high), inside_possessive
            yield from repeats(argument, inside_possessive=is_possessive)
    elif isinstance(node, (tuple, list)):
        for one in node:
            yield from repeats(one, inside_possessive=inside_possessive)


def ways(node: Any) -> int:
    """Return in how many ways repeats inside each other can share a text."""
    if isinstance(node, parser.SubPattern):
        most = 1
        for op, argument in node.data:
            own = 1
            if op in BACKTRACKING and argument[0] != argument[1]:
                own = int(argument[1])
            most = max(most, own * ways(argument))
        return most
    if isinstance(node, (tuple, list)):
        return max((ways(one) for one in node), default=1)
    return 1


def found_in_each(
    look: Callable[[Any], list[tuple[int, int]]],
) -> dict[str, list[tuple[int, int]]]:
    """Return what is found in the patterns, by their source."""
    parsed = {source: look(parser.parse(source)) for source in patterns()}
    return {source: found for source, found in parsed.items() if found}


class TestStructure:
    def test_there_are_patterns(self) -> None:
        """The tests below look at all of them."""
        assert len(patterns()) > 60

    def test_long_repeats_never_go_back(self) -> None:
        """Whatever repeats more than a few times is possessive."""
        found = found_in_each(
            lambda tree: [
                (low, high)
                for op, low, high, _ in repeats(tree)
                if op in BACKTRACKING and high > LONGEST_REPEAT
            ]
        )

        assert {} == found

    def test_nothing_goes_back_inside_what_does_not(self) -> None:
        """Inside a possessive repeat all is possessive: read alike everywhere."""
        found = found_in_each(
            lambda tree: [
                (low, high)
                for op, low, high, is_inside in repeats(tree)
                if is_inside and op in BACKTRACKING and low != high
            ]
        )

        assert {} == found

    def test_repeats_do_not_multiply(self) -> None:
        """Short repeats that may go back do not stand inside each other."""
        found = {source: ways(parser.parse(source)) for source in patterns()}

        assert {} == {source: n for source, n in found.items() if n > LONGEST_REPEAT}

    @pytest.mark.parametrize("source", ["(a+)+b", "(?:a*+b?)++c", "(?:a{1,40}){1,40}"])
    def test_the_test_would_tell(self, source: str) -> None:
        """Patterns that can hang, or that old Pythons read wrongly, are found."""
        tree = parser.parse(source)
        is_long = any(
            op in BACKTRACKING and high > LONGEST_REPEAT
            for op, _, high, _ in repeats(tree)
        )
        is_inside = any(
            inside and op in BACKTRACKING and low != high
            for op, low, high, inside in repeats(tree)
        )

        assert is_long or is_inside or ways(tree) > LONGEST_REPEAT
