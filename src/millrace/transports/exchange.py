"""Commands in one HTTP request, and what they lead to as the event stream that answers it.

It is what a client does who gets no WebSocket through: the same frames both ways, for the length of a request.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from millrace.transports.pump import ConnectionClosed, Offer
from millrace.transports.pump import Send as SendFrames
from millrace.transports.sse import HEADERS, KEEP_ALIVE, KEEP_ALIVE_S, STALL_S, Outlet

END = b"event: end\ndata: {}\n\n"
"""Behind everything else: a stream without it was cut."""

_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


class Speaker(Protocol):
    """Serves the client while the request lasts."""

    async def receive(self, frame: str | bytes) -> None:
        """Do what a frame asks; whatever fails is told to the client."""

    async def settled(self) -> None:
        """Wait until nothing is followed any more."""

    async def close(self) -> None:
        """Follow nothing any more."""


class Exchange(Response):
    """Obeys frames in their order, and sends what is said until every turn that they follow has ended.

    The answer begins at once, by a comment, so that a client knows that it was heard. Whoever makes one must let it run
    or `close` it.

    Args:
        connect: Makes what serves the client, out of how it is sent to.
        frames: What the client says.
        stopping: Set when the server stops; the stream then ends without `END`, and the client comes back elsewhere.
        closed: Called once the stream is over.
        linger_s: How long the stream stays open when everything was said: a client can tell by it whether records
            reach it when they are written, or something between holds them back until the end.
        keep_alive_s: After how many silent seconds a comment is sent.
        stall_s: How many seconds a client may read nothing while there is something to read.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        connect: Callable[[SendFrames, Offer | None], Speaker],
        frames: Sequence[bytes],
        *,
        stopping: asyncio.Event,
        closed: Callable[[], None],
        linger_s: float = 0.0,
        keep_alive_s: float = KEEP_ALIVE_S,
        stall_s: float = STALL_S,
    ) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers(HEADERS)
        self._connect = connect
        self._frames = frames
        self._stopping = stopping
        self._closed: Callable[[], None] | None = closed
        self._linger_s = linger_s
        self._keep_alive_s = keep_alive_s
        self._stall_s = stall_s

    def close(self) -> None:
        """Give up what it holds; twice does nothing."""
        if self._closed is not None:
            self._closed()
            self._closed = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        outlet = Outlet(scope, send, start, self._stall_s)

        async def send_frames(frames: Sequence[bytes]) -> None:
            await outlet.send(_records(frames))

        def offer_frames(frames: Sequence[bytes]) -> bool:
            return outlet.offer_records((_records(frames),))

        speaker = self._connect(send_frames, offer_frames if outlet.offer is not None else None)
        obeying = asyncio.create_task(self._obey(speaker))
        try:
            await outlet.send(KEEP_ALIVE)
            speaking = asyncio.create_task(self._speak(speaker, obeying))
            done = await outlet.watch(speaking, receive, self._stopping, (KEEP_ALIVE, self._keep_alive_s))
            if done:
                speaking.result()
            await outlet.end(END if done else b"")
        except ConnectionClosed:
            return  # what becomes of the turns is the engine's policy
        finally:
            # What was heard is done, whoever has gone away: half a command is worse than one without a listener.
            await asyncio.gather(obeying, return_exceptions=True)
            await speaker.close()
            self.close()

    async def _obey(self, speaker: Speaker) -> None:
        for frame in self._frames:
            await speaker.receive(frame)

    async def _speak(self, speaker: Speaker, obeying: "asyncio.Task[None]") -> None:
        await asyncio.shield(obeying)
        await speaker.settled()
        if self._linger_s:
            await asyncio.sleep(self._linger_s)


def _records(frames: Sequence[bytes]) -> bytes:
    """Frames as records of an event stream. Ends of lines stand between parts of JSON: a ping may have such."""
    return b"".join([b"data: %b\n\n" % frame.translate(_ONE_LINE) for frame in frames])
