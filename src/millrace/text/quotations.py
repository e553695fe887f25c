"""Whether what an answer gives as quotations stands in its sources."""

import re
from collections.abc import Sequence

from msgspec import Struct

_QUOTED = re.compile(r"[\"\u201c\u201e\u00ab]([^\"\u201c\u201d\u201e\u00ab\u00bb\n]{12,2000})[\"\u201d\u201c\u00bb]")
_MARKS = {0x201C: '"', 0x201D: '"', 0x201E: '"', 0xAB: '"', 0xBB: '"', 0x2019: "'", 0x2018: "'"}


class Quotation(Struct, frozen=True):
    """What an answer gives as a quotation, and whether it stands in a source word for word."""

    text: str
    verified: bool


def quotations(answer: str, sources: Sequence[str]) -> tuple[Quotation, ...]:
    """The quotations in an answer, in order, each once, compared with the sources.

    White space, case, the form of quotation marks and punctuation at the ends do not count.
    """
    plain = [_plain(source) for source in sources]
    found = dict.fromkeys(match[1].strip() for match in _QUOTED.finditer(answer))
    return tuple(Quotation(text, any(_plain(text) in source for source in plain)) for text in found)


def _plain(text: str) -> str:
    return " ".join(text.translate(_MARKS).split()).strip(" .,;:!?").casefold()
