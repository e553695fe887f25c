"""Server-sent events: a turn of the log, followed in some dialect, as the body of an HTTP answer.

All dialects that stream over HTTP share this. A dialect's renderer gives complete records as bytes (`data: ...` and a
blank line, ends of lines are LF alone); what was accepted together goes out in one write.

Where the server is our own, records go around ASGI and its layers (`transports/uvicorn_http.py`): a middleware that
changes the bodies of answers must let `text/event-stream` pass, as Starlette's GZip does.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from millrace.engine.hub import Follower
from millrace.model.errors import InvalidRequest, MillraceError, Overloaded, StreamError
from millrace.model.events import TurnFailed
from millrace.model.failures import failed_turn
from millrace.stream.frames import Rendering
from millrace.transports.pump import ConnectionClosed, Pump

_logger = logging.getLogger("millrace.transports")

# The ASGI extension by which our own server protocol takes parts of a body without waiting.
CHUNKS_EXTENSION = "millrace.http.chunks"

HEADERS: Mapping[str, str] = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
KEEP_ALIVE = b": keep-alive\n\n"
KEEP_ALIVE_S = 10.0
"""Proxies end what is silent for a minute or less; 15 s is what the clients of all dialects are content with."""
STALL_S = 120.0
"""A client that reads nothing for so long is gone, or holds on to what it does not want."""

_FAREWELL_S = 1.0  # a server that stops waits no longer than this for one who does not read
_RESTARTING = (
    "The server is restarting and goes on with this answer. Come back in a moment to see the rest of it, or load the "
    "conversation."
)


class EventDialect(Rendering, Protocol):
    """What an event stream is written in. Frames of its renderer are complete records."""

    def error(self, error: MillraceError) -> bytes:
        """The record of an error that is no entry of the turn's log: it is the last one of the stream."""


