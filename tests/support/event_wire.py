"""The two ends of an event stream without a socket: a dialect that is as small as can be, and one request's wire."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from millrace.model.errors import MillraceError
from millrace.model.events import Entry, TextDelta
from millrace.stream.delivery import Merged
from millrace.stream.frames import Renderer
from millrace.transports.sse import CHUNKS_EXTENSION

LIMIT_S = 30.0


class Words:
    """Implements `EventDialect`: one record for each piece of text, and one for the end."""

    name = "words"

    def renderer(self) -> Renderer:
        return self

    def render(self, entry: Entry) -> Sequence[bytes]:
        event = entry.event
        if isinstance(event, TextDelta):
            return (record(event.text),)
        ends = {"TurnCompleted", "TurnCancelled", "TurnFailed"}
        return (record(type(event).__name__),) if type(event).__name__ in ends else ()

    def merge(self, merged: Merged) -> Sequence[bytes]:
        return (record(merged.text),)

    def error(self, error: MillraceError) -> bytes:
        return record(error.code)


def record(text: str) -> bytes:
    return b"data: " + json.dumps(text).encode() + b"\n\n"


class Wire:
    """The server's side of one request, as ASGI has it. Without `room` every write waits or is refused."""

    def __init__(self, *, extended: bool) -> None:
        self.room = asyncio.Event()
        self.room.set()
        self.aborted = False
        self.start: dict[str, Any] = {}
        self.body = b""
        self.ended = False
        self.fails_with: Exception | None = None
        self.offered = 0
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._incoming.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        extension = {CHUNKS_EXTENSION: {"offer": self.offer, "abort": self.abort}}
        self.scope: dict[str, Any] = {"type": "http", **({"extensions": extension} if extended else {})}
        self._news = asyncio.Event()
        self._under_way = False

    def leave(self) -> None:
        self._incoming.put_nowait({"type": "http.disconnect"})

    async def receive(self) -> dict[str, Any]:
        return await self._incoming.get()

    async def send(self, message: Any) -> None:
        assert not self._under_way, "two messages at once"
        self._under_way = True
        try:
            await self.room.wait()
        finally:
            self._under_way = False
        if self.fails_with is not None:
            raise self.fails_with
        if message["type"] == "http.response.start":
            assert not self.start, "started twice"
            self.start = message
        else:
            assert self.start, "a body before its start"
            assert not self.ended, "a body after its end"
            self.body += message["body"]
            self.ended = not message.get("more_body", False)
        self._news.set()

    def offer(self, body: bytes) -> bool:
        if self.fails_with is not None:
            raise self.fails_with
        if not self.room.is_set():
            return False
        assert self.start, "a body before its start"
        self.offered += 1
        self.body += body
        self._news.set()
        return True

    def abort(self) -> None:
        self.aborted = True

    async def until(self, text: bytes) -> None:
        async with asyncio.timeout(LIMIT_S):
            while text not in self.body:
                self._news.clear()
                await self._news.wait()

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.start["headers"]}
