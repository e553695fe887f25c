"""Socket.IO, by python-socketio: polling and WebSocket, a room for each user.

What a user's tabs are told now and then goes through python-socketio's rooms. Answers do not: each client has a cursor
of its own into the turn's log and gets frames that were encoded once (`socketio_wire.py`), so one that lags delays
nobody.

Where a private name of python-socketio would be needed, its public hooks are wrapped instead: `eio.handlers`, and the
client manager's `connect`.
"""

import asyncio
import json as stdlib_json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from typing import Any, Protocol
from urllib.parse import parse_qs

import socketio
from engineio.packet import NOOP, Packet
from socketio.exceptions import ConnectionRefusedError as Refused

from millrace.model.errors import InvalidRequest, MillraceError, StreamError
from millrace.model.principal import Principal
from millrace.transports.pump import ConnectionClosed
from millrace.transports.socketio_client import Ack, EventClient, acknowledgement, refusal
from millrace.transports.socketio_wire import Line, Wire
from millrace.transports.websocket import TOO_MANY_MESSAGES, AsgiSend, Close, Meter, Receive, Scope

_logger = logging.getLogger("millrace.transports")

CONNECT_S = 30.0
"""How long somebody may stay who does not say who it is."""
_NAMESPACE = "/"
_SILENT = Close(1008, "Not signed in")
_GARBAGE = InvalidRequest("The packet is not what Socket.IO 5 says. Use one of its clients.")


_RESERVED = InvalidRequest("Clients send no events of this name.")


class _Json:
    """The standard library's JSON, whose parser says of what is nested too deeply that it is wrong, as of all else."""

    dumps = staticmethod(stdlib_json.dumps)

    @staticmethod
    def loads(text: str, **options: Any) -> Any:
        """Parse a text.

        Raises:
            ValueError: It is not JSON.
        """
        try:
            return stdlib_json.loads(text, **options)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


class Rules(Protocol):
    """What the server says about clients."""

    async def authenticate(self, scope: Scope, auth: Any) -> Principal:
        """Who connects, by the first request's scope and what the client gave as `auth`.

        Raises:
            Unauthorized: Nobody we know.
            MillraceError: It cannot be told now.
        """

    def hold(self, caller: Principal) -> AbstractContextManager[None]:
        """Count a connection while it lasts.

        Raises:
            RateLimited: There are too many.
        """

    def meter(self) -> Meter:
        """A new meter for the packets of one connection."""

    def client(self, caller: Principal, wire: Wire, auth: Any) -> EventClient:
        """Who serves a client."""

    def garbage(self, error: MillraceError) -> bytes:
        """The event that tells of a packet that is none."""


class _Clients(socketio.AsyncManager):  # type: ignore[misc]  # the package has no types
    """python-socketio's own manager, which says when a client knows that it is connected."""

    def __init__(self, connected: Callable[[str], Awaitable[None]]) -> None:
        super().__init__()
        self._connected = connected

    async def connect(self, sid: str, namespace: str) -> str:
        """A client was told that it is connected."""
        connected: str = await super().connect(sid, namespace)
        await self._connected(connected)
        return connected


class _Visit:
    """One Engine.IO socket: what comes from it, and who it is once that is known."""

    __slots__ = ("client", "held", "line", "meter", "sid", "timer", "wire")

    def __init__(self, meter: Meter, line: Line | None) -> None:
        self.meter = meter
        self.line = line
        self.timer: asyncio.TimerHandle | None = None
        self.held = ExitStack()
        self.sid: str | None = None
        self.wire: Wire | None = None
        self.client: EventClient | None = None


