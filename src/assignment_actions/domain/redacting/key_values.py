"""Find the keys that announce a secret, and take out what follows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from assignment_actions.domain.redacting.announced_key import AnnouncedKey, Replaced
from assignment_actions.domain.redacting.header_values import (
    authorization_after,
    cookies_after,
    credentials_after,
)
from assignment_actions.domain.redacting.key_value_forms import code_after
from assignment_actions.domain.redacting.patterns import Lazy, in_lower_case
from assignment_actions.domain.redacting.scouts import Step
from assignment_actions.domain.redacting.secret_keys import (
    AUTHORIZATION,
    CODE,
    COOKIE,
    HINTS,
    SECRET,
    hints_of,
    is_named,
    key_names,
    kind_of_words,
    words_of,
)

KINDS: Mapping[str, frozenset[str]] = {
    "bearer": frozenset({AUTHORIZATION}),
    "cookie": frozenset({COOKIE}),
    "key_value": frozenset({SECRET, CODE}),
}
"""Which kinds of key each rule looks for."""

_FORMS: Mapping[str, Callable[[AnnouncedKey], Replaced | None]] = {
    AUTHORIZATION: authorization_after,
    COOKIE: cookies_after,
    SECRET: credentials_after,
    CODE: code_after,
}
Found = re.Match[str]
Span = tuple[int, int]
_LONGEST = 64
_TAIL = rf"[\w.\-]{{0,{_LONGEST}}}+"
_QUOTE = r"\\*+[\"']"
_CLOSE = rf"(?:{_QUOTE}|`|%2[27]|&quot;|&#(?:34|39|x27);)?+(?:\]|\)(?==))?+"
_SIGN = (
    r"(?:[ \t]*+(?::=|=>|={1,3}+|:(?!:)|%3[ad])|(?P<comma>(?<=[\"']),)"
    rf"(?=[ \t]?+b?+{_QUOTE}))[ \t]*+"
)
FLAG_SCOUT = r"-(?<![\w-]-)-?+[a-z]"
_VALUE_SCOUT = r"value(?:\\*+[\"'])?+[ ]?+[:=]"
_FLAG = Lazy(r"-(?<![\w-]-)-?+(?P<name>[A-Za-z][\w.\-]{0,60}+)[ \t]++(?=[^\s\-=:])")
_BACKWARDS = Lazy(r"[\w.\-]*+")
_PAIR_OPENS = Lazy(r"[\"']\\*+[bu]?+\((?!\w)")
_CALL_OPENS = Lazy(r"[\"']\\*+[bu]?+\(\w")
_CALL_CLOSES = Lazy(r"[ \t]?+b?+(?:\"[^\"\n]*+\"|'[^'\n]*+')\)")
_MARK = r"(?:[\"']\\*+)?+"
# {"name": "DB_PASSWORD", "value": …}, also as YAML; read backwards from the last word
_VALUE = Lazy(r"(?:[vV]alue|VALUE)(?:\\*+[\"'])?+[ ]?+[:=][ ]?+")
_INPUT = Lazy("input_value=")
_NAME = Lazy(
    rf"{_MARK}\s{{0,40}}+,?+{_MARK}(?P<name>[\w.\-]{{1,64}}+){_MARK}"
    rf"[ ]?+[:=][ ]?+{_MARK}(?:eman|yek|ema[nN]|ye[kK]|EMAN|YEK)"
)


class KeyValues:
    """Take out the values of keys that announce a secret of the wanted kinds."""

    def __init__(self, kinds: Collection[str], keys: Collection[str] = ()) -> None:
        self._kinds = frozenset(kinds)
        self._names = key_names(keys)
        self._hints = (*HINTS, *hints_of(keys))
        hints = "|".join(self._hints)
        self._hint = Lazy(hints)
        self._key = Lazy(rf"(?:{hints}){_TAIL}(?P<close>{_CLOSE}){_SIGN}")

    @property
    def steps(self) -> list[Step]:
        """The searches in their order; no key of a secret, no value is looked for."""
        sign = _SIGN.replace("?P<comma>", "?:")
        keys = "|".join(f"{hint}{_TAIL}{_CLOSE}{sign}" for hint in self._hints)
        return [
            Step(keys, self._without_announced, self._announces_any),
            Step(_VALUE_SCOUT, self._without_named),
            Step(FLAG_SCOUT, self._without_flags),
        ]

    def announces(self, name: str) -> bool:
        """Tell whether a key announces a secret, whatever stands under it."""
        has_hint = self._hint().search(in_lower_case(name))
        return bool(has_hint and self.kind_of(words_of(name)))

    def kind_of(self, words: list[str]) -> str | None:
        """Return the kind of secret that a key of these words announces, if wanted."""
        if self._names and is_named(words, self._names):
            return SECRET
        kind = kind_of_words(words)
        return kind if kind in self._kinds else None

    def _announces_any(self, lines: str) -> bool:
        """Tell whether a key in these lines announces a secret; in doubt yes."""
        if not lines.isascii():  # what is lower case depends on the whole text then
            return True
        found = self._key().finditer(in_lower_case(lines))
        places = {_around_hint(one, lines, 0) for one in found}
        names = {lines[start:end] for start, end in places}
        return any(self.kind_of(words_of(name)) for name in names)

    def _without_announced(self, text: str) -> str:
        return self._without(text, self._key, _around_hint)

    def _without_named(self, text: str) -> str:
        if "alue" not in text and "VALUE" not in text:
            return text
        text = self._without(text, _VALUE, _name_before)
        return self._without(text, _INPUT, _line_before)

    def _without_flags(self, text: str) -> str:
        return self._without(text, _FLAG, _named)

    def _without(
        self, text: str, pattern: Lazy, place: Callable[[Found, str, int], Span]
    ) -> str:
        """Take out the values behind one pattern, in one pass from left to right."""
        low = in_lower_case(text) if pattern is self._key else text
        search, parts, copied = pattern().search, list[str](), 0
        kinds: dict[str, tuple[list[str], str | None]] = {}
        found = search(low)
        while found:
            at = found.end()
            start, end = place(found, text, copied)
            name = text[start:end]
            if name not in kinds:
                kinds[name] = (words := words_of(name)), self.kind_of(words)
            words, kind = kinds[name]
            if kind:
                key = AnnouncedKey(text, start, end, at, words)
                if replaced := _FORMS[kind](key):
                    parts += text[copied:at], replaced[1]
                    copied = at = replaced[0]
            found = search(low, at)
        return "".join(parts) + text[copied:] if parts else text


def _named(found: Found, _text: str, _copied: int) -> Span:
    return found.span("name")


def _name_before(found: Found, text: str, copied: int) -> Span:
    """Return where the name stands that belongs to `"value":`; (0, 0) for nowhere."""
    at = found.start()
    name = _NAME().match(text[max(copied, at - 160) : at][::-1])
    return (at - name.end("name"), at - name.start("name")) if name else (0, 0)


def _line_before(found: Found, text: str, _copied: int) -> Span:
    """Return the line before the one that Pydantic shows a refused value in."""
    end = text.rfind("\n", max(0, found.start() - 400), found.start())
    start = text.rfind("\n", max(0, end - _LONGEST), max(end, 0)) + 1
    return (start, end) if 0 < end - start <= _LONGEST else (0, 0)


def _around_hint(found: Found, text: str, copied: int) -> Span:
    """Return where the key around a hint stands, without what escapes its beginning."""
    hint, end = found.start(), found.start("close")
    before = text[max(copied, hint - _LONGEST) : hint]
    run = _BACKWARDS().match(before[::-1])
    start = hint - (run.end() if run else 0)
    escape = text[start - 1 : start]
    if escape == "\\" and text[start] in "nrt":
        start = min(start + 1, hint)
    elif escape == "%":
        start = min(start + 2, hint)
    is_pair = found["comma"] is None or _opens_a_pair(text, start, found.end())
    return (start, end) if is_pair else (0, 0)


def _opens_a_pair(text: str, start: int, value: int) -> bool:
    """Tell whether what stands at `start` is the first of two: ("password", …)."""
    before = text[max(0, start - 8) : start][::-1]
    if _CALL_OPENS().match(before):
        return bool(_CALL_CLOSES().match(text, value))
    return text.startswith("--", start) or bool(_PAIR_OPENS().match(before))
