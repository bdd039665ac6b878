"""The recorder's promise that what must not be stored is stored by no way in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import pytest

from assignment_actions.domain.failure import Failure
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.domain.recorder import ActionRecorder
from assignment_actions.testing.factories import an_action, an_assignment_id

ALL = ActionFilter()
PLANTED = "jo.doe@example.com"
TOLD = f"550 <{PLANTED}> is over quota"
DETAILS: dict[str, object] = {TOLD: 1, "said": [TOLD, {"deep": {TOLD: TOLD}}]}
FAILURE = Failure(reason="email_error", message=TOLD, stacktrace=f"File 1\n{TOLD}")


def bounce() -> None:
    """Raise a group with what is planted in its notes, causes and members."""
    try:
        try:
            dict[str, str]().pop(PLANTED)
        except KeyError as context:
            context.add_note(TOLD)
            raise ConnectionError(TOLD, {"to": PLANTED}) from None
    except ConnectionError as cause:
        group = ExceptionGroup(TOLD, [ValueError(TOLD), OSError(5, TOLD, PLANTED)])
        group.add_note(f"asked for\n{PLANTED}")
        raise group from cause


def caught() -> Exception:
    """Return what `bounce` raises."""
    try:
        bounce()
    except Exception as error:  # noqa: BLE001  # whatever it is
        return error
    raise AssertionError("nothing was raised")


def in_a_block(recorder: ActionRecorder, assignment_id: UUID) -> None:
    """Record a block that says it at its start, in its evidence and as it fails."""
    with (
        suppress(Exception),
        recorder.recording(
            assignment_id, "notified", actor=PLANTED, details=DETAILS
        ) as recording,
    ):
        recording.add_details(more=DETAILS)
        bounce()


def in_an_interrupted_block(recorder: ActionRecorder, assignment_id: UUID) -> None:
    """Record a block that says it as it is interrupted."""
    with (
        suppress(KeyboardInterrupt),
        recorder.recording(assignment_id, "notified", actor=TOLD),
    ):
        raise KeyboardInterrupt(TOLD) from caught()


def by_itself(recorder: ActionRecorder, assignment_id: UUID) -> None:
    """Let a block say how it ended, before it ends."""
    with recorder.recording(assignment_id, "notified") as recording:
        recording.fail(caught(), details=DETAILS)


def by_decorator(recorder: ActionRecorder, assignment_id: UUID) -> None:
    """Record a call that fails."""

    @recorder.recorded("notified", "one", actor=TOLD)
    def work(one: UUID) -> None:
        del one
        bounce()

    with suppress(Exception):
        work(assignment_id)


def by_steps(recorder: ActionRecorder, assignment_id: UUID) -> None:
    """Start, then say how it ended, in all ways there are."""
    begun = [
        recorder.start(assignment_id, "notified", actor=TOLD, details=DETAILS)
        for _ in range(5)
    ]
    recorder.succeed(begun[0], details=DETAILS)
    recorder.fail(begun[1], caught(), details=DETAILS)
    recorder.fail(begun[2], FAILURE)
    recorder.mark_unknown(begun[3], caught())
    recorder.mark_unknown(begun[4], FAILURE)


def afterwards(recorder: ActionRecorder, assignment_id: UUID) -> None:
    """Record what is over already."""
    args = assignment_id, "notified"
    recorder.record_success(*args, actor=TOLD, details=DETAILS)
    recorder.record_failure(*args, caught(), actor=TOLD, details=DETAILS)
    recorder.record_failure(*args, FAILURE)


def by_import(recorder: ActionRecorder, assignment_id: UUID) -> None:
    """Record actions that were made elsewhere."""
    recorder.record_many(
        an_action(
            assignment_id, status=status, failure=FAILURE, actor=TOLD, details=DETAILS
        )
        for status in ("failed", "unknown")
    )


def by_probe(recorder: ActionRecorder, assignment_id: UUID) -> None:
    """Reconcile what went silent, with an answer that says it."""
    recorder.mark_unknown(recorder.start(assignment_id, "notified", details=DETAILS))
    recorder.reconcile(lambda _: FAILURE)


WAYS: dict[str, Callable[[ActionRecorder, UUID], None]] = {
    "a block": in_a_block,
    "an interrupted block": in_an_interrupted_block,
    "a block that says how it ended": by_itself,
    "a decorator": by_decorator,
    "steps": by_steps,
    "afterwards": afterwards,
    "an import": by_import,
    "a probe": by_probe,
}
"""Every way in which a text reaches a store."""


class PlantedRules:
    """What the default redaction promises, whatever way a text comes."""

    @pytest.mark.parametrize("way", WAYS)
    def test_what_was_planted_is_found_nowhere(
        self, recorder: ActionRecorder, repository: ActionRepository, way: str
    ) -> None:
        """A mail address planted in every text is in no column; what replaced it is."""
        assignment_id = an_assignment_id()
        WAYS[way](recorder, assignment_id)

        stored = len(recorder.history.timeline(assignment_id))

        assert [] == list(repository.search(ALL, [PLANTED, "jo.doe"], 9))
        assert 0 < stored == len(repository.search(ALL, ["[email]"], 9))

    def test_without_redaction_it_is_found(
        self, make_recorder: type[ActionRecorder], repository: ActionRepository
    ) -> None:
        """The same texts, stored as they are, are found: the search does look."""
        recorder = make_recorder(repository, redact=None)
        assignment_id = an_assignment_id()
        for way in WAYS.values():
            way(recorder, assignment_id)

        stored = len(recorder.history.timeline(assignment_id))

        assert 0 < stored == len(repository.search(ALL, [PLANTED], 99))
