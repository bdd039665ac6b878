from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignment_actions.domain.cuts import (
    bounded_source,
    cut_end,
    cut_middle,
    on_one_line,
    quickly_storable,
)
from assignment_actions.domain.values import storable

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


class TestCuts:
    @pytest.mark.parametrize("cut", [cut_end, cut_middle])
    @given(text=TEXT, limit=st.integers(20, 400))
    def test_bound_is_in_bytes(self, cut: Any, text: str, limit: int) -> None:
        """The result is at most `limit` UTF-8 bytes, and tells whether it was cut."""
        kept, is_cut = cut(text, limit)

        assert len(kept.encode()) <= limit
        assert (kept != text) is is_cut
        assert is_cut is (len(text.encode()) > limit)

    def test_end_keeps_the_beginning(self) -> None:
        """The end is cut, at a blank."""
        assert cut_end("one two three four five", 20) == ("one two… [cut]", True)

    def test_middle_keeps_both_ends(self) -> None:
        """The middle is cut, at blanks."""
        text = "first line\n" + "x y z " * 50 + "\nlast line"

        kept, _ = cut_middle(text, 80)

        assert kept.startswith("first line\n")
        assert kept.endswith("\nlast line")
        assert "[… cut …]" in kept

    @pytest.mark.parametrize("cut", [cut_end, bounded_source])
    def test_no_half_secret_at_the_end(self, cut: Any) -> None:
        """A word that the end of the room halves is dropped: no rule would match it."""
        text = "x" * 50 + " ://jo:" + "hunter2" * 40

        assert "hunter2" not in cut(text, 100)[0]

    @pytest.mark.parametrize("cut", [cut_end, bounded_source])
    def test_one_endless_word(self, cut: Any) -> None:
        """Where there is no blank to cut at, nothing of the word is kept."""
        kept, is_cut = cut("x" * 50 + "://jo:" + "hunter2" * 40, 100)

        assert ("… [cut]", True) == (kept, is_cut)

    def test_no_half_secret_in_the_middle(self) -> None:
        """Neither end of a cut middle starts or ends with half a word."""
        secret = "hunter2" * 40
        text = f"first ://jo:{secret}@host {'y ' * 200}://jo:{secret}@host last"

        kept, _ = cut_middle(text, 300)

        assert "hunter2" not in kept
        assert kept.startswith("first")
        assert kept.endswith("last")

    def test_short_source_becomes_storable(self) -> None:
        """Text within the limit is only made storable."""
        assert bounded_source("a\x00", 2) == (r"a\x00", False)


class TestNames:
    def test_on_one_line(self) -> None:
        """A name keeps its end, and has no line ends."""
        assert "name" == on_one_line("name", 4)
        assert r"d\ne" == on_one_line("abcd\ne", 4)


class TestQuicklyStorable:
    @given(st.text(st.characters(exclude_categories=[]), max_size=40))
    def test_is_storable(self, text: str) -> None:
        """It makes of every text what `storable` makes of it."""
        assert storable(text) == quickly_storable(text)

    @pytest.mark.parametrize("text", ["", "a", "é…", "\0", "\ud83d", "\0\ud83d"])
    def test_what_is_refused(self, text: str) -> None:
        """NUL and lone surrogates become escapes, all else stays."""
        assert storable(text) == quickly_storable(text)
