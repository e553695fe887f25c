from msgspec import to_builtins

from millrace.dialects.study_sources import Sources, stored_answer
from millrace.model.events import Citation
from millrace.model.messages import Version


def shown(content: str, *citations: Citation) -> tuple[str, Sources]:
    """How an answer is shown that is stored with these citations."""
    metadata = {"citations": to_builtins(citations)}
    return stored_answer(
        Version(number=1, content=content, status="complete", created_at=0, turn_id="t", metadata=metadata)
    )


def test_a_stored_answer_is_shown_as_it_was_streamed() -> None:
    citations = (
        Citation("B", "/b", "b", 3, document_id="d3", chunk_id="d3:1"),
        Citation("A", "/a", "a", 1, document_id="d1", chunk_id="d1:0", page=4),
    )
    text, found = shown("First [3], then [1].", *citations)
    assert text == "First [1], then [2]."
    assert [(each.number, each.title) for each in found.citations] == [(1, "B"), (2, "A")]
    assert [(each.display_number, each.chunk_id) for each in found.chunk_references] == [(1, "d3:1"), (2, "d1:0")]


def test_sources_without_marks_are_given_as_they_are() -> None:
    text, found = shown("So.", Citation("A", ""), Citation("B", "https://example.org"))
    assert text == "So."
    assert [each.number for each in found.citations] == [1, 2]
    assert found.chunk_references == ()
