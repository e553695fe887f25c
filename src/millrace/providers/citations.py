"""Sources in chat-completion streams: Perplexity's lists beside the choices, OpenAI's annotations in the delta."""

from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw

from millrace.model.events import Citation


class CitationCollector:
    """Gathers the sources of one answer, as they come, repeat and change.

    Numbers are those the text cites by, from 1: places in Perplexity's list; for annotations, sources in order of
    first mention.
    """

    __slots__ = ("_annotated", "_last", "_lists", "_numbers")

    def __init__(self) -> None:
        self._lists: tuple[bytes, bytes] = (b"", b"")
        self._annotated: dict[Citation, None] = {}
        self._numbers: dict[str, int] = {}
        self._last: tuple[Citation, ...] = ()

    def from_lists(self, citations: Raw, search_results: Raw) -> tuple[Citation, ...] | None:
        """All sources if these lists, which may repeat in every chunk, tell something new; else none.

        Args:
            citations: A JSON list of URLs, or nothing.
            search_results: A JSON list of objects with `url` and `title`, or nothing.
        """
        seen = (bytes(citations or self._lists[0]), bytes(search_results or self._lists[1]))
        if seen == self._lists:
            return None
        self._lists = seen
        urls, results = (_items(raw) for raw in seen)
        known = {url: item for item in results if isinstance(item, dict) and isinstance(url := item.get("url"), str)}
        names = [url for url in urls if isinstance(url, str)] or list(known)
        found = tuple(_from_result(url, known.get(url, {}), number) for number, url in enumerate(names, 1) if url)
        return self._changed(found) if found else None

    def from_annotations(self, annotations: Any) -> tuple[Citation, ...] | None:
        """All sources if these annotations add one; else none."""
        for item in annotations if isinstance(annotations, list) else ():
            source = item.get("url_citation", item) if isinstance(item, dict) else None
            url = source.get("url") if isinstance(source, dict) else None
            if isinstance(source, dict) and isinstance(url, str) and url:
                number = self._numbers.setdefault(url, len(self._numbers) + 1)
                self._annotated[_from_annotation(url, source, number)] = None
        return self._changed(tuple(self._annotated)) if self._annotated else None

    def _changed(self, found: tuple[Citation, ...]) -> tuple[Citation, ...] | None:
        if found == self._last:
            return None
        self._last = found
        return found


def _items(raw: bytes) -> list[Any]:
    value = msgspec.json.decode(raw) if raw else None
    return value if isinstance(value, list) else []


def _from_result(url: str, result: dict[str, Any], number: int) -> Citation:
    return Citation(_title(result, url), url, _text(result.get("snippet")), number)


def _from_annotation(url: str, source: dict[str, Any], number: int) -> Citation:
    start, end = (_offset(source.get(key)) for key in ("start_index", "end_index"))
    return Citation(_title(source, url), url, _text(source.get("content")), number, start, end)


def _title(source: dict[str, Any], url: str) -> str:
    return _text(source.get("title")) or host_of(url)


def host_of(url: str) -> str:
    """The host of an address, which is a title where there is no other."""
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _offset(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
