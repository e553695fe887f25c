"""Which providers there are: values that settings and environment are turned into.

`USUAL` is the one table of the services that are known by name: their wire, their address and the names that their
keys usually have in an environment.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

from millrace.providers.overrides import ModelOverride

OPENAI_BASE_URL = "https://api.openai.com/v1"
GEMINI_BASE_URL = "https://generativelanguage.googleapis.com/v1beta"
ANTHROPIC_BASE_URL = "https://api.anthropic.com"
OLLAMA_BASE_URL = "http://127.0.0.1:11434"

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "openai": OPENAI_BASE_URL,
        "openai-responses": OPENAI_BASE_URL,
        "gemini": GEMINI_BASE_URL,
        "anthropic": ANTHROPIC_BASE_URL,
        "ollama": OLLAMA_BASE_URL,
    }
)
"""The wires that are spoken, each with the address of the public service that speaks it."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class UsualProvider:
    """A service that is configured by the usual names in the environment.

    Args:
        name: What stands before the slash in `provider/model`, and its name in the settings.
        kind: Its wire.
        base_url: Where it is, unless the environment says otherwise.
        key_variables: Where its key may stand; the first that is set counts.
        base_url_variable: Where another address may stand.
    """

    name: str
    kind: str
    base_url: str
    key_variables: tuple[str, ...]
    base_url_variable: str

    def key(self, environ: Mapping[str, str]) -> str | None:
        """Its key; what is set to nothing counts as not set."""
        return next((key for name in self.key_variables if (key := environ.get(name, "").strip())), None)

    def address(self, environ: Mapping[str, str]) -> str | None:
        """The address that the environment gives it, if one."""
        return environ.get(self.base_url_variable, "").strip() or None


def _usual(name: str, base_url: str, *more_keys: str, kind: str = "openai") -> UsualProvider:
    prefix = name.upper()
    return UsualProvider(name, kind, base_url, (f"{prefix}_API_KEY", *more_keys), f"{prefix}_BASE_URL")


USUAL: tuple[UsualProvider, ...] = (
    _usual("openai", OPENAI_BASE_URL),
    _usual("anthropic", ANTHROPIC_BASE_URL, kind="anthropic"),
    _usual("gemini", GEMINI_BASE_URL, "GOOGLE_API_KEY", kind="gemini"),
    _usual("groq", "https://api.groq.com/openai/v1"),
    _usual("perplexity", "https://api.perplexity.ai"),
    _usual("openrouter", "https://openrouter.ai/api/v1"),
    _usual("mistral", "https://api.mistral.ai/v1"),
    _usual("deepseek", "https://api.deepseek.com/v1"),
    _usual("xai", "https://api.x.ai/v1"),
)
"""In order of preference, where several are configured."""


def usual_provider(name: str) -> UsualProvider | None:
    """The service that is known by this name, if there is one."""
    return next((usual for usual in USUAL if usual.name == name), None)


def kind_and_address(name: str, kind: str | None, base_url: str | None) -> tuple[str, str]:
    """The wire and the address of a provider of which the settings may say neither.

    A service that is known by its name has its own; else the wire is OpenAI's, and the address that of the public
    service which speaks the wire.
    """
    usual = usual_provider(name)
    kind = kind or (usual.kind if usual else "openai")
    if base_url is None and usual is not None and usual.kind == kind:
        base_url = usual.base_url
    return kind, base_url or KINDS.get(kind, OPENAI_BASE_URL)


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One provider of models.

    Args:
        name: What stands before the slash in `provider/model`.
        kind: Its wire, one of `KINDS`; `openai` for OpenAI's chat completions and everything compatible with them.
        base_url: Where it is, up to and including `/v1` (or `/v1beta`).
        api_key: The operator's key; none for servers that ask for none.
        models: The models to offer; those that it lists itself where this is empty.
        prefill: Whether its models continue an assistant's message that ends the prompt; none leaves it to what is
            known of each model.
        background: Whether answers are made in the background at the provider, which then stores them: a broken one is
            taken up again, a stopped one cancelled (`openai-responses` alone).
        thinking_budget: Tokens that a model may think for when it is asked to; the wire's own default where none.
        overrides: What the operator says of single models, by their names or patterns of them.

    Raises:
        ValueError: One of these cannot be; the sentence says which and why.
    """

    name: str
    kind: str = "openai"
    base_url: str = ""
    api_key: str | None = field(default=None, repr=False)
    models: tuple[str, ...] = ()
    prefill: bool | None = None
    thinking_budget: int | None = None
    background: bool = False
    overrides: Mapping[str, ModelOverride] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f'"{self.name}" cannot name a provider: use small letters, digits, ".", "_" and "-", without a slash'
            )
        if self.kind not in KINDS:
            raise ValueError(f'provider {self.name}: kind "{self.kind}" is unknown; known: {", ".join(KINDS)}')
        if self.background and self.kind != "openai-responses":
            raise ValueError(f"provider {self.name}: background needs the kind openai-responses")
        if not self.base_url:
            object.__setattr__(self, "base_url", KINDS[self.kind])
        try:
            parts = urlsplit(self.base_url)
            port = parts.port
        except ValueError as error:
            raise ValueError(f"provider {self.name}: base_url cannot be read: {error}") from error
        if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
            raise ValueError(f"provider {self.name}: base_url must be like https://host/v1")
        if parts.query or parts.fragment or parts.username or parts.password:
            raise ValueError(f"provider {self.name}: base_url must hold neither key nor query; the key is api_key")
        object.__setattr__(self, "base_url", self.base_url.rstrip("/"))

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; every name of this machine is `localhost`."""
        parts = urlsplit(self.base_url)
        host = parts.hostname or ""
        return ("localhost" if self.local else host, parts.port or (443 if parts.scheme == "https" else 80))

    @property
    def local(self) -> bool:
        """Whether it runs on this machine, so that it has no price."""
        return (urlsplit(self.base_url).hostname or "") in _LOOPBACK


def providers_from_environment(environ: Mapping[str, str]) -> tuple[ProviderConfig, ...]:
    """The providers that the usual names in the environment configure, in the order of `USUAL`.

    `OPENAI_API_KEY` or `OPENAI_BASE_URL`, or both, make the provider `openai`, and so on.

    Raises:
        ValueError: A value cannot be used.
    """
    found = ((usual, usual.key(environ), usual.address(environ)) for usual in USUAL)
    return tuple(
        ProviderConfig(usual.name, usual.kind, base_url or usual.base_url, key)
        for usual, key, base_url in found
        if key or base_url
    )
