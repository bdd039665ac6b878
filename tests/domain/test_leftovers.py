import pytest
from domain.samples import action, failed, succeeded

from assignment_actions import Action, Failure
from assignment_actions.domain.leftovers import leftovers

TRACE = '  File "mail.py", line 3, in send\n    post(to="jo@example.com")'
WHOLE = failed(
    failure=Failure(
        reason="timeout",
        exception_type="mail.Refused",
        message="jo is unknown: 100%",
        stacktrace=TRACE,
        fingerprint="1-abc",
    ),
    key="jo-1",
    actor="admin:jo",
    details={"to": 'say "jo"\n\\', "lone": "\ud83d"},
    assignment_id="learner-jo",
)


class TestTexts:
    def test_everywhere(self) -> None:
        """Every field that holds the text is named."""
        fields = ("assignment_id", "key", "actor", "details", "message", "stacktrace")

        assert fields == leftovers(WHOLE, ["jo"])

    @pytest.mark.parametrize(
        ("text", "fields"),
        [
            ("timeout", ("reason",)),
            ("Refused", ("exception_type",)),
            ("1-abc", ("fingerprint",)),
            ("notified", ("action_type",)),
            ('"jo"\n\\', ("details",)),
            ("\ud83d", ("details",)),
            ("100%", ("message",)),
            ("1_0", ()),
            ("JO", ()),
            ("Jo ", ()),
            ("jo@example.com", ("stacktrace",)),
        ],
        ids=[
            *("reason", "type", "fingerprint", "action_type", "escapes", "surrogate"),
            *("percent", "wildcard", "case", "blank", "source"),
        ],
    )
    def test_exactly(self, text: str, fields: tuple[str, ...]) -> None:
        """A text is found as it is: letter case, quotes and line breaks included."""
        assert fields == leftovers(WHOLE, [text])

    def test_any_of_several(self) -> None:
        """One of the texts is enough."""
        assert ("reason",) == leftovers(WHOLE, ["nobody", "timeout"])
        assert () == leftovers(WHOLE, [])

    def test_as_it_is_stored(self) -> None:
        """NUL is searched in the form it is stored in."""
        one = failed(failure=Failure.of(reason="timeout", message="a\x00b"))

        assert ("message",) == leftovers(one, ["a\x00b"])

    def test_other_kinds_of_ids(self) -> None:
        """An assignment id is a text only where it is one."""
        assert () == leftovers(action(assignment_id=4711), ["4711"])


class TestFacts:
    def test_what_scrubbing_would_remove(self) -> None:
        """Without texts, all that is no fact is left over."""
        expected = ("key", "actor", "details", "message", "stacktrace")

        assert expected == leftovers(WHOLE)

    @pytest.mark.parametrize("one", [WHOLE.scrubbed(), succeeded()], ids=["was", "is"])
    def test_nothing_is_left(self, one: Action) -> None:
        """Of a scrubbed action nothing is left."""
        assert () == leftovers(one)
