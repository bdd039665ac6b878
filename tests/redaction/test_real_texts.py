"""Texts as programs really write them: made here, by really doing it."""

from __future__ import annotations

import http.client
import io
import json
import os
import pprint
import shlex
import smtplib
import subprocess
import sys
import threading
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from http.cookiejar import CookieJar
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import urlencode

import attrs
import pytest
from sqlalchemy import create_engine, text

from assignment_actions.domain.redaction import redact_defaults

SECRET = "Zx9-k7Qp2" + "mV4t"
EMAIL = "zoe.kim@univ.example"


@dataclass
class Login:
    user: str
    password: str


@attrs.frozen
class Client:
    url: str
    api_key: str


class Refusing(BaseHTTPRequestHandler):
    """Answers every request with 403, a cookie, and the request's own headers."""

    def do_GET(self) -> None:  # the name that http.server calls
        body = json.dumps(dict(self.headers)).encode()
        self.send_response(403)
        self.send_header("Set-Cookie", f"sessionid={SECRET}; Path=/; HttpOnly")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def a_server() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def told(call: Callable[[], object]) -> str:
    """Return the traceback of what a call raises."""
    try:
        call()
    except Exception:  # noqa: BLE001  # whatever it raises is what is looked at
        return traceback.format_exc()
    raise AssertionError("nothing was raised")


def of_a_subprocess() -> str:
    script = "import sys; sys.exit(3)"
    arguments = [
        sys.executable,
        "-c",
        script,
        "--password",
        SECRET,
        f"--token={SECRET}",
    ]
    return told(lambda: subprocess.run(arguments, check=True))


def of_a_shell() -> str:
    line = shlex.join(
        ["curl", "-u", f"zoe:{SECRET}", "-H", f"X-Api-Key: {SECRET}", "https://h"]
    )
    return told(lambda: subprocess.run(["sh", "-c", f": {line}; exit 7"], check=True))


def of_an_environment() -> str:
    code = "import os, pprint; print(os.environ); pprint.pprint(dict(os.environ))"
    environment = {"DB_PASSWORD": SECRET, "AWS_SECRET_ACCESS_KEY": SECRET, "LANG": "C"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def of_env() -> str:
    environment = {"PATH": os.environ["PATH"], "SMTP_PASSWORD": SECRET}
    return subprocess.run(
        ["env"], env=environment, capture_output=True, text=True, check=True
    ).stdout


def of_sql_parameters() -> str:
    engine = create_engine("sqlite://")
    statement = text("INSERT INTO users (email, password) VALUES (:email, :password)")
    with engine.connect() as connection:
        return told(
            lambda: connection.execute(statement, {"email": EMAIL, "password": SECRET})
        )


def of_an_unknown_dialect() -> str:
    return told(lambda: create_engine(f"nosuch://app:{SECRET}@db/app")) + str(
        f"postgresql://app:{SECRET}@db/app"
    )


def of_wire() -> str:
    out = io.StringIO()
    with a_server() as port, redirect_stdout(out):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.set_debuglevel(1)
        headers = {"Authorization": f"Bearer {SECRET}", "Cookie": f"a={SECRET}"}
        connection.request("GET", f"/?{urlencode({'token': SECRET})}", headers=headers)
        answer = connection.getresponse()
        print(answer.getheaders(), answer.read(), answer.headers, sep="\n")
        connection.close()
    return out.getvalue()


def of_urllib() -> str:
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    with a_server() as port:
        url = f"http://127.0.0.1:{port}/?password={SECRET}"
        request = urllib.request.Request(url, headers={"X-Api-Key": SECRET})

        def call() -> None:
            try:
                opener.open(request)
            except urllib.error.HTTPError as error:
                raise RuntimeError(
                    f"{error} {error.read()!r} {request.headers}"
                ) from error

        return told(call) + repr(jar)


def of_smtp() -> str:
    answer = {EMAIL: (550, f"5.1.1 <{EMAIL}>: no such user".encode())}
    error = smtplib.SMTPRecipientsRefused(answer)
    return f"{error!r} {error}"


def of_reprs() -> str:
    login = Login("zoe", SECRET)
    made = [
        login,
        Client("https://h", SECRET),
        {"auth": ("zoe", SECRET)},
        [("token", SECRET)],
    ]
    return f"{made} {login!r}\n" + pprint.pformat(
        {"a": {"secret": SECRET}, "b": made}, width=40
    )


def of_json() -> str:
    inner = json.dumps({"password": SECRET, "n": 1})
    middle = json.dumps({"body": inner, "token": SECRET})
    return "\n".join(
        [
            inner,
            middle,
            json.dumps({"a": middle}),
            repr(middle),
            json.dumps(json.loads(inner), indent=4),
        ]
    )


def of_cookies() -> str:
    cookie = SimpleCookie({"sessionid": SECRET})
    cookie["sessionid"]["path"] = "/"
    sent = cookie.output(header="").strip()
    return f"{cookie}\n{cookie['sessionid'].OutputString()}\nCookie: {sent}"


def of_requests() -> str:
    requests = pytest.importorskip("requests")
    session: Any = requests.Session()
    session.cookies.set("sessionid", SECRET, domain="127.0.0.1")
    url = f"http://zoe:{SECRET}@127.0.0.1:9/login"
    prepared = session.prepare_request(
        requests.Request(
            "POST", url, data={"password": SECRET}, params={"api_key": SECRET}
        )
    )
    with a_server() as port:
        answer = session.get(
            f"http://127.0.0.1:{port}/?token={SECRET}", auth=("zoe", SECRET)
        )
        refused = told(answer.raise_for_status)
    return "\n".join(
        [
            told(lambda: requests.get(url, params={"token": SECRET}, timeout=1)),
            refused,
            str(answer.text),
            repr(answer.cookies),
            repr(answer.headers),
            *(str(one) for one in (prepared.url, prepared.headers, prepared.body)),
            repr(session.cookies),
        ]
    )


def of_httpx() -> str:
    httpx = pytest.importorskip("httpx")
    headers = {"Authorization": f"Token {SECRET}", "Cookie": f"a={SECRET}"}
    request = httpx.Request(
        "GET", f"http://127.0.0.1:9/?token={SECRET}", headers=headers
    )
    cookies = httpx.Cookies({"sessionid": SECRET})
    return "\n".join(
        [
            told(lambda: httpx.get(f"http://zoe:{SECRET}@127.0.0.1:9/", timeout=1)),
            told(lambda: httpx.get(f"http://h/?token={SECRET}\n")),
            *(
                repr(one)
                for one in (request, request.headers, request.headers.raw, cookies)
            ),
        ]
    )


def of_pydantic() -> str:
    pydantic = pytest.importorskip("pydantic")
    model: Any = pydantic.create_model(
        "Form", user=(str, ...), password=(str, ...), token=(int, ...)
    )
    return told(lambda: model(user="zoe", token=SECRET)) + repr(
        model.model_construct(user="zoe", password=SECRET, token=1)
    )


MADE_BY = {
    name.removeprefix("of_").replace("_", " "): made
    for name, made in list(globals().items())
    if name.startswith("of_")
}


@pytest.mark.parametrize("name", MADE_BY)
def test_nothing_of_the_secret_is_left(name: str) -> None:
    """The text held the secret, or the address, and holds neither any more."""
    made = MADE_BY[name]()

    assert SECRET in made or EMAIL in made
    left = redact_defaults(made)
    assert "\n".join(line for line in left.splitlines() if SECRET[:6] in line) == ""
    assert EMAIL not in left
