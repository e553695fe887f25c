"""`millrace chat`: talk with a server from the terminal."""

import asyncio
import sys
from typing import Annotated
from urllib.parse import urlsplit

import typer

from millrace.cli.client.errors import ClientError
from millrace.cli.imports import importing
from millrace.cli.options import DEFAULT_URL
from millrace.cli.terminal.keyboard import quiet_keyboard


def chat(
    message: Annotated[
        str | None,
        typer.Argument(
            help="Ask this once and leave. Without it: a conversation, or what is piped in.", show_default=False
        ),
    ] = None,
    url: Annotated[str, typer.Option(help="Where the server is.")] = DEFAULT_URL,
    session: Annotated[str | None, typer.Option(help="Id of a conversation to go on with.", show_default=False)] = None,
    model: Annotated[str | None, typer.Option(help="Model to ask: provider/model.", show_default=False)] = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="MILLRACE_TOKEN", help="Access token; not needed by guests and accounts.", show_default=False
        ),
    ] = None,
    thinking: Annotated[bool, typer.Option("--thinking", help="Show the model's reasoning.")] = False,
) -> None:
    """Chat in the terminal. Ctrl-C stops an answer; Ctrl-D leaves."""
    address, question = _address(url), _question(message)
    with quiet_keyboard():
        with importing():
            # What draws in the terminal takes a third of a second, which the other commands need not wait for.
            from millrace.cli.terminal.talk import INTERRUPTED, Options, talk  # noqa: PLC0415 - as it says
        options = Options(address, token, session, model, thinking, question)
        try:
            code = asyncio.run(talk(options))
        except ClientError as error:
            typer.echo(f"millrace: {error.message}", err=True)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:  # whoever read the answer has enough of it
            sys.stderr.close()
            raise typer.Exit(1) from None
        raise typer.Exit(code)


def _question(message: str | None) -> str | None:
    """What to ask once: as it was given, or piped in; None for a conversation."""
    if message is None and not sys.stdin.isatty():
        message = sys.stdin.read()
    if message is not None and not message.strip():
        typer.echo("millrace: There is nothing to ask: give a message, or pipe one in.", err=True)
        raise typer.Exit(1)
    if message is None and not sys.stdout.isatty():
        typer.echo("millrace: A conversation needs a terminal: give a message, or pipe one in.", err=True)
        raise typer.Exit(1)
    return message


def _address(url: str) -> str:
    """The server's address with a scheme."""
    whole = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(whole)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is no number
        good = False
    if not good:
        raise typer.BadParameter(
            f"{url!r} is no address of a server; one looks like {DEFAULT_URL}.", param_hint="--url"
        )
    return whole.rstrip("/")
