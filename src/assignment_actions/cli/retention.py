"""How long actions are kept, as said on the command line or in a policy file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from assignment_actions.cli.settings import CommandError, Settings, Status
from assignment_actions.domain.action import ActionStatus
from assignment_actions.domain.retention import Retention, RetentionPolicy
from assignment_actions.domain.values import AssignmentId

FOREVER = "forever"
RULES = (
    "a rule is an AGE, or STATUS=AGE, TYPE=AGE or STATUS:TYPE=AGE, as in"
    " --keep redeemed=forever --keep failed,unknown=90d --keep succeeded:reminded=30d"
    " --keep 365d"
)
_AGE = re.compile(r"(?P<count>\d{1,6})(?P<unit>[hdw])\Z")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_LONGER = re.compile(r"\d+ ?(m|mo|months?|y|years?)\Z")
_STATUSES = frozenset(map(str, ActionStatus))
_FIELDS = frozenset({"keep_for", "statuses", "types"})
_TABLES = frozenset({"rules", "hold"})
_ENDED = _STATUSES - {"in_progress"}


def policy_of(
    keep: Sequence[str],
    path: Path | None,
    hold: Iterable[AssignmentId],
    settings: Settings,
) -> RetentionPolicy:
    """
    Return the policy that `--keep` or `--policy` says, with more assignments on hold.

    Raises:
        CommandError: it is none, or has no rule, or one that never applies, since
            another before it covers all of it: their order must be a mistake.
    """
    if keep and path is not None:
        raise CommandError("give the rules with --keep or with --policy, not both")
    if path is None:
        policy = RetentionPolicy([rule_of(one) for one in keep])
    else:
        policy = policy_in(path, settings)
    if not policy.rules:
        raise CommandError(f"say what to keep, and for how long: {RULES}")
    rules = tuple(policy.rules)
    _require_reachable(rules)
    return RetentionPolicy(rules, hold=[*policy.hold, *hold])


def types_of(policy: RetentionPolicy) -> list[str]:
    """Return the action types that a policy names."""
    return sorted({str(name) for rule in policy.rules for name in rule.types or ()})


def age(text: object) -> timedelta | None:
    """
    Return how long to keep, None for ever.

    >>> age("90d"), age("forever")
    (datetime.timedelta(days=90), None)

    Raises:
        ValueError: it is none; minutes or months, nobody knows, so `m` is none.
    """
    if text == FOREVER:
        return None
    found = _AGE.match(text) if isinstance(text, str) else None
    if found is None:
        is_long = isinstance(text, str) and _LONGER.match(text)
        why = "; months and years differ in length, so say days" if is_long else ""
        raise ValueError(
            f"keep_for must be hours, days or weeks (36h, 90d, 12w) or {FOREVER},"
            f" got {text!r}{why}"
        )
    return timedelta(**{_UNITS[found["unit"]]: int(found["count"])})


def rule_of(text: str) -> Retention:
    """
    Return the rule that one `--keep` is.

    >>> rule_of("failed,unknown=90d").types is None
    True
    >>> rule_of("succeeded:reminded=30d").types
    frozenset({'reminded'})

    Raises:
        CommandError: it is none.
    """
    which, _, keep_for = text.rpartition("=")
    try:
        statuses, types = _which(which) if "=" in text else (None, None)
        return Retention(age(keep_for), statuses=statuses, types=types)
    except (TypeError, ValueError) as error:
        raise CommandError(f"--keep {text!r}: {error}; {RULES}") from None


def _which(text: str) -> tuple[list[str] | None, list[str] | None]:
    """Return the statuses and the types named; a colon says which are which."""
    before, colon, after = text.partition(":")
    if colon:
        return _words(before) if before else None, _words(after)
    words = _words(text)
    statuses = [word for word in words if word in _STATUSES]
    if not statuses:
        return None, words
    if len(statuses) < len(words):
        types = [word for word in words if word not in _STATUSES]
        raise ValueError(
            f"{', '.join(statuses)} is a status and {', '.join(types)} a type:"
            f" write {','.join(statuses)}:{','.join(types)} for both at once"
        )
    return statuses, None


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


def policy_in(path: Path, settings: Settings) -> RetentionPolicy:
    """
    Return the policy that a TOML file holds.

    Raises:
        CommandError: it cannot be read, or something in it is no policy: the rule, the
            field and the limit are named.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"--policy: {error}", Status.NOT_FOUND) from None
    except (RecursionError, ValueError) as error:  # no TOML, or no UTF-8
        raise CommandError(f"--policy {path}: {error}") from None
    try:
        _require_known("the file", document, _TABLES)
        given = _list("rules", document.get("rules", []))
        hold = _held(_list("hold", document.get("hold", [])), settings)
        return RetentionPolicy(
            [_rule_in(number, one) for number, one in enumerate(given, start=1)],
            hold=hold,
        )
    except (TypeError, ValueError) as error:
        raise CommandError(f"--policy {path}: {error}") from None


