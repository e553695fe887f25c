"""The bytes of a UI message stream, and what is refused: in sentences, as the AI SDK's clients show them."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.support.site import BEN, Site, site

from millrace.model.errors import MessageTooLong, ProviderTimeout, RateLimited

CHAT = "/api/ai/chat"


def body(text: str = "Why?", chat: str = "c1", **more: Any) -> dict[str, Any]:
    message = {"id": f"m-{text[:20]}", "role": "user", "parts": [{"type": "text", "text": text}]}
    return {"id": chat, "messages": [message], "trigger": "submit-message", **more}


def chunks(text: str) -> list[dict[str, Any]]:
    """The chunks of a whole stream."""
    *records, done, nothing = text.split("\n\n")
    assert (done, nothing) == ("data: [DONE]", "")
    return [json.loads(record.removeprefix("data: ")) for record in records if not record.startswith(":")]


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, limits={"connections_per_user": 3}) as here:
        yield here


async def answered(here: Site, http: httpx2.AsyncClient, *pieces: str, **request: Any) -> httpx2.Response:
    asking = asyncio.create_task(http.post(CHAT, **request))
    call = await here.provider.next_call()
    call.say(*pieces)
    call.finish()
    return await asking


async def test_the_stream_is_what_every_version_and_every_proxy_takes(here: Site) -> None:
    async with here.http() as http:
        answer = await answered(here, http, "So ", "ä☀.", json=body(), headers={"Accept-Encoding": "gzip, br"})
    headers = answer.headers
    assert answer.status_code == 200
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert headers["x-accel-buffering"] == "no"
    assert "no-cache" in headers["cache-control"]
    assert not {"content-length", "content-encoding"} & set(headers)
    assert answer.content.startswith(b"data: ")
    assert b"\r" not in answer.content
    lines = answer.content.split(b"\n")
    assert {line.split(b":")[0] for line in lines if line} == {b"data"}, "no id, no event, no retry"
    told = chunks(answer.text)
    assert "".join(chunk["delta"] for chunk in told if chunk["type"] == "text-delta") == "So ä☀."
    assert all(value is not None for chunk in told for value in chunk.values()), "no null where something is optional"


async def test_an_error_is_a_sentence_with_its_status(here: Site) -> None:
    async with here.http() as http, httpx2.AsyncClient(base_url=here.url) as nobody:
        long = "x" * 32_001
        asked: list[tuple[httpx2.Response, int, str, str]] = [
            (await http.post(CHAT, content=b"{"), 400, "INVALID_REQUEST", "not valid JSON"),
            (await http.post(CHAT, content=b"[" * 100_000), 400, "INVALID_REQUEST", "nested too deeply"),
            (await http.post(CHAT, json=body("")), 400, "INVALID_REQUEST", "The message is empty"),
            (await http.post(CHAT, json=body(chat="a\0b")), 400, "INVALID_REQUEST", "characters that no id can have"),
            (await http.post(CHAT, content=b'{"id":"\\ud800","messages":[]}'), 400, "INVALID_REQUEST", "JSON"),
            (await http.post(CHAT, json=body(user_id="ben")), 400, "INVALID_REQUEST", "'user_id'"),
            (await http.post(CHAT, json=body(long)), MessageTooLong.status, "INVALID_REQUEST", "32,001 characters"),
            (await http.post(CHAT, content=b"x" * 1_048_577), 413, "INVALID_REQUEST", "1,048,576 bytes"),
            (await http.post(CHAT, json=body(), headers={"Authorization": "Bearer x.y.z"}), 401, "UNAUTHORIZED", ""),
            (await nobody.post(CHAT, json=body()), 401, "UNAUTHORIZED", "Sign in"),
            (await nobody.get(f"{CHAT}/c1/stream"), 401, "UNAUTHORIZED", "Sign in"),
            (await http.post(f"{CHAT}/c1/stop", content=b"x"), 400, "INVALID_REQUEST", "not valid JSON"),
            (
                await http.post(f"{CHAT}/c1/stop", json={"activeStreamId": 7}),
                400,
                "INVALID_REQUEST",
                "'activeStreamId'",
            ),
            (await http.get(f"{CHAT}/{'x' * 201}/stream"), 400, "INVALID_REQUEST", "chat_id"),
            (await http.get("/api/ai/nothing"), 404, "NOT_FOUND", "nothing at this address"),
        ]
    for response, status, code, says in asked:
        assert (response.status_code, response.headers["x-error-code"]) == (status, code), response.text
        assert response.headers["content-type"].startswith("text/plain")
        assert says in response.text
        assert "{" not in response.text


async def test_a_provider_that_refuses_is_told_with_its_status_and_one_that_breaks_in_the_answer(here: Site) -> None:
    async with here.http() as http:
        asking = asyncio.create_task(http.post(CHAT, json=body()))
        (await here.provider.next_call()).fail(RateLimited("Too fast.", retry_after=7, detail="sk-secret"))
        refused = await asking
        assert (refused.status_code, refused.text) == (429, "Too fast.")
        assert (refused.headers["retry-after"], refused.headers["x-error-code"]) == ("7", "RATE_LIMIT")
        asking = asyncio.create_task(http.post(CHAT, json=body("And?")))
        call = await here.provider.next_call()
        call.say("Half")
        call.fail(ProviderTimeout("Silent."))
        broken = await asking
        assert broken.status_code == 200
        assert chunks(broken.text)[-1] == {"type": "error", "errorText": "Silent."}


async def test_a_callers_own_key_is_only_taken_where_that_is_allowed(here: Site) -> None:
    async with here.http() as http:
        refused = await http.post(CHAT, json=body(), headers={"X-Provider-Key": "sk-mine"})
    assert (refused.status_code, refused.headers["x-error-code"]) == (403, "UNAUTHORIZED")


async def test_another_users_conversation_is_not_there(here: Site) -> None:
    async with here.http() as ana, here.http(BEN) as ben:
        told = chunks((await answered(here, ana, "So.", json=body())).text)
        session_id, message_id = told[0]["messageMetadata"]["sessionId"], told[0]["messageId"]
        again = body(trigger="regenerate-message", messageId=message_id)
        refused = [
            await ben.post(CHAT, json=body(chat=session_id)),
            await ben.get(f"{CHAT}/{session_id}/stream"),
            await ben.get(f"{CHAT}/{session_id}/messages"),
            await ben.post(f"{CHAT}/{session_id}/stop"),
            await ben.post(CHAT, json={**again, "id": session_id}),
            await ben.post(CHAT, json=again),
        ]
        assert [response.status_code for response in refused] == [404] * 6
        # The same name is another conversation of another user.
        assert (await ben.get(f"{CHAT}/c1/stream")).status_code == 204
        assert (await ben.get(f"{CHAT}/c1/messages")).json() == {"id": "c1", "messages": [], "activeStreamId": None}
        # And its own id names a session as well as the client's name does.
        by_id, by_name = [(await ana.get(f"{CHAT}/{name}/messages")).json() for name in (session_id, "c1")]
        assert by_id["messages"] == by_name["messages"]
        assert [message["parts"][0]["text"] for message in by_id["messages"]] == ["Why?", "So."]


async def test_names_may_hold_anything_that_a_path_can(here: Site) -> None:
    name = "a/b c?d#ä%2F."
    async with here.http() as http:
        await answered(here, http, "So.", json=body(chat=name))
        path = f"{CHAT}/a%2Fb%20c%3Fd%23%C3%A4%252F."
        assert len((await http.get(f"{path}/messages")).json()["messages"]) == 2
        assert (await http.get(f"{path}/stream")).status_code == 204
        assert (await http.post(f"{path}/stop")).json() == {"success": True}


async def test_the_same_message_twice_is_one_turn_and_too_late_its_stored_answer(here: Site) -> None:
    async with here.http() as http:
        first = await answered(here, http, "So.", json=body())
        assert (await http.post(CHAT, json=body())).text == first.text, "the log is read again"
        started = chunks(first.text)[0]
        log = here.services.engine._log
        await log.prune(here.services.clock.now_ms() + 10**9)
        here.services.engine._hub._turns.clear()
        late = await http.post(CHAT, json=body())
        assert (late.status_code, late.headers["x-error-code"]) == (404, "NO_ACTIVE_STREAM")
        assert late.headers["x-message-id"] == started["messageId"]
        assert late.headers["x-session-id"] == started["messageMetadata"]["sessionId"]


async def test_too_many_streams_start_nothing(here: Site) -> None:
    async with here.http() as http:
        asking = [asyncio.create_task(http.post(CHAT, json=body(chat=f"c{number}"))) for number in range(3)]
        calls = [await here.provider.next_call() for _ in asking]
        refused = await http.post(CHAT, json=body(chat="c9"))
        assert (refused.status_code, refused.headers["x-error-code"]) == (429, "RATE_LIMIT")
        assert (await http.get(f"{CHAT}/c9/messages")).json()["messages"] == []
        for call in calls:
            call.finish()
        await asyncio.gather(*asking)


async def test_a_client_that_leaves_changes_nothing_for_who_stays(here: Site) -> None:
    async with here.http() as http:
        speaking = asyncio.create_task(here.provider.next_call())
        speaking.add_done_callback(lambda done: done.result().say("So"))
        async with http.stream("POST", CHAT, json=body()) as left:
            call = await speaking
            lines = left.aiter_lines()
            while "text-delta" not in await anext(lines):
                pass
            staying = asyncio.create_task(http.get(f"{CHAT}/c1/stream"))
            while here.services.engine.status().followers < 2:
                await asyncio.sleep(0.005)
        while here.services.engine.status().followers > 1:
            await asyncio.sleep(0.005)
        call.say(" it is.")
        call.finish()
        told = chunks((await staying).text)
    assert "".join(chunk["delta"] for chunk in told if chunk["type"] == "text-delta") == "So it is."
    assert told[-1]["finishReason"] == "stop"
