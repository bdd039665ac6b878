import pickle
import re
from collections.abc import Callable

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignment_actions.domain.details import as_details
from assignment_actions.domain.redacting.patterns import with_atomic_groups
from assignment_actions.domain.redacting.redaction_rules import (
    ALL_RULES,
    DEFAULT_RULES,
    RedactionRules,
)
from assignment_actions.domain.redacting.scouts import REMEMBERED_LINES
from assignment_actions.domain.redaction import (
    REDACTED,
    REMOVED,
    redact_defaults,
    redacted_actor,
    redacted_details,
    redacted_text,
)
from assignment_actions.testing import a_failure, an_action

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
TRACE = 'Traceback (most recent call last):\n  File "/app/a.py", line 7, in f\n'
LINES = 9 * "    x\n"
PEM = "-----BEGIN PRIVATE KEY-----\n" + 64 * "A"


def broken(text: str) -> str:
    raise RuntimeError(text)


def of_a_host(text: str) -> str:
    """Return the default rules as a redactor that nobody knows to be theirs."""
    return redact_defaults(text)


class TestDefaultRules:
    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("550: jo.doe+x@mail.example.com!", "550: [email]!"),
            ("<o'neill@example.co.uk>", "<[email]>"),
            ("to=jo@example.com", "to=[email]"),
            ("_jo@example.com_ bounced", "[email] bounced"),
            ("lock jo@example.com_7, jo@example.com1", "lock [email], [email]"),
            ("/x?user=jo&pass=123456", "/x?user=jo&pass=[redacted]"),
            ("<pwd><![CDATA[a<b]]></pwd>", "<pwd>[redacted]</pwd>"),
            (f"password={'*' * 600}hunter2 x", "password=[redacted] x"),
            (f"password={'a' * 600} x", "password=[redacted] x"),
            ("<bounce+jo=example.com@lists.example.org>", "<[email]>"),
            ("?to=jo%40example.com&n=1", "?to=[email]&n=1"),
            ("a@example.com@example.org", "[email]@example.org"),
            ("postgresql://app:pw@db:5432/x", "postgresql://app:[redacted]@db:5432/x"),
            ("redis://:p@ss@cache", "redis://:[redacted]@cache"),
            ("db://jo:a/b?c@host/x", "db://jo:[redacted]@host/x"),
            ("db%3A%2F%2Fjo%3Apw%40host", "db%3A%2F%2Fjo%3A[redacted]%40host"),
            ("refused jo:pw1@db:5432", "refused jo:[redacted]@db:5432"),
            ("git://0123456789abcdef@host/", "git://[redacted]@host/"),
            ("git://x-token:pw@host/x", "git://x-token:[redacted]@host/x"),
            ("https://0123456789abcdef:@host/", "https://[redacted]:@host/"),
            ("Authorization: Basic am86cHc=", "Authorization: Basic [redacted]"),
            ("Authorization: am86cHc9", "Authorization: [redacted]"),
            ('Authorization: Digest a="b", c="d"', "Authorization: Digest [redacted]"),
            ("'auth': 'bearer eyJh.x-z'", "'auth': 'bearer [redacted]'"),
            ("auth=('jo', 'pw')", "auth=[redacted]"),
            ("X-Token: Bearer abc", "X-Token: Bearer [redacted]"),
            ("sent Bearer mF_9.B5f-4", "sent Bearer [redacted]"),
            ("bad eyJhbGciOiJIUzI1.eyJzdWIi.c2ln", "bad [jwt]"),
            ("login?token=abc&next=/home", "login?token=[redacted]&next=/home"),
            ("PASSWORD = s3cret; retry", "PASSWORD = [redacted]; retry"),
            ('{"my_secret": "a b", "n": 1}', '{"my_secret": [redacted], "n": 1}'),
            ("{'api-key': 'x'}", "{'api-key': [redacted]}"),
            ("access_key_id=AKIA retries=3", "access_key_id=[redacted] retries=3"),
            ('pwd="a\\"b c" rest', "pwd=[redacted] rest"),
            (r'"{\"pwd\": \"abc\", \"n\": 1}"', r'"{\"pwd\": [redacted], \"n\": 1}"'),
            ("('password', 'x')", "('password', [redacted])"),
            ("h.add('password', 'x')", "h.add('password', [redacted])"),
            ("{'password': ['x', 'y']}", "{'password': [redacted]}"),
            ("token=SecretStr('x')", "token=[redacted]"),
            ("PWD={a;b};UID=sa", "PWD=[redacted];UID=sa"),
            ("a%3Ftoken%3Dabc%26n%3D1", "a%3Ftoken%3D[redacted]%26n%3D1"),
            (r"'a\nauth=abc'", r"'a\nauth=[redacted]'"),
            ("auth=(jo, x1)", "auth=[redacted]"),
            ("PASSWORD=/abc", "PASSWORD=[redacted]"),
            ("login --token abc -v", "login --token [redacted] -v"),
            (
                "{'name': 'PW_TOKEN', 'value': 'x'}",
                "{'name': 'PW_TOKEN', 'value': [redacted]}",
            ),
            ("pin=1234, otp: '123456'", "pin=[redacted], otp: [redacted]"),
            ("reset_code=ab12cd", "reset_code=[redacted]"),
            ("<pw:password>x</pw:password>", "<pw:password>[redacted]</pw:password>"),
            (
                "curl -u jo:pw -b 'a=b; c=d' h",
                "curl -u jo:[redacted] -b 'a=[redacted]; c=[redacted]' h",
            ),
            (
                "sshpass -p pw ssh h; mysql -ppw",
                "sshpass -p [redacted] ssh h; mysql -p[redacted]",
            ),
            ("Cookie: a=b; c=d", "Cookie: a=[redacted]; c=[redacted]"),
            ("Set-Cookie: a=b; Path=/", "Set-Cookie: a=[redacted]; Path=/"),
            ("'Cookie': 'a=b'", "'Cookie': 'a=[redacted]'"),
            ("cookies={'a': 'b'}", "cookies={'a': [redacted]}"),
            ("cookie='abc', cookie=ab1", "cookie=[redacted], cookie=[redacted]"),
            ("<Cookie a=b for h/>", "<Cookie a=[redacted] for h/>"),
            (PEM, "[private key]"),
            (f"{PEM}\n-----END PRIVATE KEY-----\nx", "[private key]\nx"),
            ("4111 1111 1111 1111 refused", "[card number] refused"),
            ("no 42 4111-1111-1111-1111", "no 42 [card number]"),
            ("AKIA" + 16 * "A" + " denied", "[cloud key] denied"),
            ("X-Hub-Signature-256: ab12", "X-Hub-Signature-256: [redacted]"),
            (f"{TRACE}{LINES}    pwd=x", f"{TRACE}{LINES}    pwd=[redacted]"),
            (f"{TRACE}    f(password='x')", f"{TRACE}    f(password=[redacted])"),
            (
                "[SQL: UPDATE a SET token=?]\n[parameters: ('x', 7)]",
                "[SQL: UPDATE a SET token=?]\n[parameters: ([redacted], 7)]",
            ),
            (
                "token\n  Bad [input_value='x', n]",
                "token\n  Bad [input_value=[redacted], n]",
            ),
        ],
    )
    def test_takes_secrets_out(self, text: str, kept: str) -> None:
        """What the rules claim goes; the rest stays."""
        assert kept == redact_defaults(text)

    @pytest.mark.parametrize(
        "text",
        [
            "the password is wrong",
            "/run/secrets/token: permission denied",
            "auth: connection refused, cookie: malformed",
            "<pwd><![CDATA[***]]></pwd>",
            "processed, pass=3",
            "secrets are kept elsewhere",
            "root@localhost",
            "react@18.2.0, a@b.T, x@1.1",
            "getty@tty1.service",
            "@property def x(self)",
            "https://example.com:8080/a@b",
            "db://{user}:{password}@{host}, db://jo@host",
            "a:{b}@host:5432, @host:5432",
            "the bearer of it",
            "Bearer token expected",
            'Bearer realm="api"',
            "eyJ.a.b",
            "monkey=5, key: value",
            "12:30:00 at File main.py:7",
            "AssertionError: 3 != 4",
            "Authorization: denied",
            "Authorization: Bearer {token}",
            "'Authorization': 'Bearer'",
            "auth: basic",
            "Cookie: none",
            "{'Cookie': None}",
            "token: expired",
            "Unexpected token: ;",
            "InvalidToken: abc",
            "{'password': ['This field is required.']}",
            "password=***, token=${DB_TOKEN}, secret=<secret>",
            "{'password': '', 'token': None}",
            "password=get_password()",
            "password: str",
            "signature: (a, b)",
            "token: (see above)",
            "max_tokens=12, next_token=abc, token_type=abc",
            "pin: 17, otp: abc",
            "PASS: test_a",
            "PWD=/home/jo",
            "api_key: /etc/api.pem",
            "add('password', value).x('token', 1)",
            "f('token', 'a', 'b')",
            "login --verbose abc --password <password>",
            "{'name': 'host', 'value': 'x'}, 'value': 'x'",
            "<user>jo</user><password>***</password>",
            "run -port 80; curl -u jo",
            'input("Password: ", 1)',
            "-----BEGIN CERTIFICATE-----",
            "order 4111111111111112, 1234567890123456",
            "4111 1111 1111 1111-x",
            "4111111111111111111111111111111111111111111",
            "AKIA is a prefix",
            f"{TRACE}    f(password=password)",
            f"{TRACE}    first(\n    password=password)",
            f"{TRACE}    auth=(user, password)",
            f"{TRACE}    authorization = header",
            "[SQL: SELECT token FROM a WHERE b=?]\n[parameters: ('x',)]",
            "[SQL: UPDATE a SET b=?]\n[parameters: ('x', 7)]",
            "[parameters: ('x',)]",
            "a\n  Bad [input_value='x', n]",
            "input_value='x'",
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


class TestRedactionRules:
    def test_by_default(self) -> None:
        """All rules but that for telephones apply; the defaults are made of them."""
        assert ALL_RULES - {"telephone"} == DEFAULT_RULES
        assert RedactionRules() == redact_defaults

    @pytest.mark.parametrize("rule", sorted(ALL_RULES))
    def test_each_alone(self, rule: str) -> None:
        """A rule that is not chosen changes nothing."""
        texts = {
            "email": "jo@example.com",
            "bearer": "Authorization: Basic am86cHc=",
            "jwt": "eyJhbGciOiJIUzI1.eyJzdWIi.c2ln",
            "cookie": "Cookie: a=b",
            "url_password": "db://jo:pw@host",
            "key_value": "password=hunter2",
            "cloud_key": "AKIA" + 16 * "A",
            "private_key": PEM,
            "card": "4111111111111111",
            "telephone": "+49 171 1234567",
        }
        rules = RedactionRules(rules=[rule])

        assert [rule] == [name for name, one in texts.items() if rules(one) != one]

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("+49 171 1234567", "[telephone]"),
            ("(555) 123-4567", "[telephone]"),
            ("0171/1234567", "[telephone]"),
            ("01-02-2026 at 00:00:01", "01-02-2026 at 00:00:01"),
        ],
    )
    def test_telephones(self, text: str, kept: str) -> None:
        """Telephone numbers go where they are asked for."""
        assert kept == RedactionRules(rules=ALL_RULES)(text)

    def test_unknown_rules(self) -> None:
        """An unknown rule is refused, naming those that are known."""
        with pytest.raises(ValueError, match=r"among bearer, .*; unknown: emial"):
            RedactionRules(rules=["emial"])

    @pytest.mark.parametrize("field", ["rules", "values", "keys"])
    @pytest.mark.parametrize("given", ["email", None, [b"x"], [1]])
    def test_what_is_no_collection_of_texts(self, field: str, given: object) -> None:
        """One text, or other things than texts, are refused."""
        with pytest.raises(TypeError, match=field):
            RedactionRules(**{field: given})

    @pytest.mark.parametrize("field", ["rules", "values", "keys"])
    @pytest.mark.parametrize("given", ["", " \n"])
    def test_what_is_blank(self, field: str, given: str) -> None:
        """An empty value would be found everywhere: it is refused."""
        with pytest.raises(ValueError, match=field):
            RedactionRules(**{field: ["x", given]})

    def test_values_are_never_shown(self) -> None:
        """A repr names rules and keys, never the values."""
        shown = repr(RedactionRules(values=["Jo Doe"], keys=["matricule"]))

        assert "matricule" in shown
        assert "Jo Doe" not in shown

    def test_pickles(self) -> None:
        """Rules are sent to other processes."""
        rules = RedactionRules(rules=["email"], values=["Zoe"], keys=["ref"])
        copy = pickle.loads(pickle.dumps(rules))

        assert rules == copy
        assert copy("Zoe, ref=1 jo@example.com") == "[redacted], ref=[redacted] [email]"

    def test_what_never_settles(self) -> None:
        """Nothing is kept of a text that each look changes again."""
        rules = RedactionRules(values=["d]x"])

        assert rules("d]xxx") == REDACTED
        assert rules("d]x" + 9 * "x") == REDACTED

    @pytest.mark.parametrize("text", ["\ud800", "\0", "password=\ud800\0", "İ pwd=İ"])
    def test_any_characters(self, text: str) -> None:
        """No character makes a redactor raise."""
        assert redact_defaults(text)


