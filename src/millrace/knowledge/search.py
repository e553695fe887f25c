"""Finding the passages nearest to a question: by BM25 of SQLite's full-text index, and by how much they cover of it."""

import hashlib
import json
import math
import sqlite3
from collections.abc import Sequence

from msgspec import Struct

from millrace.knowledge.documents import BUILTIN, HEADING_STEP, SHARED
from millrace.model.events import Passage
from millrace.text.words import Stemmer, query_words

_CANDIDATES = 24
_WEIGHTS = "0.0, 5.0, 3.0, 1.0"
"""Of the columns reader, title, heading and body in BM25."""
_RELATED_SHARE = 0.7
"""What a related word ("launch" for "start") counts, measured against the word itself."""
_MISSING_SHARE = 0.6
"""What a word that stands in no passage counts against the others; it may be one that the texts put differently."""
_BM25_SHARE, _HEADING_SHARE, _OPENING_SHARE = 0.25, 0.15, 0.05
"""What a passage loses that BM25 likes least, whose heading names nothing of the question, that opens no document."""

_SEARCH = f"""
    SELECT passages.title, passages.heading, passages.body, passages.position, documents.id, documents.url,
           bm25(passages_index, {_WEIGHTS}) AS bm25
    FROM passages_index
    JOIN passages ON passages.id = passages_index.rowid
    JOIN documents ON documents.id = passages.document_id
    WHERE passages_index MATCH :match AND documents.owner IN (:owner, :shared, :builtin)
          AND (:ids IS NULL OR documents.id IN (SELECT value FROM json_each(:ids)))
    ORDER BY bm25 LIMIT :limit
"""  # noqa: S608 - only constants of this file are put in


class _Term(Struct, frozen=True):
    stem: str
    related: frozenset[str]
    match: str
    weight: float


class _Row(Struct, frozen=True):
    title: str
    heading: str
    body: str
    position: int
    document_id: str
    url: str
    bm25: float


class Search:
    """Searches over one connection; used by one thread.

    Args:
        db: A connection to `knowledge.db`.
        url_prefix: Where documents without a `url` of their own can be read, before `/{id}/text`.
    """

    def __init__(self, db: sqlite3.Connection, url_prefix: str) -> None:
        self._db = db
        self._url_prefix = url_prefix
        self._stemmer = Stemmer()

    def passages(
        self, query: str, owner: str, document_ids: Sequence[str], limit: int, *, own: bool = False
    ) -> list[Passage]:
        """The passages nearest to `query`, best first, of what `owner` may read; with `own` not the documentation.

        A score is the share of the question's weight that the passage covers (rare words weigh more), lowered by up to
        45 % for what BM25, the heading and the place say against it.
        """
        readers = " OR ".join(f'"{reader_word(each)}"' for each in (SHARED, owner, *(() if own else (BUILTIN,))))
        terms = self._terms(query, f"reader : ({readers})")
        if not terms:
            return []
        anything = " OR ".join(term.match for term in terms)
        found = self._db.execute(
            _SEARCH,
            {
                "match": f"reader : ({readers}) AND {{title heading body}} : ({anything})",
                "owner": owner,
                "shared": SHARED,
                "builtin": BUILTIN,
                "ids": json.dumps(list(document_ids)) if document_ids else None,
                "limit": _CANDIDATES,
            },
        )
        return self._best([_Row(*row) for row in found], terms, limit)

    def _best(self, rows: Sequence[_Row], terms: Sequence[_Term], limit: int) -> list[Passage]:
        top = min((row.bm25 for row in rows), default=0.0)
        scored = [(self._score(row, terms, row.bm25 / top if top else 1.0), row) for row in rows]
        scored.sort(key=lambda found: -found[0])
        return [
            Passage(
                number=number,
                title=f"{row.title}{HEADING_STEP}{row.heading}" if row.heading else row.title,
                snippet=row.body,
                score=round(score, 4),
                url=row.url or f"{self._url_prefix}/{row.document_id}/text",
                document_id=row.document_id,
                chunk_id=f"{row.document_id}:{row.position}",
            )
            for number, (score, row) in enumerate(scored[:limit], 1)
        ]

    def _terms(self, query: str, scope: str) -> list[_Term]:
        total = self._count(scope)
        terms = []
        for word in query_words(query):
            related = self._stemmer.related(word)
            match = " OR ".join(f'"{each}"' for each in (word, *related))
            count = self._count(f"{scope} AND {{title heading body}} : ({match})")
            terms.append(
                _Term(
                    self._stemmer.stem(word),
                    frozenset(map(self._stemmer.stem, related)),
                    match,
                    math.log(1 + (total - count + 0.5) / (count + 0.5)) * (1.0 if count else _MISSING_SHARE),
                )
            )
        return terms

    def _count(self, match: str) -> int:
        found = self._db.execute("SELECT count(*) FROM passages_index WHERE passages_index MATCH ?", (match,))
        return int(found.fetchone()[0])

    def _score(self, row: _Row, terms: Sequence[_Term], relative_bm25: float) -> float:
        whole = sum(term.weight for term in terms)
        text = self._stemmer.stems(f"{row.title} {row.heading} {row.body}")
        heading = self._stemmer.stems(row.heading or row.title)
        covered = sum(term.weight * _closeness(term, text) for term in terms) / whole
        named = sum(term.weight for term in terms if _closeness(term, heading)) / whole
        lost = _BM25_SHARE * (1 - relative_bm25) + _HEADING_SHARE * (1 - named) + _OPENING_SHARE * (row.position > 0)
        return covered * (1 - lost)


def _closeness(term: _Term, there: frozenset[str]) -> float:
    if term.stem in there:
        return 1.0
    return _RELATED_SHARE if term.related & there else 0.0


def reader_word(owner: str) -> str:
    """One word of letters and digits that stands for an owner in the index."""
    return "reader" + hashlib.sha256(owner.encode()).hexdigest()[:24]
