"""The simulator as its users meet it: through the official client, its own Python interface and its journal."""

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
import openai
import pytest
from tests.unit.testing.simulator.raw import chat, post, posting

from millrace.testing.simulator import (
    API_KEY,
    SECRET,
    BehaviourError,
    Simulator,
    expected_reasoning,
    expected_text,
)
from millrace.testing.simulator.ask import Ask
from millrace.testing.simulator.behaviour import Behaviour
from millrace.testing.simulator.faults import Refusal
from millrace.testing.simulator.wires.base import Encoder, Identity
from millrace.testing.simulator.wires.openai_chat import OpenAIChatWire


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator.start() as running:
        yield running


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=simulator.base_url, api_key=API_KEY, max_retries=0) as made:
        yield made


async def test_the_official_client_streams(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="sim?tokens=60&text=mixed&seed=5&reasoning=10",
        messages=[{"role": "user", "content": "Hello"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == expected_text("sim?tokens=60&text=mixed&seed=5")
    thinking = "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas)
    assert thinking == expected_reasoning("sim?reasoning=10&seed=5")
    assert chunks[-2].choices[0].finish_reason == "stop"
    usage = chunks[-1].usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (1, 70)


async def test_the_official_client_without_a_stream(client: openai.AsyncOpenAI) -> None:
    completion = await client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "Hello"}], max_completion_tokens=12
    )
    assert completion.choices[0].message.content == expected_text("sim?tokens=12")
    assert completion.choices[0].finish_reason == "length"
    assert completion.model == "gpt-4o"


