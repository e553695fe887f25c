"""A client of the protocol `session` for the scenarios that every protocol plays.

It has no positions: who comes back is shown the text so far in one piece, or loads what is stored.
"""

import asyncio
import json
import uuid
from typing import Any

from tests.support.chat_client import Visitor, digest
from tests.support.speakers import Heard, Over, Speaker
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Frame = dict[str, Any]
_KINDS: dict[str, Any] = {"cancelled": "cancelled"}


class _Tab:
    """One connection, and what it shows."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.shown: list[Heard] = []
        self.reader: asyncio.Task[None]


class SessionSpeaker(Speaker):
    """One tab for each conversation; what it shows next belongs to whoever asked or came back first."""

    name = "session"

    def __init__(self, visitor: Visitor) -> None:
        super().__init__(visitor)
        self._tabs: dict[str, _Tab] = {}

    async def open(self) -> None:
        """A tab opens with its conversation."""

    async def cut(self) -> None:
        for tab in self._tabs.values():
            tab.socket.transport.abort()
            await tab.socket.wait_closed()
            await tab.reader  # what it could not understand is raised here
        self._tabs.clear()

    async def ask(self, message: str, *, model: str, session_id: str | None = None) -> Heard:
        tab = await self._tab(session_id or str(uuid.uuid4()))
        heard = Heard()
        tab.shown.append(heard)
        provider, _, name = model.partition("/")
        await tab.socket.send(json.dumps({"content": message, "provider": provider, "model": name}))
        return heard

    async def resume(self, heard: Heard) -> None:
        heard.lost = False
        tab = await self._tab(heard.session_id)
        tab.shown.append(heard)
        while heard in tab.shown and not await self._load(heard, tab):
            await asyncio.sleep(0.01)

    async def stop(self, heard: Heard) -> None:
        await (await self._tab(heard.session_id)).socket.send('{"type": "stop"}')

    async def _tab(self, name: str) -> _Tab:
        if name not in self._tabs:
            ticket = (await self.visitor.http.post("/api/auth/ws-ticket")).raise_for_status().json()["ticket"]
            url = f"{self.visitor.url.replace('http', 'ws', 1)}/ws/chat/{name}?ticket={ticket}"
            tab = self._tabs[name] = _Tab(await connect(url, compression=None, max_size=None, max_queue=1))
            tab.reader = asyncio.create_task(self._read(tab))
        return self._tabs[name]

    async def _read(self, tab: _Tab) -> None:
        heard = Heard()
        try:
            while True:
                await self.reading.wait()
                frame = json.loads(await tab.socket.recv())
                if frame["type"] == "start":
                    heard = tab.shown.pop(0)
                    heard.pieces.clear()
                    heard.known = 0
                    heard.turn_id, heard.session_id = frame["turn_id"], frame["session_id"]
                    self._tabs.setdefault(heard.session_id, tab)
                self._take(heard, frame)
                heard.seq = frame.get("seq", heard.seq)
                heard.ring()
        except ConnectionClosed:
            return
        finally:
            for each in (heard, *tab.shown):
                each.lost = True
                each.ring()

    def _take(self, heard: Heard, frame: Frame) -> None:
        match frame["type"]:
            case "chunk":
                assert frame["chunk_id"] == heard.known, "a chunk is missing"
                heard.known += frame.get("merged", 1)
                heard.pieces.append(frame["content"])
            case "complete":
                kind = _KINDS.get(frame["finish_reason"], "complete")
                heard.end(Over(kind, frame["full_content"], frame["digest"]))
            case "error":
                heard.end(Over("failed", frame.get("partial_content"), code=frame["code"]))

    async def _load(self, heard: Heard, tab: _Tab) -> bool:
        """Load what is stored, where the answer is over and was not shown."""
        messages = (await self.visitor.conversation(heard.session_id))["messages"]
        answers = [message for message in messages if message["role"] == "assistant"]
        stored = next((answer for answer in answers if answer["turn_id"] == heard.turn_id), None)
        if stored is None or heard not in tab.shown:
            return False
        tab.shown.remove(heard)
        heard.pieces[:] = [stored["content"]]
        kind: Any = {"complete": "complete", "cancelled": "cancelled"}.get(stored["status"], "failed")
        heard.end(Over(kind, stored["content"], digest(stored["content"])))
        heard.ring()
        return True
