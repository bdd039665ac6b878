"""A process that forks with open connections; run by itself, so it holds no test."""

from __future__ import annotations

import os
import sys
from uuid import UUID, uuid4

from assignment_actions import ActionRecorder
from assignment_actions.adapters.sql import SqlActionRepository

CHILDREN = 3


def wrong_answers(recorder: ActionRecorder, ids: list[UUID]) -> int:
    """Ask for each timeline ten times; count what is not its own."""
    return sum(
        [one] != [action.assignment_id for action in recorder.history.timeline(one)]
        for one in ids * 10
    )


def forked(recorder: ActionRecorder, ids: list[UUID]) -> int:
    """Ask in a child; its process id."""
    child = os.fork()
    if child:
        return child
    try:
        wrong = wrong_answers(recorder, ids)
        recorder.record_success(uuid4(), "notified")
    except BaseException as error:  # noqa: BLE001  # the child must end here
        print(repr(error), file=sys.stderr, flush=True)
        wrong = 255
    os._exit(min(wrong, 255))


def main(url: str, prefix: str) -> list[int]:
    """Let three children and their parent ask at once; wrong answers of each."""
    recorder = ActionRecorder(SqlActionRepository.from_url(url, table_prefix=prefix))
    ids = [uuid4() for _ in range(20)]
    for one in ids:
        recorder.record_success(one, "notified")
    children = [forked(recorder, ids) for _ in range(CHILDREN)]
    wrong = wrong_answers(recorder, ids)
    ends = [os.waitpid(one, 0)[1] for one in children]
    return [wrong, *map(os.waitstatus_to_exitcode, ends), wrong_answers(recorder, ids)]


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
