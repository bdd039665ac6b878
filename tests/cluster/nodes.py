"""A MariaDB Galera cluster of our own on loopback: formed, hurt, taken away."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine
from sqlalchemy.exc import DBAPIError

HOST = "127.0.0.1"
DATABASE = "test"
PROVIDER = Path("/usr/lib/galera/libgalera_smm.so")
JOINED_IN = 60.0

SETTINGS = {
    "binlog-format": "ROW",
    "default-storage-engine": "InnoDB",
    "innodb-autoinc-lock-mode": 2,
    "innodb-flush-log-at-trx-commit": 1,  # as a host must have it
    "innodb-buffer-pool-size": "32M",
    "innodb-log-file-size": "32M",
    "bind-address": HOST,
    "wsrep-on": "ON",
    "wsrep-cluster-name": "assignment_actions",
    "wsrep-sst-method": "rsync",
    "wsrep-sync-wait": 0,  # MariaDB's default; who needs another sets it
    "wsrep-slave-threads": 4,
    "wsrep-retry-autocommit": 0,  # each conflict is ours to try again
}
OPTIONS = {
    "gcache.size": "16M",
    "evs.keepalive_period": "PT0.5S",
    "evs.inactive_check_period": "PT0.5S",
    "evs.suspect_timeout": "PT3S",
    "evs.inactive_timeout": "PT6S",
    "evs.install_timeout": "PT6S",
}


class AbsentError(Exception):
    """Say what a cluster needs that is not here."""


class Node:
    """One `mariadbd` with a folder, four ports and a life of its own."""

    def __init__(self, name: str, folder: Path, user: str | None) -> None:
        self.name = name
        self.folder = folder / name
        self.port, self.group, self.transfer, self.receive = free_ports(4)
        self.url = f"mariadb+pymysql://root@{HOST}:{self.port}/{DATABASE}"
        self._user = user
        self._engine = create_engine(
            self.url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,  # a node alone refuses it
            connect_args={"connect_timeout": 2, "read_timeout": 10},
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Return where the other nodes find it."""
        return f"{HOST}:{self.group}"

    @property
    def log(self) -> Path:
        """Return the file of what the server says."""
        return self.folder / "log"

    def install(self) -> None:
        """Make its data folder, with the empty database `test`."""
        self.folder.mkdir()
        _give(self.folder, self._user)
        command = ["mariadb-install-db", "--no-defaults", f"--datadir={self._data}"]
        subprocess.run(
            command, user=self._user, group=self._user, check=True, capture_output=True
        )

    def start(self, cluster: Sequence[Node], *, is_first: bool = False) -> None:
        """Start the process, which joins the others; the first makes the cluster."""
        command = self._command([one.address for one in cluster])
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--wsrep-new-cluster"] if is_first else command,
                user=self._user,
                group=self._user,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C is ours to handle
            )

    def ask(self, statement: str) -> Sequence[tuple[Any, ...]]:
        """Run a statement on a connection of its own."""
        with self._engine.connect() as connection:
            result = connection.exec_driver_sql(statement)
            return [tuple(row) for row in result] if result.returns_rows else []

    def status(self, name: str) -> str:
        """Return one of the server's status variables, "" where it does not answer."""
        with suppress(DBAPIError):
            for row in self.ask(f"SHOW STATUS LIKE '{name}'"):
                return str(row[1])
        return ""

    def is_in(self, size: int) -> bool:
        """Tell whether it serves clients, in a cluster of so many nodes."""
        self.require_alive()
        return (
            self.status("wsrep_cluster_size") == str(size)
            and self.status("wsrep_ready") == "ON"
            and self.status("wsrep_local_state_comment") == "Synced"
        )

    def require_alive(self) -> None:
        """Raise with the end of its log where the server has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            end = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise RuntimeError(f"{self.name} ended by itself:\n{end}")

    # -- what can happen to it ---------------------------------------------------------

    def kill(self) -> None:
        """End it without a good-bye."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)

    def freeze(self) -> None:
        """Stop it in the middle of whatever it does."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """Take it down, politely for five seconds, with all that it started."""
        if self._process is None:
            return
        self.thaw()
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        with suppress(ProcessLookupError):  # a state transfer's rsync among them
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(30)
        self._process = None

    # -- behind ------------------------------------------------------------------------

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _command(self, addresses: Sequence[str]) -> list[str]:
        options = {
            **OPTIONS,
            "base_port": self.group,
            "gmcast.listen_addr": f"tcp://{self.address}",
            "ist.recv_addr": f"{HOST}:{self.transfer}",
        }
        own = {
            "datadir": self._data,
            "tmpdir": self.folder,  # a server empties its tmpdir: never a shared one
            "socket": self.folder / "socket",
            "pid-file": self.folder / "pid",
            "port": self.port,
            "wsrep-provider": PROVIDER,
            "wsrep-cluster-address": f"gcomm://{','.join(addresses)}",
            "wsrep-node-name": self.name,
            "wsrep-node-address": HOST,
            "wsrep-node-incoming-address": f"{HOST}:{self.port}",
            "wsrep-sst-receive-address": f"{HOST}:{self.receive}",
            "wsrep-provider-options": ";".join(f"{k}={v}" for k, v in options.items()),
        }
        settings = [f"--{name}={value}" for name, value in {**SETTINGS, **own}.items()]
        fixed = ["--no-defaults", "--skip-grant-tables"]
        return [str(_program("mariadbd")), *fixed, *settings]

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)


class Cluster:
    """Three nodes that hold the same rows."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes
        self.formed_in = 0.0
        """Seconds from nothing to three nodes that serve."""

    def form(self) -> None:
        """Start the first node, then the others, which fetch its rows."""
        begun = time.monotonic()
        for node in self.nodes:
            node.install()
        first, *others = self.nodes
        first.start(self.nodes, is_first=True)
        self.wait([first])
        for node in others:
            node.start(self.nodes)
        self.wait()
        self.formed_in = time.monotonic() - begun

    def wait(self, nodes: Sequence[Node] | None = None) -> None:
        """Wait until these nodes, and no others, are one cluster that serves."""
        members = self.nodes if nodes is None else nodes
        wait_for(lambda: all(one.is_in(len(members)) for one in members), JOINED_IN)

    def restart(self, node: Node) -> None:
        """Start a killed node again; it fetches what it missed."""
        node.start(self.nodes)
        self.wait()

    @contextmanager
    def cut_off(self, node: Node) -> Iterator[None]:
        """Let a node hear no other meanwhile; its clients still reach it."""
        node.ask("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'")
        try:
            wait_for(lambda: node.status("wsrep_ready") == "OFF", JOINED_IN)
            yield
        finally:
            node.ask("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'")
        self.wait()

    @contextmanager
    def frozen(self, node: Node) -> Iterator[None]:
        """Stop a node meanwhile in the middle of whatever it does."""
        node.freeze()
        try:
            yield
        finally:
            node.thaw()
        self.wait()


