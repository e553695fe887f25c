"""All settings: options of the command line over the environment over `millrace.toml`.

`Settings(...)` holds exactly what it is given. `load_settings` is what reads the environment (prefix
`MILLRACE_`, groups joined by `__`) and the file (`millrace.toml` in the working folder, or the one that
`MILLRACE_CONFIG` names).
"""

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as EnvironmentUnreadable
from typing_extensions import override

from millrace.logs.redis_address import RedisAddress
from millrace.providers.config import USUAL, UsualProvider, kind_and_address
from millrace.server.settings_errors import SettingsError, sentences
from millrace.server.settings_groups import (
    AuthSettings,
    GenerationSettings,
    Group,
    JwtSettings,
    LimitSettings,
    Names,
    ProviderSettings,
    Route,
    RoutingSettings,
    StudySettings,
    ThinkingSettings,
)

PREFIX = "MILLRACE_"
CONFIG_VARIABLE = "MILLRACE_CONFIG"
CONFIG_FILE = "millrace.toml"
MIN_SECRET_BYTES = 16
"""A shorter signing secret is refused."""
GOOD_SECRET_BYTES = 32
"""RFC 7518, 3.2: a key for HS256 has at least 256 bits. A shorter one is warned about."""


class Settings(Group):
    """Everything that can be set. Immutable."""

    model_config = ConfigDict(hide_input_in_errors=True)

    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` for all."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    """Port to listen on; 0 takes a free one."""
    public_url: str | None = None
    """Where people reach the server, `https://chat.example.com` for example. With https, cookies are sent over https
    alone even where a proxy ends it. A path in it (`https://example.com/chat`) is one that a proxy takes off."""
    data_dir: Path = Field(default_factory=lambda: user_data_path("millrace", appauthor=False))
    """Folder for the database, the logs of running answers and the signing secret. One process uses it at a time,
    unless the first two are elsewhere (`database_url`, `redis_url`)."""
    database_url: str | None = None
    """Database of conversations, `postgresql://user:password@host/name` for example; SQLite in `data_dir` where it
    is not set."""
    log: Literal["sqlite", "memory", "redis"] = "sqlite"
    """Where the logs of running answers live: `sqlite` survives a crash of this process, `redis` one of its machine
    too, and lets several processes work together; `memory` survives nothing. `redis` where `redis_url` is set."""
    redis_url: SecretStr | None = None
    """Redis of several processes: `redis://[user:password@]host[:port][/database]`, `rediss://` with TLS,
    `redis+sentinel://host,host/service` or `redis+cluster://host,host`."""
    redis_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = "millrace"
    """What all keys in Redis begin with, to tell several installations on one Redis apart."""
    redis_outage_s: Annotated[float, Field(ge=1, le=120)] = 10
    """How long Redis may be out of reach before the running answers end, in seconds."""
    lease_s: Annotated[float, Field(ge=0.5, le=60)] = 5
    """A process that gives no sign for so long, in seconds, loses its running answers to another one (log `redis`)."""
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    """Processes that serve the port together; more than one needs `redis_url` and `database_url`."""
    log_retention_s: Annotated[float, Field(ge=60)] = 3600
    """How long the log of an ended answer is kept for clients that come back, in seconds; Redis keeps one for 30 s, and
    one that failed or was stopped for 60 s."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severity that the program's own messages must have to be written."""
    log_format: Literal["auto", "console", "json"] = "auto"
    """Form of the program's own messages on standard error; `auto`: coloured on a terminal, JSON otherwise."""
    access_log: bool = False
    """Whether every HTTP request is written to standard error (never with its query)."""
    shutdown_s: Annotated[float, Field(gt=0, le=600)] = 10
    """Longest time for handing running answers over when the server is told to stop, in seconds."""
    jwt_secret: SecretStr | None = None
    """Key for signing and verifying tokens, 32 bytes or more. Where it is not set, one is made once and kept in
    `data_dir`."""
    auth: AuthSettings = AuthSettings()
    """Who may come in."""
    jwt: JwtSettings = JwtSettings()
    """Tokens of an outside issuer."""
    allowed_origins: Names = ()
    """Other web origins whose pages may use this server, `https://app.example.com` for example."""
    trusted_proxies: Names = ()
    """Network addresses of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."""
    limits: LimitSettings = LimitSettings()
    """How much a client may ask."""
    generation: GenerationSettings = GenerationSettings()
    """How answers are made and delivered."""
    thinking: ThinkingSettings = ThinkingSettings()
    """Which questions are thought about before they are answered, and how."""
    study: StudySettings = StudySettings()
    """Answers from one's own documents."""
    providers: dict[str, ProviderSettings] = Field(default_factory=dict)
    """Providers of models, by the name that stands before the slash in `provider/model`."""
    routes: dict[str, Route] = Field(default_factory=dict)
    """Chains of models, by the name that they are asked for: `default` answers where none is named, `fast` thinks of
    follow-up questions and titles, `smart` and any other name is for those who ask for it."""
    routing: RoutingSettings = RoutingSettings()
    """What becomes of answers whose model fails."""
    fast_model: str | None = None
    """Model that thinks of follow-up questions and titles, as provider/model or a chain's name; the chain `fast` where
    it is not set. Without either there are no titles of its making, and questions only from the headings of what was
    retrieved."""
    default_model: str | None = None
    """Model that answers where none is named, as provider/model or a chain's name; the chain `default`, else the first
    model found where it is not set."""
    discover_local: bool = True
    """Whether model servers on this machine (Ollama, LM Studio, llama.cpp, vLLM) are looked for at start."""
    caller_api_keys: bool = False
    """Whether callers may send their own key for a provider with a question."""

    @field_validator("jwt_secret")
    @classmethod
    def _secret_is_long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().encode()) < MIN_SECRET_BYTES:
            raise ValueError(f"must be at least {MIN_SECRET_BYTES} bytes; `openssl rand -hex 32` makes one")
        return value

    @field_validator("allowed_origins", mode="after")
    @classmethod
    def _origins_are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            scheme, _, rest = origin.partition("://")
            if scheme not in {"http", "https"} or not rest or "/" in rest or "*" in rest:
                raise ValueError(f'"{origin}" is not an origin: write scheme://host[:port] without a path or "*"')
        return tuple(origin.lower() for origin in value)

    @field_validator("public_url")
    @classmethod
    def _public_url_is_a_url(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^/\s?#]+(/[^\s?#]*)?", value):
            raise ValueError("must be http:// or https:// and a host")
        return value

    @field_validator("trusted_proxies", mode="after")
    @classmethod
    def _proxies_are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network, strict=False)
        return value

    @field_validator("data_dir", mode="after")
    @classmethod
    def _data_dir_is_absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("redis_url")
    @classmethod
    def _redis_is_an_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            RedisAddress.parse(value.get_secret_value())
        return value

    @model_validator(mode="before")
    @classmethod
    def _redis_is_used(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("redis_url") is not None and data.get("log") is None:
            return {**data, "log": "redis"}
        return data

    @model_validator(mode="after")
    def _several_share_everything(self) -> "Settings":
        if self.log == "redis" and self.redis_url is None:
            raise ValueError("log redis needs redis_url: redis://host:6379 for example")
        if self.log == "redis" and not (self.database_url or "").startswith("postgres"):
            raise ValueError(
                "log redis needs database_url, a PostgreSQL that all processes share "
                "(postgresql://user:password@host/name): a SQLite file has one user at a time"
            )
        if self.workers > 1 and self.log != "redis":
            raise ValueError(
                f"{self.workers} workers need redis_url (a Redis where the logs of running answers are shared) and "
                "database_url (a PostgreSQL)"
            )
        return self

    @model_validator(mode="after")
    def _shared_secret_is_shared(self) -> "Settings":
        if self.auth.mode == "jwt" and not self.jwt.jwks_url and self.jwt_secret is None:
            raise ValueError("mode jwt needs jwt_secret (shared with the issuer) or jwt.jwks_url (its public keys)")
        return self

    @property
    def store_url(self) -> str:
        """The database's address, as `SqlStore.open` takes it."""
        return self.database_url or f"sqlite:///{self.data_dir / 'millrace.db'}"

    @property
    def redis_address(self) -> RedisAddress | None:
        """Where Redis is, if there is one."""
        return RedisAddress.parse(self.redis_url.get_secret_value()) if self.redis_url is not None else None

    @property
    def page_origins(self) -> frozenset[str]:
        """The web origins, besides the one that a request is addressed to, whose pages may use this server."""
        if self.public_url is None:
            return frozenset(self.allowed_origins)
        return frozenset((*self.allowed_origins, "/".join(self.public_url.lower().split("/")[:3])))

    @property
    def root_path(self) -> str:
        """The path under which a proxy offers the server, without a slash at its end; empty for none."""
        return urlsplit(self.public_url or "").path.rstrip("/")

    @property
    def uses_data_dir(self) -> bool:
        """Whether something in `data_dir` may have one user process at a time only."""
        return self.log == "sqlite" or self.database_url is None


def is_loopback(host: str) -> bool:
    """Whether listening on `host` reaches this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def load_settings(overrides: Mapping[str, Any] | None = None, *, config: Path | None = None) -> Settings:
    """Read the settings from everywhere.

    Args:
        overrides: Options of the command line, groups as nested mappings.
        config: The file to read instead of `MILLRACE_CONFIG` or `./millrace.toml`; it must exist.

    Raises:
        SettingsError: With one sentence for each thing that is wrong.
    """
    path, data = _read_file(config)

    class LoadedSettings(Settings, BaseSettings):
        """Settings out of all sources."""

        model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__")

        @classmethod
        @override
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=data))

    try:
        return _with_usual_names(LoadedSettings(**dict(overrides or {})))
    except ValidationError as error:
        raise SettingsError(sentences(error, Settings, path if data else None)) from None
    except EnvironmentUnreadable as error:
        raise SettingsError([f"The environment could not be read: {error}."]) from None


def unknown_variables(environ: Mapping[str, str] | None = None) -> list[str]:
    """Names in the environment that look like settings but are none."""
    known = {name.upper() for name in Settings.model_fields} | {CONFIG_VARIABLE.removeprefix(PREFIX)}
    names = os.environ if environ is None else environ
    return sorted(
        name
        for name in names
        if name.startswith(PREFIX) and name.removeprefix(PREFIX).split("__")[0].upper() not in known
    )


def _with_usual_names(settings: Settings) -> Settings:
    """Take the usual names in: `OPENAI_API_KEY` and `OPENAI_BASE_URL` as the provider `openai`, and so on.

    What the settings configure wins. A key goes to no other address than the one it came with: a provider of the
    settings gets the key only where it has neither key nor address of its own, and speaks the service's own wire.
    """
    found: dict[str, ProviderSettings] = {}
    for usual in USUAL:
        configured = settings.providers.get(usual.name) or ProviderSettings()
        key, base_url = usual.key(os.environ), usual.address(os.environ)
        its_own = configured.api_key or configured.base_url or not _speaks_its_wire(usual, configured.kind)
        if (key is None and base_url is None) or its_own:
            continue
        known = {"base_url": base_url, "api_key": None if key is None else SecretStr(key)}
        found[usual.name] = configured.model_copy(update=known)
    return settings.model_copy(update={"providers": {**settings.providers, **found}}) if found else settings


def _speaks_its_wire(usual: UsualProvider, kind: str | None) -> bool:
    """Whether a provider of this kind, without an address of its own, is the same service: OpenAI speaks two wires."""
    return kind_and_address(usual.name, kind, None)[1] == usual.base_url


def _read_file(config: Path | None) -> tuple[Path, dict[str, Any]]:
    named = config or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    path = named or Path(CONFIG_FILE)
    if named is None and not path.exists():
        return path, {}
    try:
        return path, tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{path} is not valid TOML: {error}."]) from None
    except UnicodeDecodeError:
        raise SettingsError([f"{path} is not written in UTF-8."]) from None
    except OSError as error:
        raise SettingsError([f"The settings file {path} cannot be read: {error.strerror}."]) from None
