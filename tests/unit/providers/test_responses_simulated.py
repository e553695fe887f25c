"""The Responses provider against the simulator: every behaviour, every fault, and OpenAI's own client."""

from collections.abc import AsyncIterator

import pytest
from openai import AsyncOpenAI
from openai.types.responses import Response
from tests.support.generation import stop_when
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
from millrace.model.events import FinishReason, Usage
from millrace.model.generation import (
    Finished,
    GenerationRequest,
    PromptMessage,
    ReasoningPiece,
    TextPiece,
    UsageReported,
)
from millrace.providers.http import HttpClient, HttpOptions
from millrace.providers.responses import ResponsesProvider
from millrace.testing.simulator import API_KEY, SECRET, Simulator, expected_reasoning, expected_text

OPTIONS = HttpOptions(first_byte_s=5, idle_s=5, first_wait_s=0.01, longest_wait_s=0.2)
FINISH: dict[str | None, FinishReason] = {
    None: "stop",
    "max_output_tokens": "length",
    "content_filter": "filtered",
}
IMPATIENT = HttpOptions(first_byte_s=0.3, idle_s=0.3)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator.start() as simulator:
        yield simulator


@pytest.fixture
async def provider(simulator: Simulator) -> AsyncIterator[ResponsesProvider]:
    http = HttpClient(OPTIONS)
    yield ResponsesProvider("openai", simulator.base_url, API_KEY, http)
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
    "tokens=20&reasoning=30&reasoning_place=reasoning&split=3",
    "tokens=20&usage=none",
]


@pytest.mark.parametrize("behaviour", STREAMS)
async def test_streams(provider: ResponsesProvider, behaviour: str) -> None:
    deltas, error = await collect(provider, ask(behaviour))
    assert error is None
    assert text(deltas) == expected_text(f"sim?{behaviour}")
    thinking = "".join(delta.text for delta in deltas if isinstance(delta, ReasoningPiece))
    assert thinking == expected_reasoning(f"sim?{behaviour}")
    assert deltas[-1] == Finished("stop")
    assert any(isinstance(delta, UsageReported) for delta in deltas) == ("usage=none" not in behaviour)


@pytest.mark.parametrize(
    "behaviour", [*STREAMS, "tokens=20&fault=content_filter&after=5", "tokens=20&max=7", "tokens=9&reasoning=20&max=7"]
)
async def test_openais_own_client_reads_the_same(
    simulator: Simulator, provider: ResponsesProvider, behaviour: str
) -> None:
    behaviour, _, limit = behaviour.partition("&max=")
    max_tokens = int(limit or 4096)
    answer, reasoning, response = [], "", None
    async with AsyncOpenAI(base_url=simulator.base_url, api_key=API_KEY) as client:
        stream = await client.responses.create(
            model=f"sim?{behaviour}", instructions="Be brief.", input="Hi", stream=True, max_output_tokens=max_tokens
        )
        async for event in stream:
            if event.type == "response.output_text.delta":
                answer.append(event.delta)
            elif event.type in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
                reasoning += event.delta
            elif event.type in ("response.completed", "response.incomplete"):
                response = event.response
    assert response is not None
    deltas, error = await collect(provider, ask(behaviour, max_tokens))
    assert error is None
    assert [delta.text for delta in deltas if isinstance(delta, TextPiece)] == answer
    assert response.output_text == "".join(answer)
    assert "".join(delta.text for delta in deltas if isinstance(delta, ReasoningPiece)) == reasoning
    assert deltas[-1] == Finished(finish_of(response))
    ours = next((delta.usage for delta in reversed(deltas) if isinstance(delta, UsageReported)), None)
    usage = response.usage
    theirs = usage and Usage(
        usage.input_tokens,
        usage.output_tokens,
        usage.output_tokens_details.reasoning_tokens,
        usage.input_tokens_details.cached_tokens,
    )
    assert ours == theirs


def finish_of(response: Response) -> FinishReason:
    reason = response.incomplete_details.reason if response.incomplete_details else None
    return FINISH[reason]


@pytest.mark.parametrize(
    "behaviour", ["tokens=20", "tokens=20&reasoning=5", "tokens=9&reasoning=5&reasoning_place=reasoning"]
)
async def test_openais_strict_reader_finds_nothing_wrong(simulator: Simulator, behaviour: str) -> None:
    async with (
        AsyncOpenAI(base_url=simulator.base_url, api_key=API_KEY) as client,
        client.responses.stream(model=f"sim?{behaviour}", input="Hi") as stream,
    ):
        numbers = [event.sequence_number async for event in stream]
        final = await stream.get_final_response()
    assert numbers == list(range(len(numbers)))
    assert final.output_text == expected_text(f"sim?{behaviour}")


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
    provider: ResponsesProvider, fault: str, kind: type[MillraceError], recoverable: bool
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
    provider: ResponsesProvider, fault: str, kind: type[MillraceError]
) -> None:
    deltas, error = await collect(provider, ask(f"tokens=20&after=7&fault={fault}"))
    assert type(error) is kind
    assert text(deltas) == expected_text("sim?tokens=7")
    assert not any(isinstance(delta, Finished) for delta in deltas)


@pytest.mark.parametrize("fault", ["hang", "hang_first", "stall"])
async def test_silence(simulator: Simulator, fault: str) -> None:
    http = HttpClient(IMPATIENT)
    _, error = await collect(
        ResponsesProvider("openai", simulator.base_url, API_KEY, http), ask(f"tokens=10&fault={fault}")
    )
    await http.close()
    assert type(error) is ProviderTimeout


async def test_closing_closes_the_socket(provider: ResponsesProvider, simulator: Simulator) -> None:
    await stop_when(provider, ask("tokens=1000&interval_ms=5"), bool)
    (request,) = await simulator.settled(limit=1)
    assert request.closed_by == "client"
    assert request.tokens_sent < 100
    assert request.messages == [{"role": "user", "content": "Hi"}]
    assert request.parameters["store"] is False


async def test_the_listing(provider: ResponsesProvider) -> None:
    assert (await provider.models())[0].id == "openai/sim"
