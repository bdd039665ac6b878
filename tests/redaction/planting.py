"""
Hypothesis strategies that plant random secrets in random text, in every notation.

`planted(rule)` gives texts that carry a secret of one rule, `planted_texts()` of any
rule that applies by default, `planted_strings()` secrets of any characters in quotes,
`planted_urls()` URLs, `planted_details()` details. Each gives a `Planted`: the secret,
and what carries it. Nothing of the text around it looks like the secret: a store that
holds it was given it by nobody else.
"""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

import attrs
from hypothesis import strategies as st

T = TypeVar("T")
WINDOW = 6


@attrs.frozen
class Planted(Generic[T]):
    """A secret, and what carries it."""

    secret: str
    carrier: T
    rule: str

    def is_gone_from(self, text: str) -> bool:
        """Tell whether no six characters in a row of the secret are in the text."""
        rest = str(self.carrier).replace(self.secret, "\0")
        parts = {
            self.secret[start : start + WINDOW]
            for start in range(max(1, len(self.secret) - WINDOW + 1))
        }
        return not any(part in text and part not in rest for part in parts)


# letters that are no hexadecimal digits, and digits, in turn: no six characters of it
# are in a word, a number, a UUID or a row of blanks
_LETTER = "ghjkmnpqrstuvwxyzGHJKMNPQRSTUVWXYZ"


def _in_turn(first: str, second: str, low: int, high: int) -> st.SearchStrategy[str]:
    pairs = st.builds("{}{}".format, st.sampled_from(first), st.sampled_from(second))
    return st.lists(pairs, min_size=low, max_size=high).map("".join)


_SIMPLE = _in_turn(_LETTER, string.digits, 5, 10)
_BARE = st.builds(
    "{}{}z".format,
    _in_turn(_LETTER, string.digits, 2, 4),
    _in_turn("!#$*+-./:=?@^_|~", _LETTER, 2, 5),
)
_ANY = st.lists(
    st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"),
    min_size=4,
    max_size=12,
).map(lambda some: f"k7{'q'.join(some)}q")
_DIGITS = st.permutations("1234567890").map("".join)
KEYS = (
    *(
        "password",
        "passwd",
        "pwd",
        "PASSWORD",
        "db_password",
        "dbPassword",
        "user.password",
    ),
    *("secret", "client_secret", "SECRET_KEY", "token", "access_token", "refreshToken"),
    *(
        "api_key",
        "apiKey",
        "X-Api-Key",
        "AWS_SECRET_ACCESS_KEY",
        "private_key",
        "passphrase",
    ),
    *("session_id", "csrfmiddlewaretoken", "credential", "password2", "signature"),
)


def _json(key: str, value: str) -> str:
    return json.dumps({"user": "jo", key: value, "n": 1})


