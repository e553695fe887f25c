"""Looks at everything a server needs, one check each: what is there, what is wrong and how to mend it."""

import asyncio
import json
import os
import platform
import shutil
import sqlite3
import stat
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from millrace.model.errors import MillraceError
from millrace.providers.config import ProviderConfig
from millrace.providers.discovery import LOCAL_SERVERS, discover
from millrace.providers.http import HttpClient
from millrace.providers.kinds import make_provider
from millrace.server.check import Check
from millrace.server.models import provider_configs
from millrace.server.redis_diagnosis import check_redis
from millrace.server.secret import KEY_FILE
from millrace.server.serving import bind, check_exposure, url_of
from millrace.server.settings import GOOD_SECRET_BYTES, Settings, unknown_variables
from millrace.server.settings_errors import SettingsError
from millrace.server.static import PAGE_FOLDER
from millrace.stores.database import open_database
from millrace.stores.schema import configuration

_LITTLE_SPACE = 200 * 1024 * 1024
_OURS_S = 2.0


async def diagnose(settings: Settings) -> AsyncIterator[Check]:
    """All checks, as they are done. Nothing is changed but for a file that is written and removed again."""
    for check in (check_runtime(), check_search(), *check_settings(settings), check_data_dir(settings.data_dir)):
        yield check
    yield await check_database(settings)
    if settings.redis_address is not None:
        for check in await check_redis(settings.redis_address):
            yield check
    yield await asyncio.to_thread(check_port, settings)
    yield check_page(PAGE_FOLDER)
    async for check in check_providers(settings):
        yield check


def check_runtime() -> Check:
    """The versions that matter."""
    return Check("Runtime", "ok", f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}")


def check_search() -> Check:
    """Whether SQLite can search in texts."""
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("CREATE VIRTUAL TABLE texts USING fts5(text)")
        except sqlite3.OperationalError:
            remedy = "Use a Python whose SQLite has the FTS5 extension; those of python.org and most systems do."
            return Check("Full-text search", "problem", "SQLite here cannot search in texts.", remedy)
    return Check("Full-text search", "ok", "SQLite has FTS5")


def check_settings(settings: Settings) -> list[Check]:
    """Who may come in, what is set to no effect, and how tokens are signed."""
    checks = [Check("Sign-in", "ok", f"mode {settings.auth.mode}, {_who(settings)}")]
    try:
        check_exposure(settings)
    except SettingsError as error:
        checks[0] = Check("Sign-in", "problem", str(error), "auth.mode = accounts")
    checks += [
        Check("Environment", "note", f"{name} is no setting and has no effect.", "docs/settings.md lists all names.")
        for name in unknown_variables()
    ]
    return [*checks, _check_secret(settings)]


def check_data_dir(folder: Path) -> Check:
    """Whether the data folder can be written and has room."""
    name = "Data folder"
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=existing, prefix=".millrace-doctor-"):
            pass
    except OSError as error:
        remedy = "Make it writable for this user, or choose another with --data-dir."
        return Check(name, "problem", f"{folder} cannot be written: {error.strerror}.", remedy)
    free = shutil.disk_usage(existing).free
    if free < _LITTLE_SPACE:
        return Check(name, "problem", f"{folder} has {free // 2**20} MiB left.", "Make room on that disk.")
    return Check(name, "ok", f"{folder}{'' if folder.exists() else ' (made at the first start)'}")


async def check_database(settings: Settings) -> Check:
    """Whether the database answers and is of a version that this program understands."""
    name, url = "Database", settings.store_url
    if _is_missing_file(url):  # opening it would make it
        return Check(name, "ok", "SQLite in the data folder (made at the first start)")
    try:
        database = await asyncio.to_thread(open_database, url)
        try:
            began = time.monotonic()
            revision = await database.read(
                lambda connection: MigrationContext.configure(connection).get_current_revision()
            )
            took = _milliseconds(began)
        finally:
            await database.close()
    except MillraceError as error:
        remedy = "Check database_url, and that the database runs and lets this user in."
        return Check(name, "problem", f"{error.message} {error.detail or ''}".strip(), remedy)
    scripts = ScriptDirectory.from_config(configuration())
    if revision is not None and revision not in {script.revision for script in scripts.walk_revisions()}:
        return Check(name, "problem", "It was written by a newer Millrace.", "Install that version again.")
    current = revision == scripts.get_current_head()
    version = f"tables of version {revision}" if current else "tables are brought up to date at the next start"
    return Check(name, "ok", f"{database.dialect} answers in {took}, {version}")


def check_port(settings: Settings) -> Check:
    """Whether the port is free, or this very program has it."""
    try:
        listener = bind(settings.host, settings.port)
    except SettingsError as error:
        version = _millrace_at(settings)
        if version is not None:
            return Check("Port", "ok", f"Millrace {version} runs on port {settings.port}")
        return Check("Port", "problem", str(error), "PORT=9000 make run, or millrace serve --port 9000")
    with listener:
        return Check("Port", "ok", f"{url_of(listener, settings.host)} is free")


