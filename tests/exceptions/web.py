"""The standard library's web client, against a web server and broken ones."""

from __future__ import annotations

import http.client
import urllib.request
from contextlib import closing
from urllib.parse import urlsplit

from exceptions.cases import Cases, Provoke
from exceptions.servers import (
    HOST,
    RESET,
    SILENCE,
    crowded,
    nobody,
    replying,
    serving,
    smtp,
)
from exceptions.world import World

from assignment_actions import ErrorReason

WEB = Cases("web", reason=ErrorReason.INTERNAL_API_ERROR)
PATIENCE = 0.1
HALF = b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nhalf"


def opened(url: str, timeout: float = 5) -> bytes:
    """Return what stands at an address."""
    with urllib.request.urlopen(url, timeout=timeout) as response:
        return bytes(response.read())


def asking(*replies: str | bytes, timeout: float = 5) -> Provoke:
    """Return what asks a server that replies so."""

    def provoke(_: World) -> None:
        with serving(replying(*replies)) as port:
            opened(f"http://{HOST}:{port}/", timeout)

    return provoke


def opening(url: str) -> Provoke:
    """Return what asks for an address."""
    return lambda _: opened(url)


def status(code: int) -> None:
    """Add an answer that is an error."""

    def provoke(world: World) -> None:
        try:
            opened(f"{world.web}/status/{code}")
        except urllib.request.HTTPError as error:  # it is an open file, too
            error.close()
            raise

    is_late = code in (408, 504)
    WEB.add(
        f"status_{code}",
        "urllib.error.HTTPError",
        provoke,
        reason=ErrorReason.TIMEOUT if is_late else None,
    )


for code in (400, 401, 403, 404, 408, 410, 422, 429, 500, 502, 503, 504):
    status(code)

for name, kind, replies in (
    ("bad_status_line", "http.client.BadStatusLine", ("what?",)),
    ("no_answer", "http.client.RemoteDisconnected", ()),
    ("reset", "ConnectionResetError", (RESET,)),
    ("line_too_long", "http.client.LineTooLong", ("HTTP/1.0 200 " + "a" * 70_000,)),
    (
        "too_many_headers",
        "http.client.HTTPException",
        ("HTTP/1.0 200 OK", *["a: b"] * 150, ""),
    ),
    ("incomplete", "http.client.IncompleteRead", (HALF,)),
    (
        "broken_chunks",
        "http.client.IncompleteRead",
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",),
    ),
    ("unknown_protocol", "http.client.UnknownProtocol", ("HTTP/9.9 200 OK", "")),
):
    WEB.add(name, kind, asking(*replies))

for name, provoke in (
    ("silent", asking(SILENCE, timeout=PATIENCE)),
    ("silent_in_the_middle", asking(HALF, SILENCE, timeout=PATIENCE)),
):
    WEB.add(name, "TimeoutError", provoke, reason=ErrorReason.TIMEOUT)

for name, url in (
    ("unknown_scheme", "gopher://127.0.0.1/"),
    ("unknown_host", "http://[::1%25nowhere]/"),
    ("no_such_file", "file:///no/such/file"),
):
    WEB.add(name, "urllib.error.URLError", opening(url))
WEB.add(
    "encrypted_to_a_plain_server",
    "urllib.error.URLError",
    lambda world: opened(world.web.replace("http", "https")),
)

WEB.add(
    "no_address",
    "ValueError",
    opening("nothing"),
    reason=ErrorReason.UNCLASSIFIED,
)
WEB.add(
    "bad_address",
    "ValueError",
    opening("http://[::1/"),
    reason=ErrorReason.UNCLASSIFIED,
)
WEB.add("blank_in_address", "http.client.InvalidURL", opening("http://a/b c"))
WEB.add("port_is_no_number", "http.client.InvalidURL", opening("http://a:b/"))


@WEB.of("urllib.error.HTTPError")
def endless_redirect(world: World) -> None:
    try:
        opened(f"{world.web}/redirect")
    except urllib.request.HTTPError as error:
        error.close()
        raise


@WEB.of("urllib.error.URLError")
def refused(_: World) -> None:
    with nobody() as port:
        opened(f"http://{HOST}:{port}/")


@WEB.of("urllib.error.URLError", reason=ErrorReason.TIMEOUT)
def cannot_connect(_: World) -> None:
    with crowded() as port:
        opened(f"http://{HOST}:{port}/", PATIENCE)


@WEB.of("ConnectionRefusedError")
def refused_below(_: World) -> None:
    with nobody() as port, closing(http.client.HTTPConnection(HOST, port)) as client:
        client.request("GET", "/")


@WEB.of("ssl.SSLError")
def plain_server_below(_: World) -> None:
    with (
        serving(smtp()) as port,
        closing(http.client.HTTPSConnection(HOST, port)) as client,
    ):
        client.request("GET", "/")


@WEB.of("http.client.CannotSendRequest")
def asked_twice(world: World) -> None:
    with closing(http.client.HTTPConnection(urlsplit(world.web).netloc)) as client:
        client.request("GET", "/")
        client.request("GET", "/")


@WEB.of("http.client.ResponseNotReady")
def asked_for_nothing(world: World) -> None:
    with closing(http.client.HTTPConnection(urlsplit(world.web).netloc)) as client:
        client.getresponse()


@WEB.of("http.client.InvalidURL")
def line_break_in_method(world: World) -> None:
    with closing(http.client.HTTPConnection(urlsplit(world.web).netloc)) as client:
        client.putrequest("GET", "/a\r\nb")
