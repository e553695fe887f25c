"""Clients of the AI SDK's protocol and of AG-UI, for the scenarios that every protocol plays.

Neither has positions: who comes back is told all of it again, or loads what is stored where nothing is told any more.
"""

import asyncio
import json
import uuid
from abc import abstractmethod
from typing import Any

from tests.support.chat_client import Visitor, digest
from tests.support.speakers import Heard, Over, Speaker
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Record = dict[str, Any]
_KINDS: dict[str, Any] = {"cancelled": "cancelled", "failed": "failed"}


class PartsSpeaker(Speaker):
    """Reads event streams, each a request of its own."""

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

    async def stop(self, heard: Heard) -> None:
        stopped = await self.visitor.http.post(f"/api/ai/chat/{heard.session_id}/stop")
        assert stopped.json() == {"success": True}

    def hear(self, heard: Heard, method: str, path: str, **request: Any) -> Heard:
        heard.lost = False
        self._readers.add(asyncio.create_task(self._read(heard, method, path, request)))
        return heard

    def begin(self, heard: Heard, known: Record) -> None:
        """All of it, from the beginning."""
        heard.pieces.clear()
        heard.turn_id, heard.session_id = known["turnId"], known["sessionId"]

    def end(self, heard: Heard, known: Record) -> None:
        kind = _KINDS.get(known["finishReason"], "complete")
        code = known["error"]["code"] if kind == "failed" else None
        heard.end(Over(kind, digest=None if kind == "failed" else known["digest"], code=code))

    def load(self, heard: Heard, text: str, known: Record) -> None:
        """What is stored, once nothing is told any more."""
        heard.pieces[:] = [text]
        self.end(heard, {**known, "digest": digest(text)})
        heard.ring()

    async def _read(self, heard: Heard, method: str, path: str, request: Record) -> None:
        try:
            async with self.visitor.http.stream(method, path, **request) as response:
                if response.status_code == 204:
                    await self.miss(heard)
                    return
                if refused := response.headers.get("x-error-code"):
                    heard.end(Over("failed", code=refused))
                    return
                assert response.status_code == 200, await response.aread()
                rest = b""
                async for part in response.aiter_bytes():
                    *records, rest = (rest + part).split(b"\n\n")
                    for record in records:
                        if record.startswith(b"data: {"):
                            self.take(heard, json.loads(record.removeprefix(b"data: ")))
                            heard.seq += 1
                            heard.ring()
                    await self.reading.wait()
        finally:
            heard.lost = True
            heard.ring()

    @abstractmethod
    def take(self, heard: Heard, record: Record) -> None:
        """Hear a record."""

    async def miss(self, heard: Heard) -> None:
        """Nothing is told any more."""


class AiSdkSpeaker(PartsSpeaker):
    """What `DefaultChatTransport` does."""

    name = "ai_sdk"

    async def ask(self, message: str, *, model: str, session_id: str | None = None) -> Heard:
        return self.hear(Heard(), "POST", "/api/ai/chat", json=question(message, model, session_id))

    async def resume(self, heard: Heard) -> None:
        self.hear(heard, "GET", f"/api/ai/chat/{heard.session_id}/stream")

    async def miss(self, heard: Heard) -> None:
        path = f"/api/ai/chat/{heard.session_id}/messages"
        message = (await self.visitor.http.get(path)).raise_for_status().json()["messages"][-1]
        text = "".join(part["text"] for part in message["parts"] if part["type"] == "text")
        self.load(heard, text, message["metadata"])

    def take(self, heard: Heard, record: Record) -> None:
        match record["type"]:
            case "start":
                self.begin(heard, record["messageMetadata"])
            case "text-delta":
                heard.pieces.append(record["delta"])
            case "finish" | "message-metadata":
                self.end(heard, record["messageMetadata"])


