"""A Markdown text as a list of blocks, and a paragraph as a list of sentences.

A block's text is the source's own: nothing is rendered, so that what is quoted from it is found in it again.
"""

import re
import textwrap
from collections.abc import Iterator
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec import Struct

BlockKind = Literal["heading", "paragraph", "list", "code", "table"]

_FRONT_MATTER = re.compile(r"\A---\n.*?\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
_QUOTE_MARK = re.compile(r"^ {0,3}> ?", re.MULTILINE)
_TABLE_RULER = re.compile(r"\|[\s:|-]+")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_SENTENCE_END = re.compile(
    r"(?<=[.!?])(?P<closing>[\"'\u201d\u2019)\]*_]*)\s+(?=[\"'\u201c\u2018(\[*_`]*[^\W_a-z])"  # ... end. Next
    r"|(?<=[\u3002\uff01\uff1f])"  # full-width stops, which no blank follows
)
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|no|fig|dr|mr|mrs|ms|st)|\b[A-Za-z])\.$", re.IGNORECASE)


class Block(Struct, frozen=True):
    """One block. `text` of a heading is its words; of code, the block with its fences; else the source's lines.

    `level` is 1 to 6 for a heading, else 0. `items` are the parts of a list, or a table's lines: header, ruler, rows.
    """

    kind: BlockKind
    text: str
    level: int = 0
    items: tuple[str, ...] = ()


def parse(markdown: str) -> list[Block]:
    """The blocks of `markdown`, in order. Any text is Markdown; HTML loses its tags."""
    source = _FRONT_MATTER.sub("", markdown.replace("\r\n", "\n").replace("\r", "\n"))
    lines = source.split("\n")
    tokens = _parser().parse(source)
    return list(_blocks(tokens, lines))


def sentences(paragraph: str) -> list[str]:
    """The sentences of one paragraph, each on one line. Code spans are never cut."""
    text = " ".join(paragraph.split())
    found: list[str] = []
    start = seen = 0
    in_code = False
    for end in _SENTENCE_END.finditer(text):
        cut = end.start() + len(end.group("closing") or "")
        in_code ^= bool(text.count("`", seen, cut) % 2)
        seen = cut
        if not in_code and not _ABBREVIATION.search(text, max(start, cut - 8), cut):
            found.append(text[start:cut].strip())
            start = end.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if sentence]


def _parser() -> MarkdownIt:
    # Inline markup stays as it is written, so only block rules run; they are cheap even for a text of 1 MiB.
    parser = MarkdownIt("commonmark")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _blocks(tokens: list[Token], lines: list[str]) -> Iterator[Block]:
    for at, token in enumerate(tokens):
        if token.level != 0 or token.map is None or token.nesting < 0:
            continue
        begin, end = token.map
        text = "\n".join(lines[begin:end]).strip("\n").rstrip()
        match token.type:
            case "heading_open":
                yield Block("heading", " ".join(tokens[at + 1].content.split()), int(token.tag[1:]))
            case "paragraph_open":
                yield from _prose(text)
            case "bullet_list_open" | "ordered_list_open":
                yield Block("list", text, items=tuple(_items(tokens[at + 1 :], lines, end)))
            case "fence":
                yield Block("code", _closed(text))
            case "code_block":
                yield Block("code", f"```\n{textwrap.dedent(text)}\n```")
            case "blockquote_open":
                yield from _prose(_QUOTE_MARK.sub("", text))
            case "html_block":
                yield from _prose(_TAG.sub("", text))


def _prose(text: str) -> Iterator[Block]:
    rows = tuple(line.strip() for line in text.split("\n"))
    if len(rows) > 2 and _TABLE_RULER.fullmatch(rows[1]) and all(row.startswith("|") for row in rows):
        yield Block("table", text, items=rows)
    elif text.strip():
        yield Block("paragraph", text.strip())


def _items(tokens: list[Token], lines: list[str], list_end: int) -> Iterator[str]:
    for token in tokens:
        if token.level == 0:
            return
        if token.type == "list_item_open" and token.level == 1 and token.map is not None:
            begin, end = token.map
            yield textwrap.dedent("\n".join(lines[begin : min(end, list_end)])).strip("\n").rstrip()


def _closed(code: str) -> str:
    # A text that ends within a code block leaves it open; quoted, it would swallow what follows it.
    opening = _FENCE.match(code)
    if opening is None:
        return code
    fence = opening.group(1)
    last = code.rsplit("\n", 1)[-1].strip()
    closed = "\n" in code and len(last) >= len(fence) and set(last) == {fence[0]}
    return code if closed else f"{code}\n{fence}"
