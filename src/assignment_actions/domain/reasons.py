"""Reasons: the short code for an exception, by its type, or by a rule of the host's."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from inspect import iscoroutinefunction
from types import MappingProxyType
from typing import Any

from assignment_actions.domain.ready_reasons import (
    READY_REASONS,
    ReasonRule,
    attribute_of,
    qualified,
)
from assignment_actions.domain.values import as_name
from assignment_actions.domain.vocabulary import ErrorReason

MEMBERS, DEPTH = 1000, 12
"""How many exceptions of a group are asked about, and how deep they may be nested."""

_logger = logging.getLogger("assignment_actions")


def as_reasons(reasons: object) -> Mapping[type[BaseException], ReasonRule]:
    """
    Return a host's own reasons by exception type, checked.

    Raises:
        TypeError, ValueError: a key is no exception type, or what stands there neither
            a reason (lower snake case, at most 64) nor a function.
    """
    if not isinstance(reasons, Mapping):
        raise TypeError(f"reasons must be a mapping, got {reasons!r}")
    for kind in reasons:
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise TypeError(f"reasons must be keyed by exception types, got {kind!r}")
    return MappingProxyType({kind: _as_rule(rule) for kind, rule in reasons.items()})


def _as_rule(rule: object) -> ReasonRule:
    if isinstance(rule, str):
        return as_name("reason", rule)
    if isinstance(rule, type) or not callable(rule) or iscoroutinefunction(rule):
        raise TypeError(f"reason must be a str or a function, got {rule!r}")
    return rule


def by_attribute(
    path: str, reasons: Mapping[Any, str]
) -> Callable[[BaseException], str | None]:
    """
    Return a rule that reads a code from the exception: a status, an errno.

    Args:
        path: where the code is; dots lead on, through attributes, keys of a dict and
            positions: "errno", "response.status_code", "args.0".
        reasons: the reason by code; a `range` holds for the numbers in it, unless one
            of them stands here on its own.

    Raises:
        TypeError, ValueError: `path` is no text, or a reason no short code.

    >>> import smtplib
    >>> rule = by_attribute(
    ...     "smtp_code", {550: "mailbox_gone", range(500, 600): "email_error"}
    ... )
    >>> rule(smtplib.SMTPSenderRefused(550, b"no such mailbox", "jo"))
    'mailbox_gone'
    >>> rule(smtplib.SMTPDataError(554, b"looks like spam"))
    'email_error'
    >>> rule(smtplib.SMTPServerDisconnected("no code")) is None
    True
    """
    if not isinstance(path, str):
        raise TypeError(f"path must be a str, got {path!r}")
    exact = {code: as_name("reason", reason) for code, reason in reasons.items()}
    ranges = [one for one in exact if isinstance(one, range)]

    def rule(exception: BaseException) -> str | None:
        code = attribute_of(exception, path)
        if code in exact:
            return exact[code]
        if not isinstance(code, int):
            return None
        return next((exact[one] for one in ranges if code in one), None)

    return rule


def reason_of(
    exception: BaseException, reasons: Mapping[type[BaseException], ReasonRule]
) -> str:
    """
    Return the reason for an exception; this never raises.

    One walk along the ancestry of its type, nearest first; at each class the host's
    own rule is asked before the ready-made one. A group has the reason that all its
    members have. Without any other, an Exception is unclassified, and what is none
    (an interrupt, an exit, a cancellation) interrupted.
    """
    try:
        return _resolved(exception, reasons, {}, 0)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  # a host's type may refuse even this
        return ErrorReason.UNCLASSIFIED


def _resolved(
    exception: BaseException,
    reasons: Mapping[type[BaseException], ReasonRule],
    known: dict[int, str],
    depth: int,
) -> str:
    for kind in type(exception).__mro__:
        try:
            rules = reasons.get(kind), READY_REASONS.get(qualified(kind))
        except Exception:  # noqa: BLE001, S112  # its metaclass refuses: ask the bases
            continue
        if kind is BaseExceptionGroup:
            members = partial(_of_members, reasons=reasons, known=known, depth=depth)
            rules = rules[0], members
        for rule in rules:
            if isinstance(rule, str):
                return rule
            reason = None if rule is None else _asked(rule, exception, kind)
            if reason is not None:
                return reason
    return ErrorReason.UNCLASSIFIED


def _asked(
    rule: Callable[[Any], str | None], exception: BaseException, kind: type
) -> str | None:
    """Ask a rule; one that breaks is logged by types only: texts may hold secrets."""
    reason: object = None
    try:
        reason = rule(exception)
        return None if reason is None else as_name("reason", reason)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # no rule spoils a recording
        _logger.warning(
            "the rule for %s gave no reason for a %s, but %s",
            qualified(kind),
            qualified(type(exception)),
            f"raised {qualified(type(error))}"
            if reason is None
            else f"a {qualified(type(reason))} that is none",
        )
        return None


def _of_members(
    group: BaseExceptionGroup[BaseException],
    *,
    reasons: Mapping[type[BaseException], ReasonRule],
    known: dict[int, str],
    depth: int,
) -> str | None:
    """Return the one reason of all members; None where they differ or are too many."""
    members, found = attribute_of(group, "exceptions"), set[str]()
    if depth >= DEPTH or not isinstance(members, tuple):
        return None
    for member in members:
        if id(member) not in known:
            if len(known) >= MEMBERS:
                return None
            known[id(member)] = ErrorReason.UNCLASSIFIED  # should it hold itself
            known[id(member)] = _resolved(member, reasons, known, depth + 1)
        found.add(known[id(member)])
        if len(found) > 1:
            return None
    return found.pop() if found else None
