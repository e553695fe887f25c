"""Cuts a growing Markdown text into parts that will not change any more, and the rest that still may. Pure."""

from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec import Struct

_LISTS = frozenset({"bullet_list_open", "ordered_list_open"})


class Part(Struct, frozen=True):
    """A block of Markdown, or one item of a list. `joined`: it follows the part before it without a gap."""

    source: str
    joined: bool = False


def answer_parser() -> MarkdownIt:
    """The Markdown of answers: CommonMark with tables and strikethrough; HTML is shown as it is written."""
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


class Blocks:
    """A text in the making.

    Only its last block can still change: the end of a list, of a code block or of a table is not known before
    something else begins. Of a list, only the last item can.
    """

    def __init__(self) -> None:
        self._parser = answer_parser()
        self._parser.core.ruler.enableOnly(["normalize", "block"])
        self._rest = ""
        self._joined = False

    def add(self, text: str) -> None:
        """Take what follows."""
        self._rest += text

    def finished(self) -> list[Part]:
        """The parts that became final since the last call; `rest` is what follows them."""
        lines = self._rest.split("\n")
        starts = self._starts(lines)
        if len(starts) < 2:
            return []
        parts: list[Part] = []
        for (begin, _), (end, joined) in pairwise(starts):
            parts.append(Part("\n".join(lines[begin:end]).rstrip(), self._joined))
            self._joined = joined
        self._rest = "\n".join(lines[starts[-1][0] :])
        return parts

    @property
    def rest(self) -> Part | None:
        """The part that may still change, if any."""
        return Part(self._rest, self._joined) if self._rest.strip() else None

    def _starts(self, lines: list[str]) -> list[tuple[int, bool]]:
        """The line at which each part begins, and whether it continues a list."""
        tokens = self._parser.parse("\n".join(lines))
        starts: list[tuple[int, bool]] = []
        for at, token in enumerate(tokens):
            if token.level != 0 or token.map is None or token.nesting < 0:
                continue
            if token.type in _LISTS:
                items = _item_lines(tokens[at + 1 :])
                starts += [(line, index > 0) for index, line in enumerate(items)]
            else:
                starts.append((token.map[0], False))
        return starts


def _item_lines(tokens: list[Token]) -> list[int]:
    """The first line of each item of the list that `tokens` are in."""
    lines: list[int] = []
    for token in tokens:
        if token.level == 0:
            break
        if token.level == 1 and token.type == "list_item_open" and token.map is not None:
            lines.append(token.map[0])
    return lines
