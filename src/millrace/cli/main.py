"""The command `millrace`."""

from typing import Annotated

import typer

import millrace
from millrace.cli.chat import chat
from millrace.cli.doctor import doctor
from millrace.cli.documents import documents
from millrace.cli.keys import keys
from millrace.cli.serve import serve
from millrace.cli.simulate import simulate
from millrace.cli.token import token

app = typer.Typer(
    name="millrace",
    help="A self-hosted engine for live AI chat.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(chat)
app.command()(doctor)
app.command()(token)
app.command()(simulate)
app.add_typer(documents, name="documents")
app.add_typer(keys, name="keys")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"millrace {millrace.__version__}")
        raise typer.Exit


@app.callback()
def main(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A self-hosted engine for live AI chat: every answer is a durable, resumable log."""
