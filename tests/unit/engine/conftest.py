"""A real engine over the memory log and a real SQLite store, with a provider that the test plays."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.scripted_provider import Call, ScriptedDirectory, ScriptedProvider

from millrace.engine.engine import Engine
from millrace.engine.hub import Follower
from millrace.engine.insights import Insights
from millrace.engine.options import EngineOptions
from millrace.logs.memory import MemoryLog
from millrace.logs.memory_registry import MemoryRegistry
from millrace.model.commands import StartTurn
from millrace.model.events import Entry
from millrace.model.messages import Turn, User
from millrace.model.principal import Principal
from millrace.ops.clock import SystemClock
from millrace.ports import EmotionAnalyzer, Retriever
from millrace.routing.router import Router, RouterOptions
from millrace.stores.sql import SqlStore

ANA = Principal("ana", "guest")
BEN = Principal("ben", "guest")


@dataclass
class Bench:
    """An engine and everything a test needs to see around it."""

    engine: Engine
    store: SqlStore
    log: MemoryLog
    registry: MemoryRegistry
    provider: ScriptedProvider

    async def ask(self, message: str = "Hi", session_id: str | None = None, **fields: object) -> tuple[Turn, Call]:
        """Start a turn and wait until its provider is called."""
        command = StartTurn(message=message, session_id=session_id, **fields)  # type: ignore[arg-type]  # test shorthand
        turn = await self.engine.start(command, ANA)
        return turn, await self.provider.next_call()

    async def entries(self, turn: Turn) -> list[Entry]:
        """All entries of a turn, once it has ended."""
        follower = await self.engine.attach(turn)
        return await drain(follower)


async def drain(follower: Follower) -> list[Entry]:
    """Read a follower to its end."""
    async with asyncio.timeout(5):
        while not (await follower.next()).ended:
            pass
    follower.close()
    return list(follower.hot.entries)


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until something is so."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


MakeBench = Callable[..., Bench]


@pytest.fixture
async def make_bench(tmp_path: Path) -> AsyncIterator[Callable[..., "asyncio.Future[Bench]"]]:
    """Makes engines with the options a test wants; all share one store."""
    store = await SqlStore.open(f"sqlite+aiosqlite:///{tmp_path / 'store.db'}")
    for caller in (ANA, BEN):
        await store.create_user(User(caller.user_id, "guest", caller.user_id, 0))
    engines: list[Engine] = []

    async def make(
        *,
        share: Bench | None = None,
        retriever: Retriever | None = None,
        emotion: EmotionAnalyzer | None = None,
        insights: Insights | None = None,
        then: ScriptedProvider | None = None,
        router: RouterOptions | None = None,
        **options: object,
    ) -> Bench:
        clock = SystemClock()
        registry = share.registry if share else MemoryRegistry(clock)
        log = share.log if share else MemoryLog(registry, clock)
        provider = ScriptedProvider()
        engine = Engine(
            log=log,
            registry=registry,
            store=store,
            models=ScriptedDirectory(provider, then=then),
            clock=clock,
            retriever=retriever,
            insights=insights or Insights(emotion=emotion),
            router=Router(clock, router),
            options=EngineOptions(**options),  # type: ignore[arg-type]  # test shorthand
        )
        await engine.open()
        engines.append(engine)
        return Bench(engine, store, log, registry, provider)

    yield make  # type: ignore[misc]  # an async factory; its exact type says nothing more
    for engine in engines:
        await engine.close()
    await store.close()


@pytest.fixture
async def bench(make_bench: Callable[..., "asyncio.Future[Bench]"]) -> Bench:
    return await make_bench()
