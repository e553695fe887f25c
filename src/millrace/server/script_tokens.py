"""Tokens for scripts, as `millrace token` prints them."""

from millrace.model.principal import Principal
from millrace.ops.clock import SystemClock
from millrace.server.secret import signing_secret
from millrace.server.settings import Settings
from millrace.server.settings_errors import SettingsError
from millrace.server.tokens import LocalTokens, sign_for_issuer

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def script_token(settings: Settings, user_id: str, lifetime: str) -> str:
    """An access token for `user_id` that is good for `lifetime` (90s, 30m, 12h, 30d).

    Raises:
        SettingsError: Only the outside issuer can sign, the secret cannot be read, or that is no lifetime.
    """
    if settings.auth.mode == "jwt" and settings.jwt.jwks_url is not None:
        raise SettingsError(["Tokens come from the issuer behind jwt.jwks_url; this server cannot sign any."])
    seconds = lifetime_seconds(lifetime)
    try:
        secret = signing_secret(settings)
    except OSError as error:
        raise SettingsError([f"The signing secret cannot be read: {error.strerror or error}."]) from None
    principal = Principal(user_id=user_id, kind="external", name=user_id)
    if settings.auth.mode == "jwt":
        return sign_for_issuer(principal, secret, settings.jwt, SystemClock(), seconds)
    return LocalTokens(secret, SystemClock()).issue_access(principal, seconds)


def lifetime_seconds(lifetime: str) -> int:
    """The seconds of a lifetime as people write it: 90s, 30m, 12h, 30d.

    Raises:
        SettingsError: That is none.
    """
    number, unit = lifetime[:-1], lifetime[-1:]
    if unit.isdigit():
        number, unit = lifetime, "s"
    if unit not in _SECONDS or not number.isdecimal() or int(number) <= 0:
        raise SettingsError([f'"{lifetime}" is no lifetime: write 90s, 30m, 12h or 30d.'])
    return int(number) * _SECONDS[unit]
