"""The way to one Socket.IO client: frames that are encoded already, past python-socketio's own `emit`.

A frame is the JSON of an event; `42` before it makes the packet of Engine.IO 4 (a message) and Socket.IO 5 (an event).
While a client polls, packets wait in its Engine.IO queue until it fetches them; what comes meanwhile waits in the log.
Over a WebSocket whose server is our own, frames go into the connection at once, several in one write: waking
python-engineio's writer for each token costs more than everything else that is done for it.
"""

import asyncio
from collections.abc import Coroutine, Sequence

from engineio.async_socket import AsyncSocket
from engineio.exceptions import SocketIsClosedError
from engineio.packet import MESSAGE, Packet

from millrace.transports.pump import ConnectionClosed
from millrace.transports.websocket import (
    AsgiSend,
    Close,
    FramesOffer,
    Message,
    Receive,
    Scope,
    frames_offer,
    frames_sender,
)

_EVENT = b"2"
_PACKET = b"42"
"""What makes a packet of a frame that stands behind it."""
_TYPES = tuple("0123456")
_AT_ONCE = 8
"""Packets that a polling client is given in one answer; python-socketio's client takes 16, ours and its own."""


class Line:
    """One WebSocket of an Engine.IO client, as an ASGI application has it.

    Args:
        scope: The connection's.
        receive: The connection's; `receive` of the line stands before it.
        send: The connection's; `send` of the line stands before it.
    """

    __slots__ = ("_close", "_fence", "_passed", "_receive", "_send", "offer", "send_frames")

    def __init__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        self.offer = frames_offer(scope)
        self.send_frames = frames_sender(scope, send)
        self._receive = receive
        self._send = send
        self._close: Close | None = None
        self._fence: str | None = None
        self._passed = asyncio.Event()

    async def receive(self) -> Message:
        """The next message of the client; none where it was turned away.

        A text that is no packet at all becomes one with that text in it: python-engineio would give the connection up,
        instead of leaving it to whoever reads packets to say what is wrong.
        """
        if self._close is not None:
            return {"type": "websocket.disconnect", "code": self._close.code}
        message = await self._receive()
        text = message.get("text")
        if text is not None and not text.startswith(_TYPES):
            return {**message, "text": f"{MESSAGE}{text}"}
        return message

    async def send(self, message: Message) -> None:
        """Send what python-engineio says, and see what of it has gone out."""
        if message["type"] == "websocket.close" and self._close is not None:
            message = self._close.message()
        await self._send(message)
        if self._fence is not None and message.get("text") is self._fence:
            self._passed.set()

    def turn_away(self, close: Close) -> None:
        """Listen to the client no more, and close for that reason."""
        self._close = close

    async def hang_up(self, close: Close) -> None:
        """Close at once."""
        self._close = close
        await self._send(close.message())

    def watch(self, text: str) -> None:
        """Wait in `passed` for this very text."""
        self._passed.clear()
        self._fence = text

    async def passed(self) -> None:
        """Wait until the text has been sent, and so all that was queued before it."""
        await self._passed.wait()


class Wire:
    """Sends frames to one client, in order, wherever it is reached now.

    `line` is the client's WebSocket, once it has one.

    Args:
        socket: The client's Engine.IO socket.
    """

    __slots__ = ("_direct", "_gone", "_put", "_socket", "_turn", "line")

    def __init__(self, socket: AsyncSocket, line: Line | None) -> None:
        self.line = line
        self._socket = socket
        self._direct: Line | None = None
        self._put: FramesOffer | None = None
        self._gone = asyncio.Event()
        self._turn = asyncio.Lock()

    def close(self) -> None:
        """The client is gone."""
        self._put = None
        self._gone.set()

    def offer(self, frames: Sequence[bytes]) -> bool:
        """Send frames if there is room for them now; says whether there was.

        Raises:
            ConnectionClosed: The client is gone.
        """
        offer = self._put
        if offer is not None:
            return offer(frames, _PACKET)
        if self._gone.is_set():
            raise ConnectionClosed
        return False

    async def send(self, frames: Sequence[bytes]) -> None:
        """Send frames and wait until there is room for more.

        Raises:
            ConnectionClosed: The client is gone.
        """
        async with self._turn:
            if self._direct is not None:
                await self._direct.send_frames([_PACKET + frame for frame in frames])
                return
            for start in range(0, len(frames), _AT_ONCE):
                await self._unless_gone(self._socket.queue.join())
                await self._queue(frames[start : start + _AT_ONCE])

    async def _queue(self, frames: Sequence[bytes]) -> None:
        """Let python-engineio send packets; the last one over a WebSocket opens the direct way."""
        packets = [Packet(MESSAGE, (_EVENT + frame).decode()) for frame in frames]
        line = self.line if self._socket.upgraded else None
        if line is not None and line.offer is not None and packets:
            line.watch(packets[-1].encode())
        try:
            for packet in packets:
                await self._socket.send(packet)
        except SocketIsClosedError as error:
            raise ConnectionClosed from error
        if line is not None and line.offer is not None and packets:
            await self._unless_gone(line.passed())
            self._direct, self._put = line, line.offer

    async def _unless_gone(self, what: Coroutine[None, None, None]) -> None:
        """Wait for something.

        Raises:
            ConnectionClosed: The client went first.
        """
        waiting, gone = asyncio.create_task(what), asyncio.create_task(self._gone.wait())
        try:
            await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (waiting, gone):
                task.cancel()
            await asyncio.gather(waiting, gone, return_exceptions=True)
        if self._gone.is_set():
            raise ConnectionClosed
