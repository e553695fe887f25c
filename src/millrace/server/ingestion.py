"""Texts that are added, told to all of their user's tabs as they come in."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from millrace.knowledge.documents import Document, DocumentInfo, DocumentLimits, Documents
from millrace.model.errors import MillraceError

Tell = Callable[[str, str, Any], Awaitable[None]]
"""Tells a user's clients: who, which event, its data."""


class ToldDocuments:
    """Implements `Documents` over another: says how far it is with a text, and when it can be asked about."""

    def __init__(self, documents: Documents, tell: Tell) -> None:
        self._documents = documents
        self._tell = tell

    @property
    def limits(self) -> DocumentLimits:
        """How much a user may add."""
        return self._documents.limits

    async def add_document(
        self, user_id: str | None, title: str, text: str, *, document_id: str | None = None
    ) -> DocumentInfo:
        """Keep a text. See `Documents`."""
        new_id = document_id or uuid.uuid4().hex
        await self._progress(user_id, new_id, "received", 0.0)
        await self._progress(user_id, new_id, "indexing", 0.5)
        try:
            info = await self._documents.add_document(user_id, title, text, document_id=new_id)
        except MillraceError:
            await self._progress(user_id, new_id, "failed", 1.0)
            raise
        await self._progress(user_id, new_id, "ready", 1.0)
        if user_id is not None:
            ready = {"documentId": info.id, "title": info.title, "pages": pages_of(text), "chunks": info.passages}
            await self._tell(user_id, "document-ready", ready)
        return info

    async def documents(self, user_id: str | None) -> Sequence[DocumentInfo]:
        """The texts that the user can ask about."""
        return await self._documents.documents(user_id)

    async def document(self, user_id: str | None, document_id: str) -> Document:
        """One text to read."""
        return await self._documents.document(user_id, document_id)

    async def remove_document(self, user_id: str | None, document_id: str) -> None:
        """Forget a text."""
        await self._documents.remove_document(user_id, document_id)

    async def _progress(self, user_id: str | None, document_id: str, stage: str, progress: float) -> None:
        if user_id is not None:
            data = {"documentId": document_id, "stage": stage, "progress": progress}
            await self._tell(user_id, "processing-status", data)


def pages_of(text: str) -> int:
    """How many pages a text has: form feeds divide them."""
    return text.strip("\f").count("\f") + 1
