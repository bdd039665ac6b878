"""Failures of 2 to 4 KB for the benchmarks' rows: really raised, really captured."""

from __future__ import annotations

import linecache
from types import FunctionType

from assignment_actions import Failure

LINES = (
    "import smtplib; smtplib.SMTP().noop()",
    'import json; json.loads("<html>502 Bad Gateway</html>")',
    'learner["address"]',
    'learner["attempts"] + "1"',
    'import datetime; datetime.datetime.fromisoformat("tomorrow")',
    'import uuid; uuid.UUID("no-such-course")',
    "raise TimeoutError(f'no answer to attempt {attempt}')",
    "raise ConnectionResetError(104, 'Connection reset by peer')",
)
"""What goes wrong, without a network."""

SHALLOWEST, SPREAD = 14, 12

_STEP = '''
def step_{number}_of_notification(learner, attempt):
    """Do one part of the work."""
    deadline = attempt * {number}
    return step_{after}_of_notification(learner, deadline + {number})
'''
_LAST = '''
def step_{number}_of_notification(learner, attempt):
    """Fail."""
    {line}
'''


def captured(number: int) -> Failure:
    """Return one of many failures; the same number gives the same."""
    depth = SHALLOWEST + number % SPREAD
    steps = (_STEP.format(number=at, after=at + 1) for at in range(depth))
    last = _LAST.format(number=depth, line=LINES[number % len(LINES)])
    error = _raised("".join((*steps, last)), f"/srv/app/notices/part_{number}.py")
    return Failure.from_exception(error, reason="email_error")


def _raised(source: str, name: str) -> Exception:
    """Return what the first function raises, with its frames and their lines."""
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    names: dict[str, FunctionType] = {}
    exec(compile(source, name, "exec"), names)  # noqa: S102  # our own source
    try:
        names["step_0_of_notification"]({"attempts": 1}, 1)
    except Exception as error:  # noqa: BLE001  # whatever it is
        return error
    raise AssertionError("nothing was raised")
