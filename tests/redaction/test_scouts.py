"""What the first look skips, and what is remembered, changes no answer."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redaction.corpus import samples
from redaction.hostile import HOSTILE, REPEATED, SIGNS, WORDS

from assignment_actions import Failure
from assignment_actions.domain.frames import lines_of, rewritten
from assignment_actions.domain.redacting import scouts
from assignment_actions.domain.redacting.patterns import in_lower_case
from assignment_actions.domain.redacting.redaction_rules import (
    ALL_RULES,
    RedactionRules,
)
from assignment_actions.domain.redaction import REDACTED, redact_defaults

PASSES = 6
CORPUS = [
    sample.text
    for name in ("secrets", "look_alikes", "reported", "held_out", "blind")
    for sample in samples(name)
]
FRAME = '  File "/srv/app/mail.py", line 7, in send\n    smtp.login(user, secret)'
TEXT = f"Traceback (most recent call last):\n{FRAME}\nOSError: refused\n"


def every_rule() -> RedactionRules:
    """Return all rules, with a host's values and keys, which have seen nothing."""
    return RedactionRules(rules=ALL_RULES, values=["hunter2"], keys=["matricule"])


SEASONED = every_rule()
"""Rules that remember whatever the tests before have shown them."""


def slowly(rules: RedactionRules, text: str) -> str:
    """Return what the rules make of a text where every step looks at all of it."""
    for _ in range(PASSES):
        result = rules._host_values(text)
        for step in rules._steps:
            result = step.without(result)
        if result == text:
            return text
        text = result
    return REDACTED


def in_a_trace(text: str) -> str:
    """Return a text as a line of source and as the message of a stacktrace."""
    return f"{TEXT}{FRAME}\n    {text}\nValueError: {text}\n"


PIECES = st.sampled_from(
    (
        *(*REPEATED, *WORDS, *SIGNS, *FRAME.split("\n"), "\n", "\n", "\n    ", "\n  "),
        *("K", "İ", "value = ", "name: token", "hunter2", "-----END PRIVATE KEY-----"),
        *("    key = value", "    return value", "jo@example.com", "matricule = 17"),
    )
)
MADE = st.one_of(
    st.lists(PIECES, max_size=14).map("".join),
    st.lists(st.one_of(PIECES, st.sampled_from(CORPUS)), max_size=8).map("\n".join),
)


class TestSameAnswers:
    @pytest.mark.parametrize("rules", [redact_defaults, SEASONED], ids=["few", "all"])
    def test_corpus(self, rules: RedactionRules) -> None:
        """Every text of the corpus, alone and in a stacktrace, first and again."""
        texts = [*CORPUS, *map(in_a_trace, CORPUS)]

        assert [slowly(rules, one) for one in texts] == [rules(one) for one in texts]
        assert [slowly(rules, one) for one in texts] == [rules(one) for one in texts]

    def test_hostile(self) -> None:
        """Texts made to be slow, too."""
        texts = [make(512) for make in HOSTILE.values()]
        texts = [*texts, *map(in_a_trace, texts)]

        assert [slowly(SEASONED, one) for one in texts] == [
            SEASONED(one) for one in texts
        ]

    @settings(max_examples=500)
    @given(MADE)
    def test_made(self, text: str) -> None:
        """Whatever else, by rules that have seen nothing and by those that have."""
        expected = slowly(SEASONED, text)

        assert expected == every_rule()(text)
        assert expected == SEASONED(text) == SEASONED(text)

    @given(MADE)
    def test_scouts_look_at_lines(self, text: str) -> None:
        """What a scout finds in a text it finds in one of its lines, and vice versa."""
        for scout, _ in SEASONED._scouts._each:
            search, low = scout().search, in_lower_case(text)

            assert bool(search(low)) == any(map(search, low.split("\n")))

    @given(MADE)
    def test_blocks(self, text: str) -> None:
        """A stacktrace without margins is rewritten as one block."""
        blocks = list(_blocks(text))

        assert "\n".join(blocks) == rewritten(text, str)
        assert [rewritten(one, str.upper) for one in blocks] == [
            one.upper() for one in blocks
        ]

    def test_by_many_threads(self) -> None:
        """Threads that share what is remembered get the same answers."""
        rules, texts = every_rule(), [in_a_trace(one) for one in CORPUS[:80]]
        expected = [slowly(rules, one) for one in texts]
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            with ThreadPoolExecutor(8) as pool:
                found = list(pool.map(lambda _: [*map(rules, texts)], range(8)))
        finally:
            sys.setswitchinterval(interval)

        assert [expected] * 8 == found


