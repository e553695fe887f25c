"""The endpoint as an ASGI application: how it opens, what it closes for, and that nothing is left behind."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.support.chat_bench import ANA, ChatBench

from millrace.dialects.chat import ChatDialect
from millrace.model.errors import Forbidden, MillraceError, RateLimited, StreamError, Unauthorized
from millrace.ops.clock import SystemClock
from millrace.transports.connection import Connection
from millrace.transports.pump import Offer, Send
from millrace.transports.websocket import (
    FRAMES_EXTENSION,
    IDLE,
    INTERNAL_FAULT,
    TOO_BIG,
    TOO_MANY_MESSAGES,
    Close,
    DialectEndpoint,
    Handshake,
)

LIMIT_S = 5.0
PING = '{"type":"ping","data":1}'
PONG = {"type": "pong", "data": 1}
Message = dict[str, Any]


class Allowance:
    """A meter that lets so many through."""

    def __init__(self, frames: int) -> None:
        self.frames = frames

    def allow(self) -> bool:
        self.frames -= 1
        return self.frames >= 0


class Wire:
    """The server's side of one connection, as ASGI has it."""

    def __init__(self, *, together: bool = True, subprotocols: tuple[str, ...] = ()) -> None:
        self.scope: Message = {
            "type": "websocket",
            "path": "/",
            "headers": [],
            "subprotocols": list(subprotocols),
            "extensions": {FRAMES_EXTENSION: {"offer": self.offer}} if together else {},
        }
        self.sent: list[Message] = []
        self.fails_with: Exception | None = None
        self._incoming: asyncio.Queue[Message] = asyncio.Queue()
        self._news = asyncio.Event()
        self._incoming.put_nowait({"type": "websocket.connect"})

    def text(self, text: str) -> None:
        self._incoming.put_nowait({"type": "websocket.receive", "text": text, "bytes": None})

    def binary(self, data: bytes) -> None:
        self._incoming.put_nowait({"type": "websocket.receive", "bytes": data})

    def leave(self) -> None:
        self._incoming.put_nowait({"type": "websocket.disconnect", "code": 1001})

    async def receive(self) -> Message:
        return await self._incoming.get()

    async def send(self, message: Any) -> None:
        if self.fails_with is not None:
            raise self.fails_with
        self.sent.append(dict(message))
        self._news.set()

    def offer(self, frames: Iterable[bytes]) -> bool:
        if self.fails_with is not None:
            raise self.fails_with
        self.sent.append({"type": FRAMES_EXTENSION, "frames": list(frames)})
        self._news.set()
        return True

    @property
    def frames(self) -> list[Any]:
        """Every frame so far, however it was sent."""
        texts: list[str | bytes] = []
        for message in self.sent:
            if message["type"] == FRAMES_EXTENSION:
                texts += message["frames"]
            elif message["type"] == "websocket.send":
                texts.append(message["text"])
        return [json.loads(text) for text in texts]

    async def frame(self, kind: str) -> Any:
        """The first frame of that type, waited for."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                for frame in self.frames:
                    if frame["type"] == kind:
                        return frame
                self._news.clear()
                await self._news.wait()


class Doors:
    """Everything around an endpoint that a test may want otherwise."""

    def __init__(self, bench: ChatBench) -> None:
        self.bench = bench
        self.handshake: Callable[[Any], Handshake] = lambda _: Handshake(ANA)
        self.allowance = 1000
        self.frame_bytes = 65_536
        self.held: list[str] = []
        self.refused_hold: MillraceError | None = None
        self.dialect = ChatDialect()
        self.idle_s: float | None = None

    async def authenticate(self, scope: Any) -> Handshake:
        return self.handshake(scope)

    def connect(self, client: Handshake, send: Send, offer: Offer | None) -> Connection:
        return Connection(self.bench.engine, client.principal, self.dialect, send, SystemClock(), offer=offer)

    @contextmanager
    def hold(self, client: Handshake) -> Iterator[None]:
        user_id = client.principal.user_id
        if self.refused_hold is not None:
            raise self.refused_hold
        self.held.append(user_id)
        try:
            yield
        finally:
            self.held.remove(user_id)

    def serve(self, wire: Wire) -> Awaitable[None]:
        endpoint = DialectEndpoint(
            connect=self.connect,
            authenticate=self.authenticate,
            hold=self.hold,
            meter=lambda: Allowance(self.allowance),
            frame_bytes=self.frame_bytes,
            idle_s=self.idle_s,
        )
        return asyncio.wait_for(endpoint(wire.scope, wire.receive, wire.send), LIMIT_S)


@pytest.fixture
def doors(bench: ChatBench) -> Doors:
    return Doors(bench)


def accepted(subprotocol: str | None = None) -> Message:
    return {"type": "websocket.accept", "subprotocol": subprotocol}


@pytest.mark.parametrize("together", [True, False])
async def test_a_whole_turn_over_both_ways_of_sending(doors: Doors, together: bool) -> None:
    wire = Wire(together=together)
    wire.text('{"type":"chat_request","data":{"message":"Hi"}}')
    serving = asyncio.ensure_future(doors.serve(wire))
    call = await doors.bench.provider.next_call()
    assert doors.held == ["ana"]
    call.say("a", "ä")
    call.finish()
    end = await wire.frame("chat_complete")
    assert end["data"]["full_message"] == "aä"
    kinds = [frame["type"] for frame in wire.frames]
    assert kinds == ["thinking_started", *["content_token"] * 3, "chat_complete"]
    wire.leave()
    await serving
    assert wire.sent[0] == accepted()
    assert {message["type"] for message in wire.sent[1:]} == {FRAMES_EXTENSION if together else "websocket.send"}
    assert doors.held == []


async def test_a_binary_frame_is_read_and_an_empty_one_answered(doors: Doors) -> None:
    wire = Wire()
    wire.binary(PING.encode())
    wire.binary(b"")
    wire.text("")
    wire.leave()
    await doors.serve(wire)
    assert [frame["type"] for frame in wire.frames] == ["pong", "chat_error", "chat_error"]


async def test_the_subprotocol_is_the_handshakes(doors: Doors) -> None:
    doors.handshake = lambda _: Handshake(ANA, "millrace")
    wire = Wire(subprotocols=("token", "millrace"))
    wire.leave()
    await doors.serve(wire)
    assert wire.sent == [accepted("millrace")]


@pytest.mark.parametrize(
    ("error", "close"),
    [
        (Unauthorized("Your sign-in has expired."), Close(1008, "Invalid token")),
        (Forbidden("This page may not."), Close(1008, "This page may not.")),
        (StreamError("Try again in a moment.", detail="jwks"), Close(1011, "Try again in a moment.")),
        (ZeroDivisionError("secret"), INTERNAL_FAULT),
        (OSError("secret"), INTERNAL_FAULT),
    ],
)
async def test_who_is_not_let_in_is_told_by_a_close_that_a_browser_sees(
    doors: Doors, error: Exception, close: Close
) -> None:
    def refuse(_: object) -> Handshake:
        raise error

    doors.handshake = refuse
    wire = Wire(subprotocols=("token",))
    await doors.serve(wire)
    assert wire.sent == [accepted("token"), close.message()]


async def test_too_many_connections(doors: Doors) -> None:
    doors.refused_hold = RateLimited("You have too many connections open.")
    wire = Wire()
    await doors.serve(wire)
    assert wire.sent == [accepted(), Close(1008, "Too many connections").message()]


def test_a_reason_fits_a_close_frame() -> None:
    assert len(Close(1008, "ä" * 100).message()["reason"].encode()) == 122
    assert Close(1008, "short").message()["reason"] == "short"


async def test_too_many_frames(doors: Doors) -> None:
    doors.allowance = 2
    wire = Wire()
    for _ in range(3):
        wire.text(PING)
    await doors.serve(wire)
    assert wire.frames == [PONG, PONG]
    assert wire.sent[-1] == TOO_MANY_MESSAGES.message()


@pytest.mark.parametrize("text", ["x" * 101, "ä" * 51])
async def test_a_frame_over_the_limit_in_bytes(doors: Doors, text: str) -> None:
    doors.frame_bytes = 100
    wire = Wire()
    wire.text(PING)
    wire.text(text)
    await doors.serve(wire)
    assert wire.frames == [PONG]
    assert wire.sent[-1] == TOO_BIG.message()


@pytest.mark.parametrize("text", ["x" * 100, "ä" * 50])
async def test_a_frame_at_the_limit(doors: Doors, text: str) -> None:
    doors.frame_bytes = 100
    wire = Wire()
    wire.text(text)
    wire.leave()
    await doors.serve(wire)
    assert [frame["type"] for frame in wire.frames] == ["chat_error"]


async def test_deliveries_end_before_the_connection_is_closed(doors: Doors) -> None:
    doors.allowance = 1
    wire = Wire(together=False)
    wire.text('{"type":"chat_request","data":{"message":"Hi"}}')
    serving = asyncio.ensure_future(doors.serve(wire))
    call = await doors.bench.provider.next_call()
    await wire.frame("thinking_started")
    call.say("a")
    wire.text(PING)
    await serving
    assert wire.sent[-1] == TOO_MANY_MESSAGES.message()
    call.say("b")
    call.finish()
    await doors.bench.until(lambda: doors.bench.engine.status().running == 0)
    assert wire.sent[-1] == TOO_MANY_MESSAGES.message()


async def test_a_client_that_is_silent_for_too_long_is_closed(doors: Doors) -> None:
    doors.idle_s = 0.05
    wire = Wire()
    wire.text(PING)
    await doors.serve(wire)
    assert wire.frames == [PONG]
    assert wire.sent[-1] == IDLE.message()


async def test_a_fault_in_answering_closes_with_1011(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(doors.dialect, "error", broken)
    wire = Wire()
    wire.text("garbage")
    await doors.serve(wire)
    assert wire.sent == [accepted(), INTERNAL_FAULT.message()]
    assert doors.held == []


@pytest.mark.parametrize("error", [OSError("gone"), ConnectionResetError()])
@pytest.mark.parametrize("together", [True, False])
async def test_a_client_that_is_gone_when_it_is_answered(doors: Doors, error: Exception, together: bool) -> None:
    wire = Wire(together=together)
    serving = asyncio.ensure_future(doors.serve(wire))
    await doors.bench.until(lambda: bool(wire.sent))
    wire.fails_with = error
    wire.text(PING)
    await serving
    assert wire.sent == [accepted()]
    assert doors.held == []


async def test_a_client_that_is_gone_before_it_is_accepted(doors: Doors) -> None:
    wire = Wire()
    wire.fails_with = OSError("gone")
    await doors.serve(wire)
    assert wire.sent == []


async def test_a_client_that_is_gone_before_it_is_refused(doors: Doors) -> None:
    doors.refused_hold = RateLimited()
    wire = Wire()
    wire.fails_with = OSError("gone")
    await doors.serve(wire)
    assert wire.sent == []


async def test_a_server_that_closed_the_connection_itself(doors: Doors, caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire(together=False)
    wire.text('{"type":"chat_request","data":{"message":"Hi"}}')
    serving = asyncio.ensure_future(doors.serve(wire))
    call = await doors.bench.provider.next_call()
    await wire.frame("thinking_started")
    wire.fails_with = RuntimeError("Unexpected ASGI message 'websocket.send', after sending 'websocket.close'.")
    call.say("a")
    call.finish()
    await doors.bench.until(lambda: doors.bench.engine.status().followers == 0)
    wire.leave()
    await serving
    assert caplog.records == []


async def test_a_server_that_goes_down_cancels_without_a_trace(doors: Doors) -> None:
    wire = Wire()
    wire.text('{"type":"chat_request","data":{"message":"Hi"}}')
    serving = asyncio.ensure_future(doors.serve(wire))
    call = await doors.bench.provider.next_call()
    await wire.frame("thinking_started")
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert doors.held == []
    assert doors.bench.engine.status().followers == 0
    call.finish()
