"""Who is calling: the one place where a request or a WebSocket is given its principal."""

import re
from collections import OrderedDict
from contextlib import suppress
from typing import Literal

from starlette.requests import HTTPConnection

from millrace.model.errors import Conflict, Forbidden, Unauthorized
from millrace.model.keys import Scope
from millrace.model.messages import User
from millrace.model.principal import Principal
from millrace.ports import Clock, Store
from millrace.server.cookies import SESSION_COOKIE
from millrace.server.keys import ApiKeys, is_api_key
from millrace.server.origin import SAFE_METHODS, check_origin
from millrace.server.tickets import Tickets
from millrace.server.tokens import Verifier

Mode = Literal["guest", "accounts", "jwt"]
_JWT = re.compile(r"^(?:bearer\.|token\.|jwt\.)?([\w-]+\.[\w-]+\.[\w-]+)$")
_MOST_KNOWN = 50_000


class KnownUsers:
    """Sees to it that everybody who calls is in the store, once: what they own refers to them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._seen: OrderedDict[str, None] = OrderedDict()

    async def welcome(self, principal: Principal) -> None:
        """Keep a user for `principal` where there is none yet."""
        if principal.user_id in self._seen:
            self._seen.move_to_end(principal.user_id)
            return
        if await self._store.user(principal.user_id) is None:
            user = User(id=principal.user_id, kind=principal.kind, name=principal.name, created_at=self._clock.now_ms())
            with suppress(Conflict):  # another request of the same caller was faster
                await self._store.create_user(user)
        self._seen[principal.user_id] = None
        if len(self._seen) > _MOST_KNOWN:
            self._seen.popitem(last=False)


class Authentication:
    """Implements the `Authenticator` port, and finds the credential in what a caller sends.

    Args:
        mode: Who signs the tokens of callers.
        verifier: Verifies these.
        keys: Verifies API keys.
        tickets: Verifies one-time tickets.
        users: Keeps whoever calls.
        page_origins: The web pages from where WebSockets may be opened.
        guests: Verifies the cookies of guests where `verifier` does not, and there are guests beside other callers.
    """

    def __init__(
        self,
        *,
        mode: Mode,
        verifier: Verifier,
        keys: ApiKeys,
        tickets: Tickets,
        users: KnownUsers,
        page_origins: frozenset[str],
        guests: Verifier | None = None,
    ) -> None:
        self.mode = mode
        self._guests = guests
        self._verifier = verifier
        self._keys = keys
        self._tickets = tickets
        self._users = users
        self._page_origins = page_origins

    async def authenticate(self, credential: str, scope: Scope = "chat") -> Principal:
        """Verify an access token or an API key that is good for `scope`.

        Raises:
            Unauthorized: It is missing, wrong or expired.
            Forbidden: It is an API key without that scope.
        """
        if not is_api_key(credential):
            principal = await self._verified(credential)
            await self.welcome(principal)
            return principal
        principal = await self._keys.verify(credential)
        if not principal.may(scope):
            raise Forbidden(f"This API key lacks the scope '{scope}'. Make one that has it.")
        return principal

    async def welcome(self, principal: Principal) -> None:
        """Keep somebody new, so that what they own has an owner."""
        await self._users.welcome(principal)

    async def _verified(self, token: str) -> Principal:
        try:
            return await self._verifier.verify(token)
        except Unauthorized:
            if self._guests is None:
                raise
            guest = await self._guests.verify(token)
            if guest.kind != "guest":
                raise
            return guest

    async def caller(self, request: HTTPConnection) -> Principal:
        """Who sends an HTTP request: by `Authorization: Bearer`, else by the cookie.

        An API key needs the scope `read` for a safe method, and `chat` for any other.

        Raises:
            Unauthorized: There is no credential, or it is not valid.
            Forbidden: It is an API key without the scope.
        """
        credential = _bearer(request) or request.cookies.get(SESSION_COOKIE)
        if not credential:
            raise Unauthorized
        return await self.authenticate(credential, "read" if request.scope.get("method") in SAFE_METHODS else "chat")

    async def websocket_caller(self, websocket: HTTPConnection) -> Principal:
        """Who opens a WebSocket: by ticket, token in the query, `Authorization`, subprotocol or cookie.

        A WebSocket takes commands, so an API key needs the scope `chat`; it is taken from `Authorization` alone,
        because it lasts, and URLs are written down.

        Raises:
            Forbidden: A web page of another site opened it, or an API key lacks the scope.
            Unauthorized: There is no credential, or it is not valid.
        """
        check_origin(websocket.headers, self._page_origins)
        ticket = websocket.query_params.get("ticket")
        if ticket:
            principal = await self._tickets.redeem(ticket)
            await self._users.welcome(principal)
            return principal
        token = websocket.query_params.get("token")
        if token and is_api_key(token):
            raise Unauthorized("An API key does not belong in a URL. Send it as Authorization: Bearer.")
        credential = (
            token or _bearer(websocket) or _subprotocol_token(websocket) or websocket.cookies.get(SESSION_COOKIE)
        )
        if not credential:
            raise Unauthorized
        return await self.authenticate(credential)


def accepted_subprotocol(websocket: HTTPConnection) -> str | None:
    """The subprotocol to accept a WebSocket with: a browser that offers some hangs up where none is chosen.

    The first that is not a token; the token itself where nothing else is offered.
    """
    offered: list[str] = websocket.scope.get("subprotocols", [])
    return next((name for name in offered if not _JWT.match(name)), offered[0] if offered else None)


def _bearer(connection: HTTPConnection) -> str | None:
    """The token of an `Authorization: Bearer` header; any other scheme is refused rather than overlooked."""
    header = connection.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("Authorization must be: Bearer, a space, the token.")
    return token.strip()


def _subprotocol_token(websocket: HTTPConnection) -> str | None:
    for name in websocket.scope.get("subprotocols", []):
        found = _JWT.match(name)
        if found:
            return found[1]
    return None