@contextmanager
def a_cluster(count: int = 3) -> Iterator[Cluster]:
    """
    Yield a formed cluster, and leave nothing of it behind.

    Raises:
        AbsentError: something it needs is not here.
    """
    if not PROVIDER.exists():
        raise AbsentError(f"there is no {PROVIDER} here (Debian: galera-4)")
    for name in ("mariadbd", "mariadb-install-db", "rsync"):
        _program(name)
    user = _own_user()
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="galera-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        _give(folder, user)
        nodes = [Node(f"node{number}", folder, user) for number in range(1, count + 1)]
        for node in nodes:
            stack.callback(node.stop)
        cluster = Cluster(nodes)
        cluster.form()
        yield cluster


def free_ports(count: int) -> list[int]:
    """Return so many ports that nobody listens on, all different."""
    with ExitStack() as stack:
        listeners = [
            stack.enter_context(socket.create_server((HOST, 0))) for _ in range(count)
        ]
        return [int(one.getsockname()[1]) for one in listeners]


def wait_for(is_so: Callable[[], bool], seconds: float) -> None:
    """Wait until something is so, no longer than that."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"it did not come true within {seconds:g} s")
        time.sleep(0.1)


def _program(name: str) -> Path:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
    if found is None:
        raise AbsentError(f"there is no {name} here")
    return Path(found)


def _own_user() -> str | None:
    """Return who runs the servers: root may not."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("mysql").pw_name
    except KeyError as error:
        raise AbsentError("there is no user mysql here") from error


def _give(folder: Path, user: str | None) -> None:
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
