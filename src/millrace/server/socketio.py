"""Socket.IO at `/socket.io`: the events of `tokens`, and the rooms of `study`."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from fastapi import FastAPI
from starlette.requests import HTTPConnection

from millrace.dialects.dialect import Reference
from millrace.dialects.study_events import EVENTS as STUDY_EVENTS
from millrace.dialects.study_events import StudyEvents
from millrace.dialects.tokens_events import EVENTS as TOKENS_EVENTS
from millrace.dialects.tokens_events import TokensEvents
from millrace.engine.engine import Engine
from millrace.limits.connections import ConnectionCounter
from millrace.limits.frames import FrameMeter
from millrace.model.errors import MillraceError, Unauthorized
from millrace.model.messages import Turn
from millrace.model.principal import Principal
from millrace.ops.clock import SystemClock
from millrace.ports import Clock
from millrace.server.services import Services, client_address, services_of
from millrace.server.settings import Settings
from millrace.server.visitors import welcomes_guests
from millrace.transports.connection import Connection, ConnectionOptions
from millrace.transports.feed import Shown
from millrace.transports.socketio import SocketIoEndpoint
from millrace.transports.socketio_client import EventClient, Spoken
from millrace.transports.socketio_wire import Wire
from millrace.transports.websocket import Meter, Scope


def socketio_endpoint(app: FastAPI) -> SocketIoEndpoint:
    """The endpoint, to be mounted at `/socket.io`."""
    settings: Settings = app.state.settings
    return SocketIoEndpoint(_Rules(app), packet_bytes=settings.limits.frame_bytes)


class _Rules:
    """What this server says about clients of Socket.IO."""

    def __init__(self, app: FastAPI) -> None:
        settings: Settings = app.state.settings
        self._app = app
        self._clock: Clock = app.state.ports.clock or SystemClock()
        self._settings = settings
        self._tokens = TokensEvents()
        self._study = StudyEvents(settings.study.events_chunk_size)

    async def authenticate(self, scope: Scope, auth: Any) -> Principal:
        """By the token that the client gave, else as a WebSocket is; else it is a guest, where there are any."""
        services = services_of(self._app)
        token = auth.get("token") if isinstance(auth, dict) else None
        if token is not None:
            return await services.authentication.authenticate(_plain(token))
        connection = HTTPConnection(scope)
        try:
            return await services.authentication.websocket_caller(connection)
        except Unauthorized as error:
            if error.status != Unauthorized.status or not welcomes_guests(services) or _presents(connection):
                raise
        return await _new_guest(services, connection)

    def hold(self, caller: Principal) -> AbstractContextManager[None]:
        """As every other connection is counted."""
        connections: ConnectionCounter = self._app.state.connections
        return connections.hold(caller.user_id)

    def meter(self) -> Meter:
        """As frames of a WebSocket are."""
        return FrameMeter(self._settings.limits.frames_per_second, self._clock)

    def client(self, caller: Principal, wire: Wire, auth: Any) -> EventClient:
        """Whoever asks with `chat_stream` is answered; whoever asked over HTTP is answered in the rooms."""
        del auth
        engine = services_of(self._app).engine
        # What is pending goes out as one event: `lag_entries=1` merges whatever more than one entry waits.
        options = ConnectionOptions(pace_ms=self._settings.generation.token_delay_ms, lag_entries=1)
        asked = Connection(engine, caller, self._tokens, wire.send, self._clock, offer=wire.offer, options=options)
        room = Connection(
            engine,
            caller,
            self._study,
            wire.send,
            self._clock,
            offer=wire.offer,
            options=options,
            shown=_study_turns(engine, caller),
        )
        tokens, study = Spoken(self._tokens, asked), Spoken(self._study, room)
        spoken = dict.fromkeys(TOKENS_EVENTS, tokens) | dict.fromkeys(STUDY_EVENTS, study)
        return EventClient(caller.user_id, spoken, default=tokens)

    def garbage(self, error: MillraceError) -> bytes:
        """A `chat_error`."""
        return self._tokens.error(error, Reference(), self._clock.now_ms())


def _study_turns(engine: Engine, caller: Principal) -> Shown:
    """The turns that go to the user's rooms; those that run already, from where they are."""

    def wanted(turn: Turn) -> bool:
        return turn.command.to_rooms

    async def running() -> Sequence[Turn]:
        return [record.turn for record in await engine.running(caller) if wanted(record.turn)]

    return Shown(wanted, running, from_now=True)


def _plain(token: Any) -> str:
    """A token as it is, however a client dressed it.

    Raises:
        Unauthorized: It is no text.
    """
    if not isinstance(token, str):
        raise Unauthorized
    return token.removeprefix("Bearer ").strip()


def _presents(connection: HTTPConnection) -> bool:
    """Whether a client showed a credential that must be good; a cookie that is not valid any more is none."""
    return "authorization" in connection.headers or bool(connection.query_params.keys() & {"token", "ticket"})


async def _new_guest(services: Services, connection: HTTPConnection) -> Principal:
    guest = services.guests.admit(client_address(connection))
    await services.authentication.welcome(guest)
    return guest