QUOTED: dict[str, Callable[[str, str], str]] = {
    "dict": lambda key, value: repr({"user": "jo", key: value, "n": 1}),
    "dict of lists": lambda key, value: repr({key: [value], "n": ["1"]}),
    "dict of tuples": lambda key, value: repr({key: (value,), "n": 1}),
    "dict of bytes": lambda key, value: repr({key: value.encode()}),
    "pairs": lambda key, value: repr([("user", "jo"), (key, value)]),
    "call": lambda key, value: f"Login(user='jo', {key}={value!r})",
    "json": _json,
    "json, not ascii": lambda key, value: json.dumps({key: value}, ensure_ascii=False),
    "json in json": lambda key, value: json.dumps({"body": _json(key, value)}),
    "json in json in json": lambda key, value: json.dumps(
        {"a": json.dumps({"body": _json(key, value)})}
    ),
    "indented json": lambda key, value: json.dumps({"a": {key: value}}, indent=2),
    "repr of json": lambda key, value: repr(_json(key, value)),
    "repr of a line": lambda key, value: repr(f"{key}={value!r}\nnext line"),
    "yaml": lambda key, value: f"db:\n  {key}: {json.dumps(value)}\n  port: 1",
    "toml": lambda key, value: f"[db]\n{key} = {json.dumps(value)}\nport = 1",
    "arrow": lambda key, value: f"array({key!r} => {value!r})",
    "cut": lambda key, value: f"{key}={value!r}"[:-1],
    "cut json": lambda key, value: _json(key, value).partition('", "n"')[0],
}
BARE: dict[str, Callable[[str, str], str]] = {
    "assignment": lambda key, value: f"{key}={value}",
    "spaced": lambda key, value: f"{key} = {value}",
    "header": lambda key, value: f"{key}: {value}",
    "environment": lambda key, value: f"HOME=/root\n{key}={value}\nLANG=C",
    "logfmt": lambda key, value: f"level=error user=jo {key}={value} n=1",
    "dsn": lambda key, value: f"host=db user=app {key}={value} dbname=app",
    "odbc": lambda key, value: f"Server=db;{key}={value};Database=app",
    "flag": lambda key, value: f"login --{key} {value} --verbose",
    "flag with sign": lambda key, value: f"login --{key}={value} --verbose",
    "go": lambda key, value: f"{{User:jo {key}:{value} Age:7}}",
    "argument": lambda key, value: f"Command '['login', '--{key}', '{value}']' failed",
    "query": lambda key, value: f"/login?user=jo&{key}={value.replace('#', '')}&n=1",
    "form": lambda key, value: f"user[{key}]={value}&user[name]=jo",
    "postgresql": lambda key, value: f"DETAIL:  Key ({key})=({value}) already exists.",
    "xml": lambda key, value: f"<user>jo</user><{key}>{value}</{key}>",
}
HEADERS: dict[str, Callable[[str, str], str]] = {
    "plain": lambda name, value: f"{name}: {value}\nAccept: */*",
    "dict": lambda name, value: repr({name: value, "Accept": "*/*"}),
    "json": lambda name, value: json.dumps({name: value, "Accept": "*/*"}),
    "json in json": lambda name, value: json.dumps({"h": json.dumps({name: value})}),
    "bytes": lambda name, value: repr([(name.lower().encode(), value.encode())]),
    "tuple": lambda name, value: repr([(name, value)]),
    "wire": lambda name, value: (
        "send: " + repr(f"GET / HTTP/1.1\r\n{name}: {value}\r\nAccept: */*\r\n\r\n")
    ),
    "curl": lambda name, value: f"curl -H '{name}: {value}' https://host.example/",
    "environ": lambda name, value: repr(
        {f"HTTP_{name.upper().replace('-', '_')}": value}
    ),
}
WORDS = (
    *(
        "the",
        "server",
        "said",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "'",
        '"',
        "\\",
        "\n",
        "\t",
    ),
    *("=", ":", ",", ";", "&", "%", "-", "<", ">", "/", "|", "é", "→", "\ud800", "\0"),
    *(
        "Traceback (most recent call last):",
        "line 12",
        "x=1",
        '{"a": 1}',
        "-----",
        "://",
    ),
    *(
        "ValueError: no",
        "12:30:00",
        "0x7f",
        "[redacted]",
        "[email]",
        "**",
        "@",
        "$",
        "#",
    ),
)
_AROUND = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)


def _in_text(
    rule: str, carriers: st.SearchStrategy[tuple[str, str]]
) -> st.SearchStrategy[Planted[str]]:
    return st.builds(
        lambda before, pair, after: Planted(
            pair[0], f"{before} .\n{pair[1]}\n{after}", rule
        ),
        _AROUND,
        carriers,
        _AROUND,
    )


def _noted(
    notations: dict[str, Callable[[str, str], str]],
    keys: tuple[str, ...],
    secrets: st.SearchStrategy[str],
    wrap: Callable[[str], str] = str,
) -> st.SearchStrategy[tuple[str, str]]:
    return st.builds(
        lambda notation, key, secret: (secret, notations[notation](key, wrap(secret))),
        st.sampled_from(sorted(notations)),
        st.sampled_from(keys),
        secrets,
    )


def _card(prefix: str, size: int, digits: str, separator: str) -> str:
    body = (prefix + digits)[: size - 1]
    total = sum(
        sum(divmod(int(digit) * (2 - place % 2), 10))
        for place, digit in enumerate(reversed(body))
    )
    number = body + str(-total % 10)
    groups = (4, 6, 5) if size == 15 else (4,) * 4
    if separator and size in (15, 16):
        starts = [sum(groups[:at]) for at in range(len(groups))]
        return separator.join(
            number[start : start + group]
            for start, group in zip(starts, groups, strict=True)
        )
    return number


