"""Stopping, pausing, pace and filters: what a client says about how it is served."""

import asyncio
import hashlib
from pathlib import Path

import pytest
from tests.support.chat_bench import ENDS, ChatBench, chat_bench
from tests.support.mood import Mood

from millrace.model.commands import CancelTurn
from millrace.model.messages import Turn
from millrace.transports.connection import ConnectionOptions


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- stopping -----------------------------------------------------------------------------------------


async def test_stopping_closes_the_upstream_and_keeps_the_partial(bench: ChatBench) -> None:
    peer = bench.peer()
    started, call = await bench.ask(peer)
    call.say("Half ", "of it")
    await peer.token("of it")
    await peer.say("chat_stop", session_id=started["session_id"])
    end = await peer.end()
    assert call.closed.is_set()
    assert end["type"] == "chat_cancelled"
    assert (end["data"]["partial_message"], end["data"]["tokens_generated"]) == ("Half of it", 2)
    assert (end["data"]["cancelled_by"], end["data"]["digest"]) == ("user", digest("Half of it"))
    stored = (await bench.store.messages(started["session_id"], limit=2))[-1].version
    assert (stored.content, stored.status) == ("Half of it", "cancelled")


async def test_stopping_from_elsewhere_is_answered_there_too(bench: ChatBench) -> None:
    watching, stopping = bench.peer(), bench.peer()
    started, call = await bench.ask(watching)
    call.say("Half")
    await watching.token("Half")
    await stopping.say("chat_stop", session_id=started["session_id"])
    end = await stopping.end()
    assert end["type"] == "chat_cancelled"
    assert end["data"]["partial_message"] == "Half"
    assert stopping.kinds == ["content_token", "chat_cancelled"]  # the mark at the end, not the text again
    assert await watching.end() == end


