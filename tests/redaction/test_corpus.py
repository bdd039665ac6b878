"""The labelled corpus: what the default rules find in it, and what they leave alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from redaction.corpus import Sample, Score, samples, scores, table

from assignment_actions.domain.redacting.redaction_rules import (
    ALL_RULES,
    RedactionRules,
)
from assignment_actions.domain.redaction import redact_defaults

TUNED = [*samples("secrets"), *samples("look_alikes"), *samples("reported")]
HELD_OUT = [*samples("held_out"), *samples("blind")]
ALL = [*TUNED, *HELD_OUT]
UNCLAIMED = "unclaimed"
EVERY_RULE = RedactionRules(rules=ALL_RULES)


def redactor_of(rule: str) -> Callable[[str], str]:
    """Return the default rules; for texts about an optional rule, that one too."""
    return EVERY_RULE if rule == "telephone" else redact_defaults


found = partial(scores, redactor_of=redactor_of)


class TestCorpus:
    def test_its_size(self) -> None:
        """There are at least 400 texts, 150 of them look-alikes, and none twice."""
        texts = [sample.text for sample in ALL]

        assert len(texts) >= 400
        assert sum(not sample.secrets for sample in ALL) >= 150
        assert len(texts) == len(set(texts))

    def test_every_rule_has_texts(self) -> None:
        """Each rule has at least ten secrets and ten look-alikes."""
        scored = found(ALL)

        assert ALL_RULES <= scored.keys()
        assert {} == {
            rule: scored[rule]
            for rule in ALL_RULES
            if min(scored[rule].secrets, scored[rule].look_alikes) < 10
        }

    def test_recall(self, show: Callable[[str, str], None]) -> None:
        """Of what is claimed, at least 99 of 100 secrets vanish, rule by rule."""
        show("what the rules of redaction find", table(found(ALL)))
        scored = found([sample for sample in ALL if sample.rule != UNCLAIMED])

        assert {} == {rule: one for rule, one in scored.items() if one.recall < 0.99}

    def test_precision(self) -> None:
        """At most 2 in 100 of what is taken out was no secret, rule by rule."""
        scored = found(ALL)

        assert {} == {rule: one for rule, one in scored.items() if one.precision < 0.98}

    def test_again_changes_nothing(self) -> None:
        """Redacting what was redacted changes nothing."""
        once = [redactor_of(sample.rule)(sample.text) for sample in ALL]

        assert once == [
            redactor_of(sample.rule)(text)
            for sample, text in zip(ALL, once, strict=True)
        ]

    def test_inside_each_other(self) -> None:
        """Secrets vanish as well where a text is part of a longer one."""
        before, after = 'ValueError: {"a": 1}\n', '\n  File "/app/a.py", line 7, in f\n'

        leaks = [
            sample
            for sample in ALL
            if sample.rule != UNCLAIMED
            and sample.leaked(redactor_of(sample.rule)(before + sample.text + after))
        ]
        assert [] == leaks


class TestMeasure:
    """The measure itself can fail."""

    SAMPLE = Sample("key_value", "user jo, password=⟦hunter2⟧ at ⟨the⟩ host")

    def test_what_leaks(self) -> None:
        """Six characters in a row of a secret are a leak."""
        assert ["hunter2"] == self.SAMPLE.leaked("password=hunter[redacted]")
        assert [] == self.SAMPLE.leaked("password=[redacted]2")

    def test_what_is_damaged(self) -> None:
        """Every word outside the marks must stay, in its order."""
        assert self.SAMPLE.keeps_the_rest("user jo, password=[redacted] at host")
        assert not self.SAMPLE.keeps_the_rest("user jo, [redacted] host")
        assert not Sample("x", "line 3").keeps_the_rest("line  3")

    def test_shares(self) -> None:
        """Recall and precision are shares; of nothing, all."""
        score = Score(secrets=4, missed=1, damaged=1)

        assert (0.75, 0.75) == (score.recall, score.precision)
        assert (1.0, 1.0) == (Score().recall, Score().precision)

    def test_the_measure_sees_a_redactor_that_does_nothing(self) -> None:
        """Texts as they are: every secret is missed, no look-alike is damaged."""
        look_alikes = [sample for sample in ALL if not sample.secrets]

        assert scores(ALL, lambda _: str)["all"].recall == 0
        assert scores(look_alikes, lambda _: str)["all"].damaged == 0
