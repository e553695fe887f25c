"""The HTTP that all providers share: one pool of connections, time-outs, retries, and what refusals mean.

A request is tried again only before the first byte of an answer has been relayed, for what may pass by itself, and
only where the wait is short enough for somebody who watches the page.
"""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
import msgspec

from millrace import __version__
from millrace.model.errors import MillraceError, ProviderTimeout
from millrace.providers import failures
from millrace.providers.body_stream import BROKEN, BodyStream, abort
from millrace.providers.failures import Call, Refusal
from millrace.providers.refusals import is_final, refusal_of
from millrace.providers.retry_after import retry_after

_MAX_ERROR_BODY = 64 * 1024
_ERROR_BODY_S = 10.0
_SETTLE_S = 1.0
"""How long the end of a response may lag behind its last event for the connection to be kept, in seconds."""


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """How long to wait and how often to try. Times are in seconds.

    `first_byte_s` is generous because a reasoning model may be silent for minutes; the engine has its own, shorter
    limits. `tries` counts the first. A provider that asks for a longer wait than `longest_wait_s` is not tried again.
    """

    connect_s: float = 10.0
    first_byte_s: float = 300.0
    idle_s: float = 120.0
    tries: int = 2
    first_wait_s: float = 0.5
    longest_wait_s: float = 5.0
    trust_env: bool = False
    """Whether proxies and .netrc of the environment are used."""


class HttpClient:
    """Calls providers. Connections are made when they are first needed and kept between calls."""

    def __init__(self, options: HttpOptions | None = None) -> None:
        self.options = options or HttpOptions()
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()
        self._settling: dict[aiohttp.ClientResponse, asyncio.TimerHandle] = {}

    async def stream(
        self, call: Call, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> BodyStream | Refusal:
        """POST `body`, or GET where there is none; return the answer's body as it comes, or what was said instead.

        Raises:
            ProviderFailure: No connection could be made.
            ProviderTimeout: No answer came in time.
        """
        for left in range(self.options.tries - 1, -1, -1):
            try:
                method = "GET" if body is None else "POST"
                response = await self._session().request(method, url, data=body, headers=headers, allow_redirects=False)
            except BROKEN as error:
                wait = self._after_break(error)
                if not left or wait is None or (wait and call.fail_fast):
                    raise _not_connected(call, error) from error
            else:
                if 200 <= response.status < 300:
                    return self._body(response)
                refusal = await _refusal(response)
                wait = self._after_refusal(refusal, response.headers)
                if not left or wait is None or call.fail_fast:
                    return refusal
            await asyncio.sleep(wait)
        raise AssertionError("tries is at least 1")

    async def get(self, call: Call, url: str, headers: Mapping[str, str], *, limit_s: float) -> Any:
        """GET a JSON document, once.

        Raises:
            MillraceError: It does not come within `limit_s` seconds, is refused, or is no JSON.
        """
        return await self._document(call, "GET", url, headers, limit_s)

    async def post(self, call: Call, url: str, headers: Mapping[str, str], *, limit_s: float) -> Any:
        """POST nothing, once, and return the JSON document that answers.

        Raises:
            MillraceError: It does not come within `limit_s` seconds, is refused, or is no JSON.
        """
        return await self._document(call, "POST", url, headers, limit_s)

    async def _document(self, call: Call, method: str, url: str, headers: Mapping[str, str], limit_s: float) -> Any:
        timeout = aiohttp.ClientTimeout(total=limit_s)
        try:
            async with self._session().request(
                method, url, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                if not 200 <= response.status < 300:
                    raise failures.refused(call, await _refusal(response))
                body = await _bounded(response, 16 * 1024 * 1024)
        except BROKEN as error:
            raise _not_connected(call, error) from error
        try:
            return msgspec.json.decode(body)
        except (ValueError, RecursionError) as error:
            raise failures.not_an_api(call, body[:500].decode("utf-8", "replace")) from error

    async def close(self) -> None:
        """Close this event loop's connections."""
        for response in tuple(self._settling):
            self._settled(response)
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None or session.closed:
            session = self._sessions[loop] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300, keepalive_timeout=30),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=self.options.connect_s, sock_read=self.options.first_byte_s
                ),
                # Compressed streams arrive late: compressors gather bytes before they let any go.
                headers={"Accept-Encoding": "identity", "User-Agent": f"millrace/{__version__}"},
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=self.options.trust_env,
                read_bufsize=64 * 1024,
            )
        return session

    def _body(self, response: aiohttp.ClientResponse) -> BodyStream:
        options = self.options
        return BodyStream(response, self._settle, first_byte_s=options.first_byte_s, idle_s=options.idle_s)

    def _settle(self, response: aiohttp.ClientResponse) -> None:
        """Wait for the end of a response, which gives its connection back; without it, close the connection."""
        if response.connection is not None:
            loop = asyncio.get_running_loop()
            self._settling[response] = loop.call_later(_SETTLE_S, self._settled, response)

    def _settled(self, response: aiohttp.ClientResponse) -> None:
        self._settling.pop(response).cancel()
        response.close()

    def _after_break(self, error: BaseException) -> float | None:
        """Seconds to wait before the next try; none where there should be none."""
        if isinstance(error, TimeoutError | aiohttp.InvalidURL | aiohttp.ClientConnectorCertificateError):
            return None
        if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError):
            return 0.0  # most often a kept connection that the other side had just closed
        return self._backoff()

    def _after_refusal(self, refusal: Refusal, headers: Mapping[str, str]) -> float | None:
        said = headers.get("x-should-retry", "").lower()
        transient = refusal.status in (408, 409, 425, 429) or (refusal.status or 0) >= 500
        if is_final(refusal) or said == "false" or not (transient or said == "true"):
            return None
        wait = self._backoff() if refusal.retry_after is None else refusal.retry_after
        return wait if wait <= self.options.longest_wait_s else None

    def _backoff(self) -> float:
        return self.options.first_wait_s * random.uniform(0.75, 1.0)  # noqa: S311 - spreads load, guards nothing


def _not_connected(call: Call, error: BaseException) -> MillraceError:
    if isinstance(error, aiohttp.SocketTimeoutError) and not isinstance(error, aiohttp.ConnectionTimeoutError):
        return ProviderTimeout(detail=failures.detail(call, repr(error)))
    return failures.unreachable(call, error)


async def _refusal(response: aiohttp.ClientResponse) -> Refusal:
    """Read what a provider says instead of answering, bounded in bytes and time."""
    try:
        async with asyncio.timeout(_ERROR_BODY_S):
            body = await _bounded(response, _MAX_ERROR_BODY)
    except BROKEN:  # TimeoutError is an OSError
        body = b""
    finally:
        if not response.content.at_eof():
            abort(response)
    refusal = refusal_of(body, response.status)
    wait = retry_after(response.headers, time.time())
    return msgspec.structs.replace(refusal, retry_after=refusal.retry_after if wait is None else wait)


async def _bounded(response: aiohttp.ClientResponse, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size >= limit:
            break
    return b"".join(parts)[:limit]
