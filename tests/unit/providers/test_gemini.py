"""What Gemini's provider sends, what it learns of a model, and its listing of models."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.unit.providers.calls import FAST, KEY, answers, collect, in_turn, text
from tests.unit.providers.raw_server import Exchange, RawServer, Script, raw_server
from tests.unit.providers.slices import STOP
from tests.unit.providers.slices import text as piece

from millrace.model.errors import ContentFiltered, ProviderFailure, RateLimited
from millrace.model.generation import Finished, GenerationRequest, PromptMessage
from millrace.providers.gemini import GeminiProvider
from millrace.providers.http import HttpClient

REQUEST = GenerationRequest(model="gemini-2.5-flash", messages=(PromptMessage("user", "Hi"),), max_tokens=7)


@asynccontextmanager
async def provided(script: Script, **more: Any) -> AsyncIterator[tuple[GeminiProvider, RawServer]]:
    http = HttpClient(FAST)
    async with raw_server(script) as server:
        yield GeminiProvider("gemini", server.base_url.replace("/v1", "/v1beta/"), KEY, http, **more), server
        await http.close()


async def hello(exchange: Exchange) -> None:
    exchange.begin()
    exchange.send(piece("Hel") + piece("lo") + STOP)
    exchange.end()


def refusal(code: int, words: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": words, **more}}


async def test_answer_and_request() -> None:
    async with provided(hello, thinking_budget=100) as (provider, server):
        deltas, error = await collect(provider, REQUEST)
        await collect(provider, GenerationRequest(model="gemini-2.5-flash", messages=REQUEST.messages, reasoning=True))
    assert (error, text(deltas), deltas[-1]) == (None, "Hello", Finished("stop"))
    exchange, thinking = server.exchanges
    assert exchange.head.startswith("POST /v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse HTTP/1.1\r\n")
    assert f"x-goog-api-key: {KEY}\r\n" in exchange.head
    assert "authorization" not in exchange.head.lower()
    assert KEY not in exchange.head.split("\r\n")[0], "a key in the address would be in every proxy's log"
    assert json.loads(exchange.body)["contents"] == [{"role": "user", "parts": [{"text": "Hi"}]}]
    assert json.loads(thinking.body)["generationConfig"]["thinkingConfig"]["thinkingBudget"] == 100
    assert KEY not in repr(provider)


async def test_the_callers_own_key_is_used_for_its_call_alone() -> None:
    async with provided(hello) as (provider, server):
        await collect(provider, GenerationRequest(model="m", messages=REQUEST.messages, api_key="own-987654"))
        await collect(provider, REQUEST)
    assert "x-goog-api-key: own-987654\r\n" in server.exchanges[0].head
    assert f"x-goog-api-key: {KEY}\r\n" in server.exchanges[1].head


async def test_the_end_of_the_connection_is_the_end_of_the_answer() -> None:
    async def script(exchange: Exchange) -> None:
        exchange.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + piece("Hello") + STOP)
        exchange.cut()

    async with provided(script) as (provider, _):
        deltas, error = await collect(provider, REQUEST)
    assert (error, text(deltas), deltas[-1]) == (None, "Hello", Finished("stop"))


async def test_a_connection_that_stays_open_after_the_finish_ends_the_answer_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("millrace.providers.body_stream._GRACE_S", 0.1)

    async def script(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(piece("Hello") + STOP)
        await exchange.closed()

    async with provided(script) as (provider, _):
        deltas, error = await collect(provider, REQUEST)
    assert (error, text(deltas), deltas[-1]) == (None, "Hello", Finished("stop"))


async def test_what_a_model_refuses_is_remembered() -> None:
    async def script(exchange: Exchange) -> None:
        if "thinkingConfig" in json.loads(exchange.body)["generationConfig"]:
            words = "Budget 0 is invalid. This model only works in thinking mode."
            exchange.answer("400 Bad Request", json.dumps(refusal(400, words)).encode())
        else:
            await hello(exchange)

    async with provided(script) as (provider, server):
        for _ in range(2):
            deltas, error = await collect(provider, REQUEST)
            assert (error, text(deltas)) == (None, "Hello")
    assert len(server.exchanges) == 3


@pytest.mark.parametrize(
    ("status", "words", "more", "expected"),
    [
        ("400 Bad Request", "API key not valid. Please pass a valid API key.", {}, "refused this server's key"),
        ("403 Forbidden", "Method doesn't allow unregistered callers.", {}, "refused this server's key"),
        ("404 Not Found", "models/x is not found for API version v1beta", {}, "does not know the model"),
        ("429 Too Many Requests", "You exceeded your current quota, check your billing.", {}, "has no credit left"),
        ("500 Internal Server Error", "An internal error has occurred.", {}, "could not answer just now"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda error: error, lambda error: [error]])
async def test_what_google_refuses(
    status: str, words: str, more: dict[str, Any], expected: str, wrap: Callable[[Any], Any]
) -> None:
    body = json.dumps(wrap(refusal(int(status[:3]), words, **more)), indent=2).encode()
    async with provided(answers(status, body)) as (provider, _):
        _, error = await collect(provider, REQUEST)
    assert isinstance(error, ProviderFailure)
    assert expected in error.message


async def test_the_delay_of_the_body_is_obeyed_if_it_is_short() -> None:
    def delayed(delay: str) -> Script:
        details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]
        words = "You exceeded your current quota, please check your plan and billing details."
        return answers("429 Too Many Requests", refusal(429, words, status="RESOURCE_EXHAUSTED", details=details))

    async with provided(in_turn(delayed("0.05s"), hello, delayed("34.4s"))) as (provider, server):
        assert (await collect(provider, REQUEST))[1] is None
        _, error = await collect(provider, REQUEST)
    assert type(error) is RateLimited
    assert error.retry_after == 34.4
    assert len(server.exchanges) == 3


async def test_a_blocked_prompt() -> None:
    async with provided(answers("200 OK", {"promptFeedback": {"blockReason": "SAFETY"}})) as (provider, _):
        deltas, error = await collect(provider, REQUEST)
    assert (deltas, type(error)) == ([], ContentFiltered)


async def test_the_listing_is_read_to_its_last_page() -> None:
    first = {"models": [{"name": "models/a"}], "nextPageToken": "x/y="}
    pages = in_turn(answers("200 OK", first), answers("200 OK", {"models": [{"name": "models/b"}]}))
    async with provided(pages) as (provider, server):
        assert [info.id for info in await provider.models()] == ["gemini/a", "gemini/b"]
    assert server.exchanges[0].head.startswith("GET /v1beta/models?pageSize=1000 HTTP/1.1\r\n")
    assert (
        "&pageToken=x%2Fy%3D HTTP" in server.exchanges[1].head or "&pageToken=x/y%3D HTTP" in server.exchanges[1].head
    )
    assert f"x-goog-api-key: {KEY}" in server.exchanges[1].head


async def test_a_listing_that_never_ends_is_left() -> None:
    page = {"models": [{"name": "models/a"}], "nextPageToken": "again"}
    async with provided(answers("200 OK", page)) as (provider, _):
        assert len(await provider.models()) == 10
