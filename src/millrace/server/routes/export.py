"""Taking a conversation along: `/api/sessions/{id}/export`."""

import re
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from millrace.model.messages import Message, Session
from millrace.ports import Store
from millrace.server.routes.documentation import problems
from millrace.server.schemas import MessageShape, SessionShape, iso
from millrace.server.services import Caller, ServicesDep

PAGE = 100
"""Messages that are in memory at a time."""
_SPEAKERS = {"user": "You", "assistant": "Assistant"}
_NOTES = {"cancelled": "\n\n*(stopped)*", "failed": "\n\n*(not finished)*"}
Format = Literal["markdown", "json"]
router = APIRouter(prefix="/api/sessions", tags=["sessions"])


@router.get(
    "/{session_id}/export",
    response_class=StreamingResponse,
    responses=problems(400, 401, 404)
    | {200: {"description": "The conversation as a file", "content": {"text/markdown": {}, "application/json": {}}}},
)
async def export_session(
    session_id: str, caller: Caller, services: ServicesDep, form: Annotated[Format, Query(alias="format")] = "markdown"
) -> StreamingResponse:
    """The whole conversation as a file, in Markdown for people or JSON for programs."""
    session = await services.access.session(session_id, caller)
    pages = _pages(services.store, session_id)
    writer, media_type, ending = (
        (_markdown(session, pages), "text/markdown; charset=utf-8", "md")
        if form == "markdown"
        else (_json(session, pages), "application/json", "json")
    )
    headers = {"Content-Disposition": content_disposition(session.title, ending), "Cache-Control": "no-store"}
    return StreamingResponse(writer, media_type=media_type, headers=headers)


def content_disposition(title: str, ending: str) -> str:
    """The header that names the file after the title, whatever is in the title.

    RFC 6266: a plain name for old clients, and the real one in UTF-8, percent-encoded.
    """
    printable = "".join(char if char.isprintable() else " " for char in title)
    name = re.sub(r'[\\/:*?"<>|\s]+', " ", printable).strip(". ")[:80].strip() or "conversation"
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    return f"attachment; filename=\"{plain}.{ending}\"; filename*=UTF-8''{quote(name, safe='')}.{ending}"


async def _pages(store: Store, session_id: str) -> AsyncIterator[Sequence[Message]]:
    """All messages, oldest first. The store counts from the newest, so the places of the pages are found first."""
    starts: list[str | None] = [None]
    while True:
        page = await store.messages(session_id, limit=PAGE, before=starts[-1])
        if len(page) < PAGE:
            break
        starts.append(page[0].id)
    for before in reversed(starts):
        yield await store.messages(session_id, limit=PAGE, before=before)


async def _markdown(session: Session, pages: AsyncIterator[Sequence[Message]]) -> AsyncIterator[str]:
    title = " ".join(session.title.split()) or "Conversation"
    yield f"# {title}\n\n{iso(session.created_at)}\n"
    async for page in pages:
        yield "".join(
            f"\n## {_SPEAKERS[message.role]}\n\n{message.version.content}{_NOTES.get(message.version.status, '')}\n"
            for message in page
        )


async def _json(session: Session, pages: AsyncIterator[Sequence[Message]]) -> AsyncIterator[str]:
    yield f'{{"session":{SessionShape.of(session).model_dump_json()},"messages":['
    separator = ""
    async for page in pages:
        for message in page:
            yield separator + MessageShape.of(message).model_dump_json()
            separator = ","
    yield "]}"
