"""What the routes work with: everything that exists once per running server."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI
from starlette.requests import HTTPConnection

from millrace.engine.access import Access
from millrace.engine.engine import Engine
from millrace.knowledge.documents import Documents
from millrace.limits.connections import ConnectionCounter
from millrace.limits.rates import Rates
from millrace.model.errors import Forbidden, Overloaded
from millrace.model.principal import Principal
from millrace.ops.garbage import GcMeter
from millrace.ops.metrics import Metrics
from millrace.ports import Clock, ModelDirectory, Store
from millrace.routing.router import Router
from millrace.server.accounts import Accounts
from millrace.server.auth import Authentication
from millrace.server.cookies import Cookies
from millrace.server.guests import GuestDesk
from millrace.server.keys import ApiKeys
from millrace.server.refresh import RefreshTokens
from millrace.server.settings import Settings
from millrace.server.shares import ShareLinks
from millrace.server.tickets import Tickets
from millrace.server.tokens import LocalTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts of a running server. `millrace.server.compose` makes them, in order, and closes them."""

    settings: Settings
    clock: Clock
    store: Store
    models: ModelDirectory
    engine: Engine
    router: Router
    documents: Documents
    access: Access
    shares: ShareLinks
    authentication: Authentication
    tokens: LocalTokens
    keys: ApiKeys
    tickets: Tickets
    cookies: Cookies
    guests: GuestDesk
    accounts: Accounts
    refresh: RefreshTokens
    rates: Rates
    connections: ConnectionCounter
    gc_meter: GcMeter
    metrics: Metrics
    log_ready: Callable[[], Awaitable[None]]
    """Returns if the log takes entries, raises `MillraceError` if not."""
    stopping: asyncio.Event
    """Set once the server takes no more work."""
    started_at: float
    """`clock.monotonic()` when the server was ready."""


def services_of(app: FastAPI) -> Services:
    """The parts of an app that is running.

    Raises:
        Overloaded: Its lifespan has not begun or is over.
    """
    services = getattr(app.state, "services", None)
    if not isinstance(services, Services):
        raise Overloaded(
            detail="the app was not started: a mounted app needs `millrace_lifespan(app)` in its parent's lifespan"
        )
    return services


def _services(connection: HTTPConnection) -> Services:
    return services_of(connection.app)


ServicesDep = Annotated[Services, Depends(_services)]


async def current_caller(connection: HTTPConnection, services: ServicesDep) -> Principal:
    """Who sends the request, as a dependency.

    Raises:
        Unauthorized: There is no valid credential.
    """
    return await services.authentication.caller(connection)


Caller = Annotated[Principal, Depends(current_caller)]
"""Who sends the request; a request without a valid credential is answered 401."""


async def current_person(caller: Caller) -> Principal:
    """Who sends the request, if it is somebody who signed in and no program with an API key, as a dependency.

    Raises:
        Unauthorized: There is no valid credential.
        Forbidden: It is an API key.
    """
    if caller.scopes is not None:
        raise Forbidden("An API key cannot do this. Sign in instead.")
    return caller


Person = Annotated[Principal, Depends(current_person)]
"""Who sends the request, signed in; an API key is answered 403."""


def client_address(connection: HTTPConnection) -> str:
    """The network address that a request comes from, as far as trusted proxies tell it."""
    return connection.client.host if connection.client is not None else "unknown"
