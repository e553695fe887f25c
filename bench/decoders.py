"""What reading one chunk of a provider's stream costs, beside the official clients' own reading of the same bytes.

    python -m bench.decoders

CPU time of this process, best of several runs over bytes in memory: no socket, so that nothing but the reading counts.
"""

import asyncio
import sys
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import httpx2
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI
from typing_extensions import override

from millrace.providers.anthropic_wire import AnthropicDecoder
from millrace.providers.chat_body import ChatBody
from millrace.providers.failures import Call
from millrace.providers.gemini_body import GeminiBody
from millrace.providers.http_provider import AnswerBody
from millrace.providers.ollama_body import OllamaBody
from millrace.providers.responses_wire import ResponsesDecoder
from millrace.testing.simulator.ask import Ask
from millrace.testing.simulator.behaviour import Behaviour
from millrace.testing.simulator.text import tokenize
from millrace.testing.simulator.wires.anthropic import AnthropicWire
from millrace.testing.simulator.wires.base import Identity, Wire
from millrace.testing.simulator.wires.gemini import GeminiWire
from millrace.testing.simulator.wires.ollama import OllamaWire
from millrace.testing.simulator.wires.openai_chat import OpenAIChatWire
from millrace.testing.simulator.wires.responses import ResponsesWire

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Google's client warns while Python compiles it
    from google import genai
    from google.genai import types

CHUNKS = 5000
RUNS = 7
TIMES = 10
"""How many times cheaper than the official client's own reading ours is to be."""
LIMIT = 1 << 20
CALL = Call("bench", "m")


def stream(wire: Wire) -> list[bytes]:
    """An answer of so many tokens, one chunk each."""
    tokens = (tokenize("the quick brown fox jumps over the lazy dog ") * CHUNKS)[:CHUNKS]
    encoder = wire.encoder(Ask(model="m", include_usage=True), Behaviour(), Identity(1, 1, "m"))
    return [encoder.start(), *(encoder.text([token]) for token in tokens), encoder.finish("stop")]


def joined(chunks: Sequence[bytes], count: int) -> list[bytes]:
    """The same bytes, so many chunks in one read."""
    return [b"".join(chunks[at : at + count]) for at in range(0, len(chunks), count)]


def ours(make: Callable[[], AnswerBody], reads: Sequence[bytes]) -> float:
    """Microseconds per chunk of one of our bodies."""
    best = float("inf")
    for _ in range(RUNS):
        body = make()
        began = time.process_time()
        for data in reads:
            body.feed(data)
        best = min(best, time.process_time() - began)
        body.close()
        if body.failure is not None:
            raise body.failure
    return best / CHUNKS * 1e6


class Replayed(httpx2.AsyncBaseTransport):
    """Answers every request with the same chunks, each a read of its own."""

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self._chunks = chunks

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=self._content())

    async def _content(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


async def official(read: Callable[[], Awaitable[None]]) -> float:
    """Microseconds per chunk of an official client."""
    best = float("inf")
    for _ in range(RUNS):
        began = time.process_time()
        await read()
        best = min(best, time.process_time() - began)
    return best / CHUNKS * 1e6


async def anthropic(chunks: Sequence[bytes]) -> float:
    """The official client's events; its helper, which puts the message together too, costs much more."""
    http = httpx2.AsyncClient(transport=Replayed(chunks))
    async with AsyncAnthropic(api_key="k", base_url="http://bench", http_client=http) as client:

        async def events() -> None:
            async for _ in await client.messages.create(
                model="m", max_tokens=9, messages=[{"role": "user", "content": "Hi"}], stream=True
            ):
                pass

        return await official(events)


async def openai(chunks: Sequence[bytes], *, responses: bool) -> float:
    """The official client's chunks of chat completions, or its events of the Responses wire."""
    http = httpx2.AsyncClient(transport=Replayed(chunks))
    async with AsyncOpenAI(api_key="k", base_url="http://bench", http_client=http) as client:

        async def completions() -> None:
            async for _ in await client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "Hi"}], stream=True
            ):
                pass

        async def events() -> None:
            async for _ in await client.responses.create(model="m", input="Hi", stream=True):
                pass

        return await official(events if responses else completions)


async def google(chunks: Sequence[bytes]) -> float:
    """The official client's slices of Gemini's wire."""
    http = httpx2.AsyncClient(transport=Replayed(chunks))
    options = types.HttpOptions(base_url="http://bench", httpx_async_client=http)
    async with genai.Client(api_key="k", http_options=options).aio as client:

        async def slices() -> None:
            async for _ in await client.models.generate_content_stream(model="m", contents="Hi"):
                pass

        return await official(slices)


@dataclass(frozen=True, slots=True)
class Row:
    """One wire: what a chunk costs us, how much it may, and what it costs the official client, in microseconds."""

    name: str
    one: float
    ten: float
    limit: float
    official: float | None = None

    @property
    def times(self) -> float | None:
        """How many times cheaper ours is."""
        return None if self.official is None else self.official / self.one

    @property
    def held(self) -> bool:
        """Whether it costs no more than it may."""
        return self.one <= self.limit and (self.times is None or self.times >= TIMES)

    def __str__(self) -> str:
        theirs = "" if self.official is None else f"{self.official:9.1f} {self.times:9.1f}"
        ours = f"{self.one:9.2f} {self.ten:9.2f} {self.limit:7.0f}"
        return f"{self.name:18} {ours} {theirs:19} {'' if self.held else 'MISSED'}".rstrip()


def row(
    name: str,
    make: Callable[[], AnswerBody],
    chunks: Sequence[bytes],
    limit: float,
    sdk: Callable[[Sequence[bytes]], Awaitable[float]] | None = None,
) -> Row:
    """Measure one wire."""
    theirs = None if sdk is None else asyncio.run(_awaited(sdk(chunks)))
    return Row(name, ours(make, chunks), ours(make, joined(chunks, 10)), limit, theirs)


async def _awaited(measure: Awaitable[float]) -> float:
    return await measure


def main() -> int:
    """Measure, print a table, and say by the exit code whether every wire costs no more than it may."""
    array = stream(GeminiWire("m", sse=False))
    rows = [
        row(
            "OpenAI chat", lambda: ChatBody(CALL, LIMIT), stream(OpenAIChatWire()), 6, partial(openai, responses=False)
        ),
        row(
            "OpenAI Responses",
            lambda: ChatBody(CALL, LIMIT, ResponsesDecoder(CALL)),
            stream(ResponsesWire()),
            10,
            partial(openai, responses=True),
        ),
        row("Anthropic", lambda: ChatBody(CALL, LIMIT, AnthropicDecoder(CALL)), stream(AnthropicWire()), 10, anthropic),
        row("Gemini", lambda: GeminiBody(CALL, LIMIT), stream(GeminiWire("m")), 10, google),
        row("Gemini, JSON array", lambda: GeminiBody(CALL, LIMIT), array, 10),
        row("Ollama", lambda: OllamaBody(CALL, LIMIT), stream(OllamaWire()), 10),
    ]
    print("us of CPU per chunk")
    print(f"{'wire':18} {'one/read':>9} {'ten/read':>9} {'limit':>7} {'SDK':>9} {'times':>9}")
    for each in rows:
        print(each)
    return 0 if all(each.held for each in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
