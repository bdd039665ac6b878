"""
People whose actions are erased, what is asked about them, and where they are sought.

Run by itself it is a process that dies while it erases; so it holds no test.
"""

from __future__ import annotations

import mmap
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn, get_args
from uuid import UUID

import attrs
from sqlalchemy import URL, create_engine, event, select

from assignment_actions import (
    Action,
    ActionFilter,
    ActionHistory,
    ActionRecorder,
    ActionStatus,
    Failure,
)
from assignment_actions.adapters.sql import SqlActionRepository
from assignment_actions.domain.filters import Dimension
from assignment_actions.domain.ids import Uuid7Factory

T0 = datetime(2026, 1, 1, tzinfo=UTC)
ACTIONS_EACH = 4
TYPES = ("notified", "reminded", "redeemed")
KEYS = ("first", "third")

_NAME = re.compile("Zoë ([0-9]{6}) Quill".encode())
_new_id = Uuid7Factory()


class MailboxError(Exception):
    """What a host's own code raises."""


def name_of(number: int) -> str:
    """Return what must not be left of a person."""
    return f"Zoë {number:06} Quill"


def id_of(number: int) -> UUID:
    """Return the assignment of a person."""
    return UUID(int=number + 1)


def key_of(number: int, which: str) -> str:
    """Return a key as no host should make it."""
    return f"{which} of {name_of(number)}"


def actions_of(number: int) -> Iterator[Action]:
    """Yield what happened to one person: a failure, a success, a doubt, a start."""
    name, at = name_of(number), T0 + timedelta(minutes=number)
    given: dict[str, Any] = {
        "assignment_id": id_of(number),
        "created_at": at,
        "actor": f"mentor of {name}",
        "details": {"to": [name], "quoted": f'"{name}"\n'},
    }
    first, third = (key_of(number, which) for which in KEYS)
    failed = Action(
        id=_new_id(at),
        action_type="notified",
        status=ActionStatus.FAILED,
        completed_at=at + timedelta(seconds=2),
        failure=failure_about(name, is_interrupt=False),
        key=first,
        **given,
    )
    yield failed
    yield attrs.evolve(
        failed,
        id=_new_id(at),
        status=ActionStatus.SUCCEEDED,
        failure=None,
        attempt=2,
    )
    yield Action(
        id=_new_id(at),
        action_type="reminded",
        status=ActionStatus.UNKNOWN,
        unknown_at=at + timedelta(seconds=3),
        failure=failure_about(name, is_interrupt=True),
        **given,
    )
    yield Action(
        id=_new_id(at),
        action_type="redeemed",
        status=ActionStatus.IN_PROGRESS,
        overdue_at=at + timedelta(hours=1),
        key=third,
        **given,
    )


def failure_about(name: str, *, is_interrupt: bool) -> Failure:
    """Return a failure that was really raised, and tells a name wherever it can."""
    try:
        _write_to(name, KeyboardInterrupt if is_interrupt else MailboxError)
    except (KeyboardInterrupt, MailboxError) as error:
        return Failure.from_exception(error, reason="email_error")


def _write_to(name: str, kind: type[BaseException]) -> NoReturn:
    try:
        _refuse(name)
    except ConnectionError as error:
        error.add_note(f"{name} has moved")
        raise kind(f"cannot write to {name}") from error


def _refuse(name: str) -> NoReturn:
    raise ConnectionError(f"550 {name} is not known here")


def populate(repository: SqlActionRepository, people: int) -> None:
    """Store what happened to so many people."""
    actions = (one for number in range(people) for one in actions_of(number))
    while batch := list(islice(actions, 1000)):
        repository.add(*batch)


# -- what is asked -------------------------------------------------------------------


def answers(history: ActionHistory, people: Sequence[int]) -> dict[str, Any]:
    """Ask every question, most of them about some people; leave out the texts."""
    ids = [id_of(one) for one in people]
    failed = ActionFilter(statuses=["failed"], completed_from=T0)
    groups = [
        attrs.evolve(group, example=group.example.scrubbed())
        for since in (None, T0 + timedelta(minutes=people[-1]))
        for group in history.failure_groups(since=since)
    ]
    return {
        "timelines": {
            key: [one.scrubbed() for one in timeline]
            for key, timeline in history.timelines(ids).items()
        },
        "latest": {
            key: one.scrubbed()
            for key, one in history.latest_successful_of(ids).items()
        },
        "outcomes": [one for number in people for one in outcomes(history, number)],
        "counts": {
            dimension: history.count_by(wanted, dimension)
            for dimension in get_args(Dimension)
            for wanted in (ActionFilter(), ActionFilter(assignment_ids=ids))
        },
        "groups": groups,
        "failed": [one.scrubbed() for one in history.find(failed, limit=500).actions],
        "overdue": [one.scrubbed() for one in history.overdue(limit=500)],
    }


