"""The confidence that a text states of itself, as a number or not at all. Pure."""

import re

_NUMBER = r"(\d{1,3}(?:[.,]\d{1,9})?|\.\d{1,9})(?![\d.,]*\d)"
_UNIT = r"\s?(%|/\s?\d{1,4})?"
_LINK = r"[^\w.%]{0,4}(?:is|of|level|at)?[\s:=~*]{0,4}"
_STATED = re.compile(
    rf"\bconfiden(?:ce|t)\b{_LINK}{_NUMBER}{_UNIT}"
    r"|(\d{1,3}(?:[.,]\d{1,9})?)\s?%\s(?:sure|certain|confiden(?:t|ce)(?!\s+(?:interval|level|limit)))",
    re.IGNORECASE,
)
_CONFIDENCE = re.compile(rf"\s*{_NUMBER}{_UNIT}\s*")


def stated_confidence(text: str) -> float | None:
    """The last confidence that `text` states: "confidence: 0.8", "confidence 80 %", "80% sure"; 0.0 to 1.0.

    Words ("high confidence") are no number, and a number that can be none is left out rather than guessed at.
    """
    found = _STATED.findall(text)
    if not found:
        return None
    number, unit, percent = found[-1]
    return _value(number, unit) if number else _value(percent, "%")


def confidence_of(text: str) -> float | None:
    """The confidence that is all of `text`: "0.8", "80 %", "4/5"."""
    found = _CONFIDENCE.fullmatch(text)
    return None if found is None else _value(found[1], found[2] or "")


def _value(number: str, unit: str) -> float | None:
    value = float(number.replace(",", "."))
    if unit == "%":
        value /= 100
    elif unit:
        best = float(unit.removeprefix("/"))
        value = value / best if best else 2.0  # a share of nothing is none
    return value if 0 <= value <= 1 else None
