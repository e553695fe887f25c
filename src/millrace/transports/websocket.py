"""WebSocket endpoints: a raw ASGI application per dialect.

Close codes: 1008 for a failed authentication, too many connections or frames; 1009 for a frame over the size
limit (the server's own protocol checks that before a frame reaches us); 1011 for a fault of ours; 1012 when the
server goes down.
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from msgspec import Struct

from millrace.dialects.dialect import Dialect
from millrace.engine.engine import Engine
from millrace.model.errors import RateLimited, Unauthorized
from millrace.model.principal import Principal
from millrace.ports import Clock
from millrace.transports.connection import Connection, ConnectionClosed, Send

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
AsgiSend = Callable[[Message], Awaitable[None]]

# The ASGI extension by which our own server protocol takes several frames in one write.
FRAMES_EXTENSION = "millrace.websocket.frames"


class Handshake(Struct, frozen=True):
    """Who connects, and the subprotocol to answer with, if the client offered any."""

    principal: Principal
    subprotocol: str | None = None


class Meter(Protocol):
    """Counts what a client sends."""

    def allow(self) -> bool:
        """Whether one more frame may come now."""


class DialectEndpoint:
    """An ASGI application that serves one dialect over WebSockets.

    Args:
        engine: Gives the engine; it exists once the server's lifespan has begun.
        dialect: What is spoken here.
        authenticate: Verifies a connection's credential; raises `Unauthorized`, or `Forbidden` for a foreign origin.
        hold: Counts a user's connection while it lasts; raises `RateLimited` where there are too many.
        meter: A new meter for one connection's frames.
        frame_bytes: The longest frame that is accepted.
        clock: The time.
        pace_ms: The server's own pace for clients that ask for none.
    """

    def __init__(
        self,
        *,
        engine: Callable[[], Engine],
        dialect: Dialect,
        authenticate: Callable[[Scope], Awaitable[Handshake]],
        hold: Callable[[str], AbstractContextManager[None]],
        meter: Callable[[], Meter],
        frame_bytes: int,
        clock: Clock,
        pace_ms: int = 0,
    ) -> None:
        self._engine = engine
        self._dialect = dialect
        self._authenticate = authenticate
        self._hold = hold
        self._meter = meter
        self._frame_bytes = frame_bytes
        self._clock = clock
        self._pace_ms = pace_ms

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        """Serve one connection."""
        await receive()  # websocket.connect
        try:
            handshake = await self._authenticate(scope)
            with self._hold(handshake.principal.user_id):
                await send({"type": "websocket.accept", "subprotocol": handshake.subprotocol})
                await self._serve(scope, receive, send, handshake.principal)
        except Unauthorized as error:
            await _refuse(scope, send, "Invalid token" if error.status == 401 else error.message)
        except RateLimited:
            await _refuse(scope, send, "Too many connections")
        except OSError:
            pass  # the client went away while it was being answered: nothing is lost, its turns go on

    async def _serve(self, scope: Scope, receive: Receive, send: AsgiSend, caller: Principal) -> None:
        connection = Connection(
            self._engine(), caller, self._dialect, _sender(scope, send), self._clock, pace_ms=self._pace_ms
        )
        meter = self._meter()
        try:
            while (message := await receive())["type"] == "websocket.receive":
                if not meter.allow():
                    await send({"type": "websocket.close", "code": 1008, "reason": "Too many messages"})
                    return
                frame: str | bytes = message.get("text") or message.get("bytes") or ""
                if len(frame) > self._frame_bytes:
                    await send({"type": "websocket.close", "code": 1009, "reason": "Message too big"})
                    return
                await connection.receive(frame)
        except ConnectionClosed:
            pass
        finally:
            await connection.close()


async def _refuse(scope: Scope, send: AsgiSend, reason: str) -> None:
    """Accept first, because a browser learns the code and reason of an accepted connection only."""
    offered = scope.get("subprotocols") or [None]
    await send({"type": "websocket.accept", "subprotocol": offered[0]})
    await send({"type": "websocket.close", "code": 1008, "reason": reason})


def _sender(scope: Scope, send: AsgiSend) -> Send:
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
        except OSError as error:
            raise ConnectionClosed from error

    return send_each
