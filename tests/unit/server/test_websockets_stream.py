"""The protocol `stream` over real sockets: several answers at once, and whatever may be wrong with a message."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.site import BEN, Frame, Site, Tab, site

from millrace.ops.clock import SystemClock

PATH = "/api/ws"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as running:
        yield running


async def ask(tab: Tab, message_id: str, **data: Any) -> None:
    await tab.send(type="chat_stream", data={"message_id": message_id, "message": "Why?", **data})


def text_of(tab: Tab, message_id: str) -> str:
    return "".join(f["data"]["content"] for f in of(tab, message_id) if f["type"] == "content_chunk")


def of(tab: Tab, message_id: str) -> list[Frame]:
    return [frame for frame in tab.frames if frame["data"]["message_id"] == message_id]


async def end_of(tab: Tab, message_id: str) -> Frame:
    ends = ("stream_complete", "stream_error", "generation_stopped")
    return await tab.got(lambda each: each["type"] in ends and each["data"]["message_id"] == message_id)


async def test_several_answers_at_once_are_told_apart_and_stopped_one_by_one(here: Site) -> None:
    async with here.connect(PATH) as tab:
        calls = []
        for n in range(3):
            await ask(tab, f"u{n}", session_id=f"mine-{n}")
            calls.append(await here.provider.next_call())
        for round_ in range(2):
            for n, call in enumerate(calls):
                call.say(f"{n}{round_} ")
        await tab.got(lambda frame: frame["data"].get("content") == "21 ")
        await tab.send(type="stop_generation", data={"message_id": "u1"})
        stopped = (await end_of(tab, "u1"))["data"]
        assert (stopped["reason"], stopped["partial_content"], stopped["tokens_generated"]) == ("user", "10 11 ", 2)
        calls[2].finish()
        calls[0].say("02")
        calls[0].finish()
        assert (await end_of(tab, "u0"))["data"]["full_content"] == text_of(tab, "u0") == "00 01 02"
        assert (await end_of(tab, "u2"))["data"]["full_content"] == "20 21 "
        starts = {frame["data"]["message_id"]: frame["data"] for frame in tab.frames if frame["type"] == "stream_start"}
        assert len({start["ai_message_id"] for start in starts.values()}) == 3
        # The next question in a conversation knows what was said in it.
        await ask(tab, "u3", session_id="mine-0", context={"enable_reasoning": True, "subject": "physics"})
        call = await here.provider.next_call()
        assert [message.content for message in call.request.messages[-3:]] == ["Why?", "00 01 02", "Why?"]
        call.finish()
        await end_of(tab, "u3")
        context = next(frame["data"] for frame in of(tab, "u3") if frame["type"] == "context_info")
        assert (context["history_messages"], context["documents"]) == (2, [])
        assert 0 <= context["difficulty"] <= 1
        start = next(frame["data"] for frame in of(tab, "u3") if frame["type"] == "stream_start")
        assert start["session_id"] == starts["u0"]["session_id"]


async def test_the_same_message_again_is_the_same_answer(here: Site) -> None:
    async with here.connect(PATH) as tab:
        await ask(tab, "u1")
        call = await here.provider.next_call()
        call.say("a")
        await tab.first("content_chunk")
        await ask(tab, "u1")  # impatient: it is being answered here already
        await tab.cut()
    async with here.connect(PATH) as tab:
        await ask(tab, "u1")  # after a lost connection: from the beginning
        await tab.first("content_chunk")
        call.say("b")
        call.finish()
        assert (await end_of(tab, "u1"))["data"]["full_content"] == text_of(tab, "u1") == "ab"
        assert tab.kinds.count("stream_start") == 1
        last = of(tab, "u1")[-2]["data"]["seq"]
        await tab.send(type="resume_stream", data={"message_id": "u1", "after_seq": last})
        await tab.got(lambda _: len([f for f in tab.frames if f["type"] == "stream_complete"]) == 2)
        assert tab.kinds[-2:] == ["stream_complete", "stream_complete"], "nothing but what followed"
    assert len(here.provider.calls) == 1


def frame(kind: str, **data: Any) -> str:
    return json.dumps({"type": kind, "data": data})


BAD: list[tuple[str, str, str | None]] = [
    ("hello", "INVALID_REQUEST", None),
    ("[]", "INVALID_REQUEST", None),
    ('{"type": "chat_stream"}', "INVALID_REQUEST", None),
    (frame("dance", message_id="u9"), "INVALID_REQUEST", "u9"),
    (frame("chat_stream", message_id="u9"), "INVALID_REQUEST", "u9"),
    (frame("chat_stream", message_id="u9", message=" "), "INVALID_REQUEST", "u9"),
    (frame("chat_stream", message_id=9, message="a"), "INVALID_REQUEST", None),
    (frame("chat_stream", message_id="u9", message="x" * 33_000), "INVALID_REQUEST", "u9"),
    (frame("chat_stream", message_id="u9", message="a", user_id="ben"), "INVALID_REQUEST", "u9"),
    (frame("chat_stream", message_id="u9", message="a", model="x/y"), "INVALID_REQUEST", "u9"),
    ('{"type": "chat_stream", "data": {"message_id": "u9", "message": "\\ud800"}}', "INVALID_REQUEST", None),
    (frame("stop_generation", message_id="unknown"), "NO_ACTIVE_STREAM", "unknown"),
    (frame("resume_stream", message_id="unknown"), "NO_ACTIVE_STREAM", "unknown"),
    (frame("resume_stream", message_id="u9", after_seq="x"), "INVALID_REQUEST", "u9"),
]


async def test_bad_input_is_answered_and_nothing_else_notices(here: Site) -> None:
    async with here.connect(PATH) as tab, here.connect(PATH, BEN) as other:
        await ask(tab, "u1")
        call = await here.provider.next_call()
        call.say("a")
        start = (await tab.first("stream_start"))["data"]
        for bad, _, _ in BAD:
            await tab.socket.send(bad)
        await tab.got(lambda _: tab.kinds.count("stream_error") == len(BAD))
        errors = [each["data"] for each in tab.frames if each["type"] == "stream_error"]
        for (bad, code, message_id), told in zip(BAD, errors, strict=True):
            assert (told["code"], told["message_id"]) == (code, message_id), (bad[:90], told)
            assert told["message"].endswith(".")
        # Somebody else's conversation and answer do not exist.
        await ask(other, "b1", session_id=start["session_id"])
        assert (await end_of(other, "b1"))["data"]["code"] == "NOT_FOUND"
        for kind in ("stop_generation", "resume_stream"):
            await other.send(type=kind, data={"turn_id": start["turn_id"]})
        await other.got(lambda _: other.kinds.count("stream_error") == 3)
        assert [each["data"]["code"] for each in other.frames[1:]] == ["NO_ACTIVE_STREAM"] * 2
        call.say("b")
        call.finish()
        assert (await end_of(tab, "u1"))["data"]["full_content"] == "ab"
        await tab.send(type="ping", data={"t": 1})
        assert (await tab.first("pong"))["data"] == {"t": 1}


async def test_a_position_that_is_gone_is_told_with_what_is_stored(here: Site) -> None:
    async with here.connect(PATH) as tab:
        await ask(tab, "u1")
        call = await here.provider.next_call()
        call.say("All of it.")
        call.finish()
        complete = (await end_of(tab, "u1"))["data"]
        here.services.engine._hub._turns.clear()
        await here.services.engine._log.prune(here.services.clock.now_ms() + 60_000)
        await tab.send(type="resume_stream", data={"message_id": "u1", "after_seq": 1})
        told = (await tab.first("stream_error"))["data"]
        assert (told["code"], told["partial_content"]) == ("NO_ACTIVE_STREAM", "All of it.")
        assert told["ai_message_id"] == complete["ai_message_id"]
        stored = await here.services.store.message(told["ai_message_id"])
        assert stored is not None
        assert stored.session_id == told["session_id"]


async def test_a_sign_in_that_ends_in_the_middle_ends_no_answer(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async with here.connect(PATH) as tab:
        await ask(tab, "u1")
        call = await here.provider.next_call()
        later = SystemClock().now_ms() + 2 * 3_600_000
        monkeypatch.setattr(SystemClock, "now_ms", lambda _: later)
        await ask(tab, "u2")
        assert (await end_of(tab, "u2"))["data"]["code"] == "UNAUTHORIZED"
        call.say("still here")
        call.finish()
        assert (await end_of(tab, "u1"))["data"]["full_content"] == "still here"
        assert tab.kinds.count("stream_error") == 1
