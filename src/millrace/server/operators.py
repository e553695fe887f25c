"""Who runs the server, as its settings say."""

from millrace.model.principal import Principal
from millrace.server.services import Services


async def is_operator(caller: Principal, services: Services) -> bool:
    """Whether a verified caller is one of the operators: by user id, or by the address of their account."""
    operators = services.settings.auth.operators
    if not operators:
        return False
    if caller.user_id in operators:
        return True
    user = await services.store.user(caller.user_id)
    return user is not None and user.email is not None and user.email.casefold() in operators
