"""Sources in their two places.

Each stream is fed whole, event by event, byte by byte and in 7s.
"""

from typing import Any

import pytest
from tests.unit.providers.chunks import DONE, STOP, USAGE, chunk, event, ok, text

from millrace.model.events import Citation


def test_perplexity_citations_change_and_message_repeats() -> None:
    first, both = ["https://a.example/x"], ["https://a.example/x", "https://b.example/"]
    results = [{"title": "B", "url": "https://b.example/", "date": "2026-01-01"}]

    def part(content: str, urls: list[str], **more: Any) -> bytes:
        choice = {"index": 0, "delta": {"role": "assistant", "content": content}, "message": {"content": "all of it"}}
        return event(
            {"object": "chat.completion.chunk", "choices": [choice], "citations": urls, "usage": USAGE, **more}
        )

    answer = ok(
        part("See [1]", first),
        part(" and", first),
        part(" [2].", both, search_results=results),
        event(
            {"object": "chat.completion.done", "choices": [{"delta": {}, "finish_reason": "stop"}], "citations": both}
        ),
        DONE,
    )
    assert answer.text == "See [1] and [2]."
    assert answer.citations == (
        Citation("a.example", "https://a.example/x", number=1),
        Citation("B", "https://b.example/", number=2),
    )
    assert [type(delta).__name__ for delta in answer.deltas].count("CitationsFound") == 2


def test_perplexity_search_results_alone() -> None:
    answer = ok(
        text("a"), chunk(finish="stop", search_results=[{"title": "A", "url": "https://a.example", "snippet": "s"}])
    )
    assert answer.citations == (Citation("A", "https://a.example", "s", 1),)


def test_openai_annotations_are_gathered() -> None:
    def note(url: str, start: int) -> Any:
        source = {"url": url, "title": "T", "start_index": start, "end_index": start + 2, "content": "c"}
        return {"annotations": [{"type": "url_citation", "url_citation": source}]}

    answer = ok(
        text("a"), chunk(note("https://a", 0)), chunk(note("https://b", 4)), chunk(note("https://a", 8)), STOP, DONE
    )
    assert [(source.url, source.number, source.start) for source in answer.citations] == [
        ("https://a", 1, 0),
        ("https://b", 2, 4),
        ("https://a", 1, 8),
    ]
    assert answer.citations[0] == Citation("T", "https://a", "c", 1, 0, 2)


@pytest.mark.parametrize(
    "odd",
    [
        chunk({"annotations": [None, 3, {}, {"url_citation": None}, {"url_citation": {"url": 3}}]}),
        chunk({"annotations": "x"}),
        chunk(citations=None),
        chunk(citations="x"),
        chunk(citations=[None, 3, ""]),
        chunk(search_results=[None, {}, {"url": None}]),
        chunk(search_results=[{"url": ["x"]}]),
    ],
)
def test_odd_citations_are_none(odd: bytes) -> None:
    assert ok(odd, text("a"), STOP, DONE).citations == ()
