from enum import StrEnum
from typing import Any

import pytest

from assignment_actions import ActionType, ErrorReason
from assignment_actions.domain.vocabulary import BUILT_IN, REASONS, Vocabulary


def test_one_made_before_is_used_as_it_is() -> None:
    """Handing a vocabulary on makes no second one."""
    made = Vocabulary.of(["enrolled"])

    assert made is Vocabulary.of(made)


class Stage(StrEnum):
    PACKED = "packed"
    NOTIFIED = "notified"


class TestBuiltIn:
    def test_nine_types(self) -> None:
        """The nine action types of the decision record are built in."""
        assert " ".join(ActionType) == (
            "learner_linked notified reminded redeemed cancelled cancelled_acknowledged"
            " expired expired_acknowledged reversed"
        )

    def test_six_reasons(self) -> None:
        """Six reasons are built in."""
        assert " ".join(ErrorReason) == (
            "email_error internal_api_error enrollment_error timeout interrupted"
            " unclassified"
        )

    def test_are_found_by_their_text(self) -> None:
        """Plain text leads to the member."""
        assert ActionType.NOTIFIED is BUILT_IN["notified"]
        assert ErrorReason.TIMEOUT is REASONS["timeout"]


class TestOf:
    def test_nothing_added(self) -> None:
        """A vocabulary that a host added nothing to says so."""
        assert Vocabulary.of().is_built_in

    @pytest.mark.parametrize("words", [Stage, [Stage], ["packed"], {"packed"}])
    def test_adds_a_hosts_words(self, words: Any) -> None:
        """A host adds one StrEnum, several, or plain names."""
        vocabulary = Vocabulary.of(words)

        assert not vocabulary.is_built_in
        assert vocabulary.require("packed") == "packed"

    def test_built_in_members_stay(self) -> None:
        """A host's member with a built-in name does not replace the built-in one."""
        assert ActionType.NOTIFIED is Vocabulary.of(Stage).require(Stage.NOTIFIED)

    @pytest.mark.parametrize("words", ["packed", 5, None])
    def test_refuses_what_is_no_collection(self, words: Any) -> None:
        """One plain name is most likely a mistake and refused."""
        with pytest.raises(
            TypeError, match="vocabulary must be StrEnums or names, got"
        ):
            Vocabulary.of(words)

    @pytest.mark.parametrize("word", [5, int])
    def test_refuses_other_items(self, word: Any) -> None:
        """An item that is neither a StrEnum nor a name is refused."""
        with pytest.raises(
            TypeError, match="vocabulary must be StrEnums or names, got"
        ):
            Vocabulary.of([word])

    def test_refuses_a_badly_spelled_name(self) -> None:
        """A name must be lower snake case."""
        with pytest.raises(ValueError, match="action_type must be lower snake case"):
            Vocabulary.of(["Packed"])


class TestRequire:
    def test_returns_the_hosts_member(self) -> None:
        """Text that is about to be written becomes the member."""
        assert Stage.PACKED is Vocabulary.of(Stage).require("packed")

    def test_unknown_names_the_known(self) -> None:
        """An unknown type is refused, naming those that are known."""
        with pytest.raises(
            ValueError, match="'shipped' is unknown; known are: "
        ) as caught:
            Vocabulary.of(Stage).require("shipped")

        assert "packed" in str(caught.value)
        assert "notified" in str(caught.value)


class TestRead:
    def test_returns_the_member(self) -> None:
        """A known type read from a store becomes the member."""
        assert Stage.PACKED is Vocabulary.of(Stage).read("packed")

    def test_a_retired_type_is_plain_text(self) -> None:
        """A type nobody knows any more comes back as text (regression: T33)."""
        assert (
            Vocabulary.of().read("Automatic Cancellation") == "Automatic Cancellation"
        )
