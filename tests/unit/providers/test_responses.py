"""Answers in the background: taken up again where they broke, cancelled where nobody reads them."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from tests.support.generation import stop_when
from tests.unit.providers.calls import KEY, REQUEST, answers, collect, text
from tests.unit.providers.raw_server import Exchange, Script, raw_server
from tests.unit.providers.response_events import COMPLETED, CREATED, message, response
from tests.unit.providers.response_events import text as piece

from millrace.model.errors import ProviderFailure, ProviderTimeout, RequestRefused
from millrace.model.generation import Finished, GenerationRequest, PromptMessage, ReasoningPiece, TextPiece
from millrace.providers.http import HttpClient, HttpOptions
from millrace.providers.responses import RESUMES, ResponsesProvider
from millrace.testing.simulator import API_KEY, Simulator, expected_reasoning, expected_text

OPTIONS = HttpOptions(first_byte_s=0.5, idle_s=0.5, first_wait_s=0.01, longest_wait_s=0.2, tries=1)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator.start() as simulator:
        yield simulator


@pytest.fixture
async def provider(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ResponsesProvider]:
    monkeypatch.setattr("millrace.providers.responses._RESUME_WAIT_S", 0.01)
    http = HttpClient(OPTIONS)
    provider = ResponsesProvider("openai", simulator.base_url, API_KEY, http, background=True)
    yield provider
    await provider.close()
    await http.close()


def ask(behaviour: str) -> GenerationRequest:
    return GenerationRequest(model=f"sim?{behaviour}", messages=(PromptMessage("user", "Hi"),))


@pytest.mark.parametrize("fault", ["cut", "truncate", "stall"])
@pytest.mark.parametrize("after", [0, 7, 25, 40])
async def test_a_broken_answer_goes_on_where_it_was(
    provider: ResponsesProvider, simulator: Simulator, fault: str, after: int
) -> None:
    behaviour = f"tokens=20&reasoning=20&fault={fault}&after={after}&fail_times=1&key=a"
    deltas, error = await collect(provider, ask(behaviour))
    assert error is None
    assert text(deltas) == expected_text("sim?tokens=20")
    thinking = "".join(delta.text for delta in deltas if isinstance(delta, ReasoningPiece))
    assert thinking == expected_reasoning("sim?reasoning=20")
    assert deltas[-1] == Finished("stop")
    first, second = await simulator.settled()
    assert (first.parameters["background"], first.parameters["store"]) == (True, True)
    assert second.path == "/v1/responses/resp_sim_1"


async def test_it_is_given_up_when_nothing_new_comes(provider: ResponsesProvider, simulator: Simulator) -> None:
    deltas, error = await collect(provider, ask("tokens=20&fault=cut&after=7"))
    assert type(error) is ProviderFailure
    assert text(deltas) == expected_text("sim?tokens=7")
    await provider.close()
    paths = [request.path for request in await simulator.settled()]
    resumed = "/v1/responses/resp_sim_1"
    assert paths == ["/v1/responses", *[resumed] * RESUMES, f"{resumed}/cancel"]


async def test_what_the_provider_says_itself_is_not_taken_up_again(
    provider: ResponsesProvider, simulator: Simulator
) -> None:
    _, error = await collect(provider, ask("tokens=20&fault=error_event&after=7"))
    assert type(error) is ProviderFailure
    assert len(await simulator.settled()) == 1


async def test_closing_early_cancels_at_the_provider(provider: ResponsesProvider, simulator: Simulator) -> None:
    await stop_when(provider, ask("tokens=1000&interval_ms=5"), lambda deltas: len(deltas) > 1)
    requests = await simulator.wait_for(lambda requests: len(requests) == 2)
    assert (requests[0].closed_by, requests[1].path) == ("client", "/v1/responses/resp_sim_1/cancel")


async def test_a_whole_answer_is_not_cancelled(provider: ResponsesProvider, simulator: Simulator) -> None:
    _, error = await collect(provider, ask("tokens=5"))
    await provider.close()
    assert (error, len(await simulator.settled())) == (None, 1)


async def test_without_the_setting_nothing_is_taken_up_again_or_cancelled(simulator: Simulator) -> None:
    http = HttpClient(OPTIONS)
    provider = ResponsesProvider("openai", simulator.base_url, API_KEY, http)
    _, error = await collect(provider, ask("tokens=20&fault=cut&after=7&fail_times=1&key=b"))
    await provider.close()
    await http.close()
    assert type(error) is ProviderFailure
    assert [request.path for request in await simulator.settled()] == ["/v1/responses"]


async def call(script: Script, *, background: bool = False) -> tuple[list[object], Exception | None, list[Exchange]]:
    http = HttpClient(OPTIONS)
    async with raw_server(script) as server:
        provider = ResponsesProvider("openai", server.base_url, KEY, http, background=background)
        deltas, error = await collect(provider, REQUEST)
        await provider.close()
        await http.close()
    return list(deltas), error, server.exchanges


async def test_request_and_answer() -> None:
    async def script(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(CREATED + piece("Hello") + COMPLETED)
        exchange.end()

    deltas, error, (exchange,) = await call(script)
    assert (error, deltas[0], deltas[-1]) == (None, TextPiece("Hello"), Finished("stop"))
    assert exchange.head.startswith("POST /v1/responses HTTP/1.1\r\n")
    assert f"Authorization: Bearer {KEY}\r\n" in exchange.head
    assert json.loads(exchange.body)["instructions"] == "Be brief."


async def test_a_connection_that_stays_open_after_the_end_is_no_matter() -> None:
    async def script(exchange: Exchange) -> None:
        exchange.begin()
        exchange.send(CREATED + piece("Hello") + COMPLETED)
        await exchange.closed()

    async with asyncio.timeout(3):
        deltas, error, _ = await call(script)
    assert (error, deltas[-1]) == (None, Finished("stop"))


async def test_a_parameter_that_is_refused_is_left_out_for_good() -> None:
    async def script(exchange: Exchange) -> None:
        if "store" in json.loads(exchange.body):
            exchange.answer("400 Bad Request", b'{"error":{"message":"Unknown parameter: store"}}')
        else:
            exchange.answer("200 OK", json.dumps(response(output=[message("Hello")])).encode())

    http = HttpClient(OPTIONS)
    async with raw_server(script) as server:
        provider = ResponsesProvider("openai", server.base_url, KEY, http)
        for _ in range(2):
            deltas, error = await collect(provider, REQUEST)
            assert (error, text(deltas)) == (None, "Hello")
        await http.close()
    assert len(server.exchanges) == 3


async def test_a_refusal_of_something_else_is_final() -> None:
    _, error, exchanges = await call(answers("400 Bad Request", {"error": {"message": "no"}}))
    assert type(error) is RequestRefused
    assert len(exchanges) == 1


async def test_a_stalled_background_answer_that_cannot_be_taken_up_is_a_time_out() -> None:
    async def script(exchange: Exchange) -> None:
        if exchange.head.startswith("GET"):
            exchange.answer("404 Not Found", b"{}")
        elif "/cancel" in exchange.head:
            exchange.answer("500 Oh", b"{}")
        else:
            exchange.begin()
            exchange.send(CREATED + piece("kept"))
            await exchange.closed()

    deltas, error, exchanges = await call(script, background=True)
    assert (deltas, type(error)) == ([TextPiece("kept")], ProviderTimeout)
    methods = [exchange.head.split(" HTTP")[0] for exchange in exchanges]
    assert methods[1:] == [
        "GET /v1/responses/resp_1?stream=true&starting_after=0",
        "POST /v1/responses/resp_1/cancel",
    ]
