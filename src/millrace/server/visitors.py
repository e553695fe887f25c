"""Callers who need no token: whoever brings none, where a protocol allows that, is a guest."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from millrace.model.errors import Unauthorized
from millrace.model.principal import Principal
from millrace.server.services import Services, client_address


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who calls. `rate_key` is by whom their requests are counted: a new guest's by the network address."""

    principal: Principal
    rate_key: str
    is_new: bool = False

    async def welcome(self, services: Services) -> None:
        """Keep a new guest, so that what they own has an owner. Whoever is refused leaves nothing behind."""
        if self.is_new:
            await services.authentication.welcome(self.principal)

    def remember(self, request: Request, response: Response, services: Services) -> None:
        """Give a new guest the cookie by which they are known when they come back."""
        if self.is_new:
            lifetime = services.settings.auth.guest_cookie_s
            token = services.tokens.issue_access(self.principal, lifetime)
            services.cookies.set_session(request, response, token, lifetime)


async def visitor(request: Request, services: Services) -> Visitor:
    """Who sends a request that needs no token.

    A token in `Authorization` counts or is refused. A cookie that is not valid any more is none.

    Raises:
        Unauthorized: The token is not valid, or there is none and this server has no guests.
        RateLimited: Too many new guests came from there.
    """
    try:
        caller = await services.authentication.caller(request)
    except Unauthorized as error:
        if error.status != Unauthorized.status or "authorization" in request.headers or not welcomes_guests(services):
            raise
        guest = services.guests.admit(client_address(request))
        return Visitor(guest, f"address:{client_address(request)}", is_new=True)
    return Visitor(caller, f"user:{caller.user_id}")


def welcomes_guests(services: Services) -> bool:
    """Whether people may ask without a sign-in."""
    auth = services.settings.auth
    return auth.mode == "guest" or auth.allow_guests