def _held(given: Iterable[object], settings: Settings) -> list[AssignmentId]:
    try:
        return [settings.assignment_id(str(one)) for one in given]
    except CommandError as error:
        raise ValueError(f"hold: {error}") from None


def _rule_in(number: int, given: object) -> Retention:
    if not isinstance(given, Mapping):
        raise TypeError(f"rule {number} must be a table, got {given!r}")
    try:
        _require_known("a rule", given, _FIELDS)
        statuses, types = (_named(name, given) for name in ("statuses", "types"))
        return Retention(age(given.get("keep_for")), statuses=statuses, types=types)
    except (TypeError, ValueError) as error:
        raise ValueError(f"rule {number}: {error}") from None


def _named(field: str, given: Mapping[str, object]) -> list[Any] | None:
    if field not in given:
        return None
    words = _list(field, given[field])
    if not words:
        raise ValueError(f"{field} must not be empty; leave it out for all")
    return words


def _list(field: str, value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{field} must be a list, got {value!r}")
    return value


def _require_known(where: str, given: Iterable[str], known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            raise ValueError(
                f"{name} is unknown; {where} may have {', '.join(sorted(known))}"
            )


def _require_reachable(rules: Sequence[Retention]) -> None:
    for number, rule in enumerate(rules, start=1):
        for before, other in enumerate(rules[: number - 1], start=1):
            if _has_all_of(other, rule):
                raise CommandError(
                    f"rule {number} ({said(rule)}) never applies: rule {before}"
                    f" ({said(other)}) covers all of it; the first that fits decides"
                )


def _has_all_of(one: Retention, other: Retention) -> bool:
    assert one.statuses is not None
    assert other.statuses is not None
    has_types = one.types is None or (
        other.types is not None and set(other.types) <= set(one.types)
    )
    return has_types and set(other.statuses) <= set(one.statuses)


def said(rule: Retention) -> str:
    """
    Return a rule as people say it.

    >>> said(rule_of("failed:reminded=12w")), said(rule_of("redeemed=forever"))
    ('failed reminded: 84 days', 'redeemed: for ever')
    """
    assert rule.statuses is not None
    statuses = {str(one) for one in rule.statuses}
    words = [" or ".join(sorted(statuses))] if statuses != _ENDED else []
    if rule.types is not None:
        words.append(" or ".join(sorted(map(str, rule.types))))
    return (
        f"{' '.join(words) or 'everything not in progress'}: {_length(rule.keep_for)}"
    )


def _length(keep_for: timedelta | None) -> str:
    if keep_for is None:
        return "for ever"
    days, rest = divmod(keep_for, timedelta(days=1))
    if not rest:
        return "1 day" if days == 1 else f"{days} days"
    return f"{keep_for // timedelta(hours=1)} hours"
