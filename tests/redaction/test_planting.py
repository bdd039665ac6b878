"""Random secrets in random text, in every notation: the secret is gone."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redaction.corpus import samples
from redaction.hostile import REPEATED
from redaction.planting import (
    DEFAULTS,
    Planted,
    planted,
    planted_details,
    planted_strings,
    planted_texts,
    planted_urls,
)

from assignment_actions.domain.details import as_details
from assignment_actions.domain.redacting.redaction_rules import (
    ALL_RULES,
    RedactionRules,
)
from assignment_actions.domain.redaction import redact_defaults, redacted_details

EVERY_RULE = RedactionRules(rules=ALL_RULES, values=["hunter2", "Jo Doe"])
TEXTS = [sample.text for name in ("secrets", "look_alikes") for sample in samples(name)]
PIECES = st.one_of(
    st.sampled_from(REPEATED),
    st.sampled_from(TEXTS),
    st.sampled_from(["hunter2", "Jo Doe", "[redacted]", "[card number]", "[jwt]"]),
    st.text(st.characters(), max_size=5),
)
MADE = st.lists(PIECES, max_size=8).map("".join)


class TestPlanted:
    @pytest.mark.parametrize("rule", [*DEFAULTS, "telephone"])
    @settings(max_examples=300)
    @given(data=st.data())
    def test_by_rule(self, rule: str, data: st.DataObject) -> None:
        """Nothing of a secret is left, by the rule that is about it alone."""
        one = data.draw(planted(rule))

        assert one.is_gone_from(RedactionRules(rules=[rule])(one.carrier))

    @settings(max_examples=500)
    @given(planted_texts())
    def test_by_all_rules(self, one: Planted[str]) -> None:
        """Nor where all default rules work together."""
        assert one.is_gone_from(redact_defaults(one.carrier))

    @settings(max_examples=300)
    @given(planted_strings())
    def test_any_characters(self, one: Planted[str]) -> None:
        """In quotes a secret may have any characters, escaped as they have to be."""
        assert one.is_gone_from(redact_defaults(one.carrier))

    @settings(max_examples=200)
    @given(planted_urls())
    def test_urls(self, one: Planted[str]) -> None:
        """Nor in URLs."""
        assert one.is_gone_from(redact_defaults(one.carrier))

    @settings(max_examples=300)
    @given(planted_details())
    def test_details(self, one: Planted[dict[str, object]]) -> None:
        """Nor in details, by the default rules and by a host's redactor around them."""

        def of_a_host(text: str) -> str:
            return redact_defaults(text)

        for redact in (redact_defaults, of_a_host):
            result = redacted_details(redact, as_details(one.carrier))

            assert one.is_gone_from(json.dumps(result, ensure_ascii=False))

    @given(planted_texts())
    def test_the_test_would_tell(self, one: Planted[str]) -> None:
        """Without rules every planted secret is still there."""
        assert not one.is_gone_from(RedactionRules(rules=[])(one.carrier))

    @settings(max_examples=300)
    @given(
        st.text(
            st.characters(exclude_categories=["Cs"]), min_size=3, max_size=12
        ).filter(lambda text: text.strip() == text),
        st.sampled_from(["{}", "said {}!", "<{}>"]),
    )
    def test_host_values(self, value: str, sentence: str) -> None:
        """A host's value is gone, plain, in JSON and in JSON in JSON."""
        rules = RedactionRules(rules=[], values=[value])
        text = sentence.format(value)
        bare = sentence.format("[redacted]")

        for written in (text, text.upper() if text.isascii() else text):
            assert bare.lower() == rules(written).lower()
        assert value not in json.loads(rules(json.dumps([text])))[0].replace(bare, "")


class TestAnyText:
    @settings(max_examples=500)
    @given(MADE)
    def test_again_changes_nothing(self, text: str) -> None:
        """Redacting what was redacted changes nothing, and nothing raises."""
        for rules in (redact_defaults, EVERY_RULE):
            once = rules(text)

            assert once == rules(once)

    @given(MADE)
    def test_a_copy_does_the_same(self, text: str) -> None:
        """Rules that were pickled do what they did."""
        assert EVERY_RULE(text) == pickle.loads(pickle.dumps(EVERY_RULE))(text)

    @given(MADE)
    def test_the_first_look_misses_nothing(self, text: str) -> None:
        """What the first look finds harmless, no rule would have changed."""
        looked = EVERY_RULE._once(text)
        text = EVERY_RULE._host_values(text)
        for step in EVERY_RULE._steps:
            text = step.without(text)

        assert text == looked
