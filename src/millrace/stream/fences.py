"""Tells which parts of a Markdown text lie inside a fenced code block, while the text still arrives.

A line is code if a fence is open where the line begins. So the opening fence line itself is not code, the
closing one is, and what a character is never depends on characters after it: any cut of the text gives the
same result, and nothing is held back.

Fences are those of CommonMark 0.31 (section 4.5): three or more backticks or tildes, closed by at least as
many of the same. Any indentation and quote marks may stand before them, because models put code into lists
and quotations.
"""

import re

from msgspec import Struct

# An info string longer than this is no language; a line this long is no fence.
_MAX_FENCE_LINE = 256
_OPENING = re.compile(r"[ \t>]*(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)")


class Span(Struct, frozen=True, gc=False):
    """A run of text, inside or outside a fenced block. `language` is what the opening fence named, if it did."""

    text: str
    is_code: bool
    language: str | None = None


class FenceScanner:
    """Give it the text in any pieces; it says of each part where it lies."""

    __slots__ = ("_fence", "_language", "_line")

    def __init__(self) -> None:
        self._line = ""
        self._fence: str | None = None
        self._language: str | None = None

    @property
    def is_code(self) -> bool:
        """Whether the line that is being written is code."""
        return self._fence is not None

    @property
    def language(self) -> str | None:
        """The language of the open block."""
        return self._language

    def feed(self, text: str) -> list[Span]:
        """The spans that `text` consists of; joined they are `text`."""
        if "\n" not in text:
            self._extend(text)
            return [Span(text, self.is_code, self._language)] if text else []
        spans: list[Span] = []
        start = position = 0
        while (end := text.find("\n", position)) >= 0:
            self._extend(text[position:end])
            position = end + 1
            before = (self.is_code, self._language)
            self._end_line()
            if before != (self.is_code, self._language):
                spans.append(Span(text[start:position], *before))
                start = position
        if position < len(text):
            self._extend(text[position:])
        if start < len(text):
            spans.append(Span(text[start:], self.is_code, self._language))
        return spans

    def _extend(self, part: str) -> None:
        if len(self._line) <= _MAX_FENCE_LINE:
            self._line += part[: _MAX_FENCE_LINE + 1]

    def _end_line(self) -> None:
        line, self._line = self._line, ""
        if len(line) > _MAX_FENCE_LINE:
            return
        match = _OPENING.match(line)
        if match is None:
            return
        fence, info = match["fence"], match["info"].strip()
        if self._fence is None:
            if fence[0] == "`" and "`" in info:
                return
            self._fence = fence
            self._language = info.split()[0].strip("{}.").lower() or None if info else None
        elif fence[0] == self._fence[0] and len(fence) >= len(self._fence) and not info:
            self._fence = None
            self._language = None
