"""Secrets that are told by their form, whatever stands before them."""

from __future__ import annotations

import re

from assignment_actions.domain.redacting.patterns import PLACEHOLDER, REDACTED, Lazy

EMAIL, JWT, PRIVATE_KEY = "[email]", "[jwt]", "[private key]"

_AT_DOMAIN = Lazy(
    r"@(?<=[\w%+!#$&*?^~.\-]@)"
    r"(?!v?+\d++\.\d++(?![\w-])|v?+\d++\.\d++[.-]|\dx\.)"  # react@18.2.0, icon@2x.png
    r"[\w-]++(?:\.[\w-]++)++"
)
_ENCODED_AT_DOMAIN = Lazy(r"%40(?<=[\w+!.\-]%40)[\w-]++(?:\.[\w-]++)++")
# read backwards from the @
_LOCAL_PART = Lazy(r"[\w%+!#$&*?^~.\-]++(?:['=][\w%+!#$&*?^~.\-]++)*+")
_NO_TOP_LEVEL = Lazy(
    r"\.(?:\w|(?![^\W\d_]{2,}+_|(?:com|edu|gov|info|net|org)\d)[^\W\d_]*+[\d_]\w*+"
    r"|service|timer|socket|slice)\Z"
)


def without_emails(text: str) -> str:
    """
    Replace mail addresses, also where their @ is percent-encoded.

    Every name@host.domain is taken for one: git@example.com:org/repo too. A host
    without a dot, or one that is a number, is none.

    >>> without_emails("550 <jo@example.com> root@localhost react@18.2.0")
    '550 <[email]> root@localhost react@18.2.0'
    """
    if "@" in text:
        text = _without_addresses(text, _AT_DOMAIN())
    if "%40" in text:
        text = _without_addresses(text, _ENCODED_AT_DOMAIN())
    return text


def _without_addresses(text: str, at_domain: re.Pattern[str]) -> str:
    parts, copied = list[str](), 0
    for found in at_domain.finditer(text):
        if _NO_TOP_LEVEL().search(found[0]):
            continue
        before = text[copied : found.start()]
        run = _LOCAL_PART().match(before[::-1])
        if run is None:  # its name is the end of another address
            continue
        size = _length_of_local_part(run[0][::-1])
        parts += before[: len(before) - size], EMAIL
        copied = found.end()
    return "".join(parts) + text[copied:] if parts else text


def _length_of_local_part(run: str) -> int:
    """Cut `to=` off, but not the address that a bounce carries: bounce+jo=host@…."""
    _, sign, rest = run.rpartition("=")
    return len(run) if not sign or "+" in run else len(rest)


_USER_INFO = Lazy(r"://(?P<info>(?:[^\s/?#@\"'<>]*+@)++)")
# a password with / or ? in it; a host's port would be a number
_ODD_USER_INFO = Lazy(
    r"://(?P<info>[^\s:/?#@\"'<>]{0,64}+:(?!\d{1,5}+(?:[/?#]|\Z))[^\s@\"'<>:]{1,128}+@)"
)
_ENCODED_USER_INFO = Lazy(
    r"(?P<before>%3[Aa]%2[Ff]%2[Ff](?:[\w.\-]|%(?!3[Aa]|40|2[Ff]))*+%3[Aa])"
    r"(?:[^\s%&\"'/]|%(?!40|2[Ff]))++%40"
)
_AT_HOST_AND_PORT = Lazy(r"@(?<=[^\s@]@)[\w.\-]++:\d{2,5}(?!\w)")
# read backwards from the @
_USER_AND_PASSWORD = Lazy(
    r"(?P<password>[^\s:/@\"'<>,;()=]{1,128}+):[\w.+\-]{1,64}+(?!/)"
)
_NO_PASSWORD = Lazy(rf"(?:|{PLACEHOLDER})\Z")
_LONG_TOKEN = Lazy(r"(?=\D*+\d)[\w-]{16,}+\Z")


