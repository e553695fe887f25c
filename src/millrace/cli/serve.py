"""`millrace serve`: run the server."""

import logging
from typing import Annotated

import typer

from millrace.cli.options import ConfigFile, DatabaseUrl, DataDir, plain_errors, settings_from
from millrace.model.errors import MillraceError
from millrace.server.app import create_app
from millrace.server.logging import program_logging
from millrace.server.serving import bind, check_exposure, run, url_of
from millrace.server.settings import GOOD_SECRET_BYTES, Settings, unknown_variables

_log = logging.getLogger(__name__)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 where it is not given.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; 8000 where it is not given, 0 takes a free one.")
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    log: Annotated[str | None, typer.Option(help="Where logs of running answers live: sqlite or memory.")] = None,
    auth: Annotated[str | None, typer.Option(help="Who may come in: guest, accounts or jwt.")] = None,
    allow_guests: Annotated[
        bool | None, typer.Option("--allow-guests", help="Serve guests beyond this machine too.", show_default=False)
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model that answers where none is named: provider/model.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    config: ConfigFile = None,
) -> None:
    """Run the server until it is told to stop (Ctrl-C or SIGTERM)."""
    with plain_errors():
        settings = settings_from(
            config,
            host=host,
            port=port,
            data_dir=data_dir,
            database_url=database_url,
            log=log,
            auth__mode=auth,
            auth__allow_guests=allow_guests,
            default_model=model,
            log_level=log_level,
        )
        check_exposure(settings)
        with program_logging(settings.log_level, settings.log_format, access=settings.access_log):
            _warn(settings)
            _serve(settings)


def _serve(settings: Settings) -> None:
    listener = bind(settings.host, settings.port)
    url = url_of(listener, settings.host)

    def announce() -> None:
        # Written at once, also into a pipe: whoever started us may wait for this line.
        print(f"Millrace is ready at {url}", flush=True)  # noqa: T201 - it is the command's output

    try:
        run(create_app(settings), settings, listener, announce)
    except MillraceError as error:
        if error.detail:
            _log.error("%s", error.detail)
        typer.echo(f"millrace: {error.message}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    finally:
        listener.close()


def _warn(settings: Settings) -> None:
    for name in unknown_variables():
        _log.warning("%s is no setting of Millrace and has no effect", name)
    secret = settings.jwt_secret
    if secret is not None and len(secret.get_secret_value().encode()) < GOOD_SECRET_BYTES:
        _log.warning("jwt_secret is shorter than %d bytes; `openssl rand -hex 32` makes a good one", GOOD_SECRET_BYTES)
