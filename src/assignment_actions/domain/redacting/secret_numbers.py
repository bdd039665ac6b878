"""Secrets that are numbers: payment cards, and telephones where they are wanted."""

from __future__ import annotations

import re

from assignment_actions.domain.redacting.patterns import Lazy

CARD, TELEPHONE = "[card number]", "[telephone]"

CARD_SCOUT = "|".join(f"{first}(?:[ -]?+[0-9]){{12}}" for first in "234568")
TELEPHONE_SCOUT = (
    r"(?:\+|%2b)[1-9]|[2-9][0-9]{2}(?:\)[ .-]?+|[ .-])[0-9]{3}[.-]"
    r"|0[0-9]{1,5}+[ /-][0-9]{2}"
)
# whole runs of digits, so that no part of a longer number is taken for a card
_DIGITS = Lazy(
    r"[0-9](?:(?<![\w.+][0-9])|(?<=\\[nrt][0-9]))(?<![0-9A-Fa-f]{4}-[0-9])"
    r"(?:[ -]?+[0-9]){12,}+"
)
_GROUPS = Lazy(
    r"(?<![0-9])(?=(?P<card>[0-9]{13,19}|[0-9]{4}(?:[ -][0-9]{4}){3}(?:[ -][0-9]{3})?+"
    r"|[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5}+)(?![0-9]))"
)
_GOES_ON = Lazy(r"\w|[.-]\w")
_ISSUED = Lazy(
    r"(?:4(?:.{12}|.{15}|.{18})"  # Visa
    r"|(?:5[1-5]|222[1-9]|22[3-9].|2[3-6]..|27[01].|2720)[0-9]{12,14}+"  # Mastercard
    r"|3[47].{13}"  # American Express
    r"|3(?:0[0-5]|[689].).{11,16}"  # Diners
    r"|(?:6011|64[4-9].|65..|35(?:2[89]|[3-8].)).{12,15}"  # Discover, JCB
    r"|(?:62|81)..{13,16}|220[0-4].{12,15}"  # UnionPay, Mir
    r"|(?:50(?:18|20|38)|5893|6304|6759|676[123]).{9,15})\Z"  # Maestro
)
_DOUBLED = {str(digit): sum(divmod(2 * digit, 10)) for digit in range(10)}


def is_card(digits: str) -> bool:
    """
    Tell whether prefix and length are an issuer's, and the check digit is right.

    >>> is_card("4111111111111111"), is_card("4111111111111112")
    (True, False)
    """
    if not _ISSUED().match(digits):
        return False
    plain = sum(map(int, digits[-1::-2]))
    return (plain + sum(_DOUBLED[digit] for digit in digits[-2::-2])) % 10 == 0


def without_cards(text: str) -> str:
    """
    Replace payment card numbers: 13 to 19 digits, in one piece or in groups.

    >>> without_cards("4111 1111 1111 1111 declined, order 4111111111111112")
    '[card number] declined, order 4111111111111112'
    """
    return _DIGITS().sub(_without_card, text)


def _without_card(found: re.Match[str]) -> str:
    run, goes_on = found[0], _GOES_ON().match(found.string, found.end())
    if not goes_on and is_card(_digits_of(run[:40])) and len(run) <= 40:
        return CARD
    parts, copied = list[str](), 0
    for group in _GROUPS().finditer(run):
        start, end = group.span("card")
        if start < copied or (end == len(run) and goes_on):
            continue
        if is_card(_digits_of(group["card"])):
            parts += run[copied:start], CARD
            copied = end
    return "".join(parts) + run[copied:]


def _digits_of(run: str) -> str:
    return run.replace(" ", "").replace("-", "")


_INTERNATIONAL = Lazy(
    r"(?:\+(?:(?<![\w+]\+)|(?<=\\[nrt]\+))|%2[Bb])[1-9]"
    r"(?:[ .()/-]{0,3}+[0-9]){7,14}+(?![0-9])"
)
_AMERICAN = Lazy(
    r"(?:\((?<!\w\()[2-9][0-9]{2}\)[ .-]?+|(?<![\w.-])[2-9][0-9]{2}[ .-])"
    r"[0-9]{3}[.-][0-9]{4}(?![\w.-]?\w)"
)
_NATIONAL = Lazy(
    r"0(?<![\w.:/+\-]0)(?:0[1-9]|[1-9])[0-9]{0,3}+[ /-][0-9]{2,8}+"
    r"(?:[ -][0-9]{2,8}+){0,3}+(?![\w:/-]|\.\w)"
)


def without_telephones(text: str) -> str:
    """
    Replace telephone numbers: +NN …, (NNN) NNN-NNNN, and 0NN … with a separator.

    Numbers of the last kind have 9 to 14 digits. No bare row of digits is one.

    >>> without_telephones("sms to +49 171 1234567 failed at 2026-11-22 10:00:00+01:00")
    'sms to [telephone] failed at 2026-11-22 10:00:00+01:00'
    """
    text = _INTERNATIONAL().sub(TELEPHONE, text)
    text = _AMERICAN().sub(TELEPHONE, text)
    return _NATIONAL().sub(_without_national, text)


def _without_national(found: re.Match[str]) -> str:
    size = sum(map(str.isdecimal, found[0]))
    return TELEPHONE if 9 <= size <= 14 else found[0]
