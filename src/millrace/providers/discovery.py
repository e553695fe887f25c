"""Model servers on this machine, found at their usual ports without being configured."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from millrace.model.errors import MillraceError
from millrace.model.generation import ModelInfo
from millrace.providers.config import ProviderConfig
from millrace.providers.failures import Call
from millrace.providers.http import HttpClient
from millrace.providers.listings import model_infos

LOOK_S = 0.3
"""How long a local server may take to list its models, in seconds."""
_OURSELVES = "millrace"


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A kind of server and where it listens unless told otherwise.

    `owner` is the `owned_by` that its models must bear, for ports that many programs use.
    """

    name: str
    port: int
    owner: str | None = None


LOCAL_SERVERS = (
    LocalServer("ollama", 11434),
    LocalServer("lmstudio", 1234),
    LocalServer("llamacpp", 8080),
    LocalServer("vllm", 8000, owner="vllm"),  # 8000 is our own default port too
)


@dataclass(frozen=True, slots=True)
class Found:
    """A server that answered, and what it lists."""

    config: ProviderConfig
    models: tuple[ModelInfo, ...]


async def discover(
    http: HttpClient, servers: Sequence[LocalServer] = LOCAL_SERVERS, *, skip_ports: Collection[int] = ()
) -> tuple[Found, ...]:
    """Ask all ports at once; return the servers that list models, in the order of `servers`.

    Args:
        http: What asks.
        servers: Where to look.
        skip_ports: Ports not to ask: our own, and those of configured providers.
    """
    asked = [server for server in servers if server.port not in skip_ports]
    answers = await asyncio.gather(*(_look(http, server) for server in asked))
    return tuple(found for found in answers if found is not None)


async def _look(http: HttpClient, server: LocalServer) -> Found | None:
    config = ProviderConfig(server.name, base_url=f"http://127.0.0.1:{server.port}/v1")
    try:
        listing = await http.get(Call(server.name), f"{config.base_url}/models", {}, limit_s=LOOK_S)
    except MillraceError:
        return None  # nobody there, or somebody else
    owners = _owners(listing)
    if _OURSELVES in owners or (server.owner is not None and server.owner not in owners):
        return None
    models = model_infos(server.name, listing)
    return Found(config, models) if models else None


def _owners(listing: Any) -> set[str]:
    items = listing.get("data") if isinstance(listing, dict) else None
    items = items if isinstance(items, list) else []
    return {owner for item in items if isinstance(item, dict) and isinstance(owner := item.get("owned_by"), str)}