_CARDS = st.builds(
    lambda kind, digits, separator: _card(kind[0], kind[1], digits * 2, separator),
    st.sampled_from(
        [("4", 16), ("4", 13), ("51", 16), ("2221", 16), ("34", 15), ("6011", 16)]
    ),
    _DIGITS,
    st.sampled_from(["", " ", "-"]),
)


def _body(size: int) -> st.SearchStrategy[str]:
    pairs = (size + 1) // 2
    return _in_turn(_LETTER, string.digits, pairs, pairs).map(lambda one: one[:size])


def _hexadecimal(size: int) -> st.SearchStrategy[str]:
    return _in_turn("abcdef", string.digits, size // 2, size // 2)


def _after_prefix(prefix: str, body: str) -> tuple[str, str]:
    return body, prefix + body


# what comes before the secret is cut in two, so that no scanner takes this for a key
_CLOUD_KEYS = st.one_of(
    *(
        body.map(partial(_after_prefix, first + second))
        for first, second, body in (
            ("AK", "IA", _body(16).map(str.upper)),
            ("AI", "za", _body(35)),
            *(("gh", f"{kind}_", _body(36)) for kind in "pousr"),
            ("github", "_pat_", _body(70)),
            ("glp", "at-", _body(20)),
            *(("xo", f"x{kind}-", _body(30)) for kind in "bpars"),
            ("sk_", "live_", _body(24)),
            ("rk_", "live_", _body(24)),
            ("S", "G.", st.builds("{}.{}".format, _body(22), _body(43))),
            ("np", "m_", _body(36)),
            ("py", "pi-AgEI", _body(60)),
            *(("s", f"k-{kind}", _body(40)) for kind in ("", "proj-", "ant-")),
            ("do", "p_v1_", _hexadecimal(64)),
            ("S", "K", _hexadecimal(32)),
            ("ke", "y-", _hexadecimal(32)),
        )
    )
)
_IN_SENTENCES = (
    "{}",
    "refused: {}",
    "'{}'",
    '"{}"',
    "({})",
    "<{}>",
    "x={}",
    "{}, then",
    "first\\n{}\\nlast",
)


def _said(secrets: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, str]]:
    return _in_a_sentence(secrets.map(lambda secret: (secret, secret)))


def _in_a_sentence(
    written: st.SearchStrategy[tuple[str, str]],
) -> st.SearchStrategy[tuple[str, str]]:
    return st.builds(
        lambda sentence, pair: (pair[0], sentence.format(pair[1])),
        st.sampled_from(_IN_SENTENCES),
        written,
    )


def _part(size: int) -> st.SearchStrategy[str]:
    return st.binary(min_size=size, max_size=4 * size).map(
        lambda data: base64.urlsafe_b64encode(data).decode().rstrip("=")
    )


