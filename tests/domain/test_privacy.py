import pytest
from domain.recorders import everything, recorder
from domain.samples import (
    failed,
    unknown,
)

from assignment_actions import (
    Failure,
)

pytestmark = pytest.mark.usefixtures("colour")

SECRET = "hunter2"  # what must not be stored
TOLD = f"password={SECRET}"
WAYS = {
    "start": lambda r: r.start(1, "notified", actor=TOLD, details={"a": [TOLD]}),
    "succeed": lambda r: r.succeed(r.start(1, "notified"), details={TOLD: 1}),
    "fail": lambda r: r.fail(r.start(1, "notified"), ValueError(TOLD)),
    "fail_with": lambda r: r.fail(
        r.start(1, "notified"), Failure(reason="timeout", message=TOLD, stacktrace=TOLD)
    ),
    "unknown": lambda r: r.mark_unknown(r.start(1, "notified"), ValueError(TOLD)),
    "success": lambda r: r.record_success(1, "notified", details={"a": TOLD}),
    "failure": lambda r: r.record_failure(1, "notified", ValueError(TOLD), actor=TOLD),
    "many": lambda r: r.record_many(
        [
            failed(1, actor=TOLD, details={"a": TOLD}),
            unknown(2, failure=Failure.of(reason="timeout", message=TOLD)),
        ]
    ),
}


class TestRedaction:
    @pytest.mark.parametrize("way", WAYS)
    def test_secrets_never_reach_the_repository(self, way: str) -> None:
        """By whatever way a text comes, its secrets do not arrive (regression: T30)."""
        made = recorder()

        WAYS[way](made)

        stored = [made.history.get(one.id) for one in everything(made)]
        assert stored
        assert SECRET not in repr(stored)

    @pytest.mark.parametrize("way", WAYS)
    def test_a_broken_redactor_stores_nothing(self, way: str) -> None:
        """Where the redactor raises, the action is stored without the text."""

        def broken(text: str) -> str:
            raise RuntimeError(text)

        made = recorder(redact=broken)

        WAYS[way](made)

        assert SECRET not in repr([made.history.get(x.id) for x in everything(made)])

    def test_can_be_switched_off(self) -> None:
        """Without a redactor texts are stored as they are."""
        made = recorder(redact=None)
        WAYS["start"](made)

        assert SECRET in repr(everything(made))


class TestWithoutMessages:
    @pytest.mark.parametrize("way", ["fail", "fail_with", "unknown", "failure", "many"])
    def test_no_message_is_stored(self, way: str) -> None:
        """Types and frames alone are kept of a failure, whatever way it comes."""
        made = recorder(redact=None, store_messages=False)
        WAYS[way](made)

        failures = [made.history.get(one.id).failure for one in everything(made)]

        assert {""} == {failure.message for failure in failures if failure}
        assert SECRET not in repr(failures)

    def test_a_failure_keeps_its_kind(self) -> None:
        """The exception's type and its fingerprint stay."""
        error = ValueError(TOLD)
        frugal = recorder(redact=None, store_messages=False)
        whole = recorder(redact=None)

        kept = frugal.record_failure(1, "notified", error).failure
        full = whole.record_failure(1, "notified", error).failure

        assert kept is not None
        assert full is not None
        assert ("ValueError", full.fingerprint) == (
            kept.exception_type,
            kept.fingerprint,
        )
