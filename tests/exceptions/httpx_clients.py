"""httpx, against a web server and broken ones, in a loop and without one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
from exceptions.cases import Cases, Provoke
from exceptions.clients import HALF, NO_GZIP
from exceptions.servers import (
    HOST,
    RESET,
    SILENCE,
    Talk,
    crowded,
    deaf,
    nobody,
    replying,
    serving,
    within_tls,
)
from exceptions.world import World

from assignment_actions import ErrorReason

HTTPX = Cases("httpx", reason=ErrorReason.INTERNAL_API_ERROR)
PATIENCE = 0.1


def fetched(talk: Talk, timeout: float = 5) -> Provoke:
    """Return what asks with httpx a server that talks so."""

    def provoke(_: World) -> None:
        with serving(talk) as port:
            httpx.get(f"http://{HOST}:{port}/", timeout=httpx.Timeout(5, read=timeout))

    return provoke


def expected(path: str) -> Provoke:
    """Return what asks with httpx for something that should be there."""

    def provoke(world: World) -> None:
        httpx.get(f"{world.web}{path}", follow_redirects=True).raise_for_status()

    return provoke


def fetched_at(url: str) -> Provoke:
    """Return what asks with httpx for an address."""
    return lambda _: httpx.get(url)


for code in (404, 500):
    HTTPX.add(f"status_{code}", "httpx.HTTPStatusError", expected(f"/status/{code}"))
HTTPX.add(
    "status_504",
    "httpx.HTTPStatusError",
    expected("/status/504"),
    reason=ErrorReason.TIMEOUT,
)
for name, kind, provoke in (
    ("endless_redirect", "TooManyRedirects", expected("/redirect")),
    ("no_answer", "RemoteProtocolError", fetched(replying())),
    ("bad_status_line", "RemoteProtocolError", fetched(replying("what?"))),
    ("incomplete", "RemoteProtocolError", fetched(replying(HALF))),
    ("reset", "ReadError", fetched(replying(RESET))),
    ("broken_gzip", "DecodingError", fetched(replying(NO_GZIP))),
    ("unknown_scheme", "UnsupportedProtocol", fetched_at("gopher://school.invalid")),
):
    HTTPX.add(name, f"httpx.{kind}", provoke)
HTTPX.add(
    "silent",
    "httpx.ReadTimeout",
    fetched(replying(SILENCE), PATIENCE),
    reason=ErrorReason.TIMEOUT,
)
HTTPX.add(
    "bad_address",
    "httpx.InvalidURL",
    fetched_at("http://[::1/"),
    reason=ErrorReason.UNCLASSIFIED,
)


@HTTPX.of("httpx.ConnectTimeout", reason=ErrorReason.TIMEOUT)
def connects_too_slowly(_: World) -> None:
    with crowded() as port:
        httpx.get(f"http://{HOST}:{port}/", timeout=PATIENCE)


@HTTPX.of("httpx.WriteTimeout", reason=ErrorReason.TIMEOUT)
def nobody_reads(_: World) -> None:
    def pieces() -> Iterator[bytes]:
        while True:
            yield bytes(1_000_000)

    with deaf() as port:
        timeout = httpx.Timeout(5, write=PATIENCE)
        httpx.post(f"http://{HOST}:{port}/", content=pieces(), timeout=timeout)


@HTTPX.of("httpx.PoolTimeout", reason=ErrorReason.TIMEOUT)
def no_connection_left(world: World) -> None:
    limits = httpx.Limits(max_connections=1)
    with (
        httpx.Client(limits=limits, timeout=httpx.Timeout(5, pool=PATIENCE)) as client,
        client.stream("GET", f"{world.web}/text"),
    ):
        client.get(f"{world.web}/text")


@HTTPX.of("httpx.ConnectError")
def refused_too(_: World) -> None:
    with nobody() as port:
        httpx.get(f"http://{HOST}:{port}/")


@HTTPX.of("httpx.ConnectError")
def nobody_trusts(world: World) -> None:
    with serving(within_tls(world.certified(HOST), replying("200"))) as port:
        httpx.get(f"https://{HOST}:{port}/")


@HTTPX.of("httpx.ProxyError")
def proxy_says_no(_: World) -> None:
    with serving(replying("HTTP/1.1 403 No", "")) as port:
        httpx.get("https://school.invalid/", proxy=f"http://{HOST}:{port}")


@HTTPX.of("httpx.LocalProtocolError")
def illegal_header(world: World) -> None:
    httpx.get(world.web, headers={"X Course": "a"})


@HTTPX.of("json.decoder.JSONDecodeError", reason=ErrorReason.UNCLASSIFIED)
def no_json(world: World) -> None:
    httpx.get(f"{world.web}/text").json()


@HTTPX.of("httpx.ResponseNotRead", reason=ErrorReason.UNCLASSIFIED)
def not_read(world: World) -> None:
    with httpx.stream("GET", f"{world.web}/text") as response:
        response.json()


@HTTPX.of("httpx.StreamConsumed", reason=ErrorReason.UNCLASSIFIED)
def streamed_twice(world: World) -> None:
    with httpx.stream("GET", f"{world.web}/text") as response:
        for _ in range(2):
            list(response.iter_raw())


@HTTPX.of("RuntimeError", reason=ErrorReason.UNCLASSIFIED)
def client_is_closed(world: World) -> None:
    with httpx.Client() as client:
        pass
    client.get(world.web)


async def _get(url: str) -> None:
    timeout = httpx.Timeout(5, read=PATIENCE)
    async with httpx.AsyncClient(timeout=timeout) as client:
        await client.get(url)


@HTTPX.of("httpx.ReadTimeout", reason=ErrorReason.TIMEOUT)
def silent_in_a_loop(_: World) -> None:
    with serving(replying(SILENCE)) as port:
        asyncio.run(_get(f"http://{HOST}:{port}/"))


@HTTPX.of("httpx.ConnectError")
def refused_in_a_loop(_: World) -> None:
    with nobody() as port:
        asyncio.run(_get(f"http://{HOST}:{port}/"))


@HTTPX.of("TimeoutError", reason=ErrorReason.TIMEOUT)
def given_up_in_a_loop(_: World) -> None:
    async def wait(port: int) -> None:
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient(timeout=9) as client:
            await client.get(f"http://{HOST}:{port}/")

    with serving(replying(SILENCE)) as port:
        asyncio.run(wait(port))
