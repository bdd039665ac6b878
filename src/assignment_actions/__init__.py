"""Was it done, when, and if not, why not? A record of actions on assignments."""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from assignment_actions.adapters.memory import (
    AsyncInMemoryActionRepository,
    InMemoryActionRepository,
)
from assignment_actions.domain.action import Action, ActionStatus
from assignment_actions.domain.async_history import AsyncActionHistory
from assignment_actions.domain.context import recording_context
from assignment_actions.domain.erasure import ErasureCheck, ErasureReport
from assignment_actions.domain.errors import (
    ActionAlreadyCompletedError,
    ActionNotFoundError,
    AssignmentActionsError,
    DuplicateActionError,
    OutcomeUnknownError,
    StorageError,
)
from assignment_actions.domain.failure import Failure
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.frames import Frame
from assignment_actions.domain.groups import FailureGroup
from assignment_actions.domain.history import ActionHistory
from assignment_actions.domain.pages import Page
from assignment_actions.domain.ports import (
    ActionRepository,
    AsyncActionRepository,
    AsyncJoinedActionRepository,
    JoinedActionRepository,
    OutcomeJournal,
)
from assignment_actions.domain.reasons import by_attribute
from assignment_actions.domain.reconcile import ReconcileReport
from assignment_actions.domain.recorder import ActionRecorder
from assignment_actions.domain.recording import Recording
from assignment_actions.domain.redacting.redaction_rules import RedactionRules
from assignment_actions.domain.retention import Retention, RetentionPolicy
from assignment_actions.domain.timeline import Outcome, Timeline, Verdict
from assignment_actions.domain.vocabulary import ActionType, ErrorReason

if TYPE_CHECKING:
    from assignment_actions.domain.async_recorder import AsyncActionRecorder
    from assignment_actions.domain.async_recording import AsyncRecording

__version__ = "0.1.0"

__all__ = [
    "Action",
    "ActionAlreadyCompletedError",
    "ActionFilter",
    "ActionHistory",
    "ActionNotFoundError",
    "ActionRecorder",
    "ActionRepository",
    "ActionStatus",
    "ActionType",
    "AssignmentActionsError",
    "AsyncActionHistory",
    "AsyncActionRecorder",
    "AsyncActionRepository",
    "AsyncInMemoryActionRepository",
    "AsyncJoinedActionRepository",
    "AsyncRecording",
    "DuplicateActionError",
    "ErasureCheck",
    "ErasureReport",
    "ErrorReason",
    "Failure",
    "FailureGroup",
    "Frame",
    "InMemoryActionRepository",
    "JoinedActionRepository",
    "Outcome",
    "OutcomeJournal",
    "OutcomeUnknownError",
    "Page",
    "ReconcileReport",
    "Recording",
    "RedactionRules",
    "Retention",
    "RetentionPolicy",
    "StorageError",
    "Timeline",
    "Verdict",
    "by_attribute",
    "recording_context",
]


_LATER = {  # they need an event loop, and the library for it
    "AsyncActionRecorder": "assignment_actions.domain.async_recorder",
    "AsyncRecording": "assignment_actions.domain.async_recording",
}

if find_spec("anyio") is None:  # `import *` is for whoever has attrs alone, too
    globals()["__all__"] = [name for name in __all__ if name not in _LATER]


def __getattr__(name: str) -> object:
    """Return a name that is loaded when it is first asked for."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
