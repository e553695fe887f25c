"""`chat` in HTTP requests over real sockets: a stream as from a WebSocket, its limits, and stopping without one."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.support.site import BEN, LIMIT_S, site

PATH = "/api/v1/chat/stream"
ASK = {"type": "chat_request", "data": {"message": "Hi", "request_id": "r"}}


def frames_of(body: str) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in body.split("\n") if line.startswith("data: {") and line != "data: {}"]


async def test_an_answer_by_exchange_and_its_limits(tmp_path: Path) -> None:
    generation = {"emotion_enabled": False}
    limits = {"connections_per_user": 2, "frame_bytes": 2000}
    async with site(tmp_path, generation=generation, limits=limits) as here, here.http() as http:
        for body in (b"{}", b"[1", b"\xff", json.dumps([ASK] * 201).encode()):
            assert (await http.post(PATH, content=body)).status_code == 400
        long = {"type": "chat_request", "data": {"message": "x" * 3000}}
        assert (await http.post(PATH, json=[long])).status_code == 413
        assert (await http.post(PATH, json=[], headers={"Authorization": ""})).status_code == 401

        nothing = await http.post(PATH, json=[])
        assert nothing.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert nothing.text.endswith("event: end\ndata: {}\n\n")
        foreign = {"type": "chat_request", "data": {"message": "Hi", "user_id": "ben"}}
        [refused] = frames_of((await http.post(PATH, json=[foreign])).text)
        assert refused["data"]["error"]["code"] == "INVALID_REQUEST"

        asked = asyncio.create_task(http.post(PATH, json=[ASK]))
        call = await here.provider.next_call()
        twice = asyncio.create_task(http.post(PATH, json=[ASK]))
        async with asyncio.timeout(LIMIT_S):
            while here.services.connections.total < 2:
                await asyncio.sleep(0.005)
        assert (await http.post(PATH, json=[])).status_code == 429
        call.say("one ", "two")
        session_id = (await http.get("/api/sessions")).json()["sessions"][0]["id"]
        stop = "/api/v1/chat/stop"
        async with here.http(BEN) as other:
            assert (await other.post(stop, json={"session_id": session_id})).status_code == 404
            assert (await other.post(stop, json={"request_id": "r"})).status_code == 404
        assert (await http.post(stop, json={})).status_code == 400
        assert (await http.post(stop, json={"request_id": "r"})).status_code == 204
        told = [frames_of((await one).text) for one in (asked, twice)]
        assert told[0][-1]["type"] == "chat_cancelled"
        assert told[1][-1] == told[0][-1], "the same request is the same answer"
        again = await http.post(stop, json={"session_id": session_id})
        assert (again.status_code, again.json()["code"]) == (404, "NO_ACTIVE_STREAM")
        assert here.services.connections.total == 0
