"""The HTTP interface, as far as this client uses it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec

from millrace.cli.client.errors import Rejected, Unreachable
from millrace.cli.client.notices import Problem
from millrace.cli.client.shapes import (
    Models,
    ProblemDetails,
    RunningTurn,
    SessionDetail,
    Sessions,
    StoredMessage,
    StoredSession,
    Ticket,
)

T = TypeVar("T")
TIMEOUT_S = 15.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Credential(Protocol):
    """Says who we are."""

    def headers(self) -> Mapping[str, str]:
        """Headers of a request."""

    async def renew(self) -> None:
        """The server does not accept it any more: get another.

        Raises:
            SignInNeeded: There is none to be got without asking a person.
            Unreachable: The server does not answer now.
        """


class Anonymous:
    """Implements `Credential` before anybody is signed in."""

    def headers(self) -> Mapping[str, str]:
        """None."""
        return {}

    async def renew(self) -> None:
        """Nothing can be renewed."""


class Web:
    """HTTP to one server. Use it as an async context manager.

    Args:
        url: Where the server is, as in `http://127.0.0.1:8000`; a path before `/api` is allowed.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.is_local = (urlsplit(url).hostname or "") in _LOOPBACK
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Web":
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=not self.is_local,  # a proxy is for what is elsewhere
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def request(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, json: Any = None
    ) -> tuple[bytes, Mapping[str, str]]:
        """Send a request; the body of the answer, and the cookies it sets.

        Raises:
            Rejected: The server refused.
            Unreachable: There is no server, or it is none of ours.
        """
        if self._session is None:
            raise RuntimeError("Web is used outside its context")
        try:
            async with self._session.request(method, self.url + path, headers=headers, json=json) as answer:
                body = await answer.read()
                if answer.status >= HTTPStatus.BAD_REQUEST:
                    raise self._rejection(answer.status, answer.content_type, body)
                return body, {name: morsel.value for name, morsel in answer.cookies.items()}
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self.unreachable() from error

    def read(self, body: bytes, kind: type[T]) -> T:
        """An answer as a value.

        Raises:
            Unreachable: It is no answer of a Millrace server.
        """
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.DecodeError as error:
            raise self._stranger() from error

    def unreachable(self) -> Unreachable:
        """What to say where nobody answers."""
        return Unreachable(
            f"No Millrace server answers at {self.url}. Start one with `millrace serve`, or say where it is with --url."
        )

    def _stranger(self) -> Unreachable:
        return Unreachable(f"What answers at {self.url} is no Millrace server. Say where it is with --url.")

    def _rejection(self, status: int, content_type: str, body: bytes) -> Rejected | Unreachable:
        if content_type != "application/problem+json":
            # A proxy speaks for a server that is away; anything else is somebody else's server.
            return self.unreachable() if status >= HTTPStatus.INTERNAL_SERVER_ERROR else self._stranger()
        found = self.read(body, ProblemDetails)
        return Rejected(Problem(found.code, found.detail, found.recoverable, found.retry_after), status)


class Api:
    """What a signed-in user can ask over HTTP. Every method raises `Rejected`, `Unreachable` or `SignInNeeded`."""

    def __init__(self, web: Web, credential: Credential) -> None:
        self.web = web
        self._credential = credential

    async def ticket(self) -> str:
        """What opens one WebSocket, once, within 30 seconds."""
        return (await self._call("POST", "/api/auth/ws-ticket", Ticket)).ticket

    async def sessions(self, limit: int = 20) -> list[StoredSession]:
        """The newest conversations."""
        return (await self._call("GET", f"/api/sessions?limit={limit}", Sessions)).sessions

    async def session(self, session_id: str) -> SessionDetail:
        """A conversation with its messages and running turns."""
        return await self._call("GET", f"/api/sessions/{quote(session_id, safe='')}", SessionDetail)

    async def models(self) -> Models:
        """The models that can be asked."""
        return await self._call("GET", "/api/models", Models)

    async def answer(self, session_id: str, message_id: str, turn_id: str) -> StoredMessage | RunningTurn | None:
        """What a turn has left in the store; the turn itself where it still runs; None where nothing is known of it."""
        try:
            detail = await self.session(session_id)
        except Rejected as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        stored = (each for each in detail.messages if (each.id, each.turn_id) == (message_id, turn_id))
        running = (each for each in detail.running if each.turn_id == turn_id)
        return next(stored, None) or next(running, None)

    async def renew(self) -> None:
        """Get another credential, as the server does not accept ours any more."""
        await self._credential.renew()

    async def _call(self, method: str, path: str, kind: type[T]) -> T:
        try:
            body, _ = await self.web.request(method, path, headers=self._credential.headers())
        except Rejected as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
            await self._credential.renew()
            body, _ = await self.web.request(method, path, headers=self._credential.headers())
        return self.web.read(body, kind)
