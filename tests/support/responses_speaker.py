"""A client of OpenAI's responses, in the background, for the scenarios that every protocol plays."""

import asyncio
import json
from typing import Any

from tests.support.chat_client import Visitor, digest
from tests.support.speakers import Heard, Over, Speaker

_KINDS: dict[str, Any] = {"completed": "complete", "incomplete": "complete", "cancelled": "cancelled"}


class ResponsesSpeaker(Speaker):
    """Hears events by their numbers, of which none may be missing or come twice."""

    name = "responses"

    def __init__(self, visitor: Visitor) -> None:
        super().__init__(visitor)
        self._readers: set[asyncio.Task[None]] = set()
        self._code = ""

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
        request = {"input": message, "model": model, "background": True, "stream": True}
        headers = {} if session_id is None else {"X-Session-Id": session_id}
        return self._hear(Heard(), "POST", "/v1/responses", json=request, headers=headers)

    async def resume(self, heard: Heard) -> None:
        heard.lost = False
        place: dict[str, Any] = {"stream": "true"} if heard.seq < 0 else {"stream": "true", "starting_after": heard.seq}
        self._hear(heard, "GET", f"/v1/responses/resp_{heard.turn_id}", params=place)

    async def stop(self, heard: Heard) -> None:
        stopped = await self.visitor.http.post(f"/v1/responses/resp_{heard.turn_id}/cancel")
        assert stopped.raise_for_status().json()["status"] == "cancelled"

    def _hear(self, heard: Heard, method: str, path: str, **request: Any) -> Heard:
        self._readers.add(asyncio.create_task(self._read(heard, method, path, request)))
        return heard

    async def _read(self, heard: Heard, method: str, path: str, request: dict[str, Any]) -> None:
        try:
            async with self.visitor.http.stream(method, path, **request) as response:
                assert response.status_code == 200, await response.aread()
                heard.turn_id, heard.session_id = response.headers["x-turn-id"], response.headers["x-session-id"]
                rest = b""
                async for part in response.aiter_bytes():
                    *records, rest = (rest + part).split(b"\n\n")
                    for record in records:
                        self._take(heard, record)
                        heard.ring()
                    await self.reading.wait()
        finally:
            heard.lost = True
            heard.ring()

    def _take(self, heard: Heard, record: bytes) -> None:
        if record.startswith(b":"):
            return
        event = json.loads(record.partition(b"data: ")[2])
        if "sequence_number" not in event:
            return  # an error outside the answer's log: the stream ends, the answer does not
        assert event["sequence_number"] == heard.seq + 1, "an event is missing, or was there before"
        heard.seq = event["sequence_number"]
        match event["type"]:
            case "response.output_text.delta":
                heard.pieces.append(event["delta"])
            case "response.failed":
                heard.end(Over("failed", _text(event["response"]), code=self._code))
            case "error":
                self._code = event["error"]["code"].upper()
            case "response.completed" | "response.incomplete":
                text = _text(event["response"])
                heard.end(Over(_KINDS[event["response"]["status"]], text, digest(text)))


def _text(response: dict[str, Any]) -> str:
    return "".join(part["text"] for item in response["output"] if item["type"] == "message" for part in item["content"])