class TestValues:
    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("jo DOE, Jo Doe's", "[redacted], [redacted]'s"),
            ("Jo Doe Smith", "[redacted]"),
            ("to=Jo%20Doe&x=jo+doe", "to=[redacted]&x=[redacted]"),
            (r'"said \"hi\" there"', '"[redacted] there"'),
            (r'"{\"a\": \"said \\\"hi\\\"\"}"', r'"{\"a\": \"[redacted]\"}"'),
            ("said &quot;hi&quot;", "[redacted]"),
            ("[email] or email", "[email] or [redacted]"),
            ("JÖRG, Jörg", "JÖRG, [redacted]"),
            ("Jo, Doe", "Jo, Doe"),
        ],
    )
    def test_are_always_replaced(self, text: str, kept: str) -> None:
        """However it is written; the longest where several begin, never in a mark."""
        rules = RedactionRules(
            values=["Jo Doe", "Jo Doe Smith", 'said "hi"', "email", "Jörg"]
        )

        assert kept == rules(text)

    def test_that_overlap(self) -> None:
        """Values that share letters are replaced as one."""
        assert RedactionRules(values=["abc", "cde"])("xabcdex") == "x[redacted]x"


class TestKeys:
    @pytest.mark.parametrize(
        "text",
        [
            "matricule=17",
            "student_matricule: 17",
            "{'studentMatricule': 17}",
            "X-Matricule: 17",
            "<matricule>17</matricule>",
            "show --matricule 17",
            "passport_number=17",
            "PassportNumber=17",
        ],
    )
    def test_of_the_host(self, text: str) -> None:
        """Values of the host's own keys go, however the key is written."""
        rules = RedactionRules(keys=["matricule", "passport-number"])

        assert text == redact_defaults(text)
        assert "17" not in rules(text)
        assert rules("number=17, matricules=17") == "number=17, matricules=17"

    def test_without_the_rule_for_keys(self) -> None:
        """They are asked for by name, so they need no rule."""
        rules = RedactionRules(rules=[], keys=["matricule"])

        assert rules("matricule=17 pwd=17") == "matricule=[redacted] pwd=17"


