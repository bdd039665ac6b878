"""Texts made to be slow: each grows to any size, and almost matches a rule."""

from __future__ import annotations

from collections.abc import Callable

REPEATED = (
    *("a", "1", " ", "\n", "@", "=", ":", '"', "'", "\\", "%", "-", ".", "_", "/", "<"),
    *("(", "[", "{", "+", ",", "&", ";", "`", "é", "\ud800", "\0", "İ"),
    *("a@", "@a", "a@a.", "a.a.", "@a.a", "a'a", "a=b@", "a%40", "%40a.", "%3A%2F%2F"),
    *("k=", "k:", "=a", "password", "password=", "password: ", "password='", "pass "),
    *(
        '"password"',
        '"password":',
        "'password',",
        "('password',",
        "password=(",
        "pwd=[",
    ),
    *(
        "password={",
        "password=<",
        "password=a,",
        "password=a&b",
        'token="\\',
        "token=\\",
    ),
    *(
        "token=\\\\",
        'token=\\"',
        'token=\\\\"a',
        "token=`",
        "token=%22",
        "token%3D",
        "--a ",
    ),
    *(
        "--password ",
        "-p",
        "curl -u a:",
        "mysql -p",
        "sshpass -p ",
        "value:",
        'value":"',
    ),
    *(
        "name:password value:",
        "auth=Basic ",
        "authorization: ",
        "Authorization: a a=b, ",
    ),
    *(
        "Bearer ",
        "bearer a",
        "Bearer a.",
        "Cookie: ",
        "Cookie: a=b; ",
        "cookie={'a':",
        "<a>",
    ),
    *(
        "<password>",
        "<a b",
        "<Cookie a",
        "<password a",
        "://",
        "://a",
        "://a:",
        "a://a@",
    ),
    *(
        "://a:b/",
        "a:b@c:",
        "eyJ",
        "eyJ.",
        "eyJa",
        "eyJa.eyJ",
        "-----BEGIN ",
        "-----BEGIN A ",
    ),
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n" + 30 * "A" + "\n",
    *("4 ", "4-", "4111 ", "4111-1111-", "1 1", "41111111 ", "0123456789", "0 12 "),
    *(
        "+1 ",
        "(555) ",
        "555-",
        "ghp_",
        "ghp_a",
        "sk-",
        "sk-a",
        "SG.",
        "xoxb-",
        "AKIA",
        "SK",
    ),
    *(
        "hooks.slack.com/services/",
        "AccountKey=",
        ":AA",
        "sig=",
        "pin=",
        "otp: 1",
        "code=",
    ),
    *(
        "[redacted]",
        "[email]",
        "password=[redacted]",
        "[redacted",
        "x-api-key: ",
        "&quot;",
    ),
    *(
        '  File "a", line 1\n',
        "    password = a\n",
        "password&quot;:&quot;",
        "self.",
        "get(",
    ),
    *(
        "[parameters: (",
        "[parameters: [",
        "[SQL: password",
        "[parameters: ('a', ]",
        "[SQL: token]\n[parameters: ('a')]\n",
        "input_value=",
        "token\n input_value='a' ",
        "session_id",
        "sessid ",
        "verification_code: 1",
        "passwordpassword=x ",
        "aKey=",
        "aK",
    ),
)
"""What is repeated until the text is long."""


def repeated(part: str) -> Callable[[int], str]:
    """Return what makes a text of about `size` characters of one part."""
    return lambda size: part * (size // len(part))


def nested(opening: str, closing: str) -> Callable[[int], str]:
    """Return what makes a text of a key, openings and closings."""
    return lambda size: (
        "password="
        + opening * (size // 2 // len(opening))
        + closing * (size // 2 // len(closing))
    )


SIGNS = ("=", ":", ": ", " =", "=f()", ": f()", "=f(),", ": or ", ':"', "=(or ")
WORDS = (
    *("password", "pass", "pwd", "pin", "passwort", "kennwort", "key", "token"),
    *("cookie", "credential", "csrf", "cvc", "code", "secret", "hmac", "auth", "sig"),
    *("cvv", "xsrf", "sessid", "sessionid", "authorization", "invalid_token"),
    *("session_key", "otp"),
)
"""A word for every hint of a key, and more that are looked at otherwise."""


def after(start: str, part: str) -> Callable[[int], str]:
    """Return what makes a text that begins with `start`, and goes on with the part."""
    return lambda size: start + part * (size // len(part))


HOSTILE: dict[str, Callable[[int], str]] = {
    **{
        f"{number}-{ascii(part)[1:-1][:24]}": repeated(part)
        for number, part in enumerate(REPEATED)
    },
    **{f"{word}{sign}": repeated(word + sign) for word in WORDS for sign in SIGNS},
    "users of curl": after("curl ", "-u,"),
    "cookies of curl": after("curl ", "-b,"),
    "names of errors": repeated("InvalidToken:"),
    "calls behind long keys": repeated("x" * 70 + "password=f()"),
    "a cookie without a value": after("cookie: a=b; ", "a"),
    "sections of XML": repeated("<password><![CDATA["),
    "elements with long names": repeated(f"<{'x' * 70}>"),
    "elements with signs in them": repeated("<a>< <"),
    "one long path": after("", "/token: "),
    "one long word after a key": lambda size: "password=" + "a" * size,
    "one long key": lambda size: "a" * size + "password=x",
    "one long key of hints": lambda size: "pass" * (size // 4) + "=x",
    "one long string": lambda size: "password='" + "a" * size,
    "one long escaped string": lambda size: 'password=\\"' + "a" * size,
    "doubled quotes": lambda size: 'password="' + '\\\\"a' * (size // 4),
    "doubled backslashes": lambda size: 'password="' + "\\" * size,
    "one long local part": lambda size: "a" * size + "@example.com",
    "one long domain": lambda size: "jo@" + "a" * size,
    "one long user": lambda size: "https://" + "a" * size + "@host",
    "one long password": lambda size: "https://jo:" + "a" * size,
    "one long line of digits": lambda size: "4" + "1" * size,
    "digits in groups, then a letter": lambda size: "4 " * (size // 2) + "x",
    "one long list": lambda size: "token=[" + "'a', " * (size // 5),
    "brackets": nested("[", "]"),
    "braces": nested("{", "}"),
    "quotes in quotes": nested("'\"", "\"'"),
    "escaped quotes": nested('\\"', '\\\\"'),
    "many indented lines": lambda size: "    password = a\n" * (size // 17),
    "a key in one long line": lambda size: "\n" + "password = a b " * (size // 15),
}
"""Makers of hostile texts by a name to print."""
