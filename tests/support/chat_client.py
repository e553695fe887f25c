"""A client of the `chat` dialect for tests: what a front end does, with nothing hidden.

async with Visitor.guest(server.url) as visitor, visitor.connect() as chat:
    turn = await chat.ask("Hello", model="openai/sim?tokens=5")
    await turn.end()
"""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Frame = dict[str, Any]
ENDS = ("chat_complete", "chat_cancelled", "chat_error")
LIMIT_S = 20.0


@dataclass
class WatchedTurn:
    """What one connection saw of one turn."""

    request_id: str
    frames: list[Frame] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    lost: bool = False

    def take(self, frame: Frame) -> None:
        self.frames.append(frame)
        self.news.set()

    @property
    def types(self) -> list[str]:
        return [frame["type"] for frame in self.frames]

    @property
    def turn_id(self) -> str:
        return str(self.frames[0]["data"]["turn_id"])

    @property
    def session_id(self) -> str:
        return str(self.frames[0]["data"]["session_id"])

    @property
    def message_id(self) -> str:
        return str(self.frames[0]["data"]["message_id"])

    @property
    def last_seq(self) -> int:
        return max((frame["data"].get("seq", -1) for frame in self.frames), default=-1)

    @property
    def text(self) -> str:
        return text_of(self.frames)

    @property
    def over(self) -> Frame | None:
        return next((frame for frame in self.frames if frame["type"] in ENDS), None)

    async def until(self, tokens: int) -> None:
        """Wait until so many pieces have come, or the end."""
        async with asyncio.timeout(LIMIT_S):
            while self.types.count("content_token") < tokens and self.over is None and not self.lost:
                self.news.clear()
                await self.news.wait()

    async def end(self) -> Frame:
        """Wait for the turn's terminal frame; its data."""
        async with asyncio.timeout(LIMIT_S):
            while self.over is None:
                assert not self.lost, "the connection was lost"
                self.news.clear()
                await self.news.wait()
        over = self.over
        assert over is not None
        data: Frame = over["data"]
        return data


def text_of(frames: list[Frame]) -> str:
    """The text of the pieces in `frames`: in order, without a gap, nothing twice."""
    pieces: list[str] = []
    expected = None
    for frame in frames:
        if frame["type"] != "content_token" or frame["data"]["is_final"]:
            continue
        data = frame["data"]
        assert expected is None or data["token_index"] == expected, "a piece is missing or came twice"
        expected = data["token_index"] + data.get("merged", 1)
        pieces.append(data["token"])
    return "".join(pieces)


def origin_of(url: str) -> str:
    """The origin of a page at `url`."""
    return "/".join(url.split("/")[:3])


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Chat:
    """One WebSocket connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.turns: list[WatchedTurn] = []
        self.others: list[Frame] = []
        self._news = asyncio.Event()
        self._by_turn: dict[str, WatchedTurn] = {}
        self._pending: dict[str, WatchedTurn] = {}
        self.closed: ConnectionClosed | None = None
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for message in self.socket:
                assert isinstance(message, str), "frames are text"
                self._take(msgspec.json.decode(message))
        finally:
            for turn in self.turns:
                turn.lost = True
                turn.news.set()
            self._news.set()

    def _take(self, frame: Frame) -> None:
        data = frame["data"] if isinstance(frame["data"], dict) else {}
        asked = self._pending.pop(data.get("request_id") or "", None)
        turn = asked or self._by_turn.get(data.get("turn_id") or "")
        if turn is None:
            self.others.append(frame)
            self._news.set()
            return
        if data.get("turn_id"):
            self._by_turn[data["turn_id"]] = turn
        turn.take(frame)

    async def send(self, kind: str, **data: Any) -> None:
        await self.socket.send(msgspec.json.encode({"type": kind, "data": data}).decode())

    async def ask(self, message: str = "Hello", **data: Any) -> WatchedTurn:
        """Send a `chat_request`."""
        request_id = data.pop("request_id", None) or str(uuid.uuid4())
        turn = WatchedTurn(request_id)
        self.turns.append(turn)
        self._pending[request_id] = turn
        await self.send("chat_request", message=message, request_id=request_id, **data)
        return turn

    async def resume(self, turn_id: str, after_seq: int = -1) -> WatchedTurn:
        """Send a `chat_resume`."""
        turn = WatchedTurn("")
        self.turns.append(turn)
        self._by_turn[turn_id] = turn
        await self.send("chat_resume", turn_id=turn_id, after_seq=after_seq)
        return turn

    async def other(self) -> Frame:
        """The next frame that belongs to no turn we asked for."""
        async with asyncio.timeout(LIMIT_S):
            while not self.others:
                self._news.clear()
                await self._news.wait()
        return self.others.pop(0)

    async def ping(self) -> None:
        """Prove that the connection works."""
        token = str(uuid.uuid4())
        await self.send("ping", token=token)
        assert (await self.other()) == {"type": "pong", "data": {"token": token}}

    async def wait_closed(self) -> tuple[int | None, str | None]:
        async with asyncio.timeout(LIMIT_S):
            await self.socket.wait_closed()
        return self.socket.close_code, self.socket.close_reason

    async def close(self) -> None:
        await self.socket.close()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def cut(self) -> None:
        """Lose the connection without a word."""
        self.socket.transport.abort()
        await asyncio.gather(self._reader, return_exceptions=True)


class Visitor:
    """One user with a browser."""

    def __init__(self, url: str, http: httpx2.AsyncClient) -> None:
        self.url = url
        self.http = http

    @classmethod
    @asynccontextmanager
    async def guest(cls, url: str) -> AsyncIterator["Visitor"]:
        """Somebody new."""
        async with httpx2.AsyncClient(base_url=url, headers={"Origin": origin_of(url)}, timeout=LIMIT_S) as http:
            (await http.get("/api/auth/session")).raise_for_status()
            yield cls(url, http)

    def at(self, url: str) -> "Visitor":
        """The same user, after the server came back elsewhere."""
        http = httpx2.AsyncClient(
            base_url=url, headers={"Origin": origin_of(url)}, timeout=LIMIT_S, cookies=self.http.cookies
        )
        return Visitor(url, http)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Chat]:
        """Open a connection with a one-time ticket."""
        ticket = (await self.http.post("/api/auth/ws-ticket")).raise_for_status().json()["ticket"]
        ws_url = self.url.replace("http", "ws", 1)
        async with connect(f"{ws_url}/api/ws/chat?ticket={ticket}", compression=None, max_size=None) as socket:
            chat = Chat(socket)
            try:
                yield chat
            finally:
                await chat.close()

    async def conversation(self, session_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.http.get(f"/api/sessions/{session_id}")).raise_for_status().json()
        return found