class TestAtomicGroups:
    @pytest.mark.parametrize(
        "source",
        [
            r"(?:a(?!b)|b)++",
            r"(?:\s*+\d++)*+ z",
            r"(?:[)]b|\(c)?+x",
            "(?P<a>a{1,2}+)++",
        ],
    )
    def test_mean_the_same(self, source: str) -> None:
        """A possessive group finds what an atomic one finds."""
        texts = ["aab", "ab", "  1 2 z", ")bx", "(cx", "x", "aaa"]

        def found_by(pattern: str) -> list[str | None]:
            found = [re.search(pattern, text) for text in texts]
            return [one and one[0] for one in found]

        assert found_by(source) == found_by(with_atomic_groups(source))


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

    def test_an_actor(self) -> None:
        """An actor is storable and of legal length; of nothing, None."""
        assert redacted_actor(redact_defaults, "jo@example.com\0") == "[email]\\x00"
        assert redacted_actor(redact_defaults, None) is None
        assert redacted_actor(lambda _: "x" * 300, "jo") == "x" * 255


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

    @pytest.mark.parametrize("redact", [redact_defaults, of_a_host])
    @pytest.mark.parametrize("value", ["x", 1234, 12.5, ["x"], {"a": ["x"]}, [[]]])
    def test_a_secret_key(self, redact: Callable[[str], str], value: object) -> None:
        """What stands under a key that announces a secret is replaced whole."""
        details = {"n": value, "deep": [{"password": value}]}

        assert redacted_details(redact, details) == {
            "n": value,
            "deep": [{"password": REDACTED}],
        }

    @pytest.mark.parametrize("redact", [redact_defaults, of_a_host])
    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            (["a", "--password", "x", "b"], ["a", "--password", REDACTED, "b"]),
            (["--password", "--b", "x"], ["--password", "--b", "x"]),
            (["password", "b", "x"], ["password", "b", "x"]),
            ([["password", 17]], [["password", REDACTED]]),
            ([[1, "x"], ["n", "x"]], [[1, "x"], ["n", "x"]]),
            (["--password", None], ["--password", None]),
            ({"name": "password", "value": 1}, {"name": "password", "value": REDACTED}),
            ({"Key": "password", "Value": "x"}, {"Key": "password", "Value": REDACTED}),
            ({"name": "n", "value": "x"}, {"name": "n", "value": "x"}),
            ({"name": 1, "value": "x"}, {"name": 1, "value": "x"}),
        ],
    )
    def test_a_name_beside_its_value(
        self, redact: Callable[[str], str], given: object, kept: object
    ) -> None:
        """A flag, the first of two and a `name` announce a secret as a key does."""
        assert redacted_details(redact, {"n": given}) == {"n": kept}

    @pytest.mark.parametrize(
        "pair", [["X-Api-Key", "abc123def"], ["Authorization", "Basic am86cHc="]]
    )
    def test_headers_in_a_list(self, pair: list[str]) -> None:
        """Headers that are pairs in a list lose their secrets."""
        result = redacted_details(redact_defaults, {"headers": [pair]})

        assert result == {"headers": [[pair[0], REDACTED]]}

    @pytest.mark.parametrize("redact", [redact_defaults, of_a_host])
    @pytest.mark.parametrize("value", [None, True, False, "", REDACTED])
    def test_what_tells_nothing(
        self, redact: Callable[[str], str], value: object
    ) -> None:
        """None, true, false and nothing stay, under such a key too."""
        assert redacted_details(redact, {"token": value}) == {"token": value}

    def test_a_key_of_the_host(self) -> None:
        """The host's own keys are such keys; whether the value is a text or not."""
        rules = RedactionRules(keys=["matricule"])

        assert redacted_details(rules, {"matricule": 17}) == {"matricule": REDACTED}

    @pytest.mark.parametrize("number", [4111111111111111, -4111111111111111])
    def test_a_number_that_is_a_secret(self, number: int) -> None:
        """Numbers pass the redactor too, wherever they stand."""
        result = redacted_details(redact_defaults, {"a": number, "b": [number, 1.5]})

        assert "4111" not in repr(result)
        assert result["b"][1] == 1.5

    def test_keys_that_become_the_same(self) -> None:
        """Nothing is lost where several keys become one text."""
        details = {
            "a@b.example": 1,
            "c@d.example": 2,
            "[email] (2)": 3,
            "e@f.example": 4,
        }

        assert redacted_details(redact_defaults, details) == {
            "[email]": 1,
            "[email] (2)": 2,
            "[email] (2) (2)": 3,
            "[email] (3)": 4,
        }

    @pytest.mark.parametrize("redact", [redact_defaults, of_a_host])
    def test_again_changes_nothing(self, redact: Callable[[str], str]) -> None:
        """Redacting what was redacted changes nothing."""
        details = {"pwd": ["x"], "jo@example.com": "pin=1234", "n": {"otp": 1234}}
        once = redacted_details(redact, details)

        assert once == redacted_details(redact, once)

    def test_empty(self) -> None:
        """No details stay no details."""
        assert redacted_details(broken, as_details(None)) == {}

    def test_fail_closed(self) -> None:
        """A broken redactor leaves neither texts nor numbers in the details."""
        assert redacted_details(broken, {"a": ["secret"]}) == {REMOVED: [REMOVED]}
        assert redacted_details(broken, {"a": 1, "b": {"c": None}}) == {
            REMOVED: REMOVED,
            f"{REMOVED} (2)": {REMOVED: None},
        }

    def test_a_redactor_that_inflates(self) -> None:
        """Details that a redactor makes too large are removed, not stored."""
        result = redacted_details(lambda _: "x" * 20_000, {"a": "secret"})

        assert result == {"removed": "too large after redaction"}


