"""Numbers the marks of an answer, `[3]` and the like, anew in the order of first use, while the text still arrives.

A mark is a passage's number in brackets, or several (`[2, 5]`), outside code, and no link (`[1](...)`). What is marked
with no passage's number loses the mark, so that every mark that is left has its citation. Where there are no passages
nothing is a mark.

A text that ends within what may become a mark is held back from there on, by 26 characters at most. So any cut of the
text gives the same result.
"""

import re
from collections.abc import Iterable

_TAIL = re.compile(r"(?:`+|\[[\d, ]{0,24}\]?)$")
_PART = re.compile(r"(?P<ticks>`+)|(?P<line>\n)|(?P<mark>\[(?P<numbers>[\d, ]{1,24})\])(?!\()")
_FENCE = 3
_MOST_DIGITS = 3


class Marks:
    """Give it the text in any pieces; it gives the text to show.

    Args:
        numbers: The numbers that the passages have.
    """

    def __init__(self, numbers: Iterable[int]) -> None:
        self._numbers = frozenset(numbers)
        self._held = ""
        self._ticks = 0
        self._shown: dict[int, int] = {}

    @property
    def shown(self) -> dict[int, int]:
        """By which number each passage is shown that was cited so far, in order."""
        return dict(self._shown)

    def feed(self, text: str) -> str:
        """What can be shown of the text so far and was not shown before."""
        if not self._numbers:
            return text
        text = self._held + text
        tail = _TAIL.search(text)
        end = tail.start() if tail else len(text)
        self._held = text[end:]
        return _PART.sub(self._replace, text[:end])

    def finish(self) -> str:
        """What was held back, at the end of the text."""
        held, self._held = self._held, ""
        return _PART.sub(self._replace, held)

    def _replace(self, part: re.Match[str]) -> str:
        if part["ticks"]:
            self._open_or_close(len(part["ticks"]))
        elif part["line"]:
            if self._ticks < _FENCE:  # code within a line ends with it at the latest: one stray backtick hides no marks
                self._ticks = 0
        elif not self._ticks:
            return self._renumbered(part[0], part["numbers"])
        return part[0]

    def _open_or_close(self, ticks: int) -> None:
        """Code ends at as many backticks as it began with; a fenced block also at more."""
        if not self._ticks:
            self._ticks = ticks
        elif ticks == self._ticks or ticks > self._ticks >= _FENCE:
            self._ticks = 0

    def _renumbered(self, mark: str, listed: str) -> str:
        numbers = re.findall(r"\d+", listed)
        if not numbers or any(len(number) > _MOST_DIGITS for number in numbers):
            return mark  # a box to tick, a year
        known = [int(number) for number in numbers if int(number) in self._numbers]
        return "".join(f"[{self._shown.setdefault(number, len(self._shown) + 1)}]" for number in dict.fromkeys(known))
