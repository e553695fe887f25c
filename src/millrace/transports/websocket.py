"""WebSocket endpoints: a raw ASGI application per dialect.

Close codes: 1001 for a client that was silent for longer than its protocol allows; 1008 for a failed authentication,
too many connections or frames; 1009 for a frame over the size limit (the server's own protocol checks that before a
frame reaches us); 1011 for a fault of ours; 1012 when the server goes down.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from typing import Any, Protocol

from msgspec import Struct

from millrace.model.errors import MillraceError, RateLimited, Unauthorized
from millrace.model.principal import Principal
from millrace.transports.pump import ConnectionClosed, Offer, Send

_logger = logging.getLogger("millrace.transports")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
AsgiSend = Callable[[Message], Awaitable[None]]

# The ASGI extension by which our own server protocol takes several frames in one write.
FRAMES_EXTENSION = "millrace.websocket.frames"

_NOTHING: Message = {"type": "nothing"}

# RFC 6455, section 5.5: a control frame holds 125 bytes, and a close frame's code is two of them.
_REASON_BYTES = 123


class Handshake(Struct, frozen=True):
    """Who connects, the subprotocol to answer with, if the client offered any, and which conversation it asks for.

    `session_name` is the client's own name for it, `session_id` what it means, if it means one of the caller's.
    """

    principal: Principal
    subprotocol: str | None = None
    session_name: str | None = None
    session_id: str | None = None


class Close(Struct, frozen=True):
    """Why we end a connection: a WebSocket close code and a reason for people."""

    code: int
    reason: str

    def message(self) -> Message:
        """The ASGI message, its reason cut to what a close frame can hold."""
        reason = self.reason.encode()[:_REASON_BYTES].decode(errors="ignore")
        return {"type": "websocket.close", "code": self.code, "reason": reason}


IDLE = Close(1001, "No message for too long")
TOO_MANY_MESSAGES = Close(1008, "Too many messages")
TOO_BIG = Close(1009, "Message too big")
INTERNAL_FAULT = Close(1011, "Internal error")


class Meter(Protocol):
    """Counts what a client sends."""

    def allow(self) -> bool:
        """Whether one more frame may come now."""


class Client(Protocol):
    """Serves one client: the frames it sends come in, what it is sent goes out as it was made to."""

    async def open(self) -> None:
        """Begin; raises `MillraceError` where that cannot be."""

    async def receive(self, frame: str | bytes) -> None:
        """Do what a frame asks; whatever fails is told to the client. Raises `ConnectionClosed` once it is gone."""

    async def close(self) -> None:
        """Follow nothing any more."""


Connect = Callable[[Handshake, Send, Offer | None], Client]


class DialectEndpoint:
    """An ASGI application that serves one dialect over WebSockets.

    Args:
        connect: Makes the connection that serves a client, out of who it is and how it is sent to.
        authenticate: Verifies a connection's credential; raises `Unauthorized`, or `Forbidden` for a foreign origin.
        hold: Counts a user's connection while it lasts; raises `RateLimited` where there are too many.
        meter: A new meter for one connection's frames.
        frame_bytes: The longest frame that is accepted.
        idle_s: How long a client may send no frame, in seconds; for ever where not given.
    """

    def __init__(
        self,
        *,
        connect: Connect,
        authenticate: Callable[[Scope], Awaitable[Handshake]],
        hold: Callable[[Handshake], AbstractContextManager[None]],
        meter: Callable[[], Meter],
        frame_bytes: int,
        idle_s: float | None = None,
    ) -> None:
        self._connect = connect
        self._authenticate = authenticate
        self._hold = hold
        self._meter = meter
        self._frame_bytes = frame_bytes
        self._idle_s = idle_s

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        """Serve one connection."""
        await receive()  # websocket.connect
        with ExitStack() as held:
            admitted = await self._admit(scope, held)
            with suppress(OSError):  # the client went away while it was being answered: its turns go on
                if isinstance(admitted, Handshake):
                    await send({"type": "websocket.accept", "subprotocol": admitted.subprotocol})
                    close = await self._serve(scope, receive, send, admitted)
                else:
                    # Accept first: a browser learns the code and reason of an accepted connection only.
                    offered = scope.get("subprotocols") or (None,)
                    await send({"type": "websocket.accept", "subprotocol": offered[0]})
                    close = admitted
                if close is not None:
                    await send(close.message())

    async def _admit(self, scope: Scope, held: ExitStack) -> Handshake | Close:
        """Who connects, counted as long as `held` lasts, or why nobody does."""
        try:
            handshake = await self._authenticate(scope)
            held.enter_context(self._hold(handshake))
            return handshake
        except MillraceError as error:
            return _refusal(error)
        except Exception:
            # A fault of ours: the client is told as it is told of any other.
            _logger.exception("a connection could not be authenticated")
            return INTERNAL_FAULT

    async def _serve(self, scope: Scope, receive: Receive, send: AsgiSend, client: Handshake) -> Close | None:
        """Talk with a client until it goes, or until the connection must be closed for the reason returned."""
        connection = self._connect(client, frames_sender(scope, send), frames_offer(scope))
        try:
            await connection.open()
            return await self._listen(connection, receive)
        except ConnectionClosed:
            return None
        except MillraceError as error:
            return _refusal(error)
        except Exception:
            # What a frame leads to is answered by the connection; this is a fault in answering.
            _logger.exception("a connection failed")
            return INTERNAL_FAULT
        finally:
            await connection.close()

    async def _listen(self, connection: Client, receive: Receive) -> Close | None:
        meter = self._meter()
        while (message := await self._receive(receive))["type"] == "websocket.receive":
            if not meter.allow():
                return TOO_MANY_MESSAGES
            frame: str | bytes = message.get("text") or message.get("bytes") or ""
            if _size(frame) > self._frame_bytes:
                return TOO_BIG
            await connection.receive(frame)
        return IDLE if message is _NOTHING else None

    async def _receive(self, receive: Receive) -> Message:
        """The next message; `_NOTHING` where none came for too long."""
        if self._idle_s is None:
            return await receive()
        try:
            async with asyncio.timeout(self._idle_s):
                return await receive()
        except TimeoutError:
            return _NOTHING


def _size(frame: str | bytes) -> int:
    """Its bytes on the wire."""
    return len(frame) if isinstance(frame, bytes) or frame.isascii() else len(frame.encode())


def _refusal(error: MillraceError) -> Close:
    """How somebody is turned away before anything was said."""
    if error.detail:
        _logger.warning("a connection was refused: %s: %s", error.code, error.detail)
    if isinstance(error, Unauthorized):
        return Close(1008, "Invalid token" if error.status == 401 else error.message)
    if isinstance(error, RateLimited):
        return Close(1008, "Too many connections")
    return Close(1011, error.message)


class FramesOffer(Protocol):
    """An `Offer` that can put a prefix before each frame."""

    def __call__(self, frames: Sequence[bytes], prefix: bytes = b"", /) -> bool:
        """Send frames if there is room for them now; says whether there was."""


def frames_offer(scope: Scope) -> FramesOffer | None:
    """The way around ASGI and its layers for the frames of answers, where the server is our own."""
    extension = (scope.get("extensions") or {}).get(FRAMES_EXTENSION)
    if extension is None:
        return None
    offer: FramesOffer = extension["offer"]
    return offer


def frames_sender(scope: Scope, send: AsgiSend) -> Send:
    """The way for frames of answers that waits until there is room for more."""
    if FRAMES_EXTENSION in (scope.get("extensions") or {}):

        async def send_together(frames: Sequence[bytes]) -> None:
            try:
                await send({"type": FRAMES_EXTENSION, "frames": frames})
            except OSError as error:
                raise ConnectionClosed from error

        return send_together

    async def send_each(frames: Sequence[bytes]) -> None:
        try:
            for frame in frames:
                await send({"type": "websocket.send", "text": frame.decode()})
        # uvicorn says RuntimeError where it has closed the connection itself, because no pong came.
        except (OSError, RuntimeError) as error:
            raise ConnectionClosed from error

    return send_each
