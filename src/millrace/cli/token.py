"""`millrace token`: a token for scripts."""

from typing import Annotated

import typer

from millrace.cli.options import ConfigFile, DataDir, plain_errors, settings_from


def token(
    user: Annotated[str, typer.Option(help="The user that the token speaks for.", show_default=False)],
    lifetime: Annotated[str, typer.Option(help="How long it is good: 90s, 30m, 12h, 30d.")] = "1d",
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Print an access token (JWT) for scripts, for `Authorization: Bearer`."""
    with plain_errors():
        settings = settings_from(config, data_dir=data_dir)
        from millrace.server.script_tokens import script_token  # noqa: PLC0415 - see millrace.cli.options

        typer.echo(script_token(settings, user, lifetime))
