"""Each case is provoked once, inside a recording; what came of it is kept."""

from __future__ import annotations

import os

import attrs
import pytest
from exceptions.cases import Case
from exceptions.world import World

from assignment_actions import Action, ActionRecorder, InMemoryActionRepository


@attrs.frozen(eq=False)
class Captured:
    """
    Be what came of a case.

    `raised` came out of the provocation, `left` out of the recording around it.
    """

    raised: BaseException
    left: BaseException
    action: Action


class Captures:
    """Provoke cases when they are first asked for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._captured: dict[str, Captured] = {}

    def of(self, case: Case) -> Captured:
        """Return what came of a case; skip, aloud, what needs an absent server."""
        if case.name not in self._captured:
            for store in case.needs:
                self._world.url_of(store)
            with pytest.MonkeyPatch.context() as patch:
                _forget_surroundings(patch)
                self._captured[case.name] = _capture(case, self._world)
        return self._captured[case.name]


def _forget_surroundings(patch: pytest.MonkeyPatch) -> None:
    """No proxy, no key and no setting of this machine has a say in it."""
    for name in os.environ:
        if name.lower().endswith("_proxy") or name.startswith(("AWS_", "PG", "SSL_")):
            patch.delenv(name)


def _capture(case: Case, world: World) -> Captured:
    recorder = ActionRecorder(InMemoryActionRepository())
    raised: BaseException | None = None
    left: BaseException | None = None
    try:
        with recorder.recording(1, "notified") as block:
            try:
                case.provoke(world)
            except BaseException as error:
                raised = error
                raise
    except BaseException as error:  # noqa: BLE001  # whatever it is, it is compared
        left = error
    if type(left) is KeyboardInterrupt and "KeyboardInterrupt" not in case.kinds:
        raise left  # somebody at the keyboard
    assert raised is not None, f"{case.name} raised nothing"
    assert left is not None, f"{case.name} was swallowed"
    return Captured(raised, left, block.action)
