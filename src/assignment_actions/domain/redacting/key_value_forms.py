"""What follows a key that announces a secret: how far it goes, and what replaces it."""

from __future__ import annotations

import re

from assignment_actions.domain.redacting.announced_key import AnnouncedKey, Replaced
from assignment_actions.domain.redacting.harmless_values import (
    content_of,
    holds_a_diagnosis,
    is_complaint,
    is_diagnosis,
    is_nothing,
    is_scheme,
    is_type,
    is_word,
)
from assignment_actions.domain.redacting.patterns import (
    ANY_QUOTED,
    DONE,
    PLACEHOLDER,
    QUOTED,
    REDACTED,
    Lazy,
)
from assignment_actions.domain.redacting.secret_keys import COMPLAINTS

_PLAIN = r"[^\s\"'`\\,;&()\[\]{}<>]"
_SLASHES = r"\\++(?![nr\"'\\])"
_GLUED = (  # commas, brackets and quotes inside a value, as far as that can be told
    r"[\"'`](?<=\w[\"'`])(?=\w)"
    rf"|[,;&()\[\]{{}}<>]++(?={_PLAIN})(?![:.!?](?:[\s\"']|\Z))"
    r"(?!(?:amp;)?+[\w.\-\[\]%]{1,64}+[=:])"
)
_BARE = (
    rf"(?:{_PLAIN}|{DONE}|{_SLASHES}|<(?={_PLAIN}))"
    rf"(?:{_PLAIN}++|{DONE}|{_SLASHES}|{_GLUED})*+"
)
_ITEM = rf"{QUOTED}|\n[ \t]*+(?=[bu]?+[\"'])|[^()\[\]{{}}\"'`\n\\]++|\\."
_GROUP = rf"[(\[{{](?:{_ITEM})*+[)\]}}]?+"
_GROUP = rf"[(\[{{](?:{_ITEM}|{_GROUP})*+[)\]}}]?+"
_GROUP = rf"[(\[](?:{_ITEM}|{_GROUP})*+[)\]]?+"
_VALUE = Lazy(
    rf"(?P<nothing>(?!\{{[^{{}}\n]*+\}};){PLACEHOLDER}(?!{_PLAIN}))"
    rf"|(?P<quoted>{ANY_QUOTED})|(?P<angle><[^<>\n]{{0,200}}+>)"
    rf"|(?P<braces>\{{(?:[^{{}}\n]|\}}\}})*+\}}(?=;|\Z))|(?P<bare>{_BARE})"
    rf"|(?P<group>{_GROUP})"
)
_ENCODED_VALUE = Lazy(
    r"(?P<quoted>%22(?:[^\s%&]++|%(?!22|26))*+(?:%22)?+)"
    r"|(?P<bare>(?:[^\s%&\"'<>]++|%(?!2[026cC]|7[dD]|3[bB]|0[aAdD]))++)"
)
_FIRST_LOOK = 512  # what is no secret is told by no more, and so not read to its end
_EXPRESSION = Lazy(
    r"[a-z_][a-z_.]*+\([^()\"'\n]{0,80}+\)"
    r"|(?:[a-z_]++\.){0,4}+(?:get|getattr|getenv|pop|getpass|environ)[(\[]"
    r"|(?:self|cls|settings|config|options|os|args|kwargs|request)\.[\w.]*+(?![^\s,)\]}])"
)
_ARGUMENTS = Lazy(_GROUP)
_PROSE = Lazy(r"[a-z]++(?: [a-z]++)++\Z")
_PATH = Lazy(r"(?:~|\.\.?+)?+/[\w./-]*+(?<=pem|key|crt|p12|pfx|pub)\Z")
_NEXT_KEY = Lazy(r"[a-z_]++=\Z")
_NUMBER = Lazy(r"[0-9]++\Z")
_SMALL_NUMBER = Lazy(r"[0-9]{1,6}+\Z")
_CODE = Lazy(
    r"[(\[]?+[bu]?+\\*+[\"']?+"
    r"(?P<code>[0-9]{3,8}+|(?=[A-Za-z-]*+[0-9])[A-Za-z0-9-]{4,12}+)(?!\w)\\*+[\"']?+"
)


