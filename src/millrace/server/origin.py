"""Which web pages may speak to this server with a user's cookies.

A browser says where a request comes from (`Sec-Fetch-Site`, `Origin`); anything but a browser says nothing and
holds no cookies that somebody else could abuse. The rules are those of Go's `http.CrossOriginProtection`.
"""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from millrace.model.errors import Forbidden
from millrace.server.problems import send_problem

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing."""
_REFUSED = (
    "Requests from this web page are not allowed. Whoever runs the server can list its origin in allowed_origins."
)


def is_own_origin(headers: Headers, allowed: Collection[str]) -> bool:
    """Whether a request comes from this server's own pages, from an allowed origin, or from no web page at all."""
    origin = headers.get("origin")
    if origin is not None and origin.lower() in allowed:
        return True
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    return origin is None or _authority(origin) == headers.get("host", "").lower()


def check_origin(headers: Headers, allowed: Collection[str]) -> None:
    """Let a request pass that `is_own_origin`.

    Raises:
        Forbidden: Another site's page sent it.
    """
    if not is_own_origin(headers, allowed):
        raise Forbidden(_REFUSED)


class OriginGuard:
    """ASGI middleware: refuses unsafe requests from foreign pages unless they carry a token of their own.

    A WebSocket is judged where it is authenticated, so that it can be told why it is closed.
    """

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self._app = app
        self._allowed = frozenset(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or answer 403."""
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            headers = Headers(scope=scope)
            # A page cannot make a browser send another user's Authorization: with one, nothing can be forged.
            if "authorization" not in headers and not is_own_origin(headers, self._allowed):
                await send_problem(Forbidden(_REFUSED), scope, receive, send)
                return
        await self._app(scope, receive, send)


def _authority(url: str) -> str | None:
    """Host and port of an origin, as `Host` has them. The scheme is left out: a proxy in front may have ended TLS."""
    scheme, separator, authority = url.partition("://")
    return authority.lower() if scheme and separator and authority else None
