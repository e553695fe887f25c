"""Socket.IO in the real app behind real sockets, with python-socketio's own client."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from socketio.exceptions import ConnectionError as NotConnected
from tests.support.clock import ManualClock
from tests.support.site import ANA, BEN, Site, site
from tests.support.socketio_client import socketio_client
from websockets.asyncio.client import connect

from millrace.model.errors import ProviderFailure
from millrace.transports import socketio as transport

WAYS = (["websocket"], ["polling"], ["polling", "websocket"])


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as running:
        yield running


def client(here: Site, user: Any = ANA, **options: Any) -> Any:
    return socketio_client(here.url, auth={"token": here.token(user)}, **options)


async def test_an_answer_comes_token_by_token_and_the_question_is_acknowledged(here: Site) -> None:
    async with client(here) as tab, client(here, BEN) as ben:
        for ways in WAYS:
            async with client(here, transports=ways) as ana:
                told = await ana.ask("chat_stream", {"message": "Why?"})
                assert told["ok"]
                call = await here.provider.next_call()
                for word in range(30):
                    call.say(f"{word} ☀ ")
                    await asyncio.sleep(0)
                call.finish()
                end = await ana.first("chat_complete")
                assert ana.text("chat_token") == "".join(f"{word} ☀ " for word in range(30)), ways
                assert (end["tokens"], end["session_id"], end["turn_id"]) == (30, told["session_id"], told["turn_id"])
                counts = [data["count"] for name, data in ana.events if name == "chat_token"]
                assert (counts[-1], counts) == (30, sorted(counts))
        assert tab.events == ben.events == [], "who asked is answered, and nobody else"


async def test_one_who_comes_back_gets_what_follows(here: Site) -> None:
    for ways in WAYS:
        async with client(here, transports=ways) as ana:
            told = await ana.ask("chat_stream", {"message": "Why?"})
            call = await here.provider.next_call()
            call.say("One ")
            first = await ana.first("chat_token")
        call.say("two ")
        async with client(here, transports=ways) as ana:
            again = await ana.ask("chat_resume", {"turn_id": told["turn_id"], "after_seq": first["seq"]})
            assert again == told
            await ana.got(lambda _, data: "two" in data.get("token", ""))
            call.say("three")
            call.finish()
            await ana.first("chat_complete")
            assert ana.text("chat_token") == "two three", ways
    async with client(here, BEN) as ben:
        assert (await ben.ask("chat_resume", {"turn_id": told["turn_id"]}))["code"] == "NO_ACTIVE_STREAM"
        assert (await ben.ask("chat_stop", {"session_id": told["session_id"]}))["code"] == "NOT_FOUND"


async def test_a_stop_and_a_failure(here: Site) -> None:
    async with client(here) as ana:
        told = await ana.ask("chat_stream", {"message": "Why?"})
        call = await here.provider.next_call()
        call.say("Half")
        await ana.first("chat_token")
        assert (await ana.ask("chat_stop", {"session_id": told["session_id"]}))["turn_id"] == told["turn_id"]
        assert (await ana.first("chat_complete"))["cancelled"] == "user"
        await ana.ask("chat_stream", {"message": "Again?"})
        (await here.provider.next_call()).fail(ProviderFailure())
        assert (await ana.first("chat_error"))["code"] == "PROVIDER_FAILURE"


WRONG: tuple[tuple[str, Any, str], ...] = (
    ("chat_stream", None, "INVALID_REQUEST"),
    ("chat_stream", {"message": ["a"]}, "INVALID_REQUEST"),
    ("chat_stream", {"message": " "}, "INVALID_REQUEST"),
    ("chat_stream", {"message": "a", "user_id": "ben"}, "INVALID_REQUEST"),
    ("chat_stream", {"message": "a", "session_id": "nobodys"}, "NOT_FOUND"),
    ("chat_stream", {"message": b"bytes"}, "INVALID_REQUEST"),
    ("chat_stop", {}, "INVALID_REQUEST"),
    ("chat_resume", {"turn_id": "gone"}, "NO_ACTIVE_STREAM"),
    ("chat_shout", {}, "INVALID_REQUEST"),
    ("connect", {"asgi.scope": {}}, "INVALID_REQUEST"),
    ("disconnect", "x", "INVALID_REQUEST"),
)


async def test_whatever_is_sent_is_acknowledged_and_disturbs_nothing(here: Site) -> None:
    async with client(here) as ana:
        for event, data, code in WRONG:
            told = await ana.ask(event, data)
            assert (told["ok"], told["code"]) == (False, code), (event, data)
        told_too = [data["code"] for name, data in ana.events if name == "chat_error"]
        assert told_too == [code for event, _, code in WRONG if event.startswith("chat_")]
        assert (await ana.ask("chat_stream", {"message": "Still there?"}))["ok"]
        (await here.provider.next_call()).finish()
        await ana.first("chat_complete")


GARBAGE = (
    "",
    "garbage",
    "b!",
    "9",
    "4",
    "4x",
    "49",
    "42{",
    '42{"a":1}',
    "42[]",
    "42[[1]]",
    "451-[",
    '42["' + "x" * 200,
    "42" + "[" * 5000,
    "4" + "[" * 5000,
)


async def test_packets_that_are_none_are_answered(here: Site) -> None:
    url = f"{here.url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
    async with connect(url, compression=None) as raw:
        assert json.loads((await raw.recv())[1:])["maxPayload"] == 65_536
        await raw.send("40" + json.dumps({"token": here.token()}))
        assert (await raw.recv())[:2] == "40"
        for garbage in GARBAGE:
            await raw.send(garbage)
            answer = json.loads(str(await raw.recv()).removeprefix("42"))
            assert (answer[0], answer[1]["code"]) == ("chat_error", "INVALID_REQUEST"), garbage
        await raw.send('421["chat_stop",{}]')
        answers = [str(await raw.recv()), str(await raw.recv())]
        assert sum(answer.startswith("431[") for answer in answers) == 1


async def test_a_token_that_expires_in_the_middle(tmp_path: Path) -> None:
    clock = ManualClock(time.time_ns() // 1_000_000)
    async with site(tmp_path, clock=clock) as here, socketio_client(here.url, auth={"token": here.token()}) as ana:
        assert (await ana.ask("chat_stream", {"message": "Why?"}))["ok"]
        call = await here.provider.next_call()
        clock.jump(3601)
        assert (await ana.ask("chat_stream", {"message": "And?"}))["code"] == "UNAUTHORIZED"
        call.say("So.")
        call.finish()
        assert (await ana.first("chat_complete"))["tokens"] == 1, "what was begun goes on"


async def test_too_many_connections_and_packets(tmp_path: Path) -> None:
    async with site(tmp_path, limits={"connections_per_user": 1, "frames_per_second": 20}) as here, client(here) as ana:
        with pytest.raises(NotConnected):
            async with client(here):
                pass
        for _ in range(100):
            if not ana.io.connected:
                break
            await ana.io.emit("chat_stop", {})
        async with asyncio.timeout(10):
            await ana.gone.wait()


async def test_one_who_never_says_who_it_is_does_not_stay(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CONNECT_S", 0.05)
    url = f"{here.url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
    async with connect(url, compression=None) as raw:
        await raw.recv()
        await raw.wait_closed()
        assert (raw.close_code, raw.close_reason) == (1008, "Not signed in")


async def test_what_a_user_is_told_reaches_all_tabs_and_nobody_else(here: Site) -> None:
    async with client(here) as one, client(here, transports=["polling"]) as two, client(here, BEN) as ben:
        await here.app.state.socketio.tell("ana", "document-ready", {"documentId": "d1"})
        for tab in (one, two):
            assert (await tab.first("document-ready")) == {"documentId": "d1"}
        assert ben.events == []


async def test_a_client_that_reads_nothing_holds_a_place_and_no_memory(here: Site) -> None:
    url = f"{here.url}/socket.io/?EIO=4&transport=polling"
    async with httpx2.AsyncClient() as http:
        opened = (await http.get(url)).text
        url += f"&sid={json.loads(opened[1:])['sid']}"
        await http.post(url, content="40" + json.dumps({"token": here.token()}))
        assert (await http.get(url)).text.startswith("40")
        await http.post(url, content='42["chat_stream",{"message":"Why?"}]')
        call = await here.provider.next_call()
        for word in range(5000):
            call.say(f"{word} ")
        call.finish()
        async with asyncio.timeout(10):
            while here.services.engine.status().running:
                await asyncio.sleep(0.01)
        texts: list[str] = []
        while True:
            packets = (await http.get(url)).text.split("\x1e")
            assert len(packets) <= 8
            events = [json.loads(packet.removeprefix("42")) for packet in packets if packet.startswith("42")]
            texts += [data["token"] for name, data in events if name == "chat_token"]
            if any(name == "chat_complete" for name, _ in events):
                break
        assert "".join(texts) == "".join(f"{word} " for word in range(5000))
        assert len(texts) < 20, "what was pending came together"


async def test_nobody_is_left_behind(here: Site) -> None:
    async with client(here) as ana, client(here, transports=["polling"]):
        await ana.ask("chat_stream", {"message": "Why?"})
        call = await here.provider.next_call()
        assert here.services.connections.total == 2
    async with asyncio.timeout(10):
        while here.services.connections.total or here.services.engine.status().followers:
            await asyncio.sleep(0.01)
    call.finish()
