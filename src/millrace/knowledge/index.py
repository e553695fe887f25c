"""The file of texts and passages: SQLite with its full-text index (FTS5). Blocking; belongs to one thread."""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from millrace.knowledge.documents import BUILTIN, HEADING_STEP, SHARED, Document, DocumentInfo, DocumentLimits
from millrace.knowledge.passages import CUT_VERSION, cut
from millrace.knowledge.search import Search, reader_word
from millrace.model.errors import NotFound, QuotaExceeded, StoreUnavailable
from millrace.model.events import Passage
from millrace.sqlite import use_wal

SCHEMA_VERSION = 1
_BUSY_SECONDS = 5.0
_NOT_YOURS = "This text does not exist or is not yours."


class Index:
    """One connection to `knowledge.db`. Every verb that changes something is one transaction.

    Args:
        path: The file; it and its folder are made where they are missing.
        url_prefix: Where documents without a `url` of their own can be read, before `/{id}/text`.

    Raises (all verbs):
        StoreUnavailable: The file cannot be read or written.
    """

    def __init__(self, path: Path, url_prefix: str) -> None:
        with unavailable("open"):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            with unavailable("open"):
                self._prepare()
        except BaseException:
            self._db.close()
            raise
        self._search = Search(self._db, url_prefix)

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def passages(
        self, query: str, owner: str, document_ids: Sequence[str], limit: int, *, own: bool = False
    ) -> list[Passage]:
        """The passages nearest to `query`, best first, of what `owner` may read. See `Search`."""
        with unavailable("search the texts"):
            return self._search.passages(query, owner, document_ids, limit, own=own)

    def keep_current(self, documents: Sequence[Document], now_ms: int) -> int:
        """Make the built-in documents exactly these, and cut anew whatever was cut another way.

        Returns:
            How many documents were cut; 0 where nothing changed.
        """
        current = f"{CUT_VERSION}:%"
        with unavailable("index its documentation"), self._transaction():
            kept = dict(self._db.execute("SELECT id, digest FROM documents WHERE owner = ?", (BUILTIN,)))
            changed = [document for document in documents if kept.pop(document.id, "") != _digest(document)]
            stale = self._db.execute(
                "SELECT owner, created_at, id, title, text, url FROM documents WHERE owner != ? AND digest NOT LIKE ?",
                (BUILTIN, current),
            ).fetchall()
            for document_id in kept:
                self._forget(document_id)
            for document in changed:
                self._put(BUILTIN, document, now_ms)
            for owner, created_at, *document in stale:
                self._put(owner, Document(*document), created_at)
            return len(changed) + len(stale)

    def add(self, owner: str, document: Document, limits: DocumentLimits, now_ms: int) -> DocumentInfo:
        """Keep a document of `owner`.

        Raises:
            QuotaExceeded: The owner has `limits.per_user` documents already.
        """
        with unavailable("keep the text"), self._transaction():
            (count,) = self._db.execute("SELECT count(*) FROM documents WHERE owner = ?", (owner,)).fetchone()
            if count >= limits.per_user:
                raise QuotaExceeded(
                    f"You have {count} texts, which is the most there may be. Remove one and try again."
                )
            passages = self._put(owner, document, now_ms)
        return DocumentInfo(document.id, document.title, len(document.text), passages, now_ms, owner == SHARED)

    def remove(self, owner: str, document_id: str) -> None:
        """Forget a document of `owner`.

        Raises:
            NotFound: It does not exist or is another's.
        """
        with unavailable("remove the text"), self._transaction():
            found = self._db.execute("SELECT 1 FROM documents WHERE id = ? AND owner = ?", (document_id, owner))
            if owner == BUILTIN or found.fetchone() is None:
                raise NotFound(_NOT_YOURS)
            self._forget(document_id)

    def documents(self, owner: str) -> list[DocumentInfo]:
        """The documents of `owner` and the shared ones, newest first."""
        with unavailable("list the texts"):
            rows = self._db.execute(
                "SELECT id, title, length(text), passages, created_at, owner = ? FROM documents"
                " WHERE owner IN (?, ?) ORDER BY created_at DESC, rowid DESC",
                (SHARED, owner, SHARED),
            )
            return [
                DocumentInfo(id_, title, characters, passages, created_at, bool(shared))
                for id_, title, characters, passages, created_at, shared in rows
            ]

    def document(self, owner: str, document_id: str) -> Document:
        """A document that `owner` may read.

        Raises:
            NotFound: It does not exist or is another's.
        """
        with unavailable("read the text"):
            row = self._db.execute(
                "SELECT id, title, text, url FROM documents WHERE id = ? AND owner IN (?, ?, ?)",
                (document_id, owner, SHARED, BUILTIN),
            ).fetchone()
        if row is None:
            raise NotFound(_NOT_YOURS)
        return Document(*row)

    def _prepare(self) -> None:
        use_wal(self._db.execute, _BUSY_SECONDS)
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        if self._version() == 0:
            script = files("millrace.knowledge").joinpath("schema.sql").read_text(encoding="utf-8")
            with self._transaction():
                if self._version() == 0:  # another process may have made it while this one waited
                    for statement in _statements(script):
                        self._db.execute(statement)
                    self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif self._version() > SCHEMA_VERSION:
            raise StoreUnavailable(
                "The file knowledge.db was made by a newer Millrace. Run that version, or move the file away."
            )

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _put(self, owner: str, document: Document, created_at: int) -> int:
        self._forget(document.id)
        passages = cut(document.text)
        self._db.execute(
            "INSERT INTO documents (id, owner, title, url, text, digest, passages, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                document.id,
                owner,
                document.title,
                document.url,
                document.text,
                _digest(document),
                len(passages),
                created_at,
            ),
        )
        reader = reader_word(owner)
        self._db.executemany(
            "INSERT INTO passages (document_id, position, reader, title, heading, body) VALUES (?, ?, ?, ?, ?, ?)",
            (
                (document.id, position, reader, document.title, _heading(passage.heading, document.title), passage.text)
                for position, passage in enumerate(passages)
            ),
        )
        return len(passages)

    def _forget(self, document_id: str) -> None:
        self._db.execute("DELETE FROM passages WHERE document_id = ?", (document_id,))
        self._db.execute("DELETE FROM documents WHERE id = ?", (document_id,))


@contextmanager
def unavailable(what: str) -> Iterator[None]:
    """Turn the database's own failures into `StoreUnavailable`.

    Raises:
        StoreUnavailable: With the database's words as its detail.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        message = (
            f"The server could not {what} just now. Try again; if it stays so, look at the disk of its data folder."
        )
        raise StoreUnavailable(message, detail=str(error)) from error


def _digest(document: Document) -> str:
    content = "\0".join((document.title, document.url, document.text))
    return f"{CUT_VERSION}:{hashlib.sha256(content.encode()).hexdigest()}"


def _heading(path: Sequence[str], title: str) -> str:
    """The headings above a passage; the first is left out where it is the document's own title."""
    return HEADING_STEP.join(path[1:] if path and path[0] == title else path)


def _statements(script: str) -> Iterator[str]:
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