async def test_stopping_from_elsewhere_when_the_end_is_faster(
    bench: ChatBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching, stopping = bench.peer(), bench.peer()
    started, call = await bench.ask(watching)
    cancel = bench.engine.cancel

    async def cancel_and_dawdle(*arguments: object) -> Turn:
        turn = await cancel(*arguments)  # type: ignore[arg-type]  # passed on as they came
        await watching.end()
        return turn

    monkeypatch.setattr(bench.engine, "cancel", cancel_and_dawdle)
    await stopping.say("chat_stop", session_id=started["session_id"])
    assert (await stopping.end())["type"] == "chat_cancelled"
    assert call.closed.is_set()


async def test_stopping_what_does_not_run(bench: ChatBench) -> None:
    peer = bench.peer()
    started, call = await bench.ask(peer)
    call.finish()
    await peer.end()
    await bench.until(lambda: bench.engine.status().running == 0)
    await peer.say("chat_stop", session_id=started["session_id"])
    await peer.say("chat_stop", session_id="nowhere")
    codes = [frame["data"]["error"]["code"] for frame in peer.frames[-2:]]
    assert codes == ["NO_ACTIVE_STREAM", "NOT_FOUND"]


async def test_stopping_what_is_paused_tells_its_end(bench: ChatBench) -> None:
    peer = bench.peer()
    started, call = await bench.ask(peer)
    await peer.say("chat_pause", turn_id=started["turn_id"])
    call.say("unseen")
    await peer.say("chat_stop", session_id=started["session_id"])
    end = await peer.end()
    assert end["data"]["partial_message"] == peer.text


# --- how it is served -----------------------------------------------------------------------------------


async def test_pausing_holds_delivery_and_not_generation(bench: ChatBench) -> None:
    peer, other = bench.peer(), bench.peer()
    started, call = await bench.ask(peer)
    await other.say("chat_resume", turn_id=started["turn_id"])
    await peer.say("chat_pause", turn_id=started["turn_id"])
    call.say("a", "b", "c")
    call.finish()
    await other.end()
    assert peer.kinds == ["thinking_started"]
    await peer.say("chat_continue", turn_id=started["turn_id"])
    await peer.end()
    assert peer.text == "abc"


async def test_pausing_what_is_not_followed(bench: ChatBench) -> None:
    peer = bench.peer()
    await peer.say("chat_pause", turn_id="t1")
    await peer.say("chat_continue", turn_id="t1")
    assert [frame["data"]["error"]["code"] for frame in peer.frames] == ["NO_ACTIVE_STREAM"] * 2
    assert peer.frames[0]["data"]["turn_id"] == "t1"


async def test_slow_is_paced_here_and_nowhere_else(bench: ChatBench) -> None:
    slow, fast = bench.peer(), bench.peer()
    await slow.say("chat_config", config={"stream_speed": "slow"})
    started, call = await bench.ask(slow)
    await fast.say("chat_resume", turn_id=started["turn_id"])
    loop = asyncio.get_running_loop()
    begun = loop.time()
    call.say(*"abcd")
    call.finish()
    await fast.end()
    assert slow.text in {"", "a"}
    await slow.end()
    assert loop.time() - begun >= 0.14  # three pauses of 50 ms, less what a timer may be early
    assert [frame for frame in slow.frames if "merged" in frame["data"]] == []
    assert slow.text == fast.text == "abcd"


async def test_from_slow_to_fast_in_the_middle(bench: ChatBench) -> None:
    peer = bench.peer()
    await peer.say("chat_config", config={"stream_speed": "slow"})
    _, call = await bench.ask(peer)
    call.say(*"abcdefgh" * 100)  # 40 s of reading
    call.finish()
    await peer.token("a")
    await peer.say("chat_config", config={"stream_speed": "fast"})
    assert (await peer.end())["data"]["full_message"] == peer.text == "abcdefgh" * 100


async def test_a_stop_is_told_at_once_however_slow_the_pace(bench: ChatBench) -> None:
    peer = bench.peer(options=ConnectionOptions(pace_ms=10_000))
    started, call = await bench.ask(peer)
    call.say(*"abc")
    await peer.token("a")
    await peer.say("chat_stop", session_id=started["session_id"])
    assert (await peer.end())["data"]["partial_message"] == "abc"


@pytest.mark.parametrize("by", ["session_id", "turn_id", "request_id"])
async def test_a_stop_of_what_is_whole_and_shown_slowly_shows_the_rest(bench: ChatBench, by: str) -> None:
    peer, other = bench.peer(options=ConnectionOptions(pace_ms=10_000)), bench.peer()
    started, call = await bench.ask(peer, request_id="r1")
    call.say(*"abc")
    call.finish()
    await peer.token("a")
    await other.say("chat_resume", turn_id=started["turn_id"])
    await other.end()
    stop = CancelTurn(**{by: {**started, "request_id": "r1"}[by]})
    await peer.connection.obey(lambda: stop)
    assert (await peer.end())["data"]["full_message"] == peer.text == "abc"
    await peer.connection.settled()
    await peer.connection.obey(lambda: stop)
    assert peer.frames[-1]["data"]["error"]["code"] == "NO_ACTIVE_STREAM"


async def test_a_stop_means_what_the_client_sees_and_not_the_answer_after_it(bench: ChatBench) -> None:
    peer = bench.peer(options=ConnectionOptions(pace_ms=10_000))
    started, first = await bench.ask(peer)
    first.say(*"abc")
    await peer.token("a")
    await peer.say("chat_request", message="Again", session_id=started["session_id"])
    first.finish()
    second = await bench.provider.next_call()
    await peer.say("chat_stop", session_id=started["session_id"])
    assert (await peer.end(started["turn_id"]))["data"]["full_message"] == "abc"
    second.say("d")
    second.finish()
    done = await peer.got(lambda frame: frame["type"] in ENDS and frame["data"]["turn_id"] != started["turn_id"])
    assert done["type"] == "chat_complete"


async def test_reasoning_switched_on_and_off_in_the_middle(bench: ChatBench) -> None:
    peer = bench.peer()
    started, call = await bench.ask(peer, enable_reasoning=True)
    await peer.say("chat_config", config={"show_reasoning": False})
    call.think("One. ", "\n\nTwo.\n\n")
    call.say("a")
    await peer.token("a")
    assert "reasoning_step" not in peer.kinds
    await peer.say("chat_config", config={"show_reasoning": True})
    await peer.say("chat_resume", turn_id=started["turn_id"])
    call.finish()
    await peer.end()
    assert "reasoning_step" in peer.kinds
    assert "thinking_complete" in peer.kinds


async def test_thoughts_as_they_are_written_are_for_those_who_ask(bench: ChatBench) -> None:
    asking, other = bench.peer(), bench.peer()
    await asking.say("chat_config", config={"show_thoughts": True})
    started, call = await bench.ask(asking, enable_reasoning=True)
    await other.say("chat_config", config={"show_reasoning": True})
    await other.say("chat_resume", turn_id=started["turn_id"])
    call.think("First, ", "what?\n\n")
    call.say("a")
    call.finish()
    await asking.end()
    await other.end()
    told = [frame["data"]["text"] for frame in asking.frames if frame["type"] == "reasoning_delta"]
    assert "".join(told) == "First, what?\n\n"
    assert "reasoning_delta" not in other.kinds
    assert "reasoning_step" in other.kinds


async def test_emotion_switched_off(tmp_path: Path) -> None:
    async with chat_bench(tmp_path, emotion=Mood()) as bench:
        seeing, blind = bench.peer(), bench.peer()
        await blind.say("chat_config", config={"show_emotion": False})
        started, call = await bench.ask(seeing)
        await blind.say("chat_resume", turn_id=started["turn_id"])
        call.finish()
        await seeing.end()
        await blind.end()
    assert "emotion_update" in seeing.kinds
    assert [frame for frame in seeing.frames if frame["type"] != "emotion_update"] == blind.frames


async def test_what_is_asked_where_emotion_is_switched_off_is_not_looked_at(tmp_path: Path) -> None:
    mood = Mood()
    async with chat_bench(tmp_path, emotion=mood) as bench:
        peer, other = bench.peer(), bench.peer()
        await peer.say("chat_config", config={"show_emotion": False})
        started, call = await bench.ask(peer, "How do mills work?")
        await other.say("chat_resume", turn_id=started["turn_id"])
        call.finish()
        await peer.end()
        await other.end()
        assert mood.seen == []
        assert not {"emotion_update", "context_info"} & {*peer.kinds, *other.kinds}, "nor is anything there to be shown"
        await peer.say("chat_regenerate", session_id=started["session_id"], message_id=started["message_id"])
        (await bench.provider.next_call()).finish()
        await peer.got(lambda _: peer.kinds.count("chat_complete") == 2)
        assert mood.seen == []
        await peer.say("chat_config", config={"show_emotion": True})
        _, call = await bench.ask(peer, "And rivers?", session_id=started["session_id"])
        call.finish()
        await peer.got(lambda frame: frame["type"] == "emotion_update")
    assert mood.seen[0] == ([], "And rivers?"), "what was said meanwhile is not looked at later"


async def test_a_ping_is_answered_with_its_data(bench: ChatBench) -> None:
    peer = bench.peer()
    await peer.say("ping", sent_at=1)
    assert peer.frames == [{"type": "pong", "data": {"sent_at": 1}}]
