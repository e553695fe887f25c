"""What the provider sends, how it reads, what it learns of a server, and its listing of models."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable, Sequence

import pytest
from tests.unit.providers.calls import KEY, REQUEST, answers, collect, hello, provided, text
from tests.unit.providers.raw_server import DONE, FINISH, HELLO, Exchange, Script, piece

from millrace.model.errors import (
    ProviderFailure,
)
from millrace.model.generation import Delta, Finished, GenerationRequest, TextPiece


async def test_answer_and_request() -> None:
    async with provided(hello) as (provider, server):
        deltas, error = await collect(provider)
    assert (error, text(deltas), deltas[-1]) == (None, "Hello", Finished("stop"))
    (exchange,) = server.exchanges
    assert exchange.head.startswith("POST /v1/chat/completions HTTP/1.1\r\n")
    assert f"Authorization: Bearer {KEY}\r\n" in exchange.head
    assert "Accept-Encoding: identity\r\n" in exchange.head
    assert json.loads(exchange.body) == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "max_tokens": 7,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_one_batch_per_read() -> None:
    came = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(piece("a") + piece("b"))
        await came.wait()
        exchange.send(piece("c") + FINISH + DONE)
        exchange.end()

    async with provided(script) as (provider, _):
        batches: list[Sequence[Delta]] = []

        def take(batch: Sequence[Delta]) -> None:
            batches.append(batch)
            came.set()

        await provider.generate(REQUEST, take)
    assert batches == [[TextPiece("a"), TextPiece("b")], [TextPiece("c"), Finished("stop")]]


async def test_the_callers_own_key_is_used_for_its_call_alone() -> None:
    async with provided(hello) as (provider, server):
        await collect(provider, GenerationRequest(model="m", messages=(), api_key="sk-own-987654"))
        await collect(provider)
    assert "Bearer sk-own-987654" in server.exchanges[0].head
    assert f"Bearer {KEY}" in server.exchanges[1].head


async def test_the_key_is_in_no_representation() -> None:
    async with provided(hello) as (provider, _):
        assert KEY not in repr(provider)


async def test_connection_is_used_again_although_the_end_lags_behind_done() -> None:
    async def script(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(HELLO)
        await asyncio.sleep(0.02)
        exchange.end()

    async with provided(script) as (provider, server):
        for _ in range(3):
            deltas, error = await collect(provider)
            assert (text(deltas), error) == ("Hello", None)
            await asyncio.sleep(0.05)  # longer than the end lags
    assert server.connections == 1


async def test_a_compressed_stream_is_read_all_the_same() -> None:
    async with provided(
        answers("200 OK", gzip.compress(HELLO), "content-encoding: gzip", media="text/event-stream")
    ) as (
        provider,
        _,
    ):
        deltas, error = await collect(provider)
    assert (text(deltas), error) == ("Hello", None)


def knowing_less(*unknown: str) -> Callable[[Exchange], Awaitable[None]]:
    async def script(exchange: Exchange) -> None:
        body = json.loads(exchange.body)
        for name in unknown:
            if name in body:
                said = {"error": {"message": f"Unsupported parameter: '{name}'", "code": "unsupported_parameter"}}
                return exchange.answer("400 Bad Request", json.dumps(said).encode())
        return await hello(exchange)

    return script


@pytest.mark.parametrize(
    ("model", "unknown"),
    [
        ("m", ["stream_options"]),
        ("m", ["max_tokens"]),
        ("o3-mini", ["max_completion_tokens", "reasoning_effort"]),
        ("m", ["temperature", "stream_options", "max_tokens"]),
    ],
)
async def test_parameters_that_a_server_does_not_know_are_left_out_and_not_sent_again(
    model: str, unknown: list[str]
) -> None:
    async with provided(knowing_less(*unknown)) as (provider, server):
        request = GenerationRequest(model=model, messages=(), temperature=0.5, reasoning=True)
        for _ in range(2):
            deltas, error = await collect(provider, request)
            assert (text(deltas), error) == ("Hello", None)
    assert len(server.exchanges) == len(unknown) + 2


async def test_models() -> None:
    listing = {"data": [{"id": "a", "max_model_len": 4096}, {"id": "org/b"}]}
    async with provided(answers("200 OK", listing)) as (provider, server):
        models = await provider.models()
    assert [(model.id, model.name, model.context_length) for model in models] == [
        ("acme/a", "a", 4096),
        ("acme/org/b", "org/b", None),
    ]
    assert server.exchanges[0].head.startswith("GET /v1/models HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (answers("401 Unauthorized", {"error": KEY}), "key of provider acme"),
        (answers("200 OK", b"<html>"), "is not a model API"),
    ],
)
async def test_models_refused(script: Script, words: str) -> None:
    async with provided(script) as (provider, _):
        with pytest.raises(ProviderFailure) as caught:
            await provider.models()
    assert words in caught.value.message
    assert KEY not in (caught.value.detail or "")
