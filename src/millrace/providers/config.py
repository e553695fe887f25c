"""Which providers there are: values that settings and environment are turned into."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

OPENAI_BASE_URL = "https://api.openai.com/v1"

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One provider of models.

    Args:
        name: What stands before the slash in `provider/model`.
        kind: Its protocol; `openai` for OpenAI and everything compatible with it.
        base_url: Where it is, up to and including `/v1`.
        api_key: The operator's key; none for servers that ask for none.
        models: The models to offer; those that it lists itself where this is empty.
        prefill: Whether its models continue an assistant's message that ends the prompt.

    Raises:
        ValueError: One of these cannot be; the sentence says which and why.
    """

    name: str
    kind: str = "openai"
    base_url: str = OPENAI_BASE_URL
    api_key: str | None = field(default=None, repr=False)
    models: tuple[str, ...] = ()
    prefill: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f'"{self.name}" cannot name a provider: use small letters, digits, ".", "_" and "-", without a slash'
            )
        if self.kind != "openai":
            raise ValueError(f'provider {self.name}: kind "{self.kind}" is unknown; known: openai')
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
    """The providers that the usual names in the environment configure.

    `OPENAI_API_KEY` or `OPENAI_BASE_URL`, or both, make the provider `openai`. A variable that is set to nothing counts
    as not set.

    Raises:
        ValueError: A value cannot be used.
    """
    key = environ.get("OPENAI_API_KEY", "").strip() or None
    base_url = environ.get("OPENAI_BASE_URL", "").strip() or None
    if key is None and base_url is None:
        return ()
    return (ProviderConfig("openai", base_url=base_url or OPENAI_BASE_URL, api_key=key),)