def check_page(folder: Path) -> Check:
    """Whether there is a page to serve."""
    if (folder / "index.html").is_file():
        return Check("Page", "ok", "built")
    return Check("Page", "problem", "The page is not built.", "npm ci && npm run build, or make run, which does it")


async def check_providers(settings: Settings) -> AsyncIterator[Check]:
    """Whether each provider answers, how fast, and which model servers run on this machine."""
    try:
        configs = provider_configs(settings)
    except SettingsError as error:
        yield Check("Models", "problem", str(error), "docs/settings.md, providers")
        return
    http = HttpClient()
    try:
        for config in configs:
            yield await _check_provider(config, http)
        found = [] if not settings.discover_local else await _local_servers(settings, configs, http)
        for name, models in found:
            yield Check(f"Models: {name}", "ok", f"runs on this machine with {_count(models)}")
    finally:
        await http.close()
    known = {config.name for config in configs} | {name for name, _ in found} | {"embedded"}
    for check in (*_check_default(settings, known), *_check_routes(settings, known)):
        yield check
    if not configs and not found:
        remedy = "Set OPENAI_API_KEY (and OPENAI_BASE_URL for another service), or start Ollama; then restart."
        yield Check("Models", "note", "No model is connected; the built-in reader quotes texts.", remedy)


async def _check_provider(config: ProviderConfig, http: HttpClient) -> Check:
    name = f"Models: {config.name}"
    provider = make_provider(config, http)
    began = time.monotonic()
    try:
        models = await provider.models()
    except MillraceError as error:
        remedy = f"Check base_url ({config.base_url}) and api_key of providers.{config.name}."
        return Check(name, "problem", error.message, remedy)
    finally:
        await provider.close()
    return Check(name, "ok", f"{config.base_url} answers in {_milliseconds(began)} with {_count(len(models))}")


async def _local_servers(
    settings: Settings, configs: tuple[ProviderConfig, ...], http: HttpClient
) -> list[tuple[str, int]]:
    taken = {config.name for config in configs}
    skipped = {settings.port, *(config.address[1] for config in configs if config.local)}
    servers = [server for server in LOCAL_SERVERS if server.name not in taken]
    return [(each.config.name, len(each.models)) for each in await discover(http, servers, skip_ports=skipped)]


def _check_default(settings: Settings, known: set[str]) -> list[Check]:
    """Nothing, or what is wrong with the default model."""
    provider = (settings.default_model or "embedded").partition("/")[0]
    if provider in known or "/" not in (settings.default_model or ""):
        return []
    finding = f"default_model is {settings.default_model}, but there is no provider {provider}."
    return [Check("Default model", "problem", finding, f"Choose a model of {', '.join(sorted(known))}.")]


def _check_routes(settings: Settings, known: set[str]) -> list[Check]:
    """Each chain of models, and what is wrong with it."""
    checks: list[Check] = []
    for name, route in settings.routes.items():
        missing = [model for model in route.models if "/" in model and model.partition("/")[0] not in known]
        if missing:
            finding = f"There is no provider for {', '.join(missing)}: it is left out."
            checks.append(Check(f"Route: {name}", "problem", finding, f"Name models of {', '.join(sorted(known))}."))
        else:
            checks.append(Check(f"Route: {name}", "ok", ", then ".join(route.models)))
    return checks


def _is_missing_file(url: str) -> bool:
    return url.startswith("sqlite") and not Path(url.partition("///")[2]).exists()


def _check_secret(settings: Settings) -> Check:
    name = "Signing secret"
    if settings.jwt_secret is not None:
        if len(settings.jwt_secret.get_secret_value().encode()) < GOOD_SECRET_BYTES:
            return Check(name, "note", f"shorter than {GOOD_SECRET_BYTES} bytes", "`openssl rand -hex 32` makes one")
        return Check(name, "ok", "set")
    kept = settings.data_dir / KEY_FILE
    if kept.exists() and os.name == "posix" and stat.S_IMODE(kept.stat().st_mode) & 0o077:
        return Check(name, "problem", f"{kept} can be read by other users.", f"chmod 600 {kept}")
    return Check(name, "ok", "kept in the data folder" if kept.exists() else "made at the first start")


def _who(settings: Settings) -> str:
    match settings.auth.mode:
        case "guest":
            return "everybody who reaches it" if settings.auth.allow_guests else "on this machine only"
        case "accounts":
            return "registration open" if settings.auth.registration else "registration closed"
        case _:
            return settings.jwt.jwks_url or "shared secret"


def _millrace_at(settings: Settings) -> str | None:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - compared, not bound
    try:
        # The address is this machine's own and always http.
        with urllib.request.urlopen(f"http://{host}:{settings.port}/api/status", timeout=_OURS_S) as answer:
            return str(json.load(answer)["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _milliseconds(began: float) -> str:
    return f"{(time.monotonic() - began) * 1000:.0f} ms"


def _count(models: int) -> str:
    return "1 model" if models == 1 else f"{models} models"
