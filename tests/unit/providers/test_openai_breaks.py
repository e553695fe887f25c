"""Broken, silent and strange connections: the text so far is kept, and only a whole answer is a success."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.unit.providers.calls import answers, collect, provided, text
from tests.unit.providers.raw_server import FINISH, HELLO, Exchange, Script, piece
from tests.unit.providers.tls import server_context

from millrace.model.errors import (
    ProviderFailure,
    ProviderTimeout,
)
from millrace.model.generation import Finished, TextPiece
from millrace.providers.http import HttpOptions


def breaking(*data: bytes, how: str) -> Script:
    async def script(exchange: Exchange) -> None:
        exchange.begin()
        for part in data:
            exchange.send(part)
        await exchange.flushed()
        if how == "fin":
            exchange.cut()
            return
        await asyncio.sleep(0.05)  # an RST discards what the other side has not read yet
        exchange.reset()

    return script


@pytest.mark.parametrize("how", ["fin", "reset"])
@pytest.mark.parametrize("half", [b"", b'data: {"choices":[{"delta":{"cont'])
async def test_break_in_the_middle_keeps_the_text(how: str, half: bytes) -> None:
    parts = [piece("kept"), piece(" too"), *([half] if half else [])]
    async with provided(breaking(*parts, how=how)) as (provider, server):
        deltas, error = await collect(provider)
    assert text(deltas) == "kept too"
    assert type(error) is ProviderFailure
    assert error.message.startswith("The connection to the model broke before the answer was complete.")
    assert error.recoverable
    assert len(server.exchanges) == 1, "never tried again once something was relayed"


async def test_broken_http_framing_keeps_the_text_and_ends_as_silence() -> None:
    # aiohttp closes the connection and tells nobody, so that only the limit of silence ends the answer.
    async def script(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(piece("kept"))
        await exchange.flushed()
        await asyncio.sleep(0.05)
        exchange.write(b"zz\r\n")
        await exchange.closed()

    async with provided(script, HttpOptions(idle_s=0.1)) as (provider, _):
        deltas, error = await collect(provider)
    assert text(deltas) == "kept"
    assert isinstance(error, ProviderTimeout | ProviderFailure)


async def test_everything_in_one_segment_with_the_break_is_kept() -> None:
    async def script(exchange: Exchange) -> None:
        data = piece("kept")
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        exchange.write(head + b"%x\r\n%b\r\n" % (len(data), data))
        exchange.cut()

    async with provided(script) as (provider, _):
        for _ in range(5):
            deltas, error = await collect(provider)
            assert text(deltas) == "kept"
            assert type(error) is ProviderFailure


@pytest.mark.parametrize("how", ["fin", "reset"])
async def test_break_after_the_finish_is_a_success(how: str) -> None:
    async with provided(breaking(piece("a"), FINISH, how=how)) as (provider, _):
        deltas, error = await collect(provider)
    assert (deltas, error) == ([TextPiece("a"), Finished("stop")], None)


@pytest.mark.parametrize("how", ["fin", "reset"])
async def test_break_after_the_headers(how: str) -> None:
    async with provided(breaking(how=how)) as (provider, _):
        deltas, error = await collect(provider)
    assert deltas == []
    assert type(error) is ProviderFailure
    assert "broke" in error.message


@pytest.mark.parametrize("finish", [b"", FINISH])
async def test_tls_that_ends_without_saying_good_bye(finish: bytes, tmp_path: Path, monkeypatch: Any) -> None:
    script = breaking(piece("a") + finish, how="reset")
    async with provided(script, tls=server_context(tmp_path, monkeypatch)) as (provider, _):
        deltas, error = await collect(provider)
    assert text(deltas) == "a"
    assert (error is None) == bool(finish)


async def test_body_until_the_connection_closes() -> None:
    async def script(exchange: Exchange) -> None:
        exchange.write(b"HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + HELLO)
        exchange.cut()

    async with provided(script) as (provider, _):
        deltas, error = await collect(provider)
    assert (text(deltas), error) == ("Hello", None)


async def test_silence_before_the_headers() -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.closed()

    async with provided(script, HttpOptions(first_byte_s=0.1)) as (provider, server):
        deltas, error = await collect(provider)
    assert (deltas, type(error)) == ([], ProviderTimeout)
    assert len(server.exchanges) == 1, "whoever was silent for minutes is not asked again"


@pytest.mark.parametrize("sent", [b"", b": ping\n\n", piece("kept")])
async def test_silence_in_the_body(sent: bytes) -> None:
    closed = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        exchange.begin()
        if sent:
            exchange.send(sent)
        await exchange.closed()
        closed.set()

    async with provided(script, HttpOptions(first_byte_s=0.1, idle_s=0.1)) as (provider, _):
        deltas, error = await collect(provider)
        assert type(error) is ProviderTimeout
        assert text(deltas) == ("kept" if sent.startswith(b"data") else "")
        await asyncio.wait_for(closed.wait(), 1)


async def test_a_model_that_has_said_that_it_is_there_may_still_think_for_long() -> None:
    async def script(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n')
        exchange.send(b'data: {"choices":[{"delta":{"reasoning_content":"Hm."}}]}\n\n')
        await exchange.flushed()
        await asyncio.sleep(0.4)
        exchange.send(HELLO)
        exchange.end()

    async with provided(script, HttpOptions(first_byte_s=5, idle_s=0.1)) as (provider, _):
        deltas, error = await collect(provider)
    assert (text(deltas), error) == ("Hello", None)


async def test_silence_after_the_finish_ends_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("millrace.providers.body_stream._GRACE_S", 0.1)

    async def script(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(piece("a") + FINISH)
        await exchange.closed()

    async with provided(script) as (provider, _):
        deltas, error = await collect(provider)
    assert (deltas, error) == ([TextPiece("a"), Finished("stop")], None)


async def test_keep_alive_comments_are_not_silence() -> None:
    async def script(exchange: Exchange) -> None:
        exchange.begin()
        for _ in range(8):
            exchange.send(b": PROCESSING\n\n")
            await exchange.flushed()
            await asyncio.sleep(0.05)
        exchange.send(HELLO)
        exchange.end()

    async with provided(script, HttpOptions(first_byte_s=0.2, idle_s=0.2)) as (provider, _):
        deltas, error = await collect(provider)
    assert (text(deltas), error) == ("Hello", None)


@pytest.mark.parametrize(
    ("status", "body", "media", "words"),
    [
        ("200 OK", b"<html>proxy</html>", "text/html", "is not a model API"),
        ("200 OK", b"", "text/event-stream", "empty answer"),
        ("204 No Content", b"", "text/plain", "empty answer"),
        ("200 OK", b'{"error":{"message":"down"}}', "application/json", "could not answer just now"),
    ],
)
async def test_good_status_without_an_answer(status: str, body: bytes, media: str, words: str) -> None:
    async with provided(answers(status, body, media=media)) as (provider, _):
        deltas, error = await collect(provider)
    assert deltas == []
    assert error is not None
    assert words in error.message


async def test_whole_completion_instead_of_a_stream() -> None:
    body = {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}
    async with provided(answers("200 OK", body)) as (provider, _):
        deltas, error = await collect(provider)
    assert (deltas, error) == ([TextPiece("Hello"), Finished("stop")], None)


async def test_a_64_mib_event_is_refused_with_bounded_memory() -> None:
    sent = 0

    async def script(exchange: Exchange) -> None:
        nonlocal sent
        exchange.begin()
        exchange.send(piece("kept") + b"data: ")
        for _ in range(1024):
            exchange.send(b"x" * 65536)
            await exchange.flushed()
            sent += 65536

    async with provided(script) as (provider, _):
        deltas, error = await collect(provider)
    assert text(deltas) == "kept"
    assert error is not None
    assert "more at once than this server accepts" in error.message
    assert sent < 24 << 20
