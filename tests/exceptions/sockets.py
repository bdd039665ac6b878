"""Sockets and encryption below any protocol: nobody knows who was talking."""

from __future__ import annotations

import os
import socket
import ssl
from datetime import UTC, datetime
from socketserver import StreamRequestHandler

from exceptions.cases import Cases
from exceptions.servers import (
    HANG_UP,
    HOST,
    RESET,
    SILENCE,
    Talk,
    behave,
    crowded,
    nobody,
    replying,
    serving,
    smtp,
    within_tls,
)
from exceptions.world import World

from assignment_actions import ErrorReason

SOCKETS, TLS = Cases("socket"), Cases("tls")
PATIENCE = 0.1


def called(talk: Talk) -> None:
    """Ask a server that talks so, and read until it ends."""
    with serving(talk) as port, socket.create_connection((HOST, port)) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        while client.recv(100):
            pass


SOCKETS.add("reset", "ConnectionResetError", lambda _: called(replying(RESET)))
SOCKETS.add(
    "unknown_host", "socket.gaierror", lambda _: socket.getaddrinfo("::1%nowhere", 25)
)
SOCKETS.add("bad_address", "OSError", lambda _: socket.inet_aton("300.1.2.3"))
SOCKETS.add(
    "name_too_long",
    ("UnicodeError", "UnicodeEncodeError"),
    lambda _: socket.getaddrinfo("a" * 70 + ".org", 1),
)


@SOCKETS.of("ConnectionRefusedError")
def refused(_: World) -> None:
    with nobody() as port:
        socket.create_connection((HOST, port))


@SOCKETS.of("TimeoutError", reason=ErrorReason.TIMEOUT)
def cannot_connect(_: World) -> None:
    with crowded() as port:
        socket.create_connection((HOST, port), timeout=PATIENCE)


@SOCKETS.of("TimeoutError", reason=ErrorReason.TIMEOUT)
def silent(_: World) -> None:
    one, other = socket.socketpair()
    with one, other:
        one.settimeout(PATIENCE)
        one.recv(1)


@SOCKETS.of("BrokenPipeError")
def broken_pipe(_: World) -> None:
    one, other = socket.socketpair()
    with one:
        other.close()
        one.sendall(b"anybody?")


@SOCKETS.of("BlockingIOError")
def nothing_yet(_: World) -> None:
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        one.recv(1)


@SOCKETS.of("OverflowError")
def port_out_of_range(_: World) -> None:
    with socket.socket() as client:
        client.connect((HOST, 99999))


@SOCKETS.of("OSError")
def address_in_use(_: World) -> None:
    with socket.create_server((HOST, 0)) as server:
        socket.create_server(server.getsockname())


@SOCKETS.of("OSError")
def address_of_somebody_else(_: World) -> None:
    with socket.socket() as server:
        server.bind(("192.0.2.1", 0))


@SOCKETS.of("OSError")
def not_connected(_: World) -> None:
    with socket.socket() as client:
        client.recv(1)


@SOCKETS.of("OSError")
def closed(_: World) -> None:
    with socket.socket() as client:
        pass
    client.recv(1)


@SOCKETS.of("OSError")
def datagram_too_large(_: World) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(bytes(100_000), (HOST, 9))


@SOCKETS.of("FileNotFoundError")
def no_such_local_socket(world: World) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(os.fspath(world.folder / "nobody"))


@SOCKETS.of("OSError")
def local_name_too_long(_: World) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("/" + "a" * 200)


# -- encryption --------------------------------------------------------------------


def shake_hands(talk: Talk, client: ssl.SSLContext, patience: float = 5) -> None:
    """Begin to talk in secret to a server that should be school.invalid."""
    with (
        serving(talk) as port,
        socket.create_connection((HOST, port), timeout=patience) as plain,
        client.wrap_socket(plain, server_hostname="school.invalid") as secret,
    ):
        secret.sendall(b"GET / HTTP/1.0\r\n\r\n")
        secret.recv(1)


@TLS.of("ssl.SSLError")
def plain_server(_: World) -> None:
    shake_hands(smtp(), ssl.create_default_context())


@TLS.of("ssl.SSLCertVerificationError")
def not_trusted(world: World) -> None:
    talk = within_tls(world.certified("school.invalid"), replying(HANG_UP))
    shake_hands(talk, ssl.create_default_context())


@TLS.of("ssl.SSLCertVerificationError")
def wrong_name(world: World) -> None:
    talk = within_tls(world.certified("else.invalid"), replying(HANG_UP))
    shake_hands(talk, world.trusting())


@TLS.of("ssl.SSLCertVerificationError")
def expired(world: World) -> None:
    until = datetime(2021, 1, 1, tzinfo=UTC)
    talk = within_tls(world.certified("school.invalid", until=until), replying(HANG_UP))
    shake_hands(talk, world.trusting())


@TLS.of("ssl.SSLError")
def other_version(world: World) -> None:
    server, client = world.certified("school.invalid"), world.trusting()
    server.minimum_version = ssl.TLSVersion.TLSv1_3
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    shake_hands(within_tls(server, replying(HANG_UP)), client)


@TLS.of("ssl.SSLError", "ssl.SSLEOFError", "ConnectionResetError", "BrokenPipeError")
def client_certificate_missing(world: World) -> None:
    server = world.certified("school.invalid")
    server.verify_mode = ssl.CERT_REQUIRED
    world.authority.configure_trust(server)
    shake_hands(within_tls(server, replying("200 never said")), world.trusting())


@TLS.of("ssl.SSLEOFError", "ssl.SSLZeroReturnError", "ConnectionResetError")
def ends_while_shaking_hands(_: World) -> None:
    shake_hands(lambda peer: peer.rfile.read(10), ssl.create_default_context())


@TLS.of("ConnectionResetError")
def reset_while_shaking_hands(_: World) -> None:
    def talk(peer: StreamRequestHandler) -> None:
        peer.rfile.read(10)
        behave(peer, RESET)

    shake_hands(talk, ssl.create_default_context())


@TLS.of("TimeoutError", reason=ErrorReason.TIMEOUT)
def silent_while_shaking_hands(_: World) -> None:
    shake_hands(
        lambda peer: behave(peer, SILENCE),
        ssl.create_default_context(),
        PATIENCE,
    )


@TLS.of("FileNotFoundError")
def no_such_authority(world: World) -> None:
    ssl.create_default_context(cafile=str(world.folder / "nothing.pem"))


@TLS.of("ssl.SSLError")
def authority_is_no_certificate(world: World) -> None:
    ssl.create_default_context(cafile=str(world.file("no.pem", b"not a certificate")))


@TLS.of("ssl.SSLError")
def key_of_another(world: World) -> None:
    one = world.authority.issue_cert("one.invalid")
    other = world.authority.issue_cert("other.invalid")
    chain = world.file("chain.pem", one.cert_chain_pems[0].bytes())
    key = world.file("key.pem", other.private_key_pem.bytes())
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key)


@TLS.of("ssl.SSLError")
def no_such_cipher(_: World) -> None:
    ssl.create_default_context().set_ciphers("NOTHING")


@TLS.of("ssl.SSLWantReadError")
def not_yet(_: World) -> None:
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        context = ssl.create_default_context()
        with context.wrap_socket(
            one, server_hostname="school.invalid", do_handshake_on_connect=False
        ) as secret:
            secret.do_handshake()


@TLS.of("ValueError")
def name_missing(_: World) -> None:
    one, other = socket.socketpair()
    with one, other:
        ssl.create_default_context().wrap_socket(one)
