"""Coming back, being slow, going away: no piece is lost, none comes twice, nothing is left behind."""

import asyncio
import logging
from pathlib import Path

import pytest
from tests.support.chat_bench import ChatBench, chat_bench

# --- resuming -------------------------------------------------------------------------------------------


async def test_resuming_at_every_position_misses_nothing(bench: ChatBench) -> None:
    peer = bench.peer()
    started, call = await bench.ask(peer, enable_reasoning=True)
    call.think("Hm. ")
    call.say(*"abcdef")
    call.finish()
    await peer.end()
    last = peer.frames[-1]["data"]["seq"]
    for after in range(-1, last):
        again = bench.peer()
        await again.say("chat_config", config={"show_reasoning": True})
        await again.say("chat_resume", turn_id=started["turn_id"], after_seq=after)
        await again.end()
        seen = [frame for frame in peer.frames if frame["data"]["seq"] <= after]
        final = [frame for frame in peer.frames if frame["data"].get("is_final")]
        rest = [frame for frame in again.frames if frame not in seen]
        assert seen + rest == peer.frames
        assert [frame for frame in again.frames if frame in seen] in ([], final)


async def test_resuming_a_turn_that_goes_on(bench: ChatBench) -> None:
    peer = bench.peer()
    started, call = await bench.ask(peer)
    for index, piece in enumerate("abcdef"):
        call.say(piece)
        token = await peer.token(piece)
        await peer.close()  # the connection breaks after each piece
        before = peer.frames
        peer = bench.peer()
        peer.frames = before
        await peer.say("chat_resume", turn_id=started["turn_id"], after_seq=token["data"]["seq"])
        assert token["data"]["token_index"] == index
    call.finish()
    end = await peer.end()
    assert peer.text == end["data"]["full_message"] == "abcdef"


async def test_resuming_a_session_gives_its_running_turn_and_those_that_wait(bench: ChatBench) -> None:
    peer, again = bench.peer(), bench.peer()
    started, call = await bench.ask(peer)
    call.say("one")
    await peer.token("one")
    await peer.say("chat_request", message="And?", session_id=started["session_id"])
    await again.say("chat_resume", session_id=started["session_id"], after_seq=1)
    call.finish()
    second = await bench.provider.next_call()
    second.say("two")
    second.finish()
    await again.got(lambda frame: frame["data"].get("full_message") == "two")
    assert again.text == "two"  # the first piece was seen; the position says nothing of the turn that waited
    assert again.kinds.count("thinking_started") == 1


async def test_resuming_where_nothing_runs(bench: ChatBench) -> None:
    peer = bench.peer()
    started, call = await bench.ask(peer)
    call.finish()
    await peer.end()
    await bench.until(lambda: bench.engine.status().running == 0)
    await peer.say("chat_resume", session_id=started["session_id"])
    await peer.say("chat_resume", turn_id="unknown")
    codes = [frame["data"]["error"]["code"] for frame in peer.frames[-2:]]
    assert codes == ["NO_ACTIVE_STREAM"] * 2


@pytest.mark.parametrize("live", [True, False])
async def test_resuming_beyond_the_end_is_told(bench: ChatBench, live: bool) -> None:
    peer, again = bench.peer(), bench.peer()
    started, call = await bench.ask(peer)
    if live:
        await again.say("chat_resume", turn_id=started["turn_id"], after_seq=1000)
    call.finish()
    await peer.end()
    if not live:
        await again.say("chat_resume", turn_id=started["turn_id"], after_seq=1000)
    error = await again.end()
    assert error["data"]["error"]["code"] == "INVALID_REQUEST"
    assert "'after_seq'" in error["data"]["error"]["message"]
    assert error["data"]["turn_id"] == started["turn_id"]


async def test_resuming_twice_at_once_leaves_one_follower(bench: ChatBench) -> None:
    peer = bench.peer()
    started, call = await bench.ask(peer)
    for _ in range(3):
        await peer.say("chat_resume", turn_id=started["turn_id"], after_seq=0)
    assert bench.engine.status().followers == 1
    call.say("once")
    call.finish()
    await peer.end()
    assert peer.text == "once"


