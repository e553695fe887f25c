"""An exchange says all that a connection would have said, ends by saying so, and leaves nothing behind."""

import asyncio
import json
from typing import Any

import pytest
from tests.support.chat_bench import ANA, ChatBench
from tests.support.event_wire import Wire

from millrace.dialects.chat import ChatDialect
from millrace.ops.clock import SystemClock
from millrace.transports.connection import Connection
from millrace.transports.exchange import END, Exchange
from millrace.transports.pump import Offer, Send
from millrace.transports.sse import KEEP_ALIVE

LIMIT_S = 10.0
WAYS = pytest.mark.parametrize("extended", [True, False], ids=["around ASGI", "by ASGI"])


class Stage:
    """Exchanges with one engine."""

    def __init__(self, bench: ChatBench) -> None:
        self.bench = bench
        self.closed = 0
        self.stopping = asyncio.Event()

    def say(self, wire: Wire, *frames: Any, **options: Any) -> "asyncio.Task[None]":
        def connect(send: Send, offer: Offer | None) -> Connection:
            return Connection(self.bench.engine, ANA, ChatDialect(), send, SystemClock(), offer=offer)

        said = [json.dumps(frame).encode() if isinstance(frame, dict) else frame for frame in frames]
        exchange = Exchange(connect, said, stopping=self.stopping, closed=self._count, **options)
        return asyncio.create_task(exchange(wire.scope, wire.receive, wire.send))

    def _count(self) -> None:
        self.closed += 1

    def nothing_left(self) -> bool:
        return self.closed == 1 and self.bench.engine.status().followers == 0


@pytest.fixture
def stage(bench: ChatBench) -> Stage:
    return Stage(bench)


def frames_of(wire: Wire) -> list[dict[str, Any]]:
    """What was said, without the comment before it and the end behind it."""
    body = wire.body.removeprefix(KEEP_ALIVE)
    return [json.loads(record[len(b"data: ") :]) for record in body.removesuffix(END).split(b"\n\n")[:-1]]


@WAYS
async def test_a_question_is_answered_to_its_end_after_all_that_was_said_before(stage: Stage, extended: bool) -> None:
    wire = Wire(extended=extended)
    ping = b'{"type": "ping",\r\n "data": {"at":\n 1}}'
    question = {"type": "chat_request", "data": {"message": "Hi", "request_id": "r"}}
    task = stage.say(wire, ping, {"type": "nonsense", "data": {}}, question)
    call = await stage.bench.provider.next_call()
    call.say("Grüße ", "🦊")
    await wire.until("🦊".encode())
    call.finish()
    await asyncio.wait_for(task, LIMIT_S)
    assert wire.body.startswith(KEEP_ALIVE), "the client knows at once that it was heard"
    assert wire.body.endswith(END)
    assert wire.ended
    pong, refused, *told = frames_of(wire)
    assert pong == {"type": "pong", "data": {"at": 1}}, "a frame is a line, whatever its sender made of it"
    assert refused["data"]["error"]["code"] == "INVALID_REQUEST"
    assert [frame["data"]["token"] for frame in told if frame["type"] == "content_token"] == ["Grüße ", "🦊", ""]
    assert told[-1]["type"] == "chat_complete"
    assert told[-1]["data"]["full_message"] == "Grüße 🦊"
    assert stage.nothing_left()


async def test_a_client_that_goes_away_leaves_the_turn_running_and_another_takes_it_up(stage: Stage) -> None:
    wire = Wire(extended=True)
    task = stage.say(wire, {"type": "chat_request", "data": {"message": "Hi"}})
    call = await stage.bench.provider.next_call()
    call.say("a")
    await wire.until(b'"token":"a"')
    wire.leave()
    await asyncio.wait_for(task, LIMIT_S)
    assert END not in wire.body
    assert stage.nothing_left()
    last = frames_of(wire)[-1]["data"]
    again = Wire(extended=True)
    resume = {"type": "chat_resume", "data": {"turn_id": last["turn_id"], "after_seq": last["seq"]}}
    task = stage.say(again, resume)
    call.say("b")
    call.finish()
    await asyncio.wait_for(task, LIMIT_S)
    assert frames_of(again)[0]["data"]["token"] == "b"


async def test_a_server_that_stops_ends_it_without_its_end(stage: Stage) -> None:
    wire = Wire(extended=False)
    task = stage.say(wire, {"type": "chat_request", "data": {"message": "Hi"}})
    await stage.bench.provider.next_call()
    await wire.until(b"thinking_started")
    stage.stopping.set()
    await asyncio.wait_for(task, LIMIT_S)
    assert wire.ended
    assert not wire.body.endswith(END)
    assert stage.nothing_left()


async def test_silence_is_kept_alive_and_an_end_can_be_put_off(stage: Stage) -> None:
    wire = Wire(extended=True)
    task = stage.say(wire, {"type": "ping", "data": 1}, linger_s=0.05, keep_alive_s=0.01)
    await wire.until(b"pong")
    assert not wire.ended
    await asyncio.wait_for(task, LIMIT_S)
    assert wire.body.count(KEEP_ALIVE) > 1
    assert wire.body.endswith(END)
