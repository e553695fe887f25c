"""What is said about a finished answer."""

from millrace.model.events import Citation, Part, Passage, TurnCancelled, TurnCompleted, TurnFailed, Usage
from millrace.stream.metadata import cited_passages, completion_metadata, gathered_metadata, partial_metadata


def test_a_complete_answer() -> None:
    end = TurnCompleted(
        "length",
        "d",
        3,
        Usage(10, 5, reasoning_tokens=2, estimated=True),
        "openai/gpt",
        cost=0.5,
        response_time_ms=900,
        time_to_first_token_ms=100,
        citations=(Citation("T", "https://example.org", "S", 1),),
    )
    assert completion_metadata(end, ("More?",)) == {
        "provider_used": "openai",
        "model": "openai/gpt",
        "tokens_used": 15,
        "usage": {"input_tokens": 10, "output_tokens": 5, "reasoning_tokens": 2, "estimated": True},
        "cost": 0.5,
        "response_time_ms": 900,
        "time_to_first_token_ms": 100,
        "category_detected": None,
        "rag_enabled": False,
        "finish_reason": "length",
        "citations": [{"title": "T", "url": "https://example.org", "snippet": "S", "number": 1}],
        "suggested_questions": ["More?"],
    }


def test_a_stopped_answer() -> None:
    parts = (Part("a/m", Usage(1, 1), None, 4), Part("openai/gpt", Usage(9, 4, estimated=True), 0.5, 2))
    metadata = partial_metadata(TurnCancelled("user", "d", 3, Usage(10, 5), model="openai/gpt", parts=parts))
    assert (metadata["finish_reason"], metadata["tokens_used"], metadata["model"]) == ("cancelled", 15, "openai/gpt")
    assert metadata["parts"] == [
        {"model": "a/m", "usage": {"input_tokens": 1, "output_tokens": 1}, "cost": None, "chars": 4},
        {
            "model": "openai/gpt",
            "usage": {"input_tokens": 9, "output_tokens": 4, "estimated": True},
            "cost": 0.5,
            "chars": 2,
        },
    ]


def test_an_answer_that_broke() -> None:
    metadata = partial_metadata(TurnFailed("X", "x", True, "d", usage=Usage(3, 2, estimated=True), model="a/m"))
    assert (metadata["finish_reason"], metadata["tokens_used"], metadata["usage"]["estimated"]) == ("error", 5, True)
    assert "parts" not in metadata


def test_passages_are_cited_in_order_of_first_use() -> None:
    passages = [Passage(number, f"T{number}", "s", 0.5) for number in (1, 2, 3)]
    cited = cited_passages("b [2], a [1], b again [2], nothing [9] [x]", passages)
    assert [citation.number for citation in cited] == [2, 1]


def test_what_was_found_and_not_cited_is_kept_beside_the_citations() -> None:
    found = (Passage(1, "One", "first", 0.9, "https://example.org/1", page=3), Passage(2, "Two", "second", 0.5))
    cited = cited_passages("So it is [1].", found)
    assert gathered_metadata(found, cited, 0.25) == {
        "passages": [{"number": 2, "title": "Two", "url": "", "snippet": "second", "score": 0.5}],
        "difficulty": 0.25,
    }
    assert gathered_metadata(found[:1], cited, 0.0) == {"difficulty": 0.0}
    assert gathered_metadata((), (), None) == {}
