"""Those who ask: answers of every fate, as many at a time as a busy team has."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import count
from typing import Self

from tests.support.chat_client import Visitor, digest

VISITORS = 8
AT_ONCE = 24
TEXTS = 16
"""So many different answers: what is remembered of models and texts is bounded, and soon full."""
SLOW = "sim/sim?tokens=60&interval_ms=4&text=mixed"
Fate = Callable[["Players", Visitor, int], Awaitable[None]]


class Players:
    """Some visitors and their questions. Whatever does not go as it should raises."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stack = AsyncExitStack()
        self._visitors: list[Visitor] = []
        self._numbers = count()

    async def __aenter__(self) -> Self:
        for _ in range(VISITORS):
            self._visitors.append(await self._stack.enter_async_context(Visitor.guest(self._url)))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def ask(self, turns: int) -> None:
        """Ask so many questions and see each to its end."""
        places = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> None:
            async with places:
                await FATES[number % len(FATES)](self, self._visitors[number % VISITORS], number % TEXTS)

        async with asyncio.TaskGroup() as group:
            for _ in range(turns):
                group.create_task(one(next(self._numbers)))

    async def watch(self, visitor: Visitor, number: int) -> None:
        """To the end; a second question in the same conversation."""
        async with visitor.connect() as chat:
            turn = await chat.ask("Talk.", model=f"sim/sim?tokens=60&seed={number}&text=mixed")
            end = await turn.end()
            assert end["digest"] == digest(turn.text)

    async def stop(self, visitor: Visitor, number: int) -> None:
        """Stopped by its reader."""
        async with visitor.connect() as chat:
            turn = await chat.ask("Talk.", model=f"{SLOW}&seed={number}")
            await turn.until(5)
            await chat.send("chat_stop", turn_id=turn.turn_id)
            await turn.end()

    async def come_back(self, visitor: Visitor, number: int) -> None:
        """The connection is cut; the reader comes back for the rest."""
        async with visitor.connect() as chat:
            turn = await chat.ask("Talk.", model=f"{SLOW}&seed={number}")
            await turn.until(5)
            await chat.cut()
        if turn.over is not None:  # on a busy machine everything may have come at once
            return
        async with visitor.connect() as chat:
            end = await (await chat.resume(turn.turn_id, turn.last_seq)).end()
            assert "full_message" in end

    async def leave(self, visitor: Visitor, number: int) -> None:
        """The reader goes away for good; the answer goes on alone."""
        async with visitor.connect() as chat:
            turn = await chat.ask("Talk.", model=f"{SLOW}&seed={number}")
            await turn.until(2)

    async def fail(self, visitor: Visitor, number: int) -> None:
        """The provider breaks off."""
        async with visitor.connect() as chat:
            turn = await chat.ask("Talk.", model=f"sim/sim?tokens=40&fault=error_event&seed={number}")
            await turn.end()

    async def batch(self, visitor: Visitor, number: int) -> None:
        """In one request; the conversation is deleted afterwards."""
        question = {"message": "Talk.", "model": f"sim/sim?tokens=60&seed={number}"}
        answer = (await visitor.http.post("/api/v1/chat", json=question)).raise_for_status().json()
        (await visitor.http.delete(f"/api/sessions/{answer['session_id']}")).raise_for_status()


FATES: tuple[Fate, ...] = (
    Players.watch,
    Players.watch,
    Players.stop,
    Players.watch,
    Players.come_back,
    Players.watch,
    Players.batch,
    Players.watch,
    Players.fail,
    Players.leave,
)