def _blocks(text: str) -> Iterator[str]:
    for margin, block in _grouped(text):
        yield "\n".join(f"{margin}{line}" for line in block)


def _grouped(text: str) -> Iterator[tuple[str, list[str]]]:
    lines = list(lines_of(text))
    while lines:
        margin = lines[0].margin
        block = [lines.pop(0).text]
        while lines and lines[0].margin == margin:
            block.append(lines.pop(0).text)
        yield margin, block


class TestWhatIsSkipped:
    def test_a_harmless_text(self) -> None:
        """Where no scout finds anything, no step looks."""
        assert () == redact_defaults._scouts.look(TEXT).needed

    @pytest.mark.parametrize(
        ("line", "steps"),
        [
            ("sort(key=name, codes=code)", 0),
            ("login(password=password)", 1),
            ("for key, value in items:", 0),
            ("default_value=None", 1),
            ("jo@example.com", 2),
        ],
    )
    def test_only_what_may_find_something(self, line: str, steps: int) -> None:
        """Only those steps look that may find something; keys must announce secrets."""
        text = f"{TEXT}{line}\n"

        assert steps == len(redact_defaults._scouts.look(text).needed)

    def test_no_rules(self) -> None:
        """Rules without any step leave a text as it is."""
        assert TEXT == RedactionRules(rules=[])(TEXT)


class TestWhatIsRemembered:
    def test_frames_and_links(self) -> None:
        """Lines of frames and links are remembered, the message is not."""
        rules = RedactionRules(values=["hunter2"])
        rules(TEXT)

        assert {
            *("", "Traceback (most recent call last):"),
            *FRAME.split("\n"),
        } == rules._scouts._remembered

    @pytest.mark.parametrize(
        "line",
        [
            "OSError: hunter2 is not told",
            "    " + 200 * "x",
            "    café",
            "    login(password='x')",
        ],
        ids=["a message", "long", "not ASCII", "a secret"],
    )
    def test_what_is_not(self, line: str) -> None:
        """Messages, long lines, other alphabets and lines with secrets are not."""
        rules = RedactionRules(values=["hunter2"])
        rules(f"{FRAME}\n{line}\n")
        rules(f"{FRAME}\n{line}\n")

        assert line not in rules._scouts._remembered

    def test_not_beside_a_secret(self) -> None:
        """A secret that goes on in lines of its own leaves none of them behind."""
        key = "\n".join(["    -----BEGIN PRIVATE KEY-----", *3 * ["    " + 60 * "A"]])
        rules = RedactionRules(values=["hunter2"])

        assert "[private key]" in rules(key)
        assert not any("A" in line for line in rules._scouts._remembered)

    def test_beside_a_key_without_a_secret(self) -> None:
        """Lines beside one that is looked at each time are remembered all the same."""
        rules = RedactionRules(values=["hunter2"])
        rules(f"{TEXT}    login(password=password)\n")

        assert set(FRAME.split("\n")) <= rules._scouts._remembered

    def test_so_many_at_most(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """When there is no more room, all is forgotten."""
        monkeypatch.setattr(scouts, "REMEMBERED_LINES", 10)
        rules, sizes = RedactionRules(values=["hunter2"]), []
        for number in range(25):
            rules(f"    step_{number}()\n    again()")
            sizes.append(len(rules._scouts._remembered))

        assert 10 == max(sizes)
        assert {f"    step_{number}()" for number in (23, 24)} <= (
            rules._scouts._remembered
        )


class TestFailures:
    def test_itself(self) -> None:
        """A failure without secrets is returned itself."""
        failure = Failure(reason="timeout", message="refused", stacktrace=TEXT)

        assert failure is failure.redacted(redact_defaults)

    def test_longer_than_before(self) -> None:
        """What a redactor makes longer is cut again; the fingerprint stays."""
        failure = Failure(reason="timeout", message="x" * 4000, stacktrace="x" * 32_000)
        redacted = failure.redacted(lambda text: text.replace("x", "yy\0"))

        assert redacted.truncated
        assert failure.fingerprint == redacted.fingerprint
        assert len(redacted.message) <= 4096
        assert len(redacted.stacktrace or "") <= 32 * 1024
        assert "\0" not in f"{redacted.message}{redacted.stacktrace}"

    def test_without_a_stacktrace(self) -> None:
        """A failure without a stacktrace has none afterwards."""
        failure = Failure(reason="timeout", message="to jo@example.com")

        assert "to [email]" == failure.redacted(redact_defaults).message
        assert failure.redacted(redact_defaults).stacktrace is None
