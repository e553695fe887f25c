import logging

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.responses import Response

from millrace.model.errors import (
    MillraceError,
    ProviderFailure,
    RateLimited,
    StoreUnavailable,
    Unauthorized,
)
from millrace.server.body_limit import BodyLimit
from millrace.server.problems import error_headers, install_problem_handlers

KEY = "sk-the-operators-own-key"


class Nested(BaseModel):
    number: int


class Given(BaseModel):
    nested: Nested


def client() -> httpx2.AsyncClient:
    app = FastAPI()
    install_problem_handlers(app)

    @app.get("/raise/{name}")
    async def fail(name: str) -> None:
        errors: dict[str, Exception] = {
            "rate": RateLimited(retry_after=2.3),
            "provider": ProviderFailure(detail=KEY),
            "store": StoreUnavailable(retry_after=3, detail=KEY),
            "unauthorized": Unauthorized(),
            "unknown": RuntimeError(KEY),
        }
        raise errors[name]

    @app.post("/given")
    async def give(given: Given) -> None: ...

    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://test")


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("rate", 429, "RATE_LIMIT"),
        ("provider", 502, "PROVIDER_FAILURE"),
        ("store", 503, "STREAM_ERROR"),
        ("unauthorized", 401, "UNAUTHORIZED"),
        ("unknown", 500, "STREAM_ERROR"),
    ],
)
async def test_every_failure_is_a_problem_that_gives_nothing_away(name: str, status: int, code: str) -> None:
    async with client() as caller:
        answer = await caller.get(f"/raise/{name}")
    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == code
    assert set(problem) >= {"title", "detail", "recoverable"}
    assert KEY not in answer.text


async def test_when_to_come_back_is_said_in_whole_seconds() -> None:
    async with client() as caller:
        answer = await caller.get("/raise/rate")
    assert answer.headers["retry-after"] == "3"
    assert answer.json()["retry_after"] == 2.3


async def test_what_is_not_sent_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "millrace"):
        async with client() as caller:
            await caller.get("/raise/store")
    assert KEY in caplog.text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"nested": {"number": "x"}}', "nested.number"),
        (b'{"nested": {}}', "nested.number"),
        (b"{}", "nested"),
        (b"[]", "body"),
        (b"", "body"),
        (b"{", "body"),
        (b"\xff", "body"),
        (b"[" * 100_000, "body"),
    ],
)
async def test_a_wrong_request_names_its_field(body: bytes, field: str) -> None:
    async with client() as caller:
        answer = await caller.post("/given", content=body, headers={"content-type": "application/json"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "INVALID_REQUEST")
    assert problem["detail"].startswith(f"{field}: ")
    assert problem["errors"][0]["field"] == field


async def test_what_is_not_there_and_what_cannot_be_done_are_problems_too() -> None:
    async with client() as caller:
        missing, wrong = await caller.get("/missing"), await caller.delete("/given")
    assert (missing.status_code, missing.json()["code"]) == (404, "NOT_FOUND")
    assert (wrong.status_code, wrong.json()["code"], wrong.headers["allow"]) == (405, "INVALID_REQUEST", "POST")


async def test_another_protocol_tells_errors_in_its_own_form_whatever_finds_them() -> None:
    def form(error: MillraceError) -> Response:
        return Response(f"told: {error.code}", error.status, error_headers(error))

    app = FastAPI()
    install_problem_handlers(app, {"/theirs": form})
    app.add_middleware(BodyLimit, limit=10)

    @app.post("/theirs/given")
    @app.post("/ours/given")
    async def give(given: Given) -> None: ...

    @app.get("/theirs/late")
    async def late() -> None:
        raise RateLimited(retry_after=2.3)

    @app.get("/theirs/broken")
    async def broken() -> None:
        raise RuntimeError(KEY)

    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as caller:
        assert (await caller.post("/theirs/given", json={})).text == "told: INVALID_REQUEST"
        refused = await caller.post("/theirs/given", content=b"x" * 11)
        assert (refused.status_code, refused.text) == (413, "told: INVALID_REQUEST")
        assert (await caller.get("/theirs/nothing")).text == "told: NOT_FOUND"
        wrong = await caller.delete("/theirs/given")
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
        assert wrong.text == "told: INVALID_REQUEST"
        slow = await caller.get("/theirs/late")
        assert (slow.status_code, slow.headers["retry-after"]) == (429, "3")
        assert (await caller.get("/theirs/broken")).text == "told: STREAM_ERROR"
        for path in ("/ours/given", "/theirs-too"):
            assert (await caller.post(path, content=b"x" * 11)).headers["content-type"] == "application/problem+json"
