"""Texts to look for: where they may stand, and what looks much like them."""

from __future__ import annotations

from typing import Any

from assignment_actions.testing.factories import a_failure

EMOJI = "\N{PILE OF POO}"
ACCENT = "\N{LATIN SMALL LETTER E WITH ACUTE}"
TWO_SIGNS = "e\N{COMBINING ACUTE ACCENT}"

PLACES: dict[str, dict[str, Any]] = {
    "action_type": {"action_type": "sought_here"},
    "key": {"key": "sought_here"},
    "actor": {"actor": "sought_here"},
    "details": {"details": {"n": [{"deep": "sought_here"}]}},
    "reason": {"failure": a_failure(reason="sought_here")},
    "exception_type": {"failure": a_failure(exception_type="sought_here")},
    "message": {"failure": a_failure(message="sought_here")},
    "fingerprint": {"failure": a_failure(fingerprint="sought_here")},
    "stacktrace": {"failure": a_failure(stacktrace="sought_here")},
}
"""The same text in each place where one can stand."""

# what stands there, what is sought, whether that is found
NEAR_MISSES: dict[str, tuple[str, str, bool]] = {
    "the whole": ("ann", "ann", True),
    "its beginning": ("ann by mail", "ann", True),
    "its end": ("from ann", "ann", True),
    "its middle": ("from ann by mail", " ann ", True),
    "letter case": ("Ann", "ann", False),
    "capitals": ("ann", "ANN", False),
    "a trailing blank": ("ann", "ann ", False),
    "a leading blank": ("ann", " ann", False),
    "a kept blank": ("ann ", "ann ", True),
    "two blanks": ("a  n", "a n", False),
    "per cent": ("a 100 percent", "100%", False),
    "per cent itself": ("100%", "100%", True),
    "any letters": ("abc", "a%c", False),
    "any letter": ("abc", "a_c", False),
    "underscore itself": ("a_c", "a_c", True),
    "a star": ("abc", "a*", False),
    "a question mark": ("abc", "a?c", False),
    "a set": ("abc", "a[b]c", False),
    "a dot": ("abc", "a.c", False),
    "a backslash": ("a\\c", "a\\c", True),
    "an escaped wildcard": ("a%c", "a\\%c", False),
    "a quote": ('it\'s "so"', 'it\'s "so"', True),
    "a line end": ("one\ntwo", "e\nt", True),
    "another line end": ("one\r\ntwo", "e\nt", False),
    "a tab": ("one\ttwo", "e\tt", True),
    "a control character": ("a\x01b\x7fc", "\x01b\x7f", True),
    "emoji": (f"a{EMOJI}b", EMOJI, True),
    "another emoji": (f"a{EMOJI}b", "\N{SMILING FACE WITH SUNGLASSES}", False),
    "an accent": (f"Ren{ACCENT}", ACCENT, True),
    "no accent": (f"Ren{ACCENT}", "Rene", False),
    "an accent of its own": (f"Ren{ACCENT}", TWO_SIGNS, False),
    "a sharp s": ("Strasse", "Stra\N{LATIN SMALL LETTER SHARP S}e", False),
    "a wide letter": ("ann", "\N{FULLWIDTH LATIN SMALL LETTER A}nn", False),
    "letters in another order": ("ann", "nan", False),
    "a number": ("4711", "471", True),
}

UNSTORABLE = {"NUL": "a\0b", "lone surrogate": "a\ud83db", "both": "\ude00\0"}
"""What failures and details may hold, though no store keeps it as it is."""


def holding(text: str) -> list[dict[str, Any]]:
    """Return what makes an action hold a text, for each place where any may stand."""
    failures = ("exception_type", "message", "stacktrace")
    return [
        {"key": text},
        {"actor": text},
        {"details": {"n": [text]}},
        {"details": {"n": {text: 1}}},
        *({"status": "failed", "failure": a_failure(**{it: text})} for it in failures),
    ]
