"""Clients of Socket.IO for the scenarios that every protocol plays, one over a WebSocket and one that polls.

They speak Engine.IO themselves, because a client that does not read must really not read.
"""

import asyncio
import json
from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx2
from tests.support.chat_client import Visitor, digest
from tests.support.speakers import Heard, Over, Speaker
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PATH = "/socket.io/?EIO=4&transport="
Data = dict[str, Any]


class SocketIoSpeaker(Speaker):
    """Reads packets, and knows by their turns whose they are."""

    def __init__(self, visitor: Visitor) -> None:
        super().__init__(visitor)
        self._by_turn: dict[str, Heard] = {}
        self._asked: list[Heard] = []
        self._reader: asyncio.Task[None]
        self._requests: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        await self.connect()
        connected = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read(connected))
        await connected

    async def cut(self) -> None:
        await self.abort()
        await self._reader  # what it could not understand is raised here
        for request in self._requests:
            request.cancel()
        await asyncio.gather(*self._requests, return_exceptions=True)

    async def resume(self, heard: Heard) -> None:
        heard.lost = False
        before = self._by_turn.get(heard.turn_id)
        self._by_turn[heard.turn_id] = heard
        if before is not None and before.known and not heard.known:
            heard.take_over(before)
            return  # its room shows it from the start
        await self.emit(self.resuming, self.place(heard))

    resuming: str
    events: str
    """How the names of this protocol's events begin."""

    async def emit(self, name: str, data: Data) -> None:
        await self.write("42" + json.dumps([name, data]))

    def expect(self, heard: Heard) -> Heard:
        """The next turn that nobody knows yet is this one."""
        self._asked.append(heard)
        return heard

    async def _read(self, connected: "asyncio.Future[None]") -> None:
        try:
            async for packet in self.packets():
                if packet.startswith("0"):
                    await self.write("40")
                elif packet.startswith("40"):
                    if not connected.done():  # who opened it may have given up
                        connected.set_result(None)
                elif packet == "2":
                    await self.write("3")
                elif packet.startswith("42"):
                    name, data = json.loads(packet[2:])
                    if not name.startswith(self.events):
                        continue  # the user's room tells of answers in the other protocol too
                    heard = self._whose(data)
                    self.take(heard, name, data)
                    heard.seq = data.get("seq", heard.seq)
                    heard.ring()
        finally:
            if not connected.done():
                connected.set_exception(ConnectionError("the connection was lost before it was open"))
            for heard in (*self._by_turn.values(), *self._asked):
                heard.lost = True
                heard.ring()

    def _whose(self, data: Data) -> Heard:
        turn_id, session_id = self.ids(data)
        heard = self._by_turn.get(turn_id)
        if heard is None:
            # A room tells of every answer.
            heard = self._by_turn[turn_id] = self._asked.pop(0) if self._asked else Heard()
        heard.turn_id, heard.session_id = turn_id or heard.turn_id, session_id or heard.session_id
        return heard

    @abstractmethod
    async def connect(self) -> None:
        """Open a connection."""

    @abstractmethod
    async def abort(self) -> None:
        """Lose it without a word."""

    @abstractmethod
    async def write(self, packet: str) -> None:
        """Send a packet."""

    @abstractmethod
    def packets(self) -> AsyncIterator[str]:
        """What comes, until the connection is lost."""

    @abstractmethod
    def place(self, heard: Heard) -> Data:
        """Where to go on."""

    @abstractmethod
    def ids(self, data: Data) -> tuple[str, str]:
        """The turn and the session of an event."""

    @abstractmethod
    def take(self, heard: Heard, name: str, data: Data) -> None:
        """Hear an event."""