class SocketIoEndpoint:
    """An ASGI application that serves Socket.IO at the path where it is mounted.

    Args:
        rules: What the server says about clients.
        packet_bytes: The longest packet that is accepted.
    """

    def __init__(self, rules: Rules, *, packet_bytes: int) -> None:
        self._rules = rules
        self._visits: dict[str, _Visit] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        quiet = logging.getLogger("millrace.transports.socketio")
        # The library tells every packet at INFO, texts and all, and at ERROR what clients do wrong.
        quiet.setLevel(logging.CRITICAL)
        self._sio = socketio.AsyncServer(
            async_mode="asgi",
            client_manager=_Clients(self._welcome),
            cors_allowed_origins=[],  # the server's own middleware and `authenticate` look after origins
            async_handlers=False,  # the events of a client are obeyed in their order
            max_http_buffer_size=packet_bytes,
            http_compression=False,
            json=_Json,
            logger=quiet,
            engineio_logger=quiet,
        )
        self._sio.on("connect", self._connect)
        self._sio.on("disconnect", self._disconnect)
        self._sio.on("*", self._event)
        self._library: dict[str, Callable[..., Awaitable[Any]]] = dict(self._sio.eio.handlers)
        self._sio.eio.on("connect", self._arrived)
        self._sio.eio.on("message", self._message)
        self._sio.eio.on("disconnect", self._left)

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        """Serve a request or a WebSocket."""
        if scope["type"] != "websocket":
            await self._sio.handle_request(scope, receive, send)
            return
        line = Line(scope, receive, send)
        visit = self._visits.get(parse_qs(scope["query_string"].decode("latin-1")).get("sid", [""])[0])
        if visit is None:
            scope = {**scope, _LINE: line}
        else:
            visit.line = line
            if visit.wire is not None:
                visit.wire.line = line
        await self._sio.handle_request(scope, line.receive, line.send)

    async def tell(self, user_id: str, event: str, data: Any) -> None:
        """Tell all of a user's clients something."""
        await self._sio.emit(event, data, room=_room(user_id))

    @asynccontextmanager
    async def serving(self, stopping: asyncio.Event) -> AsyncIterator[None]:
        """Serve while the context lasts, or until the server stops.

        Then those go who poll, for they would be waited for; WebSockets are closed by whoever serves them.
        """

        async def stop() -> None:
            await stopping.wait()
            await self._dismiss()

        stopped = asyncio.create_task(stop())
        try:
            yield
        finally:
            stopped.cancel()
            await asyncio.gather(stopped, return_exceptions=True)
            await self._close()

    async def _dismiss(self) -> None:
        for eio_sid, visit in tuple(self._visits.items()):
            if visit.line is None and (socket := self._sio.eio.sockets.get(eio_sid)) is not None:
                await socket.close(wait=False)

    async def _close(self) -> None:
        await self._dismiss()
        for visit in tuple(self._visits.values()):
            if visit.timer is not None:
                visit.timer.cancel()
            await self._release(visit)
        await self._sio.shutdown()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- Engine.IO: connections and packets -------------------------------------------------------------

    async def _arrived(self, eio_sid: str, environ: dict[str, Any]) -> Any:
        line: Line | None = environ["asgi.scope"].get(_LINE)
        visit = self._visits[eio_sid] = _Visit(self._rules.meter(), line)
        visit.timer = asyncio.get_running_loop().call_later(CONNECT_S, self._expire, eio_sid)
        return await self._library["connect"](eio_sid, environ)

    async def _message(self, eio_sid: str, data: Any) -> None:
        visit = self._visits.get(eio_sid)
        if visit is None:
            return
        if not visit.meter.allow():
            await self._turn_away(eio_sid, visit, TOO_MANY_MESSAGES)
            return
        try:
            await self._library["message"](eio_sid, data)
        except Exception:  # noqa: BLE001 - whatever the library's parser makes of garbage; our own handlers raise nothing
            _logger.info("a Socket.IO packet could not be read")
            if visit.wire is not None:
                await self._told(visit.wire.send((self._rules.garbage(_GARBAGE),)))

    async def _left(self, eio_sid: str, reason: str) -> Any:
        visit = self._visits.pop(eio_sid, None)
        socket = self._sio.eio.sockets.get(eio_sid)
        if socket is not None and not socket.upgraded:
            socket.queue.put_nowait(Packet(NOOP))  # who is still polling would be answered only after a minute
        try:
            return await self._library["disconnect"](eio_sid, reason)
        finally:
            if visit is not None:
                if visit.timer is not None:
                    visit.timer.cancel()
                await self._release(visit)

    def _expire(self, eio_sid: str) -> None:
        visit = self._visits.get(eio_sid)
        if visit is not None and visit.client is None:
            self._own(self._turn_away(eio_sid, visit, _SILENT, at_once=True))

    async def _turn_away(self, eio_sid: str, visit: _Visit, close: Close, *, at_once: bool = False) -> None:
        """Listen to a client no more. `at_once` does not wait until it says something."""
        socket = self._sio.eio.sockets.get(eio_sid)
        if visit.line is None:
            if socket is not None:
                await socket.close(wait=False)
        elif at_once:
            await visit.line.hang_up(close)
        else:
            visit.line.turn_away(close)

    # --- Socket.IO: who it is, and what it says ---------------------------------------------------------

    async def _connect(self, sid: str, *given: Any) -> Ack:
        """Let a client in. What is `given` is the environment and what the client sent to be let in.

        A client can send an event of this name, with an environment of its own making: that one is not looked at.
        """
        eio_sid = self._sio.manager.eio_sid_from_sid(sid, _NAMESPACE)
        visit = self._visits.get(eio_sid)
        if visit is None or visit.sid is not None:
            return acknowledgement(_RESERVED)
        auth = given[1] if len(given) > 1 else None
        try:
            caller = await self._rules.authenticate(self._sio.environ[eio_sid]["asgi.scope"], auth)
            if self._visits.get(eio_sid) is not visit:
                raise Refused("The connection was lost.")
            visit.held.enter_context(self._rules.hold(caller))
        except Refused:
            raise
        except MillraceError as error:
            raise Refused(error.message, refusal(error)) from error
        except Exception as error:
            # A fault of ours: the client is told as it is told of any other.
            _logger.exception("a connection could not be authenticated")
            raise Refused(StreamError.default_message, refusal(StreamError())) from error
        visit.sid = sid
        visit.wire = Wire(self._sio.eio.sockets[eio_sid], visit.line)
        visit.client = self._rules.client(caller, visit.wire, auth)
        await self._sio.enter_room(sid, _room(caller.user_id))
        return acknowledgement(None)

    async def _welcome(self, sid: str) -> None:
        """The client knows that it is connected: from now on it can be told things."""
        visit = self._visits.get(self._sio.manager.eio_sid_from_sid(sid, _NAMESPACE))
        if visit is None or visit.client is None or visit.wire is None:
            return
        try:
            await visit.client.open()
        except MillraceError as error:
            await self._told(visit.wire.send((self._rules.garbage(error),)))

    async def _event(self, name: str, sid: str, *data: Any) -> Ack:
        visit = self._visits.get(self._sio.manager.eio_sid_from_sid(sid, _NAMESPACE))
        if visit is None or visit.client is None:
            return acknowledgement(StreamError())
        return await visit.client.receive(name, data[0] if data else None)

    async def _disconnect(self, sid: str, *_: Any) -> Ack:
        if self._sio.manager.is_connected(sid, _NAMESPACE):
            return acknowledgement(_RESERVED)  # an event of this name that the client sent
        eio_sid = self._sio.manager.eio_sid_from_sid(sid, _NAMESPACE)
        visit = self._visits.get(eio_sid)
        if visit is None or visit.sid != sid:
            return acknowledgement(None)
        visit.timer = asyncio.get_running_loop().call_later(CONNECT_S, self._expire, eio_sid)
        await self._release(visit)
        return acknowledgement(None)

    async def _release(self, visit: _Visit) -> None:
        """The client is gone: its turns go on."""
        visit.sid, client, visit.client = None, visit.client, None
        if visit.wire is not None:
            visit.wire.close()
        visit.held.close()
        if client is not None:
            await client.close()

    async def _told(self, telling: Awaitable[None]) -> None:
        try:
            await telling
        except ConnectionClosed:
            return

    def _own(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_LINE = "millrace.socketio.line"


def _room(user_id: str) -> str:
    """The room of a user's clients; no client's own id looks like it."""
    return f"user:{user_id}"
