"""Clients of several protocols that all do the same, so that one scenario is played in each of them.

async with ChatSpeaker.connected(visitor) as speaker:
    heard = await speaker.ask("Hello", model="sim/sim?tokens=5")
    over = await heard.ended()

A new protocol joins by a `Speaker` of its own.
"""

import asyncio
import json
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from tests.support.chat_client import Visitor
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Frame = dict[str, Any]
LIMIT_S = 60.0


@dataclass(frozen=True)
class Over:
    """How an answer ended. `text` is the whole of it as the end says it, where the protocol says it there.

    What is not `logged` is an error outside the answer's log: the answer may go on, or have ended unseen.
    """

    kind: Literal["complete", "cancelled", "failed"]
    text: str | None = None
    digest: str | None = None
    code: str | None = None
    logged: bool = True


@dataclass
class Heard:
    """What a client has heard of one answer."""

    turn_id: str = ""
    session_id: str = ""
    seq: int = -1
    pieces: list[str] = field(default_factory=list)
    over: Over | None = None
    overs: list[Over] = field(default_factory=list)
    lost: bool = False
    known: int = 0
    """How many chunks it has, where the protocol numbers them."""
    places: list[tuple[int, int, int]] = field(default_factory=list)
    """Where it has been: seq, characters of text, chunks."""
    times: list[float] = field(default_factory=list)
    """When it heard something, in monotonic seconds."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def ring(self) -> None:
        if not self.places or self.places[-1][0] != self.seq:
            self.places.append((self.seq, len(self.text), self.known))
        self.times.append(time.monotonic())
        self._news.set()

    def until_place(self, place: tuple[int, int, int]) -> "Heard":
        """What was heard when it was there."""
        seq, chars, known = place
        return Heard(self.turn_id, self.session_id, seq, [self.text[:chars]], known=known)

    def take_over(self, other: "Heard") -> None:
        """What another has heard of the same answer, by a client that was shown it without asking."""
        self.seq, self.known, self.over = other.seq, other.known, other.over
        self.pieces[:] = other.pieces
        self.places[:] = other.places

    def end(self, over: Over) -> None:
        self.overs.append(over)
        assert self.over is None, "an answer ended twice"
        self.over = over

    async def until(self, pieces: int) -> None:
        """Wait until so many pieces are there, or the end."""
        await self._wait(lambda: len(self.pieces) >= pieces or self.over is not None or self.lost)

    async def ended(self) -> Over:
        """Wait for the end."""
        await self._wait(lambda: self.over is not None or self.lost)
        assert self.over is not None, "the connection was lost"
        return self.over

    async def leave(self) -> None:
        """Wait until the connection is lost."""
        await self._wait(lambda: self.lost)

    async def _wait(self, ready: Any) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not ready():
                self._news.clear()
                await self._news.wait()


class Speaker(ABC):
    """One client of one user."""

    name: ClassVar[str]

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.reading = asyncio.Event()
        self.reading.set()

    @classmethod
    @asynccontextmanager
    async def connected(cls, visitor: Visitor) -> AsyncIterator[Self]:
        """A client that is ready."""
        speaker = cls(visitor)
        await speaker.open()
        try:
            yield speaker
        finally:
            speaker.reading.set()
            await speaker.cut()

    @abstractmethod
    async def open(self) -> None:
        """Connect, or connect again."""

    @abstractmethod
    async def cut(self) -> None:
        """Lose every connection without a word."""

    @abstractmethod
    async def ask(self, message: str, *, model: str, session_id: str | None = None) -> Heard:
        """Start a turn."""

    @abstractmethod
    async def resume(self, heard: Heard) -> None:
        """Go on hearing an answer behind what was heard of it."""

    @abstractmethod
    async def stop(self, heard: Heard) -> None:
        """Stop an answer."""


class SocketSpeaker(Speaker):
    """Speaks frames over a WebSocket."""

    path: ClassVar[str]

    def __init__(self, visitor: Visitor) -> None:
        super().__init__(visitor)
        self._by_id: dict[str, Heard] = {}
        self._socket: ClientConnection
        self._reader: asyncio.Task[None]

    async def open(self) -> None:
        ticket = (await self.visitor.http.post("/api/auth/ws-ticket")).raise_for_status().json()["ticket"]
        url = f"{self.visitor.url.replace('http', 'ws', 1)}{self.path}?ticket={ticket}"
        self._socket = await connect(url, compression=None, max_size=None, max_queue=1)
        self._reader = asyncio.create_task(self._read())

    async def cut(self) -> None:
        self._socket.transport.abort()
        await self._socket.wait_closed()
        await self._reader  # what it could not understand is raised here

    async def send(self, kind: str, **data: Any) -> None:
        await self._socket.send(json.dumps({"type": kind, "data": data}))

    async def _read(self) -> None:
        try:
            while True:
                await self.reading.wait()
                frame = json.loads(await self._socket.recv())
                heard = self.whose(frame["data"])
                heard.turn_id = frame["data"].get("turn_id") or heard.turn_id
                heard.session_id = frame["data"].get("session_id") or heard.session_id
                self.take(heard, frame["type"], frame["data"])
                heard.seq = frame["data"].get("seq", heard.seq)
                heard.ring()
        except ConnectionClosed:
            return
        finally:
            for heard in self._by_id.values():
                heard.lost = True
                heard.ring()

    def expect(self, heard: Heard, *ids: str) -> Heard:
        heard.lost = False
        for each in ids:
            self._by_id[each] = heard
        return heard

    @abstractmethod
    def whose(self, data: Frame) -> Heard:
        """The answer that a frame is about."""

    @abstractmethod
    def take(self, heard: Heard, kind: str, data: Frame) -> None:
        """Hear a frame."""


class ChatSpeaker(SocketSpeaker):
    """The native protocol."""

    name = "chat"
    path = "/api/ws/chat"

    async def ask(self, message: str, *, model: str, session_id: str | None = None) -> Heard:
        request_id = str(uuid.uuid4())
        heard = self.expect(Heard(), request_id)
        await self.send("chat_request", message=message, model=model, session_id=session_id, request_id=request_id)
        return heard

    async def resume(self, heard: Heard) -> None:
        self.expect(heard, heard.turn_id)
        await self.send("chat_resume", turn_id=heard.turn_id, after_seq=heard.seq)

    async def stop(self, heard: Heard) -> None:
        await self.send("chat_stop", session_id=heard.session_id)

    def whose(self, data: Frame) -> Heard:
        if data.get("request_id") in self._by_id and data.get("turn_id"):
            self._by_id[data["turn_id"]] = self._by_id[data["request_id"]]
        return self._by_id[data.get("turn_id") or data["request_id"]]

    def take(self, heard: Heard, kind: str, data: Frame) -> None:
        match kind:
            case "content_token" if not data["is_final"]:
                heard.pieces.append(data["token"])
            case "chat_complete":
                heard.end(Over("complete", data["full_message"], data["digest"]))
            case "chat_cancelled":
                heard.end(Over("cancelled", data["partial_message"], data["digest"]))
            case "chat_error":
                code = data["error"]["code"]
                heard.end(Over("failed", data.get("partial_message"), code=code, logged="seq" in data))


class StreamSpeaker(SocketSpeaker):
    """The protocol `stream`: everything by the client's own message ids."""

    name = "stream"
    path = "/api/ws"

    def __init__(self, visitor: Visitor) -> None:
        super().__init__(visitor)
        self._message_ids: dict[str, str] = {}

    async def ask(self, message: str, *, model: str, session_id: str | None = None) -> Heard:
        message_id = str(uuid.uuid4())
        heard = self.expect(Heard(), message_id)
        self._message_ids[message_id] = message
        await self.send("chat_stream", message_id=message_id, message=message, model=model, session_id=session_id)
        return heard

    async def resume(self, heard: Heard) -> None:
        self.expect(heard, heard.turn_id)
        await self.send("resume_stream", turn_id=heard.turn_id, after_seq=heard.seq)

    async def stop(self, heard: Heard) -> None:
        await self.send("stop_generation", turn_id=heard.turn_id)

    def whose(self, data: Frame) -> Heard:
        return self._by_id.get(data.get("turn_id", "")) or self._by_id[data["message_id"]]

    def take(self, heard: Heard, kind: str, data: Frame) -> None:
        match kind:
            case "content_chunk" if data["chunk_index"] >= heard.known:
                assert data["chunk_index"] == heard.known, "a chunk is missing"
                heard.known += data.get("merged", 1)
                heard.pieces.append(data["content"])
            case "stream_complete":
                heard.end(Over("complete", data["full_content"], data["digest"]))
            case "generation_stopped":
                heard.end(Over("cancelled", data["partial_content"], data["digest"]))
            case "stream_error":
                heard.end(Over("failed", data["partial_content"], code=data["code"]))


