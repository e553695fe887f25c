"""Options that several commands take, and what becomes of mistakes in the settings.

Commands import the server when they need it: it takes a second, which `millrace chat` need not wait for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from millrace.model.errors import MillraceError

if TYPE_CHECKING:
    from millrace.server.settings import Settings

DEFAULT_URL = "http://127.0.0.1:8000"
"""Where `millrace serve` listens unless told otherwise."""

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="The settings file; ./millrace.toml where it is not given.")
]
DataDir = Annotated[Path | None, typer.Option(help="Folder for the database, the logs and the signing secret.")]
DatabaseUrl = Annotated[str | None, typer.Option(help="Database of conversations; SQLite in the data folder.")]


@contextmanager
def plain_errors() -> Iterator[None]:
    """Say what is wrong in sentences, without a traceback: settings end with 2, what cannot be opened with 1."""
    from millrace.server.settings_errors import SettingsError  # noqa: PLC0415 - see the module's first lines

    try:
        yield
    except SettingsError as error:
        for sentence in error.sentences:
            typer.echo(f"millrace: {sentence}", err=True)
        raise typer.Exit(2) from None
    except MillraceError as error:
        typer.echo(f"millrace: {error.message}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def settings_from(config: Path | None, **options: Any) -> "Settings":
    """The settings, with the options that were given over all else; `auth__mode` stands for `auth.mode`.

    Raises:
        SettingsError: Something in them is wrong.
    """
    from millrace.server.settings import load_settings  # noqa: PLC0415 - see the module's first lines

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
