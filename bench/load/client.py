"""A client of the chat dialect: one WebSocket connection with at most one running turn."""

import asyncio
import socket
import time
from array import array
from collections.abc import Callable, Mapping

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from bench.errors import BenchError


class FrameData(msgspec.Struct, frozen=True, gc=False):
    """What the bench reads of a frame's data; everything else is skipped."""

    turn_id: str = ""
    token: str = ""
    full_message: str | None = None
    merged: int | None = None
    error: msgspec.Raw = msgspec.Raw(b"")


class ServerFrame(msgspec.Struct, frozen=True, gc=False):
    """A frame of the server."""

    type: str
    data: FrameData


CONNECT_LIMIT_S = 30.0

_decode = msgspec.json.Decoder(ServerFrame).decode


class Turn:
    """What a client saw of one turn; times in nanoseconds of the monotonic clock."""

    def __init__(self, tokens: int) -> None:
        self.expected = tokens
        self.sent = 0
        self.id = ""
        """The server's name of it, known once it has `started`."""
        self.started = asyncio.Event()
        self.received = array("q")
        """When each of `pieces` was received."""
        self.pieces: list[str] = []
        self.full_message: str | None = None
        self.error: str | None = None
        self.done = asyncio.Event()


class Client(WSListener):
    """Sends requests and notes when each token arrives.

    The tokens' text is parsed after the run, so that measuring disturbs little.
    """

    def __init__(self, count: Callable[[int], None]) -> None:
        self._count = count
        self._turn: Turn | None = None
        self._pong = asyncio.Event()
        self._transport: WSTransport | None = None

    @classmethod
    async def connect(
        cls, url: str, count: Callable[[int], None], socket_factory: Callable[[], socket.socket] | None = None
    ) -> "Client":
        """Open a connection; `count` is told the number of tokens in each frame.

        Raises:
            BenchError: the server does not accept the connection.
        """
        factory = None if socket_factory is None else lambda _: socket_factory()
        try:
            _, client = await ws_connect(
                lambda: cls(count), url, websocket_handshake_timeout=CONNECT_LIMIT_S, socket_factory=factory
            )
        except (OSError, ConnectionError, TimeoutError) as error:
            raise BenchError(f"The server refused a WebSocket: {error}. Look at its log and its limits.") from error
        assert isinstance(client, cls)
        return client

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Note a token, or the end of the turn."""
        now = time.monotonic_ns()
        if frame.msg_type is not WSMsgType.TEXT:
            if frame.msg_type is WSMsgType.CLOSE:
                transport.disconnect()
            return
        message = _decode(frame.get_payload_as_bytes())
        turn = self._turn
        if message.type == "pong":
            self._pong.set()
        elif turn is None:
            return
        elif message.type == "content_token":
            if message.data.token:
                turn.received.append(now)
                turn.pieces.append(message.data.token)
                self._count(message.data.merged or 1)
        elif message.type == "thinking_started":
            turn.id = message.data.turn_id
            turn.started.set()
        elif message.type == "chat_complete":
            turn.full_message = message.data.full_message
            self._end()
        elif message.type in {"chat_error", "chat_cancelled"}:
            turn.error = bytes(message.data.error).decode() or message.type
            self._end()

    def _end(self) -> None:
        if self._turn is not None:
            self._turn.done.set()
            self._turn = None

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """A running turn that loses its connection has failed."""
        if self._turn is not None:
            self._turn.error = f"the server closed the connection: {transport.close_handshake}"
            self._end()

    def start(self, tokens: int, model: str, user: str | None) -> Turn:
        """Send a request whose answer has `tokens` tokens; the model's name tells the feed what to do."""
        data = {"message": "Count, please.", "model": model} | ({"user_id": user} if user is not None else {})
        return self._begin(tokens, "chat_request", data)

    def attach(self, other: Turn) -> Turn:
        """Watch a turn that another client has started, from its beginning."""
        return self._begin(other.expected, "chat_resume", {"turn_id": other.id, "after_seq": -1})

    def _begin(self, tokens: int, command: str, data: Mapping[str, str | int]) -> Turn:
        self._turn = turn = Turn(tokens)
        frame = msgspec.json.encode({"type": command, "data": data})
        turn.sent = time.monotonic_ns()
        self.transport.send(WSMsgType.TEXT, frame)
        return turn

    async def ping(self) -> None:
        """Go to the server and back."""
        self._pong.clear()
        self.transport.send(WSMsgType.TEXT, b'{"type":"ping","data":{"token":""}}')
        await self._pong.wait()

    @property
    def transport(self) -> WSTransport:
        """The connection."""
        assert self._transport is not None
        return self._transport

    def close(self) -> None:
        """Close the connection."""
        if not self.transport.is_disconnected:
            self.transport.disconnect()
