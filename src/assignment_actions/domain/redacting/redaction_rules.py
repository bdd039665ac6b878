"""The rules by which secrets are taken out of texts; a host chooses among them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial

import attrs

from assignment_actions.domain.redacting.cloud_keys import (
    CLOUD_SCOUT,
    without_cloud_keys,
)
from assignment_actions.domain.redacting.command_lines import (
    without_arguments,
    without_elements,
)
from assignment_actions.domain.redacting.header_values import without_cookie_jars
from assignment_actions.domain.redacting.host_values import HostValues
from assignment_actions.domain.redacting.key_values import FLAG_SCOUT, KINDS, KeyValues
from assignment_actions.domain.redacting.patterns import REDACTED
from assignment_actions.domain.redacting.scouts import Scouts, Step
from assignment_actions.domain.redacting.secret_numbers import (
    CARD_SCOUT,
    TELEPHONE_SCOUT,
    without_cards,
    without_telephones,
)
from assignment_actions.domain.redacting.secrets import (
    without_bearers,
    without_emails,
    without_jwts,
    without_private_keys,
    without_url_passwords,
)
from assignment_actions.domain.redacting.sql_parameters import without_parameters

_BEFORE_KEYS: Mapping[str, Step] = {
    "private_key": Step("-(?<=-----)begin ", without_private_keys),
    "url_password": Step("@|%40", without_url_passwords),
}
_AFTER_KEYS: Mapping[str, Step] = {
    "bearer": Step("bearer", without_bearers),
    "jwt": Step("j(?<=eyj)", without_jwts),
    "cloud_key": Step(CLOUD_SCOUT, without_cloud_keys),
    "email": Step("@|%40", without_emails),
    "card": Step(CARD_SCOUT, without_cards),
    "telephone": Step(TELEPHONE_SCOUT, without_telephones),
}
ALL_RULES = frozenset({*_BEFORE_KEYS, *KINDS, *_AFTER_KEYS})
"""The names of all rules."""
DEFAULT_RULES = ALL_RULES - {"telephone"}
"""The names of the rules that apply where nothing else is said."""

_PASSES = 6


def _as_rules(names: object) -> frozenset[str]:
    chosen = _as_texts("rules", names)
    if unknown := sorted(set(chosen) - ALL_RULES):
        raise ValueError(
            f"rules must be among {', '.join(sorted(ALL_RULES))};"
            f" unknown: {', '.join(unknown)}"
        )
    return frozenset(chosen)


def _as_keys(keys: object) -> frozenset[str]:
    return frozenset(_as_texts("keys", keys))


def _as_values(values: object) -> frozenset[str]:
    return frozenset(_as_texts("values", values))


def _as_texts(field: str, given: object) -> Collection[str]:
    """Return a collection of texts; an error tells what is wrong, not with which."""
    if isinstance(given, str) or not isinstance(given, Collection):
        raise TypeError(
            f"{field} must be a collection of str, got {type(given).__name__}"
        )
    for one in given:
        if not isinstance(one, str):
            raise TypeError(f"each of {field} must be a str, got {type(one).__name__}")
        if not one.strip():
            raise ValueError(f"each of {field} must have more than blanks in it")
    return given


@attrs.frozen(kw_only=True)
class RedactionRules:
    """
    Take secrets out of a text: call it with one.

    Args:
        rules: names of rules; by default all but `telephone`.

            `email` every name@host.domain, percent-encoded ones too.
            `bearer` what follows Authorization, and the word bearer anywhere.
            `cookie` the values in Cookie and Set-Cookie; names and attributes stay.
            `jwt` JSON Web Tokens.
            `url_password` scheme://user:password@host, user:password@host:port, and
            tokens of 16 characters or more in the place of a user.
            `key_value` what follows a key such as password, client_secret or X-Api-Key,
            as text, header, query, JSON (also inside JSON), repr, YAML, XML or flag.
            `cloud_key` keys whose issuers gave them a prefix.
            `private_key` PEM and PGP private keys, also where their end was cut off.
            `card` payment cards: issuer, length and check digit must be right.
            `telephone` +NN …, (NNN) NNN-NNNN, 0NN … with a separator.

        values: texts that always go, in whatever ASCII case, plain or as JSON, Python,
            a URL or HTML write them; each must be more than blanks. Each adds the
            time of one search for it.
        keys: more names whose values are secrets, in texts and in details. `staff_id`
            also means staffId, STAFF-ID and user.staff_id.

    Not claimed: secrets that nothing tells from other words (a password in a sentence,
    as an argument without a name, in a row of SQL whose columns are not named), bare
    values with blanks in them, values on the line after their key, objects in a text
    under a key that announces a secret (their own keys are looked at), people's names
    and where they live.

    In a line of source that a stacktrace shows, a bare word after such a key is the
    name of a variable and stays; a string does not. Elsewhere, where in doubt, it goes.

    The time grows with the length of the text and not faster, whatever it holds. Twice
    makes no difference: `rules(rules(text)) == rules(text)`. Never raises.

    Raises:
        TypeError: an argument is no collection of str.
        ValueError: a rule is unknown, or a value or key is blank.

    >>> rules = RedactionRules(values=["Jo Doe"], keys=["matricule"])
    >>> rules("jo doe <jo@example.com>: matricule=17, password=hunter2")
    '[redacted] <[email]>: matricule=[redacted], password=[redacted]'
    """

    rules: frozenset[str] = attrs.field(default=DEFAULT_RULES, converter=_as_rules)
    values: frozenset[str] = attrs.field(default=(), converter=_as_values, repr=False)
    keys: frozenset[str] = attrs.field(default=(), converter=_as_keys)
    _key_values: KeyValues = attrs.field(init=False, eq=False, repr=False)
    _host_values: HostValues = attrs.field(init=False, eq=False, repr=False)
    _steps: tuple[Step, ...] = attrs.field(init=False, eq=False, repr=False)
    _scouts: Scouts = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        kinds = [KINDS[name] for name in KINDS if name in self.rules]
        keys = KeyValues(frozenset[str]().union(*kinds), self.keys)
        steps = self._chosen(keys)
        put = object.__setattr__
        put(self, "_key_values", keys)
        put(self, "_host_values", HostValues(self.values))
        put(self, "_steps", tuple(steps))
        put(self, "_scouts", Scouts(steps))

    def __reduce__(self) -> tuple[Callable[..., RedactionRules], tuple[object, ...]]:
        return _made, (self.rules, self.values, self.keys)

    def _chosen(self, keys: KeyValues) -> list[Step]:
        """Return the steps in their order: what holds others comes before them."""
        steps = [step for name, step in _BEFORE_KEYS.items() if name in self.rules]
        if "key_value" in self.rules:
            in_elements = partial(without_elements, is_secret=keys.kind_of)
            in_rows = partial(without_parameters, is_secret=keys.announces)
            steps += [Step(FLAG_SCOUT, without_arguments), Step("</", in_elements)]
            steps.append(Step(r"\[parameters: [\[(]", in_rows))
        if "cookie" in self.rules:
            steps.append(Step("<cookie ", without_cookie_jars))
        if self.keys or not self.rules.isdisjoint(KINDS):
            steps += keys.steps
        return steps + [
            step for name, step in _AFTER_KEYS.items() if name in self.rules
        ]

    def __call__(self, text: str, /) -> str:
        """Return the text without what the rules find."""
        for _ in range(_PASSES):
            result = self._once(text)
            if result == text:
                return text
            text = result
        return REDACTED  # nobody writes such a text: rather nothing than not settled

    def _once(self, text: str) -> str:
        """Return the text after one pass: a step changed it, all that follow look."""
        seen = result = self._host_values(text)
        needed, harmless = self._scouts.look(seen)
        for step in self._steps if needed else ():
            if result is not seen or step in needed:
                changed = step.without(result)
                result = result if changed == result else changed
        if harmless and result is text:
            self._scouts.remember(harmless)
        return result

    def is_secret_key(self, key: str) -> bool:
        """
        Tell whether what stands under this key in details is not kept, whatever it is.

        >>> [RedactionRules().is_secret_key(key) for key in ("api-key", "token_type")]
        [True, False]
        """
        return self._key_values.announces(key)


def _made(
    rules: Collection[str], values: Collection[str], keys: Collection[str]
) -> RedactionRules:
    return RedactionRules(rules=rules, values=values, keys=keys)
