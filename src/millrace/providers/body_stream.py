"""The body of a response as it arrives: nothing that came is lost when the connection breaks, closing is at once."""

import asyncio
from collections.abc import Callable

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

_GRACE_S = 5.0
"""How long usage may lag behind the finish reason, in seconds."""

BROKEN = (aiohttp.ClientError, HttpProcessingError, OSError)
"""What reading raises when a connection breaks."""


class BodyStream:
    """Reads one response.

    aiohttp's read time-out costs a timer for each read. Here one timer for the whole stream looks now and then whether
    bytes have come, so a silence is noticed between one and one and a half times its limit.

    Args:
        response: Its headers have been read, its body has not.
        first_byte_s: The longest silence before the first byte of the body, in seconds.
        idle_s: The longest silence after it.
        settle: Takes the response over once it is read as far as it matters, to keep its connection if it can.

    `readany` waits for bytes and returns all that are there, nothing at the end of the body. It raises one of
    `BROKEN` when the connection breaks or `silent` is true; `left` then has what came before that.
    """

    __slots__ = (
        "_content",
        "_idle_s",
        "_limit",
        "_loop",
        "_over",
        "_response",
        "_seen",
        "_settle",
        "_since",
        "_timer",
        "_winding_up",
        "readany",
        "silent",
    )

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        settle: Callable[[aiohttp.ClientResponse], None],
        *,
        first_byte_s: float,
        idle_s: float,
    ) -> None:
        self.silent = False
        self.readany = response.content.readany
        self._response = response
        self._content = response.content
        self._loop = asyncio.get_running_loop()
        self._idle_s = idle_s
        self._limit = first_byte_s
        self._seen = 0
        self._since = self._loop.time()
        self._settle = settle
        self._over = False
        self._winding_up = False
        self._timer: asyncio.TimerHandle | None = None
        if response.connection is not None and response.connection.protocol is not None:
            response.connection.protocol.read_timeout = None
            response.connection.protocol.start_timeout()
        self._watch()

    @property
    def silence_s(self) -> float:
        """How long nothing has come, in seconds."""
        return self._loop.time() - self._since

    def left(self) -> bytes:
        """The bytes that came before the connection broke and were not read yet."""
        # aiohttp refuses public reads of a broken stream, although what came while the reader was busy is still in its
        # buffer.
        return self._content._read_nowait(-1)

    def wind_up(self, *, whole: bool) -> None:
        """The model has ended: wait only a little for what may follow.

        Args:
            whole: Nothing of worth will follow. The connection is kept for other requests if the response ends
                soon.
        """
        if self._over:
            return
        if whole:
            self._over = True
            self._stop_watching()
            self._settle(self._response)
        elif not self._winding_up:
            self._winding_up = True
            self._idle_s = self._limit = _GRACE_S
            self._watch()

    def close(self) -> None:
        """Close the connection at once, whatever is under way on it, unless it was let go. Twice does nothing."""
        if not self._over:
            self._over = True
            self._stop_watching()
            abort(self._response)

    def _stop_watching(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _watch(self) -> None:
        self._stop_watching()
        now, seen = self._loop.time(), self._content.total_bytes
        if seen != self._seen:
            self._seen, self._since, self._limit = seen, now, self._idle_s
        if now - self._since >= self._limit:
            self.silent = True
            abort(self._response)
        else:
            self._timer = self._loop.call_later(min(self._limit, self._idle_s) / 4, self._watch)


def abort(response: aiohttp.ClientResponse) -> None:
    """Close a response's connection without waiting for TLS to say good-bye."""
    connection = response.connection
    if connection is not None and connection.transport is not None:
        connection.transport.abort()
    response.close()
