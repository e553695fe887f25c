"""Citations of every kind: each comes before the text it supports."""

import json
from typing import Any

import pytest
from tests.unit.providers.messages import (
    ENDING,
    STOP,
    block,
    cite,
    close_block,
    failed,
    ok,
    open_block,
    start,
    stopping,
    text,
)

from millrace.model.errors import ProviderFailure
from millrace.model.events import Citation
from millrace.model.generation import CitationsFound, TextPiece
from millrace.providers.anthropic_citations import BlockCitations

DOCUMENT = {"cited_text": "Grass is green.", "document_index": 1, "document_title": "Colours", "file_id": None}
KINDS: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"type": "char_location", **DOCUMENT, "start_char_index": 0, "end_char_index": 15}, ("Colours", "")),
    ({"type": "page_location", **DOCUMENT, "start_page_number": 1, "end_page_number": 2}, ("Colours", "")),
    ({"type": "content_block_location", **DOCUMENT, "start_block_index": 0, "end_block_index": 1}, ("Colours", "")),
    ({"type": "char_location", **DOCUMENT, "document_title": None}, ("Document 2", "")),
    (
        {
            "type": "web_search_result_location",
            "cited_text": "Grass is green.",
            "encrypted_index": "xx",
            "title": "A page",
            "url": "https://a.example/x",
        },
        ("A page", "https://a.example/x"),
    ),
    (
        {
            "type": "web_search_result_location",
            "cited_text": "Grass is green.",
            "title": None,
            "url": "https://a.example/x",
        },
        ("a.example", "https://a.example/x"),
    ),
    (
        {
            "type": "search_result_location",
            "cited_text": "Grass is green.",
            "search_result_index": 0,
            "source": "https://b.example",
            "title": "Found",
            "start_block_index": 0,
            "end_block_index": 1,
        },
        ("Found", "https://b.example"),
    ),
    ({"type": "a_new_location", "cited_text": "Grass is green.", "url": "https://c"}, ("c", "https://c")),
]


@pytest.mark.parametrize(("said", "source"), KINDS)
def test_every_kind_of_place(said: dict[str, Any], source: tuple[str, str]) -> None:
    answer = ok(start(), block("In short, "), open_block(1), cite(said, 1), text("it is"), text(" 🌱green", 1), ENDING)
    assert answer.citations == (Citation(*source, "Grass is green.", 1, 10, 22),)
    kinds = [type(found) for found in answer.deltas if isinstance(found, CitationsFound | TextPiece)]
    assert kinds == [TextPiece, CitationsFound, TextPiece, TextPiece, CitationsFound]


def test_several_sources_of_several_blocks() -> None:
    one, two = KINDS[0][0], KINDS[4][0]
    answer = ok(
        start(),
        *[open_block(0), cite(one), cite(two), text("Both say so"), close_block()],
        block(", and ", index=1),
        *[open_block(2), cite(two, 2), cite(two, 2), text("one says it twice", 2), close_block(2)],
        stopping(),
        STOP,
    )
    assert [(found.number, found.title, found.start, found.end) for found in answer.citations] == [
        (1, "Colours", 0, 11),
        (2, "A page", 0, 11),
        (2, "A page", 17, 34),
    ]


def test_a_citation_of_no_text_has_no_place() -> None:
    answer = ok(start(), open_block(), cite(KINDS[0][0]), close_block(), block("a", index=1), stopping(), STOP)
    assert [(found.start, found.end) for found in answer.citations] == [(None, None)]


def test_a_broken_answer_keeps_its_sources() -> None:
    answer = failed(ProviderFailure, start(), open_block(), cite(KINDS[0][0]), text("Grass"))
    assert [(found.start, found.end) for found in answer.citations] == [(0, 5)]


@pytest.mark.parametrize("odd", [None, 3, {}, {"type": "char_location"}, {"url": ""}, {"document_index": True}])
def test_citations_without_a_source(odd: Any) -> None:
    assert ok(start(), open_block(), cite(odd), text("a"), ENDING).citations == ()


def test_citations_of_a_whole_message() -> None:
    content = [{"type": "text", "text": "Grass is green.", "citations": [KINDS[0][0], None]}]
    answer = ok(json.dumps({"type": "message", "content": content, "stop_reason": "end_turn"}).encode())
    assert [(found.title, found.start) for found in answer.citations] == [("Colours", 0)]


def test_the_same_citation_of_one_block_counts_once() -> None:
    sources = BlockCitations()
    assert sources.end_block(3) is None
    assert sources.add(KINDS[0][0], 3) is not None
    assert sources.add(KINDS[0][0], 3) is None
