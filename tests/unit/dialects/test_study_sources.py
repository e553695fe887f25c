from millrace.dialects.study_sources import stored_answer
from millrace.model.events import Citation


def test_a_stored_answer_is_shown_as_it_was_streamed() -> None:
    citations = (
        Citation("B", "/b", "b", 3, document_id="d3", chunk_id="d3:1"),
        Citation("A", "/a", "a", 1, document_id="d1", chunk_id="d1:0", page=4),
    )
    text, found = stored_answer("First [3], then [1].", citations)
    assert text == "First [1], then [2]."
    assert [(each.number, each.title) for each in found.citations] == [(1, "B"), (2, "A")]
    assert [(each.display_number, each.chunk_id) for each in found.chunk_references] == [(1, "d3:1"), (2, "d1:0")]


def test_sources_without_marks_are_given_as_they_are() -> None:
    text, found = stored_answer("So.", (Citation("A", ""), Citation("B", "https://example.org")))
    assert text == "So."
    assert [each.number for each in found.citations] == [1, 2]
    assert found.chunk_references == ()
