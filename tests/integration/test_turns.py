"""The main job, by real processes: ask, stop, resume, two tabs, garbage, a hundred at once."""

import asyncio
import time
from contextlib import suppress
from typing import Any

import pytest
from tests.support.chat_client import Chat, Visitor, digest, text_of
from tests.support.journal import requests_of
from tests.support.server import RunningServer
from websockets.exceptions import ConnectionClosed

from millrace.testing.simulator.process import SimulatorProcess


async def test_the_order_of_events_is_exact(chat: Chat, visitor: Visitor) -> None:
    turn = await chat.ask("Think.", model="sim/sim?tokens=12&reasoning=8&seed=3", enable_reasoning=True)
    end = await turn.end()
    types = [kind for i, kind in enumerate(turn.types) if i == 0 or kind != turn.types[i - 1]]
    assert types == [
        "thinking_started",
        "emotion_update",
        "reasoning_step",
        "thinking_complete",
        "content_token",
        "emotion_update",
        "chat_complete",
    ]
    tokens = [frame["data"] for frame in turn.frames if frame["type"] == "content_token"]
    assert [token["token_index"] for token in tokens] == list(range(13))
    assert [token["is_final"] for token in tokens] == [False] * 12 + [True]
    assert end["full_message"] == turn.text
    assert end["digest"] == digest(turn.text)
    assert end["metadata"]["usage"]["output_tokens"] > 0
    conversation = await visitor.conversation(turn.session_id)
    assert [m["content"] for m in conversation["messages"]] == ["Think.", turn.text]
    assert conversation["running"] == []


async def test_reasoning_is_shown_only_where_it_was_asked_for(chat: Chat) -> None:
    turn = await chat.ask("Answer.", model="sim/sim?tokens=3&reasoning=8")
    await turn.end()
    assert set(turn.types) == {"thinking_started", "emotion_update", "content_token", "chat_complete"}


async def test_a_stop_closes_the_upstream_and_stores_the_partial(
    chat: Chat, visitor: Visitor, simulator: SimulatorProcess
) -> None:
    turn = await chat.ask("Talk.", model="sim/sim?tokens=1000&interval_ms=10")
    await turn.until(5)
    asked = time.time()
    await chat.send("chat_stop", session_id=turn.session_id)
    end = await turn.end()
    assert turn.types[-1] == "chat_cancelled"
    [request] = await requests_of(simulator, settled_within_s=5)
    assert request.closed_by == "client"
    assert request.closed_at is not None
    assert request.closed_at - asked < 0.2, "the upstream connection was closed in time"
    assert end["partial_message"] == turn.text
    assert end["tokens_generated"] == turn.types.count("content_token") - 1
    stored = (await visitor.conversation(turn.session_id))["messages"][1]
    assert (stored["content"], stored["status"]) == (turn.text, "cancelled")
    await chat.send("chat_stop", session_id=turn.session_id)
    assert (await chat.other())["data"]["error"]["code"] == "NO_ACTIVE_STREAM"


async def test_a_stop_from_another_device(chat: Chat, visitor: Visitor) -> None:
    turn = await chat.ask("Talk.", model="sim/sim?tokens=1000&interval_ms=10")
    await turn.until(2)
    async with visitor.connect() as phone:
        await phone.send("chat_stop", session_id=turn.session_id)
        answer = await phone.other()
        assert answer["type"] in {"content_token", "chat_cancelled"}
    assert (await turn.end())["partial_message"] == turn.text


async def test_resume_at_every_seq_gives_the_same_text(chat: Chat, visitor: Visitor) -> None:
    turn = await chat.ask("Code, please.", model="sim/sim?tokens=30&text=mixed&reasoning=6", enable_reasoning=True)
    end = await turn.end()
    async with visitor.connect() as other:
        for after in range(-1, turn.last_seq):
            seen = [
                frame for frame in turn.frames if frame["data"]["seq"] <= after and not frame["data"].get("is_final")
            ]
            resumed = await other.resume(turn.turn_id, after)
            again = await resumed.end()
            assert text_of(seen) + resumed.text == turn.text, f"resumed after {after}"
            assert again == {**end, "timestamp": again["timestamp"]}
            await other.ping()


