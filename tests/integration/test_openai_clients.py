"""OpenAI's own clients, of Python and of JavaScript, and curl, against a real server and a key of its own."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI
from tests.support.asgi_server import serving
from tests.support.chat_client import Visitor
from tests.support.frontends import Seen, Sight, run_clients
from tests.support.journal import requests_of
from tests.support.openai_app import openai_app
from tests.support.server import RunningServer

from millrace.testing.simulator import expected_reasoning, expected_text
from millrace.testing.simulator.journal import RequestRecord
from millrace.testing.simulator.process import SimulatorProcess
from millrace.transports.sse import EventStream

MIXED = "sim?tokens=30&seed=5&reasoning=12&text=mixed"
TALK: Any = [{"role": "user", "content": "Talk."}]


@pytest.fixture(scope="module")
def seen(server: RunningServer) -> Seen:
    """What the JavaScript client saw, in one process."""
    return run_clients("openai.mjs", server.url)


@pytest.fixture
async def key(visitor: Visitor) -> str:
    """A key of the visitor's."""
    made = (await visitor.http.post("/api/keys", json={})).raise_for_status()
    return str(made.json()["key"])


@pytest.fixture
async def client(server: RunningServer, key: str) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0) as client:
        yield client


async def settled(simulator: SimulatorProcess, seed: int) -> RequestRecord:
    """The one call of the provider with that seed, once it has ended."""
    found = [each for each in await requests_of(simulator, settled_within_s=10) if f"seed={seed}" in each.model]
    assert len(found) == 1
    return found[0]


def text_of(response: Sight) -> str:
    return "".join(part["text"] for item in response["output"] if item["type"] == "message" for part in item["content"])


# --- JavaScript ---------------------------------------------------------------------------------------------------


def test_models(seen: Seen) -> None:
    sight = seen["models"]
    assert "sim/sim" in sight["ids"]
    assert sight["one"]["owned_by"] == sight["one"]["id"].partition("/")[0]


def test_a_whole_chat_completion_and_a_streamed_one(seen: Seen) -> None:
    answer = seen["chat: whole"]["answer"]
    message = answer["choices"][0]["message"]
    assert message["content"] == expected_text(MIXED)
    assert message["reasoning_content"] == expected_reasoning(MIXED)
    chunks = seen["chat: streamed"]["chunks"]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    assert "".join(delta.get("content", "") for delta in deltas) == expected_text(MIXED)
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == expected_reasoning(MIXED)
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert chunks[-1]["usage"] == answer["usage"]
    assert answer["usage"]["completion_tokens_details"] == {"reasoning_tokens": 12}
    assert seen["chat: helper"] == {"text": expected_text("sim?tokens=20"), "usage": None}


async def test_leaving_closes_the_upstream(seen: Seen, shared_simulator: SimulatorProcess) -> None:
    assert seen["chat: aborted"]["pieces"] == 5
    for seed in (71, 72, 73):
        request = await settled(shared_simulator, seed)
        assert (request.closed_by, request.tokens_sent < 1000) == ("client", True)


def test_errors_are_those_that_programs_look_for(seen: Seen) -> None:
    sight = seen["errors"]
    expected = {
        "key": ("AuthenticationError", 401, "invalid_api_key", None),
        "model": ("NotFoundError", 404, "model_not_found", "model"),
        "field": ("BadRequestError", 400, "unsupported_parameter", "tools"),
        "limit": ("RateLimitError", 429, "rate_limit_exceeded", None),
        "limitStreamed": ("RateLimitError", 429, "rate_limit_exceeded", None),
        "broken": ("InternalServerError", 502, "provider_failure", None),
        "previous": ("BadRequestError", 400, "previous_response_not_found", "previous_response_id"),
        "middle": ("APIError", None, "provider_failure", None),
    }
    found = {name: (e["kind"], e["status"], e["code"], e["param"]) for name, e in sight.items()}
    assert found == expected
    assert [sight[name]["retryAfter"] for name in ("limit", "limitStreamed", "broken")] == ["7", "7", None]
    assert all(error["requestId"] for error in sight.values() if error["status"])
    assert "sk-sim-secret" not in str(sight), "the provider's own words stay here"
    assert seen["responses: failed"]["middle"]["code"] == "provider_failure"


