"""A client that hears one answer to its end, however often it loses the connection: what a front end does."""

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Literal

import httpx2
from tests.support.chat_client import Visitor
from tests.support.speakers import Heard, Over, Speaker
from websockets.exceptions import WebSocketException

from chaos.counting import Kept

FIRST_PAUSE_S, LAST_PAUSE_S = 0.05, 1.0
"""A page waits 1 s first (docs/chat-protocol.md); less here, so that what is measured is the server."""
OPEN_S = 8.0
TRIES = 5
"""A server that is too busy, because the whole machine is, may refuse a question before anything is broken."""
LOST = (OSError, TimeoutError, EOFError, httpx2.HTTPError, WebSocketException)
"""What it sounds like when a server is away."""
_ENDS: Mapping[str, Literal["complete", "cancelled", "failed"]] = {
    "complete": "complete",
    "cancelled": "cancelled",
    "failed": "failed",
}


class Client:
    """One user's tab with one answer.

    Args:
        kind: What it speaks.
        visitors: Its user at each address of the service, in the order in which it tries them.
        random: The chance in its pauses.
    """

    def __init__(self, kind: type[Speaker], visitors: Sequence[Visitor], random: Random) -> None:
        self._visitors = visitors
        self._random = random
        self._at = 0
        self._place = -1
        self._vain = 0
        self.kind = kind
        self.speaker = kind(visitors[0])
        self.heard = Heard()
        self.faults: list[str] = []
        self.refusals: list[str] = []
        self.returns = 0
        self.asked_again = 0
        self.told = False
        self.unkept = ""
        self.model = ""
        self.expected: Sequence[str] = ()

    async def open(self) -> None:
        """Connect."""
        async with asyncio.timeout(OPEN_S):
            await self.speaker.open()

    async def begin(self, number: int, tokens: int, place: int | None) -> None:
        """Ask for the answer and wait until so many tokens are there.

        Args:
            number: Makes the question another one than the others'.
            tokens: How many.
            place: Where to go on hearing it; none: where it was asked.

        Raises:
            RuntimeError: It was refused again and again.
        """
        for _ in range(TRIES):
            self.heard = await self.speaker.ask(f"Question {number}.", model=self.model)
            await self.heard.until(tokens)
            if self.heard.over is None and not self.heard.lost:
                break
            self.asked_again += 1
            await asyncio.sleep(LAST_PAUSE_S)
        else:
            raise RuntimeError(f"{self.kind.name}: nothing is broken yet, and no answer begins: {self.heard.over}")
        if place is not None:
            await self._cut()
            self._at = place
            await self._come_back()

    async def follow(self) -> None:
        """Hear the answer to its end."""
        while True:
            await self.heard.until(10**9)
            over = self.heard.over
            if over is not None and over.logged:
                return
            if over is not None:
                self.heard.over = None
                self.heard.overs.remove(over)
                self.refusals.append(over.code or "")
                kept = await self.kept()
                if kept is not None:
                    self.told = True
                    self.heard.end(Over(_ENDS[kept.status], code=kept.code, logged=False))
                    return
            await self._return()

    async def kept(self) -> Kept | None:
        """The answer as the conversation has it, if that can be read and the answer is in it."""
        for visitor in (*self._visitors[self._at % len(self._visitors) :], *self._visitors):
            try:
                found = await visitor.conversation(self.heard.session_id)
            except LOST as error:
                self.unkept = repr(error)
                continue
            self.unkept = f"not among {len(found['messages'])} messages of {self.heard.session_id!r}"
            return self._answer_in(found)
        return None

    def _answer_in(self, found: dict[str, Any]) -> Kept | None:
        messages: list[dict[str, Any]] = found["messages"]
        for message in messages:
            if message["role"] == "assistant" and message["turn_id"] == self.heard.turn_id:
                return Kept(message["content"], message["status"], (message.get("error") or {}).get("code"))
        return None

    async def leave(self) -> None:
        """Go."""
        await self._cut()

    async def _return(self) -> None:
        """Come back; elsewhere, and more slowly, where the last return brought nothing."""
        self.returns += 1
        if self.heard.seq > self._place:
            self._place, self._vain = self.heard.seq, 0
        while True:
            pause = min(LAST_PAUSE_S, FIRST_PAUSE_S * 2**self._vain)
            await asyncio.sleep(pause * self._random.uniform(0.5, 1.0))
            self._at += self._vain > 0
            self._vain += 1
            try:
                await self._cut()
                await self._come_back()
            except LOST:
                continue
            return

    async def _come_back(self) -> None:
        self.speaker.visitor = self._visitors[self._at % len(self._visitors)]
        async with asyncio.timeout(OPEN_S):
            await self.speaker.open()
            await self.speaker.resume(self.heard)

    async def _cut(self) -> None:
        try:
            await self.speaker.cut()
        except LOST:
            pass  # it was lost before
        except AttributeError:
            pass  # it was never open
        except Exception as error:  # noqa: BLE001 - whatever a client cannot make sense of is what is counted here
            self.faults.append(repr(error))


def next_word(times: Sequence[float], since: float) -> float | None:
    """Seconds until the answer went on: from `since` to the end of the longest silence after it.

    What was under way when it broke still arrives a moment later; the silence comes behind that.
    """
    after = [since, *(time for time in times if time >= since)]
    silences = [(later - earlier, later) for earlier, later in itertools.pairwise(after)]
    return max(silences)[1] - since if silences else None
