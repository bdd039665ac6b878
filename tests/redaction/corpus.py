"""
The labelled corpus: texts as programs really write them, in `texts/*.txt`.

A line is one text; one of several lines stands between `<<<` and `>>>`. `== name` says
which rule the texts below are about. What stands between ⟦ and ⟧ must vanish, what
stands between ⟨ and ⟩ may; every other word must stay. A text without ⟦ is a
look-alike and must stay exactly as it is. A broken bar is taken out when a text is
read: it keeps scanners of repositories from reporting keys that were made up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

FOLDER = Path(__file__).with_name("texts")

_MARKED = re.compile(r"⟦([^⟧]*)⟧")
_SPLIT = re.compile(r"⟦[^⟧]*⟧|⟨[^⟩]*⟩")
_WORD = re.compile(r"\w+")
_PLACEHOLDER = re.compile(
    r"\[(?:redacted|email|jwt|card number|cloud key|private key|telephone)\]"
)
WINDOW = 6  # so many characters of a secret tell something


@attrs.frozen
class Sample:
    """One text of the corpus, and what must become of it."""

    rule: str
    marked: str

    @property
    def text(self) -> str:
        """The text itself, without the marks."""
        return re.sub("[⟦⟧⟨⟩]", "", self.marked)

    @property
    def secrets(self) -> list[str]:
        """What must vanish; nothing in a look-alike."""
        return _MARKED.findall(self.marked)

    @property
    def words(self) -> list[str]:
        """What must stay, in this order."""
        return [
            word for part in _SPLIT.split(self.marked) for word in _WORD.findall(part)
        ]

    def leaked(self, redacted: str) -> list[str]:
        """Return the secrets of which six characters in a row are still there."""
        rest = "\0".join(_SPLIT.split(self.marked))
        return [
            secret
            for secret in self.secrets
            if any(
                part in redacted and part not in rest
                for start in range(max(1, len(secret) - WINDOW + 1))
                if (part := secret[start : start + WINDOW])
            )
        ]

    def keeps_the_rest(self, redacted: str) -> bool:
        """Tell whether a look-alike is untouched, and in others every other word."""
        if not self.secrets:
            return redacted == self.text
        left = iter(_WORD.findall(_PLACEHOLDER.sub(" ", redacted)))
        return all(word in left for word in self.words)


def samples(name: str) -> list[Sample]:
    """Return the texts of a file, in its order."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").replace("¦", "")
    return list(_samples(iter(text.splitlines())))


def _samples(lines: Iterator[str]) -> Iterator[Sample]:
    rule = ""
    for line in lines:
        if line.startswith("== "):
            rule = line[3:]
        elif line == "<<<":
            yield Sample(rule, "\n".join(iter(lines.__next__, ">>>")))
        elif line:
            yield Sample(rule, line)


@attrs.define
class Score:
    """How a redactor did on the texts about one rule."""

    secrets: int = 0
    missed: int = 0
    look_alikes: int = 0
    damaged: int = 0  # look-alikes changed, and texts that lost more than their secrets

    @property
    def recall(self) -> float:
        """The share of secrets that vanished."""
        return 1 - self.missed / self.secrets if self.secrets else 1.0

    @property
    def precision(self) -> float:
        """The share of what was taken out that was a secret."""
        found = self.secrets - self.missed
        return found / (found + self.damaged) if found + self.damaged else 1.0

    def add(self, sample: Sample, redacted: str) -> None:
        """Count one text."""
        self.secrets += len(sample.secrets)
        self.missed += len(sample.leaked(redacted))
        self.look_alikes += not sample.secrets
        self.damaged += not sample.keeps_the_rest(redacted)


def scores(
    texts: list[Sample], redactor_of: Callable[[str], Callable[[str], str]]
) -> dict[str, Score]:
    """Return the score of each rule, and of all of them under `all`."""
    found: dict[str, Score] = {}
    for sample in texts:
        redacted = redactor_of(sample.rule)(sample.text)
        for name in (sample.rule, "all"):
            found.setdefault(name, Score()).add(sample, redacted)
    return {
        name: found[name] for name in sorted(found, key=lambda one: (one == "all", one))
    }


def table(found: dict[str, Score]) -> str:
    """Return the scores as lines to read."""
    lines = [
        f"{'rule':<14}{'secrets':>8}{'missed':>8}{'look-alikes':>13}{'damaged':>9}{'recall':>9}{'precision':>11}"
    ]
    lines += [
        f"{name:<14}{one.secrets:>8}{one.missed:>8}{one.look_alikes:>13}"
        f"{one.damaged:>9}{one.recall:>9.4f}{one.precision:>11.4f}"
        for name, one in found.items()
    ]
    return "\n".join(lines)
