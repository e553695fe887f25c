"""`/v1/models` and `/v1/chat/completions`: what is answered, kept and refused."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.support.app import client_of
from tests.support.openai_app import HELLO, error_of, events_of, openai_app

from millrace.model.errors import ProviderTimeout, RateLimited
from millrace.model.events import Usage

URL = "/v1/chat/completions"


async def test_models_are_listed_and_found(tmp_path: Path) -> None:
    async with openai_app(tmp_path) as bench:
        listed = (await bench.client.get("/v1/models")).json()
        assert listed["object"] == "list"
        assert listed["data"][0] == {"id": "scripted/model", "object": "model", "created": 0, "owned_by": "scripted"}
        for model in ("scripted/model", "scripted%2Fmodel"):
            assert (await bench.client.get(f"/v1/models/{model}")).json() == listed["data"][0]
        missing = await bench.client.get("/v1/models/scripted/none")
        assert (missing.status_code, error_of(missing)["code"]) == (404, "model_not_found")


async def test_an_answer_whole_and_in_pieces(tmp_path: Path) -> None:
    async with openai_app(tmp_path, autoplay=("Hel", "lo ☀.")) as bench:
        whole = await bench.client.post(URL, json=HELLO)
        body = whole.json()
        assert body["choices"] == [
            {"index": 0, "message": {"role": "assistant", "content": "Hello ☀."}, "finish_reason": "stop"}
        ]
        assert body["usage"] == {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
        turn, session = whole.headers["x-turn-id"], whole.headers["x-session-id"]
        assert body["id"] == f"chatcmpl-{turn}"
        assert whole.headers["x-request-id"] == turn
        kept = (await bench.browser.get(f"/api/sessions/{session}")).json()
        assert [message["content"] for message in kept["messages"]] == ["Hello?", "Hello ☀."]
        streamed = await bench.client.post(URL, json={**HELLO, "stream": True}, headers={"accept": "application/json"})
        events = events_of(streamed)
        assert events.pop() == "[DONE]"
        assert "".join(event["choices"][0]["delta"].get("content", "") for event in events) == "Hello ☀."
        assert all(event["choices"] for event in events), "usage is told to those who asked"
        assert streamed.headers["x-session-id"] != session
        counted = events_of(
            await bench.client.post(URL, json={**HELLO, "stream": True, "stream_options": {"include_usage": True}})
        )
        assert counted[-2]["usage"] == body["usage"]


async def test_the_conversation_of_the_request_is_the_prompt_and_a_name_keeps_it_together(tmp_path: Path) -> None:
    said = [
        {"role": "system", "content": "Rhyme."},
        {"role": "user", "content": "One?"},
        {"role": "assistant", "content": "Fun!"},
        {"role": "user", "content": "Two?"},
    ]
    async with openai_app(tmp_path, autoplay=("Shoe!",), generation={"guidance_enabled": False}) as bench:
        sessions = set()
        for _ in range(2):
            answer = await bench.client.post(
                URL,
                json={"messages": said, "max_completion_tokens": 9, "reasoning_effort": "high"},
                headers={"x-session-id": "my notebook"},
            )
            sessions.add(answer.headers["x-session-id"])
            request = (await bench.provider.next_call()).request
            assert [(message.role, message.content) for message in request.messages] == [
                (each["role"], each["content"]) for each in said
            ]
            assert (request.max_tokens, request.reasoning) == (9, True)
        (session,) = sessions
        kept = (await bench.browser.get(f"/api/sessions/{session}")).json()
        assert [message["content"] for message in kept["messages"]] == ["Two?", "Shoe!"] * 2


async def test_the_same_key_gets_the_same_answer(tmp_path: Path) -> None:
    async with openai_app(tmp_path, autoplay=("Once.",)) as bench:
        answers = [
            (await bench.client.post(URL, json=HELLO, headers={"idempotency-key": "k"})).json() for _ in range(2)
        ]
        assert answers[0] == answers[1]
        assert len(bench.provider.calls) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_what_the_provider_refuses_has_its_status(tmp_path: Path, stream: bool) -> None:
    async with openai_app(tmp_path) as bench:
        for failure, status, code in (
            (RateLimited("The provider wants a pause.", retry_after=6.5), 429, "rate_limit_exceeded"),
            (ProviderTimeout(), 504, "provider_timeout"),
        ):
            asking = asyncio.create_task(bench.client.post(URL, json={**HELLO, "stream": stream}))
            call = await bench.provider.next_call()
            call.fail(failure)
            refused = await asking
            assert (refused.status_code, error_of(refused)["code"]) == (status, code)
            assert refused.headers["x-should-retry"] == "true"
            assert refused.headers.get("retry-after") == ("7" if status == 429 else None)


async def test_a_failure_in_the_middle_is_told_in_the_stream(tmp_path: Path) -> None:
    async with openai_app(tmp_path) as bench:
        asking = asyncio.create_task(bench.client.post(URL, json={**HELLO, "stream": True}))
        call = await bench.provider.next_call()
        call.think("Hm.")
        call.say("Hel")
        call.cut()
        events = events_of(await asking)
        assert events[1]["choices"][0]["delta"] == {"reasoning_content": "Hm."}
        assert events[-2]["error"]["code"] == "provider_failure"
        assert events[-1] == "[DONE]"
        assert not any(event.get("choices", [{}])[0].get("finish_reason") for event in events[:-2])
        asking = asyncio.create_task(bench.client.post(URL, json=HELLO))
        call = await bench.provider.next_call()
        call.say("Hel")
        call.cut()
        assert (await asking).status_code == 502
        asking = asyncio.create_task(bench.client.post(URL, json=HELLO))
        call = await bench.provider.next_call()
        call.finish("filtered", Usage(1, 1))
        assert (await asking).json()["choices"][0]["finish_reason"] == "content_filter"


BAD: tuple[tuple[dict[str, Any], int, str, str | None], ...] = (
    ({}, 400, "invalid_value", None),
    ({"messages": []}, 400, "invalid_value", "messages"),
    ({**HELLO, "tools": [{"type": "function"}]}, 400, "unsupported_parameter", "tools"),
    ({**HELLO, "temperature": "hot"}, 400, "invalid_value", "temperature"),
    ({**HELLO, "model": "nobody/knows"}, 404, "model_not_found", "model"),
    ({**HELLO, "model": ""}, 400, "invalid_value", "model"),
    ({"messages": [{"role": "user", "content": "x" * 101}]}, 413, "string_above_max_length", None),
    ({"messages": [{"role": "user", "content": "x" * 5000}]}, 413, "string_above_max_length", None),
)


async def test_bad_requests_are_answered(tmp_path: Path) -> None:
    limits = {"message_chars": 100, "body_bytes": 4096}
    async with openai_app(tmp_path, autoplay=("x",), limits=limits) as bench:
        for body, status, code, param in BAD:
            for stream in (False, True):
                refused = await bench.client.post(URL, json={**body, "stream": stream})
                error = error_of(refused)
                assert (refused.status_code, error["code"], error["param"]) == (status, code, param), error
        assert bench.provider.calls == []


async def test_whatever_is_asked_under_v1_is_answered_as_openai_would(tmp_path: Path) -> None:
    async with openai_app(tmp_path, autoplay=("x",), limits={"turns_per_minute": 1}) as bench:
        client = bench.client
        for method, url, body, status in (
            ("GET", "/v1/nothing", None, 404),
            ("GET", URL, None, 404),
            ("PUT", "/v1/models", None, 405),
            ("POST", URL, b"{", 400),
            ("POST", URL, b"\xff", 400),
            ("GET", "/v1/responses/resp_x?starting_after=x", None, 400),
        ):
            refused = await client.request(method, url, content=body)
            assert refused.status_code == status, url
            error_of(refused)
        busy = await client.post(URL, json=HELLO, headers={"x-session-id": "\x7f" * 201})
        assert (busy.status_code, "X-Session-Id" in error_of(busy)["message"]) == (400, True)
        async with client_of(bench.app) as nobody:
            for headers, status in (
                ({}, 401),
                ({"authorization": "Bearer mr_000000000000_" + "x" * 43}, 401),
                ({"authorization": "Basic eDp5"}, 401),
                ({"origin": "https://evil.example.com"}, 403),
            ):
                refused = await nobody.post(URL, json=HELLO, headers=headers)
                assert refused.status_code == status
                error_of(refused)
        assert (await client.post(URL, json=HELLO)).status_code == 200
        limited = await client.post(URL, json=HELLO)
        assert (limited.status_code, error_of(limited)["type"]) == (429, "rate_limit_error")
        assert int(limited.headers["retry-after"]) > 0
