from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI, Request

from millrace.server.body_limit import BodyLimit


def client() -> httpx2.AsyncClient:
    app = FastAPI()
    app.add_middleware(BodyLimit, limit=1000, except_under=("/documents",))

    @app.post("/documents")
    @app.post("/documents-of-others")
    @app.post("/echo")
    async def size(request: Request) -> int:
        return len(await request.body())

    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test")


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 100


@pytest.mark.parametrize(("count", "status"), [(10, 200), (11, 413)])
async def test_a_body_is_measured_whether_it_says_its_size_or_not(count: int, status: int) -> None:
    async with client() as caller:
        announced = await caller.post("/echo", content=b"x" * 100 * count)
        streamed = await caller.post("/echo", content=pieces(count))
    assert (announced.status_code, streamed.status_code) == (status, status)
    if status == 413:
        assert announced.json()["code"] == streamed.json()["code"] == "INVALID_REQUEST"
        assert "1,000 bytes" in announced.json()["detail"]


async def test_only_named_paths_limit_themselves() -> None:
    async with client() as caller:
        assert (await caller.post("/documents", content=b"x" * 2000)).json() == 2000
        assert (await caller.post("/documents-of-others", content=b"x" * 2000)).status_code == 413