class EventStream(Response):
    """Answers a request with one turn, to its end.

    It is an ASGI application, and a response that a route may return. Whoever makes one must let it run or `close` it,
    because it closes the follower: when the turn has ended, as soon as the client goes away, or when the server stops.

    Args:
        follower: Where to read; `engine.attach` gives it.
        dialect: What to write.
        closing: The record behind everything else, however the stream ends (`data: [DONE]`).
        headers: More headers than `HEADERS` and the type.
        refuse: Makes the whole answer out of an error where nothing was sent yet, so that a provider's refusal can
            have its HTTP status. Without it such an error is told as any other, by a record.
        stopping: Set when the server stops; the client is told that the answer goes on elsewhere.
        closed: Called once the stream is over.
        keep_alive: What is sent where nothing else was for `keep_alive_s` seconds.
        keep_alive_s: At most 15.
        stall_s: How many seconds a client may read nothing while there is something to read.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        follower: Follower,
        dialect: EventDialect,
        *,
        closing: bytes = b"",
        headers: Mapping[str, str] | None = None,
        refuse: Callable[[MillraceError], Response] | None = None,
        stopping: asyncio.Event | None = None,
        closed: Callable[[], None] | None = None,
        keep_alive: bytes = KEEP_ALIVE,
        keep_alive_s: float = KEEP_ALIVE_S,
        stall_s: float = STALL_S,
    ) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers({**HEADERS, **(headers or {})})
        self._follower = follower
        self._dialect = dialect
        self._closing = closing
        self._refuse = refuse
        self._stopping = stopping or asyncio.Event()
        self._closed = closed
        self.seen = 0
        """How many of the turn's first records the client has: they are not sent again. To be set before it runs."""
        self._keep_alive = keep_alive
        self._keep_alive_s = keep_alive_s
        self._stall_s = stall_s

    @property
    def follower(self) -> Follower:
        """Where it reads."""
        return self._follower

    def close(self) -> None:
        """Give up what it holds. Whoever does not let it run must close it; twice does nothing."""
        self._follower.close()
        if self._closed is not None:
            self._closed()
            self._closed = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the turn until it, the client or the server ends."""
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        outlet = Outlet(scope, send, start, self._stall_s)
        try:
            await self._answer(outlet, scope, receive, send)
        except ConnectionClosed:
            return  # what becomes of the turn is the engine's policy
        finally:
            self.close()

    async def _answer(self, outlet: "Outlet", scope: Scope, receive: Receive, send: Send) -> None:
        error = await self._follow(outlet, receive)
        if error is not None and not outlet.started and self._refuse is not None:
            await self._refuse(error)(scope, receive, send)
        else:
            await outlet.end((b"" if error is None else self._dialect.error(error)) + self._closing)

    async def _follow(self, outlet: "Outlet", receive: Receive) -> MillraceError | None:
        """Deliver; returns the error that is still to be told, if the stream ended by one.

        Raises:
            ConnectionClosed: The client is gone.
        """
        delivery = asyncio.create_task(self._deliver(outlet))
        if await outlet.watch(delivery, receive, self._stopping, (self._keep_alive, self._keep_alive_s)):
            return delivery.result()
        outlet.stall_s = _FAREWELL_S
        return Overloaded(_RESTARTING, retry_after=1)

    async def _deliver(self, outlet: "Outlet") -> MillraceError | None:
        async def send(records: Sequence[bytes]) -> None:
            skipped = min(self.seen, len(records))
            self.seen -= skipped
            if skipped == len(records):
                return
            if not outlet.started and self._refuse is not None:
                self._check_refusal()
            await outlet.send(b"".join(records[skipped:]))

        def offer(records: Sequence[bytes]) -> bool:
            return not self.seen and outlet.offer_records(records)

        try:
            await Pump(self._follower, self._dialect, send, offer if outlet.offer is not None else None).run()
            if self.seen:
                raise InvalidRequest("The position is beyond the end of this answer.")
        except MillraceError as error:
            if error.detail:
                _logger.warning("%s: %s", error.code, error.detail)
            return error
        except ConnectionClosed:
            raise
        except Exception as error:
            # A fault of ours must not look like the end of an answer.
            _logger.exception("turn %s could not be delivered", self._follower.hot.turn_id)
            return StreamError(detail=repr(error))
        return None

    def _check_refusal(self) -> None:
        """Raise what the turn failed with, where there was nothing of the answer before it."""
        hot = self._follower.hot
        last = hot.entries[-1].event
        if isinstance(last, TurnFailed) and not last.pieces:
            raise failed_turn(last)


class Outlet:
    """The body of an answer that is being sent; it is started by the first thing that is sent.

    Args:
        scope: The request's.
        send: Takes ASGI messages.
        start: The message that begins the answer.
        stall_s: How long a client may read nothing while there is something to read.
    """

    __slots__ = ("_abort", "_last", "_send", "_start", "_time", "_turn", "offer", "stall_s", "started")

    def __init__(self, scope: Scope, send: Send, start: dict[str, Any], stall_s: float) -> None:
        extension = (scope.get("extensions") or {}).get(CHUNKS_EXTENSION)
        self.offer: Callable[[bytes], bool] | None = extension and extension["offer"]
        self._abort: Callable[[], None] | None = extension and extension["abort"]
        self.started = False
        self._send = send
        self._start = start
        self.stall_s = stall_s
        self._time = asyncio.get_running_loop().time
        self._last = self._time()
        self._turn = asyncio.Lock()  # ASGI messages are sent one after the other

    def silence_s(self) -> float:
        """How long nothing was sent."""
        return self._time() - self._last

    def offer_records(self, records: Sequence[bytes]) -> bool:
        """Send records if there is room for them now; says whether there was.

        Raises:
            ConnectionClosed: The client is gone.
        """
        if not self.started or self.offer is None:
            return False
        try:
            if not self.offer(b"".join(records)):
                return False
        except OSError as error:
            raise ConnectionClosed from error
        self._last = self._time()
        return True

    async def watch(
        self, delivery: "asyncio.Task[Any]", receive: Receive, stopping: asyncio.Event, keep_alive: tuple[bytes, float]
    ) -> bool:
        """Wait for a delivery, and end it with whatever ends first. Meanwhile a client that hears nothing is kept.

        Args:
            delivery: What sends by this outlet.
            receive: Tells that the client has gone.
            stopping: Set when the server stops.
            keep_alive: What is sent where nothing else was for so many seconds.

        Returns:
            Whether it was done; if not, the server stops.

        Raises:
            ConnectionClosed: The client is gone.
        """
        record, after_s = keep_alive
        gone = asyncio.create_task(client_gone(receive))
        stopped = asyncio.create_task(stopping.wait())
        tasks = {delivery, gone, stopped}
        try:
            while True:
                silence_s = self.silence_s()
                if silence_s >= after_s:
                    await self.keep_alive(record)
                    silence_s = 0.0
                done, _ = await asyncio.wait(tasks, timeout=after_s - silence_s, return_when=asyncio.FIRST_COMPLETED)
                if delivery in done:
                    return True
                if gone in done:
                    raise ConnectionClosed
                if stopped in done:
                    return False
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def send(self, body: bytes, *, last: bool = False) -> None:
        """Send a part of the body, and wait for room for the next one.

        Raises:
            ConnectionClosed: The client is gone, or has read nothing for too long.
        """
        try:
            async with self._turn, asyncio.timeout(self.stall_s):
                if not self.started:
                    self.started = True
                    await self._send(self._start)
                await self._send({"type": "http.response.body", "body": body, "more_body": not last})
        except TimeoutError as error:
            if self._abort is not None:
                self._abort()
            raise ConnectionClosed from error
        except OSError as error:
            raise ConnectionClosed from error
        self._last = self._time()

    async def keep_alive(self, record: bytes) -> None:
        """Send something small, unless something else is on its way."""
        if self.started and self.offer is not None:
            self.offer_records((record,))
        elif not self._turn.locked():
            await self.send(record)
        self._last = self._time()

    async def end(self, body: bytes) -> None:
        """Send the last part of the body."""
        await self.send(body, last=True)


async def client_gone(receive: Receive) -> None:
    """Wait until the client of a request, whose body has been read, has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass
