import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.support.generation import batches_of
from tests.unit.providers.calls import answers, hello
from tests.unit.providers.raw_server import Exchange, RawServer, Script, raw_server

from millrace.model.errors import InvalidRequest, ProviderFailure
from millrace.model.events import Usage
from millrace.model.generation import Finished, GenerationRequest, ModelInfo, TextPiece
from millrace.ports import DeltaSink, ModelDirectory, Provider
from millrace.providers.aliases import Chain
from millrace.providers.config import ProviderConfig
from millrace.providers.discovery import LocalServer
from millrace.providers.registry import ProviderRegistry


class BuiltIn:
    """A provider that needs no configuration."""

    name = "embedded"

    def __init__(self) -> None:
        self.closed = False

    async def generate(self, request: GenerationRequest, sink: DeltaSink) -> None:
        sink([TextPiece("a"), Finished("stop")])

    async def models(self) -> Sequence[ModelInfo]:
        return [ModelInfo("embedded/passages", "embedded", "passages")]

    async def close(self) -> None:
        self.closed = True


def listing(*names: str, owner: str = "library") -> Script:
    return answers("200 OK", {"object": "list", "data": [{"id": name, "owned_by": owner} for name in names]})


def acme(server: RawServer, **more: Any) -> ProviderConfig:
    return ProviderConfig("acme", base_url=server.base_url, **more)


async def silent(exchange: Exchange) -> None:
    await exchange.closed()


@asynccontextmanager
async def running(*configs: ProviderConfig, limit_s: float = 5.0, **more: Any) -> AsyncIterator[ProviderRegistry]:
    more.setdefault("local_servers", ())
    registry = ProviderRegistry(configs, **more)
    try:
        await registry.start(limit_s)
        yield registry
    finally:
        await registry.close()


def ids(registry: ProviderRegistry) -> list[str]:
    return [info.id for info in registry.models()]


async def test_it_is_a_model_directory() -> None:
    built_in = BuiltIn()
    provider: Provider = built_in
    async with running(extra=[provider]) as registry:
        directory: ModelDirectory = registry
        assert directory.default == "embedded/passages"
        assert directory.resolve(None).provider is built_in
    assert built_in.closed


async def test_configured_before_local_before_built_in() -> None:
    async with raw_server(listing("gpt")) as remote, raw_server(listing("llama")) as local:
        config = ProviderConfig("acme", base_url=remote.base_url)
        servers = [LocalServer("ollama", local.port)]
        async with running(config, extra=[BuiltIn()], local_servers=servers) as registry:
            assert ids(registry) == ["acme/gpt", "ollama/llama", "embedded/passages"]
            assert registry.default == "acme/gpt"
            assert registry.resolve("llama").provider.name == "ollama"
            assert registry.problems == {}
        async with running(extra=[BuiltIn()], local_servers=servers) as registry:
            assert registry.default == "ollama/llama"
        async with running(extra=[BuiltIn()], local_servers=servers, discover_local=False) as registry:
            assert ids(registry) == ["embedded/passages"]


async def test_a_resolved_model_answers() -> None:
    async with raw_server(hello) as server, running(acme(server, models=("m",))) as registry:
        found = registry.resolve("acme/unlisted")
        batches = await batches_of(found.provider, GenerationRequest(model=found.info.name, messages=()))
    assert batches[-1][-1] == Finished("stop")
    assert json.loads(server.exchanges[0].body)["model"] == "unlisted"


async def test_models_of_the_settings_are_not_asked_for() -> None:
    async with raw_server(listing("x")) as server:
        config = ProviderConfig("acme", base_url=server.base_url, models=("b", "a"), prefill=True)
        async with running(config) as registry:
            assert ids(registry) == ["acme/a", "acme/b"]
            assert registry.default == "acme/b"
            assert registry.resolve("acme/new").info.capabilities.prefill
    assert server.exchanges == []


async def test_a_silent_provider_delays_the_start_by_no_more_than_its_limit() -> None:
    async with raw_server(silent) as server:
        began = time.monotonic()
        async with running(acme(server), extra=[BuiltIn()], limit_s=0.2) as registry:
            assert time.monotonic() - began < 1
            assert registry.default == "embedded/passages"
            assert registry.resolve("acme/anything").info.name == "anything"


async def test_a_listing_that_comes_late_is_taken_in() -> None:
    release = asyncio.Event()
    answer = listing("gpt")

    async def late(exchange: Exchange) -> None:
        await release.wait()
        await answer(exchange)

    async with (
        raw_server(late) as server,
        running(acme(server), extra=[BuiltIn()], limit_s=0.05) as registry,
    ):
        assert registry.default == "embedded/passages"
        release.set()
        async with asyncio.timeout(5):
            while registry.default != "acme/gpt":
                await asyncio.sleep(0.005)


async def test_a_provider_that_fails_is_a_problem_and_keeps_what_it_listed(caplog: pytest.LogCaptureFixture) -> None:
    good = True
    answer, refusal = listing("gpt"), answers("401 Unauthorized", b"secret-key-1")

    async def script(exchange: Exchange) -> None:
        await (answer if good else refusal)(exchange)

    async with raw_server(script) as server, running(acme(server, api_key="secret-key-1")) as registry:
        good = False
        await registry.refresh()
        await registry.refresh()
        assert ids(registry) == ["acme/gpt"]
        assert isinstance(registry.problems["acme"], ProviderFailure)
        good = True
        await registry.refresh()
        assert registry.problems == {}
    assert len(caplog.records) == 1, "said once, not at every round"
    assert "secret-key-1" not in caplog.text


async def test_local_servers_come_and_go() -> None:
    async with raw_server(listing("llama")) as local:
        registry = ProviderRegistry(extra=[BuiltIn()], local_servers=[LocalServer("ollama", local.port)])
        await registry.refresh()
        first = registry.resolve("llama").provider
        await registry.refresh()
        assert registry.resolve("llama").provider is first
    await registry.refresh()
    assert ids(registry) == ["embedded/passages"]
    await registry.close()


async def test_a_configured_server_on_this_machine_is_not_found_again() -> None:
    async with raw_server(listing("llama")) as local:
        config = ProviderConfig("mine", base_url=local.base_url)
        async with running(config, local_servers=[LocalServer("ollama", local.port)]) as registry:
            assert ids(registry) == ["mine/llama"]


async def test_our_own_port_is_not_asked() -> None:
    async with raw_server(listing("x")) as local:
        registry = ProviderRegistry(local_servers=[LocalServer("ollama", local.port)], own_ports=[local.port])
        await registry.refresh()
        await registry.close()
    assert local.exchanges == []


async def test_the_first_of_two_configurations_with_one_name_counts() -> None:
    async with running(ProviderConfig("a", models=("x",)), ProviderConfig("a", models=("y",))) as registry:
        assert ids(registry) == ["a/x"]


def test_names_of_built_in_providers_are_taken() -> None:
    with pytest.raises(ValueError, match="embedded"):
        ProviderRegistry([ProviderConfig("embedded")], extra=[BuiltIn()])


async def test_default_of_the_settings() -> None:
    async with running(ProviderConfig("a", models=("x", "y")), default_model="y") as registry:
        assert registry.default == "a/y"
        assert registry.resolve(None).info.id == "a/y"


async def test_a_name_may_stand_for_a_chain_of_models() -> None:
    chains = {
        "default": Chain(("a/x", "gone/y", "b/y")),
        "smart": Chain(("b/y",), hedge=True),
        "lost": Chain(("gone/y",)),
    }
    async with running(
        ProviderConfig("a", models=("x",)), ProviderConfig("b", models=("y",)), chains=chains
    ) as registry:
        chain = registry.resolve(None)
        assert [link.info.id for link in (chain, *chain.others)] == ["a/x", "b/y"], "one that is not there is left out"
        assert registry.resolve("default") == chain
        assert registry.resolve("fast") == chain, "not configured"
        assert (registry.resolve("smart").info.id, registry.resolve("smart").hedge) == ("b/y", True)
        assert registry.resolve("b/y").others == ()
        assert registry.default == "a/x"
        assert [alias.name for alias in registry.aliases()] == ["default", "smart", "lost"]
        with pytest.raises(InvalidRequest, match="gone/y"):
            registry.resolve("lost")
    chains = {"mine": Chain(("b/y", "a/x"))}
    async with running(ProviderConfig("a", models=("x",)), default_model="mine", chains=chains) as registry:
        assert registry.default == "a/x"
        assert registry.resolve("smart").info.id == "a/x"
    async with running(default_model="mine", chains=chains) as registry:
        assert registry.default == ""


async def test_nobody_knows_it() -> None:
    async with running(extra=[BuiltIn()]) as registry:
        with pytest.raises(InvalidRequest):
            registry.resolve("nobody/x")


async def test_costs_and_context_of_known_providers() -> None:
    async with running(ProviderConfig("openai", api_key="k", models=("gpt-4o-mini",)), extra=[BuiltIn()]) as registry:
        assert registry.cost("openai/gpt-4o-mini", Usage(1_000_000, 0)) == pytest.approx(0.15)
        assert registry.resolve(None).info.context_length == 128_000
        assert registry.cost("openai/unknown-model", Usage(1, 1)) is None
        assert registry.cost("embedded/passages", Usage(1, 1)) is None


async def test_closing_twice_and_before_the_start() -> None:
    registry = ProviderRegistry(local_servers=())
    await registry.close()
    await registry.start()
    await registry.close()
    await registry.close()