async def test_the_official_client_lists_models(client: openai.AsyncOpenAI) -> None:
    assert "sim" in [model.id async for model in client.models.list()]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("401", openai.AuthenticationError),
        ("402", openai.APIStatusError),
        ("404", openai.NotFoundError),
        ("429", openai.RateLimitError),
        ("quota", openai.RateLimitError),
        ("500", openai.InternalServerError),
        ("529", openai.InternalServerError),
        ("context", openai.BadRequestError),
        ("error_event", openai.APIError),
        ("malformed", json.JSONDecodeError),
    ],
)
async def test_the_official_client_maps_the_faults(
    client: openai.AsyncOpenAI, fault: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        async for _ in await client.chat.completions.create(
            model=f"sim?tokens=4&fault={fault}", messages=[{"role": "user", "content": "Hello"}], stream=True
        ):
            pass
    if isinstance(caught.value, openai.APIError):
        assert SECRET in caught.value.message


async def test_the_official_client_retries_a_fault_that_passes(
    client: openai.AsyncOpenAI, simulator: Simulator
) -> None:
    completion = await client.with_options(max_retries=2).chat.completions.create(
        model="sim?tokens=3&fault=429&retry_after=0.01&fail_times=2&key=sdk",
        messages=[{"role": "user", "content": "Hello"}],
    )
    assert completion.choices[0].message.content == expected_text("sim?tokens=3")
    assert [request.status for request in simulator.requests()] == [429, 429, 200]


async def test_the_journal_over_http(simulator: Simulator) -> None:
    await post(simulator.url, chat("sim?tokens=3", temperature=0.5), {"Authorization": "Bearer hidden-key"})
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{simulator.url}/_requests") as response:
            text = await response.text()
        (request,) = json.loads(text)
        assert "hidden-key" not in text
        assert request["authorized"] is True
        assert (request["model"], request["behaviour"]) == ("sim?tokens=3", {"tokens": 3})
        assert request["messages"] == [{"role": "user", "content": "Hello"}]
        assert request["parameters"] == {"stream": True, "temperature": 0.5}
        assert request["began_at"] <= request["first_token_at"] <= request["last_token_at"] <= request["closed_at"]
        async with session.delete(f"{simulator.url}/_requests") as response:
            assert response.status == 204
        async with session.get(f"{simulator.url}/_requests") as response:
            assert await response.json() == []


async def test_the_behaviour_can_be_changed_while_it_runs(simulator: Simulator) -> None:
    url = f"{simulator.url}/_behaviour"
    async with aiohttp.ClientSession() as session:
        async with session.put(url, data="tokens=3&seed=4") as response:
            assert response.status == 204
        assert (await post(simulator.url, chat("sim"))).text == expected_text("sim?tokens=3&seed=4")
        async with session.put(url, data="tokens=few") as response:
            assert response.status == 400
            assert "tokens" in await response.text()
        assert (await post(simulator.url, chat("sim"))).text == expected_text("sim?tokens=3&seed=4")


async def test_the_journal_waits_until_all_is_settled(simulator: Simulator) -> None:
    url = f"{simulator.url}/_requests"
    async with aiohttp.ClientSession() as session:
        async with posting(simulator.url, chat("sim?fault=hang")):
            await simulator.wait_for(lambda requests: len(requests) == 1)
            async with session.get(url, params={"settled_within": "0.01"}) as response:
                assert [request["closed_by"] for request in await response.json()] == [None]
            waiting = asyncio.create_task(session.get(url, params={"settled_within": "5"}))
        async with await waiting as response:
            assert [request["closed_by"] for request in await response.json()] == ["client"]
        async with session.get(url, params={"settled_within": "long"}) as response:
            assert response.status == 400


async def test_the_list_of_models_can_fail_too(simulator: Simulator) -> None:
    async with aiohttp.ClientSession() as session:
        for behaviour, status in (("fault=401", 401), ("fault=cut", 200), ("nonsense=1", 400)):
            async with session.get(f"{simulator.base_url}/models", headers={"X-Simulate": behaviour}) as response:
                assert response.status == status
                assert ("error" in await response.json()) == (status != 200)


async def test_the_example_of_the_documentation_runs() -> None:
    page = (Path(__file__).parents[4] / "docs" / "simulator.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)
    await names["test_my_application"]()


async def test_the_default_behaviour_holds_where_nothing_is_said() -> None:
    async with Simulator.start(behaviour="tokens=4&seed=9") as simulator:
        assert (await post(simulator.url, chat("sim"))).text == expected_text("sim?tokens=4&seed=9")
        assert (await post(simulator.url, chat("sim?seed=1"))).text == expected_text("sim?tokens=4")


async def test_a_default_that_cannot_be_read_is_refused_at_the_start() -> None:
    with pytest.raises(BehaviourError):
        async with Simulator.start(behaviour="tokns=4"):
            pass


async def test_stopping_closes_what_is_open_at_once() -> None:
    async with contextlib.AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(Simulator.start())
        async with (
            posting(simulator.url, chat("sim?fault=hang")) as (hanging, _),
            posting(simulator.url, chat("sim?interval_ms=60000")) as (waiting, _),
        ):
            await simulator.wait_for(lambda requests: [request.tokens_sent for request in requests] in ([0, 1], [1, 0]))
            began = time.monotonic()
            await stack.aclose()
            assert time.monotonic() - began < 0.4
            assert await hanging.read() == b""
            assert b'"role":"assistant"' in await waiting.read()
    assert [request.closed_by for request in simulator.requests()] == ["server", "server"]


class ShoutingWire:
    """A wire of its own path, as a further protocol would be added."""

    path: Final = "/shout"
    models_path: Final = "/names"
    stream_type: Final = "text/plain"

    def __init__(self) -> None:
        self._wire = OpenAIChatWire()

    def read(self, body: bytes) -> Ask:
        return self._wire.read(body)

    def encoder(self, ask: Ask, behaviour: Behaviour, identity: Identity) -> Encoder:
        return self._wire.encoder(ask, behaviour, msgspec.structs.replace(identity, model="SIM"))

    def refusal(self, refusal: Refusal) -> bytes:
        return refusal.message.upper().encode()

    def claims(self, headers: Mapping[str, str]) -> bool:
        return True

    def models(self, names: Iterable[str]) -> bytes:
        return self._wire.models(name.upper() for name in names)


async def test_a_further_wire_needs_no_other_change() -> None:
    async with Simulator.start(wires=[ShoutingWire()]) as simulator, aiohttp.ClientSession() as session:
        async with session.post(f"{simulator.url}/shout", json=chat("sim?tokens=2", stream=False)) as response:
            assert (await response.json())["model"] == "SIM"
        async with session.post(f"{simulator.url}/shout", json=chat("sim?fault=529")) as response:
            assert (await response.text()).startswith("OVERLOADED")
        assert [request.path for request in simulator.requests()] == ["/shout", "/shout"]
        async with session.get(f"{simulator.url}/names") as response:
            assert "SIM" in [model["id"] for model in (await response.json())["data"]]