class TokensEventsSpeaker(SocketIoSpeaker):
    """The events of `tokens`, over a WebSocket."""

    name = "tokens over Socket.IO"
    resuming = "chat_resume"
    events = "chat_"

    async def connect(self) -> None:
        cookies = "; ".join(f"{name}={value}" for name, value in self.visitor.http.cookies.items())
        self._socket: ClientConnection = await connect(
            f"{self.visitor.url.replace('http', 'ws', 1)}{PATH}websocket",
            additional_headers={"Cookie": cookies, "Origin": self.visitor.url},
            compression=None,
            max_size=None,
            max_queue=1,
        )

    async def abort(self) -> None:
        self._socket.transport.abort()
        await self._socket.wait_closed()

    async def write(self, packet: str) -> None:
        await self._socket.send(packet)

    async def packets(self) -> AsyncIterator[str]:
        try:
            while True:
                await self.reading.wait()
                yield str(await self._socket.recv())
        except ConnectionClosed:
            return

    async def ask(self, message: str, *, model: str, session_id: str | None = None) -> Heard:
        heard = self.expect(Heard())
        await self.emit("chat_stream", {"message": message, "model": model, "session_id": session_id})
        return heard

    async def stop(self, heard: Heard) -> None:
        await self.emit("chat_stop", {"session_id": heard.session_id})

    def place(self, heard: Heard) -> Data:
        return {"turn_id": heard.turn_id, "after_seq": heard.seq}

    def ids(self, data: Data) -> tuple[str, str]:
        return data.get("turn_id") or "", data.get("session_id") or ""  # one that was refused has none

    def take(self, heard: Heard, name: str, data: Data) -> None:
        match name:
            case "chat_token":
                assert data["count"] > heard.known, "a token came twice"
                heard.known = data["count"]
                heard.pieces.append(data["token"])
            case "chat_complete":
                heard.end(Over("cancelled" if "cancelled" in data else "complete", digest=data["digest"]))
            case "chat_error":
                heard.end(Over("failed", code=data["code"], logged="seq" in data))


class StudySpeaker(SocketIoSpeaker):
    """Asks over HTTP and hears the answer in its user's room; it polls."""

    name = "study"
    resuming = "chat-stream-resume"
    events = "chat-stream-"

    async def connect(self) -> None:
        self._http = httpx2.AsyncClient(
            base_url=self.visitor.url,
            headers={"Origin": self.visitor.url},
            cookies=self.visitor.http.cookies,
            timeout=60,
        )
        opened = (await self._http.get(f"{PATH}polling")).raise_for_status().text
        self._first = opened
        self._path = f"{PATH}polling&sid={json.loads(opened[1:])['sid']}"
        self._polling: asyncio.Task[httpx2.Response] | None = None
        self._lost = False

    async def abort(self) -> None:
        self._lost = True
        if self._polling is not None:
            self._polling.cancel()
        await asyncio.wait((self._reader,))  # it may be in the midst of a request, which needs the client
        await self._http.aclose()

    async def write(self, packet: str) -> None:
        with suppress(httpx2.TransportError):  # the server is gone; the poll will say so
            (await self._http.post(self._path, content=packet)).raise_for_status()

    async def packets(self) -> AsyncIterator[str]:
        yield self._first
        try:
            while True:
                await self.reading.wait()
                if self._lost:
                    return
                self._polling = asyncio.create_task(self._http.get(self._path))
                answer = await self._polling
                if answer.status_code == 400:
                    return  # the server closed the connection, or one that has started anew does not know it
                for packet in answer.raise_for_status().text.split("\x1e"):
                    yield packet
        except httpx2.TransportError:
            return  # the server is gone
        except asyncio.CancelledError:
            if not self._lost:
                raise

    async def ask(self, message: str, *, model: str, session_id: str | None = None) -> Heard:
        heard = self.expect(Heard())
        body = {"message": message, "model": model, "chatSessionId": session_id}
        self._requests.add(
            asyncio.create_task(self.visitor.http.post("/api/v1/chat/completions/stream", json=body, timeout=60))
        )
        return heard

    async def stop(self, heard: Heard) -> None:
        await self.emit("chat-stream-stop", {"sessionId": heard.session_id})

    def place(self, heard: Heard) -> Data:
        return {"turnId": heard.turn_id, "afterSeq": heard.seq}

    def ids(self, data: Data) -> tuple[str, str]:
        return data["turnId"], data["sessionId"]

    def take(self, heard: Heard, name: str, data: Data) -> None:
        match name:
            case "chat-stream-token" if data["index"] == heard.known:
                heard.known += data.get("merged", 1)
                heard.pieces.append(data["token"])
            case "chat-stream-complete" if heard.known == 0 and data["digest"] != digest(""):
                pass  # the room shows it from its midst: what is asked for, from the start, is still to come
            case "chat-stream-complete":
                heard.end(Over("cancelled" if "cancelled" in data else "complete", digest=data["digest"]))
            case "chat-stream-error":
                heard.end(Over("failed", code=data["code"]))
