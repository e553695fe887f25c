"""An ASGI application behind real sockets, in this process and on this event loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn

LIMIT_S = 30.0


class QuietServer(uvicorn.Server):
    """Leaves the signals to whoever runs the tests."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: Any, *, send_buffer: int | None = None, **config: Any) -> AsyncIterator[str]:
    """Serve `app`; gives its `host:port`.

    Args:
        app: Any ASGI application.
        send_buffer: Bytes that the kernel keeps for a client that does not read, where a test fills it.
        config: For `uvicorn.Config`.
    """
    listener = socket.socket()
    if send_buffer is not None:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    listener.bind(("127.0.0.1", 0))
    settings = {"log_config": None, "access_log": False, "timeout_graceful_shutdown": 1, "lifespan": "off", **config}
    server = QuietServer(uvicorn.Config(app, **settings))
    running = asyncio.create_task(server.serve([listener]))
    try:
        async with asyncio.timeout(LIMIT_S):
            while not server.started and not running.done():
                await asyncio.sleep(0.005)
        assert not running.done(), running.exception()
        host, port = listener.getsockname()
        yield f"{host}:{port}"
    finally:
        server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await running
        listener.close()
