"""The bytes of a run, and what is refused."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.support.site import BEN, Site, site

RUN = "/api/ag-ui"


def body(text: str = "Why?", thread: str = "th", run: str = "r1") -> dict[str, Any]:
    return {"threadId": thread, "runId": run, "messages": [{"id": "m1", "role": "user", "content": text}]}


def events(text: str) -> list[dict[str, Any]]:
    *records, nothing = text.split("\n\n")
    assert nothing == ""
    return [json.loads(record.removeprefix("data: ")) for record in records if not record.startswith(":")]


def nulls(value: Any) -> bool:
    """Whether there is a null at any depth."""
    if isinstance(value, dict):
        return any(nulls(each) for each in value.values())
    return any(nulls(each) for each in value) if isinstance(value, list) else value is None


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as here:
        yield here


async def answered(here: Site, http: httpx2.AsyncClient, *pieces: str, **request: Any) -> httpx2.Response:
    asking = asyncio.create_task(http.post(RUN, **request))
    call = await here.provider.next_call()
    call.think("Hm.")
    call.say(*pieces)
    call.finish()
    return await asking


async def test_the_stream_is_what_the_client_takes(here: Site) -> None:
    async with here.http() as http:
        accept = {"Accept": "text/event-stream", "Accept-Encoding": "gzip"}
        answer = await answered(here, http, "So ", "ä☀.", json=body(), headers=accept)
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert not {"content-length", "content-encoding"} & set(answer.headers)
        assert b"\r" not in answer.content
        assert b"[DONE]" not in answer.content
        assert {line.split(b":")[0] for line in answer.content.split(b"\n") if line} == {b"data"}
        told = events(answer.text)
        assert not nulls(told)
        assert "".join(event["delta"] for event in told if event["type"] == "TEXT_MESSAGE_CONTENT") == "So ä☀."
        assert (told[0]["type"], told[-1]["type"]) == ("RUN_STARTED", "RUN_FINISHED")
        assert (await http.post(RUN, json=body())).text == answer.text, "the same run is the same turn"
        joined = events((await http.post(f"{RUN}/connect", json={**body(), "messages": []})).text)
        assert [event["type"] for event in joined] == ["RUN_STARTED", "MESSAGES_SNAPSHOT", "RUN_FINISHED"]
        assert not nulls(joined)
        assert [message["content"] for message in joined[1]["messages"]] == ["Why?", "So ä☀."]


async def test_what_is_wrong_is_a_problem(here: Site) -> None:
    async with here.http() as ana, here.http(BEN) as ben, httpx2.AsyncClient(base_url=here.url) as nobody:
        answer = await answered(here, ana, "So.", json=body())
        session_id = events(answer.text)[0]["metadata"]["sessionId"]
        asked: list[tuple[httpx2.Response, int, str]] = [
            (await ana.post(RUN, content=b"{"), 400, "not valid JSON"),
            (await ana.post(RUN, json={"threadId": "th"}), 400, "`runId`"),
            (await ana.post(RUN, json=body(" ", run="r2")), 400, "The message is empty"),
            (await ana.post(RUN, json=body("x" * 32_001, run="r2")), 413, "32,001 characters"),
            (await ana.post(RUN, content=b"x" * 1_048_577), 413, "1,048,576 bytes"),
            (await ana.post(f"{RUN}/connect", json=[]), 400, "no JSON object"),
            (await nobody.post(RUN, json=body()), 401, "Sign in"),
            (await nobody.post(f"{RUN}/connect", json=body()), 401, "Sign in"),
            (await ben.post(RUN, json=body(thread=session_id)), 404, "not yours"),
            (await ben.post(f"{RUN}/connect", json=body(thread=session_id)), 404, "not yours"),
        ]
        for response, status, says in asked:
            assert (response.status_code, response.json()["status"]) == (status, status), response.text
            assert says in response.json()["detail"]
        empty = events((await ben.post(f"{RUN}/connect", json=body())).text)
        assert empty[1]["messages"] == [], "the same name is another conversation of another user"


async def test_too_late_a_problem_names_the_stored_answer(here: Site) -> None:
    async with here.http() as http:
        started = events((await answered(here, http, "So.", json=body())).text)[0]["metadata"]
        await here.services.engine._log.prune(here.services.clock.now_ms() + 10**9)
        here.services.engine._hub._turns.clear()
        late = (await http.post(RUN, json=body())).json()
    assert (late["status"], late["code"]) == (404, "NO_ACTIVE_STREAM")
    assert (late["message_id"], late["session_id"]) == (started["messageId"], started["sessionId"])
