"""`millrace doctor`: what is configured, what answers, what is wrong and how to mend it."""

import asyncio
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape

from millrace.cli.options import ConfigFile, DatabaseUrl, DataDir, plain_errors, settings_from

if TYPE_CHECKING:
    from millrace.server.check import Check
    from millrace.server.settings import Settings

_MARKS = {"ok": "[green]ok[/]     ", "note": "[yellow]note[/]   ", "problem": "[red]problem[/]"}


def doctor(
    port: int | None = typer.Option(None, help="Port that the server is to listen on."),
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Say what is configured, what answers, what is wrong and how to mend it; ends with 1 where something is wrong."""
    with plain_errors():
        settings = settings_from(config, port=port, data_dir=data_dir, database_url=database_url)
    problems = asyncio.run(_print_checks(settings, Console(highlight=False, soft_wrap=True)))
    if problems:
        raise typer.Exit(1)


async def _print_checks(settings: "Settings", console: Console) -> int:
    from millrace.server.diagnosis import diagnose  # noqa: PLC0415 - see millrace.cli.options

    problems = 0
    async for check in diagnose(settings):
        _print(check, console)
        problems += check.state == "problem"
    if problems:
        console.print(f"\n{problems} problem{'s' if problems > 1 else ''} found.")
    else:
        console.print("\nAll is well. `millrace serve` starts the server.")
    return problems


def _print(check: "Check", console: Console) -> None:
    console.print(f"{_MARKS[check.state]} [bold]{escape(check.name)}[/]: {escape(check.finding)}")
    if check.remedy:
        console.print(f"          {escape(check.remedy)}")
