"""Secrets in command lines of known programs, and in elements of XML."""

from __future__ import annotations

import re
from collections.abc import Callable

from assignment_actions.domain.redacting.harmless_values import is_nothing
from assignment_actions.domain.redacting.header_values import without_cookies
from assignment_actions.domain.redacting.patterns import REDACTED, Lazy
from assignment_actions.domain.redacting.secret_keys import words_of

_NEXT = r"(?:[\"']?+,?+[ \t]++[\"']?+)"  # the next argument, also in the repr of a list
_CURL_USER = Lazy(
    rf"(?P<user>-(?<![\w-]-)(?:[uU]|-(?:proxy-)?user)(?:{_NEXT}|=)?+[\"']?+"
    r"[^\s:\"'@/=]{1,256}+:)[^\s\"']++"
)
_CURL_COOKIES = Lazy(
    rf"(?P<flag>-(?<![\w-]-)b{_NEXT}?+[\"']?+)"
    r"(?P<cookies>[^\s\"'=]{1,256}+=[^\"'\n]*+)"
)
_SSHPASS = Lazy(rf"(?P<flag>sshpass{_NEXT}-p{_NEXT}?+)[^\s\"']++")
_MYSQL = Lazy(r"(?P<flag>-(?<![\w-]-)p)[^\s\"'=,]++")
_ELEMENT = Lazy(
    r"(?P<tag><(?:[\w.\-]++:)?+(?P<name>[\w.\-]++)(?:\s[^<>]{0,256}+)?+>)"
    r"(?P<value>(?:<!\[CDATA\[)?+(?:[^<]++|<(?![/!?]|[\w.:\-]++[\s/>]))++)(?=</)"
)


def without_arguments(text: str) -> str:
    """
    Replace the passwords and cookies that curl, mysql and sshpass are given.

    >>> without_arguments("curl -u jo:pw https://host; mysql -u root -ppw app")
    'curl -u jo:[redacted] https://host; mysql -u root -p[redacted] app'
    """
    if "curl" in text:
        text = _CURL_USER().sub(rf"\g<user>{REDACTED}", text)
        text = _CURL_COOKIES().sub(
            lambda one: one["flag"] + without_cookies(one["cookies"]), text
        )
    if "mysql" in text:
        text = _MYSQL().sub(_without_mysql, text)
    return _SSHPASS().sub(rf"\g<flag>{REDACTED}", text)


def _without_mysql(found: re.Match[str]) -> str:
    before = found.string[max(0, found.start() - 200) : found.start()]
    return f"{found['flag']}{REDACTED}" if "mysql" in before else found[0]


def without_elements(text: str, is_secret: Callable[[list[str]], object]) -> str:
    """
    Replace what stands in elements of XML whose names announce a secret.

    >>> text = "<user>jo</user><password>pw</password>"
    >>> without_elements(text, lambda words: words == ["password"])
    '<user>jo</user><password>[redacted]</password>'
    """

    def without(found: re.Match[str]) -> str:
        value = found["value"].removeprefix("<![CDATA[").strip()
        is_kept = is_nothing(value.removesuffix("]]>").strip())
        if is_kept or not is_secret(words_of(found["name"])):
            return found[0]
        return f"{found['tag']}{REDACTED}"

    return _ELEMENT().sub(without, text)
