"""The provider against the simulator: every place of reasoning and usage, every fault, and the official client."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from openai import AsyncOpenAI
from tests.support.generation import STOPS, Stop, stop_when
from tests.unit.providers.calls import collect, text

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
from millrace.providers.http import HttpClient, HttpOptions
from millrace.providers.openai import OpenAIProvider
from millrace.testing.simulator import API_KEY, SECRET, Simulator, expected_reasoning, expected_text

# Silence is waited for where a test is about it; elsewhere a busy machine must not be taken for a silent one.
SILENCE_S = {True: 0.4, False: 20.0}
MESSAGES = (PromptMessage("user", "Hi"),)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator.start() as simulator:
        yield simulator


@pytest.fixture
async def provider(simulator: Simulator, request: pytest.FixtureRequest) -> AsyncIterator[OpenAIProvider]:
    silence_s = SILENCE_S[any(word in request.node.name for word in ("hang", "stall"))]
    http = HttpClient(HttpOptions(first_byte_s=silence_s, idle_s=silence_s, first_wait_s=0.01, longest_wait_s=0.2))
    yield OpenAIProvider("acme", simulator.base_url, API_KEY, http)
    await http.close()


def ask(model: str) -> GenerationRequest:
    return GenerationRequest(model=model, messages=MESSAGES)


STREAMS = [
    "sim?tokens=50",
    "sim?tokens=30&text=emoji&split=1",
    "sim?tokens=100&text=code&split=random",
    "sim?tokens=100&text=mixed&chunk=10",
    "sim?tokens=20&usage=every",
    "sim?tokens=20&usage=finish",
    "sim?tokens=20&usage=none",
    "sim?tokens=20&reasoning=30&reasoning_place=reasoning_content",
    "sim?tokens=20&reasoning=30&reasoning_place=reasoning",
    "sim?tokens=20&reasoning=30&reasoning_place=think&split=3",
    "sim?tokens=20&reasoning=30&reasoning_place=parts",
]


@pytest.mark.parametrize("model", STREAMS)
async def test_streams(provider: OpenAIProvider, model: str) -> None:
    deltas, error = await collect(provider, ask(model))
    assert error is None
    assert text(deltas) == expected_text(model)
    assert "".join(delta.text for delta in deltas if isinstance(delta, ReasoningPiece)) == expected_reasoning(model)
    assert deltas[-1] == Finished("stop")
    assert any(isinstance(delta, UsageReported) for delta in deltas) == ("usage=none" not in model)


@pytest.mark.parametrize("model", [model for model in STREAMS if "parts" not in model and "think" not in model])
async def test_the_official_client_reads_the_same(simulator: Simulator, provider: OpenAIProvider, model: str) -> None:
    pieces, reasoning, finish, usage = [], "", None, None
    async with AsyncOpenAI(base_url=simulator.base_url, api_key=API_KEY) as client:
        stream = await client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": "Hi"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        async for chunk in stream:
            usage = chunk.usage or usage
            for choice in chunk.choices:
                finish = choice.finish_reason or finish
                extra = choice.delta.model_extra or {}
                reasoning += extra.get("reasoning_content") or extra.get("reasoning") or ""
                if choice.delta.content:
                    pieces.append(choice.delta.content)
    deltas, error = await collect(provider, ask(model))
    assert error is None
    assert [delta.text for delta in deltas if isinstance(delta, TextPiece)] == pieces
    assert "".join(delta.text for delta in deltas if isinstance(delta, ReasoningPiece)) == reasoning
    assert deltas[-1] == Finished("stop" if finish == "stop" else "length")
    ours = [delta.usage for delta in deltas if isinstance(delta, UsageReported)]
    assert (
        (ours[-1].input_tokens, ours[-1].output_tokens)
        == ((usage.prompt_tokens, usage.completion_tokens) if usage else (None, None))
        if ours
        else usage is None
    )


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
        ("hang", ProviderTimeout, True),
        ("hang_first", ProviderTimeout, True),
        ("html", ProviderFailure, False),
        ("empty", ProviderFailure, True),
    ],
)
async def test_faults_before_the_answer(
    provider: OpenAIProvider, fault: str, kind: type[MillraceError], recoverable: bool
) -> None:
    deltas, error = await collect(provider, ask(f"sim?tokens=10&fault={fault}"))
    assert text(deltas) == ""
    assert type(error) is kind
    assert error.recoverable is recoverable
    assert SECRET not in f"{error.message} {error!r}"


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
    provider: OpenAIProvider, fault: str, kind: type[MillraceError]
) -> None:
    model = f"sim?tokens=20&after=7&fault={fault}"
    for _ in range(3):
        deltas, error = await collect(provider, ask(model))
        assert type(error) is kind
        assert SECRET not in f"{error.message} {error!r}"
        assert text(deltas) == expected_text("sim?tokens=7")


async def test_invalid_utf8_is_survived(provider: OpenAIProvider) -> None:
    deltas, error = await collect(provider, ask("sim?tokens=20&fault=bad_utf8"))
    assert error is None
    assert "\ufffd" in text(deltas)


async def test_a_refusal_that_passes_is_tried_again(provider: OpenAIProvider, simulator: Simulator) -> None:
    deltas, error = await collect(provider, ask("sim?tokens=5&fault=429&retry_after=0&fail_times=1&key=a"))
    assert (error, text(deltas)) == (None, expected_text("sim?tokens=5"))
    assert len(simulator.requests()) == 2


async def test_retry_after_reaches_the_error(provider: OpenAIProvider) -> None:
    _, error = await collect(provider, ask("sim?fault=429&retry_after=12"))
    assert error is not None
    assert error.retry_after == 12


@pytest.mark.parametrize("how", STOPS)
async def test_stopping_closes_the_request(provider: OpenAIProvider, simulator: Simulator, how: Stop) -> None:
    await stop_when(provider, ask("sim?tokens=1000&interval_ms=5"), lambda deltas: len(deltas) >= 5, how)
    (request,) = await simulator.settled(limit=1)
    assert request.closed_by == "client"
    assert 4 <= request.tokens_sent < 20


async def test_a_hundred_answers_at_once(provider: OpenAIProvider, simulator: Simulator) -> None:
    models = [f"sim?tokens=40&seed={seed}&chunk=3" for seed in range(100)]
    answers = await asyncio.gather(*(collect(provider, ask(model)) for model in models))
    assert [text(deltas) for deltas, _ in answers] == [expected_text(model) for model in models]
    assert {error for _, error in answers} == {None}


async def test_models(provider: OpenAIProvider) -> None:
    assert "acme/sim" in [info.id for info in await provider.models()]
