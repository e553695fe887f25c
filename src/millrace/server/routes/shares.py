"""Reading a conversation by a link: `/api/sessions/{id}/shares`, `/api/shared/{secret}`, the page `/shared/{secret}`.

Whoever has the link sees what was said and the sources that were cited, and nothing else: not whose it is, no estimate
of anybody's mood, no thinking (it may hold both, and documents that were not cited), no cost, no other version.
"""

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import ConfigDict
from starlette.status import HTTP_201_CREATED, HTTP_204_NO_CONTENT, HTTP_404_NOT_FOUND

from millrace.model.errors import NotFound
from millrace.model.messages import Message
from millrace.model.shares import Share
from millrace.server.routes.documentation import problems
from millrace.server.routes.sessions import MOST_MESSAGES
from millrace.server.schema_examples import NEW_SHARE, SHARED
from millrace.server.schemas import Shape, iso
from millrace.server.services import Caller, Services, ServicesDep, client_address
from millrace.server.static import Page

CREATIONS_PER_MINUTE = 10
READINGS_PER_MINUTE = 120
"""Of shared conversations, for each network address: the page and what it shows count each."""
_PRIVATE = {"X-Robots-Tag": "noindex, nofollow, noarchive", "Referrer-Policy": "no-referrer"}
_MARK = re.compile(r"\[(\d{1,3})\]")
router = APIRouter(tags=["shares"])


class ShareShape(Shape):
    """A link to a conversation, without its secret."""

    id: str
    created_at: str

    @classmethod
    def of(cls, share: Share) -> "ShareShape":
        """A link as its owner sees it."""
        return cls(id=share.id, created_at=iso(share.created_at))


class NewShareShape(ShareShape):
    """A link that was just made."""

    model_config = ConfigDict(json_schema_extra={"example": NEW_SHARE})

    path: str
    """Where it leads, below the server's address; shown this once."""


class SharesShape(Shape):
    """The links to a conversation, newest first."""

    shares: list[ShareShape]


class SharedSourceShape(Shape):
    """A source that an answer cites."""

    title: str
    url: str
    """Its address on the web; empty for a document that is kept here."""
    snippet: str
    number: int | None
    """The `[n]` that it is cited by, where it is."""
    page: int | None


class SharedMessageShape(Shape):
    """A message as everybody with the link may see it."""

    id: str
    role: Literal["user", "assistant"]
    content: str
    status: Literal["complete", "cancelled", "failed"]
    created_at: str
    model: str | None
    """`provider/model` that answered, where it is known."""
    citations: list[SharedSourceShape]

    @classmethod
    def of(cls, message: Message) -> "SharedMessageShape":
        """What may be seen of a message."""
        version = message.version
        metadata = version.metadata or {}
        return cls(
            id=message.id,
            role=message.role,
            content=version.content,
            status=version.status,
            created_at=iso(message.created_at),
            model=metadata.get("model") or None,
            citations=[] if message.role == "user" else _cited(version.content, metadata.get("citations") or []),
        )


class SharedShape(Shape):
    """A conversation as everybody with the link may see it."""

    model_config = ConfigDict(json_schema_extra={"example": SHARED})

    title: str
    created_at: str
    updated_at: str
    messages: list[SharedMessageShape]
    """Its newest messages, oldest first, or those before `before`."""
    has_older: bool
    """Whether there are messages before the first one here."""


@router.get("/api/sessions/{session_id}/shares", responses=problems(400, 401, 404))
async def list_shares(session_id: str, caller: Caller, services: ServicesDep) -> SharesShape:
    """The links by which others may read a conversation."""
    return SharesShape(shares=[ShareShape.of(share) for share in await services.shares.list(session_id, caller)])


@router.post(
    "/api/sessions/{session_id}/shares",
    status_code=HTTP_201_CREATED,
    responses=problems(400, 401, 403, 404, 409, 429),
)
async def create_share(session_id: str, caller: Caller, services: ServicesDep, response: Response) -> NewShareShape:
    """Make a link by which everybody who has it can read the conversation, and what is added to it later."""
    services.rates.take("shares", caller.user_id, per_minute=CREATIONS_PER_MINUTE)
    share, secret = await services.shares.create(session_id, caller)
    response.headers["Cache-Control"] = "no-store"
    return NewShareShape(**ShareShape.of(share).model_dump(), path=f"/shared/{secret}")


@router.delete(
    "/api/sessions/{session_id}/shares/{share_id}",
    status_code=HTTP_204_NO_CONTENT,
    responses=problems(400, 401, 403, 404),
)
async def revoke_share(session_id: str, share_id: str, caller: Caller, services: ServicesDep) -> Response:
    """Make a link good for nothing, at once and for ever."""
    await services.shares.revoke(session_id, share_id, caller)
    return Response(status_code=HTTP_204_NO_CONTENT)


@router.get("/api/shared/{secret}", responses=problems(400, 404, 429))
async def read_shared(
    secret: str,
    request: Request,
    response: Response,
    services: ServicesDep,
    before: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_MESSAGES)] = MOST_MESSAGES,
) -> SharedShape:
    """A conversation by its link, for anybody: its newest messages, oldest first (those before message `before`)."""
    _count(request, services)
    session = await services.shares.follow(secret)
    messages = await services.store.messages(session.id, limit=limit + 1, before=before)
    response.headers.update({**_PRIVATE, "Cache-Control": "no-store"})
    return SharedShape(
        title=session.title,
        created_at=iso(session.created_at),
        updated_at=iso(session.updated_at),
        messages=[SharedMessageShape.of(message) for message in messages[-limit:]],
        has_older=len(messages) > limit,
    )


@router.get("/shared/{secret}", include_in_schema=False)
async def shared_page(secret: str, request: Request, services: ServicesDep) -> Response:
    """The page that shows it; a link that leads nowhere is answered 404, with the page that says so."""
    _count(request, services)
    page = await Page().document(request.scope)
    try:
        await services.shares.follow(secret)
    except NotFound:
        page.status_code = HTTP_404_NOT_FOUND
    page.headers.update(_PRIVATE)
    return page


def _count(request: Request, services: Services) -> None:
    services.rates.take("shared", client_address(request), per_minute=READINGS_PER_MINUTE)


def _cited(text: str, citations: list[dict[str, object]]) -> list[SharedSourceShape]:
    """The sources that the text cites, and those of the web that the provider named without a number."""
    marks = {int(mark) for mark in _MARK.findall(text)}
    return [
        SharedSourceShape.model_validate(
            {
                "title": citation.get("title") or "",
                "url": url if (url := str(citation.get("url") or "")).startswith(("https://", "http://")) else "",
                "snippet": citation.get("snippet") or "",
                "number": citation.get("number"),
                "page": citation.get("page"),
            }
        )
        for citation in citations
        if citation.get("number") in marks or (citation.get("number") is None and not citation.get("document_id"))
    ]
