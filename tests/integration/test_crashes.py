"""kill -9 and SIGTERM in the middle of answers, by real processes."""

import asyncio
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.support.chat_client import Chat, Visitor, WatchedTurn, digest, text_of
from tests.support.server import start_server
from websockets.exceptions import ConnectionClosed

from millrace.testing.simulator import expected_text

TURNS = 50


MODELS = ("sim/sim?", "plain/sim?overlap=8&", "plain/sim?")
"""One goes on from the text, one from some words before its end, one begins again: nothing is lost or twice."""


async def ask_many(visitor: Visitor, stack: list[Any], behaviour: str) -> list[WatchedTurn]:
    """Fifty turns, each on a connection of its own."""
    turns: list[WatchedTurn] = []
    for number in range(TURNS):
        connection = visitor.connect()
        chat: Chat = await connection.__aenter__()
        stack.append(connection)
        model = f"{MODELS[number % len(MODELS)]}seed={number}&{behaviour}"
        turns.append(await chat.ask(f"Number {number}.", model=model))
    return turns


async def leave(stack: list[Any]) -> None:
    for connection in stack:
        with suppress(ConnectionClosed):
            await connection.__aexit__(None, None, None)


def seen(turn: WatchedTurn) -> list[dict[str, Any]]:
    return [frame for frame in turn.frames if frame["type"] == "content_token" and not frame["data"]["is_final"]]


async def returns(visitor: Visitor, turn: WatchedTurn) -> tuple[WatchedTurn, dict[str, Any]]:
    """Come back for a turn, as a client does: with the last `seq` it saw."""
    async with visitor.connect() as chat:
        resumed = await chat.resume(turn.turn_id, turn.last_seq)
        return resumed, await resumed.end()


async def test_kill_9_in_the_middle_of_fifty_turns(tmp_path: Path, environment: dict[str, str]) -> None:
    """Nothing that a client saw is lost or taken back, and each turn is finished by the next process."""
    data = tmp_path / "data"
    server = start_server(data, environment=environment)
    async with Visitor.guest(server.url) as visitor:
        stack: list[Any] = []
        turns = await ask_many(visitor, stack, "tokens=400&interval_ms=25&text=mixed")
        await asyncio.gather(*(turn.until(random.Random(turn.request_id).randint(1, 60)) for turn in turns))
        server.kill()
        await leave(stack)
        before = {turn.turn_id: turn.text for turn in turns}
        assert all(turn.over is None for turn in turns)
        server = start_server(data, environment=environment)
        try:
            back = visitor.at(server.url)
            ends = await asyncio.gather(*(returns(back, turn) for turn in turns))
            for number, (turn, (resumed, end)) in enumerate(zip(turns, ends, strict=True)):
                assert resumed.types[-1] == "chat_complete", end
                text = text_of(seen(turn) + seen(resumed))
                assert text.startswith(before[turn.turn_id])
                assert text == end["full_message"] == expected_text(f"sim?seed={number}&tokens=400&text=mixed")
                assert digest(text) == end["digest"]
                stored = (await back.conversation(turn.session_id))["messages"]
                assert [message["content"] for message in stored[1:]] == [text]
            await back.http.aclose()
        finally:
            server.stop()


async def test_kill_9_where_nobody_may_go_on(tmp_path: Path, environment: dict[str, str]) -> None:
    """The turn ends as interrupted, and what was seen of it is kept."""
    data = tmp_path / "data"
    environment = {**environment, "MILLRACE_ROUTING__CONTINUE_WITHOUT_PREFILL": "false"}
    server = start_server(data, environment=environment)
    async with Visitor.guest(server.url) as visitor:
        stack: list[Any] = []
        connection = visitor.connect()
        chat: Chat = await connection.__aenter__()
        stack.append(connection)
        turn = await chat.ask("Talk.", model="plain/sim?tokens=400&interval_ms=10")
        waiting = await chat.ask("And then?", model="plain/sim?tokens=3&seed=9")
        await turn.until(20)
        follow_up = await chat.ask("More.", session_id=turn.session_id, model="sim/sim?tokens=3")
        await waiting.end()
        while len((await visitor.conversation(turn.session_id))["running"]) < 2:
            await asyncio.sleep(0.01)
        server.kill()
        await leave(stack)
        server = start_server(data, environment=environment)
        try:
            back = visitor.at(server.url)
            resumed, end = await returns(back, turn)
            assert resumed.types[-1] == "chat_error"
            assert end["error"]["code"] == "INTERRUPTED"
            text = text_of(seen(turn) + seen(resumed))
            assert end["partial_message"] == text
            assert text.startswith(turn.text)
            async with asyncio.timeout(10):
                while len(messages := (await back.conversation(turn.session_id))["messages"]) < 4:
                    await asyncio.sleep(0.05)
            assert [(m["role"], m["status"]) for m in messages] == [
                ("user", "complete"),
                ("assistant", "failed"),
                ("user", "complete"),
                ("assistant", "complete"),
            ], "what waited behind it was answered"
            assert (messages[1]["content"], messages[2]["content"]) == (text, "More.")
            assert follow_up.frames == []
            await back.http.aclose()
        finally:
            server.stop()


