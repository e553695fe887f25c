"""Cutting a text into passages: the pieces that are found, quoted and cited.

A passage stays under one heading, because a heading says what the text below it is about better than any size does.
Below one heading it has about 80 to 200 words. Paragraphs, list items and code blocks stay whole; a code block stays
with the paragraph before it, which says what it is for.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from msgspec import Struct

from millrace.text.blocks import Block, parse, sentences

CUT_VERSION = 1
"""Goes up when the same text would be cut differently, so that what is kept is cut anew."""

MIN_WORDS = 80
MAX_WORDS = 200
_MAX_WORDS_WITH_CODE = 400
_MAX_CHARACTERS = 4000


class CutPassage(Struct, frozen=True):
    """A passage of a document. `heading` is the path of headings above it, `text` the source's own Markdown."""

    heading: tuple[str, ...]
    text: str


def cut(markdown: str) -> list[CutPassage]:
    """The passages of a text, in order. Together they hold all of its prose, lists, tables and code."""
    path: list[tuple[int, str]] = []
    sections: list[tuple[tuple[str, ...], Block]] = []
    for block in parse(markdown):
        if block.kind == "heading":
            path = [above for above in path if above[0] < block.level]
            path.append((block.level, block.text))
        else:
            sections.append((tuple(text for _, text in path), block))
    if not sections and path:
        return [CutPassage((), "\n\n".join(text for _, text in path))]
    return [
        CutPassage(heading, text)
        for heading, members in groupby(sections, key=lambda section: section[0])
        for text in _filled([block for _, block in members])
    ]


def _filled(blocks: Sequence[Block]) -> Iterator[str]:
    parts: list[str] = []
    size = 0
    for block in blocks:
        for part, glued in _parts(block):
            words = len(part.split())
            most = _MAX_WORDS_WITH_CODE if block.kind == "code" else MAX_WORDS
            too_long = sum(map(len, parts)) + len(part) > _MAX_CHARACTERS
            too_wordy = size + words > most and (size >= MIN_WORDS or words > MIN_WORDS)
            if parts and (too_long or too_wordy):
                yield "".join(parts).strip("\n")
                parts, size = [], 0
            parts.append(glued + part)
            size += words
    if parts:
        yield "".join(parts).strip("\n")


def _parts(block: Block) -> Iterator[tuple[str, str]]:
    """What a block may be cut into, and what stands before each part."""
    small = len(block.text) <= _MAX_CHARACTERS
    if small and (block.kind == "code" or len(block.text.split()) <= MAX_WORDS):
        yield block.text, "\n\n"
    elif block.kind == "code":
        yield from ((part, "\n\n") for part in _code_parts(block.text))
    elif block.kind == "list":
        yield from _item_parts(block)
    elif block.kind == "table":
        yield from ((part, "\n\n") for part in _table_parts(block))
    else:
        for number, sentence in enumerate(sentences(block.text)):
            for offset in range(0, len(sentence), _MAX_CHARACTERS):
                yield sentence[offset : offset + _MAX_CHARACTERS], " " if number else "\n\n"


def _item_parts(block: Block) -> Iterator[tuple[str, str]]:
    for number, item in enumerate(block.items):
        for offset in range(0, len(item), _MAX_CHARACTERS):
            yield item[offset : offset + _MAX_CHARACTERS], "\n" if number else "\n\n"


def _table_parts(table: Block) -> Iterator[str]:
    """A long table in parts, each with the header of the whole."""
    header, ruler, *rows = table.items
    part: list[str] = []
    for row in (row[:_MAX_CHARACTERS] for row in rows):
        if part and len(" ".join([*part, row]).split()) > MAX_WORDS:
            yield "\n".join([header, ruler, *part])
            part = []
        part.append(row)
    yield "\n".join([header, ruler, *part])


def _code_parts(code: str) -> Iterator[str]:
    """A very long code block in parts, each with the fences of the whole."""
    opening, *lines, closing = code.split("\n")
    part: list[str] = []
    size = 0
    for line in (piece for whole in lines for piece in _line_parts(whole)):
        if part and size + len(line) > _MAX_CHARACTERS:
            yield "\n".join([opening, *part, closing])
            part, size = [], 0
        part.append(line)
        size += len(line) + 1
    yield "\n".join([opening, *part, closing])


def _line_parts(line: str) -> Iterator[str]:
    yield from (line[offset : offset + _MAX_CHARACTERS] for offset in range(0, max(1, len(line)), _MAX_CHARACTERS))