def test_what_may_succeed_is_tried_again(seen: Seen) -> None:
    assert seen["tries again by itself"]["text"] == expected_text("sim?tokens=5")


def test_a_whole_response_is_kept_and_gone_on_from(seen: Seen) -> None:
    sight = seen["responses: whole"]
    response = sight["response"]
    assert response["output_text"] == expected_text("sim?tokens=20&seed=6&reasoning=8")
    assert response["output"][0]["summary"][0]["text"] == expected_reasoning("sim?tokens=20&seed=6&reasoning=8")
    assert (response["metadata"], response["instructions"]) == ({"page": "3"}, "Rhyme.")
    assert sight["kept"] == response
    assert sight["next"]["output_text"].startswith("And then?"[:3])
    helped = seen["responses: helper"]
    assert helped["text"] == expected_text("sim?tokens=40&seed=6&reasoning=8")
    assert helped["usage"]["output_tokens_details"] == {"reasoning_tokens": 8}
    assert (helped["types"][0], helped["types"][-1]) == ("response.created", "response.completed")


def test_a_response_is_resumed_at_any_place(seen: Seen) -> None:
    sight = seen["responses: resumed"]
    assert sight["status"] in {"queued", "in_progress"}
    assert sight["later"] == [True] * 5
    assert text_of(sight["last"]["response"]) == expected_text("sim?tokens=120&seed=7&text=mixed")
    assert {**sight["kept"], "output_text": ""} == {**sight["last"]["response"], "output_text": ""}


def test_a_response_is_cancelled(seen: Seen) -> None:
    sight = seen["responses: cancelled"]
    assert sight["cancelled"]["status"] == sight["kept"]["status"] == "cancelled"
    assert text_of(sight["cancelled"]) == text_of(sight["kept"])
    assert sight["last"] == "response.incomplete"


# --- Python -------------------------------------------------------------------------------------------------------


async def test_python_chat(client: AsyncOpenAI, visitor: Visitor) -> None:
    raw = await client.chat.completions.with_raw_response.create(model=f"sim/{MIXED}", messages=TALK)
    answer = raw.parse()
    message = answer.choices[0].message
    assert message.content == expected_text(MIXED)
    assert message.model_extra is not None
    assert message.model_extra["reasoning_content"] == expected_reasoning(MIXED)
    kept = await visitor.conversation(raw.headers["x-session-id"])
    assert [each["content"] for each in kept["messages"]] == ["Talk.", message.content]
    stream = await client.chat.completions.create(
        model=f"sim/{MIXED}&split=1", messages=TALK, stream=True, stream_options={"include_usage": True}
    )
    text, usage = "", None
    async for chunk in stream:
        text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
        usage = chunk.usage or usage
    assert (text, usage) == (message.content, answer.usage)
    async with client.chat.completions.stream(model="sim/sim?tokens=9", messages=TALK) as helper:
        assert (await helper.get_final_completion()).choices[0].message.content == expected_text("sim?tokens=9")


async def test_python_comments_in_a_silence_are_no_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EventStream.__init__.__kwdefaults__ or {}, "keep_alive_s", 0.02)
    async with openai_app(tmp_path) as bench, serving(bench.app) as address:
        key = bench.client.headers["authorization"].removeprefix("Bearer ")
        async with AsyncOpenAI(base_url=f"http://{address}/v1", api_key=key, max_retries=0) as client:
            stream = await client.chat.completions.create(model="scripted/model", messages=TALK, stream=True)
            call = await bench.provider.next_call()
            call.say("a ☀")
            await asyncio.sleep(0.1)  # a silence is what it is about
            call.finish()
            assert [chunk.choices[0].delta.content async for chunk in stream] == ["", "a ☀", None]


