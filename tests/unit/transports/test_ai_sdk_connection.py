"""Many requests over one connection: each answered, in order, whatever becomes of the others."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.support.chat_bench import ANA, BEN, ChatBench
from tests.support.clock import ManualClock

from millrace.model.principal import Principal
from millrace.ops.clock import SystemClock
from millrace.ports import Clock
from millrace.transports import ai_sdk_connection
from millrace.transports.ai_sdk_chats import Chats
from millrace.transports.ai_sdk_connection import AiSdkConnection
from millrace.transports.pump import ConnectionClosed, Offer

Frame = dict[str, Any]


class Socket:
    """A client that looks at what it gets. `full` is a socket without room: what is offered is refused."""

    def __init__(self, bench: ChatBench, caller: Principal, clock: Clock, *, offers: bool) -> None:
        self.frames: list[Frame] = []
        self.full = False
        self.gone = False
        self._news = asyncio.Event()
        offer: Offer | None = self._offer if offers else None
        chats = Chats(bench.engine, bench.store)
        self.connection = AiSdkConnection(bench.engine, chats, caller, self._send, clock, offer=offer)

    async def _send(self, frames: Sequence[bytes]) -> None:
        if self.gone:
            raise ConnectionClosed
        await asyncio.sleep(0)
        self.frames += [json.loads(frame) for frame in frames]
        self._news.set()

    def _offer(self, frames: Sequence[bytes]) -> bool:
        if self.gone:
            raise ConnectionClosed
        if self.full:
            return False
        self.frames += [json.loads(frame) for frame in frames]
        self._news.set()
        return True

    async def say(self, kind: str, request: str, **fields: Any) -> None:
        await self.connection.receive(json.dumps({"type": kind, "requestId": request, "id": "c1", **fields}))

    async def ask(self, request: str, text: str = "Why?", **fields: Any) -> None:
        message = {"id": f"m-{text}", "role": "user", "parts": [{"type": "text", "text": text}]}
        await self.say("send", request, messages=[message], headers={}, body={}, **fields)

    async def got(self, wanted: Callable[[Frame], bool]) -> Frame:
        async with asyncio.timeout(5):
            while True:
                for frame in self.frames:
                    if wanted(frame):
                        return frame
                self._news.clear()
                await self._news.wait()

    async def last(self, request: str) -> Frame:
        """The frame behind which nothing follows."""
        ends = {"end", "error", "no-active"}
        return await self.got(lambda frame: frame["requestId"] == request and frame["type"] in ends)

    def chunks(self, request: str) -> list[Frame]:
        """The chunks of a request, whose numbers must have no gap."""
        chunks = [frame for frame in self.frames if frame["requestId"] == request and frame["type"] == "chunk"]
        assert [frame["sequence"] for frame in chunks] == list(range(len(chunks)))
        return [frame["chunk"] for frame in chunks]

    def text(self, request: str) -> str:
        return "".join(chunk["delta"] for chunk in self.chunks(request) if chunk["type"] == "text-delta")


@asynccontextmanager
async def connected(
    bench: ChatBench, caller: Principal = ANA, clock: Clock | None = None, *, offers: bool = True
) -> AsyncIterator[Socket]:
    socket = Socket(bench, caller, clock or SystemClock(), offers=offers)
    await socket.connection.open()
    try:
        yield socket
    finally:
        await socket.connection.close()


@pytest.mark.parametrize("offers", [True, False])
async def test_a_question_is_answered_and_watched_from_the_beginning(bench: ChatBench, offers: bool) -> None:
    async with connected(bench, offers=offers) as socket, connected(bench, offers=not offers) as other:
        await socket.ask("r1")
        call = await bench.provider.next_call()
        call.say("So", " it")
        await socket.got(lambda frame: frame.get("chunk", {}).get("delta") == " it")
        await other.say("resume", "r2")
        await other.got(lambda frame: frame.get("chunk", {}).get("delta") == " it")
        call.say(" is.")
        call.finish()
        assert (await socket.last("r1"))["type"] == (await other.last("r2"))["type"] == "end"
        assert other.frames[0] == {"type": "start", "requestId": "r2"}
        assert socket.chunks("r1") == other.chunks("r2")
        assert socket.text("r1") == "So it is."
        await other.say("resume", "r3")
        assert (await other.last("r3"))["type"] == "no-active"


async def test_a_socket_without_room_gets_every_chunk_once_and_in_order(bench: ChatBench) -> None:
    async with connected(bench) as socket:
        await socket.ask("r1")
        call = await bench.provider.next_call()
        for number in range(60):
            socket.full = number % 3 == 0
            call.say(f"{number} ")
            await asyncio.sleep(0)
        socket.full = False
        call.finish()
        await socket.last("r1")
        assert socket.text("r1") == "".join(f"{number} " for number in range(60))


async def test_requests_share_a_connection(bench: ChatBench) -> None:
    async with connected(bench) as socket:
        await socket.ask("r1", id="one")
        one = await bench.provider.next_call()
        await socket.ask("r2", id="two")
        two = await bench.provider.next_call()
        two.say("second")
        one.say("first")
        two.finish()
        await socket.last("r2")
        one.finish()
        await socket.last("r1")
        assert (socket.text("r1"), socket.text("r2")) == ("first", "second")


async def test_the_abort_of_a_question_stops_its_turn_and_that_of_a_watcher_nothing(bench: ChatBench) -> None:
    async with connected(bench) as socket:
        await socket.ask("r1")
        call = await bench.provider.next_call()
        call.say("Half")
        await socket.say("resume", "r2")
        await socket.got(lambda frame: frame["requestId"] == "r2" and frame["type"] == "chunk")
        await socket.say("abort", "r2")
        call.say(" of it")
        await socket.got(lambda frame: frame["requestId"] == "r1" and frame.get("chunk", {}).get("delta") == " of it")
        assert not call.closed.is_set()
        await socket.say("abort", "r1")
        await socket.say("abort", "unknown")
        await socket.last("r1")
        assert socket.chunks("r1")[-1] == {"type": "abort", "reason": "user"}
        assert call.closed.is_set()


async def test_an_abort_that_comes_before_the_turn_is_known_stops_it(
    bench: ChatBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    admitted = asyncio.Event()
    start = bench.engine.start

    async def slow(*args: Any) -> Any:
        await admitted.wait()
        return await start(*args)

    monkeypatch.setattr(bench.engine, "start", slow)
    async with connected(bench) as socket:
        await socket.ask("r1")
        await socket.say("abort", "r1")
        admitted.set()
        await bench.until(lambda: bench.engine.status().running == 0 and not socket.connection._requests)
        [session] = await bench.store.sessions("ana", limit=5)
        assert (await bench.store.messages(session.id, limit=5))[1].version.status == "cancelled"
        assert socket.frames == [], "nobody wants to hear of it"


async def test_what_is_wrong_is_told_and_the_connection_goes_on(bench: ChatBench) -> None:
    async with connected(bench) as socket, connected(bench, BEN) as ben:
        await socket.connection.receive("garbage")
        await socket.connection.receive(b"\xff")
        await socket.say("shout", "r0")
        await socket.ask("r1", "")
        await socket.last("r1")
        errors = [(frame["requestId"], frame["type"]) for frame in socket.frames]
        assert errors == [("", "error"), ("", "error"), ("r0", "error"), ("r1", "error")]
        await socket.ask("r2")
        call = await bench.provider.next_call()
        await socket.ask("r2", "Twice?")
        assert "'requestId'" in (await socket.last("r2"))["errorText"]
        [session] = await bench.store.sessions("ana", limit=5)
        await ben.say("resume", "theirs", id=session.id)
        assert (await ben.last("theirs"))["type"] == "error"
        call.say("Fine.")
        call.finish()
        await socket.got(lambda frame: frame == {"type": "end", "requestId": "r2"})
        assert socket.text("r2") == "Fine."


async def test_an_expired_credential_takes_no_commands_but_answers_go_on(bench: ChatBench) -> None:
    clock = ManualClock()
    soon = Principal("ana", "guest", expires_at=clock.now_ms() // 1000 + 60)
    async with connected(bench, soon, clock) as socket:
        await socket.ask("r1")
        call = await bench.provider.next_call()
        clock.advance(61)
        await socket.ask("r2")
        assert "has expired" in (await socket.last("r2"))["errorText"]
        call.finish()
        assert (await socket.last("r1"))["type"] == "end"


async def test_too_many_at_once_are_refused(bench: ChatBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ai_sdk_connection, "MAX_WATCHES", 1)
    async with connected(bench) as socket:
        await socket.ask("r1")
        call = await bench.provider.next_call()
        await socket.ask("r2")
        assert "at most 1 " in (await socket.last("r2"))["errorText"]
        call.finish()
        await socket.last("r1")


async def test_a_question_of_a_client_that_goes_at_once_is_asked(
    bench: ChatBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    admitted = asyncio.Event()
    start = bench.engine.start

    async def slow(*args: Any) -> Any:
        await admitted.wait()
        return await start(*args)

    monkeypatch.setattr(bench.engine, "start", slow)
    async with connected(bench) as socket:
        await socket.ask("r1")
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.02, admitted.set)
    (await bench.provider.next_call()).finish()
    await bench.until(lambda: bench.engine.status().running == 0)
    assert len(await bench.store.sessions("ana", limit=5)) == 1


async def test_a_client_that_goes_leaves_its_turns(bench: ChatBench) -> None:
    async with connected(bench) as socket:
        await socket.ask("r1")
        call = await bench.provider.next_call()
        socket.gone = True
        call.say("x")
        await bench.until(lambda: bench.engine.status().followers == 0)
    assert bench.engine.status().running == 1
    call.finish()
    await bench.until(lambda: bench.engine.status().running == 0)


async def test_a_fault_of_ours_costs_one_request(bench: ChatBench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("oops")

    async with connected(bench) as socket:
        with monkeypatch.context() as patch:
            patch.setattr(bench.engine, "attach", broken)
            await socket.ask("r1")
            (await bench.provider.next_call()).finish()
            assert "oops" not in (await socket.last("r1"))["errorText"]
        await bench.until(lambda: bench.engine.status().running == 0)
        await socket.say("resume", "r2")
        assert (await socket.last("r2"))["type"] == "no-active"