class TestWholeActions:
    @pytest.mark.parametrize(
        "fields",
        [{}, {"actor": "admin:7", "details": {"n": 1}}, {"status": "failed"}],
        ids=["bare", "with texts", "failed"],
    )
    def test_without_secrets(self, fields: dict[str, object]) -> None:
        """An action without secrets is returned itself."""
        action = an_action(**fields)

        assert action is action.redacted(redact_defaults)

    def test_with_a_secret(self) -> None:
        """Only the texts change, all of them are looked at, and none is too long."""
        action = an_action(
            status="failed",
            actor="jo@example.com",
            details={"to": "jo@example.com"},
            failure=a_failure(message="to jo@example.com"),
        )
        redacted = action.redacted(redact_defaults)

        assert redacted.failure is not None
        assert ("[email]", {"to": "[email]"}, "to [email]") == (
            redacted.actor,
            redacted.details,
            redacted.failure.message,
        )
        assert (
            attrs.evolve(
                action,
                actor=redacted.actor,
                details=redacted.details,
                failure=redacted.failure,
            )
            == redacted
        )

    def test_lines_of_source_without_end(self) -> None:
        """However many lines of source are seen, so many are remembered at most."""
        rules = RedactionRules()
        for number in range(3):
            at = range(number * 3000, number * 3000 + 3000)
            rules("\n".join(f"    step_{step}()" for step in at))

        assert 0 < len(rules._scouts._remembered) <= REMEMBERED_LINES
