"""Gemini's provider against the simulator: every behaviour, every fault, and Google's own client on the same bytes."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.support.generation import stop_when
from tests.unit.providers.calls import collect, text
from tests.unit.providers.google_client import genai, types

from millrace.model.errors import (
    ContentFiltered,
    ContextTooLong,
    MillraceError,
    ModelMissing,
    ProviderFailure,
    ProviderTimeout,
    RateLimited,
)
from millrace.model.events import FinishReason, Usage
from millrace.model.generation import (
    Finished,
    GenerationRequest,
    PromptMessage,
    ReasoningPiece,
    TextPiece,
    UsageReported,
)
from millrace.providers.gemini import GeminiProvider
from millrace.providers.http import HttpClient, HttpOptions
from millrace.testing.simulator import API_KEY, SECRET, Simulator, expected_reasoning, expected_text

OPTIONS = HttpOptions(first_byte_s=5, idle_s=5, first_wait_s=0.01, longest_wait_s=0.2)
IMPATIENT = HttpOptions(first_byte_s=0.3, idle_s=0.3)
google_inherits = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")
"""Google's client derives a class from aiohttp's session, which aiohttp does not like."""
FINISH: dict[str, FinishReason] = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "filtered"}


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator.start() as simulator:
        yield simulator


@pytest.fixture
async def provider(simulator: Simulator) -> AsyncIterator[GeminiProvider]:
    http = HttpClient(OPTIONS)
    yield GeminiProvider("gemini", f"{simulator.url}/v1beta", API_KEY, http)
    await http.close()


def ask(behaviour: str, max_tokens: int = 4096) -> GenerationRequest:
    messages = (PromptMessage("system", "Be brief."), PromptMessage("user", "Hi"))
    return GenerationRequest(model=f"sim?{behaviour}", messages=messages, max_tokens=max_tokens)


STREAMS = [
    "tokens=50",
    "tokens=30&text=emoji&split=1",
    "tokens=60&text=code&split=7",
    "tokens=100&text=mixed&split=random",
    "tokens=100&text=markdown&chunk=10",
    "tokens=20&reasoning=30",
    "tokens=20&reasoning=30&usage=every&split=3",
    "tokens=20&usage=none",
]


@pytest.mark.parametrize("behaviour", STREAMS)
async def test_streams(provider: GeminiProvider, behaviour: str) -> None:
    deltas, error = await collect(provider, ask(behaviour))
    assert error is None
    assert text(deltas) == expected_text(f"sim?{behaviour}")
    thinking = "".join(delta.text for delta in deltas if isinstance(delta, ReasoningPiece))
    assert thinking == expected_reasoning(f"sim?{behaviour}")
    assert deltas[-1] == Finished("stop")
    assert any(isinstance(delta, UsageReported) for delta in deltas) == ("usage=none" not in behaviour)


@pytest.mark.parametrize("behaviour", [*STREAMS, "tokens=20&fault=content_filter&after=5", "tokens=20&max=7"])
@google_inherits
async def test_googles_own_client_reads_the_same(
    simulator: Simulator, provider: GeminiProvider, behaviour: str
) -> None:
    behaviour, _, limit = behaviour.partition("&max=")
    max_tokens = int(limit or 4096)
    config = types.GenerateContentConfig(system_instruction="Be brief.", max_output_tokens=max_tokens)
    options = types.HttpOptions(base_url=simulator.url, api_version="v1beta", headers={"X-Simulate": behaviour})
    answer, reasoning, finish, usage = [], "", "", None
    async with genai.Client(api_key=API_KEY, http_options=options).aio as client:
        stream = await client.models.generate_content_stream(model="sim", contents="Hi", config=config)
        async for chunk in stream:
            usage = chunk.usage_metadata or usage
            for candidate in chunk.candidates or ():
                finish = candidate.finish_reason.value if candidate.finish_reason else finish
                for part in (candidate.content and candidate.content.parts) or ():
                    if part.thought:
                        reasoning += part.text or ""
                    elif part.text:
                        answer.append(part.text)
    deltas, error = await collect(provider, ask(behaviour, max_tokens))
    assert error is None
    assert [delta.text for delta in deltas if isinstance(delta, TextPiece)] == answer
    assert "".join(delta.text for delta in deltas if isinstance(delta, ReasoningPiece)) == reasoning
    assert deltas[-1] == Finished(FINISH[finish])
    ours = next((delta.usage for delta in reversed(deltas) if isinstance(delta, UsageReported)), None)
    thoughts = usage.thoughts_token_count if usage else None
    theirs = usage and Usage(
        usage.prompt_token_count or 0, (usage.candidates_token_count or 0) + (thoughts or 0), thoughts
    )
    assert ours == theirs


@google_inherits
async def test_googles_own_client_reads_whole_answers_and_listings(simulator: Simulator) -> None:
    options = types.HttpOptions(
        base_url=simulator.url, api_version="v1beta", headers={"X-Simulate": "tokens=20&reasoning=5"}
    )
    async with genai.Client(api_key=API_KEY, http_options=options).aio as client:
        answer = await client.models.generate_content(model="sim", contents="Hi")
        names = [model.name async for model in await client.models.list()]
    assert answer.text == expected_text("sim?tokens=20")
    assert names[0] == "models/sim"


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
        ("html", ProviderFailure, False),
        ("empty", ProviderFailure, True),
    ],
)
async def test_faults_before_the_answer(
    provider: GeminiProvider, fault: str, kind: type[MillraceError], recoverable: bool
) -> None:
    deltas, error = await collect(provider, ask(f"tokens=10&fault={fault}"))
    assert text(deltas) == ""
    assert type(error) is kind
    assert error.recoverable is recoverable
    assert SECRET not in f"{error.message} {error!r}"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("cut", ProviderFailure),
        ("truncate", ProviderFailure),
        ("error_event", ProviderFailure),
        ("malformed", ProviderFailure),
        ("endless_line", ProviderFailure),
    ],
)
async def test_faults_in_the_middle_keep_the_text(
    provider: GeminiProvider, fault: str, kind: type[MillraceError]
) -> None:
    deltas, error = await collect(provider, ask(f"tokens=20&after=7&fault={fault}"))
    assert type(error) is kind
    assert text(deltas) == expected_text("sim?tokens=7")
    assert not any(isinstance(delta, Finished) for delta in deltas)


@pytest.mark.parametrize("fault", ["hang", "hang_first", "stall"])
async def test_silence(simulator: Simulator, fault: str) -> None:
    http = HttpClient(IMPATIENT)
    provider = GeminiProvider("gemini", f"{simulator.url}/v1beta", API_KEY, http)
    _, error = await collect(provider, ask(f"tokens=10&fault={fault}"))
    await http.close()
    assert type(error) is ProviderTimeout


async def test_the_delay_stands_in_the_body(provider: GeminiProvider, simulator: Simulator) -> None:
    for fault in ("429", "quota"):
        _, error = await collect(provider, ask(f"fault={fault}&retry_after=34.4"))
        assert type(error) is RateLimited
        assert error.retry_after == 34.4
    deltas, error = await collect(provider, ask("tokens=3&fault=429&retry_after=0.1&fail_times=1&key=a"))
    assert (error, text(deltas)) == (None, expected_text("sim?tokens=3"))
    assert len(await simulator.settled()) == 4


async def test_closing_closes_the_socket(provider: GeminiProvider, simulator: Simulator) -> None:
    await stop_when(provider, ask("tokens=1000&interval_ms=5"), bool)
    (request,) = await simulator.settled(limit=1)
    assert request.closed_by == "client"
    assert request.tokens_sent < 100
    assert request.authorized
    assert request.messages == [{"role": "user", "parts": [{"text": "Hi"}]}]


async def test_a_hundred_at_once(provider: GeminiProvider) -> None:
    answers = await asyncio.gather(*(collect(provider, ask(f"tokens=20&seed={seed}")) for seed in range(100)))
    for seed, (deltas, error) in enumerate(answers):
        assert (error, text(deltas)) == (None, expected_text(f"sim?tokens=20&seed={seed}"))


async def test_the_listing(provider: GeminiProvider) -> None:
    infos = await provider.models()
    assert (infos[0].id, infos[0].context_length) == ("gemini/sim", 1_048_576)
