"""Places of sources: bytes of a part become characters of the whole text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.providers.slices import grounding

from millrace.providers.gemini_grounding import GroundedText


def grounded(said: list[tuple[str, bool]], metadata: Any) -> GroundedText:
    text = GroundedText()
    for words, thought in said:
        text.add(words, thought=thought)
    text.ground(json.dumps(metadata).encode())
    return text


def places(said: list[tuple[str, bool]], segment: dict[str, Any]) -> tuple[int | None, int | None]:
    (citation,) = grounded(said, grounding([("https://a", "A")], [(segment, [0])])).citations()
    return citation.start, citation.end


@given(st.text(min_size=1), st.data())
def test_any_cut_of_any_text(said: str, data: st.DataObject) -> None:
    said = said.encode("utf-8", "replace").decode()
    begin = data.draw(st.integers(0, len(said) - 1))
    end = data.draw(st.integers(begin + 1, len(said)))
    segment = {"startIndex": len(said[:begin].encode()), "endIndex": len(said[:end].encode()), "text": said[begin:end]}
    assert places([(letter, False) for letter in said], segment) == (begin, end)


def test_a_start_of_zero_may_be_absent() -> None:
    assert places([("ééa", False)], {"endIndex": 4, "text": "éé"}) == (0, 2)


@pytest.mark.parametrize("index", [{}, {"partIndex": 0}, {"partIndex": 1}, {"partIndex": 9}])
def test_the_part_of_the_thoughts_does_not_count(index: dict[str, int]) -> None:
    said = [("thinking ééé", True), ("é answer", False)]
    assert places(said, {"startIndex": 3, "endIndex": 9, "text": "answer", **index}) == (2, 8)


def test_a_later_part() -> None:
    said = [("first ", False), ("hm", True), ("é second", False)]
    assert places(said, {"partIndex": 2, "startIndex": 3, "endIndex": 9, "text": "second"}) == (8, 14)


def test_offsets_into_the_whole_text_of_several_parts() -> None:
    said = [("é first ", False), ("hm", True), ("second", False)]
    assert places(said, {"startIndex": 9, "endIndex": 15, "text": "second"}) == (8, 14)


def test_offsets_that_are_wrong_give_way_to_the_words() -> None:
    assert places([("one two", False)], {"startIndex": 0, "endIndex": 3, "text": "two"}) == (4, 7)
    assert places([("two two", False)], {"startIndex": 1, "endIndex": 3, "text": "two"}) == (None, None)


@pytest.mark.parametrize(
    "segment", [{}, {"startIndex": 3, "endIndex": 99}, {"startIndex": "x"}, {"endIndex": -1}, None, 7]
)
def test_segments_that_say_nothing(segment: Any) -> None:
    assert places([("abc", False)], segment) == (None, None)


def test_a_byte_within_a_character_is_survived() -> None:
    assert places([("ééé", False)], {"startIndex": 1, "endIndex": 4}) == (0, 1)


def test_sources_without_a_place_come_last_and_keep_their_numbers() -> None:
    pages = [("https://a", "A"), ("https://b", "B"), ("https://c", "C")]
    segments = [({"startIndex": 2, "endIndex": 3}, [2]), ({"endIndex": 1}, [2, 0])]
    found = grounded([("abc", False)], grounding(pages, segments)).citations()
    assert [(each.url, each.number, each.start) for each in found] == [
        ("https://a", 1, 0),
        ("https://c", 3, 0),
        ("https://c", 3, 2),
        ("https://b", 2, None),
    ]


def test_pages_of_other_kinds() -> None:
    chunks = [
        {"retrievedContext": {"uri": "https://d", "title": "D", "text": "snippet"}},
        {"maps": {"uri": "https://m", "title": ""}},
        {"web": {"uri": "https://w.example/x"}},
        {"web": {"title": "no address"}},
        {"web": {"uri": "http://[broken"}},
        {},
        None,
        7,
    ]
    found = grounded([], {"groundingChunks": chunks, "groundingSupports": [None, 3, {"groundingChunkIndices": [99]}]})
    assert [(each.number, each.title, each.snippet) for each in found.citations()] == [
        (1, "D", "snippet"),
        (2, "m", ""),
        (3, "w.example", ""),
        (5, "http://[broken", ""),
    ]


@pytest.mark.parametrize("metadata", [{}, [], None, "x", {"groundingChunks": 3}, {"webSearchQueries": ["q"]}])
def test_metadata_without_sources(metadata: Any) -> None:
    assert grounded([("a", False)], metadata).citations() == ()
