"""``millrace keys``: API keys for programs, straight in the database. Works while the server runs."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from millrace.cli.options import ConfigFile, DatabaseUrl, DataDir, plain_errors, settings_from
from millrace.model.errors import NotFound
from millrace.model.keys import ApiKey, Scope
from millrace.model.principal import Principal

if TYPE_CHECKING:
    from millrace.ports import Store
    from millrace.server.keys import ApiKeys
    from millrace.server.settings import Settings

T = TypeVar("T")

keys = typer.Typer(no_args_is_help=True, help="API keys for programs: create, list, revoke.")


@keys.command("create")
def create(
    user: Annotated[str, typer.Option(help="Id or address of the user that the key speaks for.", show_default=False)],
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    scope: Annotated[
        Scope, typer.Option(help="read: see models, conversations and answers; chat: that, and ask and stop.")
    ] = "chat",
    expires: Annotated[str | None, typer.Option(help="Its life: 90s, 30m, 12h, 30d; for ever without it.")] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Make a key and print it, this once: only what it is recognized by is kept."""
    with plain_errors():
        from millrace.server.script_tokens import lifetime_seconds  # noqa: PLC0415 - see millrace.cli.options

        if not user.strip() or not user.isprintable():
            raise typer.BadParameter("that is nobody's name", param_hint="--user")
        settings = settings_from(config, data_dir=data_dir, database_url=database_url)
        lifetime_s = None if expires is None else lifetime_seconds(expires)

        async def work(api_keys: "ApiKeys", store: "Store") -> tuple[ApiKey, str]:
            user_id = await _user_id(user, settings, store)
            return await api_keys.create(user_id, name=name, scopes=(scope,), lifetime_s=lifetime_s)

        key, text = asyncio.run(_with_keys(settings, work))
    typer.echo(
        f"The key {key.prefix} of {key.user_id}. It is shown this once; keep it as you keep a password.", err=True
    )
    typer.echo(text)


@keys.command("list")
def list_keys(
    user: Annotated[str | None, typer.Option(help="Id or address of a user; without it everybody's keys.")] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Show which keys there are: the good ones and those that were revoked lately."""
    with plain_errors():
        settings = settings_from(config, data_dir=data_dir, database_url=database_url)

        async def work(api_keys: "ApiKeys", store: "Store") -> list[ApiKey]:
            return list(await api_keys.list(None if user is None else await _user_id(user, settings, store)))

        found = asyncio.run(_with_keys(settings, work))
    if not found:
        typer.echo("There are no keys yet. Make one with `millrace keys create --user ID`.")
        return
    _print(found)


@keys.command("revoke")
def revoke(
    ids: Annotated[list[str], typer.Argument(help="Keys or their beginnings, as `list` shows them.", metavar="KEY...")],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    config: ConfigFile = None,
) -> None:
    """Make keys good for nothing, at once and for ever."""
    with plain_errors():
        settings = settings_from(config, data_dir=data_dir, database_url=database_url)
        from millrace.server.keys import key_id_of  # noqa: PLC0415 - see millrace.cli.options

        async def work(api_keys: "ApiKeys", _: "Store") -> None:
            for text in ids:
                key = await api_keys.revoke(key_id_of(text))
                typer.echo(f"Revoked {key.prefix}.")

        asyncio.run(_with_keys(settings, work))


async def _with_keys(settings: "Settings", work: "Callable[[ApiKeys, Store], Awaitable[T]]") -> T:
    from millrace.ops.clock import SystemClock  # noqa: PLC0415 - see millrace.cli.options
    from millrace.server.keys import ApiKeys  # noqa: PLC0415
    from millrace.stores.sql import SqlStore  # noqa: PLC0415

    store = await SqlStore.open(settings.store_url)
    try:
        return await work(ApiKeys(store, SystemClock()), store)
    finally:
        await store.close()


async def _user_id(user: str, settings: "Settings", store: "Store") -> str:
    """The id of a user. Where people register, they must have; elsewhere whoever is named comes to be."""
    from millrace.ops.clock import SystemClock  # noqa: PLC0415 - see millrace.cli.options
    from millrace.server.auth import KnownUsers  # noqa: PLC0415

    account = await store.credentials(user)
    if account is not None:
        return account[0].id
    if settings.auth.mode == "accounts" and await store.user(user) is None:
        raise NotFound(f"Nobody with the id or address {user!r} has an account here.")
    await KnownUsers(store, SystemClock()).welcome(Principal(user, "external", user))
    return user


def _print(found: list[ApiKey]) -> None:
    table = Table("Key", "User", "Name", "Scopes", "State", "Last used", "Created", box=None)
    now_ms = datetime.now(UTC).timestamp() * 1000
    for key in found:
        table.add_row(
            key.prefix,
            key.user_id,
            key.name,
            ", ".join(key.scopes),
            _state(key, now_ms),
            _day(key.last_used_at) or "never",
            _day(key.created_at),
        )
    console = Console(markup=False)
    if not console.is_terminal:
        console.width = 400  # piped into another program, a line stays a line
    console.print(table)


def _state(key: ApiKey, now_ms: float) -> str:
    if key.revoked_at is not None:
        return f"revoked {_day(key.revoked_at)}"
    if key.expires_at is None:
        return "good"
    return f"{'good until' if now_ms < key.expires_at else 'expired'} {_day(key.expires_at)}"


def _day(unix_ms: int | None) -> str:
    return "" if unix_ms is None else datetime.fromtimestamp(unix_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
