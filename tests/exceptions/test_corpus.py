import pickle
from uuid import UUID

import pytest
from exceptions.capturing import Captured, Captures
from exceptions.cases import Case
from exceptions.corpus import CORPUS

from assignment_actions import ActionRecorder, ActionRepository, Failure

LEARNER = UUID(int=7)
MESSAGE_BYTES, STACKTRACE_BYTES = 4 * 1024, 32 * 1024


@pytest.fixture(params=CORPUS)
def case(request: pytest.FixtureRequest) -> Case:
    """Return each case in turn."""
    return CORPUS[request.param]


@pytest.fixture
def captured(case: Case, captures: Captures) -> Captured:
    """Return what came of each case in turn."""
    return captures.of(case)


@pytest.fixture
def failure(captured: Captured) -> Failure:
    """Return what was recorded of each case in turn."""
    assert captured.action.failure is not None
    return captured.action.failure


class TestEach:
    def test_goes_on_as_it_was(self, captured: Captured) -> None:
        """The same exception leaves the recording, which is failed or unknown."""
        is_failure = issubclass(type(captured.raised), Exception)

        # by identity, without a look: some refuse even that
        assert id(captured.raised) == id(captured.left)
        assert ("failed" if is_failure else "unknown") == captured.action.status

    def test_type(self, case: Case, failure: Failure) -> None:
        """The raw type is kept beside the reason, by its qualified name."""
        assert failure.exception_type in case.kinds

    def test_reason(self, case: Case, failure: Failure) -> None:
        """The reason is the one expected, by the ready-made rules alone."""
        assert case.reason == failure.reason

    def test_bounded(self, failure: Failure) -> None:
        """However large it is, what is kept is bounded."""
        assert len(failure.message.encode()) <= MESSAGE_BYTES
        assert len((failure.stacktrace or "").encode()) <= STACKTRACE_BYTES

    def test_storable(self, failure: Failure) -> None:
        """Whatever characters it holds, every store can keep it."""
        assert failure.stacktrace
        for text in (failure.message, failure.stacktrace, failure.exception_type):
            assert "\0" not in text
            assert text == text.encode().decode()

    def test_pickles(self, failure: Failure) -> None:
        """What is kept can be sent elsewhere, also where the exception cannot."""
        assert failure == pickle.loads(pickle.dumps(failure))


class TestAll:
    def test_there_are_enough(self) -> None:
        """The corpus is large, and every built-in reason but one occurs in it."""
        reasons = {case.reason for case in CORPUS.values()}

        assert len(CORPUS) >= 150
        assert {
            "email_error",
            "internal_api_error",
            "timeout",
            "interrupted",
            "unclassified",
        } == reasons

    def test_round_trip(
        self, any_repository: ActionRepository, captures: Captures
    ) -> None:
        """Each is read from the store as it was recorded."""
        recorder = ActionRecorder(any_repository)
        written = {}
        for name, case in CORPUS.items():
            try:
                raised = captures.of(case).raised
            except pytest.skip.Exception:  # no such server: its own tests say so
                continue
            written[name] = recorder.record_failure(LEARNER, "notified", raised)

        differing = [
            name
            for name, action in written.items()
            if recorder.history.get(action.id).failure != action.failure
        ]
        assert [] == differing
        assert len(written) >= 150
