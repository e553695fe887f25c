"""Gemini's grounding: which passages of the answer rest on which pages. Pure.

Its places are offsets in UTF-8 bytes into one part of the answer; ours are characters of the whole text.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from millrace.model.events import Citation
from millrace.providers.lenient_json import repaired


@dataclass(slots=True)
class _Run:
    """Pieces of one kind that came in a row, which are one part of the whole answer."""

    thought: bool
    pieces: list[str] = field(default_factory=list)


class GroundedText:
    """The text of an answer as it grows, and the sources that its grounding names."""

    __slots__ = ("_chunks", "_runs", "_supports")

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self._chunks: list[Any] = []
        self._supports: list[Any] = []

    def add(self, text: str, *, thought: bool) -> None:
        """Note what was said."""
        if not self._runs or self._runs[-1].thought != thought:
            self._runs.append(_Run(thought))
        self._runs[-1].pieces.append(text)

    def ground(self, metadata: bytes) -> None:
        """Take in the `groundingMetadata` of a slice; what it leaves out stays as it was."""
        try:
            said = msgspec.json.decode(metadata)
        except ValueError:
            said = msgspec.json.decode(repaired(metadata))
        if not isinstance(said, dict):
            return
        self._chunks = _items(said.get("groundingChunks")) or self._chunks
        self._supports = _items(said.get("groundingSupports")) or self._supports

    def citations(self) -> tuple[Citation, ...]:
        """All sources: first those with a place in the text, in its order, then those without one."""
        if not self._chunks:
            return ()
        sources = {number: source for number, chunk in enumerate(self._chunks, 1) if (source := _source(chunk, number))}
        text = self._parts()
        placed: dict[Citation, None] = {}
        for support in filter(_is_object, self._supports):
            span = _span(support.get("segment"), text)
            for index in _items(support.get("groundingChunkIndices")):
                source = sources.get(index + 1) if type(index) is int else None
                if source is not None and span is not None:
                    placed[msgspec.structs.replace(source, start=span[0], end=span[1])] = None
        ordered = sorted(placed, key=lambda citation: (citation.start or 0, citation.end or 0, citation.number or 0))
        shown = {citation.number for citation in ordered}
        return (*ordered, *(source for number, source in sources.items() if number not in shown))

    def _parts(self) -> list[tuple[int, str] | None]:
        """The parts of the answer: where each begins in the text and what it says; none for a thought."""
        parts: list[tuple[int, str] | None] = []
        begin = 0
        for run in self._runs:
            said = "".join(run.pieces)
            parts.append(None if run.thought else (begin, said))
            begin += 0 if run.thought else len(said)
        return parts


def _source(chunk: Any, number: int) -> Citation | None:
    """The page of a grounding chunk."""
    if not _is_object(chunk):
        return None
    page = next((page for key in ("web", "retrievedContext", "maps") if _is_object(page := chunk.get(key))), None)
    url = page.get("uri") if page else None
    if not page or not isinstance(url, str) or not url:
        return None
    title, host, snippet = page.get("title"), page.get("domain"), page.get("text")
    name = next((word for word in (title, host, _host(url)) if isinstance(word, str) and word), url)
    return Citation(name, url, snippet if isinstance(snippet, str) else "", number)


def _span(segment: Any, parts: list[tuple[int, str] | None]) -> tuple[int, int] | None:
    """A segment as characters of the text: where its bytes are, or else the only place that says its words."""
    if not _is_object(segment):
        return None
    begin, end = (segment.get(key, 0) for key in ("startIndex", "endIndex"))
    words = segment.get("text")
    if type(begin) is int and type(end) is int and 0 <= begin <= end:
        for offset, said in _likely(segment.get("partIndex", 0), parts):
            data = said.encode()
            cut = data[begin:end].decode("utf-8", "ignore")
            if end <= len(data) and (cut == words if isinstance(words, str) and words else end > begin):
                first = offset + len(data[:begin].decode("utf-8", "ignore"))
                return first, first + len(cut)
    text = "".join(part[1] for part in parts if part)
    if isinstance(words, str) and words and text.count(words) == 1:
        place = text.index(words)
        return place, place + len(words)
    return None


def _likely(index: Any, parts: list[tuple[int, str] | None]) -> list[tuple[int, str]]:
    """The parts that an index may mean: that part, the first that is no thought, the whole text."""
    texts = [part for part in parts if part]
    named = parts[index] if type(index) is int and 0 <= index < len(parts) else None
    whole = (0, "".join(said for _, said in texts))
    return [*([named] if named else []), *texts[:1], whole]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
