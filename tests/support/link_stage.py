"""A link of the terminal chat with sockets, a server and a clock that a test holds."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.support.clock import ManualClock

from millrace.cli.client.errors import ClientError
from millrace.cli.client.exchange import Exchange
from millrace.cli.client.link import Link, Socket, SocketLost
from millrace.cli.client.notices import Notice
from millrace.cli.client.shapes import RunningTurn, StoredMessage
from millrace.stream.digest import text_digest

COMMON = {"session_id": "s", "message_id": "m", "turn_id": "t", "timestamp": "x"}
LIMIT_S = 20.0


def frame(kind: str, **data: Any) -> bytes:
    return json.dumps({"type": kind, "data": {**COMMON, **data}}).encode()


STARTED = frame(
    "thinking_started",
    seq=0, thinking_mode="system1", model="p/m", user_message_id="u", user_message="Why?", request_id="r",
)  # fmt: skip


def token(index: int, text: str) -> bytes:
    return frame("content_token", seq=index + 1, token=text, token_index=index)


def complete(text: str, seq: int) -> bytes:
    return frame("chat_complete", seq=seq, full_message=text, digest=text_digest(text), metadata={})


class FakeSocket:
    def __init__(self) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._incoming: asyncio.Queue[bytes | None] = asyncio.Queue()

    def say(self, *frames: bytes) -> None:
        for each in frames:
            self._incoming.put_nowait(each)

    def lose(self) -> None:
        self._incoming.put_nowait(None)

    async def send(self, frame: bytes) -> None:
        self.sent.put_nowait(json.loads(frame))

    async def frames(self) -> AsyncIterator[bytes]:
        while (each := await self._incoming.get()) is not None:
            yield each
        raise SocketLost("gone")

    async def close(self) -> None:
        self.lose()


class Stage:
    """A link, and all that it talks with."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.sockets: asyncio.Queue[FakeSocket] = asyncio.Queue()
        self.slept: asyncio.Queue[float] = asyncio.Queue()
        self.failures: list[ClientError | SocketLost] = []
        self.stored: StoredMessage | RunningTurn | None = None
        self.notices: asyncio.Queue[Notice] = asyncio.Queue()
        self.states: list[str] = []
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.link = Link(
            server=self,
            dial=self.dial,
            clock=self.clock,
            sleep=self.sleep,
            chance=lambda: 0.5,
            changed=lambda: self.states.append(self.link.status.state),
        )

    async def ticket(self) -> str:
        if self.failures and isinstance(self.failures[0], ClientError):
            raise self.failures.pop(0)
        return "ticket"

    async def answer(self, session_id: str, message_id: str, turn_id: str) -> StoredMessage | RunningTurn | None:
        assert (session_id, message_id, turn_id) == ("s", "m", "t")
        return self.stored

    @asynccontextmanager
    async def dial(self, ticket: str) -> AsyncIterator[Socket]:
        assert ticket == "ticket"
        if self.failures:
            raise self.failures.pop(0)
        socket = FakeSocket()
        self.sockets.put_nowait(socket)
        yield socket

    async def sleep(self, seconds: float) -> None:
        self.slept.put_nowait(seconds)
        await self.go_on.wait()
        self.clock.advance(seconds)


@asynccontextmanager
async def staged(prepare: Callable[[Stage], None] = lambda _: None) -> AsyncIterator[Stage]:
    async with asyncio.timeout(LIMIT_S):
        stage = Stage()
        prepare(stage)
        task = asyncio.create_task(stage.link.run())
        try:
            yield stage
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def asked() -> Exchange:
    return Exchange.ask("Why?", request_id="r", session_id=None, model=None, reasoning=False)
