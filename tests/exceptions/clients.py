"""requests and urllib3, against a web server and broken ones."""

from __future__ import annotations

import requests
import urllib3
from exceptions.cases import Cases, Provoke
from exceptions.servers import (
    HOST,
    RESET,
    SILENCE,
    Talk,
    crowded,
    nobody,
    replying,
    serving,
    within_tls,
)
from exceptions.world import World

from assignment_actions import ErrorReason

API = ErrorReason.INTERNAL_API_ERROR
REQUESTS = Cases("requests", reason=API)
URLLIB3 = Cases("urllib3", reason=API)
PATIENCE = 0.1

HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
NO_GZIP = b"HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\nthis is no gzip"


# -- requests ----------------------------------------------------------------------


def required(path: str) -> Provoke:
    """Return what asks with requests for something that should be there."""

    def provoke(world: World) -> None:
        requests.get(f"{world.web}{path}", timeout=5).raise_for_status()

    return provoke


def requested(talk: Talk, timeout: float = 5) -> Provoke:
    """Return what asks with requests a server that talks so."""

    def provoke(_: World) -> None:
        with serving(talk) as port:
            requests.get(f"http://{HOST}:{port}/", timeout=(5, timeout))

    return provoke


def requested_at(url: str) -> Provoke:
    """Return what asks with requests for an address."""
    return lambda _: requests.get(url, timeout=5)


for code in (403, 404, 429, 500, 503):
    REQUESTS.add(
        f"status_{code}", "requests.exceptions.HTTPError", required(f"/status/{code}")
    )
for code in (408, 504):
    REQUESTS.add(
        f"status_{code}",
        "requests.exceptions.HTTPError",
        required(f"/status/{code}"),
        reason=ErrorReason.TIMEOUT,
    )
for name, kind, provoke in (
    ("endless_redirect", "TooManyRedirects", required("/redirect")),
    ("no_answer", "ConnectionError", requested(replying())),
    ("reset", "ConnectionError", requested(replying(RESET))),
    ("bad_status_line", "ConnectionError", requested(replying("what?"))),
    ("incomplete", "ChunkedEncodingError", requested(replying(HALF))),
    ("broken_gzip", "ContentDecodingError", requested(replying(NO_GZIP))),
    ("no_scheme", "MissingSchema", requested_at("school.invalid")),
    ("unknown_scheme", "InvalidSchema", requested_at("gopher://school.invalid")),
    ("no_host", "InvalidURL", requested_at("http://")),
    ("label_too_long", "InvalidURL", requested_at("http://.school/")),
):
    REQUESTS.add(name, f"requests.exceptions.{kind}", provoke)
REQUESTS.add(
    "silent",
    "requests.exceptions.ReadTimeout",
    requested(replying(SILENCE), PATIENCE),
    reason=ErrorReason.TIMEOUT,
)
REQUESTS.add(
    "silent_in_the_middle",
    ("requests.exceptions.ConnectionError", "requests.exceptions.ReadTimeout"),
    requested(replying(HALF, SILENCE), PATIENCE),
    reason=ErrorReason.TIMEOUT,
)


@REQUESTS.of("requests.exceptions.ConnectTimeout", reason=ErrorReason.TIMEOUT)
def cannot_connect(_: World) -> None:
    with crowded() as port:
        requests.get(f"http://{HOST}:{port}/", timeout=PATIENCE)


@REQUESTS.of("requests.exceptions.ConnectionError")
def refused(_: World) -> None:
    with nobody() as port:
        requests.get(f"http://{HOST}:{port}/", timeout=5)


@REQUESTS.of("requests.exceptions.ProxyError")
def proxy_refuses(_: World) -> None:
    with nobody() as port:
        proxies = {"http": f"http://{HOST}:{port}"}
        requests.get("http://school.invalid/", proxies=proxies, timeout=5)


@REQUESTS.of("requests.exceptions.SSLError")
def not_trusted(world: World) -> None:
    with serving(within_tls(world.certified(HOST), replying("200"))) as port:
        requests.get(f"https://{HOST}:{port}/", timeout=5)


@REQUESTS.of("OSError")
def no_such_authority(world: World) -> None:
    requests.get("https://127.0.0.1:1/", verify=str(world.folder / "no"), timeout=5)


@REQUESTS.of("requests.exceptions.JSONDecodeError")
def not_json(world: World) -> None:
    requests.get(f"{world.web}/text", timeout=5).json()


@REQUESTS.of("requests.exceptions.InvalidHeader")
def bad_header(world: World) -> None:
    requests.get(world.web, headers={"X-Course": "a\r\nb"}, timeout=5)


@REQUESTS.of("requests.exceptions.StreamConsumedError")
def read_twice(world: World) -> None:
    response = requests.get(f"{world.web}/text", stream=True, timeout=5)
    for _ in range(2):
        list(response.iter_content(1))


# -- urllib3 -----------------------------------------------------------------------


def pooled(talk: Talk, timeout: float = 5, retries: int | None = None) -> Provoke:
    """Return what asks with urllib3 a server that talks so."""

    def provoke(_: World) -> None:
        with serving(talk) as port, urllib3.HTTPConnectionPool(HOST, port) as pool:
            pool.request(
                "GET",
                "/",
                timeout=urllib3.Timeout(connect=5, read=timeout),
                retries=False if retries is None else retries,
            )

    return provoke


for name, kind, provoke in (
    ("no_answer", "ProtocolError", pooled(replying())),
    ("retried", "MaxRetryError", pooled(replying(), retries=0)),
    ("broken_gzip", "DecodeError", pooled(replying(NO_GZIP))),
    ("incomplete", "ProtocolError", pooled(replying(HALF))),
):
    URLLIB3.add(name, f"urllib3.exceptions.{kind}", provoke)
for name, kind, provoke in (
    ("silent", "ReadTimeoutError", pooled(replying(SILENCE), PATIENCE)),
    ("silent_retried", "MaxRetryError", pooled(replying(SILENCE), PATIENCE, retries=0)),
):
    URLLIB3.add(name, f"urllib3.exceptions.{kind}", provoke, reason=ErrorReason.TIMEOUT)


@URLLIB3.of("urllib3.exceptions.NewConnectionError")
def refused_by_the_system(_: World) -> None:
    with nobody() as port, urllib3.HTTPConnectionPool(HOST, port) as pool:
        pool.request("GET", "/", retries=False)


@URLLIB3.of("urllib3.exceptions.ConnectTimeoutError", reason=ErrorReason.TIMEOUT)
def never_connects(_: World) -> None:
    with crowded() as port, urllib3.HTTPConnectionPool(HOST, port) as pool:
        pool.request("GET", "/", timeout=PATIENCE, retries=False)


@URLLIB3.of("urllib3.exceptions.LocationParseError")
def no_address(_: World) -> None:
    urllib3.util.parse_url("http://a:b/")
