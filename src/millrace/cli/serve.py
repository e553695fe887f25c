"""`millrace serve`: run the server."""

from typing import Annotated

import typer

from millrace.cli.imports import importing
from millrace.cli.options import ConfigFile, DatabaseUrl, DataDir, plain_errors, settings_from


def serve(  # noqa: PLR0913, PLR0917 - each option of the command is an argument
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 where it is not given.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; 8000 where it is not given, 0 takes a free one.")
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    log: Annotated[
        str | None, typer.Option(help="Where logs of running answers live: sqlite, redis or memory.")
    ] = None,
    redis_url: Annotated[
        str | None, typer.Option(help="Redis that several processes share: redis://host:6379. Better set in a file.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes that serve the port together; more than one needs Redis.")
    ] = None,
    auth: Annotated[str | None, typer.Option(help="Who may come in: guest, accounts or jwt.")] = None,
    allow_guests: Annotated[
        bool | None, typer.Option("--allow-guests", help="Serve guests beyond this machine too.", show_default=False)
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model that answers where none is named: provider/model.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    config: ConfigFile = None,
) -> None:
    """Run the server until it is told to stop (Ctrl-C or SIGTERM)."""
    with importing():
        from millrace.server.serving import run_server  # noqa: PLC0415 - see millrace.cli.options
    with plain_errors():
        settings = settings_from(
            config,
            host=host,
            port=port,
            data_dir=data_dir,
            database_url=database_url,
            log=log,
            redis_url=redis_url,
            workers=workers,
            auth__mode=auth,
            auth__allow_guests=allow_guests,
            default_model=model,
            log_level=log_level,
        )
        run_server(settings)
