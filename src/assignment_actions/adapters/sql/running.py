"""How one statement is run: through SQLAlchemy, or straight through the driver."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Protocol, cast

from sqlalchemy import Connection, Dialect, Executable, Table
from sqlalchemy.sql.compiler import SQLCompiler

from assignment_actions.adapters.sql.flavour import name_of

Rows = Sequence[Sequence[Any]]

Statement = Executable | str
"""SQLAlchemy's own, with parameters by name, or a text of the driver's, by position."""

Parameters = Mapping[str, Any] | Sequence[Any]
"""Values as the database keeps them; a list where a statement takes any number."""

TEXTS_KEPT = 128


class Runner(Protocol):
    """Run statements on one connection."""

    @property
    def dialect(self) -> Dialect:
        """Return what SQLAlchemy knows about the database."""

    def rows(self, statement: Statement, parameters: Parameters, /) -> Rows:
        """Return all rows of a question."""

    def change(self, statement: Statement, parameters: Parameters, /) -> int:
        """Return how many rows a statement changed."""

    def name_of(self, table: Table, /) -> str:
        """Return a table's quoted name where this connection keeps its schema."""


class SqlalchemyRunner:
    """Run statements through SQLAlchemy, whatever the driver; listeners see them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        """Return the dialect of the connection's engine."""
        return self._connection.dialect

    def rows(self, statement: Statement, parameters: Parameters, /) -> Rows:
        """Return all rows of a question."""
        return self._run(statement, parameters).all()  # type: ignore[no-any-return]

    def change(self, statement: Statement, parameters: Parameters, /) -> int:
        """Return how many rows a statement changed."""
        return self._run(statement, parameters).rowcount  # type: ignore[no-any-return]

    def name_of(self, table: Table, /) -> str:
        """Return a table's quoted name, its schema translated as the host asked."""
        return name_of(self._connection, table)

    def _run(self, statement: Statement, parameters: Any) -> Any:
        if isinstance(statement, str):
            return self._connection.exec_driver_sql(statement, tuple(parameters))
        return self._connection.execute(statement, parameters)


class DriverTexts:
    """
    Compile each statement once into a text of the driver's, with values by position.

    For drivers that take all our stored forms as they are.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._text_of = lru_cache(TEXTS_KEPT)(lambda one: _text_of(one, dialect))

    def of(
        self, statement: Statement, parameters: Parameters
    ) -> tuple[str, Sequence[Any]]:
        """Return the text and the values that a cursor is given."""
        if isinstance(statement, str):
            return statement, cast("Sequence[Any]", parameters)
        return self._text_of(statement)(cast("Mapping[str, Any]", parameters))


_Text = Callable[[Mapping[str, Any]], tuple[str, Sequence[Any]]]


def _text_of(statement: Executable, dialect: Dialect) -> _Text:
    compiled = cast("SQLCompiler", statement.compile(dialect=dialect))  # type: ignore[attr-defined]  # every one of ours can be
    names = compiled.positiontup
    assert names is not None
    binds = compiled.binds
    lists = tuple(name for name in names if binds[name].expanding)
    if dialect.paramstyle.startswith("numeric"):  # it numbers what is in lists last
        names = [*(name for name in names if name not in lists), *lists]
    own = {name: binds[name].value for name in names if not binds[name].required}
    text, values_of = compiled.string, _in_order(names, own)

    @lru_cache(TEXTS_KEPT)
    def expanded(lengths: Sequence[int]) -> str:
        values: dict[str, Any] = dict.fromkeys(names)
        for name, length in zip(lists, lengths, strict=True):
            values[name] = [None] * length
        return compiled.construct_expanded_state(values).statement

    def of_lists(parameters: Mapping[str, Any]) -> tuple[str, Sequence[Any]]:
        values: list[Any] = []
        for name in names:
            if name in lists:
                values.extend(parameters[name])
            else:
                values.append(own[name] if name in own else parameters[name])
        return expanded(tuple(len(parameters[name]) for name in lists)), values

    return of_lists if lists else lambda parameters: (text, values_of(parameters))


def _in_order(
    names: Sequence[str], own: Mapping[str, Any]
) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    """Return what puts parameters in order, among a statement's own values."""
    given, last = names[: len(names) - len(own)], tuple(own.values())
    if len(given) < 2 or own.keys() & set(given):
        return lambda parameters: [
            own[name] if name in own else parameters[name] for name in names
        ]
    in_order: Callable[[Mapping[str, Any]], tuple[Any, ...]] = itemgetter(*given)
    return in_order if not own else lambda parameters: in_order(parameters) + last
