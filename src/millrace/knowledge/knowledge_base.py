"""The knowledge base: texts of users and of Millrace itself, searchable, in one file of the data folder."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self, TypeVar
from uuid import uuid4

from millrace.knowledge.documents import Document, DocumentInfo, DocumentLimits, checked_text, checked_title, owner_of
from millrace.knowledge.index import Index
from millrace.model.errors import StoreUnavailable
from millrace.model.events import Passage

T = TypeVar("T")


class _IndexThread:
    """A thread with its connection to the index."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._index: Index | None = None

    async def open(self, path: Path, url_prefix: str) -> None:
        self._index = await self._submit(lambda: Index(path, url_prefix))

    async def run(self, work: Callable[[Index], T]) -> T:
        """Work with the index in the thread, after what was asked for before."""
        index = self._index
        if index is None:
            raise StoreUnavailable("The server is shutting down. Try again in a few seconds.")
        return await self._submit(lambda: work(index))

    async def close(self) -> None:
        index, self._index = self._index, None
        if index is not None:
            await self._submit(index.close)
        self._executor.shutdown(wait=False)

    async def _submit(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


class KnowledgeBase:
    """A `Retriever` over Millrace's documentation, the shared texts and a user's own; and their keeper (`Documents`).

    SQLite works in two threads of its own, one that writes and one that reads: the event loop never waits for it, and
    a long text being added delays no search. Several processes may open one file. Use `open`, and `close` at the end.
    """

    def __init__(self, writer: _IndexThread, reader: _IndexThread, limits: DocumentLimits) -> None:
        self._writer = writer
        self._reader = reader
        self._limits = limits

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        builtin: Sequence[Document] | None = None,
        limits: DocumentLimits | None = None,
        url_prefix: str = "/api/documents",
    ) -> Self:
        """Open or make the file at `path`, and index what changed of the built-in documents.

        Args:
            path: The file, `knowledge.db` in the data folder.
            builtin: Millrace's own documentation; what is no longer among it is forgotten. None leaves what is there.
            limits: How much a user may add.
            url_prefix: Where the server's document routes are, for the links of citations.

        Raises:
            StoreUnavailable: The file cannot be opened.
        """
        writer, reader = _IndexThread("knowledge-write"), _IndexThread("knowledge-read")
        async with AsyncExitStack() as opened:
            for thread in (writer, reader):
                opened.push_async_callback(thread.close)
                await thread.open(path, url_prefix)
            if builtin is not None:
                await writer.run(lambda index: index.keep_current(builtin, _now_ms()))
            opened.pop_all()
        return cls(writer, reader, limits or DocumentLimits())

    @property
    def limits(self) -> DocumentLimits:
        """How much a user may add."""
        return self._limits

    async def retrieve(
        self, query: str, *, user_id: str, document_ids: Sequence[str] = (), limit: int = 6, own: bool = False
    ) -> Sequence[Passage]:
        """The passages nearest to `query`, best first, numbered from 1; of `document_ids` alone where given.

        Searched are Millrace's documentation (without `own`), the shared texts and those of `user_id`, never another
        user's. Raises as the port says, and `StoreUnavailable` where the file does not answer.
        """
        return await self._reader.run(
            lambda index: index.passages(query, owner_of(user_id), document_ids, limit, own=own)
        )

    async def add_document(
        self, user_id: str | None, title: str, text: str, *, document_id: str | None = None
    ) -> DocumentInfo:
        """Keep a text and make it searchable. See `Documents`."""
        text = checked_text(text, self._limits)
        document = Document(document_id or uuid4().hex, checked_title(title, text), text)
        return await self._writer.run(lambda index: index.add(owner_of(user_id), document, self._limits, _now_ms()))

    async def documents(self, user_id: str | None) -> Sequence[DocumentInfo]:
        """The user's and the shared texts, newest first."""
        return await self._reader.run(lambda index: index.documents(owner_of(user_id)))

    async def document(self, user_id: str | None, document_id: str) -> Document:
        """One text to read. See `Documents`."""
        return await self._reader.run(lambda index: index.document(owner_of(user_id), document_id))

    async def remove_document(self, user_id: str | None, document_id: str) -> None:
        """Forget one of the user's own texts. See `Documents`."""
        await self._writer.run(lambda index: index.remove(owner_of(user_id), document_id))

    async def close(self) -> None:
        """Finish what is being done and release the file. Closing twice does nothing."""
        await self._writer.close()
        await self._reader.close()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
