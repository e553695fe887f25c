"""Anthropic's provider against the simulator and servers of the test's own, with the official client as its oracle."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from anthropic import AsyncAnthropic
from tests.support.generation import STOPS, Stop, stop_when
from tests.unit.providers.calls import FAST, KEY, collect, text
from tests.unit.providers.messages import ENDING, block, open_block, start
from tests.unit.providers.messages import text as piece
from tests.unit.providers.raw_server import Exchange, Script, raw_server

from millrace.model.errors import (
    ContentFiltered,
    ContextTooLong,
    MillraceError,
    ModelMissing,
    ProviderFailure,
    ProviderTimeout,
    RateLimited,
)
from millrace.model.generation import (
    Finished,
    GenerationRequest,
    PromptMessage,
    ReasoningPiece,
    TextPiece,
    UsageReported,
)
from millrace.providers.anthropic import API_VERSION, AnthropicProvider
from millrace.providers.http import HttpClient, HttpOptions
from millrace.testing.simulator import API_KEY, SECRET, Simulator, expected_reasoning, expected_text

OPTIONS = HttpOptions(first_byte_s=0.4, idle_s=0.4, first_wait_s=0.01, longest_wait_s=0.2)
USER = PromptMessage("user", "Hi")


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator.start() as simulator:
        yield simulator


@pytest.fixture
async def provider(simulator: Simulator) -> AsyncIterator[AnthropicProvider]:
    http = HttpClient(OPTIONS)
    yield AnthropicProvider("acme", simulator.url, API_KEY, http)
    await http.close()


def ask(model: str, *messages: PromptMessage, **more: Any) -> GenerationRequest:
    return GenerationRequest(model=model, messages=messages or (USER,), **more)


STREAMS = [
    "sim?tokens=50",
    "sim?tokens=30&text=emoji&split=1",
    "sim?tokens=100&text=code&split=random",
    "sim?tokens=100&text=mixed&chunk=10",
    "sim?tokens=20&reasoning=30",
    "sim?tokens=20&reasoning=7&split=7",
    "sim?tokens=20&reasoning=30&chunk=9",
    "sim?fault=content_filter&after=5",
]


@pytest.mark.parametrize("model", STREAMS)
@pytest.mark.parametrize("limit", [4096, 12])
async def test_the_official_client_reads_the_same(
    simulator: Simulator, provider: AnthropicProvider, model: str, limit: int
) -> None:
    pieces: list[str] = []
    thoughts: list[str] = []
    async with (
        AsyncAnthropic(base_url=simulator.url, api_key=API_KEY) as client,
        client.messages.stream(model=model, max_tokens=limit, messages=[{"role": "user", "content": "Hi"}]) as stream,
    ):
        async for event in stream:
            if event.type == "text":
                pieces.append(event.text)
            elif event.type == "thinking":
                thoughts.append(event.thinking)
        message = await stream.get_final_message()
    deltas, error = await collect(provider, ask(model, max_tokens=limit))
    assert error is None
    assert [delta.text for delta in deltas if isinstance(delta, TextPiece)] == pieces
    assert [delta.text for delta in deltas if isinstance(delta, ReasoningPiece)] == [
        found for found in thoughts if found
    ]
    reasons = {"end_turn": "stop", "max_tokens": "length", "refusal": "filtered"}
    assert message.stop_reason is not None
    finished = deltas[-1]
    assert isinstance(finished, Finished)
    assert finished.reason == reasons[message.stop_reason]
    usage = [delta.usage for delta in deltas if isinstance(delta, UsageReported)][-1]
    assert (usage.input_tokens, usage.output_tokens) == (message.usage.input_tokens, message.usage.output_tokens)
    assert "".join(found.thinking for found in message.content if found.type == "thinking") == "".join(thoughts)


async def test_the_official_client_reads_the_same_whole(simulator: Simulator, provider: AnthropicProvider) -> None:
    model = "sim?tokens=20&reasoning=30"
    async with AsyncAnthropic(base_url=simulator.url, api_key=API_KEY) as client:
        message = await client.messages.create(
            model=model, max_tokens=4096, messages=[{"role": "user", "content": "Hi"}]
        )
    thinking, answer = message.content
    assert (thinking.type, answer.type) == ("thinking", "text")
    deltas, _ = await collect(provider, ask(model))
    assert answer.type == "text"
    assert answer.text == text(deltas) == expected_text(model)
    assert thinking.type == "thinking"
    assert thinking.thinking == expected_reasoning(model)


@pytest.mark.parametrize(
    ("fault", "kind", "recoverable"),
    [
        ("401", ProviderFailure, False),
        ("402", ProviderFailure, False),
        ("404", ModelMissing, False),
        ("413", ContextTooLong, False),
        ("429", RateLimited, True),
        ("500", ProviderFailure, True),
        ("503", ProviderFailure, True),
        ("529", ProviderFailure, True),
        ("quota", ProviderFailure, False),
        ("context", ContextTooLong, False),
        ("content_filter", ContentFiltered, False),
        ("content_filter&after=0", ContentFiltered, False),
        ("hang", ProviderTimeout, True),
        ("hang_first", ProviderTimeout, True),
        ("html", ProviderFailure, False),
        ("empty", ProviderFailure, True),
    ],
)
async def test_faults_before_the_answer(
    provider: AnthropicProvider, fault: str, kind: type[MillraceError], recoverable: bool
) -> None:
    deltas, error = await collect(provider, ask(f"sim?tokens=10&fault={fault}"))
    assert text(deltas) == ""
    assert type(error) is kind
    assert error.recoverable is recoverable
    assert SECRET not in f"{error.message} {error.detail}"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("stall", ProviderTimeout),
        ("cut", ProviderFailure),
        ("truncate", ProviderFailure),
        ("error_event", ProviderFailure),
        ("malformed", ProviderFailure),
        ("endless_line", ProviderFailure),
    ],
)
async def test_faults_in_the_middle_keep_the_text(
    provider: AnthropicProvider, fault: str, kind: type[MillraceError]
) -> None:
    deltas, error = await collect(provider, ask(f"sim?tokens=20&reasoning=3&after=10&fault={fault}"))
    assert type(error) is kind
    assert error.recoverable
    assert SECRET not in f"{error.message} {error.detail}"
    assert text(deltas) == expected_text("sim?tokens=7")
    assert isinstance(deltas[0], UsageReported)  # a broken answer's input is counted


async def test_invalid_utf8_is_survived(provider: AnthropicProvider) -> None:
    deltas, error = await collect(provider, ask("sim?tokens=20&fault=bad_utf8"))
    assert error is None
    assert "\ufffd" in text(deltas)


async def test_a_refusal_that_passes_is_tried_again(provider: AnthropicProvider, simulator: Simulator) -> None:
    deltas, error = await collect(provider, ask("sim?tokens=5&fault=529&retry_after=0&fail_times=1&key=a"))
    assert (error, text(deltas)) == (None, expected_text("sim?tokens=5"))
    assert len(simulator.requests()) == 2


async def test_retry_after_reaches_the_error(provider: AnthropicProvider) -> None:
    _, error = await collect(provider, ask("sim?fault=429&retry_after=12"))
    assert error is not None
    assert error.retry_after == 12


async def test_thinking_is_asked_for_with_a_budget(simulator: Simulator, provider: AnthropicProvider) -> None:
    deltas, error = await collect(provider, ask("sim?tokens=5&reasoning=3", reasoning=True, max_tokens=50))
    assert (error, text(deltas)) == (None, expected_text("sim?tokens=5"))
    (request,) = simulator.requests()
    assert request.authorized
    assert request.parameters["thinking"] == {"type": "enabled", "budget_tokens": 8192}
    assert request.parameters["max_tokens"] == 8242


@pytest.mark.parametrize("shown", [1, 2, 3, 5])
async def test_an_answer_is_continued_without_a_seam(provider: AnthropicProvider, shown: int) -> None:
    model = "sim?tokens=40&text=markdown"
    whole = expected_text(model)
    begun = whole[: whole.index(" ") + shown]
    for cut in (begun, whole[:60].rstrip() + " " * (whole[60:61] == " ")):
        if not whole.startswith(cut):
            continue
        deltas, error = await collect(provider, ask(model, USER, PromptMessage("assistant", cut), reasoning=True))
        assert error is None
        assert cut + text(deltas) == whole


@pytest.mark.parametrize("how", STOPS)
async def test_stopping_closes_the_request(provider: AnthropicProvider, simulator: Simulator, how: Stop) -> None:
    await stop_when(provider, ask("sim?tokens=1000&interval_ms=5"), lambda deltas: text(deltas) != "", how)
    (request,) = await simulator.settled(limit=1)
    assert request.closed_by == "client"
    assert request.tokens_sent < 20


async def test_models(provider: AnthropicProvider, simulator: Simulator) -> None:
    info = {found.name: found for found in await provider.models()}["sim"]
    assert (info.id, info.context_length, info.capabilities.reasoning) == ("acme/sim", 200_000, True)
    async with AsyncAnthropic(base_url=simulator.url, api_key=API_KEY) as client:
        listed = await client.models.list()
    assert [found.id for found in listed.data] == [found.name for found in await provider.models()]


async def answering(exchange: Exchange) -> None:
    exchange.begin()
    exchange.send(start() + block("Hello") + ENDING)
    exchange.end()


def refusing(words: str, *, until: str) -> Script:
    """Refuse every request that has the key `until`."""

    async def script(exchange: Exchange) -> None:
        if until in json.loads(exchange.body):
            said = {"type": "error", "error": {"type": "invalid_request_error", "message": words}}
            exchange.answer("400 Bad Request", json.dumps(said).encode())
        else:
            await answering(exchange)

    return script


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
async def test_what_is_sent(suffix: str) -> None:
    http = HttpClient(FAST)
    async with raw_server(answering) as server:
        url = f"http://127.0.0.1:{server.port}{suffix}"
        provider = AnthropicProvider("acme", url, KEY, http)
        assert KEY not in repr(provider)
        deltas, error = await collect(provider, ask("claude-opus-4-5", max_tokens=7))
        await collect(provider, ask("claude-opus-4-5", api_key="sk-own-987654"))
        await http.close()
    assert (error, text(deltas), deltas[-1]) == (None, "Hello", Finished("stop"))
    first, second = server.exchanges
    assert first.head.startswith("POST /v1/messages HTTP/1.1\r\n")
    assert f"Authorization: Bearer {KEY}\r\n" in first.head
    assert f"anthropic-version: {API_VERSION}\r\n" in first.head
    assert "x-api-key" not in first.head.lower()
    assert "Bearer sk-own-987654\r\n" in second.head


async def test_what_a_model_does_not_know_is_left_out_and_not_sent_again() -> None:
    http = HttpClient(FAST)
    async with raw_server(refusing("thinking: Extra inputs are not permitted", until="thinking")) as server:
        provider = AnthropicProvider("acme", f"http://127.0.0.1:{server.port}", KEY, http)
        for _ in range(2):
            deltas, error = await collect(provider, ask("m", reasoning=True))
            assert (error, text(deltas)) == (None, "Hello")
        await http.close()
    assert len(server.exchanges) == 3


async def test_a_refusal_that_teaches_nothing_is_reported() -> None:
    http = HttpClient(FAST)
    async with raw_server(refusing("messages: odd", until="messages")) as server:
        provider = AnthropicProvider("acme", f"http://127.0.0.1:{server.port}", KEY, http)
        _, error = await collect(provider, ask("m", reasoning=True))
        await http.close()
    assert isinstance(error, ProviderFailure)
    assert not error.recoverable
    assert len(server.exchanges) == 1


async def test_the_time_of_a_limits_reset_is_the_wait() -> None:
    async def script(exchange: Exchange) -> None:
        body = json.dumps({"type": "error", "error": {"type": "rate_limit_error", "message": "x"}}).encode()
        reset = "anthropic-ratelimit-requests-reset: 2999-01-01T00:00:00Z"
        remaining = "anthropic-ratelimit-requests-remaining: 0"
        exchange.answer("429 Too Many Requests", body, "application/json", remaining, reset)

    http = HttpClient(FAST)
    async with raw_server(script) as server:
        provider = AnthropicProvider("acme", f"http://127.0.0.1:{server.port}", KEY, http)
        _, error = await collect(provider, ask("m"))
        await http.close()
    assert isinstance(error, RateLimited)
    assert error.retry_after == 86_400
    assert len(server.exchanges) == 1


async def test_a_connection_that_breaks_after_the_stop_reason_is_no_success() -> None:
    async def script(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(start() + open_block() + piece("kept") + ENDING[:-30])
        exchange.reset()

    http = HttpClient(FAST)
    async with raw_server(script) as server:
        provider = AnthropicProvider("acme", f"http://127.0.0.1:{server.port}", KEY, http)
        deltas, error = await collect(provider, ask("m"))
        await http.close()
    assert (text(deltas), type(error)) == ("kept", ProviderFailure)
