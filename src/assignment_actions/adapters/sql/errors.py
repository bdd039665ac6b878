"""What SQLAlchemy and drivers raise, in words of ours."""

from __future__ import annotations

from sqlalchemy.exc import StatementError

from assignment_actions.adapters.sql.flavour import Flavour
from assignment_actions.domain.errors import StorageError


class DuplicateRowError(Exception):
    """Say that a unique index refused a row; `is_repeat` that it may be our own."""

    def __init__(self, *, is_repeat: bool) -> None:
        super().__init__()
        self.is_repeat = is_repeat


def translated(
    operation: str,
    flavour: Flavour,
    error: Exception,
    *,
    is_repeat: bool = False,
    is_lost: bool = False,
) -> DuplicateRowError | StorageError:
    """Return our error for one that work on a connection raised."""
    if isinstance(error, StatementError):
        error.hide_parameters = True  # they are personal, and causes are logged
    if flavour.is_duplicate(error):
        return DuplicateRowError(is_repeat=is_repeat)
    return StorageError(operation, _reason(flavour, error), is_lost)


def _reason(flavour: Flavour, error: Exception) -> str:
    """Return what was said, with what to do about the common causes."""
    origin = getattr(error, "orig", None) or error
    said = (str(origin).strip() or type(origin).__name__).splitlines()[0]
    code = flavour.code(error)
    if code in flavour.locked:
        said += (
            "; another transaction holds the lock: if it is this host's own,"
            " record in it with joined_to(connection)"
        )
    elif code in flavour.no_table or said.startswith("no such table"):
        said += "; call create_schema()"
    return f"{type(origin).__name__}: {said}"
