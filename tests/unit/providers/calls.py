"""A provider that calls a server of the test's own, and what came of it."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tests.unit.providers.raw_server import HELLO, Exchange, RawServer, Script, raw_server

from millrace.model.errors import MillraceError
from millrace.model.generation import Delta, GenerationRequest, PromptMessage, TextPiece
from millrace.ports import Provider
from millrace.providers.http import HttpClient, HttpOptions
from millrace.providers.openai import OpenAIProvider

KEY = "sk-test-0123456789"
REQUEST = GenerationRequest(
    model="m", messages=(PromptMessage("system", "Be brief."), PromptMessage("user", "Hi")), max_tokens=7
)
FAST = HttpOptions(first_wait_s=0.01, longest_wait_s=0.2)


@asynccontextmanager
async def provided(
    script: Script, options: HttpOptions = FAST, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[OpenAIProvider, RawServer]]:
    """A provider and the server that it calls."""
    http = HttpClient(options)
    async with raw_server(script, tls) as server:
        try:
            yield OpenAIProvider("acme", server.base_url, KEY, http), server
        finally:
            await http.close()


async def collect(provider: Provider, request: GenerationRequest = REQUEST) -> tuple[list[Delta], MillraceError | None]:
    """All that an answer gives, and how it failed."""
    deltas: list[Delta] = []
    try:
        async with asyncio.timeout(5):
            await provider.generate(request, deltas.extend)
    except MillraceError as error:
        return deltas, error
    return deltas, None


def text(deltas: Sequence[Delta]) -> str:
    """The text of an answer."""
    return "".join(delta.text for delta in deltas if isinstance(delta, TextPiece))


async def hello(exchange: Exchange) -> None:
    """Answer "Hello"."""
    exchange.begin()
    exchange.send(HELLO)
    exchange.end()


def answers(status: str, body: Any, *headers: str, media: str = "application/json") -> Script:
    """Answer everything with one whole response."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def script(exchange: Exchange) -> None:
        exchange.answer(status, data, media, *headers)

    return script


def in_turn(*scripts: Script) -> Script:
    """Answer one request after the other; the last script answers all that follow."""
    left = list(scripts)

    async def script(exchange: Exchange) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(exchange)

    return script
