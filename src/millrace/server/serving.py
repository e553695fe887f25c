"""Running the app with uvicorn: binding first, saying when it is ready, stopping in the right order."""

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from millrace.model.errors import MillraceError
from millrace.ops.garbage import GarbageKeeper
from millrace.server.app import create_app, millrace_lifespan
from millrace.server.hosts import HostGuard, guards_hosts
from millrace.server.logging import program_logging
from millrace.server.services import Services, services_of
from millrace.server.settings import GOOD_SECRET_BYTES, Settings, is_loopback, unknown_variables
from millrace.server.settings_errors import SettingsError
from millrace.server.workers import Life, WorkerFailed, Workers
from millrace.transports.uvicorn_http import ChunksProtocol
from millrace.transports.uvicorn_protocol import FramesProtocol

_BACKLOG = 2048
_CLOSE_CONNECTIONS_S = 3
_log = logging.getLogger(__name__)


def check_exposure(settings: Settings) -> None:
    """Guests are let in by whoever can reach the server: on this machine nobody minds, beyond it somebody must say so.

    Raises:
        SettingsError: Guest mode would listen beyond loopback.
    """
    if settings.auth.mode == "guest" and not settings.auth.allow_guests and not is_loopback(settings.host):
        raise SettingsError(
            [
                f"In guest mode everybody who can reach {settings.host} could use this server and its model. Turn "
                "accounts on (--auth accounts), or say --allow-guests if that is what you want."
            ]
        )


def bind(host: str, port: int) -> socket.socket:
    """A socket on `host` and `port` (0: a free one) that does not listen yet.

    Raises:
        SettingsError: The port is taken or not allowed, or there is no such address.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror:
        raise SettingsError([f"There is no address {host} on this machine. Choose another with --host."]) from None
    family, kind, protocol, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise SettingsError([_why_not(error, host, port)]) from None
    return listener


def url_of(listener: socket.socket, host: str) -> str:
    """Where a browser on this machine reaches the server."""
    port = listener.getsockname()[1]
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://{f'[{name}]' if ':' in name and not name.startswith('[') else name}:{port}"


class Server(uvicorn.Server):
    """A uvicorn server that hands running answers over before it closes connections.

    uvicorn closes WebSockets (with 1012) before it tells the app to stop; a client that came back at once would
    then meet turns that are neither here nor elsewhere. So: stop accepting, hand over, close, end.
    """

    def __init__(self, config: uvicorn.Config, services: Services, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._services = services
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, hand turns over, close connections."""
        for server in self.servers:
            server.close()
        self._services.stopping.set()
        try:
            await asyncio.wait_for(self._services.engine.close(), self._services.settings.shutdown_s)
        except TimeoutError:
            _log.warning("not all running answers were handed over in time; the next start continues them")
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; a second Ctrl-C stops without waiting. Stopping when told to is no failure: the exit code is 0."""
        super().handle_exit(sig, frame)
        self._captured_signals.clear()


async def serve(app: FastAPI, settings: Settings, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        app: Made by `create_app`.
        settings: The app's.
        listener: Bound by `bind`; closed at the end.
        ready: Called once connections are accepted.

    Raises:
        SettingsError: The data folder cannot be used.
        MillraceError: A part cannot be opened.
    """
    async with millrace_lifespan(app):
        services = services_of(app)
        keeper = GarbageKeeper(services.clock, services.gc_meter, lambda: services.engine.status().running == 0)
        keeper.start()
        try:
            await Server(_config(app, settings), services, ready).serve([listener])
        finally:
            await keeper.stop()


def run_server(settings: Settings) -> None:
    """All that `millrace serve` does: listen, say so on standard output, serve until the process is told to stop.

    Raises:
        SettingsError: The settings cannot be used.
        MillraceError: A part could not be opened.
        KeyboardInterrupt: It was told to stop before it had started.
    """
    check_exposure(settings)
    with program_logging(settings.log_level, settings.log_format, access=settings.access_log):
        _warn(settings)
        listener = bind(settings.host, settings.port)
        url = url_of(listener, settings.host)

        def announce() -> None:
            # Written at once, also into a pipe: whoever started us may wait for this line.
            print(f"Millrace is ready at {url}", flush=True)  # noqa: T201 - it is the command's output

        try:
            if settings.workers > 1:
                Workers(_work, (settings.model_dump(), listener), settings.workers).run(announce)
            else:
                _run(create_app(settings), settings, listener, announce)
        except MillraceError as error:
            if error.detail:
                _log.error("%s", error.detail)
            raise
        except WorkerFailed as error:
            sys.exit(error.code)
        finally:
            listener.close()


def _work(life: Life, values: dict[str, Any], listener: socket.socket) -> None:
    """One of several workers: what `run_server` does once the port is bound. It ends with its parent."""
    settings = Settings.model_validate(values)
    with program_logging(settings.log_level, settings.log_format, access=settings.access_log):
        try:
            _run(create_app(settings), settings, listener, life.ready, parent=life.parent)
        except (SettingsError, MillraceError) as error:
            detail = error.detail if isinstance(error, MillraceError) else None
            _log.error("a worker could not start: %s", detail or error)
            sys.exit(2 if isinstance(error, SettingsError) else 1)
        except KeyboardInterrupt:
            sys.exit(130)
        finally:
            listener.close()


def _run(
    app: FastAPI,
    settings: Settings,
    listener: socket.socket,
    ready: Callable[[], None],
    parent: Connection | None = None,
) -> None:
    """`serve` in an event loop of its own (uvloop where there is one), until `parent` ends where there is one."""
    factory = _config(app, settings).get_loop_factory()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until uvicorn listens to it: end cleanly all the same
    with asyncio.Runner(loop_factory=factory) as runner:
        if parent is not None:
            _end_with(parent, runner.get_loop())
        runner.run(serve(app, settings, listener, ready))


def _end_with(parent: Connection, loop: asyncio.AbstractEventLoop) -> None:
    """Stop in order once the other end of `parent` is gone, which nobody writes to."""

    def gone() -> None:
        loop.remove_reader(parent.fileno())
        os.kill(os.getpid(), signal.SIGTERM)

    loop.add_reader(parent.fileno(), gone)


def _warn(settings: Settings) -> None:
    for name in unknown_variables():
        _log.warning("%s is no setting of Millrace and has no effect", name)
    secret = settings.jwt_secret
    if secret is not None and len(secret.get_secret_value().encode()) < GOOD_SECRET_BYTES:
        _log.warning("jwt_secret is shorter than %d bytes; `openssl rand -hex 32` makes a good one", GOOD_SECRET_BYTES)


def _config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        HostGuard(app, settings.page_origins) if guards_hosts(settings) else app,
        lifespan="off",  # `serve` runs it, so that what is wrong at the start is one sentence
        http=ChunksProtocol,
        ws=FramesProtocol,
        ws_max_size=max(settings.limits.frame_bytes, settings.limits.body_bytes),  # each endpoint has its own limit
        ws_per_message_deflate=False,
        log_config=None,
        access_log=settings.access_log,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        root_path=settings.root_path,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_CLOSE_CONNECTIONS_S,
    )


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use. Stop the program that uses it, or choose another with --port."
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this program has. Choose one over 1023 with --port."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"There is no address {host} on this machine. Choose another with --host."
    return f"Cannot listen on {host}:{port}: {error.strerror or error}."
