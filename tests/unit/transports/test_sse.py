"""An event stream tells one turn in order, keeps quiet clients alive, and leaves nothing behind however it ends."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from tests.support.chat_bench import ANA, ChatBench
from tests.support.event_wire import Wire, Words, record
from tests.support.scripted_provider import Call

from millrace.model.commands import StartTurn
from millrace.model.errors import ProviderFailure, RateLimited
from millrace.model.events import Entry
from millrace.model.messages import Turn
from millrace.transports import sse
from millrace.transports.sse import KEEP_ALIVE, EventStream

LIMIT_S = 10.0
DONE = b"data: [DONE]\n\n"
WAYS = pytest.mark.parametrize("extended", [True, False], ids=["around ASGI", "by ASGI"])


class Stage:
    """A turn that is asked for, and streams of it."""

    def __init__(self, bench: ChatBench) -> None:
        self.bench = bench
        self.turn: Turn
        self.call: Call
        self.streams: list[asyncio.Task[None]] = []
        self.closed = 0

    async def ask(self) -> None:
        self.turn = await self.bench.engine.start(StartTurn(message="Hi"), ANA)
        self.call = await self.bench.provider.next_call()

    async def stream(self, wire: Wire, *, after: int = -1, **options: Any) -> "asyncio.Task[None]":
        follower = await self.bench.engine.attach(self.turn, after=after)
        seen = options.pop("seen", 0)
        stream = EventStream(follower, Words(), closed=self._count, **options)
        stream.seen = seen
        task = asyncio.create_task(stream(wire.scope, wire.receive, wire.send))
        self.streams.append(task)
        return task

    def _count(self) -> None:
        self.closed += 1

    async def over(self) -> None:
        """Every stream has ended, and holds nothing."""
        async with asyncio.timeout(LIMIT_S):
            await asyncio.gather(*self.streams)
        assert self.closed == len(self.streams)
        assert self.bench.engine.status().followers == 0


@pytest.fixture
async def stage(bench: ChatBench) -> Stage:
    stage = Stage(bench)
    await stage.ask()
    return stage


@WAYS
async def test_a_whole_turn(stage: Stage, extended: bool) -> None:
    wire = Wire(extended=extended)
    await stage.stream(wire, closing=DONE, headers={"X-Mine": "1"})
    stage.call.say("Grüße ", "🦊\n")
    await wire.until(record("🦊\n"))
    stage.call.say("!")
    stage.call.finish()
    await stage.over()
    assert wire.body == b"".join(map(record, ["Grüße ", "🦊\n", "!", "TurnCompleted"])) + DONE
    assert wire.ended
    assert wire.start["status"] == 200
    assert wire.headers == {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
        "x-mine": "1",
    }
    assert bool(wire.offered) is extended, "the short cut is taken where there is one"


@WAYS
async def test_from_the_middle_and_by_two_at_once(stage: Stage, extended: bool) -> None:
    first, second = Wire(extended=extended), Wire(extended=extended)
    await stage.stream(first)
    stage.call.say("a", "b", "c")
    await first.until(record("c"))
    await stage.stream(second, after=1)  # the start and the first piece were seen
    stage.call.say("d")
    stage.call.finish()
    await stage.over()
    assert first.body == b"".join(map(record, ["a", "b", "c", "d", "TurnCompleted"]))
    assert second.body == b"".join(map(record, ["b", "c", "d", "TurnCompleted"]))


@WAYS
async def test_a_silence_is_filled_by_comments_alone(stage: Stage, extended: bool) -> None:
    wire = Wire(extended=extended)
    await stage.stream(wire, keep_alive_s=0.02)
    await wire.until(KEEP_ALIVE * 2)
    assert wire.start["status"] == 200
    assert wire.body.replace(KEEP_ALIVE, b"") == b""
    stage.call.say("a")
    stage.call.finish()
    await stage.over()
    assert wire.body.replace(KEEP_ALIVE, b"") == record("a") + record("TurnCompleted")


async def test_no_comment_is_sent_while_there_is_something_to_say(stage: Stage) -> None:
    wire = Wire(extended=True)
    await stage.stream(wire, keep_alive_s=5.0)
    for number in range(50):
        stage.call.say(str(number))
        await wire.until(record(str(number)))
    stage.call.finish()
    await stage.over()
    assert b":" not in wire.body.replace(b"data:", b"")


@WAYS
async def test_nothing_is_written_for_a_client_that_does_not_read(stage: Stage, extended: bool) -> None:
    wire = Wire(extended=extended)
    await stage.stream(wire, keep_alive_s=0.01)
    stage.call.say("a")
    await wire.until(record("a"))
    wire.room.clear()
    before = wire.body
    for number in range(300):
        stage.call.say(f"{number} ")
        await asyncio.sleep(0)
    stage.call.finish()
    async with asyncio.timeout(LIMIT_S):
        while (await stage.bench.engine.find(stage.turn.id, ANA)).state != "completed":
            await asyncio.sleep(0.001)
    assert wire.body == before, "the turn is over, and its slow reader has cost nothing"
    wire.room.set()
    await stage.over()
    records = [json.loads(line[6:]) for line in wire.body.decode().split("\n\n") if line.startswith("data: ")]
    assert "".join(records) == "a" + "".join(f"{number} " for number in range(300)) + "TurnCompleted"
    assert len(records) < 100, "what had waited came merged"


@WAYS
async def test_who_reads_nothing_for_too_long_is_let_go(stage: Stage, extended: bool) -> None:
    wire = Wire(extended=extended)
    wire.room.clear()
    await stage.stream(wire, stall_s=0.05)
    stage.call.say("a")
    await stage.over()
    assert wire.aborted is extended
    assert wire.body == b""


@WAYS
async def test_a_client_that_goes_away_is_noticed_at_once(stage: Stage, extended: bool) -> None:
    wire = Wire(extended=extended)
    await stage.stream(wire)
    stage.call.say("a")
    await wire.until(record("a"))
    wire.leave()
    await stage.over()
    assert not wire.ended
    assert (await stage.bench.engine.find(stage.turn.id, ANA)).state == "running"


@WAYS
async def test_a_broken_connection_ends_it_at_the_next_write(stage: Stage, extended: bool) -> None:
    wire = Wire(extended=extended)
    await stage.stream(wire)
    stage.call.say("a")
    await wire.until(record("a"))
    wire.fails_with = OSError("gone")
    stage.call.say("b")
    await stage.over()


@WAYS
async def test_a_failure_in_the_middle_is_told_by_its_record(stage: Stage, extended: bool) -> None:
    wire = Wire(extended=extended)
    await stage.stream(wire, closing=DONE, refuse=lambda error: PlainTextResponse(error.code, error.status))
    stage.call.say("a")
    await wire.until(record("a"))
    stage.call.fail(ProviderFailure("It broke."))
    await stage.over()
    assert wire.start["status"] == 200
    assert wire.body == record("a") + record("TurnFailed") + DONE


@WAYS
async def test_a_failure_before_anything_was_said_can_have_its_status(stage: Stage, extended: bool) -> None:
    wire = Wire(extended=extended)
    refuse = lambda error: PlainTextResponse(error.message, error.status, {"Retry-After": str(error.retry_after)})  # noqa: E731
    await stage.stream(wire, closing=DONE, refuse=refuse)
    stage.call.fail(RateLimited("Slowly.", retry_after=7))
    await stage.over()
    assert (wire.start["status"], wire.body, wire.headers["retry-after"]) == (429, b"Slowly.", "7")


async def test_without_a_refusal_it_is_a_record_too(stage: Stage) -> None:
    wire = Wire(extended=True)
    await stage.stream(wire, closing=DONE)
    stage.call.fail(ProviderFailure("It broke."))
    await stage.over()
    assert (wire.start["status"], wire.body) == (200, record("TurnFailed") + DONE)


async def test_a_place_beyond_the_end_is_an_error_outside_the_log(stage: Stage) -> None:
    wire = Wire(extended=True)
    await stage.stream(wire, after=99, closing=DONE)
    stage.call.finish()
    await stage.over()
    assert wire.body == record("INVALID_REQUEST") + DONE


@WAYS
async def test_records_that_a_client_has_are_not_sent_again(stage: Stage, extended: bool) -> None:
    first, second = Wire(extended=extended), Wire(extended=extended)
    await stage.stream(first)
    stage.call.say("a", "b", "c")
    await first.until(record("c"))
    await stage.stream(second, seen=2, closing=DONE)
    stage.call.say("d")
    stage.call.finish()
    await stage.over()
    assert second.body == b"".join(map(record, ["c", "d", "TurnCompleted"])) + DONE


@WAYS
async def test_one_who_has_more_than_there_is_gets_nothing_and_is_told_at_the_end(stage: Stage, extended: bool) -> None:
    wire = Wire(extended=extended)
    await stage.stream(wire, seen=4, keep_alive_s=0.02)
    await wire.until(KEEP_ALIVE)
    stage.call.say("a", "b")
    stage.call.finish()
    await stage.over()
    assert wire.body.replace(KEEP_ALIVE, b"") == record("INVALID_REQUEST")


@WAYS
async def test_a_server_that_stops_says_so(stage: Stage, extended: bool) -> None:
    wire, stopping = Wire(extended=extended), asyncio.Event()
    await stage.stream(wire, closing=DONE, stopping=stopping)
    stage.call.say("a")
    await wire.until(record("a"))
    stopping.set()
    await stage.over()
    assert wire.body == record("a") + record("STREAM_ERROR") + DONE
    assert wire.ended


@WAYS
async def test_a_server_that_stops_waits_for_nobody_who_does_not_read(
    stage: Stage, extended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "_FAREWELL_S", 0.02)
    wire, stopping = Wire(extended=extended), asyncio.Event()
    await stage.stream(wire, stopping=stopping)
    stage.call.say("a")
    await wire.until(record("a"))
    wire.room.clear()
    stage.call.say("b")
    stopping.set()
    await stage.over()
    assert wire.aborted is extended
    assert wire.body == record("a")


async def test_a_fault_in_rendering_is_not_the_end_of_an_answer(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Words, entry: Entry) -> Sequence[bytes]:
        raise ZeroDivisionError(entry.seq)

    monkeypatch.setattr(Words, "render", broken)
    wire = Wire(extended=True)
    await stage.stream(wire)
    stage.call.say("a")
    await stage.over()
    assert wire.body == record("STREAM_ERROR")
    assert "could not be delivered" in caplog.text


async def test_one_that_is_cancelled_leaves_nothing(stage: Stage) -> None:
    wire = Wire(extended=True)
    task = await stage.stream(wire)
    stage.call.say("a")
    await wire.until(record("a"))
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert (stage.closed, stage.bench.engine.status().followers) == (1, 0)
