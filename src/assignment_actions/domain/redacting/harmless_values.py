"""What stands after a key such as `password` and is no secret."""

from __future__ import annotations

from assignment_actions.domain.redacting.patterns import (
    ANY_QUOTED,
    PLACEHOLDER,
    Lazy,
    word_set,
)

_WORDS = word_set(
    "a an and as authentication be but by can cannot contains could denied does enter"
    " error expected expired failed field flag for from has have if in incorrect"
    " instead invalid is it length may mismatch missing must neither no not of ok on"
    " option optional or rejected required requires should that the this to too unable"
    " unauthorized unset unsupported used value was were when with wrong yes"
)
"""The words with which a sentence about a secret goes on."""
_COMPLAINTS = word_set(
    "connection cookie malformed permission revoked timeout verification"
)
"""The words with which a sentence goes on behind a colon."""
_TYPES = word_set(
    "any bool bytes dict float frozenset int list mapping object optional secretbytes"
    " secretstr sequence set str string tuple type union"
)
_SCHEMES = word_set(
    "basic bearer digest disabled enabled jwt kerberos ldap login negotiate ntlm"
    " oauth oauth2 plain saml token xoauth2"
)
_NOTHING = Lazy(
    rf"(?:|{PLACEHOLDER}|[xX]{{3,}}+|-++|…|\W{{1,3}}|:[a-z_][a-z_0-9]*+"
    r"|!(?:vault|secret|Ref|Sub|GetAtt)"  # tags of YAML
    r"|(?i:none|null|nil|true|false|undefined|nan|n/a|\[?(?:filtered|hidden|masked"
    r"|redacted|removed|scrubbed|sanitized)\]?))\Z"
)
_ALREADY = Lazy(r"[A-Za-z][\w-]{1,40}+ \[redacted\]\Z")
_SENTENCE = Lazy(r"[A-Z][a-z']*+(?: [\w',()/-]++){2,30}+[.!]?+\Z")
_DIAGNOSIS = Lazy(
    r"\b(?:blank|characters|common|do not|expired|field|incorrect|invalid|least|match"
    r"|missing|must|numeric|required|similar)\b"
)
_FIRST_STRING = Lazy(ANY_QUOTED)
_OPENING = Lazy(r"[bBfFrRuU]{0,2}+\\*+(?:\"\"\"|[\"'`]|&quot;|%22)")


def content_of(quoted: str) -> str:
    r"""
    Return what stands between the quotes, however they are written.

    >>> content_of("b'abc'"), content_of(r"\"abc"), content_of("abc")
    ('abc', 'abc', 'abc')
    """
    opening = _OPENING().match(quoted)
    if opening is None:
        return quoted
    mark = opening[0].lstrip("bBfFrRuU")
    return quoted[opening.end() :].removesuffix(mark)


def is_nothing(value: str) -> bool:
    """
    Tell whether a value is empty, a placeholder, or was redacted before.

    >>> [is_nothing(one) for one in ("", "***", "${TOKEN}", "None", "hunter2")]
    [True, True, True, True, False]
    """
    return bool(_NOTHING().match(value) or _ALREADY().match(value))


def is_diagnosis(value: str) -> bool:
    """
    Tell whether a value is a sentence about the secret, as validators write them.

    >>> is_diagnosis("This field is required."), is_diagnosis("my dog is called Rex")
    (True, False)
    """
    return bool(_SENTENCE().match(value) and _DIAGNOSIS().search(value))


def holds_a_diagnosis(group: str) -> bool:
    """Tell whether the first string in brackets is such a sentence."""
    found = _FIRST_STRING().search(group)
    return found is not None and is_diagnosis(content_of(found[0]))


def is_word(value: str) -> bool:
    """Tell whether a bare value is a word of the sentence that the key stands in."""
    return value.rstrip(".:!").lower() in _WORDS


def is_complaint(value: str) -> bool:
    """Tell whether a bare value behind a colon begins a sentence of what is wrong."""
    return value.rstrip(".:!").lower() in _COMPLAINTS


def is_type(value: str) -> bool:
    """Tell whether a bare value is the annotation of a parameter."""
    return value.partition("[")[0].lower() in _TYPES


def is_scheme(value: str) -> bool:
    """Tell whether a value only names how somebody is authenticated."""
    return value.lower() in _SCHEMES