_JWTS = st.builds("eyJ{}.{}.{}".format, _part(15), _part(15), _part(24))
_EMAILS = st.builds(
    "{}7{}@{}.{}".format,
    _SIMPLE,
    _in_turn(_LETTER, string.digits + "_", 1, 4),
    _in_turn(_LETTER.lower(), string.digits, 1, 4),
    st.sampled_from(["test", "a.test", "b-c.d.test"]),
)
_PEM = st.tuples(
    st.lists(_body(64), min_size=1, max_size=4),
    st.sampled_from(
        ["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"]
    ),
    st.sampled_from(["\n", "\\n", "\\r\\n", "\n    "]),
    st.booleans(),
).map(
    lambda one: (
        one[0][0],
        f"-----BEGIN {one[1]}-----{one[2]}{one[2].join(one[0])}"
        + (f"{one[2]}-----END {one[1]}-----" if one[3] else "'"),
    )
)
_URLS = st.builds(
    lambda form, secret: (secret, form.format(secret)),
    st.sampled_from(
        [
            *("postgresql://app:{}@db.internal:5432/app", "redis://:{}@cache:6379/0"),
            *("https://jo:{}@api.example.com/v1?x=1", "amqp://guest:{}@rabbit//"),
            *(
                "dsn='mysql+pymysql://root:{}@127.0.0.1/test'",
                '{{"url": "ftp://jo:{}@host/"}}',
            ),
            "cannot connect to mongodb+srv://admin:{}@host.example.net/?w=1, retrying",
        ]
    ),
    st.builds("{}{}".format, _SIMPLE, _in_turn("!$*+-._~", _LETTER, 0, 4)),
)
_QUERIES = st.builds(
    lambda form, key, secret: (secret, form.format(key=key, secret=secret)),
    st.sampled_from(
        [
            "https://host.example/a?x=1&{key}={secret}",
            "https://host.example/a?{key}={secret}&x=1#top",
            "/next=%2Fa%3F{key}%3D{secret}%26x%3D1",
        ]
    ),
    st.sampled_from([key for key in KEYS if key.isidentifier()]),
    _SIMPLE,
)
_RULES: dict[str, st.SearchStrategy[tuple[str, str]]] = {
    "email": _said(_EMAILS),
    "bearer": st.one_of(
        _noted(HEADERS, ("Authorization",), _SIMPLE, "Bearer {}".format),
        _noted(
            HEADERS,
            ("Authorization", "Proxy-Authorization"),
            _SIMPLE,
            "Basic {}==".format,
        ),
        _noted(HEADERS, ("Authorization",), _SIMPLE, "Token {}".format),
        _SIMPLE.map(lambda one: (one, f"refused Bearer {one} again")),
    ),
    "jwt": _said(_JWTS),
    "cookie": st.one_of(
        _noted(HEADERS, ("Cookie",), _SIMPLE, "lang=en; sessionid={}; a=b".format),
        _noted(
            {name: HEADERS[name] for name in HEADERS if name != "environ"},
            ("Set-Cookie",),
            _SIMPLE,
            "sid={}; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly".format,
        ),
    ),
    "url_password": _URLS,
    "key_value": st.one_of(
        _noted(QUOTED, KEYS, _SIMPLE), _noted(BARE, KEYS, _BARE), _QUERIES
    ),
    "cloud_key": _in_a_sentence(_CLOUD_KEYS),
    "private_key": _PEM,
    "card": _said(_CARDS),
    "telephone": _said(
        st.builds(
            "+{}{}{}".format,
            st.sampled_from(["1 ", "49", "44 "]),
            st.just("20"),
            _DIGITS.map(lambda digits: digits[:8]),
        )
    ),
}
DEFAULTS = tuple(rule for rule in _RULES if rule != "telephone")


def planted(rule: str) -> st.SearchStrategy[Planted[str]]:
    """Return texts that carry a secret of one rule."""
    return _in_text(rule, _RULES[rule])


def planted_texts() -> st.SearchStrategy[Planted[str]]:
    """Return texts that carry a secret of any rule that applies by default."""
    return st.sampled_from(DEFAULTS).flatmap(planted)


def planted_strings() -> st.SearchStrategy[Planted[str]]:
    """Return texts that carry a secret of any printable characters, in quotes."""
    escaped = st.builds(
        lambda notation, key, secret: (
            json.dumps(secret)[1:-1].rpartition("\\")[2],
            QUOTED[notation](key, secret),
        ),
        st.sampled_from(sorted(QUOTED)),
        st.sampled_from(KEYS),
        _ANY,
    )
    return _in_text("key_value", escaped)


def planted_urls() -> st.SearchStrategy[Planted[str]]:
    """Return URLs with a secret before the host or in the query."""
    return st.one_of(_URLS, _QUERIES).map(lambda pair: Planted(pair[0], pair[1], "url"))


def planted_details() -> st.SearchStrategy[Planted[dict[str, object]]]:
    """Return details that carry a secret: under a key, in a text, or as a key."""
    under_a_key = st.builds(
        lambda key, secret, wrap: Planted(
            secret, {"n": 1, "a": {key: wrap(secret)}}, "details"
        ),
        st.sampled_from(KEYS),
        _SIMPLE,
        st.sampled_from([str, lambda one: [one], lambda one: {"value": [1, one]}]),
    )
    in_a_text = planted_texts().map(
        lambda one: Planted(one.secret, {"said": [one.carrier]}, one.rule)
    )
    as_a_key = _EMAILS.map(lambda one: Planted(one, {"sent": {one: 1}}, "email"))
    return st.one_of(under_a_key, in_a_text, as_a_key)
