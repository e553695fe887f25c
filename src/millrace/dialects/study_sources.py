"""The sources of a study answer: numbered citations, and where in the documents they are."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import UNSET, Struct, structs

from millrace.dialects.study_frames import ChunkReference, StudyCitation, StudyQuotation
from millrace.dialects.study_marks import Marks
from millrace.model.events import Citation, Passage
from millrace.model.messages import Version
from millrace.stream.metadata import passage_citation
from millrace.text.quotations import quotations


class Sources(Struct, frozen=True, gc=False):
    """The citations of an answer, where in the documents they are, and what became of its quotations."""

    citations: tuple[StudyCitation, ...] = ()
    chunk_references: tuple[ChunkReference, ...] = ()
    quotations: tuple[StudyQuotation, ...] = ()


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


def citable(passages: Iterable[Passage], citations: Iterable[Citation]) -> dict[int, Citation]:
    """What the marks of an answer can mean, by number: the passages, or what its provider said more exactly of them."""
    known = numbered(passage_citation(passage) for passage in passages)
    return known | {number: each for number, each in numbered(citations).items() if number in known}


def quoted(text: str, passages: Iterable[Passage]) -> tuple[StudyQuotation, ...]:
    """The quotations in an answer, compared with what was retrieved for it; none where nothing was."""
    snippets = tuple(passage.snippet for passage in passages)
    found = quotations(text, snippets) if snippets else ()
    return tuple(StudyQuotation(each.text, each.verified) for each in found)


def whole_answer(text: str, passages: Sequence[Passage], citations: Sequence[Citation]) -> tuple[str, Sources]:
    """An answer as it is streamed: its marks numbered anew, its sources by those numbers, its quotations."""
    shown, found = _renumbered(text, citable(passages, citations), citations)
    return shown, structs.replace(found, quotations=quoted(text, passages))


def stored_answer(version: Version) -> tuple[str, Sources]:
    """The same for a stored answer, of which only what it cites is known."""
    citations = msgspec.convert((version.metadata or {}).get("citations", []), tuple[Citation, ...])
    return _renumbered(version.content, numbered(citations), citations)


def _renumbered(text: str, known: Mapping[int, Citation], citations: Sequence[Citation]) -> tuple[str, Sources]:
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