class TokensSpeaker(Speaker):
    """The protocol `tokens` over an event stream."""

    name = "tokens"

    def __init__(self, visitor: Visitor) -> None:
        super().__init__(visitor)
        self._readers: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Each question is a request of its own."""

    async def cut(self) -> None:
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        faults = [fault for reader in self._readers if not reader.cancelled() and (fault := reader.exception())]
        self._readers.clear()
        if faults:
            raise faults[0]

    async def ask(self, message: str, *, model: str, session_id: str | None = None) -> Heard:
        question = {"message": message, "model": model, "session_id": session_id}
        return self._hear(Heard(), "POST", "/api/chat/stream", json=question)

    async def resume(self, heard: Heard) -> None:
        heard.lost = False
        last = {"Last-Event-ID": f"{heard.turn_id}:{heard.seq}"} if heard.seq >= 0 else {}
        self._hear(heard, "GET", f"/api/chat/stream/{heard.turn_id}", headers=last)

    async def stop(self, heard: Heard) -> None:
        """By the protocol beside it: an event stream goes one way."""
        async with StreamSpeaker.connected(self.visitor) as other:
            twin = Heard(heard.turn_id, known=10**9)  # it has all pieces there may be, and hears the end
            other.expect(twin, heard.turn_id)
            await other.stop(twin)
            await twin.ended()

    def _hear(self, heard: Heard, method: str, path: str, **request: Any) -> Heard:
        reader = asyncio.create_task(self._read(heard, method, path, request))
        self._readers.add(reader)
        return heard

    async def _read(self, heard: Heard, method: str, path: str, request: Frame) -> None:
        try:
            async with self.visitor.http.stream(method, path, **request) as response:
                heard.turn_id = response.headers.get("x-turn-id", heard.turn_id)
                heard.session_id = response.headers.get("x-session-id", heard.session_id)
                if response.status_code != 200:
                    refusal = json.loads(await response.aread())
                    heard.end(Over("failed", code=refusal["code"], logged=method == "POST"))
                    return
                rest = b""
                async for part in response.aiter_bytes():
                    *records, rest = (rest + part).split(b"\n\n")
                    for record in records:
                        self._take(heard, record.decode())
                        heard.ring()
                    await self.reading.wait()
        finally:
            heard.lost = True
            heard.ring()

    def _take(self, heard: Heard, record: str) -> None:
        fields = dict(line.split(": ", 1) for line in record.split("\n") if not line.startswith(":"))
        if not fields:
            return
        data = json.loads(fields["data"])
        if "id" not in fields:
            return  # an error outside the answer's log: the stream ends, the answer does not
        if "token" in data:
            heard.pieces.append(data["token"])
            assert data.get("partial", heard.text) == heard.text, "the text so far is what was heard"
        elif data.get("done"):
            heard.end(Over("cancelled" if "cancelled" in data else "complete", digest=data["digest"]))
        else:
            heard.end(Over("failed", code=data["code"]))
        heard.seq = int(fields["id"].rpartition(":")[2])


SPEAKERS: tuple[type[Speaker], ...] = (ChatSpeaker, StreamSpeaker, TokensSpeaker)
