"""Signing in and out: `/api/auth`."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Request, Response
from msgspec.structs import replace
from starlette.status import HTTP_201_CREATED, HTTP_204_NO_CONTENT

from millrace.model.errors import NotFound, Unauthorized
from millrace.model.messages import User
from millrace.model.principal import Principal
from millrace.server.cookies import REFRESH_COOKIE, SESSION_COOKIE
from millrace.server.routes.documentation import problems
from millrace.server.schemas import (
    AuthSessionShape,
    RefreshBody,
    Registration,
    SignedInShape,
    SignIn,
    TicketShape,
    UserShape,
)
from millrace.server.services import Caller, Services, ServicesDep, client_address
from millrace.server.tickets import TICKET_LIFETIME_S

router = APIRouter(prefix="/api/auth", tags=["auth"])


@router.get("/session")
async def read_session(request: Request, response: Response, services: ServicesDep) -> AuthSessionShape:
    """Who the caller is. In guest mode a caller without a cookie becomes a guest and gets one."""
    response.headers["Cache-Control"] = "no-store"
    principal = await _recognised(request, services)
    mode = services.settings.auth.mode
    if mode == "guest":
        principal = _as_guest(principal, request, response, services)
    elif mode == "accounts" and principal is None:
        principal = await _renewed(request, response, services)
    return AuthSessionShape(mode=mode, user=None if principal is None else UserShape.of(principal))


@router.post("/register", status_code=HTTP_201_CREATED, responses=problems(400, 403, 404, 409, 429))
async def register(body: Registration, request: Request, response: Response, services: ServicesDep) -> SignedInShape:
    """Make an account and sign it in (mode `accounts`)."""
    _require_accounts(services)
    user = await services.accounts.register(body.email, body.password, body.name, client_address(request))
    return await _signed_in(user, request, response, services)


@router.post("/login", responses=problems(400, 401, 403, 404, 429))
async def login(body: SignIn, request: Request, response: Response, services: ServicesDep) -> SignedInShape:
    """Sign an account in (mode `accounts`)."""
    _require_accounts(services)
    user = await services.accounts.sign_in(body.email, body.password, client_address(request))
    return await _signed_in(user, request, response, services)


@router.post("/refresh", responses=problems(400, 401, 403, 404))
async def refresh(
    request: Request,
    response: Response,
    services: ServicesDep,
    body: RefreshBody | None = None,
    cookie: Annotated[str | None, Cookie(alias=REFRESH_COOKIE, include_in_schema=False)] = None,
) -> SignedInShape:
    """Exchange a refresh token, from its cookie or the body, for a new access token and the next refresh token."""
    _require_accounts(services)
    token = (body.refresh_token if body is not None else None) or cookie
    if not token:
        raise Unauthorized
    try:
        user_id, following = await services.refresh.exchange(token)
    except Unauthorized as error:
        services.cookies.clear(request, response)
        raise error
    return _grant(await services.accounts.user(user_id), following, request, response, services)


@router.post("/logout", status_code=HTTP_204_NO_CONTENT, responses=problems(403))
async def logout(
    request: Request,
    services: ServicesDep,
    cookie: Annotated[str | None, Cookie(alias=REFRESH_COOKIE, include_in_schema=False)] = None,
) -> Response:
    """Sign out: the cookies go, and the refresh token is good no more."""
    if cookie:
        await services.refresh.revoke(cookie)
    response = Response(status_code=HTTP_204_NO_CONTENT)
    services.cookies.clear(request, response)
    return response


@router.post("/ws-ticket", responses=problems(401, 403, 429))
async def issue_ticket(
    caller: Caller,
    response: Response,
    services: ServicesDep,
    cookie: Annotated[str | None, Cookie(alias=REFRESH_COOKIE, include_in_schema=False)] = None,
) -> TicketShape:
    """A one-time ticket for `/api/ws/chat?ticket=`, good for 30 seconds, so that no token ends up in a URL."""
    services.rates.take("tickets", caller.user_id, per_minute=services.settings.limits.tickets_per_minute)
    response.headers["Cache-Control"] = "no-store"
    ticket = await services.tickets.issue(_for_the_sign_in(caller, cookie, services))
    return TicketShape(ticket=ticket, expires_in=TICKET_LIFETIME_S)


def _for_the_sign_in(caller: Principal, refresh_token: str | None, services: Services) -> Principal:
    """The caller for a connection, which lasts as long as the sign-in: renewing the access does not reach it."""
    if not refresh_token:
        return caller
    try:
        claims = services.tokens.verify_refresh(refresh_token)
    except Unauthorized:
        return caller
    return replace(caller, expires_at=claims.expires_at) if claims.user_id == caller.user_id else caller


async def _recognised(request: Request, services: Services) -> Principal | None:
    try:
        return await services.authentication.caller(request)
    except Unauthorized:
        return None


def _as_guest(principal: Principal | None, request: Request, response: Response, services: Services) -> Principal:
    """The guest who calls, with a cookie that is new where there was none, and renewed halfway through its life."""
    lifetime = services.settings.auth.guest_cookie_s
    now = services.clock.now_ms() // 1000
    if principal is None:
        principal = services.guests.admit(client_address(request))
    elif (
        principal.kind != "guest"
        or SESSION_COOKIE not in request.cookies
        or (principal.expires_at or 0) - now > lifetime / 2
    ):
        return principal
    services.cookies.set_session(request, response, services.tokens.issue_access(principal, lifetime), lifetime)
    return principal


async def _renewed(request: Request, response: Response, services: Services) -> Principal | None:
    """Somebody whose access has expired while the sign-in has not."""
    token = request.cookies.get(REFRESH_COOKIE)
    if not token:
        return None
    try:
        user_id, following = await services.refresh.exchange(token)
        user = await services.accounts.user(user_id)
    except Unauthorized:
        services.cookies.clear(request, response)
        return None
    _grant(user, following, request, response, services)
    return _principal(user)


def _require_accounts(services: Services) -> None:
    if services.settings.auth.mode != "accounts":
        raise NotFound("This server has no accounts of its own.")


async def _signed_in(user: User, request: Request, response: Response, services: Services) -> SignedInShape:
    return _grant(user, await services.refresh.begin(user.id), request, response, services)


def _grant(user: User, refresh_token: str, request: Request, response: Response, services: Services) -> SignedInShape:
    """Hand out both tokens: as cookies, and to callers that are no browsers in the answer too."""
    auth = services.settings.auth
    principal = _principal(user)
    access = services.tokens.issue_access(principal, auth.access_token_s)
    services.cookies.set_session(request, response, access, auth.access_token_s)
    services.cookies.set_refresh(request, response, refresh_token, auth.refresh_token_s)
    response.headers["Cache-Control"] = "no-store"
    is_browser = "origin" in request.headers or "sec-fetch-site" in request.headers
    return SignedInShape(
        user=UserShape.of(principal),
        access_token=access,
        expires_in=auth.access_token_s,
        refresh_token=None if is_browser else refresh_token,
    )


def _principal(user: User) -> Principal:
    return Principal(user_id=user.id, kind=user.kind, name=user.name)
