"""`millrace token`: a token for scripts."""

from typing import Annotated

import typer

from millrace.cli.options import ConfigFile, DataDir, plain_errors, settings_from
from millrace.model.principal import Principal
from millrace.ops.clock import SystemClock
from millrace.server.secret import signing_secret
from millrace.server.settings_errors import SettingsError
from millrace.server.tokens import LocalTokens, sign_for_issuer

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def token(
    user: Annotated[str, typer.Option(help="The user that the token speaks for.", show_default=False)],
    lifetime: Annotated[str, typer.Option(help="How long it is good: 90s, 30m, 12h, 30d.")] = "1d",
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Print an access token (JWT) for scripts, for `Authorization: Bearer`."""
    with plain_errors():
        settings = settings_from(config, data_dir=data_dir)
        if settings.auth.mode == "jwt" and settings.jwt.jwks_url is not None:
            raise SettingsError(["Tokens come from the issuer behind jwt.jwks_url; this server cannot sign any."])
        try:
            secret = signing_secret(settings)
        except OSError as error:
            raise SettingsError([f"The signing secret cannot be read: {error.strerror or error}."]) from None
        seconds = _seconds(lifetime)
        tokens = LocalTokens(secret, SystemClock())
        principal = Principal(user_id=user, kind="external", name=user)
        if settings.auth.mode == "jwt":
            typer.echo(sign_for_issuer(principal, secret, settings.jwt, SystemClock(), seconds))
        else:
            typer.echo(tokens.issue_access(principal, seconds))


def _seconds(lifetime: str) -> int:
    number, unit = lifetime[:-1], lifetime[-1:]
    if unit.isdigit():
        number, unit = lifetime, "s"
    if unit not in _SECONDS or not number.isdecimal() or int(number) <= 0:
        raise SettingsError([f'"{lifetime}" is no lifetime: write 90s, 30m, 12h or 30d.'])
    return int(number) * _SECONDS[unit]