@pytest.mark.parametrize("model", ["sim/sim?tokens=120&interval_ms=3", "sim/sim?tokens=120&interval_ms=3&chunk=7"])
async def test_a_connection_cut_again_and_again_loses_nothing(visitor: Visitor, model: str) -> None:
    async with visitor.connect() as chat:
        turn = await chat.ask("Talk.", model=model)
        await turn.until(3)
        await chat.cut()
    frames = list(turn.frames)
    while not any(frame["type"] == "chat_complete" for frame in frames):
        async with visitor.connect() as chat:
            resumed = await chat.resume(turn.turn_id, max(frame["data"]["seq"] for frame in frames))
            await resumed.until(7)
            await chat.cut()
        frames += [frame for frame in resumed.frames if frame not in frames]
    final = next(frame["data"] for frame in frames if frame["type"] == "chat_complete")
    assert text_of(frames) == final["full_message"]
    assert final["digest"] == digest(text_of(frames))


async def test_two_tabs_see_the_same(chat: Chat, visitor: Visitor) -> None:
    turn = await chat.ask("Talk.", model="sim/sim?tokens=40&interval_ms=5")
    await turn.until(10)
    async with visitor.connect() as tab:
        await tab.send("chat_resume", session_id=turn.session_id, after_seq=-1)
        frames: list[dict[str, Any]] = []
        while not frames or frames[-1]["type"] != "chat_complete":
            frames.append(await tab.other())
        end = await turn.end()
        assert text_of(frames) == turn.text
        assert frames[-1]["data"]["digest"] == end["digest"]


async def test_the_same_request_twice_runs_once(visitor: Visitor, simulator: SimulatorProcess) -> None:
    async with visitor.connect() as one, visitor.connect() as two:
        turns = await asyncio.gather(
            *(chat.ask("Once.", model="sim/sim?tokens=20&interval_ms=5", request_id="the-same") for chat in (one, two))
        )
        ends = await asyncio.gather(*(turn.end() for turn in turns))
        assert turns[0].turn_id == turns[1].turn_id
        assert ends[0]["full_message"] == ends[1]["full_message"]
        again = await one.ask("Once.", model="sim/sim?tokens=20&interval_ms=5", request_id="the-same")
        assert (await again.end())["full_message"] == ends[0]["full_message"]
    assert len(await requests_of(simulator)) == 1


async def test_a_second_message_waits_for_the_first(chat: Chat) -> None:
    first = await chat.ask("One.", model="sim/sim?tokens=20&interval_ms=5")
    await first.until(1)
    second = await chat.ask("Two.", session_id=first.session_id, model="sim/sim?tokens=5")
    await first.end()
    await second.end()
    assert second.frames[0]["data"]["timestamp"] >= first.frames[-1]["data"]["timestamp"]


async def test_pausing_and_slowing_belong_to_the_connection(chat: Chat, visitor: Visitor) -> None:
    await chat.send("chat_config", config={"stream_speed": "slow"})
    slow = await chat.ask("Talk.", model="sim/sim?tokens=12")
    async with visitor.connect() as quick:
        await slow.until(1)
        began = time.monotonic()
        watched = await quick.resume(slow.turn_id)
        await watched.end()
        assert time.monotonic() - began < 0.3, "a slow reader slows nobody"
    await chat.send("chat_pause", turn_id=slow.turn_id)
    await chat.ping()
    held = len(slow.frames)
    await asyncio.sleep(0.2)
    assert len(slow.frames) <= held + 1
    await chat.send("chat_continue", turn_id=slow.turn_id)
    assert (await slow.end())["full_message"] == slow.text
    assert time.monotonic() - began > 0.4, "fifty milliseconds between pieces"


