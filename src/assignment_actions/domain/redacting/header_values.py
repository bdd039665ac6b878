"""What follows the names of the two headers that identify somebody."""

from __future__ import annotations

import re

from assignment_actions.domain.redacting.announced_key import AnnouncedKey, Replaced
from assignment_actions.domain.redacting.harmless_values import (
    is_nothing,
    is_scheme,
    is_word,
)
from assignment_actions.domain.redacting.key_value_forms import secret_after
from assignment_actions.domain.redacting.patterns import (
    QUOTED,
    REDACTED,
    STRING_PREFIX,
    Lazy,
    word_set,
)

_SCHEME = r"(?P<scheme>[A-Za-z][\w-]{1,40}+[ \t]++)?+"
_OPEN = rf"(?P<open>[\[(]?+{STRING_PREFIX}(?P<slashes>\\*+)(?P<mark>[\"']))"
_INSIDE = r"(?:[^\\\"'\n]++|(?!(?P=mark))[\"']|(?P=slashes)\\++[\"']?+|\\++(?![\"']))++"
_QUOTED_HEADER = Lazy(rf"{_OPEN}{_SCHEME}(?P<value>{_INSIDE})")
_PARAMETER = r"[\w.-]++=(?:\\*+\"[^\"\n]*+\"?+|[^\s,;\"'`<>\\]++)"
_HEADER = Lazy(
    rf"(?P<open>\[?+){_SCHEME}(?P<value>{_PARAMETER}(?:,[ \t]*+{_PARAMETER})*+"
    r"|(?:[^\s\"'`\\,;()\[\]{}<>]|\[redacted\])++)"
)
_IS_HEADER = Lazy(
    rf"{_OPEN}?+(?i:apikey|basic|bearer|digest|negotiate|ntlm|token)[ \t]++[^\s]"
)


def authorization_after(key: AnnouncedKey) -> Replaced | None:
    """Return how far credentials go, their scheme kept; None where there are none."""
    found = _QUOTED_HEADER().match(key.text, key.value)
    found = found or _HEADER().match(key.text, key.value)
    if found is None:
        return None
    scheme, value = (found["scheme"] or "").strip(), found["value"]
    if is_nothing(value) or is_word(scheme) or is_word(value) or is_scheme(value):
        return None
    if "mark" not in found.re.groupindex and not scheme and key.is_in_source_line:
        return None
    return found.end(), f"{found['open']}{found['scheme'] or ''}{REDACTED}"


def credentials_after(key: AnnouncedKey) -> Replaced | None:
    """Return how far a secret goes that may be written like a header: `Bearer …`."""
    is_header = _IS_HEADER().match(key.text, key.value)
    return authorization_after(key) if is_header else secret_after(key)


_QUOTED_COOKIES = Lazy(rf"{_OPEN}(?P<value>{_INSIDE})")
_COOKIES = Lazy(
    r"(?P<open>)(?P<value>[^\s=;,\"'\\]{1,256}+="
    r"(?:[^\r\n\"'\\]++|(?<==)\"(?:[^\"\r\n\\]++|\\.)*+\")*+)"
)
_COOKIE_DICT = Lazy(rf"\{{(?:{QUOTED}|[^{{}}\"'\n])*+\}}?+")
_DICT_VALUE = Lazy(rf"(?P<sign>:[ \t]*+)(?:{QUOTED})")
_PAIR = Lazy(
    r"(?<![^\s=;,])(?P<name>[^\s=;,]++)[ \t]*+=[ \t]*+"
    r"(?:[^;,\r\n]++|,(?![ \t]*+[^\s=;,]++=))*+"
)
_IN_JAR = Lazy(r"(?P<name><Cookie [^\s=\"'<>]++=)[^\s>{][^\s>]*+")
_NAME = Lazy(r"[a-z_]++(?:\.[a-z_]++)*+(?!\S)")
_ATTRIBUTES = word_set("comment domain expires max-age path priority samesite version")


def cookies_after(key: AnnouncedKey) -> Replaced | None:
    """Return how far cookies go, their names and attributes kept."""
    found = _COOKIE_DICT().match(key.text, key.value)
    if found:
        return found.end(), _DICT_VALUE().sub(rf"\g<sign>{REDACTED}", found[0])
    found = _QUOTED_COOKIES().match(key.text, key.value)
    found = found or _COOKIES().match(key.text, key.value)
    if found and "=" in found["value"]:
        return found.end(), found["open"] + without_cookies(found["value"])
    if found or (":" not in key.sign and not _NAME().match(key.text, key.value)):
        return secret_after(key)
    return None


def without_cookie_jars(text: str) -> str:
    """
    Replace the values in the repr of a jar of cookies.

    >>> without_cookie_jars("<CookieJar[<Cookie sid=abc for example.com/>]>")
    '<CookieJar[<Cookie sid=[redacted] for example.com/>]>'
    """
    return _IN_JAR().sub(rf"\g<name>{REDACTED}", text)


def without_cookies(header: str) -> str:
    """
    Replace the values in the value of a Cookie or Set-Cookie header.

    >>> without_cookies("sessionid=abc; Path=/; HttpOnly")
    'sessionid=[redacted]; Path=/; HttpOnly'
    """
    return _PAIR().sub(_without_cookie, header)


def _without_cookie(found: re.Match[str]) -> str:
    is_attribute = found["name"].lower() in _ATTRIBUTES
    return found[0] if is_attribute else f"{found['name']}={REDACTED}"
