"""Sources in Anthropic's stream: each comes before the text that it supports, within that text's block. Pure."""

from typing import Any

import msgspec

from millrace.model.events import Citation
from millrace.providers.citations import host_of


class BlockCitations:
    """Gathers the sources of one answer.

    Numbers count sources in order of first mention. `start` and `end` are the place in the answer of the block that a
    source supports; the end is known when the block has ended. Where in the source the words stand (characters, pages,
    blocks) is left out: it means nothing to a reader who has not got the document's bytes.
    """

    __slots__ = ("_found", "_numbers", "_open")

    def __init__(self) -> None:
        self._found: list[Citation] = []
        self._numbers: dict[str, int] = {}
        self._open = 0  # how many of the last belong to the block that has not ended

    def add(self, said: Any, start: int) -> tuple[Citation, ...] | None:
        """Take one citation of the block that begins at character `start`; all sources if that tells something new."""
        if not isinstance(said, dict):
            return None
        source, title, url = _source(said)
        if not source:
            return None
        number = self._numbers.setdefault(source, len(self._numbers) + 1)
        citation = Citation(title, url, _text(said.get("cited_text")), number, start)
        if citation in self._found:
            return None
        self._found.append(citation)
        self._open += 1
        return tuple(self._found)

    def end_block(self, end: int) -> tuple[Citation, ...] | None:
        """The block ends at character `end`; all sources if the block has any."""
        count, self._open = self._open, 0
        if not count:
            return None
        self._found[-count:] = [_ended(citation, end) for citation in self._found[-count:]]
        return tuple(self._found)


def _source(said: dict[str, Any]) -> tuple[str, str, str]:
    """What tells a source from others, its title and its address. A document has no address."""
    index = said.get("document_index")
    if type(index) is int:
        return f"document {index}", _text(said.get("document_title")) or f"Document {index + 1}", ""
    url = _text(said.get("url")) or _text(said.get("source"))
    return url, _text(said.get("title")) or host_of(url), url


def _ended(citation: Citation, end: int) -> Citation:
    if citation.start is None or end <= citation.start:
        return msgspec.structs.replace(citation, start=None)
    return msgspec.structs.replace(citation, end=end)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
