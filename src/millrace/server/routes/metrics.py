"""What the server counts, for those who run it: `/metrics`. The page `/ops` draws it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from starlette.requests import HTTPConnection

from millrace.ops.metrics import CONTENT_TYPE
from millrace.server.operators import check_operator
from millrace.server.routes.documentation import problems
from millrace.server.services import ServicesDep

router = APIRouter(tags=["health"])


async def operator_calls(connection: HTTPConnection, services: ServicesDep) -> None:
    """Let operators pass, as a dependency.

    Raises:
        Unauthorized: Nobody is signed in.
        Forbidden: It is somebody else.
    """
    await check_operator(connection, services)


@router.get(
    "/metrics",
    response_class=Response,
    responses=problems(401, 403) | {200: {"description": "Prometheus' text format", "content": {"text/plain": {}}}},
)
async def metrics(services: ServicesDep, _: Annotated[None, Depends(operator_calls)]) -> Response:
    """What this process counts, in Prometheus' text format; for operators (`auth.operators`)."""
    return Response(services.metrics.text(), media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})
