"""Ways in which a database is away: behind a proxy that resets, or really stopped."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import OperationalError

RESET = struct.pack("ii", 1, 0)
HOST = "127.0.0.1"


class Outage(Protocol):
    """A database that can be taken away and brought back."""

    url: str

    def begin(self) -> None:
        """Take it away."""
        ...

    def end(self) -> None:
        """Bring it back; it answers when this returns."""
        ...


class Proxy:
    """Pass connections on to a server, or reset all of them and each new one."""

    def __init__(self, url: str) -> None:
        target = make_url(url)
        assert target.port is not None
        self._target = target.host or HOST, target.port
        self._listener = socket.create_server((HOST, 0))
        self._sockets: set[socket.socket] = set()
        self._is_away = False
        self._lock = threading.Lock()
        self.url: str = target.set(
            host=HOST, port=self._listener.getsockname()[1]
        ).render_as_string(hide_password=False)
        threading.Thread(target=self._accept, daemon=True).start()

    def begin(self) -> None:
        with self._lock:
            self._is_away = True
            for one in self._sockets:
                with suppress(OSError):
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    one.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        with self._lock:
            self._is_away = False

    def close(self) -> None:
        self.begin()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with self._lock:
                    if self._is_away:
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                        client.close()
                        continue
                    server = socket.create_connection(self._target)
                    self._sockets |= {client, server}
                for one, other in ((client, server), (server, client)):
                    threading.Thread(
                        target=self._pass_on, args=[one, other], daemon=True
                    ).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with self._lock:
            for one in (source, target):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
                self._sockets.discard(one)


class Server:
    """A database server of our own, on a port of its own, killed and started again."""

    def __init__(self, url: str, command: list[str], user: str | None) -> None:
        self.url: str = url
        self._command = command
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)  # PostgreSQL: at once, no good-bye
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        self._process.kill()
        self._process.wait(30)

    def end(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            user=self._user,
            group=self._user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self._answers, 60)

    def close(self) -> None:
        if self._process is not None:
            self.begin()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the server did not start"
        engine = create_engine(self.url)
        try:
            engine.connect().close()
        except OperationalError:
            return False
        finally:
            engine.dispose()
        return True


@contextmanager
def a_proxy(url: str) -> Iterator[Outage]:
    """Yield a shared server, behind a proxy of our own."""
    proxy = Proxy(url)
    try:
        yield proxy
    finally:
        proxy.close()


@contextmanager
def a_server(name: str) -> Iterator[Outage]:
    """Yield a server that was made for this, and is stopped afterwards."""
    make = {"postgresql": _postgresql, "mariadb": _mariadb}[name]
    folder = Path(tempfile.mkdtemp(prefix="outage-"))
    server: Server | None = None
    try:
        server = make(folder)
        server.end()
        yield server
    finally:
        if server is not None:
            server.close()
        shutil.rmtree(folder, ignore_errors=True)


def _postgresql(folder: Path) -> Server:
    user = _own_user("postgres", folder)
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    postgres = _program("postgres", str(found[-1]) if found else None)
    data, port = folder / "data", _free_port()
    _run(
        [f"{postgres.parent}/initdb", "-D", data, "-U", "postgres", "-A", "trust"], user
    )
    options = {
        "port": port,
        "listen_addresses": HOST,
        "unix_socket_directories": folder,
    }
    command = [str(postgres), "-D", str(data)]
    command += [f"--{name}={value}" for name, value in options.items()]
    return Server(
        f"postgresql+psycopg://postgres@{HOST}:{port}/postgres", command, user
    )


def _mariadb(folder: Path) -> Server:
    user = _own_user("mysql", folder)
    mariadbd = _program("mariadbd", shutil.which("mariadbd", path="/usr/sbin:/usr/bin"))
    install = _program("mariadb-install-db", shutil.which("mariadb-install-db"))
    data, port = folder / "data", _free_port()
    no_defaults, at = "--no-defaults", f"--datadir={data}"
    _run([install, no_defaults, at], user)  # with its empty database `test`
    command = [str(mariadbd), no_defaults, at, f"--port={port}", "--skip-grant-tables"]
    command += [f"--bind-address={HOST}", f"--socket={folder}/socket"]
    # a folder of its own: at its start a server removes the tables left in its tmpdir
    command += [f"--pid-file={folder}/pid", "--skip-networking=0", f"--tmpdir={data}"]
    return Server(f"mariadb+pymysql://root@{HOST}:{port}/test", command, user)


def _program(name: str, path: str | None) -> Path:
    if path is None:
        pytest.skip(f"there is no {name} here: no server was really stopped")
    return Path(path)


def _own_user(name: str, folder: Path) -> str | None:
    """Return who runs the server: root may not, so the folder is given away."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        pytest.skip(f"there is no user {name} here: no server was really stopped")
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return name


def _run(command: list[object], user: str | None) -> None:
    words = [str(word) for word in command]
    subprocess.run(words, user=user, group=user, check=True, capture_output=True)


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_for(is_so: Callable[[], bool], seconds: float) -> None:
    """Wait until something is so, no longer than that."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)
