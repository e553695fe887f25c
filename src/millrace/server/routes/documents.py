"""The texts that answers may come from: `/api/documents`."""

from collections.abc import AsyncGenerator, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from msgspec import ValidationError as InvalidShape
from msgspec import json
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import PlainTextResponse
from starlette.status import HTTP_201_CREATED, HTTP_204_NO_CONTENT

from millrace.knowledge.documents import DocumentInfo, DocumentLimits, Documents
from millrace.model.errors import InvalidRequest, MessageTooLong
from millrace.model.principal import Principal
from millrace.server.routes.documentation import problems
from millrace.server.schemas import Body, Shape, iso

_BODY_FACTOR = 6
"""JSON may need six bytes for one of the text's (an escape, \\u0001)."""
_BODY_EXTRA = 16 * 1024
_TEXT_TYPES = {"text/plain", "text/markdown", "text/x-markdown"}
_TEXT_NAMES = (".md", ".markdown", ".txt", ".text", ".rst")


class DocumentAddition(Body):
    """A text to keep."""

    text: str
    """Plain text or Markdown."""
    title: str = ""
    """What citations call it; its first line where none is given."""


class DocumentShape(Shape):
    """A text that is kept."""

    id: str
    title: str
    characters: int
    passages: int
    """Into how many passages it was cut."""
    created_at: str
    shared: bool
    """Whether the operator gave it to all users; then it cannot be removed here."""

    @classmethod
    def of(cls, info: DocumentInfo) -> "DocumentShape":
        """A text as callers see it."""
        return cls(
            id=info.id,
            title=info.title,
            characters=info.characters,
            passages=info.passages,
            created_at=iso(info.created_at),
            shared=info.shared,
        )


class DocumentLimitsShape(Shape):
    """How much may be added."""

    text_bytes: int
    """The most bytes of one text, in UTF-8."""
    per_user: int
    """The most texts of one user."""


class DocumentsShape(Shape):
    """The texts that the caller can ask about."""

    documents: list[DocumentShape]
    limits: DocumentLimitsShape


_BODIES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": DocumentAddition.model_json_schema(),
                "example": {"title": "Bread", "text": "# Bread\n\nBake it for 40 minutes."},
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "A text or Markdown file."},
                        "title": {"type": "string"},
                    },
                }
            },
        },
    }
}


def documents_router(documents: Callable[..., Documents], caller: Callable[..., Any]) -> APIRouter:
    """The routes of documents.

    Args:
        documents: A FastAPI dependency that gives the keeper of the documents.
        caller: A FastAPI dependency that gives the caller's `Principal`, or raises `Unauthorized`.
    """
    router = APIRouter(prefix="/api/documents", tags=["documents"])
    kept, known = Depends(documents), Depends(caller)

    @router.get("", responses=problems(401))
    async def list_documents(
        caller: Annotated[Principal, known], documents: Annotated[Documents, kept]
    ) -> DocumentsShape:
        """The caller's texts and the shared ones, newest first."""
        found = await documents.documents(caller.user_id)
        limits = documents.limits
        return DocumentsShape(
            documents=[DocumentShape.of(info) for info in found],
            limits=DocumentLimitsShape(text_bytes=limits.text_bytes, per_user=limits.per_user),
        )

    @router.post("", status_code=HTTP_201_CREATED, openapi_extra=_BODIES, responses=problems(400, 401, 403, 413))
    async def add_document(
        request: Request, caller: Annotated[Principal, known], documents: Annotated[Documents, kept]
    ) -> DocumentShape:
        """Keep a text, as JSON or as a file. Answers may come from it as soon as this returns."""
        addition = await _addition(request, documents.limits)
        return DocumentShape.of(await documents.add_document(caller.user_id, addition.title, addition.text))

    @router.get(
        "/{document_id}/text",
        response_class=PlainTextResponse,
        responses=problems(401, 404) | {200: {"content": {"text/plain": {"example": "# Bread\n\nBake it."}}}},
    )
    async def read_document(
        document_id: str, caller: Annotated[Principal, known], documents: Annotated[Documents, kept]
    ) -> Response:
        """A text to read, which is where citations lead: the caller's, a shared one, or one of Millrace's own."""
        document = await documents.document(caller.user_id, document_id)
        # A user's text is never a page: the browser must show it as it is, whatever it looks like.
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-cache"}
        return PlainTextResponse(document.text, headers=headers)

    @router.delete("/{document_id}", status_code=HTTP_204_NO_CONTENT, responses=problems(401, 404))
    async def remove_document(
        document_id: str, caller: Annotated[Principal, known], documents: Annotated[Documents, kept]
    ) -> Response:
        """Forget one of the caller's texts."""
        await documents.remove_document(caller.user_id, document_id)
        return Response(status_code=HTTP_204_NO_CONTENT)

    return router


async def _addition(request: Request, limits: DocumentLimits) -> DocumentAddition:
    """What the request adds, in whichever form it came; no more of it is read than may be kept."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _uploaded(request, limits)
    if kind not in ("", "application/json"):
        raise InvalidRequest("Send the text as application/json or as a file in multipart/form-data.")
    most = limits.text_bytes * _BODY_FACTOR + _BODY_EXTRA
    body = b"".join([piece async for piece in _bounded(request, most, limits)])
    try:
        fields = json.decode(body, type=dict[str, Any])
    except (InvalidShape, ValueError) as error:
        raise InvalidRequest('The body is not JSON of the form {"title": "...", "text": "..."}.') from error
    title, text = fields.get("title") or "", fields.get("text")
    if not isinstance(text, str):
        raise InvalidRequest("text: give the text to keep, as a string.")
    if not isinstance(title, str):
        raise InvalidRequest("title: give a string, or leave it away.")
    return DocumentAddition(title=title, text=text)


async def _uploaded(request: Request, limits: DocumentLimits) -> DocumentAddition:
    stream = _bounded(request, limits.text_bytes + _BODY_EXTRA, limits)
    try:
        form = await MultiPartParser(request.headers, stream, max_files=1, max_fields=4).parse()
    except (MultiPartException, KeyError) as error:
        raise InvalidRequest("The upload could not be read. Send one file in the field `file`.") from error
    try:
        file, title = form.get("file"), form.get("title")
        if not isinstance(file, UploadFile):
            raise InvalidRequest("file: send a text or Markdown file in this field.")
        name = file.filename or ""
        if (file.content_type or "") not in _TEXT_TYPES and not name.lower().endswith(_TEXT_NAMES):
            raise InvalidRequest("file: only plain text and Markdown (.md, .txt) can be added.")
        try:
            text = (await file.read()).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidRequest("file: this is not text in UTF-8. Save it as UTF-8 and add it again.") from error
        return DocumentAddition(title=title if isinstance(title, str) and title else name, text=text)
    finally:
        await form.close()


async def _bounded(request: Request, most: int, limits: DocumentLimits) -> AsyncGenerator[bytes, None]:
    """The body, piece by piece.

    Raises:
        MessageTooLong: It has more than `most` bytes.
    """
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise MessageTooLong(
                f"The text is larger than the {limits.text_bytes} bytes of one text here. Split it and add the parts."
            )
        yield piece
