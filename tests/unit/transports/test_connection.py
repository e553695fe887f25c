"""What a client can do over one connection, and that nothing it does costs it the connection."""

import hashlib
from pathlib import Path

import pytest
from tests.support.chat_bench import ANA, BEN, ChatBench, chat_bench
from tests.support.mood import Mood

from millrace.model.errors import ProviderFailure, RateLimited
from millrace.model.events import Citation, Passage, Usage
from millrace.model.generation import CitationsFound
from millrace.model.messages import Turn
from millrace.model.principal import Principal
from millrace.ops.clock import SystemClock

COMMON = {"session_id", "message_id", "turn_id", "timestamp", "seq"}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- asking -------------------------------------------------------------------------------------------


async def test_a_whole_turn(bench: ChatBench) -> None:
    peer = bench.peer()
    started, call = await bench.ask(peer, "Why?", request_id="r1")
    assert started.keys() == COMMON | {
        "thinking_mode",
        "thinking_reason",
        "model",
        "user_message",
        "user_message_id",
        "request_id",
    }
    assert (started["user_message"], started["request_id"], started["seq"]) == ("Why?", "r1", 0)
    call.say("Be", "cause")
    call.finish(usage=Usage(3, 2))
    end = await peer.end()
    assert peer.kinds == ["thinking_started", *["content_token"] * 3, "chat_complete"]
    assert [frame["data"]["seq"] for frame in peer.frames] == [0, 1, 2, 2, 3]
    assert (end["data"]["full_message"], end["data"]["digest"]) == ("Because", digest("Because"))
    assert end["data"]["metadata"]["usage"] == {"input_tokens": 3, "output_tokens": 2}
    # Whoever sees the end finds the message.
    stored = await bench.store.messages(started["session_id"], limit=10)
    assert [(message.id, message.version.content) for message in stored] == [
        (started["user_message_id"], "Why?"),
        (started["message_id"], "Because"),
    ]


async def test_the_order_with_passages_emotion_and_reasoning(tmp_path: Path) -> None:
    class Found:
        async def retrieve(self, query: str, **_: object) -> list[Passage]:
            return [Passage(1, "Optics", "Light ...", 0.8, "https://example.org")]

    async with chat_bench(tmp_path, retriever=Found(), emotion=Mood()) as bench:
        peer = bench.peer()
        _, call = await bench.ask(peer, enable_reasoning=True, context={"enable_rag": True})
        assert call.request.reasoning
        call.think("First, what is asked? ", "So it is blue.\n\n")
        call.say("It scatters [1].")
        call.deltas(CitationsFound((Citation("Web", "https://example.org/web"),)))
        call.finish()
        end = await peer.end()
    kinds = [kind for kind in peer.kinds if kind != "reasoning_step"]
    assert "reasoning_step" in peer.kinds
    assert sorted(kinds[:3]) == ["context_info", "emotion_update", "thinking_started"]
    assert kinds[0] == "thinking_started"
    assert kinds[3:] == ["thinking_complete", "content_token", "content_token", "emotion_update", "chat_complete"]
    assert end["data"]["metadata"]["citations"] == [{"title": "Web", "url": "https://example.org/web", "snippet": ""}]
    assert end["data"]["metadata"]["rag_enabled"] is True


@pytest.mark.parametrize("asked", [{}, {"thinking_mode": "system2"}])
async def test_reasoning_is_shown_only_to_those_who_enable_it(bench: ChatBench, asked: dict[str, str]) -> None:
    peer = bench.peer()
    _, call = await bench.ask(peer, **asked)
    call.think("Hm. ", "So.\n\n")
    call.say("42")
    call.finish()
    await peer.end()
    assert peer.kinds == ["thinking_started", "content_token", "content_token", "chat_complete"]
    seqs = [frame["data"]["seq"] for frame in peer.frames]
    assert seqs == sorted(seqs)
    assert seqs[1] > 1  # a gap where the reasoning was


async def test_an_empty_message_is_refused(bench: ChatBench) -> None:
    peer = bench.peer()
    await peer.say("chat_request", message=" \n", request_id="r1")
    (frame,) = peer.frames
    assert frame["data"]["error"]["code"] == "INVALID_REQUEST"
    assert frame["data"]["request_id"] == "r1"


