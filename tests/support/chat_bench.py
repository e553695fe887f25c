"""A real engine over the memory log and a real store, and clients that speak `chat` to it without a socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.scripted_provider import Call, ScriptedDirectory, ScriptedProvider

from millrace.dialects.chat import ChatDialect
from millrace.dialects.dialect import Dialect
from millrace.engine.engine import Engine
from millrace.engine.insights import Insights
from millrace.engine.options import EngineOptions
from millrace.logs.memory import MemoryLog
from millrace.logs.memory_registry import MemoryRegistry
from millrace.model.messages import User
from millrace.model.principal import Principal
from millrace.ops.clock import SystemClock
from millrace.ports import EmotionAnalyzer, Retriever
from millrace.stores.sql import SqlStore
from millrace.transports.connection import Connection
from millrace.transports.pump import ConnectionClosed

ANA = Principal("ana", "guest")
BEN = Principal("ben", "guest")
LIMIT_S = 20.0
ENDS = frozenset({"chat_complete", "chat_cancelled", "chat_error"})

Frame = dict[str, Any]


class Peer:
    """A client: what it sends goes straight to its connection, what it is sent is in `frames`.

    `blocked` holds every send, as a socket does whose buffer is full; `gone` makes every send fail.
    """

    def __init__(self, engine: Engine, caller: Principal = ANA, dialect: Dialect | None = None, **options: Any) -> None:
        self.frames: list[Frame] = []
        self.writes: list[int] = []
        self.gone = False
        self.waiting = 0
        self._free = asyncio.Event()
        self._free.set()
        self._news = asyncio.Event()
        self.connection = Connection(engine, caller, dialect or ChatDialect(), self._send, SystemClock(), **options)

    async def _send(self, frames: Sequence[bytes]) -> None:
        self.waiting += 1
        try:
            await self._free.wait()
        finally:
            self.waiting -= 1
        if self.gone:
            raise ConnectionClosed
        self.writes.append(len(frames))
        self.frames += [json.loads(frame) for frame in frames]
        self._news.set()

    def block(self) -> None:
        """Read nothing more."""
        self._free.clear()

    def unblock(self) -> None:
        """Read again."""
        self._free.set()

    async def say(self, kind: str, **data: Any) -> None:
        """Send a frame, and wait until it was obeyed."""
        await self.send({"type": kind, "data": data})

    async def send(self, frame: Frame) -> None:
        """Send a frame of any form."""
        await self.connection.receive(json.dumps(frame))

    async def got(self, wanted: Callable[[Frame], bool]) -> Frame:
        """The first frame of that kind, waited for."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                for frame in self.frames:
                    if wanted(frame):
                        return frame
                self._news.clear()
                await self._news.wait()

    async def first(self, *kinds: str, turn_id: str | None = None) -> Frame:
        """The first frame of one of these types, of one turn where it is named."""
        return await self.got(
            lambda frame: frame["type"] in kinds and turn_id in (None, frame.get("data", frame).get("turn_id"))
        )

    async def token(self, text: str) -> Frame:
        """The frame with that token."""
        return await self.got(lambda frame: frame["type"] == "content_token" and frame["data"]["token"] == text)

    async def end(self, turn_id: str | None = None) -> Frame:
        """The frame that ends a turn, or refuses one."""
        return await self.first(*ENDS, turn_id=turn_id)

    @property
    def kinds(self) -> list[str]:
        """The types of all frames so far."""
        return [frame["type"] for frame in self.frames]

    @property
    def text(self) -> str:
        """All tokens so far."""
        return "".join(frame["data"]["token"] for frame in self.frames if frame["type"] == "content_token")

    async def close(self) -> None:
        """Go away."""
        await self.connection.close()


@dataclass
class ChatBench:
    """An engine and everything around it."""

    engine: Engine
    store: SqlStore
    provider: ScriptedProvider
    peers: list[Peer] = field(default_factory=list)

    def peer(self, caller: Principal = ANA, **options: Any) -> Peer:
        """A new client."""
        peer = Peer(self.engine, caller, **options)
        self.peers.append(peer)
        return peer

    async def ask(self, peer: Peer, message: str = "Hi", **data: Any) -> tuple[Frame, Call]:
        """Start a turn from `peer`: the data of its `thinking_started`, and the call of its provider."""
        seen = len(peer.frames)
        await peer.say("chat_request", message=message, **data)
        call = await self.provider.next_call()
        started = await peer.got(lambda frame: frame in peer.frames[seen:] and frame["type"] == "thinking_started")
        return started["data"], call

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let the loop run until something is so."""
        async with asyncio.timeout(LIMIT_S):
            while not condition():
                await asyncio.sleep(0.001)


@asynccontextmanager
async def chat_bench(
    folder: Path,
    *,
    retriever: Retriever | None = None,
    emotion: EmotionAnalyzer | None = None,
    autoplay: Sequence[str] | None = None,
    **options: Any,
) -> AsyncIterator[ChatBench]:
    """Open an engine with the options a test wants; everything is closed, and no task is left, afterwards."""
    clock = SystemClock()
    store = await SqlStore.open(f"sqlite:///{folder / 'store.db'}")
    for caller in (ANA, BEN):
        await store.create_user(User(caller.user_id, "guest", caller.user_id, 0))
    registry = MemoryRegistry(clock)
    provider = ScriptedProvider(autoplay=autoplay)
    engine = Engine(
        log=MemoryLog(registry, clock),
        registry=registry,
        store=store,
        models=ScriptedDirectory(provider),
        clock=clock,
        options=EngineOptions(**options),
        retriever=retriever,
        insights=Insights(emotion=emotion),
    )
    bench = ChatBench(engine, store, provider)
    await engine.open()
    try:
        yield bench
    finally:
        for peer in bench.peers:
            peer.unblock()
            await peer.close()
        assert engine.status().followers == 0, "a follower was left behind"
        await engine.close()
        await store.close()
