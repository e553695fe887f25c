"""Ollama's provider by its own wire, against the simulator and servers of the test's own."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.generation import STOPS, Stop, stop_when
from tests.unit.providers.calls import FAST, KEY, collect, text
from tests.unit.providers.raw_server import Exchange, raw_server

from millrace.model.errors import (
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
    UsageReported,
)
from millrace.providers.http import HttpClient, HttpOptions
from millrace.providers.ollama import OllamaProvider, encode_request, listed_models
from millrace.testing.simulator import SECRET, Simulator, expected_reasoning, expected_text

OPTIONS = HttpOptions(first_byte_s=0.4, idle_s=0.4, first_wait_s=0.01, longest_wait_s=0.2)
USER = PromptMessage("user", "Hi")


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator.start() as simulator:
        yield simulator


@pytest.fixture
async def provider(simulator: Simulator) -> AsyncIterator[OllamaProvider]:
    http = HttpClient(OPTIONS)
    yield OllamaProvider("acme", simulator.url, None, http)
    await http.close()


def ask(model: str, *messages: PromptMessage, **more: Any) -> GenerationRequest:
    return GenerationRequest(model=model, messages=messages or (USER,), **more)


@pytest.mark.parametrize(
    "model",
    [
        "sim?tokens=50",
        "sim?tokens=30&text=emoji&split=1",
        "sim?tokens=100&text=code&split=random",
        "sim?tokens=100&text=mixed&chunk=10",
        "sim?tokens=20&usage=none",
        "sim?tokens=20&reasoning=30",
        "sim?tokens=20&reasoning=30&chunk=9&split=7",
        "sim?tokens=20&reasoning=30&reasoning_place=think&split=3",
    ],
)
async def test_streams(provider: OllamaProvider, model: str) -> None:
    deltas, error = await collect(provider, ask(model))
    assert error is None
    assert text(deltas) == expected_text(model)
    assert "".join(delta.text for delta in deltas if isinstance(delta, ReasoningPiece)) == expected_reasoning(model)
    assert deltas[-1] == Finished("stop")
    assert any(isinstance(delta, UsageReported) for delta in deltas) == ("usage=none" not in model)


async def test_the_limit_of_tokens(provider: OllamaProvider, simulator: Simulator) -> None:
    deltas, error = await collect(provider, ask("sim?tokens=20", max_tokens=7))
    assert (error, text(deltas), deltas[-1]) == (None, expected_text("sim?tokens=7"), Finished("length"))
    (request,) = simulator.requests()
    assert request.parameters == {"stream": True, "options": {"num_predict": 7}, "think": False}


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
        ("hang", ProviderTimeout, True),
        ("hang_first", ProviderTimeout, True),
        ("html", ProviderFailure, False),
        ("empty", ProviderFailure, True),
    ],
)
async def test_faults_before_the_answer(
    provider: OllamaProvider, fault: str, kind: type[MillraceError], recoverable: bool
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
    provider: OllamaProvider, fault: str, kind: type[MillraceError]
) -> None:
    deltas, error = await collect(provider, ask(f"sim?tokens=20&reasoning=3&after=10&fault={fault}"))
    assert type(error) is kind
    assert error.recoverable
    assert SECRET not in f"{error.message} {error.detail}"
    assert text(deltas) == expected_text("sim?tokens=7")


async def test_invalid_utf8_is_survived(provider: OllamaProvider) -> None:
    deltas, error = await collect(provider, ask("sim?tokens=20&fault=bad_utf8"))
    assert error is None
    assert "\ufffd" in text(deltas)


async def test_an_answer_is_continued(provider: OllamaProvider) -> None:
    model = "sim?tokens=40"
    whole = expected_text(model)
    deltas, error = await collect(provider, ask(model, USER, PromptMessage("assistant", whole[:50])))
    assert (error, whole[:50] + text(deltas)) == (None, whole)


@pytest.mark.parametrize("how", STOPS)
async def test_stopping_closes_the_request(provider: OllamaProvider, simulator: Simulator, how: Stop) -> None:
    await stop_when(provider, ask("sim?tokens=1000&interval_ms=5"), bool, how)
    (request,) = await simulator.settled(limit=1)
    assert request.closed_by == "client"
    assert request.tokens_sent < 20


async def test_models(provider: OllamaProvider) -> None:
    info = {found.name: found for found in await provider.models()}["sim"]
    assert (info.id, info.capabilities.reasoning) == ("acme/sim", True)


LAST = b'{"message":{"content":"Hello"},"done":true,"done_reason":"stop"}\n'


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/api/"])
async def test_a_model_that_knows_nothing_of_thinking_is_not_asked_again(suffix: str) -> None:
    async def script(exchange: Exchange) -> None:
        if json.loads(exchange.body).get("think"):
            exchange.answer("400 Bad Request", b'{"error":"\\"m\\" does not support thinking"}')
        else:
            exchange.answer("200 OK", LAST, "application/x-ndjson")

    http = HttpClient(FAST)
    async with raw_server(script) as server:
        provider = OllamaProvider("acme", f"http://127.0.0.1:{server.port}{suffix}", KEY, http)
        assert KEY not in repr(provider)
        for _ in range(2):
            deltas, error = await collect(provider, ask("m", reasoning=True))
            assert (error, text(deltas)) == (None, "Hello")
        await http.close()
    assert len(server.exchanges) == 3
    assert server.exchanges[0].head.startswith("POST /api/chat HTTP/1.1\r\n")
    assert f"Authorization: Bearer {KEY}\r\n" in server.exchanges[0].head


async def test_a_refusal_without_a_remedy_is_reported() -> None:
    async def script(exchange: Exchange) -> None:
        exchange.answer("404 Not Found", b'{"error":"model \\"m\\" not found, try pulling it first"}')

    http = HttpClient(FAST)
    async with raw_server(script) as server:
        provider = OllamaProvider("acme", f"http://127.0.0.1:{server.port}", None, http)
        _, error = await collect(provider, ask("m", reasoning=True))
        await http.close()
    assert isinstance(error, ProviderFailure)
    assert "does not know the model m" in error.message
    assert len(server.exchanges) == 1


@pytest.mark.parametrize(
    ("more", "budget", "knows", "think", "limit"),
    [
        ({}, 900, True, False, 100),
        ({"reasoning": True}, 900, True, True, 1000),
        ({"reasoning": True}, 0, True, False, 100),
        ({"reasoning": True}, 900, False, None, 100),
    ],
)
def test_requests(more: dict[str, Any], budget: int, knows: bool, think: bool | None, limit: int) -> None:
    body = json.loads(encode_request(ask("m", max_tokens=100, temperature=0.5, **more), budget, knows=knows))
    assert body.get("think") is think
    assert body["options"] == {"num_predict": limit, "temperature": 0.5}
    assert body["messages"] == [{"role": "user", "content": "Hi"}]


def test_listings() -> None:
    listing = {
        "models": [
            {
                "name": "b:latest",
                "model": "b:latest",
                "details": {"context_length": 4096},
                "capabilities": ["thinking"],
            },
            {"name": "deepseek-r1:8b", "details": None},
            {"name": "qwq:32b", "capabilities": ["completion"]},
            {"size": 3},
            "x",
        ]
    }
    found = listed_models("acme", listing)
    assert [(info.id, info.context_length, info.capabilities.reasoning) for info in found] == [
        ("acme/b:latest", 4096, True),
        ("acme/deepseek-r1:8b", None, True),
        ("acme/qwq:32b", None, False),
    ]
    odds: list[Any] = [None, [], {"models": None}, {"data": [{"id": "a"}]}]
    for odd in odds:
        assert listed_models("acme", odd) == ()
