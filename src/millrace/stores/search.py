"""Finding messages by their words: FTS5 on SQLite, text search on PostgreSQL.

What people type is never read as a query language: each word is quoted. The last word is taken as the beginning
of one, so that results come while somebody types; not so a single Latin letter, which would begin a tenth of all
words and say nothing.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final

from sqlalchemy import TextClause, text

from millrace.stores.rows import clean

MAX_WORDS: Final = 32
"""Words of a query that count; more narrow nothing down and cost time."""

# bm25 weighs the owner's column, which is there to narrow, with 0. Choosing the best first and fetching their
# snippets in a second step is slower: it reads the index twice.
_SQLITE: Final = """
SELECT m.session_id, s.title, m.id, m.role, snippet(message_search, 1, '', '', '…', 24), m.created_at
FROM message_search
JOIN messages AS m ON m.search_key = message_search.rowid
JOIN sessions AS s ON s.id = m.session_id
WHERE message_search MATCH :query AND s.user_id = :user_id
ORDER BY bm25(message_search, 0.0, 1.0), m.created_at DESC, m.position DESC, m.search_key DESC
LIMIT :limit
"""

# Here the snippet is the dear part, so the best are chosen first.
_POSTGRESQL: Final = """
WITH best AS (
    SELECT m.search_key, m.id, m.session_id, m.role, m.created_at, m.position, s.title, v.content, q.query,
        ts_rank_cd(v.search, q.query, 1) AS score
    FROM to_tsquery('simple', :query) AS q (query), sessions AS s
    JOIN messages AS m ON m.session_id = s.id
    JOIN versions AS v ON v.message_id = m.id AND v.number = m.current_version
    WHERE s.user_id = :user_id AND v.search @@ q.query
    ORDER BY score DESC, m.created_at DESC, m.position DESC, m.search_key DESC
    LIMIT :limit
)
SELECT b.session_id, b.title, b.id, b.role,
    ts_headline('simple', left(b.content, 200000), b.query,
        'StartSel="", StopSel="", MaxWords=24, MinWords=12, MaxFragments=1, FragmentDelimiter=" … "'),
    b.created_at
FROM best AS b
ORDER BY b.score DESC, b.created_at DESC, b.position DESC, b.search_key DESC
"""


def statement(dialect: str) -> TextClause:
    """The search, with the parameters `query`, `user_id` and `limit`.

    Gives session id, session title, message id, role, snippet and time; best first, of equals the newest.
    """
    return text(_SQLITE if dialect == "sqlite" else _POSTGRESQL)


def expression(dialect: str, user_id: str, query: str) -> str | None:
    """What the database's own search language calls `query`; none where it holds no word."""
    words = split(query)
    if not words:
        return None
    return _fts5(user_id, words) if dialect == "sqlite" else _tsquery(words)


def split(query: str) -> Sequence[str]:
    """The words of a query: what stands between spaces and has a letter or digit in it."""
    words = unicodedata.normalize("NFC", clean(query)).split()
    return [word for word in words if any(map(str.isalnum, word))][:MAX_WORDS]


def _fts5(user_id: str, words: Sequence[str]) -> str:
    quoted = " AND ".join('"' + word.replace('"', '""') + '"' for word in words)
    star = " *" if _begins(words[-1]) else ""
    return f'owner : "u{user_id.encode().hex()}" AND content : ({quoted}{star})'


def _tsquery(words: Sequence[str]) -> str:
    quoted = " & ".join("'" + word.replace("\\", "\\\\").replace("'", "''") + "'" for word in words)
    return f"{quoted}:*" if _begins(words[-1]) else quoted


def _begins(word: str) -> bool:
    return len(word) > 1 or not word.isascii()
