"""Turns, events and followers for tests of logs."""

import asyncio
from collections.abc import Sequence

from millrace.model.commands import StartTurn
from millrace.model.events import Entry, TurnCompleted, TurnStarted, Usage
from millrace.model.messages import Turn
from millrace.ports import Clock


def started(turn: Turn) -> TurnStarted:
    return TurnStarted(turn.id, turn.session_id, turn.message_id, turn.user_message_id, turn.model)


def completed() -> TurnCompleted:
    return TurnCompleted("stop", "", 0, Usage(), "sim/sim")


class Turns:
    """Makes turns with ids of their own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._count = 0

    def new(self, session: str = "s", *, user: str = "u", request_id: str | None = None) -> Turn:
        self._count += 1
        return Turn(
            id=f"t{self._count}",
            session_id=session,
            user_id=user,
            user_message_id=f"q{self._count}",
            message_id=f"m{self._count}",
            command=StartTurn(message="Hi", session_id=session, request_id=request_id),
            model="sim/sim",
            created_at=self._clock.now_ms(),
        )


class Sink:
    """A follower that remembers."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._news = asyncio.Event()

    def __call__(self, entries: Sequence[Entry]) -> None:
        self.entries.extend(entries)
        self._news.set()

    async def until(self, count: int) -> list[Entry]:
        async with asyncio.timeout(5):
            while len(self.entries) < count:
                self._news.clear()
                await self._news.wait()
        return self.entries
