"""Text that comes a second time: what repeats is left out, however it is cut. Pure."""


class Replay:
    """Compares what comes with what may be repeated, until one goes beyond the other.

    Args:
        optional: What may come first, in whole or in part, and means nothing.
        shown: What must come then, because somebody has seen it.

    `over` says that all has been repeated and what follows is new; `owing` how much of what was shown has not come
    yet; `broken` that something else came in its place.
    """

    __slots__ = ("_optional", "_shown", "broken")

    def __init__(self, optional: str, shown: str = "") -> None:
        self._optional = optional
        self._shown = shown
        self.broken = False

    @property
    def over(self) -> bool:
        """Whether nothing is left to compare with."""
        return not self._optional and not self._shown

    @property
    def owing(self) -> int:
        """How many characters that were shown have not come again."""
        return len(self._shown)

    def beyond(self, text: str) -> str:
        """The part of `text` that is new; empty where all of it repeats."""
        if self._optional and text:
            count = _common(text, self._optional)
            self._optional = self._optional[count:] if count == len(text) else ""
            text = text[count:]
        if self._shown and text:
            count = _common(text, self._shown)
            self._shown = self._shown[count:]
            text = text[count:]
            self.broken = bool(text and self._shown)
        return text


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    for count, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return count
    return min(len(one), len(other))
