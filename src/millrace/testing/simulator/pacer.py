"""The pacer: one ticker that plays many performances to their sockets.

There is no task and no timer per stream. A heap holds the next step of every stream by its absolute time, and one timer
waits for the earliest. Steps within one grain go out together, so a thousand streams cost few more wake-ups than ten.
A stream that is late, or has no interval, makes one write per turn of the event loop: each write stays a piece of its
own for the reader, and the streams take turns.
"""

import asyncio
import time
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final, Protocol

from millrace.testing.simulator.journal import Entry
from millrace.testing.simulator.performance import Step, Then
from millrace.testing.simulator.stamps import set_time

GRAIN: Final = 0.001
"""Seconds. A step goes out half a grain early at most, and late by what the timer is late; the rate is exact."""


class Flow(Protocol):
    """The flow control of a connection."""

    @property
    def writing_paused(self) -> bool:
        """Whether the connection has more to send than it should hold."""
        ...


class Stream:
    """One performance and the connection it is played to.

    Args:
        steps: What to write, and when.
        entry: The journal's entry, told of every token.
        began: When the request came, on the clock of ``time.monotonic``.
    """

    __slots__ = ("_chunked", "_entry", "_flow", "_steps", "_transport", "began", "resting", "step")

    def __init__(self, steps: Iterator[Step], entry: Entry, began: float) -> None:
        self._steps = steps
        self._entry = entry
        self._transport: asyncio.Transport | None = None
        self._flow: Flow | None = None
        self._chunked = True
        self.began = began
        self.step = next(steps)
        self.resting: asyncio.Future[Then] | None = None

    @property
    def due(self) -> float:
        """When the next step is to go out, on the clock of ``time.monotonic``."""
        return self.began + self.step.at

    def connect(self, transport: asyncio.Transport, flow: Flow, *, chunked: bool) -> None:
        """Say where the bytes go, and whether they are framed as HTTP chunks."""
        self._transport, self._flow, self._chunked = transport, flow, chunked

    def advance(self) -> Then | None:
        """Write the step that is due.

        Returns:
            What follows it for the owner to do: ``NEXT`` when the connection is full and must drain first, the end of
            the performance, or ``None`` when the next step only has to wait for its time.
        """
        _, data, tokens, then, stamped = self.step
        if stamped:
            data = set_time(data, time.monotonic_ns())
        if data and self._transport is not None:
            self._transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)
        if tokens:
            self._entry.count(tokens)
        if then is not Then.NEXT:
            return then
        self.step = next(self._steps)
        return Then.NEXT if self._flow is not None and self._flow.writing_paused else None


class Pacer:
    """Plays streams, each step at its time."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Stream]] = []
        self._late: list[Stream] = []
        self._count = 0
        self._timer: asyncio.Handle | None = None
        self._armed_for = float("inf")

    async def play(self, stream: Stream) -> Then:
        """Play a stream until it has ended or its connection is full; cancelling stops it at once.

        Returns:
            ``NEXT`` when the connection is full: let it drain and play on. Else what the last step says.
        """
        stream.resting = asyncio.get_running_loop().create_future()
        self._schedule(stream, time.monotonic())
        self._arm()
        try:
            return await stream.resting
        finally:
            stream.resting = None

    def close(self) -> None:
        """Stop the ticker."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self, stream: Stream, now: float) -> None:
        due = stream.due
        if due <= now + GRAIN / 2:
            self._late.append(stream)
        else:
            self._count += 1
            heappush(self._heap, (due, self._count, stream))

    def _arm(self) -> None:
        when = 0.0 if self._late else self._heap[0][0] if self._heap else float("inf")
        if self._timer is not None:
            if self._armed_for <= when:
                return
            self._timer.cancel()
            self._timer = None
        if when == float("inf"):
            return
        loop = asyncio.get_running_loop()
        self._armed_for = when
        if self._late:
            self._timer = loop.call_soon(self._tick)
        else:
            self._timer = loop.call_later(max(GRAIN, when - time.monotonic()), self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = time.monotonic()
        due, self._late = self._late, []
        while self._heap and self._heap[0][0] <= now + GRAIN / 2:
            due.append(heappop(self._heap)[2])
        for stream in due:
            resting = stream.resting
            if resting is not None and not resting.done():
                self._advance(stream, resting, now)
        self._arm()

    def _advance(self, stream: Stream, resting: asyncio.Future[Then], now: float) -> None:
        try:
            then = stream.advance()
        except Exception as error:  # noqa: BLE001 - handed to the stream's owner; the other streams must go on
            resting.set_exception(error)
            return
        if then is None:
            self._schedule(stream, now)
        else:
            resting.set_result(then)
