"""The endpoints in the real app behind real sockets; here `session`, whose tabs share one conversation."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.site import BEN, Site, site
from websockets.exceptions import ConnectionClosed

from millrace.model.errors import ProviderFailure, RateLimited
from millrace.server import websockets


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, caller_api_keys=True) as running:
        yield running


async def test_all_tabs_of_a_conversation_see_every_turn(here: Site) -> None:
    async with here.connect("/ws/chat/main") as one, here.connect("/ws/chat/main") as two:
        await one.send(content="Why?", ultra_thinking=True, api_keys={"scripted": "sk-mine"})
        call = await here.provider.next_call()
        assert (call.request.reasoning, call.request.api_key) == (True, "sk-mine")
        call.think("Hm.")
        call.say("Be", "cau")
        await two.got(lambda frame: frame.get("content") == "cau")
        async with here.connect("/ws/chat/main") as late, here.connect("/ws/chat/main", BEN) as stranger:
            await late.first("chunk")
            call.say("se")
            call.finish()
            ends = [await tab.first("complete") for tab in (one, two, late)]
            assert {end["full_content"] for end in ends} == {"Because"}
            assert len({end["digest"] for end in ends}) == 1
            assert two.kinds == ["start", "thinking", "chunk", "chunk", "chunk", "complete"]
            assert [frame["content"] for frame in late.frames if frame["type"] == "chunk"] == ["Becau", "se"]
            await stranger.send(type="ping")
            await stranger.first("pong")
            assert stranger.kinds == ["pong"]


async def test_what_goes_wrong_is_told_and_the_connection_stays(here: Site) -> None:
    async with here.connect("/ws/chat/main") as tab:
        await tab.socket.send("garbage")
        await tab.send(content="One?")
        (await here.provider.next_call()).fail(RateLimited("Wait.", retry_after=3))
        await tab.got(lambda frame: frame.get("code") == "RATE_LIMIT")
        await tab.send(content="Two?")
        call = await here.provider.next_call()
        call.say("Half")
        call.fail(ProviderFailure())
        broken = await tab.got(lambda frame: frame.get("code") == "PROVIDER_FAILURE")
        assert broken["partial_content"] == "Half"
        await tab.send(content="Three?")
        call = await here.provider.next_call()
        call.say("Whole")
        await tab.got(lambda frame: frame.get("content") == "Whole")
        await tab.send(type="stop")
        end = await tab.first("complete")
        assert (end["finish_reason"], end["full_content"]) == ("cancelled", "Whole")
        assert tab.kinds == ["error", "start", "error", "start", "chunk", "error", "start", "chunk", "complete"]


async def test_one_who_lost_the_connection_comes_back_in_the_middle(here: Site) -> None:
    async with here.connect("/ws/chat/main") as tab:
        await tab.send(content="Why?")
        call = await here.provider.next_call()
        call.say("One ")
        await tab.first("chunk")
        await tab.cut()
    call.say("two ")
    async with here.connect("/ws/chat/main") as tab:
        await tab.first("chunk")
        call.say("three")
        call.finish()
        end = await tab.first("complete")
    assert end["full_content"] == "One two three"
    assert "".join(frame["content"] for frame in tab.frames if frame["type"] == "chunk") == "One two three"


async def test_two_questions_wait_for_each_other(here: Site) -> None:
    async with here.connect("/ws/chat/main") as one, here.connect("/ws/chat/main") as two:
        await one.send(content="One?")
        first = await here.provider.next_call()
        await two.send(content="Two?")
        first.say("1")
        first.finish()
        (await here.provider.next_call()).finish()
        for tab in (one, two):
            await tab.got(lambda frame: frame["type"] == "complete" and frame["full_content"] == "")
            assert tab.kinds == ["start", "chunk", "complete", "start", "complete"]


async def test_a_silent_client_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websockets, "SESSION_IDLE_S", 0.05)
    async with site(tmp_path) as here, here.connect("/ws/chat/main") as tab:
        await tab.socket.wait_closed()
        assert tab.socket.close_code == 1001
        with pytest.raises(ConnectionClosed):
            await tab.send(type="ping")


async def test_the_status_counts_what_is_the_callers_own_and_all_for_an_operator(tmp_path: Path) -> None:
    async with (
        site(tmp_path, auth={"operators": ["ben", "Boss@Example.com"]}) as here,
        here.connect("/ws/chat/main") as tab,
        here.connect("/ws/chat/main"),
        here.connect("/api/ws/chat", BEN),
        here.http() as ana,
        here.http(BEN) as ben,
    ):
        await tab.send(content="Why?")
        call = await here.provider.next_call()
        session_id = (await tab.first("start"))["session_id"]
        mine = {session_id: {"connections": 2, "active_turns": 1}}
        assert (await ana.get("/api/stream/status")).json() == {
            "scope": "own",
            "connections": 2,
            "active_turns": 1,
            "sessions": mine,
        }
        assert (await ben.get("/api/stream/status")).json() == {
            "scope": "all",
            "connections": 3,
            "active_turns": 1,
            "sessions": mine,
        }
        call.finish()
        await tab.first("complete")
