"""Options that several commands take, and what becomes of mistakes in the settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from millrace.server.settings import Settings, load_settings
from millrace.server.settings_errors import SettingsError

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="The settings file; ./millrace.toml where it is not given.")
]
DataDir = Annotated[Path | None, typer.Option(help="Folder for the database, the logs and the signing secret.")]
DatabaseUrl = Annotated[str | None, typer.Option(help="Database of conversations; SQLite in the data folder.")]


@contextmanager
def plain_errors() -> Iterator[None]:
    """Say each mistake in the settings in a sentence and end with 2, without a traceback."""
    try:
        yield
    except SettingsError as error:
        for sentence in error.sentences:
            typer.echo(f"millrace: {sentence}", err=True)
        raise typer.Exit(2) from None


def settings_from(config: Path | None, **options: Any) -> Settings:
    """The settings, with the options that were given over all else; `auth__mode` stands for `auth.mode`.

    Raises:
        SettingsError: Something in them is wrong.
    """
    overrides: dict[str, Any] = {}
    for name, value in options.items():
        if value is None:
            continue
        *groups, last = name.split("__")
        place = overrides
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    return load_settings(overrides, config=config)
