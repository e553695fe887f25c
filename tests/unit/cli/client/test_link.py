"""The connection's comings and goings, with sockets and a clock that the test holds."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.support.clock import ManualClock

from millrace.cli.client.errors import ClientError, Rejected, SignInNeeded, Unreachable
from millrace.cli.client.exchange import Exchange
from millrace.cli.client.link import Link, Socket, SocketLost
from millrace.cli.client.notices import Ended, Notice, Piece, Problem
from millrace.cli.client.shapes import RunningTurn, StoredMessage
from millrace.stream.digest import text_digest

COMMON = {"session_id": "s", "message_id": "m", "turn_id": "t", "timestamp": "x"}
LIMIT_S = 5.0


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


async def test_an_answer_goes_on_over_the_next_connection() -> None:
    async with staged() as stage:
        first = await stage.sockets.get()
        await stage.link.begin(asked(), stage.notices.put_nowait)
        assert (await first.sent.get())["type"] == "chat_request"
        first.say(STARTED, token(0, "Be"))
        await stage.notices.get()
        assert await stage.notices.get() == Piece("Be")
        first.lose()
        second = await stage.sockets.get()
        assert await second.sent.get() == {"type": "chat_resume", "data": {"after_seq": 1, "turn_id": "t"}}
        second.say(token(1, "cause"), complete("Because", 3))
        assert await stage.notices.get() == Piece("cause")
        assert isinstance(await stage.notices.get(), Ended)
        assert stage.states == ["connected", "reconnecting", "connected"]


async def test_waiting_grows_and_begins_anew_after_a_good_connection() -> None:
    def away(stage: Stage) -> None:
        stage.failures += [Unreachable("x"), SocketLost("x"), Unreachable("x"), SocketLost("x")]

    async with staged(away) as stage:
        assert [await stage.slept.get() for _ in range(4)] == [1, 2, 4, 8]
        socket = await stage.sockets.get()
        socket.lose()
        assert await stage.slept.get() == 16  # one that broke at once was not good
        socket = await stage.sockets.get()
        stage.clock.advance(60)
        socket.lose()
        assert await stage.slept.get() == 1


async def test_a_server_that_says_when_to_come_back_is_obeyed() -> None:
    busy = Rejected(Problem("RATE_LIMIT", "Too many connections.", retry_after=12.0), 429)
    async with staged(lambda stage: stage.failures.append(busy)) as stage:
        stage.go_on.clear()
        assert await stage.slept.get() == 12
        assert stage.link.status.reason == "Too many connections."
        assert stage.link.status.retry_at == stage.clock.monotonic() + 12


async def test_without_a_sign_in_it_does_not_come_back() -> None:
    async with staged(lambda stage: stage.failures.append(SignInNeeded("Sign in."))) as stage:
        while not stage.states:
            await asyncio.sleep(0)
        assert (stage.link.status.state, stage.link.status.reason) == ("refused", "Sign in.")
        assert stage.sockets.empty()


async def test_an_expired_sign_in_is_renewed_without_waiting() -> None:
    async with staged() as stage:
        first = await stage.sockets.get()
        await stage.link.begin(asked(), stage.notices.put_nowait)
        error = {"code": "UNAUTHORIZED", "message": "Expired.", "recoverable": False}
        first.say(frame("chat_error", error=error, request_id="r", turn_id=None))
        second = await stage.sockets.get()
        assert (await second.sent.get())["data"]["request_id"] == "r"
        assert stage.slept.empty()


async def test_an_answer_that_cannot_be_resumed_comes_from_the_store() -> None:
    async with staged() as stage:
        socket = await stage.sockets.get()
        await stage.link.begin(asked(), stage.notices.put_nowait)
        stage.stored = StoredMessage("m", "s", "t", "assistant", "Because", "complete")
        error = {"code": "NO_ACTIVE_STREAM", "message": "Over.", "recoverable": False}
        socket.say(STARTED, frame("chat_error", error=error))
        await stage.notices.get()
        ended = await stage.notices.get()
        assert isinstance(ended, Ended)
        assert ended.text == "Because"


async def test_who_leaves_is_told_nothing_more_but_the_stop_still_goes_out() -> None:
    async with staged() as stage:
        first = await stage.sockets.get()
        await stage.link.begin(asked(), stage.notices.put_nowait)
        first.say(STARTED)
        await stage.notices.get()
        stage.go_on.clear()
        first.lose()
        await stage.slept.get()
        await stage.link.stop()
        stage.link.leave()
        stage.go_on.set()
        second = await stage.sockets.get()
        assert [(await second.sent.get())["type"] for _ in range(2)] == ["chat_resume", "chat_stop"]
        second.say(token(0, "Be"))
        await stage.link.begin(asked(), stage.notices.put_nowait)
        assert (await second.sent.get())["type"] == "chat_request"
        assert stage.notices.empty()
