"""The WebSocket endpoints: which dialect is spoken where, and how its clients are served."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from fastapi import FastAPI
from msgspec.structs import replace
from starlette.requests import HTTPConnection

from millrace.dialects.chat import ChatDialect
from millrace.dialects.dialect import Dialect
from millrace.dialects.session import SessionDialect
from millrace.dialects.stream import StreamDialect
from millrace.limits.connections import ConnectionCounter
from millrace.limits.frames import FrameMeter
from millrace.model.errors import InvalidRequest, NotFound
from millrace.ops.clock import SystemClock
from millrace.ports import Clock
from millrace.server.auth import accepted_subprotocol
from millrace.server.services import services_of
from millrace.server.settings import Settings
from millrace.stream.delivery import DeliveryOptions
from millrace.transports.ai_sdk_chats import Chats
from millrace.transports.ai_sdk_connection import AiSdkConnection
from millrace.transports.connection import Connection, ConnectionOptions
from millrace.transports.feed import conversation
from millrace.transports.pump import Offer, Send
from millrace.transports.websocket import Connect, DialectEndpoint, Handshake, Scope

SESSION_IDLE_S = 90
"""How long a client of `session`, who pings every 30 s, may be silent; the protocol says so."""


def websocket_endpoints(app: FastAPI) -> Mapping[str, DialectEndpoint]:
    """All of them, by path."""
    return {
        "/api/ws/chat": _dialect_endpoint(app, ChatDialect()),
        "/api/ws": _dialect_endpoint(app, StreamDialect()),
        "/ws/chat/{session_id}": _session_endpoint(app),
        "/api/ai/ws": _ai_sdk_endpoint(app),
    }


def _dialect_endpoint(app: FastAPI, dialect: Dialect) -> DialectEndpoint:
    """An endpoint whose connections carry any of the caller's turns."""
    clock = _clock(app)
    options = ConnectionOptions(pace_ms=_settings(app).generation.token_delay_ms)

    def connect(client: Handshake, send: Send, offer: Offer | None) -> Connection:
        engine = services_of(app).engine
        return Connection(engine, client.principal, dialect, send, clock, offer=offer, options=options)

    async def authenticate(scope: Scope) -> Handshake:
        return await _handshake(app, HTTPConnection(scope))

    return _endpoint(app, connect, authenticate)


def _session_endpoint(app: FastAPI) -> DialectEndpoint:
    """`/ws/chat/{session_id}`: each connection shows one conversation."""
    clock = _clock(app)
    pace_ms = _settings(app).generation.token_delay_ms
    options = ConnectionOptions(show_reasoning=True, pace_ms=pace_ms, snapshot=True, show_thoughts=True)

    def connect(client: Handshake, send: Send, offer: Offer | None) -> Connection:
        engine, caller = services_of(app).engine, client.principal
        dialect = SessionDialect(client.session_name or "", client.session_id)
        shown = None if client.session_id is None else conversation(engine, caller, client.session_id)
        return Connection(engine, caller, dialect, send, clock, offer=offer, options=options, shown=shown)

    async def authenticate(scope: Scope) -> Handshake:
        handshake = await _handshake(app, HTTPConnection(scope))
        name: str = scope["path_params"]["session_id"]
        session_id = None
        with suppress(NotFound, InvalidRequest):  # somebody else's, or no name at all: each command will be told so
            session_id, _ = await services_of(app).access.named(name, handshake.principal)
        return replace(handshake, session_name=name, session_id=session_id)

    return _endpoint(app, connect, authenticate, idle_s=SESSION_IDLE_S)


def _ai_sdk_endpoint(app: FastAPI) -> DialectEndpoint:
    """`/api/ai/ws`: the chats of a client of the AI SDK, which sends all of a conversation with each question."""
    settings, clock = _settings(app), _clock(app)
    options = DeliveryOptions(pace_ms=settings.generation.token_delay_ms)

    def connect(client: Handshake, send: Send, offer: Offer | None) -> AiSdkConnection:
        services = services_of(app)
        chats = Chats(services.engine, services.store)
        return AiSdkConnection(services.engine, chats, client.principal, send, clock, offer=offer, options=options)

    async def authenticate(scope: Scope) -> Handshake:
        return await _handshake(app, HTTPConnection(scope))

    return _endpoint(app, connect, authenticate, frame_bytes=settings.limits.body_bytes)


async def _handshake(app: FastAPI, connection: HTTPConnection) -> Handshake:
    caller = await services_of(app).authentication.websocket_caller(connection)
    return Handshake(caller, accepted_subprotocol(connection))


def _endpoint(
    app: FastAPI,
    connect: Connect,
    authenticate: Callable[[Scope], Awaitable[Handshake]],
    *,
    idle_s: float | None = None,
    frame_bytes: int | None = None,
) -> DialectEndpoint:
    limits, clock = _settings(app).limits, _clock(app)
    connections: ConnectionCounter = app.state.connections
    return DialectEndpoint(
        connect=connect,
        authenticate=authenticate,
        hold=lambda client: connections.hold(client.principal.user_id, client.session_id),
        meter=lambda: FrameMeter(limits.frames_per_second, clock),
        frame_bytes=frame_bytes or limits.frame_bytes,
        idle_s=idle_s,
    )


def _settings(app: FastAPI) -> Settings:
    settings: Settings = app.state.settings
    return settings


def _clock(app: FastAPI) -> Clock:
    clock: Clock = app.state.ports.clock or SystemClock()
    return clock
