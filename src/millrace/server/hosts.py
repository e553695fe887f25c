"""By which names a server on this machine may be called.

A page of another site can make its own name point to 127.0.0.1 (DNS rebinding); for the browser this server is then
part of that site. Where guests are let in without a password, requests must therefore be for a name of this machine.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from millrace.model.errors import Forbidden
from millrace.server.problems import send_problem
from millrace.server.settings import Settings, is_loopback

_REFUSED = "This server answers on this machine only. Call it as 127.0.0.1 or localhost, or set public_url."


def guards_hosts(settings: Settings) -> bool:
    """Whether names matter: guests come in without a password, and nobody said that they may from elsewhere."""
    return settings.auth.mode == "guest" and not settings.auth.allow_guests


class HostGuard:
    """ASGI application: passes requests for loopback names and the hosts of `origins` on, and refuses all others."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._names = frozenset(urlsplit(origin).hostname for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or refuse it."""
        if scope["type"] == "lifespan" or self._is_ours(Headers(scope=scope).get("host", "")):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": _REFUSED})
        else:
            await send_problem(Forbidden(_REFUSED), scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        return name is not None and (name in self._names or is_loopback(name))
