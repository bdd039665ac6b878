"""A key in a text that announces a secret, and where it stands."""

from __future__ import annotations

from typing import NamedTuple

from assignment_actions.domain.redacting.patterns import Lazy

_FILE_LINE = Lazy(r"[ |+]*+File \"[^\"\n]*+\", line \d")
_INDENTED = Lazy(r"[ |+]{4}")
_CLOSING_QUOTE = Lazy(r"[\"'](?=[\s),:\]}+%.;]|\Z)")
_PATH = Lazy(r"/(?:[\w.\-]++/)*+(?=[\s\"'(]|\Z)")  # read backwards from the key
_QUOTES = Lazy(r"(?<!\w)[bBfFrRuU]?+[\"']|[\"'](?!\w)")

Replaced = tuple[int, str]
"""Where a value ends, and what stands in its place."""


class AnnouncedKey(NamedTuple):
    """A key that announces a secret: where its name stands and its value begins."""

    text: str
    start: int
    end: int
    value: int
    words: list[str]

    @property
    def name(self) -> str:
        """The key as it is written."""
        return self.text[self.start : self.end]

    @property
    def sign(self) -> str:
        """What stands between key and value, the key's closing quote included."""
        return self.text[self.end : self.value]

    @property
    def is_in_source_line(self) -> bool:
        """
        Tell whether the key stands in a line of source that a stacktrace shows.

        A bare word is the name of a variable there. Looks back over a few lines, each
        of at most 400 characters.
        """
        end = self.start
        for _ in range(6):
            begin = self.text.rfind("\n", max(0, end - 400), end)
            if _FILE_LINE().match(self.text, begin + 1):
                return end != self.start
            if begin < 0 or not _INDENTED().match(self.text, begin + 1):
                return False
            end = begin
        return False

    @property
    def is_before_closing_quote(self) -> bool:
        """
        Tell whether the quote behind the sign ends a string that holds the key.

        So in `input("Password: ")`, where what follows the quote is no value.
        """
        closing = _CLOSING_QUOTE().match(self.text, self.value)
        if closing is None or '"' in self.sign or "'" in self.sign:
            return False
        before = self.text[max(0, self.start - 100) : self.start].rpartition("\n")[2]
        opened = ""
        for quote in _QUOTES().findall(before):
            opened = "" if quote[-1] == opened else opened or quote[-1]
        return opened == closing[0]

    @property
    def is_end_of_path(self) -> bool:
        """Tell whether the key is the last part of a path, and a sentence goes on."""
        before = self.text[max(0, self.start - 200) : self.start]
        return self.sign == ": " and _PATH().match(before[::-1]) is not None

    @property
    def is_in_query(self) -> bool:
        """Tell whether the key is a parameter in the query of a URL."""
        return self.text[max(0, self.start - 1) : self.start] in ("?", "&")

    def is_after(self, *words: str) -> bool:
        """Tell whether one of these words stands before the key, as in a sentence."""
        before = self.text[max(0, self.start - 16) : self.start]
        return before.lower().rstrip().endswith(words)