def without_url_passwords(text: str) -> str:
    """
    Replace the password in scheme://user:password@host, or a token that stands alone.

    >>> without_url_passwords("redis://:pw@cache and https://example.com:80/a@b")
    'redis://:[redacted]@cache and https://example.com:80/a@b'
    """
    text = _USER_INFO().sub(_without_password, text)
    text = _ODD_USER_INFO().sub(_without_password, text)
    text = _ENCODED_USER_INFO().sub(rf"\g<before>{REDACTED}%40", text)
    return _without_bare_user_info(text)


def _without_password(found: re.Match[str]) -> str:
    info = found["info"][:-1]
    user, colon, password = info.partition(":")
    if not password and _LONG_TOKEN().match(user):
        return f"://{REDACTED}{colon}@"
    if not colon or _NO_PASSWORD().match(password):
        return found[0]
    return f"://{user}:{REDACTED}@"


def _without_bare_user_info(text: str) -> str:
    """Replace the password in user:password@host:port, as some drivers write it."""
    parts, copied = list[str](), 0
    for found in _AT_HOST_AND_PORT().finditer(text):
        before = text[max(copied, found.start() - 200) : found.start()]
        info = _USER_AND_PASSWORD().match(before[::-1])
        if info and not _NO_PASSWORD().match(info["password"][::-1]):
            parts += text[copied : found.start() - info.end("password")], REDACTED
            copied = found.start()
    return "".join(parts) + text[copied:] if parts else text


_JWT = Lazy(r"eyJ[\w-]*+(?:\.[\w-]*+)*+")
_IS_JWT = Lazy(r"eyJ[\w-]{7,}+\.(?:[\w-]{4}|\.)")


def without_jwts(text: str) -> str:
    """
    Replace JSON Web Tokens: signed, encrypted, or cut after their first part.

    >>> without_jwts("bad eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqbyJ9.c2ln, a.b.c")
    'bad [jwt], a.b.c'
    """
    return _JWT().sub(
        lambda found: JWT if _IS_JWT().match(found[0]) else found[0], text
    )


_BEARER = Lazy(
    r"(?<![\w.-])(?P<before>[Bb](?i:earer)(?:%20|[ \t:+=])[ \t]*+)"
    r"(?!\w++=\\*+[\"'])(?P<token>[\w.~+/=\-]{6,}+)"
)
_PROSE = Lazy(r"[A-Z]?+[a-z]{1,16}+(?:[./-][A-Z]?+[a-z]{1,16}+){0,3}+[./-]*+\Z")


def without_bearers(text: str) -> str:
    """
    Replace what follows the word bearer, unless it reads like a word of English.

    >>> without_bearers("Bearer mF_9.B5f-4 refused: Bearer token expected")
    'Bearer [redacted] refused: Bearer token expected'
    """
    if "earer" not in text and "EARER" not in text:
        return text
    return _BEARER().sub(_without_bearer, text)


def _without_bearer(found: re.Match[str]) -> str:
    is_prose = _PROSE().match(found["token"])
    return found[0] if is_prose else f"{found['before']}{REDACTED}"


_GAP = r"(?:\s|\\++[nrt])"
_PRIVATE_KEY = Lazy(
    r"-----BEGIN (?:(?!PRIVATE)[A-Z0-9]{1,16}+ ){0,4}+PRIVATE KEY(?: BLOCK)?+-----(?:"
    r"(?:[^-]++|-(?!----))*+-----END [A-Z0-9 ]{0,60}+-----|"
    # without an end: its headers, and the lines that can only be part of a key
    rf"(?:{_GAP}*+(?:Proc-Type|DEK-Info|Version|Comment|Hash):[^\n\\\"']*+)*+"
    rf"(?:{_GAP}*+[A-Za-z0-9+/]{{20,}}+={{0,2}}+)++"
    rf"(?:{_GAP}++[A-Za-z0-9+/=]{{1,76}}+(?=[\n\\\"']|\Z))?+)"
)


def without_private_keys(text: str) -> str:
    """Replace PEM and PGP private keys from BEGIN to END, or to where they were cut."""
    return _PRIVATE_KEY().sub(PRIVATE_KEY, text)