async def test_python_errors(client: AsyncOpenAI, server: RunningServer, visitor: Visitor) -> None:
    with pytest.raises(openai.RateLimitError) as limited:
        await client.responses.create(model="sim/sim?fault=429&retry_after=7", input="Talk.", stream=True)
    assert limited.value.response.headers["retry-after"] == "7"
    with pytest.raises(openai.APIError) as torn:
        async for _ in await client.responses.create(
            model="sim/sim?tokens=30&fault=cut&after=5", input="Talk.", stream=True
        ):
            pass
    assert torn.value.code == "provider_failure"
    with pytest.raises(openai.NotFoundError):
        await client.responses.retrieve("resp_00000000-0000-4000-8000-000000000000")
    read_only = (await visitor.http.post("/api/keys", json={"scopes": ["read"]})).json()
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key=read_only["key"], max_retries=0) as reader:
        assert [model async for model in reader.models.list()]
        with pytest.raises(openai.PermissionDeniedError):
            await reader.chat.completions.create(model="sim/sim", messages=TALK)
        await visitor.http.delete(f"/api/keys/{read_only['id']}")
        with pytest.raises(openai.AuthenticationError):
            await reader.models.list()


async def test_python_responses(client: AsyncOpenAI) -> None:
    model = "sim/sim?tokens=60&interval_ms=2&seed=8&reasoning=6"
    async with client.responses.stream(model=model, input="Talk.") as helper:
        events = [event async for event in helper]
        whole = await helper.get_final_response()
    assert whole.output_text == expected_text(model.removeprefix("sim/"))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    began = await client.responses.create(model=model, input="Talk.", background=True)
    seen, pieces, ended = -1, "", None
    while ended is None:  # a connection that is lost after every fifteenth event
        stream = await client.responses.retrieve(began.id, stream=True, starting_after=seen)
        for _ in range(15):
            event = await anext(aiter(stream), None)
            assert event is not None, "a stream ends by a terminal event"
            seen = event.sequence_number
            pieces += event.delta if event.type == "response.output_text.delta" else ""
            if event.type == "response.completed":
                ended = event.response
                break
        await stream.close()
    assert ended.output_text == pieces == whole.output_text


async def test_python_leaving_stops_and_the_background_does_not(
    client: AsyncOpenAI, simulator: SimulatorProcess, visitor: Visitor
) -> None:
    leaving = asyncio.create_task(
        client.chat.completions.create(model="sim/sim?tokens=2000&interval_ms=10&seed=81", messages=TALK)
    )
    await until_called(simulator, 1)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    assert (await settled(simulator, 81)).closed_by == "client"
    stream = await client.responses.create(
        model="sim/sim?tokens=100&interval_ms=3&seed=82", input="Talk.", stream=True, background=True
    )
    created = await anext(aiter(stream))
    assert created.type == "response.created"
    await stream.close()
    assert (await settled(simulator, 82)).finished
    response = await client.responses.retrieve(created.response.id)
    while response.status == "in_progress":
        response = await client.responses.retrieve(created.response.id)
    assert response.output_text == expected_text("sim?tokens=100&seed=82")


async def until_called(simulator: SimulatorProcess, count: int) -> None:
    async with asyncio.timeout(20):
        while len(await requests_of(simulator)) < count:
            await asyncio.sleep(0.01)


# --- curl ---------------------------------------------------------------------------------------------------------


def test_curl(server: RunningServer, seen: Seen) -> None:
    key = seen.headers["authorization"]
    command = ["curl", "-sSN", f"{server.url}/v1/chat/completions", "-H", f"Authorization: {key}", "-d"]
    body = '{"model": "sim/sim?tokens=3", "stream": true, "messages": [{"role": "user", "content": "Talk."}]}'
    told = subprocess.run([*command, body], capture_output=True, check=True, timeout=60).stdout
    assert told.endswith(b"data: [DONE]\n\n")
    assert told.count(b"data: ") == told.count(b"\n\n") == told.count(b"\n") // 2 == 6
    refused = subprocess.run([*command, "{"], capture_output=True, check=True, timeout=60).stdout
    assert b'"type":"invalid_request_error"' in refused
    with httpx2.Client(base_url=server.url) as http:
        assert http.post("/v1/chat/completions", content=body).status_code == 401
