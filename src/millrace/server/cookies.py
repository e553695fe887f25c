"""The cookies that sign a browser in. Scripts cannot read them, other sites cannot send them."""

from starlette.requests import HTTPConnection
from starlette.responses import Response

SESSION_COOKIE = "millrace_session"
REFRESH_COOKIE = "millrace_refresh"
_REFRESH_PATH = "/api/auth"


class Cookies:
    """Sets and clears the two cookies: HttpOnly, SameSite=Lax, and Secure wherever people come over https."""

    def __init__(self, public_url: str | None) -> None:
        self._public_https = (public_url or "").lower().startswith("https://")

    def set_session(self, connection: HTTPConnection, response: Response, token: str, lifetime_s: int) -> None:
        """Keep an access token in the browser."""
        self._set(connection, response, SESSION_COOKIE, token, "", lifetime_s)

    def set_refresh(self, connection: HTTPConnection, response: Response, token: str, lifetime_s: int) -> None:
        """Keep a refresh token in the browser; it is sent to `/api/auth` alone."""
        self._set(connection, response, REFRESH_COOKIE, token, _REFRESH_PATH, lifetime_s)

    def clear(self, connection: HTTPConnection, response: Response) -> None:
        """Take both away."""
        self._set(connection, response, SESSION_COOKIE, "", "", 0)
        self._set(connection, response, REFRESH_COOKIE, "", _REFRESH_PATH, 0)

    def _set(
        self, connection: HTTPConnection, response: Response, name: str, value: str, path: str, lifetime_s: int
    ) -> None:
        root = connection.scope.get("root_path", "")
        response.set_cookie(
            name,
            value,
            max_age=lifetime_s,
            path=(root + path) or "/",
            secure=self._public_https or connection.url.scheme in {"https", "wss"},
            httponly=True,
            samesite="lax",
        )