async def test_a_model_nobody_has_is_refused(bench: ChatBench) -> None:
    peer = bench.peer()
    await peer.say("chat_request", message="Hi", model="nobody/knows")
    assert peer.frames[0]["data"]["error"]["code"] == "INVALID_REQUEST"


@pytest.mark.parametrize("again_live", [True, False])
async def test_the_same_request_again_is_the_same_turn(bench: ChatBench, again_live: bool) -> None:
    first, second = bench.peer(), bench.peer()
    started, call = await bench.ask(first, request_id="r1")
    call.say("one ")
    await first.token("one ")
    if again_live:
        await second.say("chat_request", message="Hi", request_id="r1")
    call.say("two")
    call.finish()
    await first.end()
    if not again_live:
        await second.say("chat_request", message="Hi", request_id="r1")
    end = await second.end()
    assert end["data"]["turn_id"] == started["turn_id"]
    assert second.frames == first.frames
    assert len(bench.provider.calls) == 1


async def test_the_same_request_again_on_one_connection_shows_nothing_twice(bench: ChatBench) -> None:
    peer = bench.peer()
    _, call = await bench.ask(peer, request_id="r1")
    call.say("one ")
    await peer.token("one ")
    await peer.say("chat_request", message="Hi", request_id="r1")
    call.say("two")
    call.finish()
    await peer.end()
    assert peer.text == "one two"
    assert peer.kinds.count("thinking_started") == 1


async def test_a_second_question_in_a_session_waits_for_the_first(bench: ChatBench) -> None:
    peer = bench.peer()
    first, call = await bench.ask(peer)
    await peer.say("chat_request", message="And?", session_id=first["session_id"])
    call.finish()
    next_call = await bench.provider.next_call()
    next_call.say("More")
    next_call.finish()
    end = await peer.got(lambda frame: frame["type"] == "chat_complete" and frame["data"]["full_message"] == "More")
    assert end["data"]["session_id"] == first["session_id"]


async def test_a_busy_session_that_takes_no_more(tmp_path: Path) -> None:
    async with chat_bench(tmp_path, on_busy="reject") as bench:
        peer = bench.peer()
        started, call = await bench.ask(peer)
        await peer.say("chat_request", message="And?", session_id=started["session_id"], request_id="r2")
        error = await peer.first("chat_error")
        assert error["data"]["error"]["code"] == "TURN_IN_PROGRESS"
        assert (error["data"]["session_id"], error["data"]["request_id"]) == (started["session_id"], "r2")
        call.finish()
        await peer.first("chat_complete")


async def test_regenerating_makes_a_new_version(bench: ChatBench) -> None:
    peer = bench.peer()
    started, call = await bench.ask(peer, "Why?")
    call.say("Because.")
    call.finish()
    await peer.end()
    await peer.say("chat_regenerate", session_id=started["session_id"], message_id=started["message_id"])
    call = await bench.provider.next_call()
    assert call.request.messages[-1].content == "Why?"
    call.say("Therefore.")
    call.finish()
    await peer.got(lambda frame: frame["data"].get("full_message") == "Therefore.")
    again = [frame["data"] for frame in peer.frames if frame["type"] == "thinking_started"][1]
    assert again["message_id"] == started["message_id"]
    assert again["user_message_id"] == started["user_message_id"]
    assert again["turn_id"] != started["turn_id"]
    versions = await bench.store.versions(started["message_id"])
    assert [version.content for version in versions] == ["Because.", "Therefore."]


async def test_regenerating_what_is_not_there(bench: ChatBench) -> None:
    peer = bench.peer()
    await peer.say("chat_regenerate", session_id="s", message_id="m")
    data = peer.frames[0]["data"]
    assert (data["error"]["code"], data["session_id"], data["message_id"]) == ("NOT_FOUND", "s", "m")


# --- failures -----------------------------------------------------------------------------------------


