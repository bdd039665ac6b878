"""Who else competes; all of it is loaded late, since it need not be installed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.stores import a_database

NEEDED = (
    *("django", "simple_history", "auditlog"),
    *("django_celery_results", "eventsourcing"),
)


def missing() -> list[str]:
    """Return the peers that are not installed."""
    return [name for name in NEEDED if find_spec(name) is None]


def peers_on(
    database: str, folder: Path, stack: ExitStack, synchronous: str = "FULL"
) -> list[Any]:
    """Return the peers, each with empty tables; the stack drops them."""
    orm = _module("peer_sqlalchemy_orm").SqlalchemyOrm
    peers = [orm(stack.enter_context(a_database(database, folder)), synchronous)]
    peers += _on_django(database, folder, stack, synchronous)
    # It has no recorder for MariaDB, and asks SQLite to wait for the disk.
    if database != "mariadb" and synchronous == "FULL":
        url = stack.enter_context(a_database(database, folder))
        peers.append(_module("peer_eventsourcing").Eventsourcing(url))
    for peer in peers:
        stack.callback(peer.close)
    return peers


def shapes_of(peers: Sequence[Any]) -> list[Any]:
    """Return the ways to ask about a page by one query after another."""
    shapes = _module("peer_django_shapes")
    django = next(one for one in peers if one.name == "Django")
    return [shapes.DjangoOneByOne(django), shapes.ExistingShape(django)]


def _on_django(
    database: str, folder: Path, stack: ExitStack, synchronous: str
) -> list[Any]:
    url = stack.enter_context(a_database(database, folder))
    _module("django_setup").use(url, synchronous)
    models = _module("peer_django")
    return [
        models.Django(),
        models.DjangoHistory(),
        models.DjangoAuditlog(),
        _module("peer_celery_results").CeleryResults(),
    ]


def _module(name: str) -> Any:
    return import_module(f"benchmarks.{name}")