class AgUiSpeaker(PartsSpeaker):
    """What `HttpAgent` does."""

    name = "ag_ui"

    async def ask(self, message: str, *, model: str, session_id: str | None = None) -> Heard:
        messages = [{"id": str(uuid.uuid4()), "role": "user", "content": message}]
        run = {**names(session_id), "messages": messages, "forwardedProps": {"model": model}}
        return self.hear(Heard(), "POST", "/api/ag-ui", json=run)

    async def resume(self, heard: Heard) -> None:
        self.hear(heard, "POST", "/api/ag-ui/connect", json={**names(heard.session_id), "messages": []})

    def take(self, heard: Heard, record: Record) -> None:
        match record["type"]:
            case "RUN_STARTED" if "metadata" in record:
                self.begin(heard, record["metadata"])
            case "MESSAGES_SNAPSHOT" if record["messages"][-1]["role"] == "assistant":
                message = record["messages"][-1]
                self.load(heard, message["content"], message["metadata"])
            case "TEXT_MESSAGE_CONTENT":
                heard.pieces.append(record["delta"])
            case "RUN_FINISHED" if "result" in record:
                self.end(heard, record["result"])
            case "RUN_ERROR" if "finishReason" in record["metadata"]:  # else it is no entry of the answer's log
                assert record["code"] == record["metadata"]["error"]["code"]
                self.end(heard, record["metadata"])


class AiSdkSocketSpeaker(AiSdkSpeaker):
    """What `WebSocketChatTransport` does."""

    name = "ai_sdk_socket"

    def __init__(self, visitor: Visitor) -> None:
        super().__init__(visitor)
        self._asked: dict[str, Heard] = {}
        self._own: dict[str, str] = {}
        self._socket: ClientConnection

    async def open(self) -> None:
        ticket = (await self.visitor.http.post("/api/auth/ws-ticket")).raise_for_status().json()["ticket"]
        url = f"{self.visitor.url.replace('http', 'ws', 1)}/api/ai/ws?ticket={ticket}"
        self._socket = await connect(url, compression=None, max_size=None, max_queue=1)
        self._readers.add(asyncio.create_task(self._listen()))

    async def cut(self) -> None:
        self._socket.transport.abort()
        await self._socket.wait_closed()
        await super().cut()

    async def ask(self, message: str, *, model: str, session_id: str | None = None) -> Heard:
        asked = question(message, model, session_id)
        wished = {"model": asked.pop("model")}
        heard = Heard()
        await self._send("send", heard, **asked, body=wished)
        return heard

    async def resume(self, heard: Heard) -> None:
        heard.lost = False
        await self._send("resume", heard, id=heard.session_id)

    async def stop(self, heard: Heard) -> None:
        request = next((request for request, asked in self._asked.items() if asked is heard), None)
        if request is None or self._own.get(request) != "send":
            await super().stop(heard)
        else:
            await self._socket.send(json.dumps({"type": "abort", "requestId": request}))

    async def _send(self, kind: str, heard: Heard, **fields: Any) -> None:
        request = str(uuid.uuid4())
        self._asked[request], self._own[request] = heard, kind
        await self._socket.send(json.dumps({"type": kind, "requestId": request, "headers": {}, "body": {}, **fields}))

    async def _listen(self) -> None:
        expected: dict[str, int] = {}
        try:
            while True:
                await self.reading.wait()
                frame = json.loads(await self._socket.recv())
                request = frame["requestId"]
                heard = self._asked[request]
                if frame["type"] == "chunk":
                    assert frame["sequence"] == expected.get(request, 0), "a chunk is missing"
                    expected[request] = frame["sequence"] + 1
                    self.take(heard, frame["chunk"])
                    heard.seq += 1
                elif frame["type"] == "no-active":
                    await self.miss(heard)
                else:
                    assert frame["type"] in {"start", "end"}, frame
                heard.ring()
        except ConnectionClosed:
            return
        finally:
            for heard in self._asked.values():
                heard.lost = True
                heard.ring()
            self._asked.clear()


def question(message: str, model: str, session_id: str | None) -> Record:
    """What a chat transport sends."""
    asked = {"id": str(uuid.uuid4()), "role": "user", "parts": [{"type": "text", "text": message}]}
    chat = session_id or str(uuid.uuid4())
    return {"id": chat, "messages": [asked], "trigger": "submit-message", "model": model}


def names(session_id: str | None) -> Record:
    """A run of its own in that conversation, or in a new one."""
    return {"threadId": session_id or str(uuid.uuid4()), "runId": str(uuid.uuid4())}