async def test_two_connections_see_the_same(bench: ChatBench) -> None:
    one, two = bench.peer(), bench.peer()
    started, call = await bench.ask(one)
    await two.say("chat_resume", turn_id=started["turn_id"])
    for piece in "abc":
        call.say(piece)
        await one.token(piece)
        await two.token(piece)
    call.finish()
    await one.end()
    await two.end()
    assert one.frames == two.frames


async def test_a_connection_follows_so_many_turns_and_no_more(
    bench: ChatBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("millrace.transports.connection.MAX_WATCHES", 2)
    peer = bench.peer()
    calls = [(await bench.ask(peer))[1] for _ in range(2)]
    await peer.say("chat_request", message="Hi")
    assert (await peer.first("chat_error"))["data"]["error"]["code"] == "INVALID_REQUEST"
    for call in calls:
        call.finish()
    await bench.until(lambda: peer.kinds.count("chat_complete") == 2)


# --- slow and gone --------------------------------------------------------------------------------------


async def test_a_client_that_does_not_read_costs_a_cursor(bench: ChatBench) -> None:
    slow, quick = bench.peer(), bench.peer()
    started, call = await bench.ask(quick)
    await slow.say("chat_resume", turn_id=started["turn_id"])
    await slow.first("thinking_started")
    slow.block()
    pieces = [f"{number} " for number in range(5000)]
    for begin in range(0, len(pieces), 50):
        call.say(*pieces[begin : begin + 50])
        await quick.token(pieces[begin + 49])
    # One write waits for room; everything since then is nothing but a distance.
    assert slow.waiting == 1
    assert len(slow.frames) == 1
    call.finish()
    await quick.end()
    slow.unblock()
    await slow.end()
    assert slow.text == quick.text == "".join(pieces)
    merged = [frame["data"]["merged"] for frame in slow.frames if "merged" in frame["data"]]
    assert sum(merged) >= 5000 - 64
    assert len(slow.frames) < 100
    assert not [frame for frame in quick.frames if "merged" in frame["data"]]


async def test_a_client_that_is_gone_ends_its_deliveries_and_not_its_turns(
    bench: ChatBench, caplog: pytest.LogCaptureFixture
) -> None:
    gone, other = bench.peer(), bench.peer()
    started, call = await bench.ask(gone)
    await other.say("chat_resume", turn_id=started["turn_id"])
    gone.gone = True
    call.say("a")
    await other.token("a")
    await bench.until(lambda: bench.engine.status().followers == 1)
    call.say("b")
    call.finish()
    assert (await other.end())["data"]["full_message"] == "ab"
    await gone.close()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_closing_before_a_delivery_began_leaves_no_follower(bench: ChatBench) -> None:
    peer = bench.peer()
    await peer.say("chat_request", message="Hi")
    await peer.close()  # without a step of the loop in between
    assert bench.engine.status().followers == 0
    call = await bench.provider.next_call()
    call.finish()
    await bench.until(lambda: bench.engine.status().running == 0)


async def test_closing_while_a_write_waits(bench: ChatBench) -> None:
    peer = bench.peer()
    _, call = await bench.ask(peer)
    peer.block()
    call.say("a")
    await bench.until(lambda: peer.waiting == 1)
    await peer.close()
    assert peer.waiting == 0
    assert bench.engine.status().followers == 0
    call.finish()
    await bench.until(lambda: bench.engine.status().running == 0)


async def test_a_turn_that_nobody_watches_is_stopped_where_the_operator_wants_that(tmp_path: Path) -> None:
    async with chat_bench(tmp_path, on_disconnect="cancel", disconnect_grace_s=0.05) as bench:
        peer = bench.peer()
        await peer.say("chat_request", message="Hi")
        await peer.close()
        call = await bench.provider.next_call()
        async with asyncio.timeout(5):
            await call.closed.wait()
        await bench.until(lambda: bench.engine.status().running == 0)
