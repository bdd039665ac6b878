"""SQLAlchemy's ORM as its users write it: a mapped class, a session per call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import URL, Engine, create_engine, delete, event, func, or_, select
from sqlalchemy.orm import Session, aliased, defer, sessionmaker

from assignment_actions import Action
from benchmarks.orm_models import AssignmentAction, Base, object_of
from benchmarks.population import Row
from benchmarks.workloads import TYPE, Ids, Without

Model = AssignmentAction
LIST = defer(Model.stacktrace)
LATEST_FIRST = (Model.completed_at.desc(), Model.created_at.desc(), Model.id.desc())


class SqlalchemyOrm(Without):
    """Do the works with `Session`, as the tutorial shows it."""

    name = "SQLAlchemy ORM"

    def __init__(self, url: URL, synchronous: str) -> None:
        self._engine = _engine(url, synchronous)
        Base.metadata.create_all(self._engine)
        self._session = sessionmaker(self._engine)

    def close(self) -> None:
        """Close the pool."""
        self._engine.dispose()

    def start_and_succeed(self, assignment_id: UUID, /) -> None:
        """Commit the start, change the object, commit again."""
        with Session(self._engine, expire_on_commit=False) as session:
            action = AssignmentAction(
                assignment_id=assignment_id,
                action_type=TYPE,
                overdue_at=datetime.now(UTC) + timedelta(hours=1),
            )
            session.add(action)
            session.commit()
            action.status = "succeeded"
            action.completed_at = datetime.now(UTC)
            session.commit()

    def record_success(self, assignment_id: UUID, /) -> None:
        """Add one object."""
        now = datetime.now(UTC)
        with self._session.begin() as session:
            session.add(
                AssignmentAction(
                    assignment_id=assignment_id,
                    action_type=TYPE,
                    status="succeeded",
                    created_at=now,
                    completed_at=now,
                )
            )

    def record_many(self, actions: Sequence[AssignmentAction], /) -> None:
        """Add all objects to one session."""
        with self._session.begin() as session:
            session.add_all(actions)

    def latest_successful(self, assignment_id: UUID, /) -> AssignmentAction | None:
        """Select one object."""
        with self._session() as session:
            return session.scalars(
                select(Model)
                .options(LIST)
                .where(
                    Model.assignment_id == assignment_id, Model.status == "succeeded"
                )
                .order_by(*LATEST_FIRST)
                .limit(1)
            ).first()

    def timeline(self, assignment_id: UUID, /) -> Sequence[AssignmentAction]:
        """Select the assignment's objects."""
        with self._session() as session:
            return session.scalars(
                select(Model)
                .options(LIST)
                .where(Model.assignment_id == assignment_id)
                .order_by(Model.created_at, Model.id)
            ).all()

    def failures(self, assignment_id: UUID, /) -> Sequence[AssignmentAction]:
        """Select the assignment's failed objects."""
        with self._session() as session:
            return session.scalars(
                select(Model)
                .options(LIST)
                .where(Model.assignment_id == assignment_id, Model.status == "failed")
                .order_by(Model.created_at, Model.id)
            ).all()

    def latest_of_page(self, ids: Ids, /) -> dict[UUID, AssignmentAction]:
        """Number each assignment's successes by a window function."""
        rank = func.row_number().over(
            partition_by=Model.assignment_id, order_by=LATEST_FIRST
        )
        ranked = (
            select(Model, rank.label("rank"))
            .where(Model.assignment_id.in_(ids), Model.status == "succeeded")
            .subquery()
        )
        latest = aliased(Model, ranked)
        with self._session() as session:
            found = session.scalars(
                select(latest)
                .options(defer(latest.stacktrace))
                .where(ranked.c.rank == 1)
            )
            return {one.assignment_id: one for one in found}

    def timelines_of_page(self, ids: Ids, /) -> dict[UUID, list[AssignmentAction]]:
        """Select the objects of all assignments."""
        found: dict[UUID, list[AssignmentAction]] = {one: [] for one in ids}
        with self._session() as session:
            for action in session.scalars(
                select(Model)
                .options(LIST)
                .where(Model.assignment_id.in_(ids))
                .order_by(Model.assignment_id, Model.created_at, Model.id)
            ):
                found[action.assignment_id].append(action)
        return found

    def page(self, limit: int, place: Any, /) -> Sequence[AssignmentAction]:
        """Select the newest objects."""
        asked = (
            select(Model)
            .options(LIST)
            .order_by(Model.created_at.desc(), Model.id.desc())
            .limit(limit)
        )
        if place is not None:
            at, last = place
            asked = asked.where(
                Model.created_at <= at, or_(Model.created_at < at, Model.id < last)
            )
        with self._session() as session:
            return session.scalars(asked).all()

    # -- not for the clock -------------------------------------------------------------

    def place(self, row: Row, /) -> Any:
        """Return the key of the page's order."""
        return row.created_at, row.id

    def prepared(self, actions: Sequence[Action], _: Sequence[Row], /) -> Any:
        """Return mapped objects."""
        return [object_of(action) for action in actions]

    def load(self, actions: Iterable[Action], /) -> None:
        """Fill the table."""
        self.record_many([object_of(action) for action in actions])

    def clear(self) -> None:
        """Empty the table."""
        with self._session.begin() as session:
            session.execute(delete(Model))

    def count(self) -> int:
        """Count the rows."""
        with self._session() as session:
            return session.scalar(select(func.count()).select_from(Model)) or 0

    def identify(self, found: AssignmentAction, /) -> UUID:
        """Return the id."""
        return found.id


def _engine(url: URL, synchronous: str) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _: object) -> None:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {synchronous}")

    return engine