async def test_a_request_sent_again_after_a_crash_runs_once(tmp_path: Path, environment: dict[str, str]) -> None:
    data = tmp_path / "data"
    server = start_server(data, environment=environment)
    async with Visitor.guest(server.url) as visitor:
        connection = visitor.connect()
        chat = await connection.__aenter__()
        turn = await chat.ask("Talk.", model="sim/sim?tokens=100&interval_ms=10", request_id="once")
        await turn.until(10)
        server.kill()
        await leave([connection])
        server = start_server(data, environment=environment)
        try:
            back = visitor.at(server.url)
            async with back.connect() as chat:
                again = await chat.ask("Talk.", model="sim/sim?tokens=100&interval_ms=10", request_id="once")
                end = await again.end()
                assert again.turn_id == turn.turn_id
                assert again.text == end["full_message"]
            sessions = (await back.http.get("/api/sessions")).json()["sessions"]
            assert len(sessions) == 1
            await back.http.aclose()
        finally:
            server.stop()


async def test_sigterm_hands_turns_over_and_closes_with_1012(tmp_path: Path, environment: dict[str, str]) -> None:
    data = tmp_path / "data"
    server = start_server(data, environment=environment)
    async with Visitor.guest(server.url) as visitor:
        connection = visitor.connect()
        chat = await connection.__aenter__()
        turn = await chat.ask("Talk.", model="sim/sim?tokens=200&interval_ms=10")
        await turn.until(20)
        assert await asyncio.to_thread(server.stop) == 0
        assert (await chat.wait_closed())[0] == 1012
        await leave([connection])
        assert turn.over is None
        server = start_server(data, environment=environment)
        try:
            back = visitor.at(server.url)
            resumed, end = await returns(back, turn)
            text = text_of(seen(turn) + seen(resumed))
            assert text == end["full_message"]
            assert digest(text) == end["digest"]
            await back.http.aclose()
        finally:
            server.stop()


async def test_a_turn_nobody_watches_stops_where_the_operator_wants_that(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    cancel = {
        **environment,
        "MILLRACE_GENERATION__ON_DISCONNECT": "cancel",
        "MILLRACE_GENERATION__DISCONNECT_GRACE_S": "0.2",
    }
    server = start_server(tmp_path / "data", environment=cancel)
    try:
        async with Visitor.guest(server.url) as visitor:
            async with visitor.connect() as chat:
                turn = await chat.ask("Talk.", model="sim/sim?tokens=2000&interval_ms=10")
                await turn.until(5)
                await chat.cut()
            async with asyncio.timeout(5):
                while (await visitor.conversation(turn.session_id))["running"]:
                    await asyncio.sleep(0.02)
            resumed, end = await returns(visitor, turn)
            assert resumed.types[-1] == "chat_cancelled"
            assert end["cancelled_by"] == "disconnect"
            assert end["partial_message"] == text_of(seen(turn) + seen(resumed))
    finally:
        server.stop()


async def test_two_servers_never_share_a_data_folder(tmp_path: Path) -> None:
    server = start_server(tmp_path / "data")
    try:
        with pytest.raises(AssertionError, match="Another Millrace uses the data folder"):
            start_server(tmp_path / "data")
        async with httpx2.AsyncClient() as http:
            assert (await http.get(server.url + "/healthz")).status_code == 200
    finally:
        server.stop()
