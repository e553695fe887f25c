"""The body of a response as it arrives: nothing that came is lost when the connection breaks, closing is at once."""

import asyncio
from collections.abc import Callable

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from millrace.providers.tap import Tap

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
        first_byte_s: The longest silence before the answer begins, in seconds.
        idle_s: The longest silence after that.
        settle: Takes the response over once it is read as far as it matters, to keep its connection if it can.

    `silent` says that the connection was closed because nothing came.
    """

    __slots__ = (
        "_content",
        "_halt",
        "_idle_s",
        "_limit",
        "_loop",
        "_over",
        "_response",
        "_seen",
        "_settle",
        "_since",
        "_take",
        "_tap",
        "_tapped",
        "_timer",
        "_winding_up",
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
        self._tap: Tap | None = None
        self._tapped = 0
        self._take: Callable[[bytes], bool]
        self._halt: asyncio.Future[None] | None = None
        if response.connection is not None and response.connection.protocol is not None:
            response.connection.protocol.read_timeout = None
            response.connection.protocol.start_timeout()
        self._watch()

    @property
    def silence_s(self) -> float:
        """How long nothing has come, in seconds."""
        return self._loop.time() - self._since

    async def read(self, take: Callable[[bytes], bool]) -> None:
        """Give `take` what comes, until it says that it has enough or the body has ended.

        What one read of the network brought is given together, in the step that read it: to wake a task for it instead
        costs a fifth of what a token costs in all. What `take` raises comes out of this.

        Raises:
            BROKEN: The connection broke, or `silent` is true; what had come before that has been given.
        """
        self._take = take
        self._halt = halt = self._loop.create_future()
        self._tap = Tap.between(self._response, self._give, self._drain)
        try:
            self._drain()
            await halt
        finally:
            self._untap()
            if not halt.cancelled():
                halt.exception()  # it is raised above, unless the task is cancelled in the same step

    def _give(self, data: bytes) -> None:
        """Give on what came past aiohttp; whatever came through it before has been given on."""
        self._tapped += len(data)
        take, halt = self._take, self._halt
        if halt is None or halt.done():
            return  # the reading task was cancelled: nobody wants the rest
        try:
            if take(data):
                self._stop()
        except Exception as error:  # noqa: BLE001 - it is raised where `read` awaits the future
            self._stop(error)

    def _drain(self) -> None:
        """Give on what aiohttp holds; tell `read` of the end."""
        halt, content = self._halt, self._content
        if halt is None or halt.done():
            return
        try:
            broken = content.exception()
            # aiohttp refuses public reads of a broken stream, although what came before the break is in its buffer.
            while data := content.read_nowait() if broken is None else content._read_nowait(-1):
                if self._take(data):
                    self._stop()
                    return
            if broken is not None or content.is_eof():
                self._stop(broken)
        except Exception as error:  # noqa: BLE001 - it is raised where `read` awaits the future
            self._stop(error)

    def _stop(self, error: BaseException | None = None) -> None:
        """Let `read` come to its end. Whatever comes from here on is aiohttp's, so that it is not lost."""
        self._untap()
        if self._halt is None or self._halt.done():
            return
        if error is None:
            self._halt.set_result(None)
        else:
            self._halt.set_exception(error)

    def _untap(self) -> None:
        if self._tap is not None:
            self._tap.remove()
            self._tap = None

    def answers(self) -> None:
        """The answer has begun: from here on silences are short. Before, a model may think for minutes."""
        self._limit = self._idle_s
        self._watch()

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
        now, seen = self._loop.time(), self._content.total_bytes + self._tapped
        if seen != self._seen:
            self._seen, self._since = seen, now
        if now - self._since >= self._limit:
            self.silent = True
            abort(self._response)
            self._drain()
        else:
            self._timer = self._loop.call_later(min(self._limit, self._idle_s) / 4, self._watch)


def abort(response: aiohttp.ClientResponse) -> None:
    """Close a response's connection without waiting for TLS to say good-bye."""
    connection = response.connection
    if connection is not None and connection.transport is not None:
        connection.transport.abort()
    response.close()
