"""Models that write their thinking into the answer, between `<think>` and `</think>`: told apart as it streams.

The tag counts only where an answer begins. Later it is text like any other, for an answer may well be about
such tags or quote them in code.
"""

from millrace.model.generation import ReasoningPiece, TextPiece

_OPEN = "<think>"
_CLOSE = "</think>"


def _held_back(text: str, tag: str) -> int:
    """How many characters at the end of `text` may be the beginning of `tag`."""
    for length in range(min(len(text), len(tag) - 1), 0, -1):
        if text.endswith(tag[:length]):
            return length
    return 0


class ThinkTagSplitter:
    """Splits the pieces of an answer into reasoning and text, however the tags are cut.

    White space next to the tags belongs to neither. Nothing is held back except what may still become a tag, and white
    space that may still be next to one. Once
    `settled` is true the answer has begun: all that follows is text, and the splitter need not be asked again.
    """

    __slots__ = ("_begun", "_pending", "_seen_tag", "_thinking", "settled")

    def __init__(self) -> None:
        self._pending = ""
        self._thinking = False
        self._begun = False
        self._seen_tag = False
        self.settled = False

    def feed(self, text: str) -> list[TextPiece | ReasoningPiece]:
        """Take the next piece of content; return what is decided, in order, without empty pieces."""
        pieces: list[TextPiece | ReasoningPiece] = []
        text = self._pending + text
        self._pending = ""
        while text:
            if self.settled:
                pieces.append(TextPiece(text))
                break
            text = self._in_thinking(text, pieces) if self._thinking else self._before_answer(text)
        return pieces

    def close(self) -> list[TextPiece | ReasoningPiece]:
        """End the answer; return what was held back."""
        held, self._pending = self._pending, ""
        if self._thinking:
            held = held.rstrip()
            return [ReasoningPiece(held)] if held else []
        if self._seen_tag:
            held = held.lstrip()
        return [TextPiece(held)] if held else []

    def _in_thinking(self, text: str, pieces: list[TextPiece | ReasoningPiece]) -> str:
        if not self._begun:
            text = text.lstrip()
            self._begun = bool(text)
        thought, closed, rest = text.partition(_CLOSE)
        if closed:
            self._thinking = False
            thought = thought.rstrip()
        else:
            held = len(thought) - _held_back(thought, _CLOSE)
            kept = thought[:held].rstrip()
            self._pending = thought[len(kept) :]
            thought = kept
        if thought:
            pieces.append(ReasoningPiece(thought))
        return rest

    def _before_answer(self, text: str) -> str:
        """Return what is left to look at; empty when it must wait for more."""
        begun = text.lstrip()
        if begun.startswith(_OPEN):
            self._thinking = self._seen_tag = True
            self._begun = False
            return begun[len(_OPEN) :]
        if _OPEN.startswith(begun):  # white space alone, or the beginning of a tag
            self._pending = text
            return ""
        self.settled = True
        return begun if self._seen_tag else text  # the blank lines after </think> separate; they are not the answer
