"""Shows an exchange from its beginning to its end, or until the user has enough of it."""

import asyncio
import math
from collections.abc import Callable
from enum import Enum

from millrace.cli.client.exchange import Exchange
from millrace.cli.client.link import Link, LinkStatus
from millrace.cli.client.notices import Began, Ended, Notice, Piece, Problem, Refused
from millrace.cli.terminal.view import View
from millrace.ports import Clock

FRAME_S = 0.05
"""Shortest time between two paints, in seconds."""
_PAINT_SHARE = 4  # painting takes at most a quarter of the time
_TICK_S = 1.0
PATIENCE_S = 120.0
"""How long a server may be away while nobody watches, in seconds."""


class Nudge(Enum):
    """What happens besides the exchange."""

    INTERRUPT = "the user pressed Ctrl-C"
    LINK = "the connection's state changed"


class Inbox:
    """Everything that the terminal must react to, in one queue."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Notice | Nudge] = asyncio.Queue()

    def put(self, item: Notice | Nudge) -> None:
        """Add something."""
        self._queue.put_nowait(item)

    async def take(self, timeout_s: float) -> list[Notice | Nudge]:
        """All that is there; waits for the first, not longer than `timeout_s` seconds."""
        try:
            async with asyncio.timeout(timeout_s):
                items = [await self._queue.get()]
        except TimeoutError:
            return []
        while not self._queue.empty():
            items.append(self._queue.get_nowait())
        return items

    def clear(self) -> None:
        """Forget what is there."""
        while not self._queue.empty():
            self._queue.get_nowait()


class Asking:
    """One exchange on a view.

    Args:
        link: Carries the exchange.
        view: Shows it.
        inbox: Where the link and the keyboard put what happens.
        clock: The time.
        session_known: Told the session's id as soon as there is one.
    """

    def __init__(
        self, *, link: Link, view: View, inbox: Inbox, clock: Clock, session_known: Callable[[Began], None]
    ) -> None:
        self._link = link
        self._view = view
        self._inbox = inbox
        self._clock = clock
        self._session_known = session_known
        self._began_at = clock.monotonic()
        self._away_since: float | None = None
        self._stopping = False
        self._text = False
        self._frame_s = FRAME_S

    async def show(self, exchange: Exchange) -> Ended | Refused | None:
        """How it ended; None where the user did not wait for that."""
        self._inbox.clear()
        try:
            if self._is_hopeless():
                return None
            await self._link.begin(exchange, self._inbox.put)
            return await self._follow()
        finally:
            self._link.leave()
            self._view.close()

    async def _follow(self) -> Ended | Refused | None:
        due, dirty = self._clock.monotonic(), True
        while True:
            now = self._clock.monotonic()
            if dirty and now >= due:
                self._paint()
                now = self._clock.monotonic()
                due, dirty = now + self._frame_s, False
            for item in await self._inbox.take(due - now if dirty else _TICK_S):
                if isinstance(item, Ended | Refused):
                    self._last(item)
                    return item
                if isinstance(item, Nudge):
                    if await self._nudged(item):
                        return None
                else:
                    self._feed(item)
            dirty = True

    def _paint(self) -> None:
        began = self._clock.monotonic()
        self._view.paint(self._status())
        self._frame_s = max(FRAME_S, _PAINT_SHARE * (self._clock.monotonic() - began))

    def _feed(self, notice: Notice) -> None:
        if isinstance(notice, Began):
            self._session_known(notice)
        self._text = self._text or isinstance(notice, Piece)
        self._view.feed(notice)

    def _last(self, item: Ended | Refused) -> None:
        if isinstance(item, Ended):
            self._view.end(item)
        else:
            self._view.fail(item.problem)

    async def _nudged(self, nudge: Nudge) -> bool:
        """React; whether to wait no longer."""
        if nudge is not Nudge.INTERRUPT:
            return self._is_hopeless()
        twice, self._stopping = self._stopping, True
        await self._link.stop()
        if twice or self._link.status.state != "connected":
            self._view.fail(
                Problem("STREAM_ERROR", "Not waiting any longer. The server is told to stop as soon as it can be.")
            )
            return True
        return False

    def _is_hopeless(self) -> bool:
        """Whether there is no use in waiting, or a script has waited long enough for a server that is away."""
        if self._link.status.state == "refused":
            self._view.fail(Problem("UNAUTHORIZED", self._link.status.reason))
            return True
        if self._link.status.state != "reconnecting":
            self._away_since = None
            return False
        now = self._clock.monotonic()
        self._away_since = self._away_since or now
        if self._view.interactive or now - self._away_since < PATIENCE_S:
            return False
        self._view.fail(Problem("STREAM_ERROR", f"The server has been away for {PATIENCE_S:.0f} s. Try again later."))
        return True

    def _status(self) -> str:
        link = link_words(self._link.status, self._clock.monotonic())
        if link and (self._view.interactive or self._link.status.state == "reconnecting"):
            return f"{link} Ctrl-C stops waiting."
        if self._stopping:
            return "stopping... Ctrl-C again to wait no longer"
        if self._text or not self._view.interactive:
            return ""
        waited = int(self._clock.monotonic() - self._began_at)
        return f"thinking... {waited} s · Ctrl-C stops" if waited else "thinking..."


def link_words(status: LinkStatus, now: float) -> str:
    """How the connection is, for people; empty where all is well."""
    if status.state == "connected":
        return ""
    if status.state == "connecting":
        return "connecting..."
    if status.state == "refused":
        return status.reason
    why = f" ({status.reason})" if status.reason else ""
    left = math.ceil(status.retry_at - now)
    return f"reconnecting in {left} s{why}..." if left > 0 else f"reconnecting{why}..."
