"""All cases, by name."""

from __future__ import annotations

from collections.abc import Mapping

from exceptions import (
    alchemy,
    aws,
    chains,
    clients,
    concurrency,
    drivers,
    files,
    formats,
    hostile,
    httpx_clients,
    language,
    mail,
    processes,
    sockets,
    web,
)
from exceptions.cases import Case, Cases

_MODULES = (
    *(alchemy, aws, chains, clients, concurrency, drivers, files, formats),
    *(hostile, httpx_clients, language, mail, processes, sockets, web),
)


def _collected() -> Mapping[str, Case]:
    collected: dict[str, Case] = {}
    for module in _MODULES:
        for cases in vars(module).values():
            if isinstance(cases, Cases):
                for case in cases:
                    assert collected.setdefault(case.name, case) is case, case.name
    return collected


CORPUS = _collected()