def secret_after(key: AnnouncedKey) -> Replaced | None:
    """Return how far the secret goes; None where what follows is none."""
    if _is_about_a_secret(key):
        return None
    is_encoded = key.sign[-3:].lower() in ("%3d", "%3a")
    match_at = (_ENCODED_VALUE if is_encoded else _VALUE)().match
    limit = key.value + _FIRST_LOOK
    found = match_at(key.text, key.value, limit)
    if found is None or _is_no_secret_here(key, found[0]):
        return None
    goes_on = found.end() == limit < len(key.text)
    is_long_filler = goes_on and found.lastgroup == "nothing"
    if not (is_long_filler or _is_secret(key, found)):
        return None
    whole = match_at(key.text, key.value) if goes_on else None
    return _replaced(key, whole or found)


def _replaced(key: AnnouncedKey, found: re.Match[str]) -> Replaced:
    """Return how far a secret goes, a call's arguments included."""
    end = found.end()
    if found.lastgroup == "bare" and key.text.startswith("(", end):
        arguments = _ARGUMENTS().match(key.text, end)
        end = arguments.end() if arguments else end
    return end, REDACTED


def _is_secret(key: AnnouncedKey, found: re.Match[str]) -> bool:
    form, value = found.lastgroup, found[0]
    if form == "quoted":
        return not key.is_before_closing_quote and _is_quoted_secret(value)
    if form == "group":
        return _is_secret_group(key, value)
    if form == "bare":
        return _is_bare_secret(key, value)
    if form == "braces":
        return key.words[-1] == "pwd" or not is_nothing(value)
    return form == "angle" and not is_nothing(value) and " " not in value


def _is_quoted_secret(value: str) -> bool:
    content = content_of(value)
    return not (is_nothing(content) or is_diagnosis(content))


def _is_secret_group(key: AnnouncedKey, group: str) -> bool:
    content = group[1:].rstrip(")], ").strip()
    if not content or is_nothing(content_of(content)) or holds_a_diagnosis(group):
        return False
    if any(quote in group for quote in "\"'`"):
        return True
    is_prose = _PROSE().match(content) or is_word(content.split()[0])
    is_python = key.words[-1] == "signature" and ":" in key.sign
    return not (is_prose or is_python or key.is_in_source_line)


def _is_bare_secret(key: AnnouncedKey, value: str) -> bool:
    if is_nothing(value) or is_word(value):
        return False
    if ":" in key.sign and (is_type(value) or is_complaint(value)):
        return False
    if _EXPRESSION().match(key.text, key.value):
        return False
    return not key.is_in_source_line


def _is_about_a_secret(key: AnnouncedKey) -> bool:
    """Tell whether a sentence follows: key and sign tell, before a value is read."""
    if ":" not in key.sign:
        return False
    return (
        key.name.lower() == "pass"
        or key.is_end_of_path
        or not COMPLAINTS.isdisjoint(key.words[:-1])
        or (
            key.words[-1] == "token"
            and key.is_after("unexpected", "expected", "illegal")
        )
    )


def _is_no_secret_here(key: AnnouncedKey, value: str) -> bool:
    """Tell whether this key, with this value, means something else."""
    last, name = key.words[-1], key.name
    if last in ("tokens", "pass", "id") and _SMALL_NUMBER().match(value):
        return last != "pass" or not key.is_in_query
    if last == "auth" and is_scheme(content_of(value)):
        return True
    if value.startswith(f"{REDACTED}@"):
        return True
    if last == "key" and _PATH().match(value):
        return True
    if name in ("PWD", "OLDPWD"):
        return value.startswith("/")
    return ":" in key.sign and bool(_NEXT_KEY().match(value))


def code_after(key: AnnouncedKey) -> Replaced | None:
    """Return how far a short code goes; None where it is no number, or too short."""
    found = _CODE().match(key.text, key.value)
    if found is None:
        return None
    is_number = _NUMBER().match(found["code"])
    return (found.end(), REDACTED) if is_number or key.words[-1] == "code" else None
