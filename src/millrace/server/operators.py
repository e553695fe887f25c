"""Who runs the server, as its settings say, and what they alone may see."""

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from millrace.model.errors import Forbidden, Unauthorized
from millrace.model.principal import Principal
from millrace.server.hosts import guards_hosts
from millrace.server.origin import is_own_origin
from millrace.server.services import Services
from millrace.server.settings import Settings, is_loopback

_OPERATORS_ONLY = (
    "Only those who run this server may see this. Name them in the setting auth.operators, by the address of their "
    "account or their user id."
)
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


async def is_operator(caller: Principal, services: Services) -> bool:
    """Whether a verified caller is one of the operators: by user id, or by the address of their account."""
    operators = services.settings.auth.operators
    if not operators:
        return False
    if caller.user_id in operators:
        return True
    user = await services.store.user(caller.user_id)
    return user is not None and user.email is not None and user.email.casefold() in operators


async def check_operator(connection: HTTPConnection, services: Services) -> None:
    """Let an operator pass, signed in or with an API key; on a private server, whoever sits at its machine.

    Raises:
        Unauthorized: Nobody is signed in, or the credential is not valid.
        Forbidden: It is somebody else.
    """
    if _is_at_the_machine(connection, services.settings):
        return
    try:
        caller = await services.authentication.caller(connection)
    except Unauthorized as error:
        raise Unauthorized("Sign in as one of those who run this server (auth.operators).") from error
    if not await is_operator(caller, services):
        raise Forbidden(_OPERATORS_ONLY)


def _is_at_the_machine(connection: HTTPConnection, settings: Settings) -> bool:
    """Whether the server is for this machine alone, in every respect, and so is the request.

    Any sign of a proxy or of somebody else's page, any operator that is named, any other mode closes this way.
    """
    private = (
        guards_hosts(settings)
        and is_loopback(settings.host)
        and not (settings.auth.operators or settings.public_url or settings.trusted_proxies or settings.allowed_origins)
    )
    headers = connection.headers
    return (
        private
        and connection.client is not None
        and is_loopback(connection.client.host)
        and is_loopback(_host(headers))
        and is_own_origin(headers, ())
        and not any(name in headers for name in _FORWARDED)
    )


def _host(headers: Headers) -> str:
    """The name that the server is called by, without a port."""
    host = headers.get("host", "")
    return host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
