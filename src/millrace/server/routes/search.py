"""Searching one's own conversations: `/api/search`."""

from typing import Annotated

from fastapi import APIRouter, Query

from millrace.server.routes.documentation import problems
from millrace.server.schemas import SearchResultShape, SearchShape
from millrace.server.services import Caller, ServicesDep

router = APIRouter(prefix="/api", tags=["sessions"])


@router.get("/search", responses=problems(400, 401))
async def search(
    caller: Caller,
    services: ServicesDep,
    q: Annotated[str, Query(min_length=1, max_length=500, examples=["photosynthesis"])],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> SearchShape:
    """Messages of the caller that hold all words of `q`, best first."""
    hits = await services.store.search(caller.user_id, q, limit=limit)
    return SearchShape(results=[SearchResultShape.of(hit) for hit in hits])
