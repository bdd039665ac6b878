"""Tell from the name of a key whether its value is a secret."""

from __future__ import annotations

import re
from collections.abc import Collection

from assignment_actions.domain.redacting.patterns import Lazy, word_set

SECRET, CODE, AUTHORIZATION, COOKIE = "secret", "code", "authorization", "cookie"
"""The kinds of secret that a key announces; a code is a short number such as a PIN."""

HINTS = (
    r"p(?:ass|wd|in|(?<=otp))",
    r"k(?:ey|ennwort|(?<=tok)en|(?<=cook)ie)",
    r"c(?:red|srf|vc|ode|(?<=sec)ret|(?<=hmac))",
    *("u(?<=au)th", "g(?<=sig)", "v(?<=cv)", "xsrf"),
    r"d(?:(?<=sessid)|(?<=sessionid)|(?<=session[_.-]id)|(?<=connect\.sid))",
)
"""
What every key that announces a secret has in it, in lower case.

Each begins with a letter that is rare in ordinary text: that makes the search several
times faster than one that begins with the words' own first letters.
"""

_NOUNS = (
    *("password", "passwords", "passwd", "passphrase", "passcode", "passwort", "pwd"),
    *("kennwort", "secret", "secrets", "token", "credential", "credentials", "csrf"),
    *("xsrf", "apikey", "apikeys", "secretkey", "accesskey", "privatekey", "userpass"),
    *("dbpass", "requirepass", "sessionid", "sessid", "sessionkey"),
)
_WORDS = frozenset({"pass", "auth", "sig", "signature", "hmac", "tokens"})
_CODES = frozenset({"pin", "otp", "totp", "cvv", "cvc"})
_KEYS_OF = word_set(
    "access account admin aes api app application auth consumer decryption deploy"
    " encrypt encryption gpg hmac ingestion jwt licence license master pgp private"
    " root rsa secret security service session shared signature signing ssh storage"
    " subscription webhook write"
)
_CODES_OF = word_set(
    "2fa activation auth authorization backup factor login mfa otp pass recovery"
    " reset security sms totp verification"
)
_HARMLESS = word_set(
    "age alg algorithm allowed arn at attempt attempts audience backend backends bits"
    " bucket budget change changed class cls column config cost count counter created"
    " date dir disabled enabled endpoint entropy env error errors exception exists exp"
    " expiration expire expired expires expiry factory failed failure failures field"
    " fields file filename flow form format found generator grant handler hasher"
    " hashers hint host in index info invalid is issued issuer kind label len length"
    " lifetime limit limits line lineno lookup manager markup mask max message method"
    " methods mgr middleware min mismatch missing module msg name names not ok on"
    " owner parameter path per placeholder policies policy port pos position prefix"
    " present price prompt provider rate ref reference region required requires"
    " retries rule rules scheme scope scopes serializer size source state status"
    " storage store strength time timeout timestamp title tries ttl type types updated"
    " uri url urls usage used user username valid validator validators validity var"
    " variable version view"
    " c crt go html java js json md pem pub py rb rs toml ts txt yaml yml"  # files
)
_HARMLESS_BEFORE_TOKEN = word_set(
    "bos cls completion continuation eos input mask max min next num output pad page"
    " pagination prompt remaining sep special stop total unexpected unk"
)
COMPLAINTS = word_set(
    "bad expired incorrect invalid missing no unexpected unknown wrong"
)
"""What stands before the noun in the name of an error: `InvalidToken: …`."""

_BETWEEN_WORDS = Lazy(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[.\-\s]++")
LONGEST = 128


def words_of(name: str) -> list[str]:
    """
    Return the words of a key in lower case, their trailing digits left out.

    >>> words_of("spring.dbPassword2"), words_of("X-API-Key")
    (['spring', 'db', 'password'], ['x', 'api', 'key'])
    """
    parts = _BETWEEN_WORDS().sub("_", name[-LONGEST:]).lower().split("_")
    return [part.rstrip("0123456789") or part for part in parts if part]


def kind_of_words(words: list[str]) -> str | None:
    """Return which kind of secret a key of these words announces, None for none."""
    while len(words) > 1 and words[-1].isdecimal():
        words = words[:-1]
    last = words[-1] if words else ""
    before = words[-2] if len(words) > 1 else ""
    if last in ("cookie", "cookies"):
        return COOKIE
    if last == "authorization":
        return AUTHORIZATION
    if last in _CODES or (last == "code" and before in _CODES_OF):
        return CODE
    if last in _WORDS or words == ["connect", "sid"]:
        return SECRET
    return SECRET if _has_secret_noun(words) else None


def _has_secret_noun(words: list[str]) -> bool:
    for at in range(len(words) - 1, -1, -1):
        word = words[at]
        before = words[at - 1] if at else ""
        if word in _HARMLESS:
            return False
        if word.endswith(_NOUNS):
            return not (word == "token" and before in _HARMLESS_BEFORE_TOKEN)
        if (word == "key" and before in _KEYS_OF) or (
            word == "id" and before == "session"
        ):
            return True
    return False


def key_names(keys: Collection[str]) -> frozenset[str]:
    """Return the host's own names in the form in which they are compared."""
    return frozenset("_".join(words_of(key)) for key in keys)


def is_named(words: list[str], names: frozenset[str]) -> bool:
    """Tell whether the words end with one of the names."""
    return any("_".join(words[at:]) in names for at in range(len(words)))


def hints_of(keys: Collection[str]) -> tuple[str, ...]:
    """Return the sources of patterns that find a word of each of the host's names."""
    longest = {max(words_of(key), key=len) for key in keys}
    return tuple(re.escape(word) for word in sorted(longest))
