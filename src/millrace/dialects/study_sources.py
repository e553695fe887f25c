"""The sources of a study answer: numbered citations, and where in the documents they are."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import UNSET, Struct, structs

from millrace.dialects.study_frames import ChunkReference, StudyCitation
from millrace.dialects.study_marks import Marks
from millrace.model.events import Citation


class Sources(Struct, frozen=True, gc=False):
    """The citations of an answer, and where in the documents they are."""

    citations: tuple[StudyCitation, ...] = ()
    chunk_references: tuple[ChunkReference, ...] = ()


def numbered(citations: Iterable[Citation]) -> dict[int, Citation]:
    """Citations by their numbers; those that have none are left out, and the last of several counts."""
    return {citation.number: citation for citation in citations if citation.number is not None}


def sources(citations: Sequence[Citation], known: Mapping[int, Citation], shown: Mapping[int, int]) -> Sources:
    """The sources of an answer.

    Args:
        citations: Those that the answer ended with.
        known: What can be cited, by its own number.
        shown: By which number each of these is shown in the text, in order. Where none is, the answer's own citations
            are given as they are.
    """
    if shown:
        return _sources([structs.replace(known[number], number=show) for number, show in shown.items()])
    if all(each.number is not None for each in citations):
        return _sources(citations)
    return _sources([structs.replace(each, number=place) for place, each in enumerate(citations, 1)])


def shown_answer(text: str, citations: Sequence[Citation]) -> tuple[str, Sources]:
    """A stored answer as it was streamed: its marks numbered anew, and its sources by those numbers."""
    known = numbered(citations)
    marks = Marks(known)
    text = marks.feed(text) + marks.finish()
    return text, sources(citations, known, marks.shown)


def _sources(citations: Sequence[Citation]) -> Sources:
    return Sources(
        tuple(
            StudyCitation(
                number=citation.number or 0,
                document_id=citation.document_id,
                title=citation.title,
                text=citation.snippet,
                page_number=UNSET if citation.page is None else citation.page,
                href=citation.url or UNSET,
            )
            for citation in citations
        ),
        tuple(
            ChunkReference(
                chunk_id=citation.chunk_id,
                document_id=citation.document_id,
                display_number=citation.number or 0,
                page_number=UNSET if citation.page is None else citation.page,
            )
            for citation in citations
            if citation.chunk_id
        ),
    )
