"""uvicorn's WebSocket protocol with one addition: several text frames in one write, at once where there is room.

Frames that a server sends are not masked, so a frame is its length and its payload; going through the general
encoder for each costs more than everything else that is done for a token.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from millrace.transports.pump import ConnectionClosed
from millrace.transports.websocket import FRAMES_EXTENSION

_FIN_TEXT = 0x81


def _head(length: int) -> bytes:
    """What stands before a payload of so many bytes."""
    if length < 126:
        return bytes((_FIN_TEXT, length))
    if length < 65_536:
        return bytes((_FIN_TEXT, 126)) + length.to_bytes(2)
    return bytes((_FIN_TEXT, 127)) + length.to_bytes(8)


_USUAL = 1024
_HEADS = tuple(map(_head, range(_USUAL)))
"""What stands before frames of tokens."""


def text_frames(payloads: Sequence[bytes], prefix: bytes = b"") -> bytes:
    """Unmasked, unfragmented text frames (RFC 6455, section 5.2), one after the other, each payload behind `prefix`."""
    more = len(prefix)
    parts: list[bytes] = []
    for payload in payloads:
        length = more + len(payload)
        parts.append((_HEADS[length] if length < _USUAL else _head(length)) + prefix + payload)
    return b"".join(parts)


class FrameWriter:
    """Writes frames past the protocol, whose own look at each would cost more than the frame.

    Args:
        transport: The connection's.

    `open` says that the handshake is over and no close frame was sent; `room` that the client keeps up.
    """

    __slots__ = ("_transport", "open", "room")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.open = False
        self.room = True

    def offer(self, frames: Sequence[bytes], prefix: bytes = b"") -> bool:
        """Write frames, each behind `prefix`, if there is room for them now; says whether there was.

        Raises:
            ConnectionClosed: The connection is closed or closing.
        """
        transport = self._transport
        if not self.open or transport.is_closing():
            raise ConnectionClosed
        if not self.room:
            return False
        transport.write(text_frames(frames, prefix))
        return True


class FramesProtocol(WebSocketsSansIOProtocol):
    """Understands the message `millrace.websocket.frames` with its `frames`, a sequence of UTF-8 texts."""

    _writer: FrameWriter

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        super().connection_made(transport)
        self._writer = FrameWriter(self.transport)

    def handle_connect(self, event: Any) -> None:
        """Tell the application what we understand."""
        super().handle_connect(event)
        if self.config.ws_per_message_deflate:
            return  # compressed connections need the general encoder
        scope = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"][FRAMES_EXTENSION] = {"offer": self._writer.offer}

    def data_received(self, data: bytes) -> None:
        """Read what came; a request that `websockets` refuses to read is answered as it says (414 or 431)."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            # Its answer lies ready, but uvicorn looks for requests alone: the client would wait for ever.
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    async def send(self, message: Any) -> None:
        """Send frames together; everything else is uvicorn's."""
        if message["type"] != FRAMES_EXTENSION:
            if message["type"] == "websocket.close":
                self._writer.open = False
            await super().send(message)
            if message["type"] == "websocket.accept":
                self._writer.open = True
            if message["type"] == "websocket.close" and self.close_timer is not None:
                # uvicorn would close here too, which waits for what is still to be sent: for a client that reads
                # nothing, for ever.
                self.close_timer.cancel()
                self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)
            return
        try:
            while not self._writer.offer(message["frames"]):
                await self.writable.wait()
        except ConnectionClosed as error:
            raise ClientDisconnected from error

    def pause_writing(self) -> None:
        """The client does not keep up."""
        super().pause_writing()
        self._writer.room = False

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        self._writer.room = True

    def keepalive_timeout(self) -> None:
        """Close a connection whose client answers no ping."""
        super().keepalive_timeout()
        # As above: whoever answers no ping may well not read, and whoever waits to send would wait for ever.
        if self.transport.get_write_buffer_size():
            self.transport.abort()
