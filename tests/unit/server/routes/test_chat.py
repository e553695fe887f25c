"""Whole answers in one request: an answer is written anew, once for each request, and only for whom it belongs to."""

import asyncio
from pathlib import Path

from tests.support.site import BEN, site


async def test_an_answer_is_written_anew(tmp_path: Path) -> None:
    async with site(tmp_path, generation={"emotion_enabled": False}) as here, here.http() as http:
        asking = asyncio.create_task(http.post("/api/v1/chat", json={"message": "Hi"}))
        call = await here.provider.next_call()
        call.say("Old")
        call.finish()
        first = (await asking).json()
        again = {"session_id": first["session_id"], "message_id": first["message_id"], "request_id": "r"}
        asking = asyncio.create_task(http.post("/api/v1/chat/regenerate", json=again))
        call = await here.provider.next_call()
        call.say("New")
        call.finish()
        second = (await asking).json()
        assert (second["message"], second["message_id"]) == ("New", first["message_id"])
        twice = (await http.post("/api/v1/chat/regenerate", json=again)).json()
        assert twice["turn_id"] == second["turn_id"]
        [_, answer] = (await http.get(f"/api/sessions/{first['session_id']}")).json()["messages"]
        assert (answer["content"], answer["version_count"]) == ("New", 2)
        async with here.http(BEN) as other:
            assert (await other.post("/api/v1/chat/regenerate", json=again)).status_code == 404
