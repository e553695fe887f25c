"""What refusals become, and which are tried again."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.providers.calls import FAST, KEY, REQUEST, answers, collect, hello, in_turn, provided, text
from tests.unit.providers.raw_server import Exchange
from tests.unit.providers.tls import server_context

from millrace.model.errors import (
    ContentFiltered,
    ContextTooLong,
    MillraceError,
    ModelMissing,
    ProviderFailure,
    ProviderTimeout,
    RateLimited,
    RequestRefused,
)
from millrace.model.generation import GenerationRequest
from millrace.providers.http import HttpClient, HttpOptions
from millrace.providers.openai import OpenAIProvider


@pytest.mark.parametrize(
    ("status", "said", "kind", "words", "recoverable"),
    [
        (
            "401 Unauthorized",
            {"error": {"message": f"bad {KEY}", "code": "invalid_api_key"}},
            ProviderFailure,
            "key of provider acme",
            False,
        ),
        ("403 Forbidden", {"error": "no"}, ProviderFailure, "key of provider acme", False),
        ("402 Payment Required", {"error": {"message": "x"}}, ProviderFailure, "no credit left", False),
        ("404 Not Found", {"error": {"code": "model_not_found"}}, ModelMissing, "does not know the model m", False),
        ("413 Payload Too Large", b"", ContextTooLong, "too long", False),
        ("400 Bad Request", {"error": {"code": "context_length_exceeded"}}, ContextTooLong, "too long", False),
        ("400 Bad Request", {"error": {"code": "content_filter"}}, ContentFiltered, "declined", False),
        ("400 Bad Request", {"error": {"message": "what?"}}, RequestRefused, "refused the request", False),
        ("429 Too Many Requests", {"error": {"code": "insufficient_quota"}}, ProviderFailure, "no credit left", False),
        ("301 Moved", b"", ProviderFailure, "has moved", False),
        ("502 Bad Gateway", b"<html>nginx</html>", ProviderFailure, "could not answer just now", True),
        ("529 Overloaded", {"type": "error", "error": {"type": "overloaded_error"}}, ProviderFailure, "just now", True),
        ("504 Gateway Timeout", b"", ProviderTimeout, "too long", True),
    ],
)
async def test_refusals(status: str, said: Any, kind: type[MillraceError], words: str, recoverable: bool) -> None:
    async with provided(answers(status, said, "location: http://elsewhere.example/")) as (provider, _):
        deltas, error = await collect(provider)
    assert deltas == []
    assert type(error) is kind
    assert words in error.message
    assert error.recoverable is recoverable
    assert KEY not in f"{error.message} {error.detail} {error!r}"


async def test_own_key_refused_names_the_caller() -> None:
    async with provided(answers("401 Unauthorized", b"")) as (provider, _):
        _, error = await collect(provider, GenerationRequest(model="m", messages=(), api_key="sk-own-987654"))
    assert error is not None
    assert "your key" in error.message


async def test_rate_limit_with_a_long_wait_is_told_and_not_waited_for() -> None:
    async with provided(answers("429 Too Many Requests", {"error": {"message": "x"}}, "retry-after: 17")) as (
        provider,
        server,
    ):
        _, error = await collect(provider)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 17
    assert len(server.exchanges) == 1


@pytest.mark.parametrize("header", ["retry-after: 0", "retry-after-ms: 20", "x-nothing: 1"])
@pytest.mark.parametrize(
    "status", ["429 Too Many Requests", "500 Internal Server Error", "503 Service Unavailable", "408 Late"]
)
async def test_what_may_pass_is_tried_again(status: str, header: str) -> None:
    async with provided(in_turn(answers(status, b"", header), hello)) as (provider, server):
        deltas, error = await collect(provider)
    assert (text(deltas), error) == ("Hello", None)
    assert len(server.exchanges) == 2


async def test_it_is_tried_twice_and_not_more() -> None:
    async with provided(answers("500 Internal Server Error", b"")) as (provider, server):
        _, error = await collect(provider)
    assert isinstance(error, ProviderFailure)
    assert len(server.exchanges) == 2


@pytest.mark.parametrize(
    ("status", "body", "header"),
    [
        ("429 Too Many Requests", {"error": {"code": "insufficient_quota"}}, "retry-after: 0"),
        ("429 Too Many Requests", {"error": {"type": "billing_error"}}, "retry-after: 0"),
        ("500 Internal Server Error", b"", "x-should-retry: false"),
        ("401 Unauthorized", b"", "x: 1"),
    ],
)
async def test_what_is_final_is_not_tried_again(status: str, body: Any, header: str) -> None:
    async with provided(answers(status, body, header)) as (provider, server):
        _, error = await collect(provider)
    assert error is not None
    assert len(server.exchanges) == 1


@pytest.mark.parametrize("header", ["retry-after: 0", "x: 1"])
async def test_nothing_is_waited_for_where_another_model_stands_by(header: str) -> None:
    request = msgspec.structs.replace(REQUEST, fail_fast=True)
    async with provided(answers("503 Service Unavailable", b"", header)) as (provider, server):
        _, error = await collect(provider, request)
    assert isinstance(error, ProviderFailure)
    assert len(server.exchanges) == 1


async def test_stopping_while_waiting_for_another_try() -> None:
    options = HttpOptions(first_wait_s=60, longest_wait_s=60)
    async with provided(answers("500 Internal Server Error", b""), options) as (provider, server):
        task = asyncio.create_task(collect(provider))
        async with asyncio.timeout(5):
            while not server.exchanges:
                await asyncio.sleep(0.001)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=1)
    assert done


async def test_connection_that_was_closed_while_kept_is_replaced() -> None:
    async def closes_after(exchange: Exchange) -> None:
        await hello(exchange)
        await exchange.flushed()
        await asyncio.sleep(0.03)
        exchange.cut()

    async with provided(closes_after) as (provider, server):
        for _ in range(2):
            deltas, error = await collect(provider)
            assert (text(deltas), error) == ("Hello", None)
            await asyncio.sleep(0.05)
    assert server.connections == 2


async def test_disconnect_before_any_answer_is_tried_again() -> None:
    async def hangs_up(exchange: Exchange) -> None:
        exchange.cut()

    async with provided(in_turn(hangs_up, hello)) as (provider, server):
        deltas, error = await collect(provider)
    assert (text(deltas), error) == ("Hello", None)
    assert server.connections == 2


async def test_nobody_listens() -> None:
    async with provided(hello) as (provider, server):
        port = server.port
    http = HttpClient(FAST)
    _, error = await collect(OpenAIProvider("acme", f"http://127.0.0.1:{port}/v1", None, http))
    await http.close()
    assert isinstance(error, ProviderFailure)
    assert "Provider acme cannot be reached" in error.message
    assert provider.name == "acme"


async def test_untrusted_certificate(tmp_path: Path) -> None:
    async with provided(hello, tls=server_context(tmp_path, None)) as (provider, _):
        _, error = await collect(provider)
    assert isinstance(error, ProviderFailure)
    assert "cannot be reached" in error.message


async def test_an_endless_error_body_is_bounded() -> None:
    async def script(exchange: Exchange) -> None:
        exchange.begin("400 Bad Request", "text/plain")
        while True:
            exchange.send(b"x" * 65536)
            await exchange.flushed()

    async with provided(script) as (provider, _):
        _, error = await collect(provider)
    assert isinstance(error, ProviderFailure)
    assert len(error.detail or "") <= 2000
