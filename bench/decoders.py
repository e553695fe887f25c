"""What reading one chunk of a provider's stream costs, beside the official clients' own reading of the same bytes.

    python -m bench.decoders

CPU time of this process, best of several runs over bytes in memory: no socket, so that nothing but the reading counts.
"""

import asyncio
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

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
from millrace.testing.simulator.wires.responses import ResponsesWire

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Google's client warns while Python compiles it
    from google import genai
    from google.genai import types

CHUNKS = 5000
RUNS = 5
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


async def anthropic(chunks: Sequence[bytes]) -> tuple[float, float]:
    """The official client: its events, and its helper that also puts the message together."""
    http = httpx2.AsyncClient(transport=Replayed(chunks))
    async with AsyncAnthropic(api_key="k", base_url="http://bench", http_client=http) as client:

        async def events() -> None:
            async for _ in await client.messages.create(
                model="m", max_tokens=9, messages=[{"role": "user", "content": "Hi"}], stream=True
            ):
                pass

        async def helper() -> None:
            async with client.messages.stream(
                model="m", max_tokens=9, messages=[{"role": "user", "content": "Hi"}]
            ) as answer:
                async for _ in answer.text_stream:
                    pass

        return await official(events), await official(helper)


async def openai(chunks: Sequence[bytes]) -> float:
    """The official client's events of the Responses wire."""
    http = httpx2.AsyncClient(transport=Replayed(chunks))
    async with AsyncOpenAI(api_key="k", base_url="http://bench", http_client=http) as client:

        async def events() -> None:
            async for _ in await client.responses.create(model="m", input="Hi", stream=True):
                pass

        return await official(events)


async def google(chunks: Sequence[bytes]) -> float:
    """The official client's slices of Gemini's wire."""
    http = httpx2.AsyncClient(transport=Replayed(chunks))
    options = types.HttpOptions(base_url="http://bench", httpx_async_client=http)
    async with genai.Client(api_key="k", http_options=options).aio as client:

        async def slices() -> None:
            async for _ in await client.models.generate_content_stream(model="m", contents="Hi"):
                pass

        return await official(slices)


def main() -> None:
    """Measure, and print a table."""
    messages, lines = stream(AnthropicWire()), stream(OllamaWire())
    responses, slices, array = stream(ResponsesWire()), stream(GeminiWire("m")), stream(GeminiWire("m", sse=False))
    rows = [
        ("Anthropic, one chunk per read", ours(lambda: ChatBody(CALL, LIMIT, AnthropicDecoder(CALL)), messages)),
        ("Anthropic, ten per read", ours(lambda: ChatBody(CALL, LIMIT, AnthropicDecoder(CALL)), joined(messages, 10))),
        ("Ollama, one line per read", ours(lambda: OllamaBody(CALL, LIMIT), lines)),
        ("Ollama, ten per read", ours(lambda: OllamaBody(CALL, LIMIT), joined(lines, 10))),
    ]
    rows += [
        ("Responses, one chunk per read", ours(lambda: ChatBody(CALL, LIMIT, ResponsesDecoder(CALL)), responses)),
        ("Responses, ten per read", ours(lambda: ChatBody(CALL, LIMIT, ResponsesDecoder(CALL)), joined(responses, 10))),
        ("Gemini, one chunk per read", ours(lambda: GeminiBody(CALL, LIMIT), slices)),
        ("Gemini, ten per read", ours(lambda: GeminiBody(CALL, LIMIT), joined(slices, 10))),
        ("Gemini as a JSON array", ours(lambda: GeminiBody(CALL, LIMIT), array)),
    ]
    events, helper = asyncio.run(anthropic(messages))
    rows += [("anthropic SDK, its events", events), ("anthropic SDK, its stream helper", helper)]
    rows += [
        ("openai SDK, its events of Responses", asyncio.run(openai(responses))),
        ("google-genai SDK, its slices", asyncio.run(google(slices))),
    ]
    for name, cost in rows:
        print(f"{name:36} {cost:6.1f} us of CPU per chunk")


if __name__ == "__main__":
    main()
