import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignment_actions.domain.details import as_details
from assignment_actions.domain.redaction import (
    REMOVED,
    redact_defaults,
    redacted_details,
    redacted_text,
)

FRAGMENTS = (
    *[
        "password=",
        "token:",
        "secret='",
        'api_key="',
        "pwd=",
        "bearer",
        "Bearer",
        "authorization:",
    ],
    *[
        "basic",
        "ftp://",
        "://jo:",
        "hunter2",
        "@",
        "@host.",
        "@host.org",
        "jo.doe",
        "=",
        ":",
        "/",
        "'",
        '"',
    ],
    *("[redacted]", "[email]", " ", "\n", ", ", '\\"'),
)


def broken(text: str) -> str:
    raise RuntimeError(text)


class TestDefaultRules:
    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("550: jo.doe+x@mail.example.com!", "550: [email]!"),
            ("<o'neill@example.co.uk>", "<[email]>"),
            ("postgresql://app:pw@db:5432/x", "postgresql://app:[redacted]@db:5432/x"),
            ("redis://:p@ss@cache", "redis://:[redacted]@cache"),
            ("Authorization: Basic am86cHc=", "Authorization: Basic [redacted]"),
            ("'auth': 'bearer eyJh.x-z'", "'auth': 'bearer [redacted]'"),
            ("login?token=abc&next=/home", "login?token=[redacted]&next=/home"),
            ("PASSWORD = s3cret; retry", "PASSWORD = [redacted]; retry"),
            ('{"my_secret": "a b", "n": 1}', '{"my_secret": [redacted], "n": 1}'),
            ("{'api-key': 'x'}", "{'api-key': [redacted]}"),
            ("access_key_id=AKIA retries=3", "access_key_id=[redacted] retries=3"),
            ('pwd="a\\"b c" rest', "pwd=[redacted] rest"),
            (r'"{\"pwd\": \"abc\", \"n\": 1}"', r'"{\"pwd\": [redacted], \"n\": 1}"'),
        ],
    )
    def test_takes_secrets_out(self, text: str, kept: str) -> None:
        """Addresses, credentials in URLs, headers and key=value go; the rest stays."""
        assert kept == redact_defaults(text)

    @pytest.mark.parametrize(
        "text",
        [
            "the password is wrong",
            "secrets are kept elsewhere",
            "root@localhost",
            "@property def x(self)",
            "https://example.com:8080/a@b",
            "the bearer of it",
            "monkey=5, key: value",
            "12:30:00 at File main.py:7",
            "AssertionError: 3 != 4",
        ],
    )
    def test_leaves_what_only_looks_alike(self, text: str) -> None:
        """Text without a secret is left as it is."""
        assert text == redact_defaults(text)

    @pytest.mark.parametrize("quote", ['"', "'"])
    def test_a_missing_quote_hides_nothing(self, quote: str) -> None:
        """A quoted secret whose end was cut off is taken out too."""
        assert redact_defaults(f"password={quote}my own secr") == "password=[redacted]"

    @settings(max_examples=300)
    @given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join))
    def test_again_changes_nothing(self, text: str) -> None:
        """Redacting what was redacted changes nothing."""
        once = redact_defaults(text)

        assert once == redact_defaults(once)

    @pytest.mark.parametrize(
        "hostile",
        [
            "a",
            "a@",
            "://:",
            "a.b@c-d.",
            "token ",
            "bearer ",
            'token="\\',
            "a" * 64 + "@",
        ],
    )
    def test_returns_on_hostile_text(self, hostile: str) -> None:
        """One megabyte of what almost matches a rule comes to an end."""
        text = hostile * (1_000_000 // len(hostile))

        assert redact_defaults(text)


class TestFailClosed:
    def test_nothing_to_redact(self) -> None:
        """Empty text is not handed to a redactor."""
        assert redacted_text(broken, "") == ""

    def test_a_redactor_that_raises(self) -> None:
        """Nothing of the text is kept where the redactor raises."""
        assert redacted_text(broken, "secret") == REMOVED

    @pytest.mark.parametrize("result", [None, b"secret", 5])
    def test_a_redactor_that_returns_no_text(self, result: object) -> None:
        """Nothing of the text is kept where the redactor returns no str."""
        assert redacted_text(lambda _: result, "secret") == REMOVED  # type: ignore[arg-type,return-value]

    def test_an_interrupt_goes_on(self) -> None:
        """A redactor cannot swallow the user's Ctrl-C."""

        def interrupted(_: str) -> str:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            redacted_text(interrupted, "secret")


class TestDetails:
    def test_every_text_at_every_depth(self) -> None:
        """Values and keys are redacted, wherever they stand; numbers stay."""
        details = as_details(
            {"jo@example.com": 1, "to": [{"jo@example.com": "pwd=x"}, 2, None]}
        )

        assert redacted_details(redact_defaults, details) == {
            "[email]": 1,
            "to": [{"[email]": "pwd=[redacted]"}, 2, None],
        }

    def test_empty(self) -> None:
        """No details stay no details."""
        assert redacted_details(broken, as_details(None)) == {}

    def test_fail_closed(self) -> None:
        """A broken redactor leaves no text in the details."""
        assert redacted_details(broken, {"a": ["secret"]}) == {REMOVED: [REMOVED]}

    def test_a_redactor_that_inflates(self) -> None:
        """Details that a redactor makes too large are removed, not stored."""
        result = redacted_details(lambda _: "x" * 20_000, {"a": "secret"})

        assert result == {"removed": "too large after redaction"}
