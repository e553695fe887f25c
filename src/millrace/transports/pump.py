"""Pumps one followed turn into a connection.

Where the transport takes frames at once (`offer`), the pump is a callback of the log's news: what was accepted together
goes out in one write, in the same step of the event loop. Waking a task for each token instead costs a quarter
more. Only a client that does not keep up makes the pump wait, in its task, until there is room.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from millrace.engine.hub import Follower
from millrace.model.errors import InvalidRequest
from millrace.model.events import AnyEvent
from millrace.stream.delivery import Batch
from millrace.stream.frames import FrameCache, Rendering

Send = Callable[[Sequence[bytes]], Awaitable[None]]
Offer = Callable[[Sequence[bytes]], bool]


class ConnectionClosed(Exception):
    """The client is gone: nothing can be sent any more."""


class Pump:
    """Delivers one turn to its end.

    Args:
        follower: The cursor to advance.
        dialect: What the frames are rendered in.
        send: Puts frames on the wire in one write and waits until there is room for more.
        offer: Puts frames on the wire if there is room now, and says whether there was. Both raise
            `ConnectionClosed` once the client is gone.
    """

    __slots__ = (
        "_cache",
        "_dialect",
        "_follower",
        "_halt",
        "_hidden",
        "_loop",
        "_offer",
        "_send",
        "_timer",
    )

    def __init__(self, follower: Follower, dialect: Rendering, send: Send, offer: Offer | None) -> None:
        self._follower = follower
        self._dialect = dialect
        self._send = send
        self._offer = offer
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._halt: asyncio.Future[Sequence[bytes] | None]
        self._hidden: frozenset[type[AnyEvent]] | None = None
        self._cache: FrameCache

    async def run(self) -> None:
        """Deliver until the turn's terminal entry has been sent.

        Raises:
            ConnectionClosed: The client is gone.
            InvalidRequest: The client claims to have seen more than there is.
            MillraceError: The log can be read no further.
        """
        if self._offer is None:
            while not (batch := await self._follower.next()).ended:
                await self._send_batch(batch)
            await self._send_batch(batch)
        else:
            await self._run_by_callback()
        hot, cursor = self._follower.hot, self._follower.delivery.cursor
        if cursor > len(hot.entries):
            raise InvalidRequest(
                f"The field 'after_seq' is beyond the end of this answer, whose last 'seq' is {len(hot.entries) - 1}."
            )

    async def _send_batch(self, batch: Batch) -> None:
        self._choose()
        frames = self._cache.frames(batch)
        if frames:
            await self._send(frames)

    def _choose(self) -> None:
        """Take the frames that leave out what the follower hides now."""
        self._hidden = self._follower.delivery.hidden
        self._cache = self._follower.hot.frames(self._dialect.name, self._dialect.renderer, self._hidden)

    async def _run_by_callback(self) -> None:
        self._follower.listener = self._flush
        try:
            while True:
                self._halt = self._loop.create_future()
                self._flush()
                frames = await self._halt
                if frames is None:
                    return
                await self._send(frames)
        finally:
            self._follower.listener = None
            if self._timer is not None:
                self._timer.cancel()

    def _flush(self) -> None:
        """Send what is there. At the end, and where there is no room, the task is told by `_halt`."""
        if self._halt.done():
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        follower, offer = self._follower, self._offer
        hot, delivery = follower.hot, follower.delivery
        try:
            if delivery.hidden is not self._hidden:
                self._choose()
            newest = None if hot.sealed else delivery.newest(hot.entries)
            if newest is None:
                self._flush_batch(follower.poll())
            elif (frames := self._cache.frames_of(newest)) and offer is not None and not offer(frames):
                self._halt.set_result(frames)
        except Exception as error:  # noqa: BLE001 - it is raised where the task awaits the future
            self._halt.set_exception(error)

    def _flush_batch(self, batch: Batch) -> None:
        """Send more than one entry, or fewer."""
        frames = self._cache.frames(batch)
        if frames and self._offer is not None and not self._offer(frames):
            self._halt.set_result(frames)
        elif batch.ended:
            self._halt.set_result(None)
        elif batch.wait_ms is not None:
            self._timer = self._loop.call_later(batch.wait_ms / 1000, self._flush)