def outcomes(history: ActionHistory, number: int) -> Iterator[tuple[object, ...]]:
    """Yield whether each thing happened to one person, and what each key finds."""
    first, third = (key_of(number, which) for which in KEYS)
    for type_ in TYPES:
        for key in (None, first, third):
            outcome = history.outcome(id_of(number), type_, key=key)
            action = outcome.action
            yield (
                *(outcome.verdict, outcome.attempts, outcome.at),
                None if action is None else action.scrubbed(),
            )
    for key in (first, third):
        yield (history.count(ActionFilter(key=key)),)


# -- where they are sought -----------------------------------------------------------


def people_in(store: Iterable[bytes]) -> set[int]:
    """Return who is named anywhere in some bytes."""
    return {int(found[1]) for part in store for found in _NAME.finditer(part)}


def bytes_of(repository: SqlActionRepository, folder: Path) -> Iterator[bytes]:
    """Yield all that a store holds, in the rawest forms there are."""
    yield from _rows(repository)
    if repository.engine.dialect.name == "sqlite":
        yield from _files(repository)
    else:
        yield from _dump(repository.engine.url, folder / "dump")


def _rows(repository: SqlActionRepository) -> Iterator[bytes]:
    """Yield every column of every row as text."""
    [table] = [
        table
        for name, table in repository.metadata.tables.items()
        if not name.endswith("_schema")
    ]
    engine = create_engine(repository.engine.url)  # in transactions, for a cursor
    with engine.connect() as connection:
        rows = connection.execution_options(yield_per=1000).execute(select(table))
        for row in rows:
            yield "\n".join(map(str, row)).encode()
    engine.dispose()


def _files(repository: SqlActionRepository) -> Iterator[bytes]:
    """Yield the database file and its log, once nothing dead is kept in them."""
    with repository.engine.connect() as connection:
        connection.exec_driver_sql("VACUUM")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").close()
    path = Path(repository.engine.url.database or "")
    assert path.stat().st_size
    for one in (path, Path(f"{path}-wal")):
        yield from _mapped(one)


def _dump(url: URL, path: Path) -> Iterator[bytes]:
    """Yield what the server's own program writes down, where there is one."""
    if url.get_backend_name() == "postgresql":
        plain = url.set(drivername="postgresql")
        command = ["pg_dump", plain.render_as_string(hide_password=False)]
        more = {}
    else:
        command = ["mariadb-dump", f"--host={url.host}", f"--port={url.port or 3306}"]
        command += [f"--user={url.username}", str(url.database)]
        more = {"MYSQL_PWD": url.password} if url.password else {}
    if shutil.which(command[0]) is None:
        return
    with path.open("wb") as file:
        done = subprocess.run(
            command, stdout=file, env={**os.environ, **more}, check=False
        )
    if not done.returncode:  # some are too old for their server, and say so
        yield from _mapped(path)


def _mapped(path: Path) -> Iterator[bytes]:
    if path.exists() and path.stat().st_size:
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        ):
            yield mapped  # type: ignore[misc]  # what `re` searches like bytes


# -- who dies ------------------------------------------------------------------------


def main(url: str, prefix: str, verb: str, people: str, batch: str, last: str) -> None:
    """Erase until a statement of the last batch is done and not committed; wait."""
    repository = SqlActionRepository.from_url(url, table_prefix=prefix)
    changes: list[str] = []

    def wait(*arguments: Any) -> None:
        if str(arguments[2]).startswith(("UPDATE", "DELETE")):
            changes.append(verb)
        if len(changes) == int(last):
            print("inside", flush=True)
            signal.pause()

    event.listen(repository.engine, "after_cursor_execute", wait)
    erase = getattr(ActionRecorder(repository), verb)
    erase([id_of(one) for one in range(int(people))], batch_size=int(batch))


if __name__ == "__main__":
    main(*sys.argv[1:])
