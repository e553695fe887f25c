"""Sources stand where they are cited."""

from hypothesis import given
from hypothesis import strategies as st

from millrace.dialects.openai_parts import chat_usage, response_usage, url_citations
from millrace.model.events import Citation, Usage


@given(
    st.lists(st.sampled_from(["[1]", "[2]", "[11]", " ", "ß", "🦊", "[", "]"])).map("".join),
    st.lists(st.builds(Citation, st.just("T"), st.just("u"), number=st.sampled_from([None, 1, 2, 11]))),
)
def test_each_place_is_a_mark_or_the_whole_text(text: str, citations: list[Citation]) -> None:
    found = url_citations(text, citations)
    places = [(each["start_index"], each["end_index"]) for each in found]
    assert places == sorted(places)
    assert len(found) >= len(citations)
    for start, end in places:
        assert text[start:end] in {"[1]", "[2]", "[11]", text}


def test_a_place_that_is_known_stays() -> None:
    assert url_citations("[1]", [Citation("T", "u", number=1, start=7, end=9)]) == [
        {"start_index": 7, "end_index": 9, "url": "u", "title": "T"}
    ]


def test_counts_are_the_same_in_both() -> None:
    usage = Usage(10, 4, 3, 2)
    chat, response = chat_usage(usage), response_usage(usage)
    assert (chat["prompt_tokens"], chat["completion_tokens"], chat["total_tokens"]) == (10, 4, 14)
    assert (response["input_tokens"], response["output_tokens"], response["total_tokens"]) == (10, 4, 14)
    assert chat["completion_tokens_details"] == response["output_tokens_details"] == {"reasoning_tokens": 3}
    assert chat["prompt_tokens_details"] == response["input_tokens_details"] == {"cached_tokens": 2}
    assert "prompt_tokens_details" not in chat_usage(Usage(1, 1))
