"""The world in which exceptions are provoked: all of it is on this machine."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Self

import trustme
from exceptions.servers import HOST, pages, running
from sqlalchemy import Engine, create_engine


class World:
    """Start what a case needs when it is first asked for; close all at the end."""

    def __init__(self, folder: Path, url_of: Callable[[str], str]) -> None:
        self.folder = folder
        self.url_of = url_of
        self._open = ExitStack()
        self._engines: dict[str, Engine] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @cached_property
    def web(self) -> str:
        """Return the address of a web server."""
        return f"http://{HOST}:{self._open.enter_context(running(pages()))}"

    @cached_property
    def authority(self) -> trustme.CA:
        """Return an authority that nobody trusts."""
        return trustme.CA(key_type=trustme.KeyType.ECDSA)

    def certified(self, name: str, *, until: datetime | None = None) -> ssl.SSLContext:
        """Return what a server needs that claims to be so called."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate = self.authority.issue_cert(
            name,
            not_before=datetime(2020, 1, 1, tzinfo=UTC),
            not_after=until or datetime(2100, 1, 1, tzinfo=UTC),
            key_type=trustme.KeyType.ECDSA,
        )
        certificate.configure_cert(context)
        return context

    def trusting(self) -> ssl.SSLContext:
        """Return what a client needs that trusts the authority."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    def engine(self, store: str) -> Engine:
        """Return an engine on a database of its own."""
        if store not in self._engines:
            engine = create_engine(self.url_of(store))
            self._open.callback(engine.dispose)
            self._engines[store] = engine
        return self._engines[store]

    def file(self, name: str, content: bytes = b"") -> Path:
        """Return a new file."""
        path = self.folder / name
        path.write_bytes(content)
        return path