async def test_a_new_version_of_an_answer(chat: Chat, visitor: Visitor) -> None:
    turn = await chat.ask("Say.", model="sim/sim?tokens=5&seed=1")
    await turn.end()
    await chat.send(
        "chat_regenerate", session_id=turn.session_id, message_id=turn.message_id, model="sim/sim?tokens=5&seed=2"
    )
    frames = [await chat.other()]
    while frames[-1]["type"] != "chat_complete":
        frames.append(await chat.other())
    answer = (await visitor.conversation(turn.session_id))["messages"][1]
    assert (answer["id"], answer["content"], answer["version"]) == (turn.message_id, text_of(frames), 2)
    versions = (await visitor.http.get(f"/api/messages/{turn.message_id}/versions")).json()
    assert [version["content"] for version in versions["versions"]] == [turn.text, text_of(frames)]


async def test_a_hundred_at_once(server: RunningServer) -> None:
    async with Visitor.guest(server.url) as visitor:

        async def one(number: int) -> None:
            async with visitor.connect() as chat:
                turn = await chat.ask(
                    f"Number {number}.", model=f"sim/sim?tokens=60&interval_ms=10&seed={number}&text=mixed"
                )
                end = await turn.end()
                assert turn.types[-1] == "chat_complete"
                assert end["digest"] == digest(turn.text) == digest(end["full_message"])

        await asyncio.gather(*(one(number) for number in range(100)))


GARBAGE = [
    "",
    "not json",
    "[]",
    "null",
    "7",
    '"text"',
    "{}",
    '{"type": 5}',
    '{"type": "unknown", "data": {}}',
    '{"type": "chat_request"}',
    '{"type": "chat_request", "data": null}',
    '{"type": "chat_request", "data": {"message": 5}}',
    '{"type": "chat_request", "data": {"message": ""}}',
    '{"type": "chat_request", "data": {"message": "x", "session_id": 5}}',
    '{"type": "chat_request", "data": {"message": "x", "user_id": "somebody else"}}',
    '{"type": "chat_request", "data": {"message": "x", "model": "nobody/none"}}',
    '{"type": "chat_request", "data": {"message": "x", "context": {"difficulty": 7}}}',
    '{"type": "chat_stop", "data": {}}',
    '{"type": "chat_resume", "data": {}}',
    '{"type": "chat_resume", "data": {"turn_id": "x", "after_seq": "1"}}',
    '{"type": "chat_config", "data": {"config": {"stream_speed": "warp"}}}',
    '{"type": "chat_request", "data": ' + "[" * 20_000 + "]" * 20_000 + "}",
    '{"type": "chat_request", "data": {"message": "' + "x" * 40_000 + '"}}',
    "\x00",
    '{"type": "chat_request", "data": {"message": "\\ud800"}}',
]


async def test_garbage_is_answered_and_disturbs_nothing(chat: Chat, visitor: Visitor) -> None:
    turn = await chat.ask("Talk.", model="sim/sim?tokens=200&interval_ms=5")
    await turn.until(1)
    for garbage in GARBAGE:
        await chat.socket.send(garbage)
        answer = await chat.other()
        assert answer["type"] == "chat_error", garbage[:80]
        assert answer["data"]["error"]["code"] == "INVALID_REQUEST", (garbage[:80], answer)
    await chat.send("chat_resume", turn_id="unknown")
    assert (await chat.other())["data"]["error"]["code"] == "NO_ACTIVE_STREAM"
    await chat.send("chat_stop", session_id="unknown")
    assert (await chat.other())["data"]["error"]["code"] == "NOT_FOUND"
    await chat.ping()
    assert (await turn.end())["digest"] == digest(turn.text)


async def test_a_frame_over_the_limit_closes_that_connection_alone(chat: Chat, visitor: Visitor) -> None:
    turn = await chat.ask("Talk.", model="sim/sim?tokens=100&interval_ms=5")
    await turn.until(1)
    async with visitor.connect() as big:
        with suppress(ConnectionClosed):  # it is refused while it is still being sent
            await big.socket.send("x" * 10_000_000)
        assert (await big.wait_closed())[0] == 1009
    assert (await turn.end())["digest"] == digest(turn.text)