async def test_a_provider_that_fails_in_the_middle(bench: ChatBench) -> None:
    peer = bench.peer()
    started, call = await bench.ask(peer)
    call.say("Half")
    call.fail(RateLimited("The model is busy.", retry_after=3, detail="key sk-secret"))
    end = await peer.end()
    assert end["data"]["error"] == {
        "code": "RATE_LIMIT",
        "message": "The model is busy.",
        "recoverable": True,
        "retry_after": 3,
    }
    assert end["data"]["partial_message"] == "Half"
    stored = (await bench.store.messages(started["session_id"], limit=2))[-1].version
    assert (stored.content, stored.status) == ("Half", "failed")
    await peer.say("ping")
    assert peer.kinds[-1] == "pong"


async def test_a_provider_that_breaks_tells_nothing_of_itself(bench: ChatBench) -> None:
    peer = bench.peer()
    _, call = await bench.ask(peer)
    call.fail(ProviderFailure(detail="sk-secret"))
    assert "sk-secret" not in str(await peer.end())


async def test_a_command_that_meets_a_bug_costs_only_itself(
    bench: ChatBench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    peer = bench.peer()
    _, call = await bench.ask(peer)

    async def broken(*_: object) -> Turn:
        raise ZeroDivisionError("secret")

    with monkeypatch.context() as patched:
        patched.setattr(bench.engine, "start", broken)
        await peer.say("chat_request", message="Hi", session_id="s", request_id="r9")
    error = await peer.first("chat_error")
    assert (error["data"]["error"]["code"], error["data"]["request_id"]) == ("STREAM_ERROR", "r9")
    assert "secret" not in str(error)
    assert "a command failed" in caplog.text
    call.say("Still here")
    call.finish()
    await peer.first("chat_complete")


async def test_a_delivery_that_meets_a_bug_is_told(
    bench: ChatBench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    peer = bench.peer()
    started, call = await bench.ask(peer)
    follower = next(iter(bench.engine._hub._turns[started["turn_id"]].followers))
    monkeypatch.setattr(follower.delivery, "_options", None)
    call.say("x")
    error = await peer.first("chat_error")
    assert (error["data"]["error"]["code"], error["data"]["turn_id"]) == ("STREAM_ERROR", started["turn_id"])
    assert "could not be delivered" in caplog.text
    call.finish()


async def test_garbage_is_answered_and_disturbs_nothing(bench: ChatBench) -> None:
    peer = bench.peer()
    _, call = await bench.ask(peer)
    for garbage in ("", "{", "[]", "null", "[" * 10_000, b"\xff\xfe", '{"type":"x"}', '{"type":"chat_stop"}'):
        await peer.connection.receive(garbage)
    errors = [frame["data"]["error"]["code"] for frame in peer.frames if frame["type"] == "chat_error"]
    assert errors == ["INVALID_REQUEST"] * 8
    call.say("Fine")
    call.finish()
    assert (await peer.first("chat_complete"))["data"]["full_message"] == "Fine"


async def test_a_sign_in_that_expired(bench: ChatBench) -> None:
    now_s = SystemClock().now_ms() // 1000
    peer = bench.peer(Principal("ana", "guest", expires_at=now_s + 3600))
    expired = bench.peer(Principal("ana", "guest", expires_at=now_s - 1))
    _, call = await bench.ask(peer)
    await expired.say("chat_request", message="Hi", request_id="r1")
    await expired.say("ping")
    assert [frame["data"]["error"]["code"] for frame in expired.frames] == ["UNAUTHORIZED"] * 2
    assert expired.frames[0]["data"]["request_id"] == "r1"
    call.finish()
    await peer.first("chat_complete")


async def test_what_is_another_users_does_not_exist(bench: ChatBench) -> None:
    ana, ben = bench.peer(ANA), bench.peer(BEN)
    started, call = await bench.ask(ana)
    session, turn, message = started["session_id"], started["turn_id"], started["message_id"]
    await ben.say("chat_request", message="Hi", session_id=session)
    await ben.say("chat_stop", session_id=session)
    await ben.say("chat_resume", session_id=session)
    await ben.say("chat_resume", turn_id=turn)
    await ben.say("chat_pause", turn_id=turn)
    await ben.say("chat_regenerate", session_id=session, message_id=message)
    codes = [frame["data"]["error"]["code"] for frame in ben.frames]
    assert codes == ["NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "NO_ACTIVE_STREAM", "NO_ACTIVE_STREAM", "NOT_FOUND"]
    call.say("Mine")
    call.finish()
    assert (await ana.end())["data"]["full_message"] == "Mine"
