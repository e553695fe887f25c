"""How a question is written out before its features are counted; training and inference share it. Pure."""

import re

from millrace.text.features import MAX_CHARS
from millrace.text.words import STOP_WORDS

YEAR = "yyyy"
LINE_END = "\u00b6"
CAMEL_CASE = "\u00ac"
NO_SUBJECT = "\u00a7"

_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LONGEST_NUMBER = 3


def written_out(text: str) -> str:
    """`text` as the model reads it, at most about twice `MAX_CHARS` long; of longer texts the beginning counts.

    Numbers become their length (`17%` and `20%` are the same question), but years stay years; ends of lines and humps
    of `camelCase` become marks, since code and verse show by them. A text without one word of its own gets a mark.
    """
    marked = _HUMP.sub(f" {CAMEL_CASE} ", text[:MAX_CHARS]).replace("\n", f" {LINE_END} ")
    result = _NUMBER.sub(_number, marked)
    return result if _names_something(result) else f"{result} {NO_SUBJECT}"


def _number(found: re.Match[str]) -> str:
    digits = found.group()
    if len(digits) == 4 and (digits[0] == "1" or digits.startswith("20")):
        return YEAR
    return "0" * min(len(digits), _LONGEST_NUMBER)


def _names_something(text: str) -> bool:
    return any(word not in STOP_WORDS and word != YEAR for word in _WORD.findall(text.lower()))
